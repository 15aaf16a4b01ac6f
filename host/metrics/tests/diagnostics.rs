//! What must hold for the diagnostics and the tests of differences on every table of outcomes, checked on many random
//! ones.

use routerlab_metrics::bootstrap::Part;
use routerlab_metrics::deployment::DatasetWeights;
use routerlab_metrics::hard::{RECALL_DEPTH, RightModels};
use routerlab_metrics::mcnemar::mcnemar;
use routerlab_metrics::oracle_frontier::{OracleFrontier, relative_hypervolume};
use routerlab_metrics::paired::paired_difference;
use routerlab_metrics::{
    Missing, Observed, OperatingPoint, agreement, calibration, collapse, controls, cost, significance, skill,
};

mod support;
use support::{DATASETS, Random, accuracy, close, judged, observed};

fn point(observed: &Observed<'_>, choices: &[u32]) -> OperatingPoint {
    let answers = judged(observed, choices);
    OperatingPoint {
        avg_acc: accuracy(observed, &answers).avg_acc(),
        cost_usd: cost::total_usd(&answers).unwrap_or(f64::NAN),
    }
}

/// Choices after the models were put in another order; `order[new] = old`.
fn renamed(choices: &[u32], order: &[u32]) -> Vec<u32> {
    choices.iter().map(|choice| order.iter().position(|old| old == choice).unwrap() as u32).collect()
}

#[test]
fn the_order_of_rows_and_models_changes_no_diagnostic() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let choices = random.choices(&observed);
        let utilities: Vec<f64> = (0..observed.rows() * observed.models()).map(|_| random.uniform()).collect();
        let rows = random.order(observed.rows());
        let models = random.order(observed.models());
        let moved = observed.select(&rows).unwrap().select_models(&models).unwrap();
        let of_rows: Vec<u32> = rows.iter().map(|row| choices[*row as usize]).collect();
        let moved_choices = renamed(&of_rows, &models);
        let at = |row: u32, model: u32| utilities[row as usize * observed.models() + model as usize];
        let moved_utilities: Vec<f64> =
            rows.iter().flat_map(|row| models.iter().map(move |model| at(*row, *model))).collect();

        let w = |observed: &Observed<'_>, choices: &[u32]| skill::within_datasets(observed, choices).unwrap();
        assert!(close(w(&observed, &choices), w(&moved, &moved_choices)), "seed {seed}");

        let pool = |observed: &Observed<'_>, utilities: &[f64]| calibration::of_pool(observed, utilities, 10).unwrap();
        assert_eq!(pool(&observed, &utilities), pool(&moved, &moved_utilities), "seed {seed}");
        let chosen = |observed: &Observed<'_>, utilities: &[f64], choices: &[u32]| {
            calibration::of_choices(observed, utilities, choices, 3)
        };
        assert_eq!(
            chosen(&observed, &utilities, &choices),
            chosen(&moved, &moved_utilities, &moved_choices),
            "seed {seed}"
        );

        let dearest = collapse::dearest(&observed).unwrap();
        let moved_dearest = renamed(&[dearest], &models)[0];
        assert_eq!(
            collapse::collapse(&observed, &choices, dearest).unwrap(),
            collapse::collapse(&moved, &moved_choices, moved_dearest).unwrap(),
            "seed {seed}"
        );

        let recall = |observed: &Observed<'_>, utilities: &[f64]| {
            RightModels::new(observed).recall_curve(observed, utilities, 3)
        };
        assert_eq!(recall(&observed, &utilities), recall(&moved, &moved_utilities), "seed {seed}");

        let frontier = |observed: &Observed<'_>| OracleFrontier::new(observed).unwrap();
        let own = point(&observed, &choices);
        if own.cost_usd.is_finite() {
            let [one, other] = [&observed, &moved].map(|of| frontier(of).distance(&[own]).unwrap());
            assert!((one - other).abs() < 1e-6, "seed {seed}: {one} and {other}");
        }
    }
}

#[test]
fn no_decisions_lie_above_the_oracles_frontier() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, false);
        let frontier = OracleFrontier::new(&observed).unwrap();
        let oracle = point(&observed, &controls::oracle(&observed));
        let best = frontier.curve().vertices().last().unwrap();
        assert!(close(best.avg_acc, oracle.avg_acc) && close(best.cost_usd, oracle.cost_usd), "seed {seed}");
        assert!(frontier.distance(&[oracle]).unwrap() < 1e-9, "seed {seed}");
        for model in 0..observed.models() as u32 {
            let mut choices = random.choices(&observed);
            if random.below(2) == 0 {
                choices = controls::always(&observed, model);
            }
            let own = point(&observed, &choices);
            // The frontier starts with the cheapest model of each row, so it has an answer at every budget.
            let bound = frontier.curve().accuracy_at(own.cost_usd + 1e-9).unwrap();
            assert!(own.avg_acc <= bound + 1e-6, "seed {seed}: {own:?}, bound {bound}");
            let distance = frontier.distance(&[own]).unwrap();
            assert!(distance >= 0.0 && distance.is_finite(), "seed {seed}");
        }
    }
}

