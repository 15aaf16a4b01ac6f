//! A router that is nothing but a network: it predicts each model's score and weighs it against what the model costs.

use routerlab_sdk::{
    Decisions, Error, Measure, Preference, QuerySet, Random, State, StateWriter, TrainingSet, Unavailable, Utilities,
};

use crate::{Expense, Heads, Network, Reducer, Settings, Targets};

/// Expected score of each model from a network, and what the models cost.
#[derive(Debug)]
pub struct Success<N> {
    heads: Heads<N>,
    expense: Expense,
    /// Models without any score in training.
    unknown: Vec<u32>,
}

impl<N: Network> Success<N> {
    /// Learns from the scores until validation has its least loss; `new` makes the network from the width of its input
    /// and the logits of the models' mean scores.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are no embeddings or no scores, [`Error::InvalidConfig`] for settings that make
    /// no sense.
    pub fn fit(
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        settings: &Settings,
        seed: u64,
        new: impl FnOnce(usize, &[f32], &mut Random) -> N,
    ) -> Result<Self, Error> {
        settings.check()?;
        let models = train.models().len();
        let of = |set: &TrainingSet<'_>| Targets::new(models, set.table(Measure::Score)?.into_values());
        let (targets, validation_targets) = (of(train)?, of(validation)?);
        let means = train.means(Measure::Score)?;
        let unknown: Vec<u32> = (0..models as u32).filter(|&model| means[model as usize].is_nan()).collect();
        if unknown.len() == models {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let priors = targets.prior_logits();
        let heads = Heads::fit(
            (train, &targets),
            (validation, &validation_targets),
            settings.width as usize,
            &settings.schedule(),
            &mut Random::new(seed),
            |width, random| new(width, &priors, random),
        )?;
        Ok(Self { heads, expense: Expense::of(train)?, unknown })
    }

    /// The state, begun by `tag`.
    pub fn into_state(self, tag: &str) -> State {
        let writer = self.expense.write(StateWriter::new(tag).u32(self.heads.heads() as u32).u32s(&self.unknown));
        let (writer, matrix) = self.heads.write(writer);
        writer.finish(vec![matrix])
    }

    /// Reads what [`Self::into_state`] left.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it cannot be trusted.
    pub fn from_state(tag: &str, mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(tag)?;
        let (models, unknown) = (reader.u32()? as usize, reader.u32s()?);
        let expense = Expense::read(&mut reader, models)?;
        let heads = Heads::read(&mut reader, matrix)?;
        reader.end()?;
        if heads.heads() != models || unknown.iter().any(|&model| model as usize >= models) {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { heads, expense, unknown })
    }

    /// Chooses by expected score less cost, once for each preference.
    ///
    /// # Errors
    /// As [`Utilities::decide`], and where there are no embeddings.
    pub fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let models = self.heads.heads();
        let scores = Utilities::from_values(models, self.heads.probabilities(queries)?)?;
        let decide = |wish| {
            let mut weighed = self.expense.weigh(&scores, models, wish);
            below_all(&mut weighed, &self.unknown);
            weighed.decide(unavailable)
        };
        preferences.iter().map(decide).collect()
    }
}

/// Puts some models below all others for every query, so that none of them is preferred whatever the others cost; among
/// themselves they are equal.
pub fn below_all(utilities: &mut Utilities, models: &[u32]) {
    if models.is_empty() {
        return;
    }
    for query in 0..utilities.rows() {
        let row = utilities.row_mut(query);
        let others = row.iter().enumerate().filter(|(model, _)| !models.contains(&(*model as u32)));
        let least = others.map(|(_, utility)| *utility).fold(f32::INFINITY, f32::min);
        // Of a number so large that taking 1 away changes nothing, the next smaller one is taken.
        let below = if least.is_finite() { (least - 1.0).min(least.next_down()) } else { 0.0 };
        models.iter().for_each(|&model| row[model as usize] = below.max(f32::MIN));
    }
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{Unavailable, Utilities};

    use super::below_all;

    #[test]
    fn what_is_put_below_all_is_chosen_only_when_nothing_else_is_left() {
        let choice = |values: [f32; 3], below: &[u32], unavailable: &[u32]| {
            let mut utilities = Utilities::from_values(3, values.to_vec()).unwrap();
            below_all(&mut utilities, below);
            let unavailable: Unavailable = unavailable.iter().copied().collect();
            utilities.decide(&unavailable).unwrap().choices()[0]
        };
        assert_eq!(choice([0.9, -2.0, -3.0], &[0], &[]), 1);
        // Dear models are still preferred to one of which nothing is known.
        assert_eq!(choice([0.0, -1e9, -2e9], &[0], &[]), 1);
        assert_eq!(choice([0.0, -1e9, -2e9], &[0], &[1, 2]), 0);
        assert_eq!(choice([5.0, 6.0, 7.0], &[0, 1, 2], &[]), 0);
    }
}
