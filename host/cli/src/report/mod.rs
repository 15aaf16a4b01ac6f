//! The leaderboard of a run: read from its tables, written in one of several forms.

mod agreement;
mod columns;
mod data;
mod html;
mod machine;
mod notes;
mod screen;
mod series;
mod study;
mod text;

use clap::ValueEnum;

pub(crate) use data::Report;
pub(crate) use html::{Sources, page};
pub(crate) use screen::{Look, Screen};
pub(crate) use series::SeriesReport;
pub(crate) use study::{StudyFormat, tables};
pub(crate) use text::{Rows, decimals};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for a terminal
    Terminal,
    /// Tables in Markdown
    Markdown,
    /// One line for each row of the leaderboard
    Csv,
    /// Everything, for programs
    Json,
}

impl Report {
    /// The leaderboard and what must be known to read it, for a terminal.
    pub(crate) fn leaderboard(&self, screen: &Screen) -> String {
        text::leaderboard_only(self, screen)
    }

    /// The report as text.
    pub(crate) fn render(&self, format: Format, screen: &Screen) -> anyhow::Result<String> {
        match format {
            Format::Terminal => Ok(text::terminal(self, screen)),
            Format::Markdown => Ok(text::markdown(self)),
            Format::Csv => Ok(machine::csv(self)),
            Format::Json => machine::json(self),
        }
    }
}
