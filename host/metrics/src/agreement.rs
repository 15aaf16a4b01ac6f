//! How often strategies do the same: similar accuracy can come from like or from unlike decisions.

use crate::{Answers, CORRECT};

/// A symmetric table of agreement in percent of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    strategies: usize,
    /// strategies x strategies.
    percent: Vec<f64>,
}

impl Agreement {
    /// Percent of rows on which `a` and `b` agree; 100 on the diagonal. `None` for a strategy that is not there.
    pub fn percent(&self, a: usize, b: usize) -> Option<f64> {
        (a < self.strategies && b < self.strategies).then(|| self.percent[a * self.strategies + b])
    }

    /// Size of the table.
    pub fn strategies(&self) -> usize {
        self.strategies
    }

    fn new(strategies: usize, rows: usize, equal: impl Fn(usize, usize, usize) -> bool) -> Option<Self> {
        let mut percent = vec![100.0; strategies * strategies];
        for (a, b) in (0..strategies).flat_map(|a| (a + 1..strategies).map(move |b| (a, b))) {
            let share = 100.0 * (0..rows).filter(|row| equal(a, b, *row)).count() as f64 / rows as f64;
            percent[a * strategies + b] = share;
            percent[b * strategies + a] = share;
        }
        (rows > 0).then_some(Self { strategies, percent })
    }
}

/// Percent of rows with equal decisions. `choices` has, for each strategy, one model per row. `None` when lengths differ or
/// there is no row.
pub fn of_decisions(choices: &[&[u32]]) -> Option<Agreement> {
    let rows = choices.first()?.len();
    let equal = |a: usize, b: usize, row: usize| choices[a][row] == choices[b][row];
    choices.iter().all(|of| of.len() == rows).then(|| Agreement::new(choices.len(), rows, equal)).flatten()
}

/// Percent of rows on which both are right or both are wrong (a score of at least [`CORRECT`] is right): strategies that
/// decide differently may still fail on the same rows. Not for strategies that answer in expectation, such as Random.
/// `None` when lengths differ or there is no row.
pub fn of_correctness(answers: &[&Answers]) -> Option<Agreement> {
    let rows = answers.first()?.score.len();
    let right = |strategy: usize, row: usize| answers[strategy].score[row] >= CORRECT;
    let equal = |a: usize, b: usize, row: usize| right(a, row) == right(b, row);
    answers.iter().all(|of| of.score.len() == rows).then(|| Agreement::new(answers.len(), rows, equal)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_counts_equal_rows() {
        let decisions = of_decisions(&[&[0, 1, 2, 2], &[0, 1, 0, 0], &[1, 0, 0, 0]]).unwrap();
        let table = |agreement: &Agreement| {
            [(0, 0), (0, 1), (1, 0), (0, 2), (1, 2)].map(|(a, b)| agreement.percent(a, b).unwrap())
        };
        assert_eq!(table(&decisions), [100.0, 50.0, 50.0, 0.0, 50.0]);
        let scored = |score: [f64; 4]| Answers { score: score.to_vec(), cost_usd: vec![0.0; 4] };
        let answers = [scored([1.0, 0.0, 0.5, 0.0]), scored([0.5, 0.4, 0.0, 0.0]), scored([0.0, 1.0, 0.0, 1.0])];
        let correctness = of_correctness(&answers.each_ref()).unwrap();
        assert_eq!(table(&correctness), [100.0, 75.0, 75.0, 0.0, 25.0]);
        assert_eq!((decisions.strategies(), decisions.percent(0, 3)), (3, None));
        assert_eq!((of_decisions(&[&[0], &[]]), of_decisions(&[&[]]), of_decisions(&[])), (None, None, None));
        assert_eq!(of_correctness(&[&answers[0], &Answers::default()]), None);
    }
}
