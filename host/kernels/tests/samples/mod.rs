//! Matrices for the tests, the same in every run.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_kernels::Matrix;

/// Numbers between -1 and 1 with 24 random bits.
pub(crate) struct Numbers(Xoshiro256PlusPlus);

impl Numbers {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Numbers {
        Numbers(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> f32 {
        (self.0.next_u64() >> 39) as f32 / (1u64 << 24) as f32 - 1.0
    }

    /// A matrix of the next numbers.
    pub(crate) fn matrix(&mut self, rows: usize, cols: usize) -> Matrix {
        Matrix::new(rows, cols, (0..rows * cols).map(|_| self.next()).collect()).unwrap()
    }
}
