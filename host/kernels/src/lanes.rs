//! Sums along a row: sixteen lanes and a fixed tree, in 64 bits.
//!
//! Lane l takes the elements l, l + 16, l + 32, ... in order; then lane l is added to lane l + 8, the eight that
//! remain by fours, by twos, and the last two. Multiplications and additions are rounded each on its own.

use crate::level::Level;
use crate::matrix::Matrix;
use crate::simd;
use crate::threads::{Threads, for_each_part};

/// How many lanes a row is divided into.
const LANES: usize = 16;

/// The sum of `term` over all positions of the row.
#[inline(always)]
fn sum(len: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0f64; LANES];
    let whole = len - len % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(start + lane);
        }
    }
    for (lane, at) in (whole..len).enumerate() {
        lanes[lane] += term(at);
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

/// The sum of a row.
#[inline(always)]
pub(crate) fn sum_of(row: &[f32]) -> f64 {
    sum(row.len(), |at| f64::from(row[at]))
}

/// The sum of the squares of a row's distances from `center`.
#[inline(always)]
pub(crate) fn square_around(row: &[f32], center: f64) -> f64 {
    sum(row.len(), |at| {
        let apart = f64::from(row[at]) - center;
        apart * apart
    })
}

/// The sum of the squares of a row.
#[inline(always)]
pub(crate) fn square(row: &[f32]) -> f64 {
    sum(row.len(), |at| f64::from(row[at]) * f64::from(row[at]))
}

/// The squared Euclidean distance of two rows of the same length.
#[inline(always)]
pub(crate) fn square_distance(left: &[f32], right: &[f32]) -> f64 {
    let right = &right[..left.len()];
    sum(left.len(), |at| {
        let apart = f64::from(left[at]) - f64::from(right[at]);
        apart * apart
    })
}

/// The inner product of two rows of 64-bit floats of the same length.
#[inline(always)]
pub(crate) fn inner(left: &[f64], right: &[f64]) -> f64 {
    let right = &right[..left.len()];
    sum(left.len(), |at| left[at] * right[at])
}

impl Matrix {
    /// The same rows, each divided by its Euclidean length; a row of zeros stays as it is.
    ///
    /// The length is a sum of squares in 64 bits, in sixteen lanes; each value is multiplied in 64 bits by one over
    /// the length and rounded to 32.
    ///
    /// # Errors
    /// When a value is not finite, or there is no memory for the result.
    pub fn normalise_rows(&self, threads: Threads) -> Result<Matrix, crate::KernelError> {
        self.need_finite("normalise_rows", "the matrix")?;
        let mut values = Matrix::zeros(self.rows(), self.cols())?;
        normalise(Level::current(), self.values(), self.cols(), &mut values, threads);
        Ok(Matrix::made(self.rows(), self.cols(), values))
    }
}

/// Writes the normalised rows of `from` to `to`.
pub(crate) fn normalise(level: Level, from: &[f32], cols: usize, to: &mut [f32], threads: Threads) {
    const ROWS: usize = 256;
    if cols == 0 {
        return;
    }
    let parts = to.chunks_mut(ROWS * cols).enumerate();
    for_each_part(threads.for_work(from.len() as u128 * 4), parts, |(part, to)| {
        let from = &from[part * ROWS * cols..][..to.len()];
        simd::run(level, Normalise { from, to, cols });
    });
}

struct Normalise<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
    cols: usize,
}

impl simd::Loop for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (from, to) in self.from.chunks_exact(self.cols).zip(self.to.chunks_exact_mut(self.cols)) {
            let length = square(from).sqrt();
            let scale = if length > 0.0 { 1.0 / length } else { 1.0 };
            for (to, from) in to.iter_mut().zip(from) {
                *to = (f64::from(*from) * scale) as f32;
            }
        }
    }
}
