//! Symmetric positive definite systems in 64 bits.

use crate::lanes::inner;
use crate::level::Level;
use crate::simd;

/// A system A x = b, factored as A = L L-transposed.
pub(crate) struct Cholesky {
    lower: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factors a symmetric matrix, row after row; only its lower half is read. Where it is not positive definite the
    /// error is the row.
    pub(crate) fn new(level: Level, mut matrix: Vec<f64>, size: usize) -> Result<Cholesky, usize> {
        simd::run(level, Factor { matrix: &mut matrix, size })?;
        Ok(Cholesky { lower: matrix, size })
    }

    /// The solution for one right side.
    pub(crate) fn solve(&self, mut right: Vec<f64>) -> Vec<f64> {
        let row = |i: usize| &self.lower[i * self.size..][..=i];
        for i in 0..self.size {
            let known = inner(&row(i)[..i], &right[..i]);
            right[i] = (right[i] - known) / row(i)[i];
        }
        // Upwards each solved value is taken from all above it, so that rows are still read in order.
        for i in (0..self.size).rev() {
            let value = right[i] / row(i)[i];
            right[i] = value;
            for (right, lower) in right[..i].iter_mut().zip(row(i)) {
                *right -= value * lower;
            }
        }
        right
    }
}

struct Factor<'a> {
    matrix: &'a mut [f64],
    size: usize,
}

impl simd::Loop for Factor<'_> {
    type Output = Result<(), usize>;

    #[inline(always)]
    fn run(self) -> Result<(), usize> {
        let Factor { matrix, size } = self;
        for i in 0..size {
            let (above, row) = matrix.split_at_mut(i * size);
            for j in 0..i {
                let other = &above[j * size..][..=j];
                row[j] = (row[j] - inner(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - inner(&row[..i], &row[..i]);
            if pivot.is_nan() || pivot <= 0.0 {
                return Err(i);
            }
            row[i] = pivot.sqrt();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factored_system_gives_back_its_solution() {
        let size = 40;
        let spread = |i: usize, j: usize| ((i * 31 + j * 17) % 13) as f64 - 6.0;
        let mut matrix = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..size {
                matrix[i * size + j] = (0..size).map(|k| spread(i, k) * spread(j, k)).sum::<f64>();
            }
            matrix[i * size + i] += 1.0;
        }
        let solution: Vec<f64> = (0..size).map(|i| i as f64 - 3.5).collect();
        let right = (0..size).map(|i| (0..size).map(|j| matrix[i * size + j] * solution[j]).sum()).collect();
        let system = Cholesky::new(Level::current(), matrix, size).unwrap();
        for (found, expected) in system.solve(right).iter().zip(&solution) {
            assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_is_refused_at_its_row() {
        let refused = |matrix: Vec<f64>| Cholesky::new(Level::current(), matrix, 2).err();
        assert_eq!(refused(vec![1.0, 1.0, 1.0, 1.0]), Some(1));
        assert_eq!(refused(vec![f64::NAN, 0.0, 0.0, 1.0]), Some(0));
    }
}
