//! A product with fixed weights: packed once, used often.

use crate::layers::Activation;
use crate::layers::activation::Apply;
use crate::level::Level;
use crate::multiply::{Out, products};
use crate::pack::Panels;
use crate::simd::{self, Left};
use crate::threads::Threads;

/// y = activation(x weights-transposed + bias).
pub struct Dense {
    panels: Panels<f32>,
    bias: Option<Vec<f32>>,
    level: Level,
}

/// Rows that go through a product before their activation is computed: few enough to be in the second cache still, many
/// enough that reading the weights again costs nothing.
const ROWS: usize = 192;

impl Dense {
    /// Packs weights: `weights` is outputs x inputs, row-major; `bias` has one number an output.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn new(weights: &[f32], outputs: usize, inputs: usize, bias: Option<Vec<f32>>, threads: Threads) -> Self {
        assert!(inputs > 0 && weights.len() == outputs * inputs, "weights are outputs x inputs");
        assert!(bias.as_ref().is_none_or(|bias| bias.len() == outputs), "one bias an output");
        let level = Level::current();
        Self { panels: Panels::from_rows(level, weights, inputs, outputs, threads), bias, level }
    }

    /// Numbers of a row that is read.
    pub fn inputs(&self) -> usize {
        self.panels.depth()
    }

    /// Numbers of a row that is written.
    pub fn outputs(&self) -> usize {
        self.panels.cols()
    }

    /// Computes as many rows as `from` has, without an activation.
    ///
    /// # Panics
    /// When `from` is not rows x inputs or `to` is not rows x outputs.
    pub fn apply(&self, from: &[f32], to: &mut [f32]) {
        self.run(from, to, None);
    }

    /// The same with an activation.
    ///
    /// # Panics
    /// As [`Dense::apply`].
    pub fn activate(&self, from: &[f32], to: &mut [f32], activation: Activation) {
        self.run(from, to, Some(activation));
    }

    fn run(&self, from: &[f32], to: &mut [f32], activation: Option<Activation>) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let rows = from.len() / inputs;
        assert!(from.len() == rows * inputs && to.len() == rows * outputs, "rows x inputs to rows x outputs");
        if outputs == 0 {
            return;
        }
        let tile = simd::single(self.level);
        for (from, to) in from.chunks(ROWS * inputs).zip(to.chunks_mut(ROWS * outputs)) {
            let left = Left::whole(from, inputs);
            let out = &mut Out { values: to, stride: outputs, first: 0 };
            products(tile, left, &self.panels, 0..self.panels.count(), out);
            if self.bias.is_some() || activation.is_some() {
                simd::run(self.level, Apply { rows: to, bias: self.bias.as_deref(), width: outputs, activation });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_same_bits_alone_and_among_others_at_every_level() {
        let (rows, inputs, outputs) = (401, 45, 37);
        let number = |at: usize| ((at * 7919 % 1013) as f32 - 506.0) / 311.0;
        let weights: Vec<f32> = (0..outputs * inputs).map(number).collect();
        let bias: Vec<f32> = (0..outputs).map(number).collect();
        let from: Vec<f32> = (0..rows * inputs).map(|at| number(at + 17)).collect();
        let mut first: Option<Vec<u32>> = None;
        for level in Level::available() {
            level.force(|| {
                let dense = Dense::new(&weights, outputs, inputs, Some(bias.clone()), Threads::ONE);
                let mut all = vec![0.0; rows * outputs];
                dense.activate(&from, &mut all, Activation::Gelu);
                for (row, together) in all.chunks_exact(outputs).enumerate() {
                    let mut alone = vec![0.0; outputs];
                    dense.activate(&from[row * inputs..][..inputs], &mut alone, Activation::Gelu);
                    assert_eq!(alone, together, "{} row {row}", level.name());
                }
                let bits: Vec<u32> = all.iter().map(|value| value.to_bits()).collect();
                assert_eq!(first.get_or_insert_with(|| bits.clone()), &bits, "{}", level.name());
            });
        }
    }
}
