//! Why a plugin says no.

use std::fmt;

/// A refusal: reported to the person who runs the plugin, in the plugin's own words. It is an answer, not a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The configuration has an unknown key or an impossible value; the text names the key.
    InvalidConfig(String),
    /// The plugin does not do this: for example it needs embeddings and the run has none.
    Unsupported(String),
    /// The input, or a state that was handed back, cannot be read.
    Malformed(String),
    /// Anything else.
    Other(String),
}

impl Error {
    /// An [`Error::InvalidConfig`] about one key.
    pub fn config(key: &str, problem: impl fmt::Display) -> Self {
        Self::InvalidConfig(format!("`{key}` {problem}"))
    }

    /// An [`Error::Unsupported`].
    pub fn unsupported(text: impl Into<String>) -> Self {
        Self::Unsupported(text.into())
    }

    /// An [`Error::Malformed`].
    pub fn malformed(text: impl Into<String>) -> Self {
        Self::Malformed(text.into())
    }

    /// An [`Error::Other`].
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidConfig(text) => write!(f, "configuration: {text}"),
            Self::Unsupported(text) => write!(f, "not supported: {text}"),
            Self::Malformed(text) => write!(f, "cannot be read: {text}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}
