//! What a router does beyond one number: its whole curve against fixed marks, hard queries one by one, and what it is
//! wrong about. Computed for every seed and averaged over those that have it.

use routerlab_metrics::agreement::{self, Agreement};
use routerlab_metrics::calibration;
use routerlab_metrics::collapse::{collapse, dearest};
use routerlab_metrics::cost::matched_ratio;
use routerlab_metrics::curve::Curve;
use routerlab_metrics::hard::RightModels;
use routerlab_metrics::pareto::hypervolume;
use routerlab_metrics::skill::permutation_test;
use routerlab_metrics::{Accuracy, Answers, OperatingPoint, precision_weights};

use super::over_seeds::tested;
use super::sweep::{SeedPoints, point_of, priced, single_models};
use super::table::{About, Table};
use super::{BEST_SINGLE, Decided, HARD, Routed, SeedView};
use crate::data::Data;

/// Shares of Best Single's cost at which accuracy is read off a router's curve, in percent (metrics.md 5).
const BUDGETS: [u32; 5] = [10, 25, 50, 75, 100];

/// Shares of Best Single's accuracy whose cost is read off a router's curve, in percent.
const REACHED: [u32; 2] = [95, 100];

/// The most models that Recall@r looks at.
const RANKED: usize = 5;

/// Bins of the expected calibration error.
const BINS: usize = 15;

/// Permutations of the test of skill within datasets. Its p-value over seeds is a mean, which errs to the safe side.
const PERMUTATIONS: usize = 1000;

