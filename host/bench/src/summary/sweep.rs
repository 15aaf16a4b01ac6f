//! The sweep over preferences: operating points, and what the best of them are worth.
//!
//! On the fair track an operating point is chosen on validation and judged on test; its value at the point that the test
//! part itself would choose is reported beside it, as hindsight. On the compat track there is hindsight alone, as in
//! LLMRouterBench (arXiv 2601.07206; metrics.md 5.1). A router has no operating point for CostSave in a seed in which none
//! of its points reaches Best Single's accuracy; CostSave is then a mean over the other seeds, and the table says over how
//! many.

use routerlab_metrics::bootstrap::{Bootstrap, Quantity};
use routerlab_metrics::cost::{
    cheapest_reaching, cost_save_in_hindsight, most_accurate, perf_gain, perf_gain_in_hindsight, saving, total_usd,
};
use routerlab_metrics::pareto::{CostAxis, frontier, pareto_dist};
use routerlab_metrics::{Accuracy, Answers, Observed, OperatingPoint, controls};

use super::band::Parts;
use super::over_seeds::{ends, strategies_of_points, tested};
use super::table::{About, Table, mean};
use super::{BEST_SINGLE, Routed, SeedView};
use crate::experiment::{Experiment, Track};

/// What is computed for each router and seed and then averaged over the seeds that have it.
const METRICS: [(&str, &str); 9] = [
    ("PerfGain", "percent"),
    ("PerfGainHindsight", "percent"),
    ("CostSaveAtPerfGain", "percent"),
    ("CostSave", "percent"),
    ("CostSaveHindsight", "percent"),
    ("DiffAtCostSave", "points"),
    ("ParetoDist", "1"),
    // Along the logarithm of cost: on a linear axis whatever is cheap lies close together.
    ("ParetoDistLog", "1"),
    ("Points", "points"),
];

/// The operating points of one router on one seed.
pub(crate) struct SeedPoints {
    /// One for each preference, on the test part; a cost that is not known is NaN.
    pub(crate) test: Vec<OperatingPoint>,
    /// Which one PerfGain is about.
    pub(crate) most_accurate: Option<usize>,
    /// Which one CostSave is about: the cheapest that reaches Best Single's accuracy.
    pub(crate) cheapest: Option<usize>,
}

/// The operating points of each router and seed.
pub(crate) fn points(experiment: &Experiment, seeds: &[SeedView], routers: &[Routed]) -> Vec<Vec<SeedPoints>> {
    let of_router = |router: &Routed| {
        seeds
            .iter()
            .zip(&router.decided)
            .map(|(seed, decided)| {
                let test = points_of(&decided.test, &seed.test);
                let (most_accurate, cheapest) = match experiment.protocol.track {
                    Track::Compat => chosen(&test, point_of(&seed.controls[BEST_SINGLE], &seed.test)),
                    Track::Fair => chosen(&points_of(&decided.validation, &seed.validation), validated(seed)),
                };
                SeedPoints { test, most_accurate, cheapest }
            })
            .collect()
    };
    routers.iter().map(of_router).collect()
}

/// Best Single on the validation part.
fn validated(seed: &SeedView) -> OperatingPoint {
    let choices = controls::always(&seed.validation, seed.best_single);
    let judged = seed.validation.judge(&choices, seed.missing).map(|judged| judged.answers).unwrap_or_default();
    point_of(&judged, &seed.validation)
}

/// Positions of the most accurate point and of the cheapest that reaches Best Single. The second needs all costs: a
/// point of unknown cost may be the cheapest. Neither exists where there are no rows to choose on.
fn chosen(points: &[OperatingPoint], best_single: OperatingPoint) -> (Option<usize>, Option<usize>) {
    if points.iter().any(|point| point.avg_acc.is_nan()) {
        return (None, None);
    }
    let cheapest = priced(points).and_then(|points| cheapest_reaching(points, best_single.avg_acc));
    (most_accurate(points), cheapest)
}

/// The points, if the cost of every one is known.
pub(crate) fn priced(points: &[OperatingPoint]) -> Option<&[OperatingPoint]> {
    points.iter().all(|point| point.cost_usd.is_finite()).then_some(points)
}

fn points_of(answers: &[Answers], observed: &Observed<'_>) -> Vec<OperatingPoint> {
    answers.iter().map(|answers| point_of(answers, observed)).collect()
}

/// AvgAcc and total cost; NaN where there is no row or a cost is unknown.
pub(crate) fn point_of(answers: &Answers, observed: &Observed<'_>) -> OperatingPoint {
    OperatingPoint {
        avg_acc: Accuracy::new(&answers.score, observed.dataset(), observed.datasets()).avg_acc(),
        cost_usd: total_usd(answers).unwrap_or(f64::NAN),
    }
}

/// What each model of the pool would be as a router, where its costs are known.
pub(crate) fn single_models(seed: &SeedView) -> impl Iterator<Item = OperatingPoint> {
    let of_model = |model: u32| {
        let judged = seed.test.judge(&controls::always(&seed.test, model), seed.missing).ok()?;
        Some(point_of(&judged.answers, &seed.test)).filter(|point| point.cost_usd.is_finite())
    };
    (0..seed.test.models() as u32).filter_map(of_model)
}

