//! Our tables in the forms of other programs, by the batch, whole or not at all.
//!
//! Rows are read by the table's own reader, with every check it has, and written anew; so what comes out is what this
//! program itself understands, and an error names file, row and column.

mod feed;
mod folders;
mod format;
mod groups;
mod lines;
mod llmrouterbench;

pub(crate) use feed::{Feed, feed};
pub use folders::{ExportedTable, export_tables};
pub use format::ExportFormat;
pub use lines::push_csv_field;
pub use llmrouterbench::export_llmrouterbench;

use std::path::PathBuf;

/// What an export of records wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// The folder that was made.
    pub folder: PathBuf,
    /// Files in it.
    pub files: u64,
    /// Records in them.
    pub records: u64,
    /// What a reader of the files should know, a sentence each.
    pub notes: Vec<String>,
}
