//! Predicts each model's score by multidimensional item response theory.

use routerlab_learn::{Dense, Network, Parameter, Settings, Success, dot, normal, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Random, Router, State, StateReader, StateWriter, TrainingSet,
    Unavailable, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "irt/1";

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of abilities.
    pub abilities: u32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { abilities: 16, training: Settings::default() }
    }
}

/// logit(q, m) = theta_m . a(q) - b(q): what a query asks of each ability, and how hard it is.
#[derive(Debug)]
pub struct Items {
    /// reduced embedding -> a(q), then b(q).
    items: Dense,
    /// theta: models x abilities.
    abilities: Parameter,
}

impl Items {
    fn count(&self) -> usize {
        self.items.outputs() - 1
    }
}

impl Network for Items {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.items.parameters().into_iter().chain([&mut self.abilities]).collect()
    }

    fn forward(&self, input: &[f32], hidden: &mut Vec<f32>, logits: &mut [f32]) {
        hidden.resize(self.items.outputs(), 0.0);
        self.items.forward(input, hidden);
        let (asked, difficulty) = hidden.split_at(self.count());
        for (logit, ability) in logits.iter_mut().zip(self.abilities.values.chunks_exact(asked.len())) {
            *logit = dot(ability, asked) - difficulty[0];
        }
    }

    fn backward(&mut self, input: &[f32], hidden: &[f32], slopes: &[f32]) {
        let count = self.count();
        let mut of_hidden = vec![0.0; count + 1];
        let abilities = self.abilities.values.chunks_exact(count).zip(self.abilities.gradient.chunks_exact_mut(count));
        for (&slope, (ability, of_ability)) in slopes.iter().zip(abilities) {
            of_hidden[count] -= slope;
            for k in 0..count {
                of_ability[k] += slope * hidden[k];
                of_hidden[k] += slope * ability[k];
            }
        }
        self.items.backward(input, &of_hidden);
    }

    fn write(&self, writer: StateWriter) -> StateWriter {
        self.items.write(writer).f32s(&self.abilities.values)
    }

    fn read(reader: &mut StateReader<'_>, width: usize, heads: usize) -> Result<Self, Error> {
        let (items, abilities) = (Dense::read(reader)?, reader.f32s()?);
        let count = items.outputs().saturating_sub(1);
        if count == 0 || items.inputs() != width || heads.checked_mul(count) != Some(abilities.len()) {
            return Err(Error::malformed("items and abilities do not fit together"));
        }
        Ok(Self { items, abilities: Parameter::new(abilities) })
    }
}

/// The trained router.
pub struct Irt(Success<Items>);

impl Router for Irt {
    const NAME: &'static str = "irt";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"abilities":{"type":"integer","minimum":1,"default":16},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        if config.abilities == 0 {
            return Err(Error::config("abilities", "must be at least 1: 0"));
        }
        let count = config.abilities as usize;
        let new = |width: usize, priors: &[f32], random: &mut Random| {
            let mut items = Dense::new(width, count + 1, random);
            // Every query asks for the first ability, of which each model has what it takes to be right as often as it is.
            items.bias.values[0] = 1.0;
            let small = |random: &mut Random| 0.1 * normal(random);
            let of_model = |prior: &f32| {
                let mut ability: Vec<f32> = (0..count).map(|_| small(random)).collect();
                ability[0] = *prior;
                ability
            };
            let abilities = priors.iter().flat_map(of_model).collect();
            Items { items, abilities: Parameter::new(abilities) }
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
