//! What goes wrong about batches.

use super::Unreadable;
use crate::wire::Failure;

/// Why something could not be done about a batch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// A text is no token.
    #[error("the token of a batch is 1 to 43 letters, digits, `_` and `-`")]
    Token,
    /// A text is no id of a batch.
    #[error("the id of a batch is made of letters, digits, `_` and `-`")]
    Id,
    /// The requests are written for another provider, or there are none.
    #[error("a batch needs at least one request, in the form of its provider")]
    Input,
    /// A header cannot be sent as it is; the key counts as one.
    #[error("the header `{0}` has characters that cannot be sent")]
    Header(String),
    /// The provider was not reached, or the connection broke.
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
    /// Nothing came for a minute.
    #[error("the provider sent nothing for a minute")]
    Stalled,
    /// The provider said no.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// The provider's answer is not what it says it sends.
    #[error("the provider's answer cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
}

impl BatchError {
    /// Whether the same may well succeed a little later. A submission may have arrived nevertheless:
    /// [`super::BatchClient::find`] tells.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Token | Self::Id | Self::Input | Self::Header(_) => false,
            Self::Connection(_) | Self::Stalled | Self::Unreadable(_) => true,
            Self::Refused(failure) => failure.kind.is_retryable(),
        }
    }
}
