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
//! 3. [`Accuracy`], [`cost`], [`pareto`], [`curve`] and [`hard`] reduce answers to metrics; [`skill`], [`collapse`],
//!    [`calibration`] and [`agreement`] look at decisions and predictions.
//! 4. [`bootstrap`] resamples the queries under all strategies and seeds at once and gives paired intervals;
//!    [`significance`], [`paired`], [`mcnemar`] and [`equivalence`] test differences.
//!
//! # Definitions
//!
//! With `Acc(a,d)` the mean score of strategy `a` on the test rows of dataset `d`, `D` the datasets, `R` Random,
//! `B` Best Single, `O` Oracle, `M` the size of the pool and `k(q)` the number of models that are right on query `q`.
//!
//! The metrics of LLMRouterBench (arXiv 2601.07206), for comparison with what is published:
//!
//! | metric | formula | unit | better | where |
//! | --- | --- | --- | --- | --- |
//! | AvgAcc | `mean_d Acc(a,d)` | % | up | [`Accuracy::avg_acc`] |
//! | Gain@R | `mean_d ( Acc(a,d) / Acc(R,d) - 1 )` | % | up | [`Accuracy::gain_over`] |
//! | Gain@B | `mean_d ( Acc(a,d) / Acc(B,d) - 1 )` | % | up | [`Accuracy::gain_over`] |
//! | Gap@O | `mean_d ( 1 - Acc(a,d) / Acc(O,d) )` | % | down | [`Accuracy::gap_to`] |
//! | PerfGain | `max_theta AvgAcc(theta) / AvgAcc(B) - 1` | % | up | [`cost::perf_gain`] |
//! | CostSave | `1 - Cost(theta) / Cost(B)` at the cheapest `theta` that reaches `AvgAcc(B)` | % | up | [`cost::cost_save`] |
//! | ParetoDist | mean L1 distance of a router's points to the nearest vertex of the common frontier | none | down | [`pareto::pareto_dist`] |
//!
//! Means of ratios explode where a denominator is small, costs are ruled by datasets with long answers, and a distance to a
//! common frontier depends on who is compared. The fair companions:
//!
//! | metric | formula | unit | better | where |
//! | --- | --- | --- | --- | --- |
//! | difference to B | `AvgAcc(a) - AvgAcc(B)` | points | up | [`Accuracy::difference`] |
//! | normalised gain | `(AvgAcc(a) - AvgAcc(R)) / (AvgAcc(O) - AvgAcc(R))` | % | up | [`Accuracy::normalised_gain`] |
//! | ratio of averages | `AvgAcc(a) / AvgAcc(R) - 1` | % | up | [`Accuracy::gain_of_averages`] |
//! | macro, micro, precision-weighted | `sum_d w_d Acc(a,d) / sum_d w_d` with `w` 1, rows, 1/variance | % | up | [`Accuracy::means`] |
//! | deployment-weighted accuracy, cost | the same with a user's `w` | %, USD per query | up, down | [`deployment`] |
//! | matched cost | `mean_d Cost(a,d) / Cost(B,d)` | none | down | [`cost::matched_ratio`] |
//! | accuracy at a budget | on the hull of a router's points, at 10 to 100 % of `Cost(B)` | % | up | [`curve::Curve::accuracy_at_budgets`] |
//! | QNC | cost at which the hull reaches 95 or 100 % of `AvgAcc(B)`, over `Cost(B)` | none | down | [`curve::Curve::qnc`] |
//! | area | mean of the hull over log cost, from the cheapest to the dearest single model | % | up | [`curve::Curve::area_over`] |
//! | hypervolume | area dominated against no accuracy at the dearest single model's cost | none | up | [`oracle_frontier::relative_hypervolume`] |
//! | distance to the Oracle's frontier | mean L1 distance of a router's points to the best of all budgets | none | down | [`oracle_frontier::OracleFrontier::distance`] |
//!
//! Hard queries and diagnostics:
//!
//! | metric | formula | unit | better | where |
//! | --- | --- | --- | --- | --- |
//! | HardAcc_K | share of `1 <= k(q) <= K` that is right | % | up | [`hard::RightModels::accuracy_curve`] |
//! | Lift_k | share of `k(q) = k` that is right, over `k / M` | none | up | [`hard::RightModels::accuracy_by_count`] |
//! | Recall@r | share of the slice with a right model among the `r` of highest utility | % | up | [`hard::RightModels::recall_curve`] |
//! | regret, regret share | loss against O on rows with `k` right models | points, % | down | [`hard::RightModels::regret_shares`] |
//! | explained by chance | share of the slice that guessing fills | % | | [`hard::RightModels::explained_by_chance`] |
//! | W | `mean_d ( Acc(a,d) - sum_m share(a,m,d) Acc(m,d) )` | points | up | [`skill::within_datasets`] |
//! | routing-collapse index | share of rows where a cheaper model suffices that go to the dearest | % | down | [`collapse::collapse`] |
//! | Brier, ECE | of predicted success, against graded scores | none | down | [`calibration::calibration`] |
//! | MAPE | mean of the absolute error of predicted cost over cost | % | down | [`calibration::cost_error`] |
//! | agreement | share of rows with equal decisions, or equally right | % | | [`agreement`] |
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
pub mod concordance;
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
