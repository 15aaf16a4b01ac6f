//! `routerlab score`: evaluators over recorded completions.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

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
    /// Batches at a time [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl Score {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let scored = run(&self.dir, &self.evaluators, self.threads)?;
        Ok(if scored.failed.is_empty() && scored.no_evaluator == 0 { Ended::Done } else { Ended::SomeFailed })
    }
}

/// Scores a folder and says what came of it.
pub(crate) fn run(dir: &Path, evaluators: &Path, threads: Option<NonZeroUsize>) -> anyhow::Result<Scored> {
    let options =
        ScoreOptions { dir: dir.to_owned(), evaluators: evaluators.to_owned(), threads: super::threads(threads) };
    let sandbox = super::sandbox(&Limits::default())?;
    let mut progress = Progress::new("completions");
    let scored = routerlab_bench::score(&options, &sandbox, &mut |done, total| progress.at(done, total))?;
    drop(progress);
    eprintln!("scored {} completions", scored.scored);
    if scored.not_ok > 0 {
        eprintln!("{} completions had failed when they were collected: not scored", scored.not_ok);
    }
    if scored.no_evaluator > 0 {
        eprintln!("{} completions have no evaluator in `dataset.toml`: not scored", scored.no_evaluator);
    }
    for (reason, count) in &scored.failed {
        eprintln!("{count} completions could not be scored: {reason}");
    }
    Ok(scored)
}
