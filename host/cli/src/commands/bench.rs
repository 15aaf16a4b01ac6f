//! `routerlab bench`: runs an experiment file.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use routerlab_bench::{Experiment, FinishedRun, Observer, RunOptions};
use routerlab_records::{CellRow, CellStatus};

use crate::exit::{Ended, print};
use crate::progress::Progress;
use crate::report::{Format, Report};

/// Run an experiment: every router under every seed, each in its own sandbox.
///
/// Results go to a folder of their own, named after the experiment and the run's id. A run that was stopped goes on where
/// it was when the same command is given again. One router's failure costs no other router anything.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab bench experiment.toml --out runs")]
pub(crate) struct Bench {
    /// The experiment file
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: PathBuf,
    /// Folder of results
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
    /// Cells at a time [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Print the leaderboard as JSON
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let experiment = Experiment::read(&self.experiment)?;
        let finished = run(&experiment, &self.out, self.threads)?;
        let report = Report::read(&finished.dir)?;
        print(&report.render(if self.json { Format::Json } else { Format::Terminal })?)?;
        eprintln!("results: {}", finished.dir.display());
        Ok(ended(&finished.cells))
    }
}

/// Runs an experiment with progress on stderr.
pub(crate) fn run(experiment: &Experiment, out: &Path, threads: Option<NonZeroUsize>) -> anyhow::Result<FinishedRun> {
    let sandbox = super::sandbox(&experiment.limits)?;
    let options = RunOptions { out: out.to_owned(), threads: super::threads(threads) };
    let mut watch = Watch(Progress::new("cells"));
    Ok(routerlab_bench::run(experiment, &sandbox, &options, &mut watch)?)
}

/// The exit code of a run: a broken contract counts more than other failures.
pub(crate) fn ended(cells: &[CellRow]) -> Ended {
    if cells.iter().any(|cell| cell.status == CellStatus::BrokeContract) {
        Ended::ContractBroken
    } else if cells.iter().any(|cell| cell.status != CellStatus::Ok) {
        Ended::SomeFailed
    } else {
        Ended::Done
    }
}

struct Watch(Progress);

impl Observer for Watch {
    fn cell(&mut self, done: usize, total: usize, cell: &CellRow, _taken: bool) {
        if let (false, Some(detail)) = (cell.status == CellStatus::Ok, &cell.detail) {
            self.0.say(&format!("{} (seed {}): {}: {detail}", cell.router.as_str(), cell.seed, cell.status.as_str()));
        }
        self.0.at(done as u64, total as u64);
    }
}
