//! One replicate: draw weights, or leave a unit out; add up; reduce to quantities.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::layout::{Layout, Sums};
use super::{ALWAYS, Population, Quantity, References};
use crate::accuracy::mean_of_ratios;

/// Buffers that one thread uses for all its replicates.
pub(super) struct Worker<'a> {
    layout: &'a Layout,
    columns: usize,
    /// How often each unit was drawn.
    weights: Vec<u32>,
    /// By dataset: how much a draw counts for where datasets are pooled, `n / (n - 1)`, or 1 for the rows as they are.
    scale: Vec<f64>,
    /// By dataset: how often it was drawn itself; 1 where datasets are fixed.
    times: Vec<f64>,
    /// What a sum over datasets is multiplied by, because one dataset less is drawn than there are; 1 where they are
    /// fixed.
    pooled: f64,
    /// Weighted sum of a dataset's lines.
    line: Vec<f64>,
    sums: PartSums,
    /// How many parts had a value, by strategy and column.
    counts: Vec<f64>,
}

/// One part under the current weights.
struct PartSums {
    /// datasets x strategies; NaN where a dataset has no rows or a strategy takes no part.
    accuracy: Vec<f64>,
    /// Mean over datasets by strategy.
    average: Vec<f64>,
    /// Total cost by strategy; NaN where unknown.
    cost_usd: Vec<f64>,
    /// Correct hard rows by strategy.
    hard_hits: Vec<f64>,
    hard_rows: f64,
}

impl<'a> Worker<'a> {
    pub(super) fn new(layout: &'a Layout, columns: usize) -> Self {
        let strategies = layout.strategies;
        Self {
            layout,
            columns,
            weights: vec![0; layout.units.iter().map(|units| units.len()).sum()],
            scale: vec![1.0; layout.datasets()],
            times: vec![1.0; layout.datasets()],
            pooled: 1.0,
            line: vec![0.0; layout.width()],
            sums: PartSums {
                accuracy: vec![0.0; layout.datasets() * strategies],
                average: vec![0.0; strategies],
                cost_usd: vec![0.0; strategies],
                hard_hits: vec![0.0; strategies],
                hard_rows: 0.0,
            },
            counts: vec![0.0; strategies * columns],
        }
    }

    /// The quantities of the rows as they are.
    pub(super) fn as_they_are(&mut self, out: &mut [f64]) {
        self.weights.fill(1);
        self.scale.fill(1.0);
        self.reduce(out, None);
    }

    /// The quantities without one unit of a dataset; what is left of the dataset keeps its weight where datasets are
    /// pooled.
    pub(super) fn without(&mut self, dataset: usize, unit: usize, out: &mut [f64]) {
        self.scale.fill(1.0);
        self.scale[dataset] = inflation(self.layout.units[dataset].len());
        self.reduce(out, Some((dataset, unit as u32)));
    }

    /// The quantities of one replicate. The stream is a function of the seed and the replicate's number alone.
    pub(super) fn draw(&mut self, seed: u64, replicate: u64, population: Population, out: &mut [f64]) {
        let mut random = stream(seed, replicate);
        if population == Population::NewDatasets {
            self.draw_datasets(&mut random);
        }
        self.weights.fill(0);
        for ((units, scale), times) in self.layout.units.iter().zip(&mut self.scale).zip(&self.times) {
            let weights = &mut self.weights[units.clone()];
            // A dataset that was drawn again draws its queries anew.
            for _ in 0..*times as usize {
                // One draw less than there are units: Rao and Wu (1988), see the module's text.
                for _ in 1..weights.len() {
                    weights[below(&mut random, weights.len())] += 1;
                }
            }
            *scale = inflation(units.len());
        }
        self.reduce(out, None);
    }

    /// Draws one dataset less than there are, of those that have rows.
    fn draw_datasets(&mut self, random: &mut Xoshiro256PlusPlus) {
        let units = &self.layout.units;
        let drawable: Vec<usize> = (0..units.len()).filter(|dataset| !units[*dataset].is_empty()).collect();
        self.times.fill(0.0);
        for _ in 1..drawable.len() {
            self.times[drawable[below(random, drawable.len())]] += 1.0;
        }
        self.pooled = inflation(drawable.len());
    }

