//! Predicts each model's score by multidimensional item response theory.

mod items;

use routerlab_learn::{Settings, Success, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Random, Router, State, TrainingSet, Unavailable, config,
    export_router,
};
use serde::Deserialize;

use items::Items;

/// What the state begins with.
const TAG: &str = "irt/1";

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of abilities.
    pub abilities: u32,
    /// Whether each model's chance of guessing right is learned too.
    pub guessing: bool,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { abilities: 16, guessing: false, training: Settings::default() }
    }
}

/// The trained router.
pub struct Irt(Success<Items>);

impl Router for Irt {
    const NAME: &'static str = "irt";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"abilities":{"type":"integer","minimum":1,"default":16},"guessing":{"type":"boolean","default":false},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config::at_least_one("abilities", config.abilities)?;
        let new = |width: usize, priors: &[f32], random: &mut Random| {
            Items::new(width, config.abilities as usize, config.guessing, priors, random)
        };
        Ok(Success::fit(train, validation, &config.training, seed, new)?.into_state(TAG))
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

export_router!(Irt);

#[cfg(test)]
mod tests;
