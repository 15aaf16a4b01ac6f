//! Strategies that need no router: the floor, the rivals and the ceilings.
//!
//! Random, Best Single, Oracle and Dataset Oracle are the controls of LLMRouterBench (arXiv 2601.07206). Best Single
//! and the dataset expert are *chosen* on one part and *judged* on another by [`Observed::judge`], like any router;
//! chosen and judged on the same part they are the hindsight versions. In these means a missing record counts as score
//! 0, because that is what choosing it would earn.

use crate::{Answers, Observed};

/// A model drawn uniformly from those that have a record, as the exact expectation rather than one draw.
///
/// The cost of a row is unknown when the cost of any model that could be drawn is.
pub fn random(observed: &Observed<'_>) -> Answers {
    let mut answers = Answers::default();
    for row in 0..observed.rows() {
        let (mut score, mut cost_usd, mut count) = (0.0, 0.0, 0.0);
        for (s, c) in observed.scores(row).iter().zip(observed.costs_usd(row)).filter(|(s, _)| !s.is_nan()) {
            score += s;
            cost_usd += c;
            count += 1.0;
        }
        answers.score.push(score / count);
        answers.cost_usd.push(cost_usd / count);
    }
    answers
}

/// The model with the highest AvgAcc on these rows; ties go to the lower index. 0 when there is no row.
pub fn best_single(observed: &Observed<'_>) -> u32 {
    let means = dataset_means(observed);
    let macro_mean = |model: usize| means.iter().flatten().map(|of_dataset| of_dataset[model]).sum::<f64>();
    first_highest((0..observed.models()).map(macro_mean))
}

/// For each dataset the model with the highest mean score on these rows; ties go to the lower index.
///
/// A dataset without rows gets the best single model, the only thing that is known about it. Chosen on train this is
/// the fair dataset expert (it needs the dataset's name at test time); chosen on test it is Dataset Oracle.
pub fn dataset_experts(observed: &Observed<'_>) -> Vec<u32> {
    let otherwise = best_single(observed);
    let expert = |means: &Option<Vec<f64>>| means.as_ref().map_or(otherwise, |m| first_highest(m.iter().copied()));
    dataset_means(observed).iter().map(expert).collect()
}

/// The choice of each row when each dataset has its expert. `experts` has one model per dataset.
pub fn by_dataset(observed: &Observed<'_>, experts: &[u32]) -> Vec<u32> {
    observed.dataset().iter().map(|dataset| experts.get(*dataset as usize).copied().unwrap_or_default()).collect()
}

/// The same model for every row.
pub fn always(observed: &Observed<'_>, model: u32) -> Vec<u32> {
    vec![model; observed.rows()]
}

/// Per row the model with the best score; ties go to the cheaper one, then to the lower index. A model of unknown cost
/// counts as the dearest.
pub fn oracle(observed: &Observed<'_>) -> Vec<u32> {
    (0..observed.rows())
        .map(|row| {
            let (scores, costs) = (observed.scores(row), observed.costs_usd(row));
            let mut best: Option<usize> = None;
            for model in (0..scores.len()).filter(|model| !scores[*model].is_nan()) {
                let better = best.is_none_or(|best| {
                    scores[model] > scores[best]
                        || (scores[model] == scores[best] && known(costs[model]) < known(costs[best]))
                });
                if better {
                    best = Some(model);
                }
            }
            best.unwrap_or_default() as u32
        })
        .collect()
}

/// The reference's Oracle: a row counts 1 as soon as any model has a score above 0, at the cost of the cheapest such
/// model; a row without one counts 0 at the cost of the cheapest model of all. Half credit becomes full credit, so the
/// bound is too high wherever scores are graded. For the compatibility block only.
pub fn oracle_any_credit(observed: &Observed<'_>) -> Answers {
    let mut answers = Answers::default();
    for row in 0..observed.rows() {
        let cells = || observed.scores(row).iter().copied().zip(observed.costs_usd(row).iter().copied());
        let solved = cells().any(|(score, _)| score > 0.0);
        // `min` of two numbers ignores NaN, so only an entirely unknown row stays unknown.
        let cost_usd = cells()
            .filter(|(score, _)| if solved { *score > 0.0 } else { !score.is_nan() })
            .fold(f64::NAN, |cheapest, (_, cost_usd)| cheapest.min(cost_usd));
        answers.score.push(f64::from(u8::from(solved)));
        answers.cost_usd.push(cost_usd);
    }
    answers
}

fn known(cost_usd: f64) -> f64 {
    if cost_usd.is_nan() { f64::INFINITY } else { cost_usd }
}

