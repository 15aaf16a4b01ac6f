//! `routerlab score`: evaluators over recorded completions.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

mod compare;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use routerlab_bench::{OneEvaluator, ScoreOptions, ScoreOutcomes, Scored};
use routerlab_plugin::Limits;
use routerlab_records::definition::Mode;

use crate::exit::{Ended, print};
use crate::progress::Progress;
use crate::report::StudyFormat;

pub(crate) use compare::Differences;

/// Score recorded completions with the evaluators that `dataset.toml` names.
///
/// Each evaluator, by its digest and settings, leaves a file in `scores/scoring=LABEL/`; the folder's own scoring is joined
/// into `outcomes.parquet`. What is there is not scored again, so a scoring that was stopped goes on where it was. A
/// completion that failed when it was collected, whose judge could not be asked, or on which an evaluator fails, has no
/// score; it is never counted as a wrong answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab score my-data --evaluators target/components\n  routerlab score my-data --mode compat\n  routerlab score my-data --evaluator number.wasm --label numbers\n  routerlab score my-data --judge-requests questions.jsonl\n  routerlab score my-data --compare compat fixed"
)]
pub(crate) struct Score {
    #[command(flatten)]
    scoring: Scoring,
    /// Score nothing; write what judges must still be asked, as JSON Lines for `routerlab import judgements`
    #[arg(long, value_name = "FILE")]
    judge_requests: Option<PathBuf>,
    /// Score nothing; show where two scorings differ (labels, or files of scores)
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "judge_requests")]
    compare: Option<Vec<String>>,
    /// With --compare: how many of the completions whose scores differ to show
    #[arg(long, value_name = "N", default_value_t = 10, requires = "compare")]
    show: usize,
    /// With --compare: how to write it
    #[arg(long, value_enum, default_value_t = StudyFormat::Terminal, requires = "compare")]
    format: StudyFormat,
}

/// What is scored, by whom, and what the scoring is called.
#[derive(Debug, Args)]
pub(crate) struct Scoring {
    /// Folder with queries.parquet, completions and dataset.toml
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Folder with the evaluators' components
    #[arg(long, default_value = "target/components", value_name = "DIR")]
    evaluators: PathBuf,
    /// Whose rules evaluators follow that have two sets of them [default: as the definition says, fixed first]
    #[arg(long, value_enum)]
    mode: Option<WantedMode>,
    /// Another definition than the folder's dataset.toml
    #[arg(long, value_name = "FILE", conflicts_with = "evaluator")]
    definition: Option<PathBuf>,
    /// One evaluator for everything: a component, or a name in --evaluators
    #[arg(long, value_name = "WASM|NAME")]
    evaluator: Option<PathBuf>,
    /// Settings of --evaluator
    #[arg(long, value_name = "JSON", default_value = "{}", requires = "evaluator")]
    config: String,
    /// What to call the scoring [default: the mode; "own" where no evaluator has modes; the name of --evaluator]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Make outcomes.parquet of this scoring, also where it is not the folder's own
    #[arg(long)]
    outcomes: bool,
    /// Limits of the evaluators (TOML with the keys of `[limits]` in an experiment file)
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Batches at a time [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Whose rules evaluators follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WantedMode {
    /// The published method with its defects repaired
    Fixed,
    /// LLMRouterBench's behaviour to the letter, to reproduce its released scores
    Compat,
}

impl Score {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        if let Some([first, second]) = self.compare.as_deref() {
            let found = routerlab_bench::compare::compare(&self.scoring.dir, [first, second])?;
            print(&Differences { found: &found, show: self.show }.render(self.format)?)?;
            return Ok(Ended::Done);
        }
        let limits = self.scoring.limits()?;
        let options = self.scoring.options();
        if let Some(path) = &self.judge_requests {
            return questions(&options, &limits, path);
        }
        Ok(ended(&run(&options, &limits)?))
    }
}

impl Scoring {
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn limits(&self) -> anyhow::Result<Limits> {
        match &self.limits {
            Some(path) => read_limits(path),
            None => Ok(Limits::default()),
        }
    }

