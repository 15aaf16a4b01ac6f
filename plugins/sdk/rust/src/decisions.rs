//! Choices, and the estimates behind them.

use crate::{Error, ModelIndex};

/// Models that must not be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unavailable {
    models: Vec<ModelIndex>,
}

impl Unavailable {
    /// All models may be chosen.
    pub const NONE: Self = Self { models: Vec::new() };

    /// Whether the model must not be chosen.
    pub fn contains(&self, model: ModelIndex) -> bool {
        self.models.binary_search(&model).is_ok()
    }

    /// The models of a pool of `models` that may be chosen, in order.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there is none.
    pub fn rest(&self, models: usize) -> Result<Vec<ModelIndex>, Error> {
        let rest: Vec<ModelIndex> = (0..models as ModelIndex).filter(|&model| !self.contains(model)).collect();
        if rest.is_empty() { Err(Error::unsupported("no model is available")) } else { Ok(rest) }
    }
}

impl FromIterator<ModelIndex> for Unavailable {
    fn from_iter<I: IntoIterator<Item = ModelIndex>>(models: I) -> Self {
        let mut models: Vec<ModelIndex> = models.into_iter().collect();
        models.sort_unstable();
        models.dedup();
        Self { models }
    }
}

/// One model per query for one preference.
#[derive(Debug, Clone, PartialEq)]
pub struct Decisions {
    pub(crate) choices: Vec<ModelIndex>,
    pub(crate) utilities: Option<Utilities>,
}

impl Decisions {
    /// The same model for all of `rows` queries.
    pub fn always(model: ModelIndex, rows: usize) -> Self {
        Self { choices: vec![model; rows], utilities: None }
    }

    /// The given model for each query, without estimates. [`Utilities::decide`] chooses from estimates.
    pub fn from_choices(choices: Vec<ModelIndex>) -> Self {
        Self { choices, utilities: None }
    }

    /// Says how good each model was thought to be (queries x models), where the choices follow another rule than
    /// [`Utilities::decide`].
    #[must_use]
    pub fn with_utilities(mut self, utilities: Utilities) -> Self {
        self.utilities = Some(utilities);
        self
    }

    /// The model of each query.
    pub fn choices(&self) -> &[ModelIndex] {
        &self.choices
    }

    /// How good each model was thought to be for each query, if the router said so.
    pub fn utilities(&self) -> Option<&Utilities> {
        self.utilities.as_ref()
    }
}

/// How good a router thinks each model is for each query (queries x models), larger is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Utilities {
    pub(crate) models: usize,
    pub(crate) values: Vec<f32>,
}

impl Utilities {
    /// Zeros, to be filled by [`Self::row_mut`].
    pub fn new(rows: usize, models: usize) -> Self {
        Self { models, values: vec![0.0; rows * models] }
    }

    /// Takes values that are there already, row after row.
    ///
    /// # Errors
    /// [`Error::Malformed`] when they do not fill whole rows.
    pub fn from_values(models: usize, values: Vec<f32>) -> Result<Self, Error> {
        if models == 0 || !values.len().is_multiple_of(models) {
            return Err(Error::Malformed(format!("{} utilities for {models} models", values.len())));
        }
        Ok(Self { models, values })
    }

    /// How many queries.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.models).unwrap_or(0)
    }

    /// The estimates for one query, one per model.
    pub fn row(&self, query: usize) -> &[f32] {
        &self.values[query * self.models..(query + 1) * self.models]
    }

    /// The estimates for one query, to be filled.
    pub fn row_mut(&mut self, query: usize) -> &mut [f32] {
        &mut self.values[query * self.models..(query + 1) * self.models]
    }

    /// Chooses the available model with the largest estimate; of equals the one with the lower index.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when no model is available; [`Error::Other`] when an estimate is not finite.
    pub fn decide(self, unavailable: &Unavailable) -> Result<Decisions, Error> {
        let allowed = unavailable.rest(self.models)?;
        if let Some(place) = self.values.iter().position(|value| !value.is_finite()) {
            let (query, model, value) = (place / self.models, place % self.models, self.values[place]);
            return Err(Error::Other(format!("the utility of model {model} for query {query} is not finite: {value}")));
        }
        let best = |row: &[f32]| {
            let better = |best: ModelIndex, model: ModelIndex| {
                if row[model as usize] > row[best as usize] { model } else { best }
            };
            allowed.iter().copied().fold(allowed[0], better)
        };
        let choices = self.values.chunks_exact(self.models).map(best).collect();
        Ok(Decisions { choices, utilities: Some(self) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Unavailable, Utilities};
    use crate::Error;

    fn choose(values: &[f32], unavailable: &[u32]) -> Result<Vec<u32>, Error> {
        let utilities = Utilities::from_values(3, values.to_vec())?;
        Ok(utilities.decide(&unavailable.iter().copied().collect())?.choices)
    }

    #[test]
    fn the_largest_estimate_wins_and_ties_go_to_the_lower_index() {
        assert_eq!(choose(&[0.1, 0.5, 0.2, 0.4, 0.4, 0.4, -2.0, -3.0, -1.0], &[]), Ok(vec![1, 0, 2]));
    }

    #[test]
    fn an_unavailable_model_is_never_chosen() {
        assert_eq!(choose(&[0.1, 0.5, 0.2, 0.4, 0.4, 0.4], &[1, 0, 1]), Ok(vec![2, 2]));
        assert_eq!(choose(&[0.1, 0.5, 0.2], &[0, 1, 2]), Err(Error::unsupported("no model is available")));
        assert_eq!(Unavailable::NONE.rest(2), Ok(vec![0, 1]));
    }

    #[test]
    fn an_estimate_that_is_not_finite_is_named() {
        let expected = "the utility of model 2 for query 1 is not finite: NaN";
        assert_eq!(choose(&[0.0, 0.0, 0.0, 0.0, 0.0, f32::NAN], &[]), Err(Error::other(expected)));
        assert_eq!(choose(&[0.0; 4], &[]), Err(Error::malformed("4 utilities for 3 models")));
    }
}