/// Mean score of every model on every dataset, missing records as 0; `None` for a dataset without rows.
fn dataset_means(observed: &Observed<'_>) -> Vec<Option<Vec<f64>>> {
    let mut sums = vec![vec![0.0; observed.models()]; observed.datasets()];
    let mut rows = vec![0usize; observed.datasets()];
    for (row, dataset) in observed.dataset().iter().enumerate() {
        rows[*dataset as usize] += 1;
        for (sum, score) in sums[*dataset as usize].iter_mut().zip(observed.scores(row)) {
            *sum += if score.is_nan() { 0.0 } else { *score };
        }
    }
    let mean = |(sums, rows): (Vec<f64>, usize)| {
        (rows > 0).then(|| sums.into_iter().map(|sum| sum / rows as f64).collect::<Vec<f64>>())
    };
    sums.into_iter().zip(rows).map(mean).collect()
}

/// Position of the highest value, the first of equals.
fn first_highest(values: impl Iterator<Item = f64>) -> u32 {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, value) in (0u32..).zip(values) {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Missing;

    const NAN: f64 = f64::NAN;

    /// Two datasets of two rows, three models. By hand: means on dataset 0 are 1, 1/2, 0; on dataset 1 0, 1/2, 3/4.
    fn observed() -> Observed<'static> {
        let score = vec![1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.0, 0.0, 1.0];
        let cost_usd = vec![3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0];
        Observed::new(vec![0, 0, 1, 1], 2, 3, score, cost_usd).unwrap()
    }

    #[test]
    fn controls_equal_those_worked_by_hand() {
        let observed = observed();
        let answers = random(&observed);
        assert_eq!(answers.score, [2.0 / 3.0, 1.0 / 3.0, 0.5, 1.0 / 3.0]);
        assert_eq!(answers.cost_usd, [2.0; 4]);
        // Macro means 1/2, 1/2, 3/8: the tie goes to the lower index.
        assert_eq!(best_single(&observed), 0);
        assert_eq!(dataset_experts(&observed), [0, 2]);
        assert_eq!(by_dataset(&observed, &[0, 2]), [0, 0, 2, 2]);
        // In row 0 two models are right and the cheaper one is taken.
        assert_eq!(oracle(&observed), [1, 0, 1, 2]);
    }

    #[test]
    fn oracle_breaks_ties_by_cost_and_then_by_index() {
        let cases = [
            ([1.0, 1.0, 1.0], [2.0, 1.0, 1.0], 1),
            ([1.0, 1.0, 0.0], [NAN, NAN, 1.0], 0),
            ([1.0, 1.0, 1.0], [NAN, 5.0, NAN], 1),
            ([NAN, 0.0, 0.0], [0.0, 2.0, 1.0], 2),
            ([0.4, NAN, 0.3], [9.0, 0.0, 0.0], 0),
        ];
        for (score, cost_usd, expected) in cases {
            let observed = Observed::new(vec![0], 1, 3, score.to_vec(), cost_usd.to_vec()).unwrap();
            assert_eq!(oracle(&observed), [expected], "{score:?} at {cost_usd:?}");
        }
    }

    #[test]
    fn the_references_oracle_gives_full_credit_for_half_an_answer() {
        let score = vec![0.5, 1.0, 0.0, 0.0, 0.0, NAN];
        let cost_usd = vec![1.0, 2.0, 0.5, 3.0, 2.0, 0.1];
        let observed = Observed::new(vec![0, 0], 1, 3, score, cost_usd).unwrap();
        let answers = oracle_any_credit(&observed);
        assert_eq!(answers, Answers { score: vec![1.0, 0.0], cost_usd: vec![1.0, 2.0] });
        let exact = observed.judge(&oracle(&observed), Missing::ZeroAndFree).unwrap().answers;
        assert_eq!(exact, Answers { score: vec![1.0, 0.0], cost_usd: vec![2.0, 2.0] });
    }

    #[test]
    fn random_is_taken_over_the_models_that_have_a_record() {
        let observed = Observed::new(vec![0], 1, 3, vec![1.0, NAN, 0.0], vec![4.0, NAN, 2.0]).unwrap();
        assert_eq!(random(&observed), Answers { score: vec![0.5], cost_usd: vec![3.0] });
    }

    #[test]
    fn a_missing_record_counts_as_zero_when_a_model_is_chosen() {
        let score = vec![NAN, 0.6, 1.0, 0.6];
        let observed = Observed::new(vec![0, 0], 1, 2, score, vec![0.0; 4]).unwrap();
        assert_eq!(best_single(&observed), 1);
    }

    #[test]
    fn a_dataset_that_was_never_seen_gets_the_best_single_model() {
        let observed = Observed::new(vec![2, 2], 3, 2, vec![0.0, 1.0, 1.0, 1.0], vec![0.0; 4]).unwrap();
        assert_eq!(dataset_experts(&observed), [1, 1, 1]);
    }
}
