//! Ways in which an attempt fails.

use serde::{Deserialize, Serialize};

/// How an attempt fails. All but the last two of [`Fault::ALL`] leave the client without the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429 without a word about when to come back.
    RateLimit,
    /// 429 that says when.
    RateLimitRetryAfter,
    /// 500, 502, 503 or 529.
    ServerError,
    /// The connection ends, or is reset, before any byte.
    CutBefore,
    /// The connection ends, or is reset, inside the body, whichever way its length was told.
    CutInside,
    /// Headers, or the first event, then nothing.
    Stall,
    /// 200 and a whole body that is not JSON.
    MalformedJson,
    /// 200 and a page in HTML.
    WrongContentType,
    /// 200 and an error for a body, or for an event amid the stream, as gateways send it.
    ErrorInside,
    /// A valid body without end to speak of.
    HugeBody,
    /// The right answer, byte by byte.
    SlowDrip,
    /// The right answer twice on the wire.
    DuplicateDelivery,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::RateLimit,
        Self::RateLimitRetryAfter,
        Self::ServerError,
        Self::CutBefore,
        Self::CutInside,
        Self::Stall,
        Self::MalformedJson,
        Self::WrongContentType,
        Self::ErrorInside,
        Self::HugeBody,
        Self::SlowDrip,
        Self::DuplicateDelivery,
    ];

    /// Whether the provider did what it was asked to before it failed. It matters to who makes a batch.
    pub fn has_effect(self) -> bool {
        !matches!(self, Self::RateLimit | Self::RateLimitRetryAfter | Self::ServerError | Self::CutBefore)
    }

    /// Whether the right answer arrives all the same.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::SlowDrip | Self::DuplicateDelivery)
    }
}
