//! How sure a number is: a stratified, paired bootstrap over queries.
//!
//! What is drawn again and again is the *unit*: a group of queries of one dataset that stand or fall together. In each
//! replicate every dataset draws `n - 1` of its `n` units with replacement, which gives each unit a whole-number weight.
//! **One set of weights serves all strategies and all seeds.** Two things follow: differences between strategies are
//! paired, and the seeds of a sweep, whose test parts overlap, are not mistaken for independent repetitions. Datasets
//! are fixed: the intervals speak about new queries of these datasets, not about new datasets. So are the trained
//! routers: what another training would have changed is not in the intervals.
//!
//! Drawing `n - 1` makes the variance of a dataset's mean `s^2 / n`, as the textbook has it; `n` draws would make it
//! too small by `(n - 1) / n`, which is a half for two units (the rescaled bootstrap of Rao and Wu, *Resampling inference
//! with complex survey data*, JASA 83, 1988, section 2, with `m = n - 1`; the factor `n / (n - 1)` on the weights cancels
//! in the mean of a dataset and is applied where datasets are pooled). A single unit says nothing about how much units
//! vary: where a dataset has fewer than two, no number that it takes part in has an interval.
//!
//! A part's accuracy on a dataset is the weighted mean over its rows; its cost is the weighted mean cost of a row times
//! the number of rows, so that a draw that happens to hold more rows does not look dearer. A metric is computed for
//! each seed and then averaged over seeds. Where a draw holds none of a dataset's rows in one of several parts, that part
//! keeps its own mean on the dataset for this replicate: dropping the dataset would change what the mean is about. With
//! one part this cannot happen.
//!
//! Intervals are percentile intervals (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13);
//! [`Bootstrap::interval_bca`] stands beside them, corrected for bias and skewness with a [`Jackknife`].
//!
//! [`Bootstrap::over_new_datasets`] speaks about new datasets too: each replicate first draws `D - 1` of the `D` datasets
//! with replacement, and each drawn one its queries as above. The spread between datasets already holds the noise of
//! their queries, so drawing those again errs on the safe side (Davison and Hinkley, *Bootstrap Methods and their
//! Application*, 1997, section 3.8).

mod bca;
mod jackknife;
mod layout;
mod replicate;

use std::num::NonZeroUsize;

use crate::equivalence::Equivalence;
use crate::{Answers, latency::quantile_of_sorted};
pub use jackknife::Jackknife;
use layout::Layout;

/// The test part of one seed under all strategies, in the same order for every seed.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// Dataset of each row.
    pub dataset: &'a [u32],
    /// Group of each row. The same number means the same group in every part; a group that two datasets share counts as
    /// one unit in each.
    pub unit: &'a [u32],
    /// Whether each row is in the hard slice, see [`hard`](crate::hard); empty where nobody asks for it.
    pub hard: &'a [bool],
    /// What each strategy earned on the rows; `None` where it takes no part in this seed.
    pub answers: Vec<Option<&'a Answers>>,
}

impl<'a> Part<'a> {
    /// What two strategies earned, where both take part.
    pub(crate) fn both(&self, a: usize, b: usize) -> Option<(&'a Answers, &'a Answers)> {
        let of = |strategy: usize| self.answers.get(strategy).copied().flatten();
        Some((of(a)?, of(b)?))
    }
}

/// Which strategies the ratios refer to, as positions in [`Part::answers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct References {
    /// Random.
    pub random: usize,
    /// Best Single.
    pub best_single: usize,
    /// Oracle.
    pub oracle: usize,
}

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many replicates.
    pub replicates: usize,
    /// Of the generator. Each replicate has a stream of its own, so the result does not depend on `threads`.
    pub seed: u64,
    /// How many threads to use.
    pub threads: NonZeroUsize,
    /// Whether [`Quantity::Dataset`] is kept too; see [`bytes_needed`] for what it takes.
    pub per_dataset: bool,
}

impl Default for Settings {
    /// 10,000 replicates on one thread, means only.
    fn default() -> Self {
        Self { replicates: 10_000, seed: 0, threads: NonZeroUsize::MIN, per_dataset: false }
    }
}

/// What an interval can be asked for. Means over the seeds that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Mean over datasets, percent.
    AvgAcc,
    /// Mean over rows, percent.
    MicroAcc,
    /// Total cost of a part, USD.
    CostUsd,
    /// Mean over datasets of the ratio to Random, percent.
    GainAtR,
    /// Mean over datasets of the ratio to Best Single, percent.
    GainAtB,
    /// Mean over datasets of the ratio to Oracle, percent.
    GapAtO,
    /// Share of the way from Random's to Oracle's AvgAcc, percent.
    NormalisedGain,
    /// Share of the hard slice that is answered correctly, all datasets pooled, percent. Random answers in expectation:
    /// for it the mean score.
    HardAcc,
    /// AvgAcc minus that of Best Single in the same seed, points of percent.
    DiffToBestSingle,
    /// AvgAcc over that of Best Single in the same seed, less 1, percent.
    PerfGain,
    /// 1 less the total cost over that of Best Single in the same seed, percent; whatever the accuracy.
    CostSave,
    /// Accuracy on one dataset, percent. Only where [`Settings::per_dataset`] asks for it.
    Dataset(u32),
}

