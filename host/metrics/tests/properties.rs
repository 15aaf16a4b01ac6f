//! What must hold for every table of outcomes, checked on many random ones.

use routerlab_metrics::curve::Curve;
use routerlab_metrics::hard::RightModels;
use routerlab_metrics::pareto::{self, CostAxis};
use routerlab_metrics::{OperatingPoint, controls, cost};

mod support;
use support::{Random, accuracy, close, judged, observed};

#[test]
fn oracle_dominates_every_strategy_row_by_row() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let oracle = judged(&observed, &controls::oracle(&observed));
        let choices = random.choices(&observed);
        let experts = controls::dataset_experts(&observed);
        let best = controls::best_single(&observed);
        let strategies = [
            judged(&observed, &choices),
            controls::random(&observed),
            judged(&observed, &controls::always(&observed, best)),
            judged(&observed, &controls::by_dataset(&observed, &experts)),
        ];
        for strategy in &strategies {
            assert!(strategy.score.iter().zip(&oracle.score).all(|(own, best)| own <= &(best + 1e-12)), "seed {seed}");
            let gap = accuracy(&observed, strategy).gap_to(&accuracy(&observed, &oracle));
            assert!(gap.percent.is_none_or(|gap| (-1e-9..=100.0).contains(&gap)), "seed {seed}: {gap:?}");
        }
        // The order of the controls themselves.
        let averages = strategies.map(|strategy| accuracy(&observed, &strategy).avg_acc());
        assert!(averages[3] >= averages[2] - 1e-9, "dataset experts lose to the best single, seed {seed}");
        let generous = accuracy(&observed, &controls::oracle_any_credit(&observed)).avg_acc();
        assert!(generous >= accuracy(&observed, &oracle).avg_acc() - 1e-9, "seed {seed}");
    }
}

#[test]
fn best_single_is_no_worse_than_any_model_nor_than_random() {
    for seed in 0..300 {
        let observed = observed(&mut Random::new(seed), false);
        let average = |model| accuracy(&observed, &judged(&observed, &controls::always(&observed, model))).avg_acc();
        let best = controls::best_single(&observed);
        for model in 0..observed.models() as u32 {
            assert!(average(model) <= average(best) + 1e-9, "seed {seed}");
            assert!(model >= best || average(model) < average(best), "a tie went to the higher index, seed {seed}");
        }
        assert!(accuracy(&observed, &controls::random(&observed)).avg_acc() <= average(best) + 1e-9, "seed {seed}");
    }
}

#[test]
fn metrics_lie_in_their_bounds_and_agree_with_their_ratios() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let choices = random.choices(&observed);
        let own = judged(&observed, &choices);
        let accuracy_of = accuracy(&observed, &own);
        for value in [accuracy_of.avg_acc(), accuracy_of.micro()] {
            assert!((0.0..=100.0 + 1e-9).contains(&value), "seed {seed}: {value}");
        }
        let itself = accuracy_of.gain_over(&accuracy_of);
        assert!(itself.percent.is_none_or(|gain| close(gain, 0.0)), "seed {seed}");
        let reference = accuracy(&observed, &controls::random(&observed));
        let ratios: Vec<f64> = accuracy_of
            .per_dataset()
            .iter()
            .zip(reference.per_dataset())
            .filter(|(_, reference)| **reference > 0.0)
            .map(|(own, reference)| 100.0 * (own / reference - 1.0))
            .collect();
        let expected = ratios.iter().sum::<f64>() / ratios.len() as f64;
        match accuracy_of.gain_over(&reference).percent {
            Some(gain) => assert!(close(gain, expected) && gain >= -100.0 - 1e-9, "seed {seed}"),
            None => assert!(ratios.is_empty(), "seed {seed}"),
        }
    }
}

