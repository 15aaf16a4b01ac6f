//! `routerlab bench`: runs an experiment file.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

mod controls;
mod series;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use routerlab_bench::{Experiment, FinishedRun, Observer, RunOptions};
use routerlab_records::{CellRow, CellStatus};

use controls::Controls;
use series::Series;

use crate::exit::{Ended, print};
use crate::progress::Progress;
use crate::report::{Format, Look, Report, Screen};

/// Run an experiment: every router under every seed, each in its own sandbox.
///
/// Results go to a folder of their own, named after the experiment and the run's id. A run that was stopped goes on where
/// it was when the same command is given again. One router's failure costs no other router anything.
///
/// A series is several such runs that differ in one thing, and ends with a table of routers and runs.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab bench experiment.toml --out runs\n  routerlab bench experiment.toml --shuffle-labels\n  routerlab bench experiment.toml --learning-curve=5,25,100"
)]
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
    /// How to write the leaderboard, or the table of a series
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    controls: Controls,
}

impl Bench {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let experiment = Experiment::read_changed(&self.experiment, |changed| self.controls.apply(changed))?;
        let format = if self.json { Format::Json } else { self.format };
        if let Some(series) = Series::of(&self.controls, &experiment)? {
            return series.execute(&self.out, self.threads, format, &Screen::of_stdout(self.look));
        }
        let finished = run(&experiment, &self.out, self.threads)?;
        let report = Report::read(&finished.dir)?;
        print(&report.render(format, &Screen::of_stdout(self.look))?)?;
        eprintln!("results: {}", finished.dir.display());
        Ok(ended(&finished.cells))
    }
}

/// Runs an experiment with progress on stderr.
pub(crate) fn run(experiment: &Experiment, out: &Path, threads: Option<NonZeroUsize>) -> anyhow::Result<FinishedRun> {
    let sandbox = super::sandbox(&experiment.limits)?;
    let options = RunOptions { out: out.to_owned(), threads: super::threads(threads) };
    let mut watch = Watch::new();
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

/// Cells as they end, on stderr.
pub(crate) struct Watch(Progress);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Progress::new("cells"))
    }
}

impl Observer for Watch {
    fn cell(&mut self, done: usize, total: usize, cell: &CellRow, _taken: bool) {
        if let (false, Some(detail)) = (cell.status == CellStatus::Ok, &cell.detail) {
            self.0.say(&format!("{} (seed {}): {}: {detail}", cell.router.as_str(), cell.seed, cell.status.as_str()));
        }
        self.0.at(done as u64, total as u64);
    }
}
