//! Evaluators over recorded completions: from `completions` to `scores`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use routerlab_plugin::{
    CallError, CallOptions, EvaluatorDescription, EvaluatorPlugin, Item, OnPluginThread, Outcome, Refusal, Sandbox,
    on_plugin_thread,
};
use routerlab_records::definition::{DatasetDefinition, EvaluatorEntry};
use routerlab_records::{
    CompletionRow, CompletionStatus, Provenance, QueryId, QueryRow, ScoreRow, ScoreStatus, read_table, write_table,
};

use crate::cell::in_one_line;
use crate::error::BenchError;
use crate::results::TOOL;

/// Completions for one call of an evaluator that shares its store among items.
const BATCH_ITEMS: usize = 256;

/// What to score, and with what.
#[derive(Debug, Clone)]
pub struct ScoreOptions {
    /// Folder with `queries.parquet`, `completions.parquet` and `dataset.toml`; `scores.parquet` and `outcomes.parquet`
    /// are written there.
    pub dir: PathBuf,
    /// Folder with the evaluators' components.
    pub evaluators: PathBuf,
    /// Batches at a time.
    pub threads: NonZeroUsize,
}

/// What scoring came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scored {
    /// Completions with a score.
    pub scored: usize,
    /// Completions that an evaluator looked at without being able to tell.
    pub undecided: usize,
    /// Completions that failed when they were collected: nothing to score, no wrong answer.
    pub not_ok: usize,
    /// Completions on which the evaluator failed, by what it said.
    pub failed: BTreeMap<String, usize>,
    /// How many of them failed because the evaluator broke its contract.
    pub broke_contract: usize,
    /// Completions for whose query the definition has no evaluator.
    pub no_evaluator: usize,
}

/// An evaluator that has been loaded and has said what it is.
struct ReadyEvaluator {
    path: PathBuf,
    plugin: EvaluatorPlugin,
    description: EvaluatorDescription,
}

/// One evaluator with one configuration, and the completions it scores.
struct Job<'a> {
    entry: &'a EvaluatorEntry,
    config: String,
    rows: Vec<(&'a QueryRow, &'a CompletionRow)>,
}

