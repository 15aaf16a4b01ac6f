//! k-means: Lloyd's rounds over a matrix that is packed once.

use std::ops::Range;

use crate::error::KernelError;
use crate::lanes;
use crate::level::Level;
use crate::matrix::Matrix;
use crate::multiply::{Out, products, row_squares, squares};
use crate::nearest::{check_norms, square_distance};
use crate::pack::Panels;
use crate::seeding;
use crate::simd::{self, Left, Tile};
use crate::threads::{Threads, for_each_part, ranges};

/// What [`Matrix::kmeans`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// clusters x cols: the mean of each cluster's rows, summed in 64 bits in the order of the rows. When no round
    /// was asked for, the rows that seeding chose.
    pub centroids: Matrix,
    /// For every row the number of its cluster.
    pub assignment: Vec<u32>,
    /// Sum of the squared distances of all rows to their centres, in 64 bits.
    pub inertia: f64,
    /// Lloyd rounds that were done; the one that changed nothing is counted.
    pub rounds: u32,
}

impl Matrix {
    /// Groups the rows into `k` clusters (fewer when there are fewer rows), by k-means++ seeding (Arthur and
    /// Vassilvitskii, 2007) and at most `rounds` Lloyd rounds (Lloyd, 1982).
    ///
    /// A round assigns every row to the centre that [`Matrix::nearest`] calls nearest, of equally near ones the one
    /// with the smaller number, and then moves each centre to the mean of its rows. A cluster without rows, in the
    /// order of their numbers, gets the row that is farthest from its own centre and is not alone there, of equally
    /// far ones the first. The rounds end early when no row changes its cluster.
    ///
    /// # Errors
    /// When `k` is 0, there are no columns, a value is not finite, or squares of rows overflow.
    pub fn kmeans(&self, k: usize, rounds: u32, seed: u64, threads: Threads) -> Result<Clusters, KernelError> {
        let operation = "kmeans";
        if k == 0 {
            return Err(KernelError::ZeroK { operation });
        }
        self.need_columns(operation)?;
        self.need_finite(operation, "the matrix")?;
        let k = k.min(self.rows());
        let mut lloyd = Lloyd::new(self, threads)?;
        let seeds = seeding::plus_plus(&mut lloyd, k, seed)?;
        let mut centroids = self.gather(&seeds)?;
        let mut done = 0;
        while done < rounds && k > 0 {
            done += 1;
            // Seeding has already found the nearest of the first centres.
            if done > 1 {
                let before = lloyd.assignment.clone();
                lloyd.start_over();
                lloyd.assign(&centroids, 0);
                lloyd.fill_empty_clusters(k);
                if lloyd.assignment == before {
                    break;
                }
            } else {
                lloyd.fill_empty_clusters(k);
            }
            centroids = lloyd.means(k)?;
        }
        let inertia = lloyd.inertia(&centroids);
        Ok(Clusters { centroids, assignment: lloyd.assignment, inertia, rounds: done })
    }
}

/// The rows, packed once, and the nearest centre of each so far.
pub(crate) struct Lloyd<'a> {
    rows: &'a Matrix,
    level: Level,
    tile: &'static Tile<f32>,
    threads: Threads,
    panels: Panels<f32>,
    norms: Vec<f32>,
    assignment: Vec<u32>,
    /// The squared distance of each row to the centre it is assigned to.
    pub(crate) distances: Vec<f32>,
}

