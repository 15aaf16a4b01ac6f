//! Time of 10,000 replicates over 2,000 test queries and 20 strategies: one seed, and five seeds that share their units.

use std::num::NonZeroUsize;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_metrics::Answers;
use routerlab_metrics::bootstrap::{Bootstrap, Jackknife, Part, Quantity, References, Settings};
use routerlab_metrics::paired::paired_difference;
use routerlab_metrics::significance::{self, RankSettings};

const ROWS: usize = 2_000;
const STRATEGIES: usize = 20;
const REFERENCES: References = References { random: 0, best_single: 1, oracle: 2 };

fn main() {
    divan::main();
}

struct Seed {
    dataset: Vec<u32>,
    unit: Vec<u32>,
    answers: Vec<Answers>,
}

/// Five datasets; with more than one seed the rows are 30 % samples of one set of queries.
fn seeds(count: u64) -> Vec<Seed> {
    let make = |seed| {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut uniform = move || random.next_u64() as f64 / u64::MAX as f64;
        let queries = if count == 1 { ROWS } else { ROWS * 10 / 3 };
        let unit: Vec<u32> = (0..queries as u32).filter(|_| count == 1 || uniform() < 0.3).collect();
        let answers = |_| Answers {
            score: unit.iter().map(|_| f64::from(u8::from(uniform() < 0.7))).collect(),
            cost_usd: unit.iter().map(|_| uniform()).collect(),
        };
        let answers = (0..STRATEGIES).map(answers).collect();
        Seed { dataset: unit.iter().map(|unit| unit % 5).collect(), unit, answers }
    };
    (0..count).map(make).collect()
}

fn parts(seeds: &[Seed]) -> Vec<Part<'_>> {
    seeds
        .iter()
        .map(|Seed { dataset, unit, answers }| Part {
            dataset,
            unit,
            hard: &[],
            answers: answers.iter().map(Some).collect(),
        })
        .collect()
}

#[divan::bench(args = [(1, 1), (1, 2), (5, 1), (5, 2)], sample_count = 3, sample_size = 1)]
fn ten_thousand_replicates(bencher: divan::Bencher<'_, '_>, (count, threads): (u64, usize)) {
    let seeds = seeds(count);
    let parts = parts(&seeds);
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    let settings = Settings { threads, ..Settings::default() };
    bencher.bench(|| Bootstrap::new(&parts, REFERENCES, settings));
}

/// Ranks of all strategies: 190 sign-flip tests.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn ranks(bencher: divan::Bencher<'_, '_>) {
    let seeds = seeds(1);
    let parts = parts(&seeds);
    let all: Vec<usize> = (0..STRATEGIES).collect();
    let settings = RankSettings { seed: 1, threads: NonZeroUsize::MIN };
    bencher.bench(|| significance::ranks(&parts, &all, settings));
}

/// The same with the datasets drawn too.
#[divan::bench(args = [1, 2], sample_count = 3, sample_size = 1)]
fn new_datasets(bencher: divan::Bencher<'_, '_>, threads: usize) {
    let seeds = seeds(1);
    let parts = parts(&seeds);
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    let settings = Settings { threads, ..Settings::default() };
    bencher.bench(|| Bootstrap::over_new_datasets(&parts, REFERENCES, settings));
}

/// Leaving out each of 2,000 units, or each of some 6,400 that five seeds share.
#[divan::bench(args = [1, 5], sample_count = 3, sample_size = 1)]
fn jackknife(bencher: divan::Bencher<'_, '_>, count: u64) {
    let seeds = seeds(count);
    let parts = parts(&seeds);
    bencher.bench(|| Jackknife::new(&parts, REFERENCES, false));
}

/// A BCa interval and an equivalence test of every strategy against Best Single, from replicates that are there.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn bca_and_equivalence(bencher: divan::Bencher<'_, '_>) {
    let seeds = seeds(1);
    let parts = parts(&seeds);
    let Ok(bootstrap) = Bootstrap::new(&parts, REFERENCES, Settings::default()) else { return };
    let Ok(jackknife) = Jackknife::new(&parts, REFERENCES, false) else { return };
    bencher.bench(|| {
        let of = |strategy| {
            let interval = bootstrap.interval_bca(&jackknife, strategy, Quantity::AvgAcc);
            (interval, bootstrap.equivalence(strategy, REFERENCES.best_single, Quantity::AvgAcc, 1.0))
        };
        (0..STRATEGIES).map(of).collect::<Vec<_>>()
    });
}

/// The paired difference and its error in closed form, for all 190 pairs.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn paired_differences(bencher: divan::Bencher<'_, '_>) {
    let seeds = seeds(1);
    let parts = parts(&seeds);
    bencher.bench(|| {
        let pairs = (0..STRATEGIES).flat_map(|a| (a + 1..STRATEGIES).map(move |b| (a, b)));
        pairs.map(|(a, b)| paired_difference(&parts, a, b)).collect::<Vec<_>>()
    });
}