#[test]
fn diagnostics_lie_in_their_bounds() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let choices = random.choices(&observed);
        let w = skill::within_datasets(&observed, &choices).unwrap();
        assert!((-100.0..=100.0).contains(&w), "seed {seed}: {w}");
        // Any router that knows nothing but the dataset.
        let experts: Vec<u32> = (0..DATASETS).map(|_| random.below(observed.models()) as u32).collect();
        let by_dataset = controls::by_dataset(&observed, &experts);
        assert!(close(skill::within_datasets(&observed, &by_dataset).unwrap(), 0.0), "seed {seed}");
        // Nobody deals out the Oracle's own mix better than the Oracle.
        let oracle = controls::oracle(&observed);
        let best = skill::permutation_test(&observed, &oracle, 20, seed).unwrap();
        assert!(best.points >= -1e-9 && (0.0..=1.0).contains(&best.p_value), "seed {seed}: {best:?}");

        let utilities: Vec<f64> = (0..observed.rows() * observed.models()).map(|_| random.uniform() * 1.2).collect();
        if let Some(found) = calibration::of_pool(&observed, &utilities, 10) {
            let pairs: usize = found.bins.iter().map(|bin| bin.pairs).sum();
            assert!(pairs == found.pairs && found.bins.len() <= 10, "seed {seed}");
            // The error of means never exceeds the mean of errors.
            let error = found.expected_calibration_error;
            assert!((0.0..=1.0).contains(&error) && error <= found.brier.sqrt() + 1e-12, "seed {seed}");
        }

        let dearest = collapse::dearest(&observed).unwrap();
        let of = |choices: &[u32]| collapse::collapse(&observed, choices, dearest).unwrap();
        assert!(of(&choices).index.is_none_or(|index| (0.0..=100.0).contains(&index)), "seed {seed}");
        assert!(of(&oracle).index.is_none_or(|index| index == 0.0), "the Oracle collapses, seed {seed}");
        assert!(of(&controls::always(&observed, dearest)).index.is_none_or(|index| index == 100.0), "seed {seed}");

        let answers = [&choices, &by_dataset, &oracle].map(|choices| judged(&observed, choices));
        let decisions = agreement::of_decisions(&[&choices, &by_dataset, &oracle]).unwrap();
        let correctness = agreement::of_correctness(&answers.each_ref()).unwrap();
        for (a, b) in [(0, 1), (1, 2), (2, 0)] {
            let [same, as_right] = [&decisions, &correctness].map(|table| table.percent(a, b).unwrap());
            // Equal decisions are equally right.
            assert!((0.0..=100.0).contains(&same) && same <= as_right + 1e-9, "seed {seed}");
            assert_eq!(decisions.percent(a, b), decisions.percent(b, a), "seed {seed}");
        }
    }
}

#[test]
fn curves_over_hard_queries_agree_with_their_single_values() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let right = RightModels::new(&observed);
        let answers = judged(&observed, &random.choices(&observed));
        let curve = right.accuracy_curve(&answers);
        assert_eq!(curve.len(), observed.models());
        for (at_most, found) in (1..).zip(&curve) {
            let single = right.accuracy(&answers, at_most);
            assert_eq!(single.map(|of| of.rows), found.map(|of| of.rows), "seed {seed}");
            if let (Some(single), Some(found)) = (single, found) {
                for (a, b) in
                    [(single.correct, found.correct), (single.graded, found.graded), (single.lift, found.lift)]
                {
                    assert!(close(a, b), "seed {seed}, at most {at_most}");
                }
            }
        }
        let rows: usize = right.accuracy_by_count(&answers).iter().flatten().map(|of| of.rows).sum();
        assert_eq!(rows, right.slice(observed.models() as u32).len(), "seed {seed}");
        let oracle = judged(&observed, &controls::oracle(&observed));
        assert!(right.accuracy_curve(&oracle).iter().flatten().all(|of| of.correct == 100.0), "seed {seed}");

        let utilities: Vec<f64> = (0..observed.rows() * observed.models()).map(|_| random.uniform()).collect();
        if let Some(recall) = right.recall_curve(&observed, &utilities, 3) {
            assert!(recall.windows(2).all(|pair| pair[0] <= pair[1]), "seed {seed}");
            let single = (1..=RECALL_DEPTH).map(|r| right.recall(&observed, &utilities, r, 3).unwrap());
            assert!(single.zip(recall).all(|(a, b)| close(a, b)), "seed {seed}");
        }
        let shares = right.regret_shares(&observed, &answers);
        assert!(shares.is_none_or(|shares| close(shares.iter().sum(), 100.0)), "seed {seed}");
        assert_eq!(right.regret_shares(&observed, &oracle), None, "the Oracle has regret, seed {seed}");

        // The easier it is to guess, the more of the slice is explained; never more than all of it.
        let by_chance = |guess: f64| right.explained_by_chance(observed.dataset(), &[guess; DATASETS], 1);
        let explained: Vec<f64> =
            [0.0, 0.05, 0.1, 0.2].into_iter().filter_map(by_chance).map(|of| of.percent).collect();
        assert!(explained.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "seed {seed}: {explained:?}");
        assert!(explained.iter().all(|percent| (0.0..=100.0 + 1e-9).contains(percent)), "seed {seed}");
    }
}