/// A metric, its unit, and its value on one seed if it has one.
type Found = (String, &'static str, Option<f64>);

/// Adds the rows of every seed and their means.
pub(crate) fn add(table: &mut Table, data: &Data, seeds: &[SeedView], routers: &[Routed], points: &[Vec<SeedPoints>]) {
    let n = tested(seeds).len();
    for (router, points) in routers.iter().zip(points) {
        let mut names: Vec<(String, &'static str)> = Vec::new();
        for ((seed, decided), points) in seeds.iter().zip(&router.decided).zip(points) {
            let label = seed.seed.to_string();
            let rows = seed.test.rows();
            let about = About { router: &router.name, seed: &label, dataset: "macro", preference: 0.0, n: rows };
            let mut found = of_curve(seed, &points.test);
            found.extend(of_answers(seed, decided, data.models.len()));
            for (metric, unit, value) in found {
                table.add(about, &metric, unit, value, None);
                if !names.iter().any(|(name, _)| *name == metric) {
                    names.push((metric, unit));
                }
            }
        }
        let about = About { router: &router.name, seed: "all", dataset: "macro", preference: 0.0, n };
        for (metric, unit) in names {
            table.add_mean_of_seeds(about, &metric, unit);
        }
    }
    add_agreement(table, seeds, routers);
}

/// For every router and every other the share of test queries on which they choose the same model (`SameChoice with x`)
/// and on which both are right or both wrong (`SameOutcome with x`).
fn add_agreement(table: &mut Table, seeds: &[SeedView], routers: &[Routed]) {
    let n = tested(seeds).len();
    for (at, seed) in seeds.iter().enumerate() {
        let decided = || routers.iter().map(|router| &router.decided[at]);
        let choices: Vec<&[u32]> = decided().map(|decided| decided.choices.as_slice()).collect();
        let answers: Vec<&Answers> = decided().map(|decided| &decided.test[0]).collect();
        let label = seed.seed.to_string();
        let kinds =
            [("SameChoice", agreement::of_decisions(&choices)), ("SameOutcome", agreement::of_correctness(&answers))];
        for (name, found) in kinds {
            for (a, router) in routers.iter().enumerate() {
                for (b, other) in routers.iter().enumerate().filter(|(b, _)| *b != a) {
                    let share = found.as_ref().and_then(|found: &Agreement| found.percent(a, b));
                    let about = About {
                        router: &router.name,
                        seed: &label,
                        dataset: "micro",
                        preference: 0.0,
                        n: seed.test.rows(),
                    };
                    table.add(about, &format!("{name} with {}", other.name), "percent", share, None);
                }
            }
        }
    }
    for router in routers {
        let about = About { router: &router.name, seed: "all", dataset: "micro", preference: 0.0, n };
        for other in routers.iter().filter(|other| other.name != router.name) {
            for name in ["SameChoice", "SameOutcome"] {
                table.add_mean_of_seeds(about, &format!("{name} with {}", other.name), "percent");
            }
        }
    }
}

/// Marks that do not depend on who else is compared; none where a cost is unknown.
fn of_curve(seed: &SeedView, points: &[OperatingPoint]) -> Vec<Found> {
    let best = point_of(&seed.controls[BEST_SINGLE], &seed.test);
    let priced = priced(points).filter(|_| best.cost_usd.is_finite() && best.cost_usd > 0.0);
    let curve = priced.map(Curve::new);
    let curve = curve.as_ref();
    let singles: Vec<OperatingPoint> = single_models(seed).collect();
    let costs = || singles.iter().map(|point| point.cost_usd).filter(|cost| *cost > 0.0);
    let (low, high) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    let least = singles.iter().map(|point| point.avg_acc).fold(f64::INFINITY, f64::min);
    // The worst single model on each axis (critique.md 3.3), so that no router moves the mark.
    let worst = OperatingPoint { avg_acc: least, cost_usd: high };
    let mut found = vec![
        ("AreaUnderCurve".into(), "percent", curve.and_then(|curve| curve.area(low, high))),
        ("Hypervolume".into(), "USD points", priced.filter(|_| high > 0.0).map(|points| hypervolume(points, worst))),
    ];
    for share in BUDGETS {
        let budget = f64::from(share) / 100.0 * best.cost_usd;
        let accuracy = curve.and_then(|curve| curve.accuracy_at(budget));
        found.push((format!("AccuracyAtBudget@{share}"), "percent", accuracy));
    }
    for share in REACHED {
        let cost = curve.and_then(|curve| curve.cost_to_reach(f64::from(share) / 100.0 * best.avg_acc));
        found.push((format!("QNC@{share}"), "percent", cost.map(|cost| 100.0 * cost / best.cost_usd)));
    }
    found
}

/// What the choices at quality alone say.
fn of_answers(seed: &SeedView, decided: &Decided, models: usize) -> Vec<Found> {
    let answers = &decided.test[0];
    let right = RightModels::new(&seed.test);
    let accuracy = |answers: &Answers| Accuracy::new(&answers.score, seed.test.dataset(), seed.test.datasets());
    let own = accuracy(answers);
    let weights = precision_weights(&accuracy(&seed.controls[BEST_SINGLE]));
    let best = &seed.controls[BEST_SINGLE];
    let matched = matched_ratio(answers, best, seed.test.dataset(), seed.test.datasets());
    let mut found: Vec<Found> = vec![
        ("PrecisionWeightedAcc".into(), "percent", Some(own.weighted(&weights))),
        ("CostPerDatasetVsBestSingle".into(), "percent", matched.map(|ratio| 100.0 * ratio)),
    ];
    // HardAcc@3 stands among the metrics with intervals.
    for k in (1..=models as u32).filter(|k| *k != HARD) {
        let correct = right.accuracy(answers, k).map(|hard| hard.correct);
        found.push((format!("HardAcc@{k}"), "percent", correct));
    }
    for (k, regret) in right.regret(&seed.test, answers).into_iter().enumerate() {
        found.push((format!("Regret@{k}"), "points", Some(regret)));
    }
    let skill = permutation_test(&seed.test, &decided.choices, PERMUTATIONS, u64::from(seed.seed)).ok();
    found.push(("WithinDatasetSkill".into(), "points", skill.map(|skill| skill.points)));
    found.push(("WithinDatasetSkillP".into(), "1", skill.map(|skill| skill.p_value)));
    let collapsed = dearest(&seed.test).and_then(|dearest| collapse(&seed.test, &decided.choices, dearest).ok());
    found.push(("RoutingCollapse".into(), "percent", collapsed.and_then(|collapsed| collapsed.index)));
    if let Some(utilities) = &decided.utilities {
        let pool = calibration::of_pool(&seed.test, utilities, BINS);
        // A utility outside of 0 to 1 is no predicted success: then the router has no calibration.
        let pool = pool.filter(|pool| pool.outside == 0);
        found.push(("Brier".into(), "1", pool.as_ref().map(|pool| pool.brier)));
        let error = pool.as_ref().map(|pool| pool.expected_calibration_error);
        found.push(("CalibrationError".into(), "1", error));
        for r in 1..=RANKED.min(models) {
            found.push((format!("Recall@{r}"), "percent", right.recall(&seed.test, utilities, r, HARD)));
        }
    }
    found
}