impl<'a> Lloyd<'a> {
    fn new(rows: &'a Matrix, threads: Threads) -> Result<Lloyd<'a>, KernelError> {
        let level = Level::current();
        let count = rows.rows();
        let panels = Panels::from_rows(level, rows.values(), rows.cols(), count, threads);
        let mut norms = Vec::new();
        squares(level, &panels, &mut norms);
        check_norms("kmeans", &norms, 0, "the matrix")?;
        let (assignment, distances) = (vec![0; count], vec![f32::INFINITY; count]);
        Ok(Lloyd { rows, level, tile: simd::single(level), threads, panels, norms, assignment, distances })
    }

    /// One row as a matrix of its own.
    pub(crate) fn row(&self, row: usize) -> Result<Matrix, KernelError> {
        self.rows.slice_rows(row, 1)
    }

    /// Forgets every centre.
    fn start_over(&mut self) {
        self.distances.fill(f32::INFINITY);
    }

    /// Offers more centres to every row; the first of them is cluster `first`. A row keeps what it has unless one is
    /// strictly nearer.
    pub(crate) fn assign(&mut self, centres: &Matrix, first: u32) {
        let Lloyd { level, tile, ref panels, ref norms, .. } = *self;
        let centre_norms = row_squares(level, centres);
        let threads = self.threads.for_work(self.rows.values().len() as u128 * centres.rows() as u128);
        let parts = ranges(panels.count(), threads.parts(), 1);
        let each = parts.first().map_or(1, Range::len) * panels.width();
        let nearest = self.assignment.chunks_mut(each).zip(self.distances.chunks_mut(each));
        for_each_part(threads, parts.into_iter().zip(nearest), |(numbers, (assignment, distances))| {
            let mut buffer = vec![0.0; centres.rows() * panels.width()];
            for (number, local) in numbers.zip(0..) {
                let panel = panels.panel(number);
                let stride = panel.width;
                let products_here = &mut buffer[..centres.rows() * stride];
                let mut out = Out { values: products_here, stride, first: 0 };
                products(tile, Left::whole(centres.values(), centres.cols()), panels, number..number + 1, &mut out);
                let rows = local * panels.width()..local * panels.width() + panel.cols;
                simd::run(
                    level,
                    Nearer {
                        products: products_here,
                        stride,
                        norms: &norms[panel.first..][..panel.cols],
                        centre_norms: &centre_norms,
                        first,
                        assignment: &mut assignment[rows.clone()],
                        distances: &mut distances[rows],
                    },
                );
            }
        });
    }

    /// Gives every cluster without rows the row that is farthest from its own centre and has company there.
    fn fill_empty_clusters(&mut self, k: usize) {
        let mut sizes = vec![0usize; k];
        for &cluster in &self.assignment {
            sizes[cluster as usize] += 1;
        }
        for cluster in 0..k {
            if sizes[cluster] > 0 {
                continue;
            }
            let mut farthest: Option<usize> = None;
            for row in 0..self.assignment.len() {
                let farther = farthest.is_none_or(|best| self.distances[row] > self.distances[best]);
                if sizes[self.assignment[row] as usize] > 1 && farther {
                    farthest = Some(row);
                }
            }
            if let Some(row) = farthest {
                sizes[self.assignment[row] as usize] -= 1;
                sizes[cluster] = 1;
                self.assignment[row] = cluster as u32;
                self.distances[row] = 0.0;
            }
        }
    }

    /// The mean of each cluster's rows. Threads divide the columns, so every sum goes through the rows in order.
    fn means(&self, k: usize) -> Result<Matrix, KernelError> {
        let cols = self.rows.cols();
        let threads = self.threads.for_work(self.rows.values().len() as u128);
        let parts = ranges(cols, threads.count(), 16);
        let sums = for_each_part(threads, parts.iter(), |columns| {
            let mut sums = vec![0f64; k * columns.len()];
            let (rows, assignment, columns) = (self.rows, &self.assignment[..], columns.clone());
            simd::run(self.level, Sum { rows, assignment, columns, sums: &mut sums });
            sums
        });
        let mut sizes = vec![0u32; k];
        for &cluster in &self.assignment {
            sizes[cluster as usize] += 1;
        }
        let mut values = Matrix::zeros(k, cols)?;
        for (columns, sums) in parts.iter().zip(&sums) {
            for cluster in 0..k {
                for col in columns.clone() {
                    let sum = sums[cluster * columns.len() + col - columns.start];
                    values[cluster * cols + col] = (sum / f64::from(sizes[cluster])) as f32;
                }
            }
        }
        Ok(Matrix::made(k, cols, values))
    }

    /// The sum of the squared distances of all rows to the centres they are assigned to.
    fn inertia(&self, centroids: &Matrix) -> f64 {
        let threads = self.threads.for_work(self.rows.values().len() as u128);
        let parts = ranges(self.rows.rows(), threads.parts(), 64);
        let distances = for_each_part(threads, parts.into_iter(), |rows| {
            let assignment = &self.assignment[..];
            simd::run(self.level, Distances { rows: self.rows, part: rows, assignment, centroids })
        });
        distances.iter().flatten().sum()
    }
}

/// Compares the centres' products with one panel of rows to what the rows have.
struct Nearer<'a> {
    products: &'a [f32],
    stride: usize,
    norms: &'a [f32],
    centre_norms: &'a [f32],
    first: u32,
    assignment: &'a mut [u32],
    distances: &'a mut [f32],
}

impl simd::Loop for Nearer<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Nearer { products, stride, norms, centre_norms, first, assignment, distances } = self;
        let count = norms.len();
        let (assignment, distances) = (&mut assignment[..count], &mut distances[..count]);
        for ((products, &centre_norm), cluster) in products.chunks_exact(stride).zip(centre_norms).zip(first..) {
            let products = &products[..count];
            for lane in 0..count {
                let distance = square_distance(norms[lane], centre_norm, products[lane]);
                let nearer = distance < distances[lane];
                distances[lane] = if nearer { distance } else { distances[lane] };
                assignment[lane] = if nearer { cluster } else { assignment[lane] };
            }
        }
    }
}

/// Adds some columns of every row to the sums of its cluster.
struct Sum<'a> {
    rows: &'a Matrix,
    assignment: &'a [u32],
    columns: Range<usize>,
    sums: &'a mut [f64],
}

impl simd::Loop for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sum { rows, assignment, columns, sums } = self;
        let width = columns.len();
        for (row, &cluster) in rows.values().chunks_exact(rows.cols()).zip(assignment) {
            let sums = &mut sums[cluster as usize * width..][..width];
            for (sum, &value) in sums.iter_mut().zip(&row[columns.clone()]) {
                *sum += f64::from(value);
            }
        }
    }
}

/// The squared distance of each row of a part to its centre.
struct Distances<'a> {
    rows: &'a Matrix,
    part: Range<usize>,
    assignment: &'a [u32],
    centroids: &'a Matrix,
}

impl simd::Loop for Distances<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let Distances { rows, part, assignment, centroids } = self;
        let mut distances = Vec::with_capacity(part.len());
        for row in part {
            distances.push(lanes::square_distance(rows.row(row), centroids.row(assignment[row] as usize)));
        }
        distances
    }
}
