//! The interface `router`, filled from the trait [`Router`].

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::Package;
use crate::backend::{self, install_panic_hook};
use crate::bindings::router::exports::routerlab::plugin::router as wit;
use crate::bindings::router::routerlab::plugin::{data, routing, types};
use crate::{Error, Matrix, Needs, Preference, QuerySet, Router, State, TrainingSet, config};

/// The generated exports for `R`.
pub struct ExportedRouter<R>(PhantomData<R>);

impl<R: Router + Package> wit::Guest for ExportedRouter<R> {
    type Trained = Loaded<R>;

    fn describe() -> routing::Description {
        described([R::NAME, R::VERSION, R::CONFIG_SCHEMA], R::NEEDS, R::COST_AWARE)
    }

    fn train(
        train: &data::TrainingSet,
        validation: &data::TrainingSet,
        config: String,
        seed: u64,
    ) -> Result<routing::State, types::Error> {
        learned([train, validation], &config, |train, validation, config| R::train(train, validation, config, seed))
    }
}

/// What a router of either kind says of itself.
pub(super) fn described(
    [name, version, config_schema]: [&str; 3],
    needs: Needs,
    cost_aware: bool,
) -> routing::Description {
    install_panic_hook();
    routing::Description {
        name: name.into(),
        version: version.into(),
        needs: flags(needs),
        cost_aware,
        config_schema: config_schema.into(),
    }
}

/// What a router of either kind has learned.
pub(super) fn learned<C: DeserializeOwned + Default>(
    sets: [&data::TrainingSet; 2],
    config: &str,
    train: impl FnOnce(&TrainingSet<'_>, &TrainingSet<'_>, C) -> Result<State, Error>,
) -> Result<routing::State, types::Error> {
    install_panic_hook();
    let config = config::parse(config)?;
    let [train_set, validation] = sets.map(|set| TrainingSet::wrap(backend::Training(set)));
    Ok(lowered(train(&train_set, &validation, config)?))
}

/// What a router names of what it may see.
fn flags(needs: Needs) -> routing::Needs {
    let named = [
        (needs.prompts, routing::Needs::PROMPTS),
        (needs.embeddings, routing::Needs::EMBEDDINGS),
        (needs.answers, routing::Needs::ANSWERS),
        (needs.groups, routing::Needs::GROUPS),
    ];
    let wanted = named.into_iter().filter(|(wanted, _)| *wanted);
    wanted.fold(routing::Needs::empty(), |flags, (_, flag)| flags | flag)
}

fn lowered(state: State) -> routing::State {
    let matrices = state.matrices.into_iter().map(|matrix| matrix.inner.0).collect();
    routing::State { bytes: state.bytes, matrices }
}

pub(super) fn lifted(state: routing::State) -> State {
    let matrices = state.matrices.into_iter().map(|matrix| Matrix::from(backend::Matrix(matrix))).collect();
    State { bytes: state.bytes, matrices }
}

impl From<routing::Preference> for Preference {
    fn from(given: routing::Preference) -> Self {
        Self { cost_weight: given.cost_weight, latency_weight: given.latency_weight }
    }
}

/// A router that is ready to route.
pub struct Loaded<R>(R);

impl<R: Router + Package> wit::GuestTrained for Loaded<R> {
    fn load(state: routing::State) -> Result<wit::Trained, types::Error> {
        install_panic_hook();
        Ok(wit::Trained::new(Self(R::load(lifted(state))?)))
    }

    fn route(
        &self,
        queries: &data::QuerySet,
        preferences: Vec<routing::Preference>,
        unavailable: Vec<u32>,
    ) -> Result<Vec<wit::Decisions>, types::Error> {
        let queries = QuerySet::wrap(backend::Queries::Lent(queries));
        let preferences: Vec<Preference> = preferences.into_iter().map(Preference::from).collect();
        let rows = queries.rows() as u32;
        let mut decided = self.0.route(&queries, &preferences, &unavailable.into_iter().collect())?;
        if !R::COST_AWARE && decided.len() == 1 {
            // The contract wants one per preference whether or not they differ.
            let only = decided[0].clone();
            decided.resize(preferences.len(), only);
        }
        let lowered = decided.into_iter().map(|decisions| wit::Decisions {
            choices: decisions.choices,
            utilities: decisions.utilities.map(|utilities| types::Matrix {
                rows,
                cols: utilities.models as u32,
                values: utilities.values,
            }),
        });
        Ok(lowered.collect())
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidConfig(text) => Self::InvalidConfig(text),
            Error::Unsupported(text) => Self::Unsupported(text),
            Error::Malformed(text) => Self::Malformed(text),
            Error::Other(text) => Self::Other(text),
        }
    }
}