    /// Means over parts of the quantities of each; a part in which a quantity is undefined is left out of its mean.
    fn reduce(&mut self, out: &mut [f64], left_out: Option<(usize, u32)>) {
        out.fill(0.0);
        self.counts.fill(0.0);
        let layout = self.layout;
        for part in &layout.parts {
            match left_out {
                None => self.add_up(part, |worker, dataset| worker.drawn(part, dataset)),
                Some((of, unit)) => self.add_up(part, |worker, dataset| worker.left(part, dataset, of, unit)),
            }
            for (strategy, out) in out.chunks_exact_mut(self.columns).enumerate() {
                let counts = &mut self.counts[strategy * self.columns..(strategy + 1) * self.columns];
                let mut add = |column: usize, value: f64| {
                    if !value.is_nan() {
                        out[column] += value;
                        counts[column] += 1.0;
                    }
                };
                for (quantity, value) in self.sums.quantities(layout, part, &self.times, strategy) {
                    add(quantity.column(), value);
                }
                if self.columns > ALWAYS {
                    for (dataset, row) in self.sums.accuracy.chunks_exact(layout.strategies).enumerate() {
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

    /// The line of a dataset under the current weights.
    fn drawn(&mut self, part: &Sums, dataset: usize) {
        let (strategies, width) = (self.layout.strategies, self.layout.width());
        let slots = part.datasets[dataset].clone();
        self.line.fill(0.0);
        let lines = part.values[slots.start * width..slots.end * width].chunks_exact(width);
        for (slot, values) in part.slots[slots].iter().zip(lines) {
            let weight = self.weights[*slot as usize];
            // More than a third of the units are not drawn.
            if weight > 0 {
                let weight = f64::from(weight);
                // Without hard rows the last third of the line is zeros, which need not be read.
                let used = if values[1] > 0.0 { width } else { width - strategies };
                for (sum, value) in self.line.iter_mut().zip(&values[..used]) {
                    *sum += weight * value;
                }
            }
        }
    }

    /// The line of a dataset without a unit of the dataset `of`: a subtraction, however many units there are.
    fn left(&mut self, part: &Sums, dataset: usize, of: usize, unit: u32) {
        let width = self.layout.width();
        self.line.copy_from_slice(&part.totals[dataset * width..(dataset + 1) * width]);
        let slots = part.datasets[dataset].clone();
        // Slots stand in the order of their units.
        if dataset == of
            && let Ok(position) = part.slots[slots.clone()].binary_search(&unit)
        {
            let values = &part.values[(slots.start + position) * width..][..width];
            self.line.iter_mut().zip(values).for_each(|(sum, value)| *sum -= value);
        }
    }

    /// Sums of one part; `fill` puts the line of a dataset into `self.line`.
    fn add_up(&mut self, part: &Sums, fill: impl Fn(&mut Self, usize)) {
        let (strategies, width) = (self.layout.strategies, self.layout.width());
        self.sums.cost_usd.fill(0.0);
        self.sums.hard_hits.fill(0.0);
        self.sums.hard_rows = 0.0;
        for dataset in 0..part.datasets.len() {
            fill(self, dataset);
            let times = self.times[dataset];
            let mut scale = self.scale[dataset];
            // Rows are whole numbers, so that nothing is left by rounding.
            if self.line[0] == 0.0 {
                self.line.copy_from_slice(&part.totals[dataset * width..(dataset + 1) * width]);
                scale = times;
            }
            let sums = &mut self.sums;
            let rows = self.line[0];
            let [scores, costs_usd, hits] = [0, 1, 2].map(|block| &self.line[2 + block * strategies..][..strategies]);
            let accuracy = &mut sums.accuracy[dataset * strategies..(dataset + 1) * strategies];
            sums.hard_rows += scale * self.line[1];
            for strategy in 0..strategies {
                // 0 / 0 is NaN: a dataset without rows has no accuracy.
                accuracy[strategy] = if part.present[strategy] { scores[strategy] / rows } else { f64::NAN };
                sums.hard_hits[strategy] += scale * hits[strategy];
                if rows > 0.0 {
                    sums.cost_usd[strategy] += self.pooled * times * part.rows[dataset] * costs_usd[strategy] / rows;
                }
            }
        }
        let sums = &mut self.sums;
        for strategy in 0..strategies {
            if !(self.layout.priced[strategy] && part.present[strategy]) {
                sums.cost_usd[strategy] = f64::NAN;
            }
            let (mut sum, mut count) = (0.0, 0.0);
            let column = sums.accuracy.iter().skip(strategy).step_by(strategies);
            for (accuracy, times) in column.zip(&self.times).filter(|(accuracy, _)| !accuracy.is_nan()) {
                sum += times * accuracy;
                count += times;
            }
            sums.average[strategy] = 100.0 * sum / count;
        }
    }
}

impl PartSums {
    /// The quantities of one strategy; `times` as in [`Worker`].
    fn quantities(&self, layout: &Layout, part: &Sums, times: &[f64], strategy: usize) -> [(Quantity, f64); ALWAYS] {
        let lines = || self.accuracy.chunks_exact(layout.strategies);
        let (mut sum, mut rows) = (0.0, 0.0);
        let of_datasets = part.rows.iter().zip(times).map(|(rows, times)| rows * times);
        for (line, of_dataset) in lines().zip(of_datasets).filter(|(line, _)| !line[strategy].is_nan()) {
            sum += line[strategy] * of_dataset;
            rows += of_dataset;
        }
        let ratio = |reference: usize, of: fn(f64) -> f64| {
            let triples = lines().zip(times).map(|(line, times)| (line[strategy], line[reference], *times));
            mean_of_ratios(triples, of).percent.unwrap_or(f64::NAN)
        };
        let References { random, best_single, oracle } = layout.references;
        let own = self.average[strategy];
        let way = self.average[oracle] - self.average[random];
        let percent_of = |value: f64, of: f64| if of > 0.0 { 100.0 * value / of } else { f64::NAN };
        let hard = if part.present[strategy] { self.hard_hits[strategy] } else { f64::NAN };
        let best = (self.average[best_single], self.cost_usd[best_single]);
        [
            (Quantity::AvgAcc, own),
            (Quantity::MicroAcc, 100.0 * sum / rows),
            (Quantity::CostUsd, self.cost_usd[strategy]),
            (Quantity::GainAtR, ratio(random, |ratio| ratio - 1.0)),
            (Quantity::GainAtB, ratio(best_single, |ratio| ratio - 1.0)),
            (Quantity::GapAtO, ratio(oracle, |ratio| 1.0 - ratio)),
            (Quantity::NormalisedGain, percent_of(own - self.average[random], way)),
            (Quantity::HardAcc, percent_of(hard, self.hard_rows)),
            (Quantity::DiffToBestSingle, own - best.0),
            (Quantity::PerfGain, percent_of(own - best.0, best.0)),
            (Quantity::CostSave, percent_of(best.1 - self.cost_usd[strategy], best.1)),
        ]
    }
}

/// How much a draw of one less than `count` counts for where sums are compared with those of all.
fn inflation(count: usize) -> f64 {
    count as f64 / (count as f64 - 1.0).max(1.0)
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