/// Scores every completion of a folder and joins the result into its `outcomes` table.
///
/// # Errors
/// Tables, a definition or evaluators that cannot be read or loaded. An evaluator that fails on a completion costs only
/// that completion its score.
pub fn score(
    options: &ScoreOptions,
    sandbox: &Sandbox,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Scored, BenchError> {
    let dir = &options.dir;
    let definition = DatasetDefinition::read(&dir.join("dataset.toml"))?;
    let paths = ["queries.parquet", "completions.parquet"].map(|name| dir.join(name));
    let queries = read_table::<QueryRow>(&paths[0])?.rows;
    let completions = read_table::<CompletionRow>(&paths[1])?.rows;
    let by_id: BTreeMap<&QueryId, &QueryRow> = queries.iter().map(|query| (&query.query_id, query)).collect();

    let mut summary = Scored::default();
    let mut jobs: BTreeMap<(String, String), Job<'_>> = BTreeMap::new();
    for completion in &completions {
        let Some(query) = by_id.get(&completion.query_id) else {
            let reason =
                format!("`completions.parquet` names `{}`, which is not in `queries.parquet`", completion.query_id);
            return Err(BenchError::Data { path: dir.clone(), reason });
        };
        if completion.status != CompletionStatus::Ok {
            summary.not_ok += 1;
            continue;
        }
        let Some(entry) = definition.evaluator_for(query) else {
            summary.no_evaluator += 1;
            continue;
        };
        let config = entry.config_text();
        let key = (entry.name.to_string(), config.clone());
        jobs.entry(key).or_insert_with(|| Job { entry, config, rows: Vec::new() }).rows.push((query, completion));
    }
    let mut provenance = Provenance::by(TOOL).input_file("queries", &paths[0])?.input_file("completions", &paths[1])?;
    let call = CallOptions { limits: sandbox.limits().clone(), ..CallOptions::default() };
    let mut plugins = BTreeMap::new();
    for job in jobs.values() {
        let name = job.entry.name.to_string();
        if let std::collections::btree_map::Entry::Vacant(place) = plugins.entry(name) {
            let path = component_of(&options.evaluators, place.key())?;
            let evaluator = ready(sandbox, path, &call)?;
            provenance = provenance.input(format!("evaluator {}", place.key()), evaluator.plugin.digest());
            place.insert(evaluator);
        }
        if let Some(evaluator) = plugins.get(job.entry.name.as_str()) {
            check_config(evaluator, &job.config, &call)?;
        }
    }
    let jobs: Vec<&Job<'_>> = jobs.values().collect();
    let (rows, broke_contract) = work(&jobs, &plugins, &call, options.threads, progress)?;
    summary.broke_contract = broke_contract;
    for row in &rows {
        match (row.status, &row.explanation) {
            (ScoreStatus::Failed, Some(reason)) => *summary.failed.entry(reason.clone()).or_default() += 1,
            _ if row.score.is_none() => summary.undecided += 1,
            _ => summary.scored += 1,
        }
    }
    write_table(&dir.join("scores.parquet"), &rows, &provenance)?;
    routerlab_records::import::build_outcomes(dir)?;
    Ok(summary)
}

/// Loads an evaluator and asks it what it is.
fn ready(sandbox: &Sandbox, path: PathBuf, call: &CallOptions) -> Result<ReadyEvaluator, BenchError> {
    let plugin = EvaluatorPlugin::load(sandbox, &path)?;
    let said = on_plugin_thread(call.limits.stack_bytes, |thread| plugin.describe(call, thread).result);
    match said.map_err(BenchError::Thread)? {
        Ok(description) => Ok(ReadyEvaluator { path, plugin, description }),
        Err(error) => Err(BenchError::Evaluator { path, step: "describe", error }),
    }
}

/// Scores nothing, so that a configuration that the evaluator refuses is told once and not for every completion.
fn check_config(evaluator: &ReadyEvaluator, config: &str, call: &CallOptions) -> Result<(), BenchError> {
    let ReadyEvaluator { path, plugin, .. } = evaluator;
    let asked = on_plugin_thread(call.limits.stack_bytes, |thread| plugin.score(&[], &[], config, call, thread).result);
    match asked.map_err(BenchError::Thread)? {
        Err(error @ CallError::Refused(Refusal::InvalidConfig(_))) => {
            Err(BenchError::Evaluator { path: path.clone(), step: "`config` in `dataset.toml`", error })
        }
        _ => Ok(()),
    }
}

fn component_of(folder: &Path, name: &str) -> Result<PathBuf, BenchError> {
    let path = folder.join(format!("{name}.wasm"));
    if path.is_file() {
        return Ok(path);
    }
    let reason = format!("there is no `{name}.wasm`; build the evaluator with `routerlab build`");
    Err(BenchError::Data { path: folder.to_owned(), reason })
}

/// Is told how many completions are done, of how many.
type Telling<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// Scores all batches of all jobs on several threads; gives the rows, and on how many the evaluator broke its contract.
fn work(
    jobs: &[&Job<'_>],
    plugins: &BTreeMap<String, ReadyEvaluator>,
    call: &CallOptions,
    threads: NonZeroUsize,
    progress: Telling<'_>,
) -> Result<(Vec<ScoreRow>, usize), BenchError> {
    let batches: Vec<(&Job<'_>, std::ops::Range<usize>)> = jobs
        .iter()
        .flat_map(|job| {
            let starts = (0..job.rows.len()).step_by(BATCH_ITEMS);
            starts.map(|start| (*job, start..(start + BATCH_ITEMS).min(job.rows.len())))
        })
        .collect();
    let total: usize = jobs.iter().map(|job| job.rows.len()).sum();
    let next = AtomicUsize::new(0);
    let done: Mutex<(Vec<ScoreRow>, Telling<'_>)> = Mutex::new((Vec::with_capacity(total), progress));
    let broke_contract = AtomicUsize::new(0);
    let one_worker = |thread: &OnPluginThread| {
        while let Some((job, range)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(plugin) = plugins.get(job.entry.name.as_str()) else { continue };
            let (rows, broken) = score_batch(plugin, job, &job.rows[range.clone()], call, thread);
            broke_contract.fetch_add(broken, Ordering::Relaxed);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.0.extend(rows);
            let count = done.0.len() as u64;
            (done.1)(count, total as u64);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads.get()).map(|_| scope.spawn(|| on_plugin_thread(call.limits.stack_bytes, one_worker))).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(BenchError::Thread)
        })
    })?;
    Ok((done.into_inner().unwrap_or_else(PoisonError::into_inner).0, broke_contract.into_inner()))
}

/// Why a completion has no score.
enum Unscored {
    /// Its evaluator asks a judge about it.
    NoJudge,
    /// Its evaluator failed on it.
    Failed(CallError),
}

impl std::fmt::Display for Unscored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoJudge => {
                f.write_str("the evaluator asks a judge about this completion, and scoring has no judge to ask")
            }
            Self::Failed(error) => f.write_str(&in_one_line(&error.to_string())),
        }
    }
}

