//! Matrices that live with the host, and the linear algebra on them.

use crate::{Error, backend};

/// How far apart two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Squared Euclidean distance; smaller is nearer.
    Euclidean,
    /// One minus the cosine of the angle; a row of zeros is at distance 1 from everything.
    Cosine,
    /// Minus the inner product; smaller is nearer.
    Dot,
}

/// The nearest rows of a matrix, for several queries at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// How many neighbours each query got: what was asked for, or the number of rows if that is smaller.
    pub k: usize,
    /// queries x k row numbers, nearest first; of equally near rows the smaller number first.
    pub rows: Vec<u32>,
    /// queries x k distances, in the same order.
    pub distances: Vec<f32>,
}

impl Neighbours {
    /// The neighbours of one query: row numbers and distances, nearest first.
    pub fn of(&self, query: usize) -> (&[u32], &[f32]) {
        let span = query * self.k..(query + 1) * self.k;
        (&self.rows[span.clone()], &self.distances[span])
    }
}

/// What [`Matrix::kmeans`] found.
#[derive(Debug)]
pub struct Clusters {
    /// clusters x cols: the mean of each cluster's rows.
    pub centroids: Matrix,
    /// For every row the number of its cluster.
    pub assignment: Vec<u32>,
    /// Sum of the squared distances of all rows to their centres.
    pub inertia: f64,
    /// Lloyd rounds that were done.
    pub rounds: u32,
}

/// What [`Matrix::pca`] found. A row x is projected by (x - mean) x components-transposed.
#[derive(Debug)]
pub struct Projection {
    /// The mean of every column (1 x cols).
    pub mean: Matrix,
    /// width x cols, rows of length 1, the largest variance first.
    pub components: Matrix,
    /// The variance along each component.
    pub variances: Vec<f32>,
}

/// rows x cols 32-bit floats that never change once made. They stay with the host, which also does the arithmetic: as
/// fast as the machine can and with the same bits on every CPU. Its work is charged as fuel (see `wit/kernels.wit`).
///
/// A shape that does not fit is [`Error::Malformed`] here; the host itself would end the call.
#[derive(Debug)]
pub struct Matrix {
    pub(crate) inner: backend::Matrix,
}

impl Matrix {
    /// Moves `values` (row after row) to the host.
    ///
    /// # Errors
    /// When there are not rows x cols values.
    pub fn new(rows: usize, cols: usize, values: Vec<f32>) -> Result<Self, Error> {
        if rows.checked_mul(cols) != Some(values.len()) {
            return Err(Error::Malformed(format!("a matrix of {rows} x {cols} cannot hold {} values", values.len())));
        }
        backend::Matrix::new(rows, cols, values).map(Self::from)
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.inner.rows()
    }

    /// How many values a row has.
    pub fn cols(&self) -> usize {
        self.inner.cols()
    }

    /// Copies `count` rows from row `start` on, row after row.
    ///
    /// # Errors
    /// When the matrix has fewer rows.
    pub fn read(&self, start: usize, count: usize) -> Result<Vec<f32>, Error> {
        within("rows", start, count, self.rows())?;
        self.inner.read(start, count)
    }

    /// Copies everything, row after row.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn read_all(&self) -> Result<Vec<f32>, Error> {
        self.read(0, self.rows())
    }

    /// A new matrix of the given rows in the given order; a row may be taken more than once.
    ///
    /// # Errors
    /// When a row does not exist.
    pub fn gather(&self, rows: &[u32]) -> Result<Self, Error> {
        if let Some(row) = rows.iter().find(|&&row| row as usize >= self.rows()) {
            return Err(Error::Malformed(format!("row {row} of a matrix of {} rows", self.rows())));
        }
        self.inner.gather(rows).map(Self::from)
    }

    /// The same rows, each divided by its Euclidean length; a row of zeros stays as it is.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn normalise_rows(&self) -> Result<Self, Error> {
        self.inner.normalise_rows().map(Self::from)
    }

    /// self x other.
    ///
    /// # Errors
    /// When self has not as many columns as `other` has rows.
    pub fn multiply(&self, other: &Self) -> Result<Self, Error> {
        fits("columns", self.cols(), other.rows())?;
        self.inner.multiply(&other.inner, false).map(Self::from)
    }

    /// self x other-transposed: the inner product of every row of self with every row of `other`.
    ///
    /// # Errors
    /// When the rows differ in length.
    pub fn multiply_transposed(&self, other: &Self) -> Result<Self, Error> {
        fits("columns", self.cols(), other.cols())?;
        self.inner.multiply(&other.inner, true).map(Self::from)
    }

    /// For each row of `queries` the `k` nearest rows of self.
    ///
    /// # Errors
    /// When the rows differ in length or `k` is 0.
    pub fn nearest(&self, queries: &Self, k: usize, metric: Metric) -> Result<Neighbours, Error> {
        fits("columns", self.cols(), queries.cols())?;
        at_least_one("neighbours", k)?;
        self.inner.nearest(&queries.inner, k, metric)
    }

    /// Groups the rows into `k` clusters (fewer when there are fewer rows): k-means++ from `seed`, then at most `rounds`
    /// Lloyd rounds.
    ///
    /// # Errors
    /// When `k` is 0 or there are no rows.
    pub fn kmeans(&self, k: usize, rounds: u32, seed: u64) -> Result<Clusters, Error> {
        at_least_one("clusters", k)?;
        at_least_one("rows", self.rows())?;
        self.inner.kmeans(k, rounds, seed)
    }

    /// Ridge regression of every column of `targets` on the rows of self, with an intercept that is not penalised:
    /// (cols + 1) x targets weights, the intercept in the last row. A NaN target is a missing observation.
    ///
    /// # Errors
    /// When `targets` has another number of rows, or `lambda` is not positive.
    pub fn ridge(&self, targets: &Self, lambda: f32) -> Result<Self, Error> {
        fits("rows", self.rows(), targets.rows())?;
        if !(lambda.is_finite() && lambda > 0.0) {
            return Err(Error::Malformed(format!("ridge regression needs a positive `lambda`: {lambda}")));
        }
        self.inner.ridge(&targets.inner, lambda).map(Self::from)
    }

    /// The `width` directions of largest variance.
    ///
    /// # Errors
    /// When `width` is 0 or there are no rows.
    pub fn pca(&self, width: usize) -> Result<Projection, Error> {
        at_least_one("directions", width)?;
        at_least_one("rows", self.rows())?;
        self.inner.pca(width)
    }
}

impl From<backend::Matrix> for Matrix {
    fn from(inner: backend::Matrix) -> Self {
        Self { inner }
    }
}

/// Refuses a block that reaches beyond the end.
pub(crate) fn within(what: &str, start: usize, count: usize, end: usize) -> Result<(), Error> {
    match start.checked_add(count) {
        Some(last) if last <= end => Ok(()),
        _ => Err(Error::Malformed(format!("{what} {start} to {} of {end}", start.saturating_add(count)))),
    }
}

fn fits(what: &str, left: usize, right: usize) -> Result<(), Error> {
    if left == right { Ok(()) } else { Err(Error::Malformed(format!("{what} do not fit: {left} and {right}"))) }
}

fn at_least_one(what: &str, count: usize) -> Result<(), Error> {
    if count == 0 { Err(Error::Malformed(format!("at least one of {what} is needed"))) } else { Ok(()) }
}
