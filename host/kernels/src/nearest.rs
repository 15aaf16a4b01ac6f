//! The nearest rows: a blocked product, distances from it, and the best k of each query.

use std::collections::BinaryHeap;
use std::ops::Range;

use crate::error::{KernelError, Shape};
use crate::lanes::normalise;
use crate::level::Level;
use crate::matrix::Matrix;
use crate::multiply::{Out, products, row_squares, squares};
use crate::pack::Panels;
use crate::simd::{self, Left, Tile};
use crate::threads::{Threads, for_each_part, ranges};

/// How far apart two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Squared Euclidean distance: (|q|^2 + |x|^2) - 2 q.x, at least 0, where the three products are those of
    /// [`Matrix::multiply`]; equal rows are at distance 0 exactly.
    Euclidean,
    /// One minus the inner product of the rows as [`Matrix::normalise_rows`] gives them, between 0 and 2; a row of
    /// zeros is at distance 1 from everything.
    Cosine,
    /// Minus the inner product.
    Dot,
}

/// The nearest rows of a matrix, for several queries at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// How many neighbours each query got: the k that was asked for, or the number of rows if that is smaller.
    pub k: usize,
    /// queries x k row numbers, nearest first; of equally near rows the one with the smaller number comes first.
    pub rows: Vec<u32>,
    /// queries x k distances in the metric that was asked for, in the same order.
    pub distances: Vec<f32>,
}

/// Queries whose best rows are kept in memory at a time, for each part.
const QUERIES: usize = 1024;

/// Queries whose distances to one block of rows lie in the second cache together.
const TOGETHER: usize = 64;

/// Rows in one block: as many as `products` takes together at ordinary widths.
const ROWS: usize = 240;

impl Matrix {
    /// For each row of `queries` the `k` nearest rows of self.
    ///
    /// # Errors
    /// When `k` is 0, the widths differ or are 0, a value is not finite, or squares of rows overflow (metrics other
    /// than cosine).
    pub fn nearest(
        &self,
        queries: &Matrix,
        k: usize,
        metric: Metric,
        threads: Threads,
    ) -> Result<Neighbours, KernelError> {
        let operation = "nearest";
        if k == 0 {
            return Err(KernelError::ZeroK { operation });
        }
        if self.cols() != queries.cols() {
            return Err(KernelError::Shapes { operation, left: self.shape(), right: queries.shape() });
        }
        self.need_columns(operation)?;
        self.need_finite(operation, "the matrix")?;
        queries.need_finite(operation, "`queries`")?;
        let k = k.min(self.rows());
        let mut found = Neighbours { k, rows: Vec::new(), distances: Vec::new() };
        let too_large = KernelError::TooLarge { shape: Shape { rows: queries.rows(), cols: k } };
        let len = queries.rows().checked_mul(k).ok_or(too_large)?;
        found.rows.try_reserve_exact(len).map_err(|_| too_large)?;
        found.distances.try_reserve_exact(len).map_err(|_| too_large)?;
        if len == 0 {
            return Ok(found);
        }
        for first in (0..queries.rows()).step_by(QUERIES) {
            let block = queries.slice_rows(first, QUERIES.min(queries.rows() - first))?;
            self.nearest_block(&block, first, metric, threads, &mut found)?;
        }
        Ok(found)
    }

