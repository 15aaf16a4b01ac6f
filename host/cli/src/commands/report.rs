//! `routerlab report`: the leaderboard of a run, from its tables.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::exit::{Ended, print};
use crate::report::{Format, Look, Report, Screen, Sources, page};

/// Show a run, computed from its tables on disk: as tables, for programs, or as a page with plots and queries.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab report runs/starter-1a2b3c4d --format markdown --out report.md\n  routerlab report runs/starter-1a2b3c4d --format html --out report.html"
)]
pub(crate) struct ReportCommand {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Written::Terminal)]
    format: Written,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// With html: the data folder, where it is not where the run says
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// With html: the folder of another run to lay beside, such as one on shuffled labels; can be given again
    #[arg(long, value_name = "RUN")]
    control: Vec<PathBuf>,
    #[command(flatten)]
    look: Look,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
    /// Tables for a terminal
    Terminal,
    /// Tables in Markdown
    Markdown,
    /// One line for each row of the leaderboard
    Csv,
    /// Everything, for programs
    Json,
    /// A page to look at: tables, plots and queries in one file that needs no network
    Html,
}

impl ReportCommand {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let text = match self.format {
            Written::Html => {
                page(&Sources { run: self.run.clone(), data: self.data.clone(), controls: self.control.clone() })?
            }
            _ if self.data.is_some() || !self.control.is_empty() => {
                bail!("`--data` and `--control` are for `--format html`; give it, or leave them out")
            }
            Written::Terminal => self.rendered(Format::Terminal)?,
            Written::Markdown => self.rendered(Format::Markdown)?,
            Written::Csv => self.rendered(Format::Csv)?,
            Written::Json => self.rendered(Format::Json)?,
        };
        match &self.out {
            Some(path) => {
                routerlab_records::atomic::write_bytes(path, text)?;
                eprintln!("wrote {}", path.display());
            }
            None => print(&text)?,
        }
        Ok(Ended::Done)
    }

    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        let screen = if self.out.is_some() { Screen::into_file(self.look) } else { Screen::of_stdout(self.look) };
        Report::read(&self.run)?.render(format, &screen)
    }
}
