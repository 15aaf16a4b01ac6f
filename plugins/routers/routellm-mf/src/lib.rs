//! Ranks models by a Bradley-Terry model over gated model vectors.

mod network;

use routerlab_learn::{Expense, Reducer, Settings, fit, training_schema};
use routerlab_sdk::{
    Decisions, Error, Measure, Needs, Preference, QuerySet, Random, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, export_router,
};
use serde::Deserialize;

use network::{Gated, Pairs};

/// What the state begins with.
const TAG: &str = "routellm-mf/1";

/// The utility of a model without any score in training: below every expected score.
const UNKNOWN: f32 = -1.0;

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Two indices: only these models are chosen between, as published. All models when not set.
    pub pair: Option<[u32; 2]>,
    /// How it is trained.
    pub training: Settings,
}

/// Strength of each model for each query, and what a strength means as a score.
pub struct RouteLlm {
    reducer: Reducer,
    gated: Gated,
    expense: Expense,
    /// Expected score = intercept + slope x strength.
    calibration: (f32, f32),
    /// Whether each model takes part.
    takes_part: Vec<bool>,
}

impl Router for RouteLlm {
    const NAME: &'static str = "routellm-mf";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"pair":{"type":"array","items":{"type":"integer","minimum":0},"minItems":2,"maxItems":2},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.training.check()?;
        let means = train.means(Measure::Score)?;
        let models = means.len();
        let mut takes_part: Vec<bool> = means.iter().map(|mean| !mean.is_nan()).collect();
        if let Some(pair) = config.pair {
            if let Some(model) = pair.into_iter().find(|&model| model as usize >= models) {
                return Err(Error::config("pair", format!("names model {model} of a pool of {models}")));
            }
            takes_part.iter_mut().enumerate().for_each(|(model, takes)| *takes &= pair.contains(&(model as u32)));
        }
        if takes_part.iter().all(|takes| !takes) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let reducer = Reducer::fit(train.queries(), config.training.width as usize)?;
        let mut random = Random::new(seed);
        let mut pairs = Pairs {
            gated: Gated::new(reducer.width(), models, &mut random),
            inputs: reducer.reduce(train.queries())?,
            scores: masked(train.table(Measure::Score)?.into_values(), &takes_part),
            validation: reducer.reduce(validation.queries())?,
            validation_scores: masked(validation.table(Measure::Score)?.into_values(), &takes_part),
        };
        fit(&mut pairs, train.rows(), &config.training.schedule(), &mut random)?;
        let calibration = pairs.calibration();
        let expense = Expense::of(train)?;
        Ok(Self { reducer, gated: pairs.gated, expense, calibration, takes_part }.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(TAG)?;
        let takes_part: Vec<bool> = reader.u32s()?.into_iter().map(|takes| takes == 1).collect();
        let calibration = (reader.f32()?, reader.f32()?);
        let expense = Expense::read(&mut reader, takes_part.len())?;
        let gated = Gated::read(&mut reader, matrix.cols(), takes_part.len())?;
        let reducer = Reducer::read(&mut reader, matrix)?;
        reader.end()?;
        Ok(Self { reducer, gated, expense, calibration, takes_part })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let inputs = self.reducer.reduce(queries)?;
        let models = self.takes_part.len();
        let mut scores = Utilities::new(queries.rows(), models);
        let directions = self.gated.directions();
        let (intercept, slope) = self.calibration;
        for (query, input) in inputs.chunks_exact(self.reducer.width()).enumerate() {
            let row = scores.row_mut(query);
            self.gated.strengths(&directions, input, row);
            row.iter_mut().for_each(|strength| *strength = intercept + slope * *strength);
        }
        let decide = |wish| {
            let mut weighed = self.expense.weigh(&scores, models, wish);
            self.keep_out(&mut weighed);
            weighed.decide(unavailable)
        };
        preferences.iter().map(decide).collect()
    }
}

impl RouteLlm {
    fn into_state(self) -> State {
        let takes_part: Vec<u32> = self.takes_part.iter().map(|&takes| u32::from(takes)).collect();
        let writer = StateWriter::new(TAG).u32s(&takes_part).f32(self.calibration.0).f32(self.calibration.1);
        let (writer, matrix) = self.reducer.write(self.gated.write(self.expense.write(writer)));
        writer.finish(vec![matrix])
    }

    /// Models that take no part stand below all others, whatever those cost.
    fn keep_out(&self, utilities: &mut Utilities) {
        for query in 0..utilities.rows() {
            let row = utilities.row_mut(query);
            let parts = row.iter().zip(&self.takes_part).filter(|(_, takes)| **takes);
            let least = parts.map(|(utility, _)| *utility).fold(0.0, f32::min);
            row.iter_mut().zip(&self.takes_part).filter(|(_, takes)| !**takes).for_each(|(u, _)| *u = least + UNKNOWN);
        }
    }
}

/// rows x models scores without those of models that take no part.
fn masked(mut scores: Vec<f32>, takes_part: &[bool]) -> Vec<f32> {
    for row in scores.chunks_exact_mut(takes_part.len()) {
        row.iter_mut().zip(takes_part).filter(|(_, takes)| !**takes).for_each(|(score, _)| *score = f32::NAN);
    }
    scores
}

export_router!(RouteLlm);

#[cfg(test)]
mod tests;
