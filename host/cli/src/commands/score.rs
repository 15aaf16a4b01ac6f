//! `routerlab score`: evaluators over recorded completions.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use routerlab_bench::{ScoreOptions, Scored};
use routerlab_plugin::Limits;

use crate::exit::Ended;
use crate::progress::Progress;

/// Score recorded completions with the evaluators that `dataset.toml` names.
///
/// Writes `scores.parquet` and `outcomes.parquet` into the folder. A completion that failed when it was collected, or on
/// which an evaluator fails, has no score; it is never counted as a wrong answer.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab score my-data --evaluators target/components")]
pub(crate) struct Score {
    /// Folder with queries.parquet, completions.parquet and dataset.toml
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Folder with the evaluators' components
    #[arg(long, default_value = "target/components", value_name = "DIR")]
    evaluators: PathBuf,
    /// Limits of the evaluators (TOML with the keys of `[limits]` in an experiment file)
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Batches at a time [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl Score {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let limits = match &self.limits {
            Some(path) => read_limits(path)?,
            None => Limits::default(),
        };
        Ok(ended(&run(&self.dir, &self.evaluators, &limits, self.threads)?))
    }
}

/// The exit code of scoring: a broken contract counts more than other failures.
pub(crate) fn ended(scored: &Scored) -> Ended {
    match scored {
        Scored { broke_contract: 1.., .. } => Ended::ContractBroken,
        Scored { failed, no_evaluator: 0, .. } if failed.is_empty() => Ended::Done,
        _ => Ended::SomeFailed,
    }
}

fn read_limits(path: &Path) -> anyhow::Result<Limits> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let limits: Limits = routerlab_records::settings::parse_toml(&text)
        .map_err(|reason| anyhow::anyhow!("`{}`: {reason}", path.display()))?;
    limits.check().map_err(|reason| anyhow::anyhow!("`{}`: {reason}", path.display()))?;
    Ok(limits)
}

/// How many different reasons are told one by one.
const REASONS: usize = 10;

/// Scores a folder and says what came of it.
pub(crate) fn run(
    dir: &Path,
    evaluators: &Path,
    limits: &Limits,
    threads: Option<NonZeroUsize>,
) -> anyhow::Result<Scored> {
    let options =
        ScoreOptions { dir: dir.to_owned(), evaluators: evaluators.to_owned(), threads: super::threads(threads) };
    let sandbox = super::sandbox(limits)?;
    let mut progress = Progress::new("completions");
    let scored = routerlab_bench::score(&options, &sandbox, &mut |done, total| progress.at(done, total))?;
    drop(progress);
    eprintln!("scored {} completions", scored.scored);
    if scored.undecided > 0 {
        eprintln!("{} completions have no score because their evaluator could not tell", scored.undecided);
    }
    if scored.not_ok > 0 {
        eprintln!("{} completions had failed when they were collected: not scored", scored.not_ok);
    }
    if scored.no_evaluator > 0 {
        eprintln!("{} completions have no evaluator in `dataset.toml`: not scored", scored.no_evaluator);
    }
    for (reason, count) in scored.failed.iter().take(REASONS) {
        eprintln!("{count} completions could not be scored: {reason}");
    }
    if scored.failed.len() > REASONS {
        let more: usize = scored.failed.values().skip(REASONS).sum();
        eprintln!("{more} more could not be scored, for other reasons: see `explanation` in `scores.parquet`");
    }
    Ok(scored)
}
