//! What can be wrong with a request.

/// Rows and columns, printed as `3 x 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub cols: usize,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {}", self.rows, self.cols)
    }
}

/// Why an operation was not done.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The number of values is not rows times columns.
    #[error("a matrix of {shape} does not hold this number of values: {values}")]
    Values {
        /// The shape that was asked for.
        shape: Shape,
        /// How many values were given.
        values: usize,
    },
    /// Rows are numbered in 32 bits.
    #[error("a matrix has at most 4294967295 rows: {rows}")]
    TooManyRows {
        /// The number that was asked for.
        rows: usize,
    },
    /// More values than memory has room for.
    #[error("there is no memory for a matrix of {shape}")]
    TooLarge {
        /// The shape of the result.
        shape: Shape,
    },
    /// Two matrices that do not fit together.
    #[error("the shapes of the two matrices of `{operation}` do not fit: {left} and {right}")]
    Shapes {
        /// The operation that was asked for.
        operation: &'static str,
        /// The matrix it was asked of.
        left: Shape,
        /// The matrix it was given.
        right: Shape,
    },
    /// A row that the matrix does not have.
    #[error("the matrix has {rows} rows, so there is no row {row}")]
    Row {
        /// The row that was asked for, from 0.
        row: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A NaN or an infinity where a number is needed.
    #[error("`{operation}` needs finite numbers, but {operand} has at row {row}, column {col}: {value}")]
    NotFinite {
        /// The operation that was asked for.
        operation: &'static str,
        /// Which of its matrices.
        operand: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        col: usize,
        /// What is there.
        value: f32,
    },
    /// Finite numbers so large that the result is not.
    #[error("the result of `{operation}` overflows 32-bit floats in row {row}")]
    Overflow {
        /// The operation that was asked for.
        operation: &'static str,
        /// Row of the result, from 0.
        row: usize,
    },
    /// Finite numbers so large that distances from them might not be.
    #[error("the distances of `{operation}` overflow 32-bit floats in row {row} of {operand}")]
    DistanceOverflow {
        /// The operation that was asked for.
        operation: &'static str,
        /// Which of its matrices.
        operand: &'static str,
        /// Row, from 0.
        row: usize,
    },
    /// Nothing was asked for.
    #[error("`k` of `{operation}` must be at least 1")]
    ZeroK {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// A penalty that is not a positive number.
    #[error("`lambda` of `ridge` must be positive and finite: {lambda}")]
    Lambda {
        /// What was given.
        lambda: f32,
    },
    /// Columns so dependent that the penalty does not hold them apart.
    #[error("`ridge` cannot be solved at column {col}: its columns depend on each other, raise `lambda`")]
    Singular {
        /// The column of the features at which the factorisation ended.
        col: usize,
    },
    /// A number of components that the matrix cannot have.
    #[error("`width` of `pca` must be between 1 and the number of columns, {cols}: {width}")]
    Width {
        /// What was given.
        width: usize,
        /// How many columns there are.
        cols: usize,
    },
    /// An operation that needs at least one column; without any its cost would be 0, whatever the rows.
    #[error("`{operation}` needs a matrix with at least one column")]
    NoColumns {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// An operation that needs at least one row.
    #[error("`{operation}` needs a matrix with at least one row")]
    NoRows {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// The eigenvalue iteration did not settle; not seen with finite numbers.
    #[error("`pca` found no component {component} in the rounds it has")]
    Unsettled {
        /// The component, from 0.
        component: usize,
    },
}
