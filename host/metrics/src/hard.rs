//! Queries that few models of the pool get right, where routers fail most.
//!
//! With `k(q)` the number of models that are right on query `q` (score of at least [`CORRECT`]), the hard slice is
//! `1 <= k(q) <= K`: solvable, but only by those who know by whom. LLMRouterBench (arXiv 2601.07206) looks at `K = 3`.

mod by_count;
mod chance;

use crate::{Answers, CORRECT, Observed};
pub use by_count::RECALL_DEPTH;
pub use chance::{ByChance, probability_of_slice};

/// How many models are right on each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightModels {
    right: Vec<u32>,
    recorded: Vec<u32>,
    models: usize,
}

/// A strategy on the hard slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HardAccuracy {
    /// Rows in the slice.
    pub rows: usize,
    /// Percent of them on which the strategy is right.
    pub correct: f64,
    /// Mean score on them, in percent.
    pub graded: f64,
    /// How many times as often it is right as a model drawn at random from those with a record.
    pub lift: f64,
}

impl RightModels {
    /// Counts them.
    pub fn new(observed: &Observed<'_>) -> Self {
        let count = |is: fn(f64) -> bool| {
            (0..observed.rows())
                .map(|row| observed.scores(row).iter().filter(|score| is(**score)).count() as u32)
                .collect()
        };
        let (right, recorded) = (count(|score| score >= CORRECT), count(|score| !score.is_nan()));
        Self { right, recorded, models: observed.models() }
    }

    /// `k(q)` of each row.
    pub fn counts(&self) -> &[u32] {
        &self.right
    }

    /// Rows of the hard slice, ascending.
    pub fn slice(&self, at_most: u32) -> Vec<usize> {
        (0..self.right.len()).filter(|row| (1..=at_most).contains(&self.right[*row])).collect()
    }

    /// The hard slice in percent of all rows. `None` when there is no row.
    pub fn share(&self, at_most: u32) -> Option<f64> {
        (!self.right.is_empty()).then(|| 100.0 * self.slice(at_most).len() as f64 / self.right.len() as f64)
    }

    /// HardAcc of a strategy: all datasets pooled. `None` when the slice is empty.
    ///
    /// A strategy that answers in expectation, such as Random, is right on a row in so far as its score is; give it
    /// here as the graded value only.
    pub fn accuracy(&self, answers: &Answers, at_most: u32) -> Option<HardAccuracy> {
        let slice = self.slice(at_most);
        let rows = slice.len();
        let mean = |of: &dyn Fn(usize) -> f64| slice.iter().map(|row| of(*row)).sum::<f64>() / rows as f64;
        let score = |row: usize| answers.score.get(row).copied().unwrap_or_default();
        let correct = mean(&|row| f64::from(u8::from(score(row) >= CORRECT)));
        let by_chance = mean(&|row| f64::from(self.right[row]) / f64::from(self.recorded[row]));
        let graded = 100.0 * mean(&score);
        (rows > 0).then(|| HardAccuracy { rows, correct: 100.0 * correct, graded, lift: correct / by_chance })
    }

    /// Recall@r: percent of the hard slice on which one of the router's `r` best-ranked models is right. `utilities` is
    /// rows x models, higher is better; ties go to the lower index, NaN ranks last. `None` when the slice is empty or
    /// `utilities` has another shape.
    pub fn recall(&self, observed: &Observed<'_>, utilities: &[f64], r: usize, at_most: u32) -> Option<f64> {
        let (slice, models) = (self.slice(at_most), observed.models());
        if slice.is_empty() || utilities.len() != observed.rows() * models {
            return None;
        }
        let hit = |row: &&usize| {
            let (scores, utilities) = (observed.scores(**row), &utilities[**row * models..(**row + 1) * models]);
            ranking(utilities).iter().take(r).any(|model| scores[*model] >= CORRECT)
        };
        Some(100.0 * slice.iter().filter(hit).count() as f64 / slice.len() as f64)
    }