#[test]
fn weighted_accuracies_lie_between_the_worst_and_the_best_dataset() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, false);
        let answers = judged(&observed, &random.choices(&observed));
        let accuracy = accuracy(&observed, &answers);
        let present = accuracy.per_dataset().iter().filter(|accuracy| !accuracy.is_nan());
        let (low, high) = present.fold((f64::MAX, f64::MIN), |(low, high), of| (low.min(*of), high.max(*of)));
        let inside = |value: f64| (100.0 * low - 1e-9..=100.0 * high + 1e-9).contains(&value);
        let means = accuracy.means(&accuracy);
        assert!([means.macro_mean, means.micro, means.precision].into_iter().all(inside), "seed {seed}");
        let rows: Vec<f64> = accuracy.rows().iter().map(|rows| *rows as f64).collect();
        let weights = DatasetWeights::new(&rows).unwrap();
        assert!(close(weights.accuracy(&accuracy).unwrap(), accuracy.micro()), "seed {seed}");
        let mean = cost::mean_usd(&answers).unwrap();
        assert!(close(weights.cost_usd(&answers, observed.dataset()).unwrap(), mean), "seed {seed}");
        assert_eq!(cost::matched_ratio(&answers, &answers, observed.dataset(), DATASETS), Some(1.0), "seed {seed}");

        let single = |model| point(&observed, &controls::always(&observed, model));
        let single: Vec<OperatingPoint> = (0..observed.models() as u32).map(single).collect();
        let volume = relative_hypervolume(&single, &single).unwrap();
        assert!((0.0..=1.0).contains(&volume), "seed {seed}: {volume}");
    }
}

#[test]
fn tests_of_differences_are_symmetric_and_agree_with_the_difference() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, false);
        let answers = [(); 2].map(|()| judged(&observed, &random.choices(&observed)));
        let unit: Vec<u32> = (0..observed.rows() as u32).collect();
        let part =
            Part { dataset: observed.dataset(), unit: &unit, hard: &[], answers: answers.iter().map(Some).collect() };
        let parts = [part];
        let contributions: f64 = significance::contributions(&parts, 0, 1).iter().sum();
        let [a, b] = answers.each_ref().map(|answers| accuracy(&observed, answers));
        assert!(close(contributions, a.difference(&b)), "seed {seed}");
        match (paired_difference(&parts, 0, 1), paired_difference(&parts, 1, 0)) {
            (Some(one), Some(other)) => {
                assert!(close(one.difference, contributions) && close(one.difference, -other.difference));
                assert!(close(one.standard_error, other.standard_error), "seed {seed}");
                // A wider margin is never harder to show.
                let p = |margin| one.equivalence(margin).unwrap().p_value;
                assert!(p(1.0) >= p(5.0) && p(5.0) >= p(20.0), "seed {seed}");
            }
            (None, None) => assert!(a.rows().contains(&1), "seed {seed}"),
            mixed => panic!("seed {seed}: {mixed:?}"),
        }
        let [one, other] =
            [(0, 1), (1, 0)].map(|(a, b)| mcnemar(&answers[a], &answers[b], observed.dataset(), DATASETS).unwrap());
        for (one, other) in one.iter().zip(&other) {
            assert_eq!((one.only_a, one.p_value), (other.only_b, other.p_value), "seed {seed}");
            assert!(one.p_value > 0.0 && one.p_value <= 1.0, "seed {seed}");
        }
    }
}

#[test]
fn missing_records_never_look_like_skill() {
    // A router that always asks a model without records earns nothing and has no skill.
    let observed = Observed::new(vec![0; 3], 1, 2, [1.0, f64::NAN].repeat(3), [0.1, f64::NAN].repeat(3)).unwrap();
    assert_eq!(skill::within_datasets(&observed, &[1; 3]).unwrap(), 0.0);
    let judged = observed.judge(&[1; 3], Missing::Fallback(0)).unwrap();
    assert_eq!(judged.unavailable, 3);
    assert_eq!(calibration::of_choices(&observed, &[0.9; 6], &[1; 3], 5), None);
    assert_eq!(calibration::of_pool(&observed, &[0.9; 6], 5).unwrap().pairs, 3);
}
