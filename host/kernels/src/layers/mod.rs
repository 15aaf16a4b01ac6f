//! What a transformer does to tokens, with the promise of the crate: the bits of a token's numbers depend on its own text
//! and the weights, not on the CPU, and not on what else is computed with it.
//!
//! - **Products** are those of [`Matrix::multiply`](crate::Matrix::multiply): one chain an element, so a row's result does
//!   not depend on other rows.
//! - **Sums along a row** have sixteen lanes and a fixed tree; those of normalisations are in 64 bits, those of attention's
//!   weights in 32.
//! - **Functions** (exponential, normal distribution, hyperbolic tangent) are fixed sequences of additions and
//!   multiplications of our own, the same at every level. Their errors are stated beside them.
//!
//! Everything here runs on the calling thread: who has many texts gives each thread some of them.

mod activation;
mod attention;
mod dense;
mod norm;

pub use activation::Activation;
pub use attention::{AttentionScratch, Heads, RelativeBias, attend};
pub use dense::Dense;
pub use norm::{Norm, NormKind};
