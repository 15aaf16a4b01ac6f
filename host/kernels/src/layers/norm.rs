//! Normalisation of rows.

use crate::lanes;
use crate::level::Level;
use crate::simd::{self, Loop};

/// By what a row is divided.
#[derive(Debug, Clone, PartialEq)]
pub enum NormKind {
    /// Its mean is taken away, then it is divided by its standard deviation; `bias` is added at the end (Ba et al. 2016).
    Layer {
        /// One number a column.
        bias: Vec<f32>,
    },
    /// It is divided by the root of its mean square (Zhang and Sennrich 2019).
    RootMeanSquare,
}

/// A normalisation with its weights. Sums are in 64 bits, in sixteen lanes and a fixed tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Norm {
    weight: Vec<f32>,
    kind: NormKind,
    epsilon: f64,
}

impl Norm {
    /// `weight` has one number a column; `epsilon` is added to the variance or the mean square.
    ///
    /// # Panics
    /// When weight and bias differ in length, or there are no columns.
    pub fn new(weight: Vec<f32>, kind: NormKind, epsilon: f32) -> Self {
        assert!(!weight.is_empty(), "a row has columns");
        if let NormKind::Layer { bias } = &kind {
            assert_eq!(bias.len(), weight.len(), "one bias a column");
        }
        Self { weight, kind, epsilon: f64::from(epsilon) }
    }

    /// Normalises every row.
    ///
    /// # Panics
    /// When `rows` is not whole rows.
    pub fn apply(&self, rows: &mut [f32]) {
        assert!(rows.len().is_multiple_of(self.weight.len()), "whole rows");
        simd::run(Level::current(), Apply { norm: self, add: None, rows });
    }

    /// Adds `other` to every row, then normalises it.
    ///
    /// # Panics
    /// When the lengths differ or `rows` is not whole rows.
    pub fn add_and_apply(&self, rows: &mut [f32], other: &[f32]) {
        assert!(rows.len().is_multiple_of(self.weight.len()) && rows.len() == other.len(), "whole rows of one length");
        simd::run(Level::current(), Apply { norm: self, add: Some(other), rows });
    }
}

struct Apply<'a> {
    norm: &'a Norm,
    add: Option<&'a [f32]>,
    rows: &'a mut [f32],
}

impl Loop for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let weight = self.norm.weight.as_slice();
        let width = weight.len();
        for (number, row) in self.rows.chunks_exact_mut(width).enumerate() {
            if let Some(add) = self.add {
                row.iter_mut().zip(&add[number * width..]).for_each(|(value, add)| *value += add);
            }
            match &self.norm.kind {
                NormKind::Layer { bias } => {
                    let mean = lanes::sum_of(row) / width as f64;
                    let variance = lanes::square_around(row, mean) / width as f64;
                    let scale = (1.0 / (variance + self.norm.epsilon).sqrt()) as f32;
                    let mean = mean as f32;
                    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
                        *value = (*value - mean) * scale * weight + bias;
                    }
                }
                NormKind::RootMeanSquare => {
                    let mean = lanes::square(row) / width as f64;
                    let scale = (1.0 / (mean + self.norm.epsilon).sqrt()) as f32;
                    row.iter_mut().zip(weight).for_each(|(value, weight)| *value = *value * scale * weight);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_normalised_by_their_definitions_at_every_level() {
        let width = 37;
        let rows: Vec<f32> = (0..3 * width).map(|at| ((at * 31 % 53) as f32 - 20.0) / 7.0).collect();
        let weight: Vec<f32> = (0..width).map(|at| 1.0 + at as f32 / 50.0).collect();
        let bias: Vec<f32> = (0..width).map(|at| at as f32 / 40.0 - 0.4).collect();
        let layer = Norm::new(weight.clone(), NormKind::Layer { bias: bias.clone() }, 1e-5);
        let root = Norm::new(weight.clone(), NormKind::RootMeanSquare, 1e-5);
        for norm in [&layer, &root] {
            let mut first: Option<Vec<f32>> = None;
            for level in Level::available() {
                let mut found = rows.clone();
                level.force(|| norm.apply(&mut found));
                for (row, found) in rows.chunks_exact(width).zip(found.chunks_exact(width)) {
                    let wide = row.iter().map(|value| f64::from(*value));
                    let mean = if norm == &layer { wide.clone().sum::<f64>() / width as f64 } else { 0.0 };
                    let square = wide.clone().map(|value| (value - mean).powi(2)).sum::<f64>() / width as f64;
                    for (at, value) in wide.enumerate() {
                        let bias = if norm == &layer { f64::from(bias[at]) } else { 0.0 };
                        let exact = (value - mean) / (square + 1e-5f32 as f64).sqrt() * f64::from(weight[at]) + bias;
                        assert!((f64::from(found[at]) - exact).abs() < 1e-6, "{at}: {} {exact}", found[at]);
                    }
                }
                assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{}", level.name());
            }
        }
        let (mut summed, other) = (rows.clone(), vec![0.25; rows.len()]);
        layer.add_and_apply(&mut summed, &other);
        let mut expected: Vec<f32> = rows.iter().map(|value| value + 0.25).collect();
        layer.apply(&mut expected);
        assert_eq!(summed, expected);
    }
}
