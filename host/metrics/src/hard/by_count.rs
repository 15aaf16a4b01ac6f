//! Curves over the number of right models, and over the length of a ranking.

use super::{HardAccuracy, RightModels, ranking};
use crate::{Answers, CORRECT, Observed};

/// How many of the best-ranked models Recall@r looks at, at most.
pub const RECALL_DEPTH: usize = 5;

impl RightModels {
    /// The full curve of HardAcc: entry `K - 1` is [`RightModels::accuracy`] for `K = 1..M`, in one pass. The last entry is
    /// over all rows that anyone solves.
    pub fn accuracy_curve(&self, answers: &Answers) -> Vec<Option<HardAccuracy>> {
        let mut sum = Sums::default();
        self.sums(answers).into_iter().map(|of_count| sum.add(of_count)).map(Sums::accuracy).collect()
    }

    /// As [`RightModels::accuracy_curve`], over the rows with exactly `k = 1..M` right models. The lift of entry `k - 1` is
    /// Lift_k: how many times as often the strategy is right as `k / M`, `M` being the models with a record.
    pub fn accuracy_by_count(&self, answers: &Answers) -> Vec<Option<HardAccuracy>> {
        self.sums(answers).into_iter().map(Sums::accuracy).collect()
    }

    /// Sums over the rows with each number of right models, from 1 up.
    fn sums(&self, answers: &Answers) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); self.models];
        for ((right, recorded), score) in self.right.iter().zip(&self.recorded).zip(&answers.score) {
            if let Some(sums) = (*right as usize).checked_sub(1).and_then(|index| sums.get_mut(index)) {
                let correct = f64::from(u8::from(*score >= CORRECT));
                let by_chance = f64::from(*right) / f64::from(*recorded);
                *sums = sums.add(Sums { rows: 1, correct, graded: *score, by_chance });
            }
        }
        sums
    }

    /// Recall@r for `r = 1..5` on the hard slice, see [`RightModels::recall`]; rows are ranked once. Entries beyond the size
    /// of the pool look at the whole pool. `None` when the slice is empty or `utilities` has another shape.
    pub fn recall_curve(
        &self,
        observed: &Observed<'_>,
        utilities: &[f64],
        at_most: u32,
    ) -> Option<[f64; RECALL_DEPTH]> {
        let (slice, models) = (self.slice(at_most), observed.models());
        if slice.is_empty() || utilities.len() != observed.rows() * models {
            return None;
        }
        let mut hits = [0.0; RECALL_DEPTH];
        for row in &slice {
            let (scores, utilities) = (observed.scores(*row), &utilities[row * models..(row + 1) * models]);
            let first = ranking(utilities).iter().position(|model| scores[*model] >= CORRECT);
            // Found at one depth, found at all that are greater.
            hits.iter_mut().skip(first.unwrap_or(RECALL_DEPTH)).for_each(|hits| *hits += 1.0);
        }
        Some(hits.map(|hits| 100.0 * hits / slice.len() as f64))
    }

    /// [`RightModels::regret`] in percent of all regret: which rows the way to the Oracle is lost on. Entry `k` is for `k`
    /// right models, from 0 to the size of the pool; the entries add up to 100. `None` when there is no regret.
    pub fn regret_shares(&self, observed: &Observed<'_>, answers: &Answers) -> Option<Vec<f64>> {
        let regret = self.regret(observed, answers);
        let total: f64 = regret.iter().sum();
        (total > 0.0).then(|| regret.iter().map(|regret| 100.0 * regret / total).collect())
    }
}

/// Sums over some rows.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    rows: usize,
    correct: f64,
    graded: f64,
    by_chance: f64,
}

impl Sums {
    fn add(&mut self, other: Self) -> Self {
        self.rows += other.rows;
        self.correct += other.correct;
        self.graded += other.graded;
        self.by_chance += other.by_chance;
        *self
    }

    fn accuracy(self) -> Option<HardAccuracy> {
        let percent = |sum: f64| 100.0 * sum / self.rows as f64;
        (self.rows > 0).then(|| HardAccuracy {
            rows: self.rows,
            correct: percent(self.correct),
            graded: percent(self.graded),
            lift: self.correct / self.by_chance,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four rows, three models; 1, 1, 2 and 0 of them are right.
    fn observed() -> Observed<'static> {
        let score = vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 0.0, 0.0, 0.4, 0.0];
        Observed::new(vec![0; 4], 1, 3, score, vec![0.0; 12]).unwrap()
    }

    fn scored(score: [f64; 4]) -> Answers {
        Answers { score: score.to_vec(), cost_usd: vec![0.0; 4] }
    }

    #[test]
    fn curves_equal_those_worked_by_hand() {
        let (right, answers) = (RightModels::new(&observed()), scored([1.0, 0.0, 1.0, 0.4]));
        let by_count = right.accuracy_by_count(&answers);
        let rows = |curve: &[Option<HardAccuracy>]| {
            curve.iter().map(|of| of.map(|of| (of.rows, of.correct))).collect::<Vec<_>>()
        };
        assert_eq!(rows(&by_count), [Some((2, 50.0)), Some((1, 100.0)), None]);
        // Half of the rows against a third by chance; all against two thirds.
        assert!((by_count[0].unwrap().lift - 1.5).abs() < 1e-12 && (by_count[1].unwrap().lift - 1.5).abs() < 1e-12);
        let curve = right.accuracy_curve(&answers);
        assert_eq!(rows(&curve), [Some((2, 50.0)), Some((3, 200.0 / 3.0)), Some((3, 200.0 / 3.0))]);
    }

    #[test]
    fn recall_grows_with_the_depth_of_the_ranking() {
        let utilities = [0.1, 0.9, 0.5, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let right = RightModels::new(&observed());
        // The right model of row 0 is ranked last, that of row 1 first.
        assert_eq!(right.recall_curve(&observed(), &utilities, 1), Some([50.0, 50.0, 100.0, 100.0, 100.0]));
        assert_eq!(right.recall_curve(&observed(), &utilities, 0), None);
        assert_eq!(right.recall_curve(&observed(), &utilities[1..], 1), None);
    }

    #[test]
    fn shares_of_regret_add_up_to_all_of_it() {
        let right = RightModels::new(&observed());
        // Lost: 1 on row 0, 0.4 on row 3.
        let shares = right.regret_shares(&observed(), &scored([0.0, 0.5, 1.0, 0.0])).unwrap();
        for (share, expected) in shares.iter().zip([0.4 / 1.4, 1.0 / 1.4, 0.0, 0.0]) {
            assert!((share - 100.0 * expected).abs() < 1e-9, "{shares:?}");
        }
        assert_eq!(right.regret_shares(&observed(), &scored([1.0, 0.5, 1.0, 0.4])), None);
    }
}
