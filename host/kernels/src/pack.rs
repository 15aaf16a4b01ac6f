//! The right matrix of a product, laid out in the order in which a tile reads it.

use std::ops::Range;

use crate::level::Level;
use crate::simd::{self, Tile};
use crate::threads::{Threads, for_each_part};

/// Vector loads that cross a cache line cost twice, so panels begin on one.
const CACHE_LINE: usize = 64;

/// Columns of a matrix in panels as wide as a tile: for each panel, step after step, the values of its columns.
/// The last panel is as wide as its columns need, in whole vectors; columns that do not exist are 0.
pub(crate) struct Panels<T> {
    values: Vec<T>,
    /// Where the first aligned value is.
    start: usize,
    depth: usize,
    cols: usize,
    width: usize,
    lanes: usize,
}

/// One panel.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a, T> {
    /// depth x width.
    pub(crate) values: &'a [T],
    /// Its first column.
    pub(crate) first: usize,
    /// How many of its columns exist.
    pub(crate) cols: usize,
    /// How many columns it is wide.
    pub(crate) width: usize,
}

impl<T: Copy + Default + Send + Sync> Panels<T> {
    /// Panels of zeros.
    pub(crate) fn new(tile: &Tile<T>, depth: usize, cols: usize) -> Panels<T> {
        let slack = CACHE_LINE / size_of::<T>();
        let values = vec![T::default(); depth * cols.next_multiple_of(tile.lanes()) + slack];
        // An allocation too odd to be aligned would only be slower.
        let start = values.as_ptr().align_offset(CACHE_LINE).min(slack);
        Panels { values, start, depth, cols, width: tile.width(), lanes: tile.lanes() }
    }

    /// How many panels there are.
    pub(crate) fn count(&self) -> usize {
        self.cols.div_ceil(self.width)
    }

    /// How many columns there are.
    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    /// How many steps there are.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of all but the last panel.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The columns of all panels, those that do not exist included.
    pub(crate) fn padded(&self) -> usize {
        self.cols.next_multiple_of(self.lanes)
    }

    /// One panel, from 0.
    pub(crate) fn panel(&self, panel: usize) -> Panel<'_, T> {
        let first = panel * self.width;
        let cols = self.width.min(self.cols - first);
        let width = cols.next_multiple_of(self.lanes);
        Panel { values: &self.values[self.start + first * self.depth..][..width * self.depth], first, cols, width }
    }

    /// Fills every panel by `fill`, which is given its columns, its width and where its values go.
    pub(crate) fn fill(&mut self, threads: Threads, fill: impl Fn(Range<usize>, usize, &mut [T]) + Sync) {
        let &mut Panels { start, depth, cols, width, lanes, .. } = self;
        let end = start + depth * self.padded();
        let work = depth as u128 * cols as u128 * 4;
        if depth == 0 {
            return;
        }
        let panels = self.values[start..end].chunks_mut(width * depth).enumerate();
        for_each_part(threads.for_work(work), panels, |(panel, values)| {
            let first = panel * width;
            let columns = first..(first + width).min(cols);
            let wide = columns.len().next_multiple_of(lanes);
            fill(columns, wide, values);
        });
    }
}

impl Panels<f32> {
    /// Makes room for other shapes in the same memory. What the panels held is lost.
    pub(crate) fn reshape(&mut self, depth: usize, cols: usize) {
        let slack = CACHE_LINE / size_of::<f32>();
        let length = depth * cols.next_multiple_of(self.lanes) + slack;
        if length > self.values.len() {
            self.values = vec![0.0; length];
            self.start = self.values.as_ptr().align_offset(CACHE_LINE).min(slack);
        }
        (self.depth, self.cols) = (depth, cols);
    }

    /// Columns from the rows of a matrix: `rows` holds them one after the other, `depth` values each.
    pub(crate) fn from_rows(level: Level, rows: &[f32], depth: usize, count: usize, threads: Threads) -> Panels<f32> {
        let mut panels = Panels::new(simd::single(level), depth, count);
        panels.fill_from_rows(level, rows, threads);
        panels
    }

    /// The same into panels that exist already and have room for as many columns.
    pub(crate) fn refill_from_rows(&mut self, level: Level, rows: &[f32], count: usize) {
        self.cols = count;
        self.fill_from_rows(level, rows, Threads::ONE);
    }

    pub(crate) fn fill_from_rows(&mut self, level: Level, rows: &[f32], threads: Threads) {
        let depth = self.depth;
        self.fill(threads, |columns, width, to| {
            simd::transpose(level, &rows[columns.start * depth..columns.end * depth], depth, width, to);
        });
    }

    /// Columns from a matrix as it stands: `rows` holds `depth` rows, each `stride` long.
    pub(crate) fn from_columns(
        level: Level,
        rows: &[f32],
        stride: usize,
        depth: usize,
        columns: Range<usize>,
        threads: Threads,
    ) -> Panels<f32> {
        let mut panels = Panels::new(simd::single(level), depth, columns.len());
        panels.fill_from_columns(rows, stride, columns.start, threads);
        panels
    }

    /// The same into panels that exist already: as many rows and columns as they have, from column `first` on.
    pub(crate) fn fill_from_columns(&mut self, rows: &[f32], stride: usize, first: usize, threads: Threads) {
        self.fill(threads, |part, width, to| {
            for (step, to) in to.chunks_exact_mut(width).enumerate() {
                let from = &rows[step * stride + first..][part.clone()];
                to[..from.len()].copy_from_slice(from);
                to[from.len()..].fill(0.0);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_hold_every_column_once_with_zeros_behind() {
        for &level in Level::available() {
            for (depth, cols) in [(1, 1), (5, 7), (16, 16), (33, 100), (40, 48), (17, 97)] {
                let rows: Vec<f32> = (0..depth * cols).map(|value| value as f32 + 1.0).collect();
                let columns: Vec<f32> = (0..depth * cols).map(|at| rows[at % cols * depth + at / cols]).collect();
                let panels = Panels::from_rows(level, &rows, depth, cols, Threads::ONE);
                let same = Panels::from_columns(level, &columns, cols, depth, 0..cols, Threads::ONE);
                for number in 0..panels.count() {
                    let panel = panels.panel(number);
                    assert_eq!(panel.values, same.panel(number).values, "{} {depth} x {cols}", level.name());
                    for step in 0..depth {
                        for col in 0..panel.width {
                            let row = panel.first + col;
                            let expected = if col < panel.cols { rows[row * depth + step] } else { 0.0 };
                            assert_eq!(panel.values[step * panel.width + col], expected);
                        }
                    }
                }
            }
        }
    }
}