/// Quantities that are always kept, in their order in a replicate.
const ALWAYS: usize = 11;

impl Quantity {
    fn column(self) -> usize {
        match self {
            Self::AvgAcc => 0,
            Self::MicroAcc => 1,
            Self::CostUsd => 2,
            Self::GainAtR => 3,
            Self::GainAtB => 4,
            Self::GapAtO => 5,
            Self::NormalisedGain => 6,
            Self::HardAcc => 7,
            Self::DiffToBestSingle => 8,
            Self::PerfGain => 9,
            Self::CostSave => 10,
            Self::Dataset(dataset) => ALWAYS + dataset as usize,
        }
    }
}

/// Bytes that the replicates take in memory. `datasets` is 0 without [`Settings::per_dataset`].
pub fn bytes_needed(replicates: usize, strategies: usize, datasets: usize) -> usize {
    replicates.saturating_mul(strategies).saturating_mul(ALWAYS + datasets).saturating_mul(size_of::<f64>())
}

/// A value and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// On the rows as they are.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Standard deviation over replicates.
    pub standard_error: f64,
}

impl Interval {
    /// The difference that a study of this size finds four times out of five if it is there, at the 5 % level:
    /// 2.8 standard errors. Say it next to a difference that was not found.
    pub fn minimal_detectable(&self) -> f64 {
        2.8 * self.standard_error
    }
}

/// Why nothing can be resampled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// Nothing to draw from.
    #[error("a bootstrap needs at least one part with at least one row, one strategy and one replicate")]
    Empty,
    /// A column of another length.
    #[error("part {part} has {rows} rows, but its {column} has {found} entries")]
    Length {
        /// Position of the part.
        part: usize,
        /// Rows by its dataset column.
        rows: usize,
        /// `unit`, `hard`, or the answers of a strategy.
        column: String,
        /// Its length.
        found: usize,
    },
    /// Parts that do not show the same strategies.
    #[error("part {part} has {found} strategies, but part 0 has {expected}")]
    Strategies {
        /// Position of the part.
        part: usize,
        /// Strategies of part 0.
        expected: usize,
        /// Strategies of this part.
        found: usize,
    },
    /// A reference that is no strategy.
    #[error("reference {reference} does not exist: there are {strategies} strategies")]
    Reference {
        /// As given.
        reference: usize,
        /// How many there are.
        strategies: usize,
    },
    /// A score that is no number; unlike a cost it must be known.
    #[error("score of strategy {strategy} in row {row} of part {part} is not a finite number")]
    Score {
        /// Position of the part.
        part: usize,
        /// The strategy.
        strategy: usize,
        /// The row.
        row: usize,
    },
}

/// What the intervals are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Population {
    /// New queries of these datasets.
    NewQueries,
    /// New datasets like these.
    NewDatasets,
}

/// All replicates of all strategies.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    population: Population,
    strategies: usize,
    columns: usize,
    /// By dataset: whether it has the two units that an interval needs, or none at all.
    varies: Vec<bool>,
    /// strategies x columns, on the rows as they are.
    point: Vec<f64>,
    /// replicates x strategies x columns.
    draws: Vec<f64>,
}

