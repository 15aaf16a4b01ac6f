//! Predicts each model's score by a network with one hidden layer.

use routerlab_learn::{Perceptron, Settings, Success, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Random, Router, State, TrainingSet, Unavailable, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "mlp/1";

/// Chosen on the validation parts of three sets of records (med_agents_bench, mmlu_pro, zero_eval), where it beat 0.01.
const WEIGHT_DECAY: f32 = 1.0;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Width of the hidden layer; 0 for none, which is logistic regression.
    pub hidden: u32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { hidden: 64, training: Settings::default() }
    }
}

/// The trained router.
pub struct Mlp(Success<Perceptron>);

impl Router for Mlp {
    const NAME: &'static str = "mlp";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"hidden":{"type":"integer","minimum":0,"default":64},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        let new = |width: usize, priors: &[f32], random: &mut Random| {
            Perceptron::new(width, config.hidden as usize, priors, random)
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

export_router!(Mlp);

#[cfg(test)]
mod tests;
