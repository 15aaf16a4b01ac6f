//! Batches of completions through evaluators, on several threads.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use routerlab_plugin::{CallError, CallOptions, Item, OnPluginThread, Outcome, on_plugin_thread};
use routerlab_records::{CompletionRow, ScoreRow, ScoreStatus, SharedText};

use super::items::{self, Pair, Replies};
use super::plan::{Job, Plan};
use super::shelf::Shelf;
use crate::cell::in_one_line;
use crate::error::BenchError;

/// Completions for one call of an evaluator that shares its store among items.
const BATCH_ITEMS: usize = 256;
/// Completions that one thread takes at a time of an evaluator that has a store for each: few, because one of them may
/// run to its limit.
const SINGLE_ITEMS: usize = 8;

/// What came of all the work.
#[derive(Default)]
pub(super) struct Worked {
    /// The rows of each job, in no order.
    pub(super) rows: Vec<Vec<ScoreRow>>,
    /// How many of them had been there already.
    pub(super) kept: usize,
    /// On how many the evaluator broke its contract.
    pub(super) broke_contract: usize,
    done: u64,
}

/// Scores all batches of all jobs. What a job's shelf knows is not scored again.
pub(super) fn all(
    plan: &Plan<'_>,
    shelves: &[Shelf],
    call: &CallOptions,
    threads: NonZeroUsize,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Worked, BenchError> {
    let batches: Vec<(usize, std::ops::Range<usize>)> = plan
        .jobs
        .iter()
        .enumerate()
        .flat_map(|(at, job)| {
            let step = if job.description.per_item { SINGLE_ITEMS } else { BATCH_ITEMS };
            let starts = (0..job.rows.len()).step_by(step);
            starts.map(move |start| (at, start..(start + step).min(job.rows.len())))
        })
        .collect();
    let total: usize = plan.jobs.iter().map(|job| job.rows.len()).sum();
    let next = AtomicUsize::new(0);
    let empty = Worked { rows: plan.jobs.iter().map(|_| Vec::new()).collect(), ..Worked::default() };
    let state = Mutex::new((empty, progress));
    let one_worker = |thread: &OnPluginThread| -> Result<(), BenchError> {
        while let Some((at, range)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (job, shelf) = (&plan.jobs[*at], &shelves[*at]);
            let batch = Batch { plan, job, shelf, call: &job.call, thread };
            let scored = batch.score(&job.rows[range.clone()]);
            shelf.add(plan, &scored.new)?;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.0.add(*at, scored);
            let done = state.0.done;
            (state.1)(done, total as u64);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads.get()).map(|_| scope.spawn(|| on_plugin_thread(call.limits.stack_bytes, one_worker))).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(BenchError::Thread)?
        })
    })?;
    Ok(state.into_inner().unwrap_or_else(PoisonError::into_inner).0)
}

impl Worked {
    fn add(&mut self, job: usize, scored: Scored) {
        self.kept += scored.kept.len();
        self.broke_contract += scored.broke_contract;
        self.done += (scored.kept.len() + scored.new.len()) as u64;
        self.rows[job].extend(scored.kept);
        self.rows[job].extend(scored.new);
    }
}

/// What came of one batch.
#[derive(Default)]
struct Scored {
    kept: Vec<ScoreRow>,
    new: Vec<ScoreRow>,
    broke_contract: usize,
}

/// Completions that have all they need to be scored: an item, its replies and its row at the same place.
#[derive(Default)]
struct Ready {
    items: Vec<Item>,
    replies: Vec<Vec<String>>,
    rows: Vec<ScoreRow>,
}

/// What is needed to score a batch.
struct Batch<'a> {
    plan: &'a Plan<'a>,
    job: &'a Job<'a>,
    shelf: &'a Shelf,
    call: &'a CallOptions,
    thread: &'a OnPluginThread,
}

