//! Evaluators over recorded completions: from `completions` to `scores`.
//!
//! A completion is scored by the evaluator that its dataset's definition names. Every evaluator, by its digest, settings
//! and limits, leaves a file of its own; what such a file holds already is not scored again, so a scoring that was killed
//! goes on where it was. Files that belong together are a *scoring* ([`routerlab_records::scoring`]).

pub mod compare;
mod items;
mod plan;
mod requests;
mod shelf;
mod work;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use routerlab_plugin::{CallOptions, Sandbox};
use routerlab_records::definition::Mode;
use routerlab_records::scoring::Scoring;
use routerlab_records::{ScoreRow, ScoreStatus};

use crate::error::BenchError;
use crate::results::TOOL;
use plan::Plan;

pub use requests::{JudgeQuestion, judge_questions};

/// What to score, and with what.
#[derive(Debug, Clone)]
pub struct ScoreOptions {
    /// Folder with `queries.parquet`, `completions.parquet` and `dataset.toml`; `scores/` and `outcomes.parquet` are
    /// written there.
    pub dir: PathBuf,
    /// Folder with the evaluators' components.
    pub evaluators: PathBuf,
    /// Batches at a time.
    pub threads: NonZeroUsize,
    /// Who scores what, instead of the folder's `dataset.toml`.
    pub definition: Option<PathBuf>,
    /// One evaluator for everything, instead of those that the definition names.
    pub only: Option<OneEvaluator>,
    /// Whose rules evaluators follow that have two sets of them.
    pub mode: Option<Mode>,
    /// What the scoring is called: the mode's name unless given, `own` where no evaluator has modes.
    pub label: Option<String>,
    /// Whether `outcomes.parquet` is made from this scoring.
    pub outcomes: Outcomes,
}

/// One evaluator for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneEvaluator {
    /// The component.
    pub component: PathBuf,
    /// Its settings, as the text of a JSON object.
    pub config: String,
}

/// When a scoring becomes the folder's outcomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcomes {
    /// When it is the folder's own: its definition, and nothing else asked for.
    #[default]
    IfOwn,
    /// Always.
    Always,
}

impl ScoreOptions {
    /// A folder scored as its definition says.
    pub fn new(dir: PathBuf, evaluators: PathBuf, threads: NonZeroUsize) -> Self {
        let (definition, only, mode, label) = (None, None, None, None);
        Self { dir, evaluators, threads, definition, only, mode, label, outcomes: Outcomes::IfOwn }
    }

    fn is_own(&self) -> bool {
        self.definition.is_none() && self.only.is_none() && self.mode.is_none() && self.label.is_none()
    }
}

/// What scoring came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scored {
    /// What the scoring is called.
    pub label: String,
    /// Whether `outcomes.parquet` was made from it.
    pub outcomes: bool,
    /// Completions with a score.
    pub scored: usize,
    /// How many of all rows had been there already.
    pub kept: usize,
    /// Completions that an evaluator looked at without being able to tell.
    pub undecided: usize,
    /// Completions that failed when they were collected: nothing to score, no wrong answer.
    pub not_ok: usize,
    /// Completions that wait for replies of a judge.
    pub unjudged: usize,
    /// Completions whose judge could not be asked: no verdict.
    pub judge_failed: usize,
    /// Completions scored 0 because a limit ended what the model wrote, by what was said.
    pub limited: BTreeMap<String, usize>,
    /// Completions on which the evaluator failed, by what it said.
    pub failed: BTreeMap<String, usize>,
    /// How many of them failed because the evaluator broke its contract.
    pub broke_contract: usize,
    /// Completions for whose query the definition has no evaluator.
    pub no_evaluator: usize,
}

/// Scores every completion of a folder and, where it is the folder's own scoring, joins it into its `outcomes` table.
///
/// # Errors
/// Tables, a definition or evaluators that cannot be read or loaded. An evaluator that fails on a completion costs only
/// that completion its score.
pub fn score(
    options: &ScoreOptions,
    sandbox: &Sandbox,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Scored, BenchError> {
    let tables = plan::Tables::read(options)?;
    let call = CallOptions { limits: sandbox.limits().clone(), ..CallOptions::default() };
    let plan = Plan::of(options, &tables, sandbox, &call)?;
    let mut scored =
        Scored { label: plan.label.clone(), not_ok: plan.not_ok, no_evaluator: plan.no_evaluator, ..Scored::default() };
    let shelves = plan.jobs.iter().map(|job| shelf::Shelf::open(&options.dir, &plan, job));
    let shelves = shelves.collect::<Result<Vec<_>, _>>()?;
    let worked = work::all(&plan, &shelves, &call, options.threads, progress)?;
    scored.kept = worked.kept;
    scored.broke_contract = worked.broke_contract;

    let mut scoring = Scoring::new(TOOL);
    scoring.inputs.clone_from(&plan.provenance.inputs);
    for ((job, shelf), mut rows) in plan.jobs.iter().zip(shelves).zip(worked.rows) {
        rows.iter().for_each(|row| count(&mut scored, row, job.description.per_item));
        let (name, file) = shelf.finish(&plan, job, &mut rows)?;
        scoring.files.insert(name, file);
    }
    scoring.write(&options.dir, &plan.label)?;
    scored.outcomes = options.outcomes == Outcomes::Always || options.is_own();
    if scored.outcomes {
        routerlab_records::import::build_outcomes(&options.dir, &plan.label)?;
    }
    Ok(scored)
}

/// `runs_programs`: whether the evaluator runs what models wrote.
fn count(scored: &mut Scored, row: &ScoreRow, runs_programs: bool) {
    if let Some(words) = row.explanation.as_ref().filter(|words| runs_programs && ended_at_limit(words)) {
        *scored.limited.entry(words.clone()).or_default() += 1;
    }
    match row.status {
        ScoreStatus::Failed => {
            *scored.failed.entry(row.explanation.clone().unwrap_or_default()).or_default() += 1;
        }
        ScoreStatus::Unjudged => scored.unjudged += 1,
        ScoreStatus::JudgeFailed => scored.judge_failed += 1,
        ScoreStatus::Ok if row.score.is_none() => scored.undecided += 1,
        ScoreStatus::Ok => scored.scored += 1,
    }
}

/// Whether an explanation is the host's own: that a limit or a trap ended what a model wrote. A score of an earlier run
/// keeps nothing else of how it came about.
fn ended_at_limit(words: &str) -> bool {
    words.starts_with("stopped at its ") || words.starts_with("trapped: ")
}
