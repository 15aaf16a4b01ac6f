//! Predicts scores along a graph of tasks, queries and models; the task of a query is told, so it has no rank.

use routerlab_learn::{GraphRouter, Settings, TaskSource, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Router, State, TrainingSet, Unavailable, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "graphrouter-leaky/1";

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Width to which tasks, and queries, are aligned.
    pub hidden: u32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { hidden: 8, training: Settings::default() }
    }
}

/// The trained router.
pub struct Told(GraphRouter);

impl Router for Told {
    const NAME: &'static str = "graphrouter-leaky";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS.and(Needs::GROUPS);
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"hidden":{"type":"integer","minimum":1,"default":8},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        let trained = GraphRouter::train(train, validation, TaskSource::Told, (config.hidden, &config.training), seed)?;
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
        let told = queries.groups(0, queries.rows())?;
        self.0.route(queries, &told, preferences, unavailable)
    }
}

export_router!(Told);

#[cfg(test)]
mod tests;
