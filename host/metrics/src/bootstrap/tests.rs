use super::*;
use crate::{Accuracy, cost};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

mod corrections;

const REFERENCES: References = References { random: 0, best_single: 1, oracle: 2 };

fn settings(replicates: usize) -> Settings {
    Settings { replicates, seed: 7, ..Settings::default() }
}

/// Rows that are right with a probability of their own.
fn noisy(random: &mut Xoshiro256PlusPlus, rows: usize, probability: f64) -> Answers {
    let mut uniform = || random.next_u64() as f64 / u64::MAX as f64;
    Answers {
        score: (0..rows).map(|_| f64::from(u8::from(uniform() < probability))).collect(),
        cost_usd: (0..rows).map(|_| uniform() * probability).collect(),
    }
}

/// Three datasets of 20, 60 and 120 rows, each row its own unit; five strategies.
fn sample(seed: u64) -> (Vec<u32>, Vec<u32>, Vec<Answers>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let dataset = [vec![0; 20], vec![1; 60], vec![2; 120]].concat();
    let answers = [0.4, 0.6, 0.9, 0.65, 0.5].map(|probability| noisy(&mut random, 200, probability)).to_vec();
    (dataset, (0..200).collect(), answers)
}

fn part<'a>(dataset: &'a [u32], unit: &'a [u32], answers: &'a [Answers]) -> Part<'a> {
    Part { dataset, unit, hard: &[], answers: answers.iter().map(Some).collect() }
}

#[test]
fn values_equal_the_plain_metrics() {
    let (dataset, unit, answers) = sample(1);
    let all = Settings { per_dataset: true, ..settings(10) };
    let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, all).unwrap();
    let accuracies: Vec<Accuracy> = answers.iter().map(|a| Accuracy::new(&a.score, &dataset, 3)).collect();
    let [random, best_single, oracle] = [0, 1, 2].map(|index| &accuracies[index]);
    for (strategy, (own, answers)) in accuracies.iter().zip(&answers).enumerate() {
        let expected = [
            (Quantity::AvgAcc, own.avg_acc()),
            (Quantity::MicroAcc, own.micro()),
            (Quantity::CostUsd, cost::total_usd(answers).unwrap()),
            (Quantity::GainAtR, own.gain_over(random).percent.unwrap()),
            (Quantity::GainAtB, own.gain_over(best_single).percent.unwrap()),
            (Quantity::GapAtO, own.gap_to(oracle).percent.unwrap()),
            (Quantity::NormalisedGain, own.normalised_gain(random, oracle).unwrap()),
            (Quantity::Dataset(1), 100.0 * own.per_dataset()[1]),
        ];
        for (quantity, expected) in expected {
            let value = bootstrap.value(strategy, quantity).unwrap();
            assert!((value - expected).abs() < 1e-9, "{quantity:?} of {strategy}: {value}, not {expected}");
        }
    }
    assert_eq!(bootstrap.value(5, Quantity::AvgAcc), None);
    assert_eq!(bootstrap.value(0, Quantity::Dataset(3)), None);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (dataset, unit, answers) = sample(2);
    let of = |threads| {
        let settings = Settings { threads: NonZeroUsize::new(threads).unwrap(), per_dataset: true, ..settings(101) };
        Bootstrap::new(&[Part { hard: &[true; 200], ..part(&dataset, &unit, &answers) }], REFERENCES, settings).unwrap()
    };
    let one = of(1);
    for threads in [2, 3, 16, 200] {
        assert!(of(threads) == one, "{threads} threads");
    }
}

#[test]
fn another_seed_draws_other_replicates() {
    let (dataset, unit, answers) = sample(2);
    let of = |seed| {
        let settings = Settings { seed, ..settings(5) };
        Bootstrap::new(&[Part { hard: &[true; 200], ..part(&dataset, &unit, &answers) }], REFERENCES, settings).unwrap()
    };
    assert!(of(1) == of(1), "the same seed draws the same");
    assert_ne!(of(1).draws, of(2).draws);
}

/// Textbook standard error of a mean over datasets, in points of percent: `s^2 / n` of each, a mean of means.
fn stratified_error(sizes: &[usize], value: &dyn Fn(usize) -> f64) -> f64 {
    let (mut start, mut variance) = (0, 0.0);
    for size in sizes {
        let (rows, n) = (start..start + size, *size as f64);
        start += size;
        let mean = rows.clone().map(value).sum::<f64>() / n;
        variance += rows.map(|row| (value(row) - mean).powi(2)).sum::<f64>() / (n - 1.0) / n;
    }
    100.0 * variance.sqrt() / sizes.len() as f64
}

