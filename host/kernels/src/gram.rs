//! Sums over rows of products of columns, in 64 bits: what ridge regression and principal components are made from.

use std::ops::Range;

use crate::error::KernelError;
use crate::level::Level;
use crate::matrix::Matrix;
use crate::multiply::CHAIN;
use crate::pack::Panels;
use crate::simd::{self, Left, Place};
use crate::threads::{Threads, for_each_part};

/// Rows that are packed at a time: whole chains, so that the number cannot be seen in a result.
const ROWS: usize = 4 * CHAIN;

/// For rows of `cols` values: the sums over all rows of (column i) x (column j), as `left` x `cols`, for every i below
/// `left`. Products are exact; each sum is made of chains of [`CHAIN`] rows, as in a product of matrices.
pub(crate) fn gram(
    level: Level,
    values: &[f32],
    cols: usize,
    left: usize,
    threads: Threads,
) -> Result<Vec<f64>, KernelError> {
    // First, because this is what a matrix of few rows and very many columns has no room for.
    let mut all = Matrix::zeros(left, cols)?;
    let tile = simd::double(level);
    let rows = values.len() / cols;
    let threads = threads.for_work(rows as u128 * left as u128 * cols as u128);
    let width = tile.width();
    // For each panel of columns j the sums of all i up to its last column: the rest follows by symmetry.
    let mut sums: Vec<Vec<f64>> = (0..cols.div_ceil(width))
        .map(|panel| {
            let end = ((panel + 1) * width).min(cols);
            Matrix::zeros(end.min(left), (end - panel * width).next_multiple_of(tile.lanes()))
        })
        .collect::<Result<_, _>>()?;
    for first in (0..rows).step_by(ROWS) {
        let block = &values[first * cols..(first + ROWS).min(rows) * cols];
        let mut panels = Panels::new(tile, block.len() / cols, cols);
        panels.fill(threads, |columns, width, to| simd::run(level, Widen { rows: block, cols, columns, width, to }));
        // The last panels have the most rows, so they are handed out first.
        for_each_part(threads, sums.iter_mut().enumerate().rev(), |(number, sums)| {
            let right = panels.panel(number);
            let height = sums.len() / right.width;
            for step in (0..panels.depth()).step_by(CHAIN) {
                let steps = CHAIN.min(panels.depth() - step);
                let mut top = 0;
                while top < height {
                    let from = panels.panel(top / width);
                    let inside = top - from.first;
                    let rows = tile.rows().min(from.cols - inside).min(height - top);
                    let values = &from.values[step * from.width + inside..];
                    let left = Left { values, rows, row_stride: 1, step_stride: from.width };
                    let place = Place {
                        tile: &mut sums[top * right.width..],
                        row_stride: right.width,
                        width: right.width,
                        add: first + step > 0,
                    };
                    tile.run(left, &right.values[step * right.width..], steps, place);
                    top += rows;
                }
            }
        });
    }

    for (number, sums) in sums.iter().enumerate() {
        let first = number * width;
        let wide = width.min(cols - first).next_multiple_of(tile.lanes());
        for (i, sums) in sums.chunks_exact(wide).enumerate() {
            for j in first.max(i)..(first + width).min(cols) {
                all[i * cols + j] = sums[j - first];
                if j < left {
                    all[j * cols + i] = sums[j - first];
                }
            }
        }
    }
    Ok(all)
}

/// Fills a panel with some columns.
struct Widen<'a> {
    rows: &'a [f32],
    cols: usize,
    columns: Range<usize>,
    width: usize,
    to: &'a mut [f64],
}

impl simd::Loop for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Widen { rows, cols, columns, width, to } = self;
        for (row, to) in rows.chunks_exact(cols).zip(to.chunks_exact_mut(width)) {
            for (to, &value) in to.iter_mut().zip(&row[columns.clone()]) {
                *to = f64::from(value);
            }
        }
    }
}

/// The sum of every column, in 64 bits, in the order of the rows.
pub(crate) fn column_sums(level: Level, values: &[f32], cols: usize) -> Vec<f64> {
    let mut sums = vec![0.0; cols];
    simd::run(level, Sums { values, sums: &mut sums });
    sums
}

struct Sums<'a> {
    values: &'a [f32],
    sums: &'a mut [f64],
}

impl simd::Loop for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for row in self.values.chunks_exact(self.sums.len()) {
            for (sum, &value) in self.sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_matrix_is_the_sums_of_products_and_symmetric_where_it_can_be() {
        for &level in Level::available() {
            for (rows, cols, left) in [(1, 1, 1), (5, 3, 2), (400, 30, 25), (10, 100, 100), (1600, 26, 26), (0, 4, 4)] {
                // Small whole numbers: every sum is exact, so it can be compared exactly.
                let values: Vec<f32> = (0..rows * cols).map(|at| ((at * 7919) % 23) as f32 - 11.0).collect();
                let gram = gram(level, &values, cols, left, Threads::ONE).unwrap();
                for i in 0..left {
                    for j in 0..cols {
                        let sum: f32 = values.chunks(cols).map(|row| row[i] * row[j]).sum();
                        assert_eq!(gram[i * cols + j], f64::from(sum), "{} {rows} x {cols} at {i}, {j}", level.name());
                    }
                }
            }
        }
    }
}