    /// How much of the way to the Oracle is lost on rows with each number of right models: entry `k` is
    /// `1/|T| * sum over rows with k(q) = k of (best score - own score)`, in points of percent of all rows. There is
    /// one entry for every `k` from 0 to the size of the pool; they add up to the micro gap.
    pub fn regret(&self, observed: &Observed<'_>, answers: &Answers) -> Vec<f64> {
        let mut regret = vec![0.0; observed.models() + 1];
        for (row, (k, own)) in self.right.iter().zip(&answers.score).enumerate() {
            let best = observed.scores(row).iter().copied().fold(0.0, f64::max);
            regret[*k as usize] += 100.0 * (best - own) / self.right.len() as f64;
        }
        regret
    }
}

/// Models from the highest utility to the lowest.
fn ranking(utilities: &[f64]) -> Vec<usize> {
    // Adding 0 makes the two zeros equal.
    let key = |model: usize| if utilities[model].is_nan() { f64::NEG_INFINITY } else { utilities[model] + 0.0 };
    let mut order: Vec<usize> = (0..utilities.len()).collect();
    // Stable, so that equals keep the order of the pool.
    order.sort_by(|a, b| key(*b).total_cmp(&key(*a)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four rows, four models; 1, 3, 0 and 4 of them are right. The first row lacks a record.
    fn observed() -> Observed<'static> {
        let score = vec![0.5, 0.4, f64::NAN, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.25, 1.0, 1.0, 1.0, 1.0];
        Observed::new(vec![0; 4], 1, 4, score, vec![f64::NAN; 16]).unwrap()
    }

    fn scored(score: &[f64]) -> Answers {
        Answers { score: score.to_vec(), cost_usd: vec![f64::NAN; score.len()] }
    }

    #[test]
    fn the_slice_holds_what_few_models_solve() {
        let right = RightModels::new(&observed());
        assert_eq!(right.counts(), [1, 3, 0, 4]);
        assert_eq!((right.slice(3), right.share(3), right.share(2)), (vec![0, 1], Some(50.0), Some(25.0)));
    }

    #[test]
    fn hard_accuracy_and_lift_equal_those_worked_by_hand() {
        let right = RightModels::new(&observed());
        let hard = right.accuracy(&scored(&[0.5, 0.0, 0.0, 0.0]), 3).unwrap();
        // Right on one of two; by chance (1/3 + 3/4) / 2 = 13/24.
        assert_eq!((hard.rows, hard.correct, hard.graded), (2, 50.0, 25.0));
        assert!((hard.lift - 12.0 / 13.0).abs() < 1e-12);
        assert_eq!(right.accuracy(&scored(&[0.5; 4]), 0), None);
    }

    #[test]
    fn recall_looks_at_the_best_ranked_models() {
        let observed = observed();
        let right = RightModels::new(&observed);
        // Row 0: the right model is ranked third (a tie puts model 1 before 2, NaN is last). Row 1: first.
        let utilities = [0.1, 0.9, 0.9, f64::NAN, 0.9, 0.1, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let recall = |r| right.recall(&observed, &utilities, r, 3);
        assert_eq!([1, 2, 3, 4].map(recall), [Some(50.0), Some(50.0), Some(100.0), Some(100.0)]);
        assert_eq!(right.recall(&observed, &utilities[1..], 1, 3), None);
    }

    #[test]
    fn regret_by_number_of_right_models_adds_up_to_the_micro_gap() {
        let right = RightModels::new(&observed());
        let regret = right.regret(&observed(), &scored(&[0.0, 1.0, 0.0, 1.0]));
        assert_eq!(regret, [6.25, 12.5, 0.0, 0.0, 0.0]);
        // Best scores 0.5, 1, 0.25, 1 against 0, 1, 0, 1.
        assert_eq!(regret.iter().sum::<f64>(), 100.0 * (2.75 - 2.0) / 4.0);
    }
}
