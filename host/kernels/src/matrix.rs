//! Rows of 32-bit floats that never change once made.

use std::sync::{Arc, OnceLock};

use crate::error::{KernelError, Shape};

/// A matrix of `rows` x `cols` 32-bit floats, row after row. Cloning one, or slicing its rows, copies no value.
///
/// Any float may be in a matrix. An operation that needs finite numbers says so by [`KernelError::NotFinite`].
#[derive(Clone)]
pub struct Matrix {
    storage: Arc<Storage>,
    /// Where in the storage the first row begins.
    start: usize,
    rows: usize,
    cols: usize,
}

struct Storage {
    values: Vec<f32>,
    /// Whether every value is finite: looked up at each operation, so found out once.
    finite: OnceLock<bool>,
}

impl Matrix {
    /// A matrix of the given values, row after row.
    pub fn new(rows: usize, cols: usize, values: Vec<f32>) -> Result<Matrix, KernelError> {
        if rows.checked_mul(cols) != Some(values.len()) {
            return Err(KernelError::Values { shape: Shape { rows, cols }, values: values.len() });
        }
        // Row numbers in answers have 32 bits.
        if u32::try_from(rows).is_err() {
            return Err(KernelError::TooManyRows { rows });
        }
        Ok(Matrix::made(rows, cols, values))
    }

    /// A matrix whose shape is right by construction.
    pub(crate) fn made(rows: usize, cols: usize, values: Vec<f32>) -> Matrix {
        debug_assert_eq!(rows * cols, values.len());
        Matrix { storage: Arc::new(Storage { values, finite: OnceLock::new() }), start: 0, rows, cols }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Rows and columns.
    pub fn shape(&self) -> Shape {
        Shape { rows: self.rows, cols: self.cols }
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.storage.values[self.start..self.start + self.rows * self.cols]
    }

    /// One row, from 0; a row that does not exist panics, as indexing a slice does.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values()[row * self.cols..][..self.cols]
    }

    /// How many bytes its own rows take, whether or not it shares them.
    pub fn bytes(&self) -> usize {
        self.rows * self.cols * size_of::<f32>()
    }

    /// `count` rows from row `start` on, without copying them.
    pub fn slice_rows(&self, start: usize, count: usize) -> Result<Matrix, KernelError> {
        match start.checked_add(count) {
            Some(end) if end <= self.rows => Ok(Matrix {
                storage: Arc::clone(&self.storage),
                start: self.start + start * self.cols,
                rows: count,
                cols: self.cols,
            }),
            _ => Err(KernelError::Row { row: self.rows.max(start), rows: self.rows }),
        }
    }

    /// The given rows in the given order; a row may be taken more than once.
    pub fn gather(&self, rows: &[u32]) -> Result<Matrix, KernelError> {
        if let Some(&row) = rows.iter().find(|&&row| row as usize >= self.rows) {
            return Err(KernelError::Row { row: row as usize, rows: self.rows });
        }
        if u32::try_from(rows.len()).is_err() {
            return Err(KernelError::TooManyRows { rows: rows.len() });
        }
        let mut values = Vec::new();
        let too_large = KernelError::TooLarge { shape: Shape { rows: rows.len(), cols: self.cols } };
        let len = rows.len().checked_mul(self.cols).ok_or(too_large)?;
        values.try_reserve_exact(len).map_err(|_| too_large)?;
        for &row in rows {
            values.extend_from_slice(self.row(row as usize));
        }
        Ok(Matrix::made(rows.len(), self.cols, values))
    }

    /// Zeros for a result, or a refusal instead of the end of the process where there is no room.
    pub(crate) fn zeros<T: Copy + Default>(rows: usize, cols: usize) -> Result<Vec<T>, KernelError> {
        let too_large = KernelError::TooLarge { shape: Shape { rows, cols } };
        let len = rows.checked_mul(cols).ok_or(too_large)?;
        // Asked for twice, because only `vec!` gets pages that are zero already.
        Vec::<T>::new().try_reserve_exact(len).map_err(|_| too_large)?;
        Ok(vec![T::default(); len])
    }

    /// Refuses a matrix without columns.
    pub(crate) fn need_columns(&self, operation: &'static str) -> Result<(), KernelError> {
        if self.cols == 0 { Err(KernelError::NoColumns { operation }) } else { Ok(()) }
    }

