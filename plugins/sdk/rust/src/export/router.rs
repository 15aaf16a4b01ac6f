//! The interface `router`, filled from the trait [`Router`].

use std::marker::PhantomData;

use super::Package;
use crate::backend::{self, install_panic_hook};
use crate::bindings::router::exports::routerlab::plugin::router as wit;
use crate::bindings::router::routerlab::plugin::{data, routing, types};
use crate::{Error, Matrix, Preference, QuerySet, Router, State, TrainingSet, config};

/// The generated exports for `R`.
pub struct ExportedRouter<R>(PhantomData<R>);

impl<R: Router + Package> wit::Guest for ExportedRouter<R> {
    type Trained = Loaded<R>;

    fn describe() -> routing::Description {
        install_panic_hook();
        let flag = |wanted, flag| if wanted { flag } else { routing::Needs::empty() };
        let needs =
            flag(R::NEEDS.prompts, routing::Needs::PROMPTS) | flag(R::NEEDS.embeddings, routing::Needs::EMBEDDINGS);
        routing::Description {
            name: R::NAME.into(),
            version: R::VERSION.into(),
            needs,
            cost_aware: R::COST_AWARE,
            config_schema: R::CONFIG_SCHEMA.into(),
        }
    }

    fn train(
        train: &data::TrainingSet,
        validation: &data::TrainingSet,
        config: String,
        seed: u64,
    ) -> Result<routing::State, types::Error> {
        install_panic_hook();
        let config = config::parse(&config)?;
        let train = TrainingSet::wrap(backend::Training(train));
        let validation = TrainingSet::wrap(backend::Training(validation));
        let state = R::train(&train, &validation, config, seed)?;
        let matrices = state.matrices.into_iter().map(|matrix| matrix.inner.0).collect();
        Ok(routing::State { bytes: state.bytes, matrices })
    }
}

/// A router that is ready to route.
pub struct Loaded<R>(R);

impl<R: Router + Package> wit::GuestTrained for Loaded<R> {
    fn load(state: routing::State) -> Result<wit::Trained, types::Error> {
        install_panic_hook();
        let matrices = state.matrices.into_iter().map(|matrix| Matrix::from(backend::Matrix(matrix))).collect();
        let router = R::load(State { bytes: state.bytes, matrices })?;
        Ok(wit::Trained::new(Self(router)))
    }

    fn route(
        &self,
        queries: &data::QuerySet,
        preferences: Vec<routing::Preference>,
        unavailable: Vec<u32>,
    ) -> Result<Vec<wit::Decisions>, types::Error> {
        let queries = QuerySet::wrap(backend::Queries::Lent(queries));
        let preferences: Vec<Preference> = preferences
            .into_iter()
            .map(|given| Preference { cost_weight: given.cost_weight, latency_weight: given.latency_weight })
            .collect();
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
