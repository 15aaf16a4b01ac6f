//! McNemar's test: on the rows where exactly one of two strategies is right, who is?

use crate::distributions::binomial_cdf;
use crate::{Answers, CORRECT};

/// Two strategies on the rows of one dataset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Rows on which only the first is right.
    pub only_a: u64,
    /// Rows on which only the second is right.
    pub only_b: u64,
    /// Two-sided exact p-value; 1 where no row tells them apart.
    pub p_value: f64,
}

/// McNemar's test (*Note on the sampling error of the difference between correlated proportions*, Psychometrika 12, 1947)
/// for each dataset, exact: among the rows on which one of the two is right (score of at least [`CORRECT`]) and the other
/// is not, each is as likely to be the one if the two are equally good. One entry per dataset; rows count as independent,
/// so give each group of equal texts once. Correct the p-values for being many with [`holm`](crate::significance::holm).
///
/// Both must answer by choices: a strategy that answers in expectation, such as Random, is never right or wrong.
/// `None` when the lengths differ.
pub fn mcnemar(a: &Answers, b: &Answers, dataset: &[u32], datasets: usize) -> Option<Vec<McNemar>> {
    if a.score.len() != dataset.len() || b.score.len() != dataset.len() {
        return None;
    }
    let mut discordant = vec![(0u64, 0u64); datasets];
    for ((a, b), dataset) in a.score.iter().zip(&b.score).zip(dataset) {
        if let Some((only_a, only_b)) = discordant.get_mut(*dataset as usize) {
            *only_a += u64::from(*a >= CORRECT && *b < CORRECT);
            *only_b += u64::from(*b >= CORRECT && *a < CORRECT);
        }
    }
    let test = |(only_a, only_b): (u64, u64)| {
        let tail = binomial_cdf(only_a.min(only_b), only_a + only_b, 0.5);
        McNemar { only_a, only_b, p_value: (2.0 * tail).min(1.0) }
    };
    Some(discordant.into_iter().map(test).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(score: &[f64]) -> Answers {
        Answers { score: score.to_vec(), cost_usd: vec![0.0; score.len()] }
    }

    #[test]
    fn discordant_rows_are_tossed_coins() {
        // Dataset 0: 1 against 6, of 128 patterns 2 * (1 + 7) are as uneven. Dataset 1: one against one. Dataset 2: none.
        let a = scored(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 1.0, 0.5, 0.0, 1.0]);
        let b = scored(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 0.0, 1.0, 1.0]);
        let dataset = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2];
        let tests = mcnemar(&a, &b, &dataset, 3).unwrap();
        assert_eq!(tests.iter().map(|test| (test.only_a, test.only_b)).collect::<Vec<_>>(), [(1, 6), (1, 1), (0, 0)]);
        assert!((tests[0].p_value - 16.0 / 128.0).abs() < 1e-12);
        assert_eq!((tests[1].p_value, tests[2].p_value), (1.0, 1.0));
        assert_eq!(mcnemar(&a, &b, &dataset[1..], 3), None);
        let turned = mcnemar(&b, &a, &dataset, 3).unwrap();
        assert_eq!((turned[0].only_a, turned[0].p_value), (6, tests[0].p_value));
    }
}
