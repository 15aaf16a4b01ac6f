//! Predicts whether a model that is described by its accuracies can answer a query.

mod descriptor;
mod judge;

use routerlab_learn::{Settings, Success, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Random, Router, State, TrainingSet, Unavailable, config,
    export_router,
};
use serde::Deserialize;

use judge::Judge;

/// What the state begins with.
const TAG: &str = "modelsat-lite/1";

/// Chosen on the validation parts of three sets of records (med_agents_bench, mmlu_pro, zero_eval), where it beat 0.01.
const WEIGHT_DECAY: f32 = 1.0;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Categories that models are described by: that many clusters of training queries; the training groups when not set.
    pub clusters: Option<u32>,
    /// Width in which queries and descriptions meet.
    pub meeting: u32,
    /// Width of the hidden layer above it.
    pub hidden: u32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { clusters: None, meeting: 16, hidden: 32, training: Settings::default() }
    }
}

/// The trained router.
pub struct ModelSat(Success<Judge>);

impl Router for ModelSat {
    const NAME: &'static str = "modelsat-lite";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"clusters":{"type":"integer","minimum":1},"meeting":{"type":"integer","minimum":1,"default":16},"hidden":{"type":"integer","minimum":1,"default":32},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        let clusters = config.clusters.unwrap_or(1);
        for (key, count) in [("clusters", clusters), ("meeting", config.meeting), ("hidden", config.hidden)] {
            config::at_least_one(key, count)?;
        }
        let categories = descriptor::categories(train, config.clusters, seed)?;
        let descriptions = descriptor::descriptions(train, &categories)?;
        let (meeting, hidden) = (config.meeting as usize, config.hidden as usize);
        let new = |width: usize, priors: &[f32], random: &mut Random| {
            Judge::new((width, meeting, hidden), descriptions, priors, random)
        };
        let settings = config.training.weight_decay_or(WEIGHT_DECAY);
        Ok(Success::fit(train, validation, &settings, seed, new)?.into_state(TAG))
    }

    fn load(state: State) -> Result<Self, Error> {
        Success::from_state(TAG, state).map(Self)
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        self.0.route(queries, preferences, unavailable)
    }
}

export_router!(ModelSat);

#[cfg(test)]
mod tests;
