//! What a device does for an encoder: tokens of texts in, one pooled vector a text out.

use crate::error::EncoderError;

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// That of the first token.
    Cls,
    /// That of the last token.
    Last,
}

/// A model on a device. Its one promise beside the numbers: the vector of a text has the same bits whatever else is in the
/// call, in whatever order, because no operation's shape or order of additions depends on the other texts.
pub(crate) trait Backend: Send + Sync {
    /// The device and how it computes, such as `cpu f32` or `cuda bf16 (NVIDIA H200)`.
    fn device(&self) -> String;

    /// The pooled vectors of some texts, not normalised: `to` is texts x hidden. No text is empty or longer than the
    /// architecture allows, and every token is in the vocabulary. `done` is told the numbers of texts and tokens whenever
    /// some are through.
    ///
    /// # Errors
    /// When the device fails; `to` is then of no use.
    fn pool(&self, texts: &[&[u32]], to: &mut [f32], done: &(dyn Fn(u64, u64) + Sync)) -> Result<(), EncoderError>;
}
