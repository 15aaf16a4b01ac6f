//! Random tables of outcomes, and the published figures where they are at hand.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_metrics::{Accuracy, Answers, Missing, Observed};

pub(crate) const DATASETS: usize = 4;

pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A permutation of `0..n`.
    pub(crate) fn order(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    /// One model per row.
    pub(crate) fn choices(&mut self, observed: &Observed<'_>) -> Vec<u32> {
        (0..observed.rows()).map(|_| self.below(observed.models()) as u32).collect()
    }
}

/// Up to 60 rows and 6 models with graded scores; about one record in eight is missing where `holes` is set.
pub(crate) fn observed(random: &mut Random, holes: bool) -> Observed<'static> {
    let (rows, models) = (1 + random.below(60), 1 + random.below(6));
    let dataset: Vec<u32> = (0..rows).map(|_| random.below(DATASETS) as u32).collect();
    let (mut score, mut cost_usd) = (vec![], vec![]);
    for _ in 0..rows {
        let kept = random.below(models);
        for model in 0..models {
            let missing = holes && model != kept && random.below(8) == 0;
            score.push(if missing { f64::NAN } else { [0.0, 0.0, 0.25, 0.5, 1.0, 1.0][random.below(6)] });
            cost_usd.push(if missing { f64::NAN } else { random.uniform() });
        }
    }
    Observed::new(dataset, DATASETS, models, score, cost_usd).unwrap()
}

pub(crate) fn accuracy(observed: &Observed<'_>, answers: &Answers) -> Accuracy {
    Accuracy::new(&answers.score, observed.dataset(), DATASETS)
}

pub(crate) fn judged(observed: &Observed<'_>, choices: &[u32]) -> Answers {
    observed.judge(choices, Missing::Fallback(0)).unwrap().answers
}

pub(crate) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// A table of published figures: each line by the names of its columns. `None`, and a word about it, where there is no
/// `../shared` beside the checkout.
pub(crate) fn published(test: &str, file: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let relative = Path::new("shared/paper").join(file);
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join(&relative));
    let Some(path) = found.into_iter().find(|path| path.is_file()) else {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped `{test}`: there is no `../shared/paper/{file}` beside the checkout");
        }
        return None;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    Some(lines.map(|line| header.iter().cloned().zip(line).collect()).collect())
}

/// A number of a line; `None` where the cell is empty.
pub(crate) fn number(line: &BTreeMap<String, String>, column: &str) -> Option<f64> {
    line[column].parse().ok()
}
