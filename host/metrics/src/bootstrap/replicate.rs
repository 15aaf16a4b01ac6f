//! One replicate: draw weights, add up, reduce to quantities.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::layout::{Layout, Sums};
use super::{ALWAYS, Quantity};
use crate::accuracy::mean_of_ratios;

/// Buffers that one thread uses for all its replicates.
pub(super) struct Worker<'a> {
    layout: &'a Layout,
    columns: usize,
    /// How often each unit was drawn.
    weights: Vec<u32>,
    /// Weighted sum of a dataset's lines.
    line: Vec<f64>,
    /// datasets x strategies of one part; NaN where none of a dataset's rows were drawn.
    accuracy: Vec<f64>,
    /// Cost of one part by strategy.
    cost: Vec<f64>,
    /// How many parts had a value, by strategy and column.
    counts: Vec<f64>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(layout: &'a Layout, columns: usize) -> Self {
        let strategies = layout.strategies;
        Self {
            layout,
            columns,
            weights: vec![0; layout.units.iter().map(|units| units.len()).sum()],
            line: vec![0.0; layout.width()],
            accuracy: vec![0.0; layout.datasets() * strategies],
            cost: vec![0.0; strategies],
            counts: vec![0.0; strategies * columns],
        }
    }

    /// The quantities of the rows as they are.
    pub(super) fn as_they_are(&mut self, out: &mut [f64]) {
        self.weights.fill(1);
        self.reduce(out);
    }

    /// The quantities of one replicate. The stream is a function of the seed and the replicate's number alone.
    pub(super) fn draw(&mut self, seed: u64, replicate: u64, out: &mut [f64]) {
        let mut random = stream(seed, replicate);
        self.weights.fill(0);
        for units in &self.layout.units {
            let weights = &mut self.weights[units.clone()];
            for _ in 0..weights.len() {
                weights[below(&mut random, weights.len())] += 1;
            }
        }
        self.reduce(out);
    }

    /// Means over parts of the quantities of each; a part in which a quantity is undefined is left out of its mean.
    fn reduce(&mut self, out: &mut [f64]) {
        out.fill(0.0);
        self.counts.fill(0.0);
        let layout = self.layout;
        for part in &layout.parts {
            self.add_up(part);
            for (strategy, out) in out.chunks_exact_mut(self.columns).enumerate() {
                let counts = &mut self.counts[strategy * self.columns..(strategy + 1) * self.columns];
                let mut add = |column: usize, value: f64| {
                    if !value.is_nan() {
                        out[column] += value;
                        counts[column] += 1.0;
                    }
                };
                for (quantity, value) in quantities(layout, part, &self.accuracy, self.cost[strategy], strategy) {
                    add(quantity.column(), value);
                }
                if self.columns > ALWAYS {
                    for (dataset, row) in self.accuracy.chunks_exact(layout.strategies).enumerate() {
                        add(ALWAYS + dataset, 100.0 * row[strategy]);
                    }
                }
            }
        }
        // 0 / 0 is NaN: undefined in every part.
        for (value, count) in out.iter_mut().zip(&self.counts) {
            *value /= count;
        }
    }

    /// Accuracy by dataset and cost of one part under the current weights.
    fn add_up(&mut self, part: &Sums) {
        let strategies = self.layout.strategies;
        let width = self.layout.width();
        self.cost.fill(0.0);
        for (dataset, slots) in part.datasets.iter().enumerate() {
            self.line.fill(0.0);
            let lines = part.values[slots.start * width..slots.end * width].chunks_exact(width);
            for (slot, values) in part.slots[slots.clone()].iter().zip(lines) {
                let weight = self.weights[*slot as usize];
                // More than a third of the units are not drawn.
                if weight > 0 {
                    let weight = f64::from(weight);
                    for (sum, value) in self.line.iter_mut().zip(values) {
                        *sum += weight * value;
                    }
                }
            }
            let rows = self.line[0];
            let accuracy = &mut self.accuracy[dataset * strategies..(dataset + 1) * strategies];
            for (strategy, accuracy) in accuracy.iter_mut().enumerate() {
                // 0 / 0 is NaN: a dataset that was not drawn has no accuracy.
                *accuracy = self.line[1 + strategy] / rows;
                self.cost[strategy] += part.rows[dataset]
                    * if rows > 0.0 {
                        self.line[1 + strategies + strategy] / rows
                    } else {
                        part.mean_cost[dataset * strategies + strategy]
                    };
            }
        }
        for (cost, priced) in self.cost.iter_mut().zip(&self.layout.priced) {
            if !priced {
                *cost = f64::NAN;
            }
        }
    }
}

/// The quantities of one strategy in one part.
fn quantities(
    layout: &Layout,
    part: &Sums,
    accuracy: &[f64],
    cost_usd: f64,
    strategy: usize,
) -> [(Quantity, f64); ALWAYS] {
    let lines = || accuracy.chunks_exact(layout.strategies);
    let average = |strategy: usize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for line in lines().filter(|line| !line[strategy].is_nan()) {
            sum += line[strategy];
            count += 1.0;
        }
        100.0 * sum / count
    };
    let (mut sum, mut rows) = (0.0, 0.0);
    for (line, of_dataset) in lines().zip(&part.rows).filter(|(line, _)| !line[strategy].is_nan()) {
        sum += line[strategy] * of_dataset;
        rows += of_dataset;
    }
    let ratio = |reference: usize, of: fn(f64) -> f64| {
        mean_of_ratios(lines().map(|line| (line[strategy], line[reference])), of).percent.unwrap_or(f64::NAN)
    };
    let references = layout.references;
    let (own, random, oracle) = (average(strategy), average(references.random), average(references.oracle));
    let way = oracle - random;
    [
        (Quantity::AvgAcc, own),
        (Quantity::MicroAcc, 100.0 * sum / rows),
        (Quantity::CostUsd, cost_usd),
        (Quantity::GainAtR, ratio(references.random, |ratio| ratio - 1.0)),
        (Quantity::GainAtB, ratio(references.best_single, |ratio| ratio - 1.0)),
        (Quantity::GapAtO, ratio(references.oracle, |ratio| 1.0 - ratio)),
        (Quantity::NormalisedGain, if way > 0.0 { 100.0 * (own - random) / way } else { f64::NAN }),
    ]
}

/// A generator of its own for every replicate, so that the work can be divided in any way.
pub(crate) fn stream(seed: u64, replicate: u64) -> Xoshiro256PlusPlus {
    // SplitMix64's increment spreads neighbouring numbers over all 64 bits before they are mixed by `seed_from_u64`.
    Xoshiro256PlusPlus::seed_from_u64(seed.rotate_left(32) ^ (replicate + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A number below `bound`, by Lemire's multiplication. Its bias is below `bound / 2^64`.
fn below(random: &mut Xoshiro256PlusPlus, bound: usize) -> usize {
    ((u128::from(random.next_u64()) * bound as u128) >> 64) as usize
}
