//! Our tables in the forms of other programs.

mod groups;
mod llmrouterbench;

pub use llmrouterbench::export_llmrouterbench;

use std::path::PathBuf;

/// What an export wrote.
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