/// One batch; when it fails as a whole, every item by itself, so that one completion cannot cost another its score. Gives
/// the rows, and on how many the evaluator broke its contract.
fn score_batch(
    evaluator: &ReadyEvaluator,
    job: &Job<'_>,
    rows: &[(&QueryRow, &CompletionRow)],
    call: &CallOptions,
    thread: &OnPluginThread,
) -> (Vec<ScoreRow>, usize) {
    let ReadyEvaluator { plugin, description, .. } = evaluator;
    let items: Vec<Item> = rows.iter().map(|(query, completion)| item(query, completion)).collect();
    let judged = |items: &[Item]| plugin.score(items, &[], &job.config, call, thread).result;
    if !description.per_item
        && !description.needs_judge
        && let Ok(outcomes) = judged(&items)
    {
        let scored = rows.iter().zip(outcomes).map(|(row, outcome)| score_row(plugin, job, row, Ok(outcome)));
        return (scored.collect(), 0);
    }
    let alone = |item: &Item| {
        let item = std::slice::from_ref(item);
        if description.needs_judge {
            let asked = plugin.judge_requests(item, &job.config, call, thread).result.map_err(Unscored::Failed)?;
            if !asked.is_empty() {
                return Err(Unscored::NoJudge);
            }
        }
        judged(item).map(|mut outcomes| outcomes.remove(0)).map_err(Unscored::Failed)
    };
    let mut broken = 0;
    let scored = rows.iter().zip(&items).map(|(row, item)| {
        let outcome = alone(item);
        broken += usize::from(matches!(outcome, Err(Unscored::Failed(CallError::Breach(_)))));
        score_row(plugin, job, row, outcome.map_err(|unscored| unscored.to_string()))
    });
    (scored.collect(), broken)
}

fn item(query: &QueryRow, completion: &CompletionRow) -> Item {
    Item {
        prompt: query.prompt.clone(),
        raw_output: completion.raw_output.clone(),
        ground_truth: query.ground_truth.clone().unwrap_or_default(),
        metadata: query.metadata.clone(),
    }
}

fn score_row(
    plugin: &EvaluatorPlugin,
    job: &Job<'_>,
    row: &(&QueryRow, &CompletionRow),
    outcome: Result<Outcome, String>,
) -> ScoreRow {
    let completion = row.1;
    let (status, outcome) = match outcome {
        Ok(outcome) => (ScoreStatus::Ok, outcome),
        Err(reason) => (ScoreStatus::Failed, Outcome { score: None, prediction: None, explanation: Some(reason) }),
    };
    ScoreRow {
        query_id: completion.query_id.clone(),
        model: completion.model.clone(),
        sample_index: completion.sample_index,
        evaluator: job.entry.name.clone(),
        score: outcome.score,
        prediction: outcome.prediction,
        explanation: outcome.explanation,
        evaluator_digest: plugin.digest().to_owned(),
        status,
    }
}
