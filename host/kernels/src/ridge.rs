//! Ridge regression by its normal equations, one factorisation for all columns that miss the same rows.

use std::collections::BTreeMap;

use crate::cholesky::Cholesky;
use crate::error::KernelError;
use crate::gram::{column_sums, gram};
use crate::level::Level;
use crate::matrix::Matrix;
use crate::threads::Threads;

impl Matrix {
    /// Ridge regression (Hoerl and Kennard, 1970) of every column of `targets` (n rows, t columns) on the rows of
    /// self, with an intercept that is not penalised.
    ///
    /// Gives (d + 1) x t weights, the intercept in the last row: `prediction = x . w[0..d] + w[d]`. For each column the
    /// weights make the sum of the squared errors plus `lambda` times the sum of the squared weights least. A NaN
    /// target is a missing observation: that row is left out for that column. A column without any observation gets
    /// weights of 0.
    ///
    /// Features and targets are centred near their means in 32 bits; everything after that is in 64.
    ///
    /// # Errors
    /// When `lambda` is not positive and finite, the rows differ in number, there are no columns, a feature is not
    /// finite, a target is infinite, or the equations cannot be solved.
    pub fn ridge(&self, targets: &Matrix, lambda: f32, threads: Threads) -> Result<Matrix, KernelError> {
        self.ridge_given(targets, &targets.missing_rows(), lambda, threads)
    }

    /// As [`Matrix::ridge`], where it is known already which rows the targets miss.
    ///
    /// # Errors
    /// As [`Matrix::ridge`].
    pub fn ridge_given(
        &self,
        targets: &Matrix,
        missing: &MissingRows,
        lambda: f32,
        threads: Threads,
    ) -> Result<Matrix, KernelError> {
        let operation = "ridge";
        if !(lambda > 0.0 && lambda.is_finite()) {
            return Err(KernelError::Lambda { lambda });
        }
        if self.rows() != targets.rows() {
            return Err(KernelError::Shapes { operation, left: self.shape(), right: targets.shape() });
        }
        self.need_columns(operation)?;
        self.need_finite(operation, "the matrix")?;
        if let Some(at) = targets.values().iter().position(|target| target.is_infinite()) {
            let (row, col, value) = (at / targets.cols(), at % targets.cols(), targets.values()[at]);
            return Err(KernelError::NotFinite { operation, operand: "`targets`", row, col, value });
        }
        let level = Level::current();
        let (rows, d, t) = (self.rows(), self.cols(), targets.cols());
        let mut weights = Matrix::zeros(d + 1, t)?;
        // Without targets the cost is nearly none, so nothing may be done.
        if t == 0 {
            return Ok(Matrix::made(d + 1, 0, weights));
        }
        let data = Centred::new(level, self, targets, threads)?;
        for (missing, columns) in &missing.columns {
            let observed = rows - missing.len();
            if observed == 0 {
                continue;
            }
            let (sums, products) = data.of_observed(missing, threads)?;
            let count = observed as f64;
            let mut system = Matrix::zeros(d, d)?;
            for i in 0..d {
                for j in 0..d {
                    system[i * d + j] = products[i * d + j] - sums[i] * sums[j] / count;
                }
                system[i * d + i] += f64::from(lambda);
            }
            let system = Cholesky::new(level, system, d).map_err(|col| KernelError::Singular { col })?;
            for &col in columns {
                let target_sum = data.sums[d + col];
                let right: Vec<f64> =
                    (0..d).map(|i| data.products[i * (d + t) + d + col] - sums[i] * target_sum / count).collect();
                let solution = system.solve(right);
                let mut intercept = f64::from(data.shift[d + col]) + target_sum / count;
                for (i, &weight) in solution.iter().enumerate() {
                    let weight = weight as f32;
                    weights[i * t + col] = weight;
                    intercept -= f64::from(weight) * (f64::from(data.shift[i]) + sums[i] / count);
                }
                weights[d * t + col] = intercept as f32;
            }
        }
        Matrix::made(d + 1, t, weights).need_no_overflow(operation)
    }

