//! What a strategy earned and paid, row by row.

use crate::Observed;

/// What a router or a control earned on each row, in the order of the rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// Score of each row, 0 to 1.
    pub score: Vec<f64>,
    /// What each row cost in USD; NaN where unknown.
    pub cost_usd: Vec<f64>,
}

/// What becomes of a choice that has no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The model is unavailable: the choice scores 0 and this model is paid instead, or the failed call itself where it
    /// is known to have cost more. Where the fallback has no known cost either, the dearest known cost of the row is paid,
    /// so that a missing record never saves money.
    Fallback(u32),
    /// The choice scores 0 and costs nothing. The rule of LLMRouterBench's routers, for its compatibility block only.
    ZeroAndFree,
}

/// Choices turned into answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the choices earned.
    pub answers: Answers,
    /// How many rows named a model that has no record there.
    pub unavailable: usize,
}

/// Why choices cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Not one choice per row.
    #[error("expected one choice for each of {rows} rows: {choices}")]
    Length {
        /// How many rows there are.
        rows: usize,
        /// How many choices were given.
        choices: usize,
    },
    /// A model that is not in the pool.
    #[error("row {row} names model {model}, but the pool has {models}")]
    Model {
        /// The row.
        row: usize,
        /// The choice.
        model: u32,
        /// Size of the pool.
        models: usize,
    },
    /// A fallback that is not in the pool.
    #[error("the fallback is model {model}, but the pool has {models}")]
    Fallback {
        /// The fallback as given.
        model: u32,
        /// Size of the pool.
        models: usize,
    },
}

impl Observed<'_> {
    /// What one choice per row earns.
    ///
    /// # Errors
    /// When there is not exactly one choice per row, or a choice or the fallback is not in the pool.
    pub fn judge(&self, choices: &[u32], missing: Missing) -> Result<Judged, ChoiceError> {
        let models = self.models();
        if choices.len() != self.rows() {
            return Err(ChoiceError::Length { rows: self.rows(), choices: choices.len() });
        }
        if let Missing::Fallback(model) = missing
            && model as usize >= models
        {
            return Err(ChoiceError::Fallback { model, models });
        }
        let mut answers = Answers::default();
        let mut unavailable = 0;
        for (row, &model) in choices.iter().enumerate() {
            let &score = self.scores(row).get(model as usize).ok_or(ChoiceError::Model { row, model, models })?;
            unavailable += usize::from(score.is_nan());
            answers.score.push(if score.is_nan() { 0.0 } else { score });
            answers.cost_usd.push(self.charge(row, model, missing));
        }
        Ok(Judged { answers, unavailable })
    }

    /// What asking one model about one row costs in USD; NaN where unknown, and for a row, a model or a fallback that does
    /// not exist. A strategy that asks several models about a row pays this for each of them.
    pub fn charge(&self, row: usize, model: u32, missing: Missing) -> f64 {
        let costs = self.costs_usd(row);
        let cost = |model: u32| costs.get(model as usize).copied().unwrap_or(f64::NAN);
        match (self.scores(row).get(model as usize), missing) {
            (None, _) => f64::NAN,
            (Some(score), _) if !score.is_nan() => cost(model),
            (_, Missing::ZeroAndFree) => 0.0,
            // `max` ignores NaN: mostly the cost of a failed call is unknown.
            (_, Missing::Fallback(fallback)) if !cost(fallback).is_nan() => cost(fallback).max(cost(model)),
            // `max` of two numbers ignores NaN, so an entirely unknown row stays unknown.
            (_, Missing::Fallback(_)) => costs.iter().copied().fold(f64::NAN, f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    fn observed() -> Observed<'static> {
        // Three models; the last has no record in rows 1 to 3, and fewer and fewer costs are known.
        let score = vec![1.0, 0.0, 0.5, 1.0, 0.0, NAN, 1.0, 0.0, NAN, 1.0, 0.0, NAN];
        let cost_usd = vec![0.3, 0.1, 0.2, 0.3, 0.1, NAN, 0.3, NAN, NAN, NAN, NAN, NAN];
        Observed::new(vec![0; 4], 1, 3, score, cost_usd).unwrap()
    }

    #[test]
    fn an_unavailable_choice_scores_nothing_and_pays_the_fallback() {
        let judged = observed().judge(&[2, 2, 2, 2], Missing::Fallback(1)).unwrap();
        assert_eq!(judged.unavailable, 3);
        assert_eq!(judged.answers.score, [0.5, 0.0, 0.0, 0.0]);
        // Row 1 pays model 1; in row 2 its cost is unknown and the dearest known cost is paid; in row 3 none is known.
        assert_eq!(judged.answers.cost_usd[..3], [0.2, 0.1, 0.3]);
        assert!(judged.answers.cost_usd[3].is_nan());
    }

    #[test]
    fn a_failed_call_that_cost_more_than_the_fallback_is_paid_itself() {
        for (failed_usd, expected) in [(0.7, 0.7), (0.01, 0.1), (NAN, 0.1)] {
            let observed = Observed::new(vec![0], 1, 2, vec![1.0, NAN], vec![0.1, failed_usd]).unwrap();
            let judged = observed.judge(&[1], Missing::Fallback(0)).unwrap();
            assert_eq!(judged.answers.cost_usd, [expected], "a failed call of {failed_usd} USD");
        }
    }

    #[test]
    fn the_reference_charges_nothing_for_an_unavailable_choice() {
        let judged = observed().judge(&[2, 2, 0, 2], Missing::ZeroAndFree).unwrap();
        assert_eq!((judged.unavailable, judged.answers.score), (2, vec![0.5, 0.0, 1.0, 0.0]));
        assert_eq!(judged.answers.cost_usd, [0.2, 0.0, 0.3, 0.0]);
    }

    #[test]
    fn what_is_not_there_has_no_known_charge() {
        for (row, model) in [(9, 0), (0, 9)] {
            assert!(observed().charge(row, model, Missing::ZeroAndFree).is_nan(), "row {row}, model {model}");
        }
        assert_eq!(observed().charge(1, 2, Missing::Fallback(1)), 0.1);
    }

    #[test]
    fn choices_outside_of_the_pool_are_refused_by_row() {
        let cases = [
            (vec![0; 3], Missing::ZeroAndFree, "expected one choice for each of 4 rows: 3"),
            (vec![0, 1, 3, 0], Missing::ZeroAndFree, "row 2 names model 3, but the pool has 3"),
            (vec![0; 4], Missing::Fallback(9), "the fallback is model 9, but the pool has 3"),
        ];
        for (choices, missing, expected) in cases {
            assert_eq!(observed().judge(&choices, missing).unwrap_err().to_string(), expected);
        }
    }
}
