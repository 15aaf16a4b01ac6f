//! The sweep over preferences: operating points, and what the best of them are worth.

use routerlab_metrics::cost::{cheapest_reaching, cost_save, most_accurate, perf_gain, total_usd};
use routerlab_metrics::pareto::{CostAxis, frontier, pareto_dist};
use routerlab_metrics::{Accuracy, Answers, Observed, OperatingPoint, controls};

use super::{About, BEST_SINGLE, Decided, SeedView, Table};
use crate::experiment::{Experiment, Track};

/// What is computed for each router and seed and then averaged over seeds. `None` is not applicable.
const METRICS: [(&str, &str); 4] =
    [("PerfGain", "percent"), ("CostSave", "percent"), ("ParetoDist", "1"), ("Points", "points")];

/// Adds operating points, PerfGain, CostSave and ParetoDist. Nothing is added where costs are unknown.
pub(crate) fn add(table: &mut Table, experiment: &Experiment, seeds: &[SeedView], routers: &[(String, Vec<Decided>)]) {
    let mut per_seed: Vec<Vec<[Option<f64>; METRICS.len()]>> = vec![Vec::new(); routers.len()];
    for (at, seed) in seeds.iter().enumerate() {
        let points: Option<Vec<Vec<OperatingPoint>>> =
            routers.iter().map(|(_, decided)| points(&decided[at].test, &seed.test)).collect();
        let (Some(points), Some(best)) = (points, point(&seed.controls[BEST_SINGLE], &seed.test)) else { return };
        let union: Vec<OperatingPoint> = points.iter().flatten().copied().collect();
        let vertices: Vec<OperatingPoint> = frontier(&union).into_iter().map(|at| union[at]).collect();
        let mut everything = union.clone();
        everything.extend(single_models(seed));
        for (router, (name, decided)) in routers.iter().enumerate() {
            let own = &points[router];
            // On the fair track the point is chosen on validation, on the compat track in hindsight (metrics.md 5.1).
            let chosen = match experiment.protocol.track {
                Track::Compat => (most_accurate(own), cheapest_reaching(own, best.avg_acc)),
                Track::Fair => chosen_on_validation(&decided[at].validation, seed),
            };
            let gain = chosen.0.and_then(|index| perf_gain(own[index], best));
            let save = chosen.1.and_then(|index| cost_save(own[index], best));
            let distance = pareto_dist(own, &vertices, &everything, CostAxis::Linear);
            per_seed[router].push([gain, save, distance, Some(own.len() as f64)]);
            let label = seed.seed.to_string();
            let n = seed.test.rows();
            let about = About { router: name, seed: &label, dataset: "macro", preference: 0.0, n };
            for ((metric, unit), value) in METRICS.iter().zip(per_seed[router][at]) {
                table.add(about, metric, unit, value, None);
            }
            for (preference, point) in decided[at].preferences.iter().zip(own).skip(1) {
                let about = About { preference: *preference, ..about };
                table.add(about, "AvgAcc", "percent", Some(point.avg_acc), None);
                table.add(About { dataset: "micro", ..about }, "Cost", "USD", Some(point.cost_usd), None);
            }
        }
    }
    for (router, (name, decided)) in routers.iter().enumerate() {
        let n = seeds.iter().map(|seed| seed.test.rows()).sum::<usize>() / seeds.len();
        let about = About { router: name, seed: "all", dataset: "macro", preference: 0.0, n };
        for (column, (metric, unit)) in METRICS.iter().enumerate() {
            let values: Option<Vec<f64>> = per_seed[router].iter().map(|values| values[column]).collect();
            table.add(about, metric, unit, values.map(|values| mean(&values)), None);
        }
        for (index, preference) in decided[0].preferences.iter().enumerate().skip(1) {
            let over_seeds: Option<Vec<OperatingPoint>> = seeds
                .iter()
                .zip(decided)
                .map(|(seed, decided)| decided.test.get(index).and_then(|answers| point(answers, &seed.test)))
                .collect();
            let Some(over_seeds) = over_seeds else { continue };
            let about = About { preference: *preference, ..about };
            let avg_acc: Vec<f64> = over_seeds.iter().map(|point| point.avg_acc).collect();
            let cost_usd: Vec<f64> = over_seeds.iter().map(|point| point.cost_usd).collect();
            table.add(about, "AvgAcc", "percent", Some(mean(&avg_acc)), None);
            table.add(About { dataset: "micro", ..about }, "Cost", "USD", Some(mean(&cost_usd)), None);
        }
    }
}

/// Positions of the most accurate point and of the cheapest that reaches Best Single, as the validation part has it.
fn chosen_on_validation(answers: &[Answers], seed: &SeedView) -> (Option<usize>, Option<usize>) {
    let points = points(answers, &seed.validation);
    let best = seed
        .validation
        .judge(&controls::always(&seed.validation, seed.best_single), seed.missing)
        .ok()
        .and_then(|judged| point(&judged.answers, &seed.validation));
    match (points, best) {
        (Some(points), Some(best)) => (most_accurate(&points), cheapest_reaching(&points, best.avg_acc)),
        _ => (None, None),
    }
}

fn points(answers: &[Answers], observed: &Observed<'_>) -> Option<Vec<OperatingPoint>> {
    answers.iter().map(|answers| point(answers, observed)).collect()
}

/// AvgAcc and total cost; none when a cost is unknown or there is no row.
fn point(answers: &Answers, observed: &Observed<'_>) -> Option<OperatingPoint> {
    let avg_acc = Accuracy::new(&answers.score, observed.dataset(), observed.datasets()).avg_acc();
    let cost_usd = total_usd(answers)?;
    (avg_acc.is_finite()).then_some(OperatingPoint { avg_acc, cost_usd })
}

/// What each model of the pool would be as a router.
fn single_models(seed: &SeedView) -> impl Iterator<Item = OperatingPoint> {
    (0..seed.test.models() as u32).filter_map(|model| {
        let judged = seed.test.judge(&controls::always(&seed.test, model), seed.missing).ok()?;
        point(&judged.answers, &seed.test)
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
