//! What each strategy earned on each seed, quality alone.

use routerlab_metrics::hard::RightModels;
use routerlab_metrics::{Accuracy, Answers, controls, cost};

use super::table::{About, Table};
use super::{BEST_SINGLE, CONTROLS, HARD, ORACLE, RANDOM, Routed, SeedView, known_mean, strategies};
use crate::data::Data;

/// Metrics of a router that are no earnings, with their units.
pub(crate) const OF_ROUTERS: [(&str, &str); 4] =
    [("Unavailable", "queries"), ("FuelPerQuery", "fuel"), ("RouteTime", "us"), ("TrainTime", "s")];

/// Adds the rows of every seed.
pub(crate) fn add(table: &mut Table, data: &Data, seeds: &[SeedView], routers: &[Routed]) {
    for (at, seed) in seeds.iter().enumerate() {
        let label = seed.seed.to_string();
        let n = seed.test.rows();
        let accuracy = |answers: &Answers| Accuracy::new(&answers.score, seed.test.dataset(), seed.test.datasets());
        let [random, best, oracle] = [RANDOM, BEST_SINGLE, ORACLE].map(|control| accuracy(&seed.controls[control]));
        let right = RightModels::new(&seed.test);
        for (name, answers) in strategies(seed, at, routers) {
            let own = accuracy(answers);
            let about = About { router: name, seed: &label, dataset: "macro", preference: 0.0, n };
            table.add(about, "AvgAcc", "percent", Some(own.avg_acc()), None);
            table.add(about, "Gain@R", "percent", own.gain_over(&random).percent, None);
            table.add(about, "Gain@B", "percent", own.gain_over(&best).percent, None);
            table.add(about, "Gap@O", "percent", own.gap_to(&oracle).percent, None);
            let micro = About { dataset: "micro", ..about };
            table.add(micro, "MicroAcc", "percent", Some(own.micro()), None);
            table.add(micro, "Cost", seed.weighs.unit(), cost::total_usd(answers), None);
            let hard = right.accuracy(answers, HARD);
            // Random answers in expectation: on it only the graded value has a meaning.
            let hard_acc = hard.map(|hard| if name == CONTROLS[RANDOM] { hard.graded } else { hard.correct });
            table.add(About { n: right.slice(HARD).len(), ..micro }, "HardAcc@3", "percent", hard_acc, None);
            for (dataset, (accuracy, rows)) in own.per_dataset().iter().zip(own.rows()).enumerate() {
                let about = About { dataset: data.datasets[dataset].as_str(), n: *rows, ..about };
                table.add(about, "Accuracy", "percent", (*rows > 0).then_some(100.0 * accuracy), None);
            }
        }
        let micro = |router| About { router, seed: &label, dataset: "micro", preference: 0.0, n };
        for (control, name) in CONTROLS.iter().enumerate() {
            let mut unknown = unknown_costs([&seed.controls[control]]);
            if control == BEST_SINGLE {
                // Operating points are chosen against Best Single on validation.
                let choices = controls::always(&seed.validation, seed.best_single);
                let judged = seed.validation.judge(&choices, seed.missing).map(|judged| judged.answers);
                unknown += unknown_costs(&judged);
            }
            table.add(micro(name), "UnknownCost", "queries", Some(unknown as f64), None);
            table.add(micro(name), "Latency", "s", seed.waits[control], None);
        }
        // Datasets on which a reference is never right are in no mean of ratios to it.
        for (control, reference) in [(RANDOM, &random), (BEST_SINGLE, &best), (ORACLE, &oracle)] {
            let left_out = reference.gain_over(reference).left_out as f64;
            table.add(micro(CONTROLS[control]), "ZeroDatasets", "datasets", Some(left_out), None);
        }
        for router in routers {
            let decided = &router.decided[at];
            let mean_ns = decided.route_ns.iter().sum::<f64>() / decided.route_ns.len() as f64;
            let values = [decided.unavailable as f64, decided.fuel / n as f64, mean_ns / 1e3, router.train_s[at]];
            for ((metric, unit), value) in OF_ROUTERS.into_iter().zip(values) {
                table.add(micro(&router.name), metric, unit, Some(value), None);
            }
            table.add(micro(&router.name), "Latency", "s", known_mean(&decided.seconds), None);
            let unknown = unknown_costs(&decided.test) + unknown_costs(&decided.validation);
            table.add(micro(&router.name), "UnknownCost", "queries", Some(unknown as f64), None);
        }
        table.add(micro(""), "HardShare@3", "percent", right.share(HARD), None);
        let validated = About { n: seed.validation.rows(), ..micro("") };
        table.add(validated, "ValidationQueries", "queries", Some(seed.validation.rows() as f64), None);
    }
}

/// How many rows have an unknown cost at some preference.
fn unknown_costs<'a>(at_preferences: impl IntoIterator<Item = &'a Answers>) -> usize {
    let mut unknown: Vec<bool> = Vec::new();
    for answers in at_preferences {
        unknown.resize(answers.cost_usd.len(), false);
        unknown.iter_mut().zip(&answers.cost_usd).for_each(|(unknown, cost_usd)| *unknown |= cost_usd.is_nan());
    }
    unknown.into_iter().filter(|unknown| *unknown).count()
}
