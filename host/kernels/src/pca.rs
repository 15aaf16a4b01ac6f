//! Principal components: the eigenvectors of the covariance.

use crate::eigen::Eigen;
use crate::error::KernelError;
use crate::gram::{column_sums, gram};
use crate::level::Level;
use crate::matrix::Matrix;
use crate::threads::Threads;

/// What [`Matrix::pca`] found. Project a row x with (x - mean) x components-transposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// The mean of every column (1 x cols).
    pub mean: Matrix,
    /// width x cols, rows of length 1, the largest variance first; the largest entry of each row by magnitude, the
    /// first of equal ones, is positive.
    pub components: Matrix,
    /// The variance along each component: the sum of squares divided by rows - 1, and 0 for a single row.
    pub variances: Vec<f32>,
}

impl Matrix {
    /// The `width` directions of largest variance (Pearson, 1901), between 1 and the number of columns.
    ///
    /// Rows are centred near their mean in 32 bits; covariance and eigenvectors are in 64.
    ///
    /// # Errors
    /// When there are no rows or columns, `width` is out of range, or a value is not finite.
    pub fn pca(&self, width: usize, threads: Threads) -> Result<Projection, KernelError> {
        let operation = "pca";
        self.need_columns(operation)?;
        let (rows, cols) = (self.rows(), self.cols());
        if rows == 0 {
            return Err(KernelError::NoRows { operation });
        }
        if width == 0 || width > cols {
            return Err(KernelError::Width { width, cols });
        }
        self.need_finite(operation, "the matrix")?;
        let level = Level::current();
        let count = rows as f64;
        let sums = column_sums(level, self.values(), cols);
        let shift: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
        let mut values = Matrix::zeros(rows, cols)?;
        for (to, from) in values.chunks_exact_mut(cols).zip(self.values().chunks_exact(cols)) {
            for ((to, from), shift) in to.iter_mut().zip(from).zip(&shift) {
                *to = from - shift;
            }
        }
        let centred = Matrix::made(rows, cols, values).need_no_overflow(operation)?;

        // The shift is the mean rounded to 32 bits, so a little of the mean is left to take out.
        let left = column_sums(level, centred.values(), cols);
        let mut covariance = gram(level, centred.values(), cols, cols, threads)?;
        let freedom = (count - 1.0).max(1.0);
        for i in 0..cols {
            for j in 0..cols {
                let value = &mut covariance[i * cols + j];
                *value = (*value - left[i] * left[j] / count) / freedom;
            }
        }
        let Eigen { values, vectors } =
            Eigen::new(level, covariance, cols).map_err(|component| KernelError::Unsettled { component })?;
        let mut components = Vec::with_capacity(width * cols);
        for vector in vectors.chunks_exact(cols).take(width) {
            let largest =
                vector.iter().fold(0.0f64, |best, &value| if value.abs() > best.abs() { value } else { best });
            let sign = if largest < 0.0 { -1.0 } else { 1.0 };
            components.extend(vector.iter().map(|value| (sign * value) as f32));
        }
        let variances = values[..width].iter().map(|&value| if value > 0.0 { value as f32 } else { 0.0 }).collect();
        Ok(Projection {
            mean: Matrix::made(1, cols, shift),
            components: Matrix::made(width, cols, components),
            variances,
        })
    }
}
