//! Tables that are about data and not about a run.

use clap::ValueEnum;

use super::text::{Rows, markdown_table, plain_table};

/// How a study of data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StudyFormat {
    /// Tables for a terminal
    Terminal,
    /// Tables in Markdown
    Markdown,
    /// Everything, for programs
    Json,
}

/// A title and tables with their headings.
pub(crate) fn tables(title: &str, all: &[(&str, Rows)], format: StudyFormat) -> String {
    let table = if format == StudyFormat::Markdown { markdown_table } else { plain_table };
    let tables: Vec<String> = all.iter().map(|(heading, rows)| table(heading, rows)).collect();
    format!("{title}\n\n{}", tables.join("\n"))
}
