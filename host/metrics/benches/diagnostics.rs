//! Time of the diagnostics over 2,000 test queries and 20 models.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_metrics::hard::RightModels;
use routerlab_metrics::oracle_frontier::OracleFrontier;
use routerlab_metrics::{Missing, Observed, agreement, calibration, skill};

const ROWS: usize = 2_000;
const MODELS: usize = 20;

fn main() {
    divan::main();
}

/// Outcomes, one router's choices and its utilities.
fn outcomes() -> (Observed<'static>, Vec<u32>, Vec<f64>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut uniform = move || random.next_u64() as f64 / u64::MAX as f64;
    let dataset: Vec<u32> = (0..ROWS as u32).map(|row| row % 10).collect();
    let score: Vec<f64> = (0..ROWS * MODELS).map(|_| f64::from(u8::from(uniform() < 0.6))).collect();
    let cost_usd: Vec<f64> = (0..ROWS * MODELS).map(|_| uniform()).collect();
    let choices = (0..ROWS).map(|_| (uniform() * MODELS as f64) as u32).collect();
    let utilities = (0..ROWS * MODELS).map(|_| uniform()).collect();
    let observed = Observed::new(dataset, 10, MODELS, score, cost_usd);
    (observed.unwrap_or_else(|error| panic!("{error}")), choices, utilities)
}

/// 10,000 deals of a router's decisions within datasets.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn skill_test(bencher: divan::Bencher<'_, '_>) {
    let (observed, choices, _) = outcomes();
    bencher.bench(|| skill::permutation_test(&observed, &choices, 10_000, 1));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn oracle_frontier(bencher: divan::Bencher<'_, '_>) {
    let (observed, ..) = outcomes();
    bencher.bench(|| OracleFrontier::new(&observed));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn calibration_of_pool(bencher: divan::Bencher<'_, '_>) {
    let (observed, _, utilities) = outcomes();
    bencher.bench(|| calibration::of_pool(&observed, &utilities, 15));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn hard_curves(bencher: divan::Bencher<'_, '_>) {
    let (observed, choices, utilities) = outcomes();
    let Ok(judged) = observed.judge(&choices, Missing::Fallback(0)) else { return };
    bencher.bench(|| {
        let right = RightModels::new(&observed);
        (right.accuracy_curve(&judged.answers), right.recall_curve(&observed, &utilities, 3))
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn agreement_of_20_routers(bencher: divan::Bencher<'_, '_>) {
    let (_, choices, _) = outcomes();
    bencher.bench(|| agreement::of_decisions(&[choices.as_slice(); 20]));
}