impl Batch<'_> {
    fn score(&self, rows: &[Pair<'_>]) -> Scored {
        let mut scored = Scored::default();
        let mut ready = Ready::default();
        let all: Vec<Item> = rows.iter().map(items::item).collect();
        let asked = self.questions(&all);
        for ((pair, item), asked) in rows.iter().zip(all).zip(asked) {
            let row = self.row(pair.1, ScoreStatus::Ok);
            let replies = match asked {
                Ok(asked) => items::replies(self.plan, self.job, pair.1, &asked),
                Err(error) => {
                    scored.fail(row, &error);
                    continue;
                }
            };
            let row = ScoreRow { item_digest: items::digest(&item, &replies), ..row };
            match replies {
                Replies::Known(replies) => match self.shelf.known(&row) {
                    Some(known) => scored.kept.push(known.clone()),
                    None => {
                        ready.items.push(item);
                        ready.replies.push(replies);
                        ready.rows.push(row);
                    }
                },
                Replies::Waiting(questions) => {
                    let words = format!("{questions} questions to the judge have no recorded reply");
                    scored.new.push(ScoreRow { status: ScoreStatus::Unjudged, explanation: Some(words), ..row });
                }
                Replies::Failed(error) => {
                    let words = format!("the judge's call failed: {}", in_one_line(&error));
                    scored.new.push(ScoreRow { status: ScoreStatus::JudgeFailed, explanation: Some(words), ..row });
                }
            }
        }
        self.score_ready(ready, &mut scored);
        scored
    }

    /// The questions about each item; when the evaluator fails on them together, about every item by itself.
    fn questions(&self, items: &[Item]) -> Vec<Result<Vec<String>, CallError>> {
        if let Ok(asked) = items::questions(self.job, items, self.call, self.thread) {
            return asked.into_iter().map(Ok).collect();
        }
        let alone = |item| items::questions(self.job, std::slice::from_ref(item), self.call, self.thread);
        items.iter().map(|item| alone(item).map(|mut asked| asked.swap_remove(0))).collect()
    }

    /// All together; when that fails, every item by itself, so that one completion cannot cost another its score.
    fn score_ready(&self, ready: Ready, scored: &mut Scored) {
        let Ready { items, replies, rows } = ready;
        let per_item = self.job.description.per_item;
        if !per_item && let Ok(outcomes) = self.ask(&items, &replies.concat()) {
            scored.new.extend(rows.into_iter().zip(outcomes).map(|(row, outcome)| with(row, outcome)));
            return;
        }
        for ((item, replies), row) in items.iter().zip(&replies).zip(rows) {
            let outcome = if per_item {
                self.job.plugin.score_one(item, replies, &self.job.config, self.call, self.thread).result
            } else {
                self.ask(std::slice::from_ref(item), replies).map(|mut outcomes| outcomes.swap_remove(0))
            };
            match outcome {
                Ok(outcome) => scored.new.push(with(row, outcome)),
                Err(error) => scored.fail(row, &error),
            }
        }
    }

    fn ask(&self, items: &[Item], replies: &[String]) -> Result<Vec<Outcome>, CallError> {
        self.job.plugin.score(items, replies, &self.job.config, self.call, self.thread).result
    }

    fn row(&self, completion: &CompletionRow, status: ScoreStatus) -> ScoreRow {
        ScoreRow {
            query_id: completion.query_id.clone(),
            model: completion.model.clone(),
            sample_index: completion.sample_index,
            evaluator: self.job.evaluator.clone(),
            score: None,
            prediction: None,
            explanation: None,
            evaluator_digest: self.job.plugin.digest().to_owned(),
            evaluator_config: SharedText::from(self.job.config.as_str()),
            item_digest: String::new(),
            status,
        }
    }
}

impl Scored {
    fn fail(&mut self, row: ScoreRow, error: &CallError) {
        self.broke_contract += usize::from(matches!(error, CallError::Breach(_)));
        let words = in_one_line(&error.to_string());
        self.new.push(ScoreRow { status: ScoreStatus::Failed, explanation: Some(words), ..row });
    }
}

fn with(row: ScoreRow, outcome: Outcome) -> ScoreRow {
    let Outcome { score, prediction, explanation } = outcome;
    ScoreRow { score, prediction, explanation, ..row }
}
