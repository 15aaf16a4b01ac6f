//! Intervals beside the percentile interval: BCa, new datasets, equivalence.

use super::*;
use crate::paired::paired_difference;

/// A row, and the means of the metrics without it.
fn without(row: usize, dataset: &[u32], answers: &[Answers]) -> (Vec<u32>, Vec<Answers>) {
    let keep = |values: &[f64]| [&values[..row], &values[row + 1..]].concat();
    let answers = answers.iter().map(|a| Answers { score: keep(&a.score), cost_usd: keep(&a.cost_usd) }).collect();
    ([&dataset[..row], &dataset[row + 1..]].concat(), answers)
}

#[test]
fn leaving_a_unit_out_equals_the_metrics_of_the_other_rows() {
    let (dataset, unit, answers) = sample(11);
    let jackknife = Jackknife::new(&[part(&dataset, &unit, &answers)], REFERENCES, true).unwrap();
    let quantities = [Quantity::AvgAcc, Quantity::GainAtB, Quantity::NormalisedGain, Quantity::Dataset(0)];
    for quantity in quantities {
        let of = |dataset: &[u32], answers: &[Answers]| {
            let [random, best, oracle, own] =
                [0, 1, 2, 3].map(|index| Accuracy::new(&answers[index].score, dataset, 3));
            match quantity {
                Quantity::AvgAcc => own.avg_acc(),
                Quantity::GainAtB => own.gain_over(&best).percent.unwrap(),
                Quantity::NormalisedGain => own.normalised_gain(&random, &oracle).unwrap(),
                _ => 100.0 * own.per_dataset()[0],
            }
        };
        let left_out: Vec<f64> = (0..200)
            .map(|row| {
                let (dataset, answers) = without(row, &dataset, &answers);
                of(&dataset, &answers)
            })
            .collect();
        let (mut squares, mut cubes) = (0.0, 0.0);
        for rows in [0..20, 20..80, 80..200] {
            let n = rows.len() as f64;
            let mean = left_out[rows.clone()].iter().sum::<f64>() / n;
            for value in &left_out[rows] {
                squares += ((n - 1.0) / n * (mean - value)).powi(2);
                cubes += ((n - 1.0) / n * (mean - value)).powi(3);
            }
        }
        let expected = cubes / (6.0 * squares.powf(1.5));
        let found = jackknife.acceleration(3, None, quantity).unwrap();
        assert!((found - expected).abs() < 1e-9, "{quantity:?}: {found} and {expected}");
    }
    assert_eq!(jackknife.acceleration(3, Some(3), Quantity::AvgAcc), Some(0.0));
    assert_eq!(jackknife.acceleration(5, None, Quantity::AvgAcc), None);
}

#[test]
fn the_acceleration_of_a_mean_is_a_sixth_of_its_skewness() {
    // 40 graded rows, few of them low.
    let score: Vec<f64> = (0..40).map(|row| 1.0 - (f64::from(row) / 40.0).powi(6)).collect();
    let mean = score.iter().sum::<f64>() / 40.0;
    let power = |exponent| score.iter().map(|score| (score - mean).powi(exponent)).sum::<f64>();
    let expected = power(3) / (6.0 * power(2).powf(1.5));
    let answers = [Answers { score, cost_usd: vec![1.0; 40] }];
    let (dataset, unit): (Vec<u32>, Vec<u32>) = (vec![0; 40], (0..40).collect());
    let references = References { random: 0, best_single: 0, oracle: 0 };
    let parts = [part(&dataset, &unit, &answers)];
    let jackknife = Jackknife::new(&parts, references, false).unwrap();
    let found = jackknife.acceleration(0, None, Quantity::AvgAcc).unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} and {expected}");
    // The long tail is below, and so is the longer arm of the interval.
    let bootstrap = Bootstrap::new(&parts, references, settings(4_000)).unwrap();
    let (plain, bca) =
        (bootstrap.interval(0, Quantity::AvgAcc), bootstrap.interval_bca(&jackknife, 0, Quantity::AvgAcc));
    let (plain, bca) = (plain.unwrap(), bca.unwrap());
    assert!(bca.low < plain.low && bca.high < plain.high, "{plain:?} and {bca:?}");
    assert!(bca.low < bca.value && bca.value < bca.high);
    assert_eq!(jackknife.acceleration(0, None, Quantity::Dataset(0)), None, "datasets were not asked for");
    // What never varies has an interval of no width.
    let cost = bootstrap.interval_bca(&jackknife, 0, Quantity::CostUsd).unwrap();
    assert!((cost.low - 40.0).abs() < 1e-9 && (cost.high - 40.0).abs() < 1e-9);
}

#[test]
fn units_that_two_seeds_share_are_left_out_of_both() {
    let (dataset, unit, answers) = sample(12);
    let one = part(&dataset, &unit, &answers);
    let once = Jackknife::new(std::slice::from_ref(&one), REFERENCES, false).unwrap();
    let twice = Jackknife::new(&[one.clone(), one.clone()], REFERENCES, false).unwrap();
    for quantity in [Quantity::AvgAcc, Quantity::MicroAcc, Quantity::CostUsd, Quantity::CostSave] {
        let [once, twice] = [&once, &twice].map(|of| of.acceleration(4, Some(3), quantity).unwrap());
        assert!((once - twice).abs() < 1e-9, "{quantity:?}");
    }
    let bootstrap = Bootstrap::new(&[one], REFERENCES, settings(3_000)).unwrap();
    let plain = bootstrap.difference(2, 0, Quantity::AvgAcc).unwrap();
    let bca = bootstrap.difference_bca(&once, 2, 0, Quantity::AvgAcc).unwrap();
    // 200 rows are nearly normal.
    assert!((plain.low - bca.low).abs() < plain.standard_error && (plain.high - bca.high).abs() < plain.standard_error);
}