    pub(crate) fn options(&self) -> ScoreOptions {
        let only = self.evaluator.as_ref().map(|given| OneEvaluator {
            component: component_of(given, &self.evaluators),
            config: self.config.clone(),
        });
        let stem = |only: &OneEvaluator| only.component.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let mode = self.mode.map(|mode| match mode {
            WantedMode::Fixed => Mode::Fixed,
            WantedMode::Compat => Mode::Compat,
        });
        let label = self.label.clone().or_else(|| {
            let name = only.as_ref().and_then(stem)?;
            Some(mode.map_or(name.clone(), |mode| format!("{name}-{}", mode.as_str())))
        });
        ScoreOptions {
            definition: self.definition.clone(),
            only,
            mode,
            label,
            outcomes: if self.outcomes { ScoreOutcomes::Always } else { ScoreOutcomes::IfOwn },
            ..ScoreOptions::new(self.dir.clone(), self.evaluators.clone(), super::threads(self.threads))
        }
    }
}

/// A path as it is; a name is one of the built evaluators.
fn component_of(given: &Path, evaluators: &Path) -> PathBuf {
    if given.is_file() || given.extension().is_some() {
        return given.to_owned();
    }
    let mut path = evaluators.join(given).into_os_string();
    path.push(".wasm");
    path.into()
}

/// The exit code of scoring: a broken contract counts more than other failures.
pub(crate) fn ended(scored: &Scored) -> Ended {
    let Scored { broke_contract, failed, no_evaluator, unjudged, judge_failed, .. } = scored;
    if *broke_contract > 0 {
        Ended::ContractBroken
    } else if failed.is_empty() && no_evaluator + unjudged + judge_failed == 0 {
        Ended::Done
    } else {
        Ended::SomeFailed
    }
}

fn read_limits(path: &Path) -> anyhow::Result<Limits> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let limits: Limits = routerlab_records::settings::parse_toml(&text)
        .map_err(|reason| anyhow::anyhow!("`{}`: {reason}", path.display()))?;
    limits.check().map_err(|reason| anyhow::anyhow!("`{}`: {reason}", path.display()))?;
    Ok(limits)
}

/// Writes the questions to which there is no recorded reply.
fn questions(options: &ScoreOptions, limits: &Limits, path: &Path) -> anyhow::Result<Ended> {
    let open = routerlab_bench::judge_questions(options, &super::sandbox(limits)?)?;
    if open.is_empty() {
        eprintln!("no judge needs to be asked: nothing written");
        return Ok(Ended::Done);
    }
    let mut text = String::new();
    for question in &open {
        text.push_str(&serde_json::to_string(question)?);
        text.push('\n');
    }
    routerlab_records::atomic::write_bytes(path, text)?;
    eprintln!(
        "{} questions; add a `reply` (or the `error` of a call that failed) to each line, then\n  routerlab import judgements {} --data {}",
        open.len(),
        path.display(),
        options.dir.display()
    );
    print(&format!("{}\n", path.display()))?;
    Ok(Ended::Done)
}

/// How many different reasons are told one by one.
const REASONS: usize = 10;

/// Scores a folder and says what came of it.
pub(crate) fn run(options: &ScoreOptions, limits: &Limits) -> anyhow::Result<Scored> {
    let sandbox = super::sandbox(limits)?;
    let mut progress = Progress::new("completions");
    let scored = routerlab_bench::score(options, &sandbox, &mut |done, total| progress.at(done, total))?;
    drop(progress);
    let kept = if scored.kept > 0 { format!(" ({} of them before)", scored.kept) } else { String::new() };
    let into = if scored.outcomes { ", joined into outcomes.parquet" } else { "" };
    eprintln!("scored {} completions{kept} as `{}`{into}", scored.scored, scored.label);
    let counts = [
        (scored.undecided, "have no score because their evaluator could not tell"),
        (scored.not_ok, "had failed when they were collected: not scored"),
        (scored.no_evaluator, "have no evaluator in the definition: not scored"),
        (scored.judge_failed, "have no score because the judge's call failed"),
    ];
    for (count, words) in counts.iter().filter(|(count, _)| *count > 0) {
        eprintln!("{count} completions {words}");
    }
    if scored.unjudged > 0 {
        eprintln!(
            "{} completions wait for a judge; its questions: routerlab score {} --judge-requests questions.jsonl",
            scored.unjudged,
            options.dir.display()
        );
    }
    tell(&scored.limited, "are wrong because what the model wrote was ended", &scored.label);
    tell(&scored.failed, "could not be scored", &scored.label);
    Ok(scored)
}

fn tell(reasons: &BTreeMap<String, usize>, what: &str, label: &str) {
    for (reason, count) in reasons.iter().take(REASONS) {
        eprintln!("{count} completions {what}: {reason}");
    }
    if reasons.len() > REASONS {
        let more: usize = reasons.values().skip(REASONS).sum();
        eprintln!("{more} more {what}, for other reasons: see `explanation` in `scores/scoring={label}`");
    }
}