#[test]
fn standard_errors_equal_those_of_theory_in_small_datasets_too() {
    let sizes_of_cases: [&[usize]; 4] = [&[20, 60, 120], &[2, 2, 2, 2], &[2, 3, 4, 5, 6], &[2, 80]];
    for sizes in sizes_of_cases {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
        let rows: usize = sizes.iter().sum();
        let dataset: Vec<u32> = (0u32..).zip(sizes).flat_map(|(dataset, size)| vec![dataset; *size]).collect();
        let unit: Vec<u32> = (0..rows as u32).collect();
        // Graded scores, so that no small dataset happens to be constant.
        let mut graded = || (0..rows).map(|_| random.next_u64() as f64 / u64::MAX as f64).collect::<Vec<f64>>();
        let answers: Vec<Answers> = (0..3).map(|_| Answers { score: graded(), cost_usd: vec![0.0; rows] }).collect();
        let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, settings(20_000)).unwrap();
        let expected = stratified_error(sizes, &|row| answers[0].score[row]);
        let own = bootstrap.interval(0, Quantity::AvgAcc).unwrap();
        assert!((own.standard_error / expected - 1.0).abs() < 0.03, "{sizes:?}: {} and {expected}", own.standard_error);
        let expected = stratified_error(sizes, &|row| answers[0].score[row] - answers[1].score[row]);
        let paired = bootstrap.difference(0, 1, Quantity::AvgAcc).unwrap();
        assert!((paired.standard_error / expected - 1.0).abs() < 0.03, "{} and {expected}", paired.standard_error);
        let same = bootstrap.interval(0, Quantity::DiffToBestSingle).unwrap();
        assert!((same.standard_error - paired.standard_error).abs() < 1e-9, "strategy 1 is Best Single");
        assert_eq!(paired.minimal_detectable(), 2.8 * paired.standard_error);
    }
}

#[test]
fn a_dataset_with_one_unit_leaves_no_interval() {
    let (mut dataset, mut unit, mut answers) = sample(3);
    // Two rows with the same text: still one unit.
    dataset.extend([3, 3]);
    unit.extend([900, 900]);
    for answers in &mut answers {
        answers.score.extend([1.0, 1.0]);
        answers.cost_usd.extend([0.1, 0.1]);
    }
    let all = Settings { per_dataset: true, ..settings(200) };
    let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, all).unwrap();
    for quantity in [Quantity::AvgAcc, Quantity::MicroAcc, Quantity::CostUsd, Quantity::GainAtR, Quantity::Dataset(3)] {
        assert!(bootstrap.value(3, quantity).is_some(), "{quantity:?}");
        assert_eq!(bootstrap.interval(3, quantity), None, "{quantity:?}");
        assert_eq!(bootstrap.difference(3, 4, quantity), None, "{quantity:?}");
    }
    assert!(!bootstrap.is_equivalent(3, 3, Quantity::AvgAcc, 1.0));
    assert!(bootstrap.interval(3, Quantity::Dataset(2)).is_some());
}

#[test]
fn hard_queries_are_pooled_over_datasets() {
    let (dataset, unit, answers) = sample(8);
    // A third of the rows, in every dataset.
    let hard: Vec<bool> = (0..200).map(|row| row % 3 == 0).collect();
    let whole = Part { hard: &hard, ..part(&dataset, &unit, &answers) };
    let bootstrap = Bootstrap::new(&[whole], REFERENCES, settings(4_000)).unwrap();
    let slice: Vec<f64> = answers[3].score.iter().step_by(3).copied().collect();
    let (n, mean) = (slice.len() as f64, slice.iter().sum::<f64>() / slice.len() as f64);
    let interval = bootstrap.interval(3, Quantity::HardAcc).unwrap();
    assert!((interval.value - 100.0 * mean).abs() < 1e-9);
    // About that of a share; the datasets' own shares make it a little smaller.
    let expected = 100.0 * (mean * (1.0 - mean) / n).sqrt();
    assert!((interval.standard_error / expected - 1.0).abs() < 0.15, "{} and {expected}", interval.standard_error);
    let none = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, settings(10)).unwrap();
    assert_eq!(none.value(3, Quantity::HardAcc), None);
}

