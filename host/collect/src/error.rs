//! What can keep a collection from running. What goes wrong with one answer is a status of its row instead.

use std::path::{Path, PathBuf};

use routerlab_records::TableError;

/// Why a collection could not begin or had to end.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The pool is wrong.
    #[error("pool `{pool}`: {reason}")]
    Pool {
        /// Its name or path.
        pool: String,
        /// What is wrong, with the key.
        reason: String,
    },
    /// The data folder cannot be collected into, or the choice of what to ask is wrong.
    #[error("data `{}`: {reason}", path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// What is wanted of an encoder at an endpoint is wrong.
    #[error("encoder `{encoder}`: {reason}")]
    Encoder {
        /// Its name in tables.
        encoder: String,
        /// What is wrong.
        reason: String,
    },
    /// A table cannot be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The journal cannot be written or read.
    #[error("journal `{}`: {reason}", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The cache of answers cannot be used.
    #[error("cache `{}`: {reason}; name another with `--cache`, or go without one with `--no-cache`", path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A server could not be started.
    #[error("server `{name}`: {reason}")]
    Server {
        /// Its name in the pool.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A model on this machine cannot be used.
    #[error(transparent)]
    Device(#[from] routerlab_infer::EncoderError),
    /// The machine does not let requests be sent.
    #[error("cannot send requests: {0}")]
    Client(String),
}

impl CollectError {
    pub(crate) fn pool(pool: &str, reason: impl Into<String>) -> Self {
        Self::Pool { pool: pool.to_owned(), reason: reason.into() }
    }

    pub(crate) fn data(path: &Path, reason: impl Into<String>) -> Self {
        Self::Data { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn journal(path: &Path, reason: impl ToString) -> Self {
        Self::Journal { path: path.to_owned(), reason: reason.to_string() }
    }
}
