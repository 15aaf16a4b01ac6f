//! Exact linear algebra: the same bits on every CPU and for every number of threads.
//!
//! # The promise
//!
//! Every operation is defined down to the order of its roundings, so its result is a fact about its input. The
//! machine may choose how wide its vectors are, how the work is cut into blocks for its caches, and which thread does
//! what; none of that can be seen in a result.
//!
//! - **Products** ([`Matrix::multiply`]; also inside [`Matrix::nearest`] and [`Matrix::kmeans`]): element (i, j) is
//!   one chain of fused multiply-adds over k in order, starting from 0. After every [`CHAIN`] steps the chain's sum is
//!   set aside and a new chain begins; the sums are added in order. Vectors run across j, never along k, so their
//!   width does not matter, and there is no sum across lanes.
//! - **Sums along a row** (lengths, exact distances): sixteen lanes in 64 bits and a fixed tree of additions.
//! - **Sums over rows** (means, centroids): in 64 bits, in the order of the rows; threads divide the columns.
//! - **Products of columns** (the normal equations, covariances): products of 32-bit floats are exact in 64 bits; they
//!   are added in chains as above.
//! - **Layers of encoders** ([`layers`]): the same products and sums, and functions of our own.
//! - **Systems and eigenvectors**: 64 bits, with no function but the square root.
//!
//! Fused multiply-adds are always fused: by the instruction where the machine has it (AVX2 with FMA, AVX-512, NEON),
//! by exact software elsewhere, which is slow. [`Level`] says which, and lets a test compare them.
//!
//! # The cost
//!
//! [`cost`] has the published price of every operation: fuel, and working memory.

mod cholesky;
pub mod cost;
mod eigen;
mod error;
mod gram;
mod kmeans;
mod lanes;
pub mod layers;
mod level;
mod matrix;
mod multiply;
mod nearest;
mod pack;
mod pca;
mod ridge;
mod seeding;
mod simd;
mod threads;

pub use error::{KernelError, Shape};
pub use kmeans::Clusters;
pub use level::Level;
pub use matrix::Matrix;
pub use multiply::CHAIN;
pub use nearest::{Metric, Neighbours};
pub use pca::Projection;
pub use ridge::MissingRows;
pub use threads::Threads;