#[test]
fn a_strategy_that_takes_part_in_some_seeds_is_compared_in_those() {
    let (dataset, unit, answers) = sample(9);
    let (other_dataset, other_unit, other) = sample(10);
    let first = part(&dataset, &unit, &answers);
    let mut second = part(&other_dataset, &other_unit, &other);
    second.answers[3] = None;
    let bootstrap = Bootstrap::new(&[first.clone(), second], REFERENCES, settings(50)).unwrap();
    let alone = Bootstrap::new(&[first], REFERENCES, settings(50)).unwrap();
    for quantity in [Quantity::AvgAcc, Quantity::DiffToBestSingle, Quantity::PerfGain, Quantity::CostSave] {
        assert_eq!(bootstrap.value(3, quantity), alone.value(3, quantity), "{quantity:?}");
        assert!(bootstrap.interval(3, quantity).is_some(), "{quantity:?}");
    }
    let (own, best) = (alone.value(3, Quantity::CostUsd).unwrap(), alone.value(1, Quantity::CostUsd).unwrap());
    assert!((alone.value(3, Quantity::CostSave).unwrap() - 100.0 * (1.0 - own / best)).abs() < 1e-9);
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let truth = 60.0;
    let held = (0..300)
        .filter(|seed| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(*seed);
            let dataset = [vec![0; 80], vec![1; 120]].concat();
            let unit: Vec<u32> = (0..200).collect();
            let answers = [noisy(&mut random, 200, truth / 100.0)];
            let references = References { random: 0, best_single: 0, oracle: 0 };
            let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], references, settings(400)).unwrap();
            let interval = bootstrap.interval(0, Quantity::AvgAcc).unwrap();
            (interval.low..=interval.high).contains(&truth)
        })
        .count();
    // 285 expected; three standard errors are 11.
    assert!((270..=297).contains(&held), "{held} of 300");
}

#[test]
fn intervals_of_many_small_datasets_hold_the_truth_too() {
    let truth = 60.0;
    let held = (0..300)
        .filter(|seed| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(1_000 + *seed);
            let dataset: Vec<u32> = (0..60).map(|row| row / 3).collect();
            let unit: Vec<u32> = (0..60).collect();
            let answers = [noisy(&mut random, 60, truth / 100.0)];
            let references = References { random: 0, best_single: 0, oracle: 0 };
            let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], references, settings(400)).unwrap();
            let interval = bootstrap.interval(0, Quantity::AvgAcc).unwrap();
            (interval.low..=interval.high).contains(&truth)
        })
        .count();
    // Three rows a dataset; with three draws instead of two the intervals would be narrower by a fifth.
    assert!((273..=297).contains(&held), "{held} of 300");
}

#[test]
fn a_strategy_does_not_differ_from_itself() {
    let (dataset, unit, mut answers) = sample(4);
    answers.push(answers[3].clone());
    let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, settings(500)).unwrap();
    let difference = bootstrap.difference(3, 5, Quantity::AvgAcc).unwrap();
    assert_eq!((difference.value, difference.low, difference.high), (0.0, 0.0, 0.0));
    assert!(bootstrap.is_equivalent(3, 5, Quantity::AvgAcc, 0.1));
    assert!(!bootstrap.is_equivalent(0, 2, Quantity::AvgAcc, 1.0));
}

#[test]
fn seeds_that_test_the_same_rows_are_not_counted_as_new_evidence() {
    let (dataset, unit, answers) = sample(5);
    let part = part(&dataset, &unit, &answers);
    let once = Bootstrap::new(std::slice::from_ref(&part), REFERENCES, settings(2_000)).unwrap();
    let thrice = Bootstrap::new(&[part.clone(), part.clone(), part], REFERENCES, settings(2_000)).unwrap();
    let [once, thrice] = [once, thrice].map(|b| b.interval(3, Quantity::AvgAcc).unwrap());
    assert!((once.standard_error - thrice.standard_error).abs() < 1e-9);
    assert!((once.low - thrice.low).abs() < 1e-9);
}