    /// Appends the neighbours of one block of queries, the first of which is query `first`.
    fn nearest_block(
        &self,
        queries: &Matrix,
        first: usize,
        metric: Metric,
        threads: Threads,
        found: &mut Neighbours,
    ) -> Result<(), KernelError> {
        let level = Level::current();
        let cols = self.cols();
        let threads = threads.for_work(self.rows() as u128 * cols as u128 * queries.rows() as u128);
        let mut normalised = Vec::new();
        let mut norms = Vec::new();
        if metric == Metric::Cosine {
            normalised = Matrix::zeros(queries.rows(), cols)?;
            normalise(level, queries.values(), cols, &mut normalised, threads);
        } else {
            norms = row_squares(level, queries);
            check_norms("nearest", &norms, first, "`queries`")?;
        }
        let left = if normalised.is_empty() { queries.values() } else { &normalised };
        let search =
            Search { level, tile: simd::single(level), rows: self, queries: left, norms: &norms, metric, k: found.k };

        // Each part is some rows for all queries or, where the queries are more, all rows for some queries. The best of
        // every part of the rows are found from nothing, so there are no more of those than threads.
        let (rows, count) = (self.rows(), queries.rows());
        let parts: Vec<(Range<usize>, Range<usize>)> = if rows >= count {
            ranges(rows, threads.count(), ROWS).into_iter().map(|part| (part, 0..count)).collect()
        } else {
            ranges(count, threads.parts(), TOGETHER).into_iter().map(|part| (0..rows, part)).collect()
        };
        let kept = for_each_part(threads, parts.iter(), |(rows, queries)| search.part(rows.clone(), queries.clone()));
        let kept = kept.into_iter().collect::<Result<Vec<_>, _>>()?;

        let mut keys = Vec::new();
        for query in 0..count {
            keys.clear();
            for ((_, queries), best) in parts.iter().zip(&kept) {
                if queries.contains(&query) {
                    keys.extend_from_slice(&best[query - queries.start]);
                }
            }
            keys.sort_unstable();
            for &key in &keys[..found.k] {
                let (distance, row) = from_key(key);
                found.rows.push(row);
                found.distances.push(distance);
            }
        }
        Ok(())
    }
}

/// Refuses squares so large that a distance made from them could overflow.
pub(crate) fn check_norms(
    operation: &'static str,
    norms: &[f32],
    first: usize,
    operand: &'static str,
) -> Result<(), KernelError> {
    // Also false for NaN. By Cauchy and Schwarz the other terms are no larger than these.
    match norms.iter().position(|norm| !matches!(norm.partial_cmp(&(f32::MAX / 8.0)), Some(std::cmp::Ordering::Less))) {
        Some(row) => Err(KernelError::DistanceOverflow { operation, operand, row: first + row }),
        None => Ok(()),
    }
}

/// What all parts of one search share.
struct Search<'a> {
    level: Level,
    tile: &'static Tile<f32>,
    rows: &'a Matrix,
    queries: &'a [f32],
    norms: &'a [f32],
    metric: Metric,
    k: usize,
}

impl Search<'_> {
    /// The keys of the nearest of some rows, for each of some queries.
    fn part(&self, rows: Range<usize>, queries: Range<usize>) -> Result<Vec<Vec<u64>>, KernelError> {
        let cols = self.rows.cols();
        let mut best: Vec<Best> = queries.clone().map(|_| Best::new(self.k)).collect();
        let (mut normalised, mut norms, mut distances) = (Vec::new(), Vec::new(), Vec::new());
        let mut panels = Panels::new(self.tile, cols, ROWS.min(rows.len()));
        for first in rows.clone().step_by(ROWS) {
            let count = ROWS.min(rows.end - first);
            let mut block = &self.rows.values()[first * cols..(first + count) * cols];
            if self.metric == Metric::Cosine {
                normalised.resize(block.len(), 0.0);
                normalise(self.level, block, cols, &mut normalised, Threads::ONE);
                block = &normalised;
            }
            panels.refill_from_rows(self.level, block, count);
            if self.metric != Metric::Cosine {
                squares(self.level, &panels, &mut norms);
                check_norms("nearest", &norms, first, "the matrix")?;
            }
            let stride = panels.padded();
            for top in queries.clone().step_by(TOGETHER) {
                let height = TOGETHER.min(queries.end - top);
                distances.resize(height * stride, 0.0);
                let left = Left::whole(&self.queries[top * cols..(top + height) * cols], cols);
                products(
                    self.tile,
                    left,
                    &panels,
                    0..panels.count(),
                    &mut Out { values: &mut distances, stride, first: 0 },
                );
                for (query, row) in (top..).zip(distances.chunks_exact_mut(stride)) {
                    let products = &mut row[..count];
                    let norm = self.norms.get(query).copied().unwrap_or_default();
                    let best = &mut best[query - queries.start];
                    simd::run(
                        self.level,
                        Select { products, norm, norms: &norms, metric: self.metric, first: first as u32, best },
                    );
                }
            }
        }
        Ok(best.into_iter().map(|best| best.keys.into_vec()).collect())
    }
}

