//! How much of the hard slice is lottery winners.

use super::RightModels;
use crate::distributions::binomial_pmf;

/// The part of the hard slice that guessing explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByChance {
    /// Rows in the slice.
    pub rows: usize,
    /// How many of them guessing would put there.
    pub by_chance: f64,
    /// The same in percent of the slice.
    pub percent: f64,
}

/// Probability that a query which nobody knows gets `1..=at_most` right answers from a pool of `models` that each guess
/// right with probability `guess` (critique.md 3.1): 22 % for 20 models, four options and `at_most = 3`; 75 % for ten
/// options. `None` unless `guess` lies between 0 and 1.
pub fn probability_of_slice(models: u32, guess: f64, at_most: u32) -> Option<f64> {
    (0.0..=1.0).contains(&guess).then(|| binomial_pmf(at_most, models, guess).iter().skip(1).sum())
}

impl RightModels {
    /// The share of the hard slice that is explained by chance when every model guesses right with the probability of its
    /// dataset: `guess[d]`, 0 for open questions, 1/options for multiple choice. `dataset` has one number per row.
    ///
    /// A query that nobody knows stays without a right answer with probability `(1 - guess)^M`. Each row that did stands
    /// for `1 / (1 - guess)^M` such queries (the estimator of Horvitz and Thompson, *A generalization of sampling without
    /// replacement from a finite universe*, JASA 47, 1952), of which guessing puts a known part on each number of right
    /// models; more rows than there are on a number cannot be explained. It takes every row without a right answer for
    /// one that nobody knows and every guess for independent, so it is an estimate, and a rough one where
    /// `(1 - guess)^M` is small. `None` when the slice is empty, the lengths differ, or a guess is not from 0 to below 1.
    pub fn explained_by_chance(&self, dataset: &[u32], guess: &[f64], at_most: u32) -> Option<ByChance> {
        if dataset.len() != self.right.len() || !guess.iter().all(|guess| (0.0..1.0).contains(guess)) {
            return None;
        }
        let depth = at_most as usize;
        // By dataset and number of right models: rows that are there, and rows that guessing explains.
        let mut found = vec![vec![0.0; depth + 1]; guess.len()];
        let mut expected = vec![vec![0.0; depth + 1]; guess.len()];
        for ((right, recorded), dataset) in self.right.iter().zip(&self.recorded).zip(dataset) {
            let (dataset, right) = (*dataset as usize, *right as usize);
            let guess = *guess.get(dataset)?;
            if right <= depth {
                found[dataset][right] += 1.0;
            }
            if right == 0 {
                let chances = binomial_pmf(at_most, *recorded, guess);
                expected[dataset].iter_mut().zip(&chances).for_each(|(sum, chance)| *sum += chance / chances[0]);
            }
        }
        let cells = || found.iter().flat_map(|of| &of[1..]).zip(expected.iter().flat_map(|of| &of[1..]));
        let rows = cells().map(|(found, _)| *found).sum::<f64>();
        let by_chance = cells().map(|(found, expected)| expected.min(*found)).sum::<f64>();
        (rows > 0.0).then(|| ByChance { rows: rows as usize, by_chance, percent: 100.0 * by_chance / rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observed;

    #[test]
    fn chance_alone_fills_the_slice_of_multiple_choice() {
        // The two figures of critique.md 3.1.
        assert!((probability_of_slice(20, 0.25, 3).unwrap() - 0.2219).abs() < 1e-4);
        assert!((probability_of_slice(20, 0.10, 3).unwrap() - 0.7455).abs() < 1e-4);
        assert_eq!((probability_of_slice(20, 0.0, 3), probability_of_slice(20, 1.5, 3)), (Some(0.0), None));
    }

    #[test]
    fn explained_rows_equal_those_worked_by_hand() {
        // Two models that guess half right. Dataset 0: two rows of nobody stand for eight, of which four have one right
        // answer and two have two. There are three with one and none with two. Dataset 1 is open: nothing is explained.
        let counts = [0, 0, 1, 1, 1, 0, 1];
        let score = counts.iter().flat_map(|count| [f64::from(*count), 0.0]).collect::<Vec<f64>>();
        let dataset = vec![0, 0, 0, 0, 0, 1, 1];
        let observed = Observed::new(dataset.clone(), 2, 2, score, vec![0.0; 14]).unwrap();
        let right = RightModels::new(&observed);
        let found = right.explained_by_chance(&dataset, &[0.5, 0.0], 2).unwrap();
        assert_eq!((found.rows, found.by_chance, found.percent), (4, 3.0, 75.0));
        // A guess of 0.2: two rows stand for 3.125, of which a part of 0.32 has one right answer.
        let found = right.explained_by_chance(&dataset, &[0.2, 0.0], 1).unwrap();
        assert!((found.by_chance - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!(right.explained_by_chance(&dataset, &[0.0, 0.0], 2).unwrap().percent, 0.0);
        assert_eq!(right.explained_by_chance(&dataset, &[0.5], 2), None);
        assert_eq!(right.explained_by_chance(&dataset, &[1.0, 0.0], 2), None);
        assert_eq!(right.explained_by_chance(&dataset, &[0.5, 0.0], 0), None);
    }
}
