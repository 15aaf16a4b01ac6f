//! Why there is no encoder, or no embedding.

use std::path::{Path, PathBuf};

use crate::devices::DeviceError;
use crate::tokens::TokenError;

/// Why an encoder cannot be opened or does not run.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the model is not there or not readable.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the model is not what it should be.
    #[error("`{}`: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model of a kind that this version cannot run.
    #[error("`{}` asks for what is not supported: {reason}", path.display())]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// What it asks for, and what there is.
        reason: String,
    },
    /// A setting that does not fit the model.
    #[error("{reason}")]
    Setting {
        /// Which, and what would fit.
        reason: String,
    },
    /// A model by name that could not be had.
    #[error("model `{name}`: {reason}")]
    Hub {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The model's tokenizer cannot be read.
    #[error(transparent)]
    Tokenizer(#[from] TokenError),
    /// A device that was asked for cannot be used. Nothing else is used in its place.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// No memory for what the model needs.
    #[error("no memory for {what}")]
    Memory {
        /// What it was for, with its size.
        what: String,
    },
}

impl EncoderError {
    pub(crate) fn form(path: &Path, reason: impl Into<String>) -> Self {
        Self::Form { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn unsupported(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), reason: reason.into() }
    }
}

/// Why one text has no embedding. Others are not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The tokenizer cannot take it apart.
    #[error("the tokenizer cannot take the text apart: {0}")]
    Tokenizer(String),
    /// It has no tokens, so there is nothing to pool.
    #[error("the text has no tokens")]
    NoTokens,
    /// The model's numbers overflowed.
    #[error("the embedding is not finite")]
    NotFinite,
}
