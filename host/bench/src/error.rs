//! What can go wrong with an experiment as a whole. What goes wrong inside one cell is a status of that cell.

use std::path::PathBuf;

use routerlab_records::TableError;

/// Why an experiment cannot be run, scored or summed up.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The experiment file cannot be read.
    #[error("cannot read experiment `{path}`: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The experiment file has an unknown key, a missing key, or a value of the wrong type.
    #[error("experiment `{path}`: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        reason: String,
    },
    /// A value of the experiment makes no sense.
    #[error("experiment `{path}`: {reason}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key, and what is wrong with it.
        reason: String,
    },
    /// The data does not carry the experiment.
    #[error("data `{path}`: {reason}")]
    Data {
        /// The folder or file.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A folder of results is not what it should be.
    #[error("results `{path}`: {reason}")]
    Results {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A table cannot be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The sandbox cannot be set up, or an evaluator cannot be loaded.
    #[error(transparent)]
    Load(#[from] routerlab_plugin::LoadError),
    /// An evaluator does not say what it is, or does not take its configuration.
    #[error("evaluator `{path}`: {step}: {error}")]
    Evaluator {
        /// The component.
        path: PathBuf,
        /// What was asked of it.
        step: &'static str,
        /// How that failed.
        error: routerlab_plugin::CallError,
    },
    /// The system has no thread left.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}