    /// Which rows each column misses (NaN), as [`Matrix::ridge_given`] wants it for targets.
    pub fn missing_rows(&self) -> MissingRows {
        let mut missing: Vec<Vec<u32>> = vec![Vec::new(); self.cols()];
        for (row, values) in (0..).zip(self.values().chunks_exact(self.cols().max(1))) {
            for (missing, value) in missing.iter_mut().zip(values) {
                if value.is_nan() {
                    missing.push(row);
                }
            }
        }
        let mut columns: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        for (col, missing) in missing.into_iter().enumerate() {
            columns.entry(missing).or_default().push(col);
        }
        MissingRows { columns }
    }
}

/// Columns of targets, grouped by the rows they miss: ridge regression solves one system for each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRows {
    columns: BTreeMap<Vec<u32>, Vec<usize>>,
}

impl MissingRows {
    /// How many groups there are: one when no value is missing, none when there are no columns.
    pub fn patterns(&self) -> usize {
        self.columns.len()
    }
}

/// Features and targets side by side, less the means of their columns; a missing target is 0 and so adds nothing.
struct Centred {
    level: Level,
    /// n x (d + t).
    values: Matrix,
    features: usize,
    /// What was taken from each column: its mean, rounded to 32 bits.
    shift: Vec<f32>,
    /// The sum of each column after that; not 0, because the mean was rounded.
    sums: Vec<f64>,
    /// d x (d + t): sums over all rows of products of columns.
    products: Vec<f64>,
}

impl Centred {
    fn new(level: Level, features: &Matrix, targets: &Matrix, threads: Threads) -> Result<Centred, KernelError> {
        let (rows, d, t) = (features.rows(), features.cols(), targets.cols());
        let width = d + t;
        let mut sums = column_sums(level, features.values(), d);
        let mut counts = vec![rows; width];
        sums.resize(width, 0.0);
        for row in 0..rows {
            for (col, &target) in targets.row(row).iter().enumerate() {
                if target.is_nan() { counts[d + col] -= 1 } else { sums[d + col] += f64::from(target) }
            }
        }
        let mean = |(sum, count): (&f64, &usize)| if *count == 0 { 0.0 } else { (sum / *count as f64) as f32 };
        let shift: Vec<f32> = sums.iter().zip(&counts).map(mean).collect();
        let mut values = Matrix::zeros(rows, width)?;
        for (row, to) in values.chunks_exact_mut(width).enumerate() {
            let (to_features, to_targets) = to.split_at_mut(d);
            for ((to, from), shift) in to_features.iter_mut().zip(features.row(row)).zip(&shift) {
                *to = from - shift;
            }
            for ((to, from), shift) in to_targets.iter_mut().zip(targets.row(row)).zip(&shift[d..]) {
                *to = if from.is_nan() { 0.0 } else { from - shift };
            }
        }
        let values = Matrix::made(rows, width, values).need_no_overflow("ridge")?;
        let sums = column_sums(level, values.values(), width);
        let products = gram(level, values.values(), width, d, threads)?;
        Ok(Centred { level, values, features: d, shift, sums, products })
    }

    /// Sums of the features, and of their products as d x d, over the rows that are not missing.
    fn of_observed(&self, missing: &[u32], threads: Threads) -> Result<(Vec<f64>, Vec<f64>), KernelError> {
        let d = self.features;
        let (rows, width) = (self.values.rows(), self.values.cols());
        let all = self.products.chunks_exact(width).flat_map(|row| &row[..d]).copied();
        if missing.is_empty() {
            return Ok((self.sums[..d].to_vec(), all.collect()));
        }
        // Whichever are fewer are summed: the observed rows, or the missing ones to be taken away.
        let few = missing.len() <= rows / 2;
        let mut missing_left = missing.iter().peekable();
        let mut chosen = Vec::new();
        for (row, values) in self.values.values().chunks_exact(width).enumerate() {
            let is_missing = missing_left.next_if(|&&next| next as usize == row).is_some();
            if is_missing == few {
                chosen.extend_from_slice(&values[..d]);
            }
        }
        let sums = column_sums(self.level, &chosen, d);
        let products = gram(self.level, &chosen, d, d, threads)?;
        if !few {
            return Ok((sums, products));
        }
        let sums = self.sums.iter().zip(&sums).map(|(all, missing)| all - missing).collect();
        Ok((sums, all.zip(&products).map(|(all, missing)| all - missing).collect()))
    }
}
