//! What a router does beyond one number: its whole curve against fixed marks, hard queries one by one, and what it is
//! wrong about. Computed for every seed and averaged over those that have it.

use routerlab_metrics::agreement::{self, Agreement};
use routerlab_metrics::calibration;
use routerlab_metrics::collapse::{collapse, dearest};
use routerlab_metrics::cost::matched_ratio;
use routerlab_metrics::curve::{BUDGETS, Curve, QNC_SHARES};
use routerlab_metrics::hard::{RECALL_DEPTH, RightModels};
use routerlab_metrics::pareto::hypervolume;
use routerlab_metrics::skill::permutation_test;
use routerlab_metrics::{Accuracy, Answers, OperatingPoint, precision_weights};

use super::over_seeds::tested;
use super::sweep::{SeedPoints, point_of, priced, single_models};
use super::table::{About, Table, mean};
use super::{BEST_SINGLE, Decided, HARD, Routed, SeedView};
use crate::experiment::Weighs;

/// Bins of the expected calibration error.
const BINS: usize = 15;

/// Permutations of the test of skill within datasets. Its p-value over seeds is a mean, which errs to the safe side.
const PERMUTATIONS: usize = 1000;

/// A metric, its unit, and its value on one seed if it has one.
type Found = (String, &'static str, Option<f64>);

/// What all routers of one seed are measured against, made once for them.
struct Marks {
    best: OperatingPoint,
    singles: Vec<OperatingPoint>,
    /// The worst single model on each axis (critique.md 3.3), so that no router moves the mark.
    worst: OperatingPoint,
    right: RightModels,
    /// Of the datasets, from Best Single's accuracies.
    weights: Vec<f64>,
    dearest: Option<u32>,
    weighs: Weighs,
}

impl Marks {
    fn new(seed: &SeedView) -> Self {
        let singles: Vec<OperatingPoint> = single_models(seed).collect();
        let worst = OperatingPoint {
            avg_acc: singles.iter().map(|point| point.avg_acc).fold(f64::INFINITY, f64::min),
            cost_usd: singles.iter().map(|point| point.cost_usd).fold(0.0, f64::max),
        };
        Self {
            best: point_of(&seed.controls[BEST_SINGLE], &seed.test),
            singles,
            worst,
            right: RightModels::new(&seed.test),
            weights: precision_weights(&accuracy(seed, &seed.controls[BEST_SINGLE])),
            dearest: dearest(&seed.test),
            weighs: seed.weighs,
        }
    }
}

fn accuracy(seed: &SeedView, answers: &Answers) -> Accuracy {
    Accuracy::new(&answers.score, seed.test.dataset(), seed.test.datasets())
}

/// Adds the rows of every seed and their means.
pub(crate) fn add(table: &mut Table, seeds: &[SeedView], routers: &[Routed], points: &[Vec<SeedPoints>]) {
    let marks: Vec<Marks> = seeds.iter().map(Marks::new).collect();
    let alike: Vec<Alike> = (0..seeds.len()).map(|at| Alike::new(routers, at)).collect();
    for (index, router) in routers.iter().enumerate() {
        let own = |(at, seed): (usize, &SeedView)| {
            let mut found = of_curve(&marks[at], &points[index][at].test);
            found.extend(of_answers(seed, &marks[at], &router.decided[at]));
            found
        };
        add_found(table, seeds, &router.name, "macro", seeds.iter().enumerate().map(own).collect());
        let with_others = alike.iter().map(|alike| alike.of(index, routers)).collect();
        add_found(table, seeds, &router.name, "micro", with_others);
    }
}

/// Adds what was found of a router on each seed, then the mean of each metric over the seeds that have it.
fn add_found(table: &mut Table, seeds: &[SeedView], router: &str, dataset: &str, of_seeds: Vec<Vec<Found>>) {
    let about = About { router, seed: "all", dataset, preference: 0.0, n: tested(seeds).len() };
    let mut values: Vec<(String, &'static str, Vec<f64>)> = Vec::new();
    for (seed, found) in seeds.iter().zip(of_seeds) {
        let label = seed.seed.to_string();
        for (metric, unit, value) in found {
            table.add(About { seed: &label, n: seed.test.rows(), ..about }, &metric, unit, value, None);
            let known = value.filter(|value| value.is_finite());
            match values.iter_mut().find(|(name, _, _)| *name == metric) {
                Some((_, _, values)) => values.extend(known),
                None => values.push((metric, unit, known.into_iter().collect())),
            }
        }
    }
    for (metric, unit, values) in values {
        table.add(about, &metric, unit, mean(&values), None);
    }
}

/// How alike routers are on one seed.
struct Alike {
    choices: Option<Agreement>,
    outcomes: Option<Agreement>,
}

impl Alike {
    fn new(routers: &[Routed], at: usize) -> Self {
        let decided = || routers.iter().map(|router| &router.decided[at]);
        let choices: Vec<&[u32]> = decided().map(|decided| decided.choices.as_slice()).collect();
        let answers: Vec<&Answers> = decided().map(|decided| &decided.test[0]).collect();
        Self { choices: agreement::of_decisions(&choices), outcomes: agreement::of_correctness(&answers) }
    }

    /// For every other router the share of test queries on which the two choose the same model (`SameChoice with x`) and
    /// on which both are right or both wrong (`SameOutcome with x`).
    fn of(&self, index: usize, routers: &[Routed]) -> Vec<Found> {
        let others = routers.iter().enumerate().filter(|(other, _)| *other != index);
        let kinds = [("SameChoice", &self.choices), ("SameOutcome", &self.outcomes)];
        let of_other = |(other, router): (usize, &Routed)| {
            kinds.map(|(name, found)| {
                let share = found.as_ref().and_then(|found| found.percent(index, other));
                (format!("{name} with {}", router.name), "percent", share)
            })
        };
        others.flat_map(of_other).collect()
    }
}

/// Marks that do not depend on who else is compared; none where a cost is unknown.
fn of_curve(marks: &Marks, points: &[OperatingPoint]) -> Vec<Found> {
    let best = marks.best;
    let priced = priced(points).filter(|_| best.cost_usd.is_finite() && best.cost_usd > 0.0);
    let curve = priced.map(Curve::new);
    let curve = curve.as_ref();
    let volume = priced.filter(|_| marks.worst.cost_usd > 0.0).map(|points| hypervolume(points, marks.worst));
    let mut found: Vec<Found> = vec![
        ("AreaUnderCurve".into(), "percent", curve.and_then(|curve| curve.area_over(&marks.singles))),
        ("Hypervolume".into(), if marks.weighs == Weighs::Cost { "USD points" } else { "s points" }, volume),
    ];
    let accuracies = curve.map_or([None; BUDGETS.len()], |curve| curve.accuracy_at_budgets(best));
    for (share, accuracy) in BUDGETS.into_iter().zip(accuracies) {
        found.push((format!("AccuracyAtBudget@{:.0}", 100.0 * share), "percent", accuracy));
    }
    for share in QNC_SHARES {
        let cost = curve.and_then(|curve| curve.qnc(best, share));
        found.push((format!("QNC@{:.0}", 100.0 * share), "percent", cost.map(|cost| 100.0 * cost)));
    }
    found
}

/// What the choices at quality alone say.
fn of_answers(seed: &SeedView, marks: &Marks, decided: &Decided) -> Vec<Found> {
    let answers = &decided.test[0];
    let test = &seed.test;
    let matched = matched_ratio(answers, &seed.controls[BEST_SINGLE], test.dataset(), test.datasets());
    let mut found: Vec<Found> = vec![
        ("PrecisionWeightedAcc".into(), "percent", Some(accuracy(seed, answers).weighted(&marks.weights))),
        ("CostPerDatasetVsBestSingle".into(), "percent", matched.map(|ratio| 100.0 * ratio)),
    ];
    // HardAcc@3 stands among the metrics with intervals.
    for (k, hard) in (1..).zip(marks.right.accuracy_curve(answers)).filter(|(k, _)| *k != HARD) {
        found.push((format!("HardAcc@{k}"), "percent", hard.map(|hard| hard.correct)));
    }
    for (k, regret) in marks.right.regret(test, answers).into_iter().enumerate() {
        found.push((format!("Regret@{k}"), "points", Some(regret)));
    }
    let skill = permutation_test(test, &decided.choices, PERMUTATIONS, u64::from(seed.seed)).ok();
    found.push(("WithinDatasetSkill".into(), "points", skill.map(|skill| skill.points)));
    found.push(("WithinDatasetSkillP".into(), "1", skill.map(|skill| skill.p_value)));
    let collapsed = marks.dearest.and_then(|dearest| collapse(test, &decided.choices, dearest).ok());
    found.push(("RoutingCollapse".into(), "percent", collapsed.and_then(|collapsed| collapsed.index)));
    if let Some(utilities) = &decided.utilities {
        let pool = calibration::of_pool(test, utilities, BINS);
        // A utility outside of 0 to 1 is no predicted success: then the router has no calibration.
        let pool = pool.filter(|pool| pool.outside == 0);
        found.push(("Brier".into(), "1", pool.as_ref().map(|pool| pool.brier)));
        let error = pool.as_ref().map(|pool| pool.expected_calibration_error);
        found.push(("CalibrationError".into(), "1", error));
        let recall = marks.right.recall_curve(test, utilities, HARD);
        for r in 1..=RECALL_DEPTH.min(test.models()) {
            found.push((format!("Recall@{r}"), "percent", recall.map(|recall| recall[r - 1])));
        }
    }
    found
}
