//! `routerlab report`: the leaderboard of a run, from its tables.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use clap::Args;

use crate::exit::{Ended, print};
use crate::report::{Format, Report};

/// Show the leaderboard of a run, computed from its tables on disk.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab report runs/starter-1a2b3c4d --format markdown --out report.md")]
pub(crate) struct ReportCommand {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ReportCommand {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let text = Report::read(&self.run)?.render(self.format)?;
        match &self.out {
            Some(path) => {
                routerlab_records::atomic::write_bytes(path, text)?;
                eprintln!("wrote {}", path.display());
            }
            None => print(&text)?,
        }
        Ok(Ended::Done)
    }
}