    /// Refuses a matrix with a value that is not finite, naming the first.
    pub(crate) fn need_finite(&self, operation: &'static str, operand: &'static str) -> Result<(), KernelError> {
        let finite = self.storage.finite.get_or_init(|| all_finite(&self.storage.values));
        if *finite || all_finite(self.values()) {
            return Ok(());
        }
        match self.values().iter().position(|value| !value.is_finite()) {
            Some(at) => Err(KernelError::NotFinite {
                operation,
                operand,
                row: at / self.cols,
                col: at % self.cols,
                value: self.values()[at],
            }),
            None => Ok(()),
        }
    }

    /// Refuses a result with a value that is not finite, naming the first row that has one.
    pub(crate) fn need_no_overflow(self, operation: &'static str) -> Result<Matrix, KernelError> {
        if *self.storage.finite.get_or_init(|| all_finite(&self.storage.values)) {
            return Ok(self);
        }
        let at = self.values().iter().position(|value| !value.is_finite()).unwrap_or(0);
        Err(KernelError::Overflow { operation, row: at / self.cols.max(1) })
    }
}

/// Whether every value is finite; without an early end inside a block, so that it runs at the speed of memory.
fn all_finite(values: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    values
        .chunks(1024)
        .all(|block| block.iter().fold(true, |finite, value| finite & (value.to_bits() & EXPONENT != EXPONENT)))
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matrix({})", self.shape())
    }
}

/// Equal when the shapes and all bits are: NaN equals itself, and 0 is not -0.
impl PartialEq for Matrix {
    fn eq(&self, other: &Matrix) -> bool {
        let bits = |matrix: &Matrix| matrix.values().iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        self.shape() == other.shape() && bits(self) == bits(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_shares_the_rows_and_counts_only_its_own() {
        let whole = Matrix::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let tail = whole.slice_rows(1, 2).unwrap();
        assert_eq!(tail.values(), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(tail.row(1), [4.0, 5.0]);
        assert_eq!(tail.slice_rows(1, 1).unwrap().values().as_ptr(), whole.row(2).as_ptr());
        assert_eq!((whole.bytes(), tail.bytes()), (24, 16));
        assert_eq!(whole.slice_rows(3, 0).unwrap().rows(), 0);
    }

    #[test]
    fn gathering_repeats_and_reorders() {
        let whole = Matrix::new(3, 1, vec![0.0, 1.0, 2.0]).unwrap();
        assert_eq!(whole.gather(&[2, 0, 2]).unwrap().values(), [2.0, 0.0, 2.0]);
        assert_eq!(whole.gather(&[]).unwrap().shape(), Shape { rows: 0, cols: 1 });
    }

    #[test]
    fn refusals_name_what_is_wrong() {
        let two = Matrix::new(2, 2, vec![1.0, 2.0, f32::NAN, 4.0]).unwrap();
        let cases = [
            (Matrix::new(3, 4, vec![0.0; 11]).err(), "a matrix of 3 x 4 does not hold this number of values: 11"),
            (
                Matrix::new(usize::MAX, 2, vec![]).err(),
                "a matrix of 18446744073709551615 x 2 does not hold this number of values: 0",
            ),
            (Matrix::new(1 << 32, 0, vec![]).err(), "a matrix has at most 4294967295 rows: 4294967296"),
            (two.slice_rows(1, 2).err(), "the matrix has 2 rows, so there is no row 2"),
            (two.slice_rows(usize::MAX, 2).err(), "the matrix has 2 rows, so there is no row 18446744073709551615"),
            (two.gather(&[0, 7]).err(), "the matrix has 2 rows, so there is no row 7"),
            (
                two.need_finite("multiply", "`other`").err(),
                "`multiply` needs finite numbers, but `other` has at row 1, column 0: NaN",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_finite_slice_of_a_matrix_with_a_hole_is_finite() {
        let whole = Matrix::new(2, 1, vec![f32::NAN, 4.0]).unwrap();
        assert!(whole.need_finite("pca", "the matrix").is_err());
        assert!(whole.slice_rows(1, 1).unwrap().need_finite("pca", "the matrix").is_ok());
    }
}
