//! Products: one chain of fused multiply-adds for every element.

use std::ops::Range;

use crate::error::KernelError;
use crate::level::Level;
use crate::matrix::Matrix;
use crate::pack::{Panel, Panels};
use crate::simd::{self, Left, Place, Tile};
use crate::threads::{Threads, for_each_part, ranges};

/// How many steps one chain has before its sum is set aside and the next begins. Part of the definition of a product:
/// another number gives other bits.
pub const CHAIN: usize = 384;

/// How many bytes of panels are worked on together: about half of the second cache.
const PANEL_BYTES: usize = 384 << 10;

/// How many columns are packed at a time, which bounds the memory a product needs beside its result.
const COLUMNS: usize = 4096;

impl Matrix {
    /// self x other, or with `transposed` self x other-transposed.
    ///
    /// Every element is the sum over k in order, in chains of [`CHAIN`] steps: each chain starts at 0 and does one
    /// fused multiply-add a step, and the chains' sums are added in order.
    ///
    /// # Errors
    /// When the shapes do not fit or have no inner columns, a value is not finite, or the result overflows.
    pub fn multiply(&self, other: &Matrix, transposed: bool, threads: Threads) -> Result<Matrix, KernelError> {
        let operation = "multiply";
        let (inner, cols) = if transposed { (other.cols(), other.rows()) } else { (other.rows(), other.cols()) };
        if inner != self.cols() {
            return Err(KernelError::Shapes { operation, left: self.shape(), right: other.shape() });
        }
        self.need_columns(operation)?;
        self.need_finite(operation, "the matrix")?;
        other.need_finite(operation, "`other`")?;
        let rows = self.rows();
        let mut values = Matrix::zeros(rows, cols)?;
        if values.is_empty() {
            return Ok(Matrix::made(rows, cols, values));
        }

        let level = Level::current();
        let tile = simd::single(level);
        let threads = threads.for_work(rows as u128 * inner as u128 * cols as u128);
        for columns in ranges(cols, cols.div_ceil(COLUMNS), tile.width()) {
            let panels = if transposed {
                let rows = &other.values()[columns.start * inner..columns.end * inner];
                Panels::from_rows(level, rows, inner, columns.len(), threads)
            } else {
                Panels::from_columns(level, other.values(), cols, inner, columns.clone(), threads)
            };
            let height = rows.div_ceil(threads.parts()).next_multiple_of(tile.rows());
            for_each_part(threads, values.chunks_mut(height * cols).enumerate(), |(part, out)| {
                let first = part * height;
                let left = &self.values()[first * inner..(first + out.len() / cols) * inner];
                let left = Left::whole(left, inner);
                let all = 0..panels.count();
                products(tile, left, &panels, all, &mut Out { values: out, stride: cols, first: columns.start });
            });
        }
        Matrix::made(rows, cols, values).need_no_overflow(operation)
    }
}

/// Where products go: element (row, column) to `values[row * stride + first + column]`.
pub(crate) struct Out<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) first: usize,
}

/// The products of all rows of `left` (as long as the panels are deep) with the columns of some panels; column 0 is
/// the first of them.
pub(crate) fn products(
    tile: &Tile<f32>,
    left: Left<'_, f32>,
    panels: &Panels<f32>,
    numbers: Range<usize>,
    out: &mut Out<'_>,
) {
    let depth = panels.depth();
    let together = (PANEL_BYTES / (depth.min(CHAIN) * panels.width() * size_of::<f32>()).max(1)).max(1);
    for group in numbers.clone().step_by(together) {
        for step in (0..depth).step_by(CHAIN) {
            let steps = CHAIN.min(depth - step);
            for top in (0..left.rows).step_by(tile.rows()) {
                let rows = tile.rows().min(left.rows - top);
                let start = top * left.row_stride + step * left.step_stride;
                let left = Left { values: &left.values[start..], rows, ..left };
                for number in group..(group + together).min(numbers.end) {
                    let col = (number - numbers.start) * panels.width();
                    chain(tile, left, panels.panel(number), step..step + steps, (top, col), out);
                }
            }
        }
    }
}

/// One chain of one tile, at (row, column) of the result.
fn chain(
    tile: &Tile<f32>,
    left: Left<'_, f32>,
    panel: Panel<'_, f32>,
    steps: Range<usize>,
    (row, col): (usize, usize),
    out: &mut Out<'_>,
) {
    let Panel { values, cols, width, .. } = panel;
    let values = &values[steps.start * width..];
    let add = steps.start > 0;
    let col = out.first + col;
    let start = row * out.stride + col;
    if col + width <= out.stride {
        tile.run(
            left,
            values,
            steps.len(),
            Place { tile: &mut out.values[start..], row_stride: out.stride, width, add },
        );
        return;
    }
    // The last panel is wider than the columns that exist: computed beside the result, then copied.
    let mut beside = vec![0.0; left.rows * width];
    tile.run(left, values, steps.len(), Place { tile: &mut beside, row_stride: width, width, add: false });
    for (row, from) in beside.chunks_exact(width).enumerate() {
        let to = &mut out.values[start + row * out.stride..][..cols];
        for (to, from) in to.iter_mut().zip(from) {
            *to = if add { *to + from } else { *from };
        }
    }
}

/// The sum of the squares of every column of the panels, by the same chains as a product: the product of a row with
/// itself has exactly these bits.
pub(crate) fn squares(level: Level, panels: &Panels<f32>, sums: &mut Vec<f32>) {
    let tile = simd::single(level);
    sums.clear();
    sums.resize(panels.padded(), 0.0);
    for number in 0..panels.count() {
        let Panel { values, first, width, .. } = panels.panel(number);
        for step in (0..panels.depth()).step_by(CHAIN) {
            let steps = CHAIN.min(panels.depth() - step);
            tile.squares(&values[step * width..], steps, width, &mut sums[first..], step > 0);
        }
    }
    sums.truncate(panels.cols());
}

/// The sum of the squares of every row of a matrix, by the same chains as a product.
pub(crate) fn row_squares(level: Level, matrix: &Matrix) -> Vec<f32> {
    let depth = matrix.cols();
    let mut all = Vec::with_capacity(matrix.rows());
    let mut sums = Vec::new();
    let tile = simd::single(level);
    let mut panels = Panels::new(tile, depth, tile.width().min(matrix.rows()));
    for rows in matrix.values().chunks(tile.width() * depth) {
        panels.refill_from_rows(level, rows, rows.len() / depth);
        squares(level, &panels, &mut sums);
        all.extend_from_slice(&sums);
    }
    all
}