#[test]
fn the_order_of_rows_changes_no_metric() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let order = random.order(observed.rows());
        let shuffled = observed.select(&order).unwrap();
        assert_eq!(controls::best_single(&observed), controls::best_single(&shuffled), "seed {seed}");
        assert_eq!(controls::dataset_experts(&observed), controls::dataset_experts(&shuffled), "seed {seed}");
        let oracle = controls::oracle(&observed);
        let moved: Vec<u32> = order.iter().map(|row| oracle[*row as usize]).collect();
        assert_eq!(moved, controls::oracle(&shuffled), "seed {seed}");
        let (one, other) = (judged(&observed, &oracle), judged(&shuffled, &moved));
        assert!(close(accuracy(&observed, &one).avg_acc(), accuracy(&shuffled, &other).avg_acc()), "seed {seed}");
        assert!(close(cost::total_usd(&one).unwrap(), cost::total_usd(&other).unwrap()), "seed {seed}");
        assert_eq!(RightModels::new(&observed).share(3), RightModels::new(&shuffled).share(3), "seed {seed}");
    }
}

#[test]
fn hard_slices_are_nested_and_regret_adds_up_to_the_gap() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let observed = observed(&mut random, true);
        let right = RightModels::new(&observed);
        let sizes: Vec<usize> = (0..=observed.models() as u32).map(|at_most| right.slice(at_most).len()).collect();
        assert!(sizes.windows(2).all(|pair| pair[0] <= pair[1]) && sizes[0] == 0, "seed {seed}");
        let choices = random.choices(&observed);
        let own = judged(&observed, &choices);
        let oracle = accuracy(&observed, &judged(&observed, &controls::oracle(&observed)));
        let gap = oracle.micro() - accuracy(&observed, &own).micro();
        assert!(close(right.regret(&observed, &own).iter().sum(), gap), "seed {seed}");
        let utilities: Vec<f64> = (0..observed.rows() * observed.models()).map(|_| random.uniform()).collect();
        let recall = |r| right.recall(&observed, &utilities, r, 3);
        for r in 1..observed.models() {
            assert!(recall(r) <= recall(r + 1), "seed {seed}");
        }
        assert!(recall(observed.models()).is_none_or(|recall| recall == 100.0), "seed {seed}");
    }
}

#[test]
fn frontiers_and_curves_bound_their_points() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        // Whole numbers, so that ties occur.
        let count = 1 + random.below(25);
        let points: Vec<OperatingPoint> = (0..count)
            .map(|_| OperatingPoint { avg_acc: random.below(20) as f64, cost_usd: (1 + random.below(20)) as f64 })
            .collect();
        let kept = pareto::frontier(&points);
        let beats =
            |a: &OperatingPoint, b: &OperatingPoint| a.avg_acc >= b.avg_acc && a.cost_usd <= b.cost_usd && a != b;
        for (index, point) in points.iter().enumerate() {
            assert_eq!(kept.contains(&index), !points.iter().any(|other| beats(other, point)), "seed {seed}");
        }
        let frontier: Vec<OperatingPoint> = kept.iter().map(|index| points[*index]).collect();
        for axis in [CostAxis::Linear, CostAxis::Log] {
            assert_eq!(pareto::pareto_dist(&frontier, &frontier, &points, axis), Some(0.0), "seed {seed}");
            let distance = pareto::pareto_dist(&points, &frontier, &points, axis).unwrap();
            assert!((0.0..=2.0).contains(&distance), "seed {seed}: {distance}");
        }
        let curve = Curve::new(&points);
        for point in &points {
            assert!(curve.accuracy_at(point.cost_usd).unwrap() >= point.avg_acc - 1e-9, "seed {seed}");
            assert!(curve.cost_to_reach(point.avg_acc).unwrap() <= point.cost_usd + 1e-9, "seed {seed}");
        }
        let most = curve.accuracy_at(f64::MAX).unwrap();
        assert!((0.0..=most + 1e-9).contains(&curve.area(0.5, 30.0).unwrap()), "seed {seed}");
        // Another point never makes the dominated area smaller.
        let reference = OperatingPoint { avg_acc: 0.0, cost_usd: 21.0 };
        let (all, fewer) = (pareto::hypervolume(&points, reference), pareto::hypervolume(&points[1..], reference));
        assert!(all >= fewer - 1e-9, "seed {seed}");
    }
}