impl Bootstrap {
    /// Resamples all parts under all strategies.
    ///
    /// # Errors
    /// When the parts do not fit each other or there is nothing to draw.
    pub fn new(parts: &[Part<'_>], references: References, settings: Settings) -> Result<Self, BootstrapError> {
        Self::draw(parts, references, settings, Population::NewQueries)
    }

    /// As [`Self::new`], with the datasets drawn too: intervals about new datasets. There is none for fewer than two
    /// datasets, nor for [`Quantity::Dataset`].
    ///
    /// # Errors
    /// When the parts do not fit each other or there is nothing to draw.
    pub fn over_new_datasets(
        parts: &[Part<'_>],
        references: References,
        settings: Settings,
    ) -> Result<Self, BootstrapError> {
        let settings = Settings { per_dataset: false, ..settings };
        Self::draw(parts, references, settings, Population::NewDatasets)
    }

    fn draw(
        parts: &[Part<'_>],
        references: References,
        settings: Settings,
        population: Population,
    ) -> Result<Self, BootstrapError> {
        let layout = Layout::new(parts, references)?;
        if settings.replicates == 0 {
            return Err(BootstrapError::Empty);
        }
        let strategies = layout.strategies;
        let columns = ALWAYS + if settings.per_dataset { layout.datasets() } else { 0 };
        let width = strategies * columns;

        let mut point = vec![0.0; width];
        replicate::Worker::new(&layout, columns).as_they_are(&mut point);

        let mut draws = vec![0.0; settings.replicates * width];
        let per_thread = settings.replicates.div_ceil(settings.threads.get());
        std::thread::scope(|scope| {
            for (index, chunk) in draws.chunks_mut(per_thread * width).enumerate() {
                let layout = &layout;
                scope.spawn(move || {
                    let mut worker = replicate::Worker::new(layout, columns);
                    for (offset, out) in chunk.chunks_exact_mut(width).enumerate() {
                        let replicate = (index * per_thread + offset) as u64;
                        worker.draw(settings.seed, replicate, population, out);
                    }
                });
            }
        });
        let enough =
            population == Population::NewQueries || layout.units.iter().filter(|of| !of.is_empty()).count() > 1;
        let varies = layout.units.iter().map(|units| enough && units.len() != 1).collect();
        Ok(Self { population, strategies, columns, varies, point, draws })
    }

    /// A strategy's value on the rows as they are. `None` where it is undefined, such as a cost that is not known.
    pub fn value(&self, strategy: usize, quantity: Quantity) -> Option<f64> {
        let column = self.column(strategy, quantity)?;
        self.point.get(column).copied().filter(|value| value.is_finite())
    }

    /// Whether the quantity has an interval at all: not where a dataset that it is about has a single unit.
    pub fn is_sure(&self, quantity: Quantity) -> bool {
        match quantity {
            Quantity::Dataset(dataset) => self.varies.get(dataset as usize).is_some_and(|varies| *varies),
            _ => self.varies.iter().all(|varies| *varies),
        }
    }

    /// 95 % interval of a strategy's value. `None` where the value or any replicate of it is undefined, or a dataset has
    /// fewer than two units.
    pub fn interval(&self, strategy: usize, quantity: Quantity) -> Option<Interval> {
        let column = self.column(strategy, quantity).filter(|_| self.is_sure(quantity))?;
        let draws = self.replicates().map(|draw| draw[column]).collect();
        summary(self.value(strategy, quantity)?, draws, 0.95)
    }

    /// 95 % interval of a value of `a` minus that of `b` under the same draws; both must take part in the same seeds.
    pub fn difference(&self, a: usize, b: usize, quantity: Quantity) -> Option<Interval> {
        self.difference_at(a, b, quantity, 0.95)
    }

    /// Whether `a` and `b` are the same up to `margin`: two one-sided tests at the 5 % level, that is, whether the 90 %
    /// interval of their difference lies within the margin (Schuirmann 1987). A difference that was not found is no
    /// evidence for this.
    pub fn is_equivalent(&self, a: usize, b: usize, quantity: Quantity, margin: f64) -> bool {
        let within = |difference: Interval| difference.low > -margin && difference.high < margin;
        self.difference_at(a, b, quantity, 0.90).is_some_and(within)
    }

    /// As [`Self::is_equivalent`], with the p-value: the larger of the shares of replicates on the wrong side of each end
    /// of the margin. Where no interval is shown for being undefined there is no test either.
    pub fn equivalence(&self, a: usize, b: usize, quantity: Quantity, margin: f64) -> Option<Equivalence> {
        let at_90 = self.difference_at(a, b, quantity, 0.90).filter(|_| margin > 0.0)?;
        let (left, right) = (self.column(a, quantity)?, self.column(b, quantity)?);
        let share = |beyond: &dyn Fn(f64) -> bool| {
            let count = self.replicates().filter(|draw| beyond(draw[left] - draw[right])).count();
            // The rows as they are count as one of the draws, so that no p-value is 0.
            (count + 1) as f64 / (self.draws.len() / self.point.len() + 1) as f64
        };
        let p_value = share(&|draw| draw <= -margin).max(share(&|draw| draw >= margin));
        Some(Equivalence { difference: at_90.value, low: at_90.low, high: at_90.high, margin, p_value })
    }

    fn difference_at(&self, a: usize, b: usize, quantity: Quantity, level: f64) -> Option<Interval> {
        let (left, right) = (self.column(a, quantity)?, self.column(b, quantity).filter(|_| self.is_sure(quantity))?);
        let draws = self.replicates().map(|draw| draw[left] - draw[right]).collect();
        summary(self.value(a, quantity)? - self.value(b, quantity)?, draws, level)
    }

    fn replicates(&self) -> impl Iterator<Item = &[f64]> {
        self.draws.chunks_exact(self.point.len())
    }

    /// Where a strategy's quantity stands in a replicate.
    fn column(&self, strategy: usize, quantity: Quantity) -> Option<usize> {
        let column = quantity.column();
        (strategy < self.strategies && column < self.columns).then(|| strategy * self.columns + column)
    }
}

/// Percentile interval that holds `level` of the draws. `None` when one of them is undefined.
fn summary(value: f64, mut draws: Vec<f64>, level: f64) -> Option<Interval> {
    if draws.iter().any(|draw| !draw.is_finite()) {
        return None;
    }
    let count = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / count;
    let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    draws.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let (low, high) = (quantile_of_sorted(&draws, tail)?, quantile_of_sorted(&draws, 1.0 - tail)?);
    Some(Interval { value, low, high, standard_error: variance.sqrt() })
}

#[cfg(test)]
mod tests;
