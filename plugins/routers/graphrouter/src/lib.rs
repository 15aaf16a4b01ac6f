//! Predicts scores along a graph of tasks, queries and models; the task of a query is guessed.

use routerlab_learn::{GraphRouter, Settings, TaskSource, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Router, State, TrainingSet, Unavailable, config, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "graphrouter/1";

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Width to which tasks, and queries, are aligned.
    pub hidden: u32,
    /// How much more the likelier tasks weigh in the guess (beta).
    pub sharpness: f32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { hidden: 8, sharpness: 10.0, training: Settings::default() }
    }
}

/// The trained router.
pub struct Guessing(GraphRouter);

impl Router for Guessing {
    const NAME: &'static str = "graphrouter";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"hidden":{"type":"integer","minimum":1,"default":8},"sharpness":{"type":"number","minimum":0,"default":10},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config::not_negative("sharpness", config.sharpness)?;
        let source = TaskSource::Guessed { sharpness: config.sharpness };
        let trained = GraphRouter::train(train, validation, source, (config.hidden, &config.training), seed)?;
        Ok(trained.into_state(TAG))
    }

    fn load(state: State) -> Result<Self, Error> {
        GraphRouter::from_state(TAG, state).map(Self)
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        self.0.route(queries, &[], preferences, unavailable)
    }
}

export_router!(Guessing);

#[cfg(test)]
mod tests;
