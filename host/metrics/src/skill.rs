//! Skill within datasets: what a router knows beyond telling datasets apart.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::{ChoiceError, Missing, Observed};

/// W(a) and how easily chance alone gets as far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skill {
    /// W(a), points of percent.
    pub points: f64,
    /// One-sided p-value: how often decisions dealt out anew within each dataset do as well. Never 0, because the
    /// decisions as they are count as one of the deals.
    pub p_value: f64,
}

/// Within-dataset skill in points of percent (critique.md 1.6.1):
/// `W(a) = mean_d [ Acc(a,d) - sum_m share(a,m,d) * Acc(m,d) ]`, the accuracy beyond what the router's own mix of models
/// on each dataset would earn if it were dealt out blindly. A router that only tells datasets apart has 0, however
/// accurate it is; below 0 it deals worse than blindly. `choices` has one model per row; a choice without a record earns
/// 0, dealt out or not. NaN when there is no row.
///
/// # Errors
/// When there is not exactly one choice per row, or a choice is not in the pool.
pub fn within_datasets(observed: &Observed<'_>, choices: &[u32]) -> Result<f64, ChoiceError> {
    observed.judge(choices, Missing::ZeroAndFree)?;
    let rows_of = rows_of(observed);
    Ok(rows_of.iter().map(|rows| advantage(observed, choices, rows)).sum::<f64>() / rows_of.len() as f64)
}

/// [`within_datasets`] with a permutation test: the decisions of each dataset are shuffled among its rows `permutations`
/// times, which keeps every share and so moves nothing but the skill. The same seed gives the same p-value.
///
/// Rows count as exchangeable: give each group of equal texts once where there are many of them.
///
/// # Errors
/// As [`within_datasets`].
pub fn permutation_test(
    observed: &Observed<'_>,
    choices: &[u32],
    permutations: usize,
    seed: u64,
) -> Result<Skill, ChoiceError> {
    let points = within_datasets(observed, choices)?;
    let rows_of = rows_of(observed);
    let mut dealt: Vec<Vec<u32>> = rows_of.iter().map(|rows| rows.iter().map(|row| choices[*row]).collect()).collect();
    let earned = |rows: &[usize], choices: &[u32]| {
        let scores = rows.iter().zip(choices).map(|(row, choice)| score(observed, *row, *choice));
        scores.sum::<f64>() / rows.len() as f64
    };
    // What blind dealing earns on average is the same for every deal, so the sums of means decide.
    let total = |dealt: &[Vec<u32>]| rows_of.iter().zip(dealt).map(|(rows, dealt)| earned(rows, dealt)).sum::<f64>();
    let bar = total(&dealt) - 1e-9;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut as_good = 1usize;
    for _ in 0..permutations {
        for dealt in &mut dealt {
            for last in (1..dealt.len()).rev() {
                // Lemire's multiplication; its bias is below `len / 2^64`.
                let other = ((u128::from(random.next_u64()) * (last as u128 + 1)) >> 64) as usize;
                dealt.swap(last, other);
            }
        }
        as_good += usize::from(total(&dealt) >= bar);
    }
    Ok(Skill { points, p_value: as_good as f64 / (permutations + 1) as f64 })
}

/// The rows of every dataset that has some.
fn rows_of(observed: &Observed<'_>) -> Vec<Vec<usize>> {
    let mut rows_of = vec![vec![]; observed.datasets()];
    observed.dataset().iter().enumerate().for_each(|(row, dataset)| rows_of[*dataset as usize].push(row));
    rows_of.retain(|rows| !rows.is_empty());
    rows_of
}

/// What the choices on some rows earn beyond their own mix, in points of percent.
fn advantage(observed: &Observed<'_>, choices: &[u32], rows: &[usize]) -> f64 {
    let count = rows.len() as f64;
    let mut share = vec![0.0; observed.models()];
    rows.iter().for_each(|row| share[choices[*row] as usize] += 1.0 / count);
    let own = rows.iter().map(|row| score(observed, *row, choices[*row])).sum::<f64>() / count;
    let mean = |model: u32| rows.iter().map(|row| score(observed, *row, model)).sum::<f64>() / count;
    let mix = (0u32..).zip(&share).filter(|(_, share)| **share > 0.0).map(|(model, share)| share * mean(model));
    100.0 * (own - mix.sum::<f64>())
}

fn score(observed: &Observed<'_>, row: usize, model: u32) -> f64 {
    let score = observed.scores(row)[model as usize];
    if score.is_nan() { 0.0 } else { score }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two datasets of four rows, two models: in dataset 0 each model knows half, in dataset 1 the first knows all.
    fn observed() -> Observed<'static> {
        let score = vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, f64::NAN, 1.0, 0.0];
        Observed::new(vec![0, 0, 0, 0, 1, 1, 1, 1], 3, 2, score, vec![0.0; 16]).unwrap()
    }

    #[test]
    fn skill_equals_the_one_worked_by_hand() {
        // Dataset 0: all right with a mix of half and half, which earns 1/2. Dataset 1: the mix is one model, W = 0.
        assert_eq!(within_datasets(&observed(), &[0, 0, 1, 1, 0, 0, 0, 0]).unwrap(), 25.0);
        assert_eq!(within_datasets(&observed(), &[1, 1, 0, 0, 0, 0, 0, 0]).unwrap(), -25.0);
        // A detector of datasets is accurate and has none; nor has a choice without a record.
        assert_eq!(within_datasets(&observed(), &[1, 1, 1, 1, 0, 0, 0, 0]).unwrap(), 0.0);
        assert_eq!(within_datasets(&observed(), &[0, 0, 0, 0, 0, 0, 1, 1]).unwrap(), 0.0);
        assert!(within_datasets(&observed(), &[0; 7]).is_err() && within_datasets(&observed(), &[2; 8]).is_err());
    }

    #[test]
    fn the_p_value_is_that_of_dealing_decisions_anew() {
        // Of six deals of two and two only one is all right.
        let skill = permutation_test(&observed(), &[0, 0, 1, 1, 0, 0, 0, 0], 60_000, 1).unwrap();
        assert_eq!(skill.points, 25.0);
        assert!((skill.p_value - 1.0 / 6.0).abs() < 0.01, "{skill:?}");
        assert_eq!(permutation_test(&observed(), &[0, 0, 1, 1, 0, 0, 0, 0], 60_000, 1).unwrap(), skill);
        // The worst deal is beaten by all others, and a detector of datasets by itself alone.
        for choices in [[1, 1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]] {
            assert_eq!(permutation_test(&observed(), &choices, 500, 1).unwrap().p_value, 1.0);
        }
    }
}
