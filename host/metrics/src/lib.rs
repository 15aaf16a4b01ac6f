//! Metrics, controls and intervals as pure functions.
//!
//! Slices go in, values come out: no file, no clock, no thread that outlives a call, and no randomness but a seed that
//! the caller gives. Every number can therefore be recomputed from the tables on disk.
//!
//! The path of a number:
//!
//! 1. [`Observed`] holds what every model of the pool did on every query: score and dollars.
//! 2. A strategy - a router's choices or a control - is turned into [`Answers`]: what it earned and paid, row by row.
//!    From here on routers and controls are the same kind of thing.
//! 3. [`Accuracy`], [`cost`], [`pareto`], [`curve`] and [`hard`] reduce answers to metrics.
//! 4. [`bootstrap`] resamples the queries under all strategies and seeds at once and gives paired intervals.
//!
//! # Definitions
//!
//! With `Acc(a,d)` the mean score of strategy `a` on the test rows of dataset `d`, `D` the datasets, `R` Random,
//! `B` Best Single and `O` Oracle:
//!
//! | metric | formula | unit | better |
//! | --- | --- | --- | --- |
//! | AvgAcc | `mean_d Acc(a,d)` | % | up |
//! | Gain@R | `mean_d ( Acc(a,d) / Acc(R,d) - 1 )` | % | up |
//! | Gain@B | `mean_d ( Acc(a,d) / Acc(B,d) - 1 )` | % | up |
//! | Gap@O | `mean_d ( 1 - Acc(a,d) / Acc(O,d) )` | % | down |
//! | PerfGain | `max_theta AvgAcc(theta) / AvgAcc(B) - 1` | % | up |
//! | CostSave | `1 - Cost(theta) / Cost(B)` at the cheapest `theta` that reaches `AvgAcc(B)` | % | up |
//! | ParetoDist | mean L1 distance of a router's points to the nearest vertex of the common frontier | none | down |
//!
//! These seven are from LLMRouterBench (arXiv 2601.07206). Means of ratios explode where a denominator is small, so
//! each has companions that are differences: see [`Accuracy::difference`] and [`Accuracy::normalised_gain`].
//!
//! `theta` is an operating point. LLMRouterBench chooses it on the test part itself; the fair value of PerfGain and
//! CostSave chooses it on validation and reads its test value: see [`cost`].
//!
//! Datasets weigh the same in AvgAcc whatever their size; cost is a sum over queries.
//!
//! # What is missing
//!
//! A score of NaN says that a model has no usable record for a query: it is *unavailable*. A cost of NaN is *unknown*.
//! Neither is ever read as zero, except by [`Missing::ZeroAndFree`], the reference's own rule. A total over an unknown
//! cost is `None`.

mod accuracy;
pub mod agreement;
mod answers;
pub mod bootstrap;
pub mod calibration;
pub mod collapse;
pub mod controls;
pub mod cost;
pub mod curve;
pub mod deployment;
pub mod distributions;
pub mod equivalence;
pub mod hard;
pub mod latency;
pub mod mcnemar;
mod observed;
pub mod oracle_frontier;
mod over_seeds;
pub mod paired;
pub mod pareto;
pub mod significance;
pub mod skill;

pub use accuracy::{Accuracy, Means, Ratio, precision_weights};
pub use answers::{Answers, ChoiceError, Judged, Missing};
pub use cost::OperatingPoint;
pub use observed::{Observed, ObservedError};

/// From this score on an answer counts as correct where a metric needs a yes or no.
pub const CORRECT: f64 = 0.5;