/// The k smallest keys so far.
struct Best {
    k: usize,
    keys: BinaryHeap<u64>,
    /// A distance must be below this to matter: rows come in order, so of equal ones the earlier is already here.
    below: f32,
}

impl Best {
    fn new(k: usize) -> Best {
        Best { k, keys: BinaryHeap::new(), below: f32::INFINITY }
    }

    fn offer(&mut self, distance: f32, row: u32) {
        if distance < self.below {
            self.keys.push(to_key(distance, row));
            if self.keys.len() > self.k {
                self.keys.pop();
            }
            if let (true, Some(&worst)) = (self.keys.len() == self.k, self.keys.peek()) {
                self.below = from_key(worst).0;
            }
        }
    }
}

/// Sorts by distance, then by row number. The distance is finite and not -0.
fn to_key(distance: f32, row: u32) -> u64 {
    let bits = distance.to_bits();
    let ordered = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    u64::from(ordered) << 32 | u64::from(row)
}

fn from_key(key: u64) -> (f32, u32) {
    let ordered = (key >> 32) as u32;
    let bits = if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered };
    (f32::from_bits(bits), key as u32)
}

/// Turns the products of one query with a block of rows into distances, and offers those that may matter.
struct Select<'a> {
    products: &'a mut [f32],
    norm: f32,
    norms: &'a [f32],
    metric: Metric,
    first: u32,
    best: &'a mut Best,
}

impl simd::Loop for Select<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Select { products, norm, norms, metric, first, best } = self;
        match metric {
            Metric::Euclidean => {
                for (value, row_norm) in products.iter_mut().zip(norms) {
                    *value = square_distance(norm, *row_norm, *value);
                }
            }
            Metric::Cosine => products.iter_mut().for_each(|value| *value = (1.0 - *value).clamp(0.0, 2.0)),
            // Zero is added so that -0 becomes 0, which is as near.
            Metric::Dot => products.iter_mut().for_each(|value| *value = -*value + 0.0),
        }
        let mut row = first;
        for distances in products.chunks(16) {
            // One test for sixteen rows: after the first blocks hardly any row is among the best.
            let below = best.below;
            if distances.iter().fold(false, |any, &distance| any | (distance < below)) {
                for (&distance, row) in distances.iter().zip(row..) {
                    best.offer(distance, row);
                }
            }
            row += distances.len() as u32;
        }
    }
}

/// The squared distance from the squares of both rows and their product. Twice the product is exact, so this is the
/// fused form.
#[inline(always)]
pub(crate) fn square_distance(left: f32, right: f32, product: f32) -> f32 {
    let distance = (left + right) - 2.0 * product;
    // Not `max`, whose choice between 0 and -0 is left open.
    if distance > 0.0 { distance } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_distance_and_then_by_row_and_give_both_back() {
        let ascending = [(-2.5, 0), (-1.0, 9), (0.0, 3), (0.0, 4), (1e-40, 0), (0.5, 7), (f32::MAX, 1)];
        for pair in ascending.windows(2) {
            assert!(to_key(pair[0].0, pair[0].1) < to_key(pair[1].0, pair[1].1), "{pair:?}");
        }
        for (distance, row) in ascending {
            assert_eq!(from_key(to_key(distance, row)), (distance, row));
        }
    }

    #[test]
    fn the_best_hold_the_first_of_equal_rows() {
        let mut best = Best::new(2);
        for (row, distance) in (0..).zip([3.0, 1.0, 1.0, 1.0, 0.5]) {
            best.offer(distance, row);
        }
        let kept: Vec<_> = best.keys.into_sorted_vec().into_iter().map(from_key).collect();
        assert_eq!(kept, [(0.5, 4), (1.0, 1)]);
    }
}