/// Six datasets of ten rows whose rows all score the same, at a dollar a row.
fn constant() -> (Vec<u32>, Vec<u32>, Vec<Answers>) {
    let dataset: Vec<u32> = (0..60).map(|row| row / 10).collect();
    let means = [0.1, 0.4, 0.5, 0.6, 0.8, 0.9];
    let own = dataset.iter().map(|dataset| means[*dataset as usize]).collect();
    let answers = [own, vec![0.5; 60], vec![1.0; 60]].map(|score| Answers { score, cost_usd: vec![1.0; 60] });
    (dataset, (0..60).collect(), answers.to_vec())
}

#[test]
fn new_datasets_vary_as_datasets_do() {
    let (dataset, unit, answers) = constant();
    let parts = [part(&dataset, &unit, &answers)];
    let references = References { random: 1, best_single: 1, oracle: 2 };
    let fixed = Bootstrap::new(&parts, references, settings(2_000)).unwrap();
    let fresh = Bootstrap::over_new_datasets(&parts, references, settings(20_000)).unwrap();
    assert!(fixed.interval(0, Quantity::AvgAcc).unwrap().standard_error < 1e-9);
    // Means 10 to 90: variance 830 (sum of squares 4150 over 5), over six datasets.
    let interval = fresh.interval(0, Quantity::AvgAcc).unwrap();
    assert!((interval.value - 55.0).abs() < 1e-9);
    assert!((interval.standard_error / (830.0_f64 / 6.0).sqrt() - 1.0).abs() < 0.03, "{interval:?}");
    let paired = fresh.interval(0, Quantity::DiffToBestSingle).unwrap();
    assert!((paired.standard_error - interval.standard_error).abs() < 1e-9, "Best Single does not vary");
    // Equal datasets cost the same whichever are drawn, although five of six are.
    let cost = fresh.interval(0, Quantity::CostUsd).unwrap();
    assert!((cost.low - 60.0).abs() < 1e-9 && (cost.high - 60.0).abs() < 1e-9, "{cost:?}");
    assert_eq!(fresh.interval(0, Quantity::Dataset(0)), None);
}

#[test]
fn intervals_about_new_datasets_are_wider_and_need_two_datasets() {
    let (dataset, unit, answers) = sample(13);
    let parts = [part(&dataset, &unit, &answers)];
    let fixed = Bootstrap::new(&parts, REFERENCES, settings(4_000)).unwrap();
    let of = |threads| {
        let settings = Settings { threads: NonZeroUsize::new(threads).unwrap(), ..settings(4_000) };
        Bootstrap::over_new_datasets(&[Part { hard: &[true; 200], ..parts[0].clone() }], REFERENCES, settings).unwrap()
    };
    let fresh = of(1);
    // A draw of one dataset alone may have Random above Oracle, whose normalised gain is NaN: bits are compared.
    let bits = |of: &Bootstrap| of.draws.iter().map(|draw| draw.to_bits()).collect::<Vec<u64>>();
    assert!(bits(&of(3)) == bits(&fresh), "threads changed a bit");
    for quantity in [Quantity::AvgAcc, Quantity::GapAtO, Quantity::MicroAcc] {
        let [fixed, fresh] = [&fixed, &fresh].map(|of| of.interval(3, quantity).unwrap());
        assert!(fresh.standard_error > fixed.standard_error, "{quantity:?}");
    }
    let jackknife = Jackknife::new(&parts, REFERENCES, false).unwrap();
    assert_eq!(fresh.interval_bca(&jackknife, 3, Quantity::AvgAcc), None);
    let one = vec![0; 200];
    let alone = Bootstrap::over_new_datasets(&[part(&one, &unit, &answers)], REFERENCES, settings(50)).unwrap();
    assert_eq!(alone.interval(3, Quantity::AvgAcc), None);
    assert!(alone.value(3, Quantity::AvgAcc).is_some());
}

#[test]
fn drawn_and_closed_form_equivalence_agree() {
    let (dataset, unit, mut answers) = sample(14);
    // A strategy that differs from another on one row in forty.
    let mut near = answers[3].clone();
    near.score.iter_mut().step_by(40).for_each(|score| *score = 1.0 - *score);
    answers.push(near);
    let parts = [part(&dataset, &unit, &answers)];
    let bootstrap = Bootstrap::new(&parts, REFERENCES, settings(10_000)).unwrap();
    for (a, b) in [(3, 5), (3, 4), (0, 2)] {
        let closed = paired_difference(&parts, a, b).unwrap();
        for margin in [1.0, 3.0, 5.0, 10.0, 30.0] {
            let drawn = bootstrap.equivalence(a, b, Quantity::AvgAcc, margin).unwrap();
            let closed = closed.equivalence(margin).unwrap();
            assert!((drawn.p_value - closed.p_value).abs() < 0.06, "{a} {b} {margin}: {drawn:?} and {closed:?}");
            assert!((drawn.difference - closed.difference).abs() < 1e-9);
            let passes = bootstrap.is_equivalent(a, b, Quantity::AvgAcc, margin);
            assert!(drawn.is_equivalent() == passes || (drawn.p_value - 0.05).abs() < 1e-3, "{drawn:?}");
        }
        let error = bootstrap.difference(a, b, Quantity::AvgAcc).unwrap().standard_error;
        assert!((error / closed.standard_error - 1.0).abs() < 0.03, "{a} {b}");
    }
    assert_eq!(bootstrap.equivalence(3, 4, Quantity::AvgAcc, 0.0), None);
    assert_eq!(bootstrap.equivalence(3, 9, Quantity::AvgAcc, 1.0), None);
}
