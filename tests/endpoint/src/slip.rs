//! Ways in which an answer with embeddings is whole, and wrong.

use serde::{Deserialize, Serialize};

/// What is odd about the embeddings of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slip {
    /// There is one fewer than there are texts.
    OneFewer,
    /// The last has a number less.
    Narrow,
    /// The first has a null.
    Null,
    /// They come last first, with the numbers that they have.
    Reversed,
    /// Packed where nobody asked for it, or not packed where somebody did.
    OtherFormat,
}

impl Slip {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::OneFewer, Self::Narrow, Self::Null, Self::Reversed, Self::OtherFormat];

    /// Whether the vectors are right all the same.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Reversed | Self::OtherFormat)
    }
}
