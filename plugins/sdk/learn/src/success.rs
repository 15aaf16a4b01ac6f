//! A router that is nothing but a network: it predicts each model's score and weighs it against what the model costs.

use routerlab_sdk::{
    Decisions, Error, Measure, Preference, QuerySet, Random, State, StateWriter, TrainingSet, Unavailable, Utilities,
};

use crate::{Expense, Heads, Network, Reducer, Settings, Targets};

/// The score of a model without any score in training: below every score, so that it is never preferred.
const UNKNOWN: f32 = -1.0;

/// Expected score of each model from a network, and what the models cost.
#[derive(Debug)]
pub struct Success<N> {
    heads: Heads<N>,
    expense: Expense,
    /// Models without any score in training.
    unknown: Vec<u32>,
}

impl<N: Network> Success<N> {
    /// Learns from the scores until validation has its least loss; `new` makes the network from the width of its input and the logits of the models' mean
    /// scores.
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
        let mut scores = Utilities::from_values(models, self.heads.probabilities(queries)?)?;
        for query in 0..scores.rows() {
            self.unknown.iter().for_each(|&model| scores.row_mut(query)[model as usize] = UNKNOWN);
        }
        let decide = |wish| self.expense.weigh(&scores, models, wish).decide(unavailable);
        preferences.iter().map(decide).collect()
    }
}