/// Adds operating points, PerfGain, CostSave and ParetoDist. A router with an unknown cost has no value that needs costs
/// and is no part of the others' frontier; nor is one that is not ranked.
pub(crate) fn add(
    table: &mut Table,
    experiment: &Experiment,
    (seeds, units): (&[SeedView], &[Vec<u32>]),
    routers: &[Routed],
    points: &[Vec<SeedPoints>],
    bootstrap: &Bootstrap,
) {
    let parts = Parts::new(seeds, units);
    let per_seed: Vec<Vec<[Option<f64>; METRICS.len()]>> =
        seeds.iter().enumerate().map(|(at, seed)| of_seed(at, seed, routers, points)).collect();
    for (at, seed) in seeds.iter().enumerate() {
        let label = seed.seed.to_string();
        for (index, router) in routers.iter().enumerate() {
            let n = seed.test.rows();
            let about = About { router: &router.name, seed: &label, dataset: "macro", preference: 0.0, n };
            for ((metric, unit), value) in METRICS.iter().zip(per_seed[at][index]) {
                table.add(about, metric, unit, value, None);
            }
            for (preference, point) in router.decided[at].preferences.iter().zip(&points[index][at].test).skip(1) {
                let about = About { preference: *preference, ..about };
                add_point(table, experiment.preferences.weighs.unit(), about, *point, None);
            }
        }
    }
    for (index, router) in routers.iter().enumerate() {
        let n_of =
            |has: &dyn Fn(usize) -> bool| tested(seeds.iter().enumerate().filter(|at| has(at.0)).map(|at| at.1)).len();
        let about = About { router: &router.name, seed: "all", dataset: "macro", preference: 0.0, n: n_of(&|_| true) };
        let (accurate, cheap) = strategies_of_points(index, routers.len());
        for (column, (metric, unit)) in METRICS.iter().enumerate() {
            let of_seed = |at: usize| per_seed[at][index][column];
            let values: Vec<f64> = (0..seeds.len()).filter_map(of_seed).collect();
            let interval = |strategy, quantity| ends(bootstrap, strategy, quantity);
            // Chosen on the very rows that are resampled a point has no honest interval.
            let ends = match (experiment.protocol.track, *metric) {
                (Track::Compat, _) => None,
                (_, "PerfGain") => interval(accurate, Quantity::PerfGain),
                (_, "CostSaveAtPerfGain") => interval(accurate, Quantity::CostSave),
                (_, "CostSave") => interval(cheap, Quantity::CostSave),
                (_, "DiffAtCostSave") => interval(cheap, Quantity::DiffToBestSingle),
                _ => None,
            };
            let about = About { n: n_of(&|at| of_seed(at).is_some()), ..about };
            table.add(about, metric, unit, mean(&values), ends);
            if matches!(*metric, "CostSave" | "CostSaveHindsight") {
                table.add(about, &format!("{metric}Seeds"), "seeds", Some(values.len() as f64), None);
            }
        }
        for (at, preference) in router.decided[0].preferences.iter().enumerate().skip(1) {
            let over_seeds: Vec<OperatingPoint> =
                points[index].iter().filter_map(|points| points.test.get(at).copied()).collect();
            let mean = |of: fn(&OperatingPoint) -> f64| {
                mean(&over_seeds.iter().map(of).collect::<Vec<f64>>()).unwrap_or(f64::NAN)
            };
            let point = OperatingPoint { avg_acc: mean(|point| point.avg_acc), cost_usd: mean(|point| point.cost_usd) };
            let scores =
                router.decided.iter().map(|decided| decided.test.get(at).map(|answers| answers.score.as_slice()));
            let scores: Option<Vec<&[f64]>> = scores.collect();
            let ends = scores.and_then(|scores| parts.interval(point.avg_acc, &scores));
            let about = About { preference: *preference, ..about };
            add_point(table, experiment.preferences.weighs.unit(), about, point, ends);
        }
    }
}

/// The metrics of each router on one seed.
fn of_seed(
    at: usize,
    seed: &SeedView,
    routers: &[Routed],
    points: &[Vec<SeedPoints>],
) -> Vec<[Option<f64>; METRICS.len()]> {
    let best = point_of(&seed.controls[BEST_SINGLE], &seed.test);
    let ranked = routers.iter().zip(points).filter(|(router, _)| router.ranked);
    let union: Vec<OperatingPoint> =
        ranked.filter_map(|(_, of_router)| priced(&of_router[at].test)).flatten().copied().collect();
    let vertices: Vec<OperatingPoint> = frontier(&union).into_iter().map(|index| union[index]).collect();
    let everything: Vec<OperatingPoint> = union.iter().copied().chain(single_models(seed)).collect();
    let distance =
        |own: &[OperatingPoint], axis| priced(own).and_then(|own| pareto_dist(own, &vertices, &everything, axis));
    let of_router = |(router, of_router): (&Routed, &Vec<SeedPoints>)| {
        let SeedPoints { test, most_accurate, cheapest } = &of_router[at];
        let priced = priced(test).filter(|_| best.cost_usd.is_finite());
        let at_accurate = most_accurate.map(|index| test[index]);
        let at_cheap = cheapest.map(|index| test[index]);
        [
            at_accurate.and_then(|point| perf_gain(point, best)),
            perf_gain_in_hindsight(test, best),
            at_accurate.and_then(|point| saving(point, best)),
            at_cheap.and_then(|point| saving(point, best)),
            priced.and_then(|points| cost_save_in_hindsight(points, best)),
            at_cheap.filter(|point| saving(*point, best).is_some()).map(|point| point.avg_acc - best.avg_acc),
            distance(test, CostAxis::Linear).filter(|_| router.ranked),
            distance(test, CostAxis::Log).filter(|_| router.ranked),
            Some(test.len() as f64),
        ]
    };
    routers.iter().zip(points).map(of_router).collect()
}

/// `ends` are those of AvgAcc.
fn add_point(table: &mut Table, unit: &'static str, about: About<'_>, point: OperatingPoint, ends: Option<(f64, f64)>) {
    table.add(about, "AvgAcc", "percent", Some(point.avg_acc), ends);
    table.add(About { dataset: "micro", ..about }, "Cost", unit, Some(point.cost_usd), None);
}