#[test]
fn a_repeated_query_is_one_unit_and_widens_the_interval() {
    let (dataset, unit, answers) = sample(6);
    let twice = |values: &[u32]| [values, values].concat();
    let doubled: Vec<Answers> =
        answers.iter().map(|a| Answers { score: a.score.repeat(2), cost_usd: a.cost_usd.repeat(2) }).collect();
    let grouped = Bootstrap::new(&[part(&twice(&dataset), &twice(&unit), &doubled)], REFERENCES, settings(2_000));
    let plain = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, settings(2_000));
    let [grouped, plain] = [grouped, plain].map(|b| b.unwrap().interval(3, Quantity::AvgAcc).unwrap());
    assert!((grouped.standard_error - plain.standard_error).abs() < 1e-9);
}

#[test]
fn an_unknown_cost_leaves_the_other_strategies_priced() {
    let (dataset, unit, mut answers) = sample(7);
    answers[3].cost_usd[17] = f64::NAN;
    let bootstrap = Bootstrap::new(&[part(&dataset, &unit, &answers)], REFERENCES, settings(50)).unwrap();
    assert_eq!(bootstrap.value(3, Quantity::CostUsd), None);
    assert_eq!(bootstrap.interval(3, Quantity::CostUsd), None);
    assert_eq!(bootstrap.difference(4, 3, Quantity::CostUsd), None);
    assert!(bootstrap.interval(4, Quantity::CostUsd).is_some());
    assert!(bootstrap.interval(3, Quantity::AvgAcc).is_some());
}

#[test]
fn a_dataset_that_one_part_lacks_does_not_break_its_means() {
    // Dataset 1 has a single row in part 0 and none in part 1; most draws of the union miss it.
    let (d0, u0) = ([0, 0, 1], [0, 1, 10]);
    let (d1, u1) = ([0, 0, 1], [2, 3, 11]);
    let answers = |score: [f64; 3]| [Answers { score: score.to_vec(), cost_usd: vec![1.0, 2.0, 3.0] }];
    let (a0, a1) = (answers([1.0, 0.0, 1.0]), answers([1.0, 1.0, 0.0]));
    let references = References { random: 0, best_single: 0, oracle: 0 };
    let bootstrap = Bootstrap::new(&[part(&d0, &u0, &a0), part(&d1, &u1, &a1)], references, settings(1_000)).unwrap();
    let interval = bootstrap.interval(0, Quantity::AvgAcc).unwrap();
    assert_eq!(interval.value, 100.0 * f64::midpoint(0.75, 0.5));
    assert!(interval.low >= 0.0 && interval.high <= 100.0);
    assert!(bootstrap.interval(0, Quantity::CostUsd).is_some());
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let good = [Answers { score: vec![1.0; 2], cost_usd: vec![0.0; 2] }];
    let short = [Answers { score: vec![1.0], cost_usd: vec![0.0; 2] }];
    let unknown = [Answers { score: vec![1.0, f64::NAN], cost_usd: vec![0.0; 2] }];
    let references = References { random: 0, best_single: 0, oracle: 0 };
    let message =
        |parts: &[Part<'_>], references| Bootstrap::new(parts, references, settings(5)).unwrap_err().to_string();
    let empty = "a bootstrap needs at least one part with at least one row, one strategy and one replicate";
    assert_eq!(message(&[], references), empty);
    assert_eq!(message(&[part(&[], &[], &good)], references), empty);
    let parts = [part(&[0, 0], &[0], &good)];
    assert_eq!(message(&parts, references), "part 0 has 2 rows, but its `unit` has 1 entries");
    let parts = [part(&[0, 0], &[0, 1], &good), part(&[0, 0], &[0, 1], &short)];
    assert_eq!(message(&parts, references), "part 1 has 2 rows, but its `score` of strategy 0 has 1 entries");
    let parts = [part(&[0, 0], &[0, 1], &good), part(&[0, 0], &[0, 1], &[])];
    assert_eq!(message(&parts, references), "part 1 has 0 strategies, but part 0 has 1");
    let parts = [part(&[0, 0], &[0, 1], &unknown)];
    assert_eq!(message(&parts, references), "score of strategy 0 in row 1 of part 0 is not a finite number");
    let beyond = References { oracle: 1, ..references };
    let parts = [part(&[0, 0], &[0, 1], &good)];
    assert_eq!(message(&parts, beyond), "reference 1 does not exist: there are 1 strategies");
}
