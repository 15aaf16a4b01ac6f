//! The interface `sequential-router`, filled from the trait [`SequentialRouter`].

use std::marker::PhantomData;

use super::Package;
use super::router::{described, learned, lifted};
use crate::backend::{self, install_panic_hook};
use crate::bindings::router::routerlab::plugin::{data, routing, types};
use crate::bindings::sequential::exports::routerlab::plugin::sequential_router as wit;
use crate::{Attempt, QuerySet, SequentialRouter, Step};

/// The generated exports for `R`.
pub struct ExportedSequentialRouter<R>(PhantomData<R>);

impl<R: SequentialRouter + Package> wit::Guest for ExportedSequentialRouter<R> {
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

/// A router that is ready to be asked.
pub struct Loaded<R>(R);

impl<R: SequentialRouter + Package> wit::GuestTrained for Loaded<R> {
    fn load(state: routing::State) -> Result<wit::Trained, types::Error> {
        install_panic_hook();
        Ok(wit::Trained::new(Self(R::load(lifted(state))?)))
    }

    fn next(
        &self,
        query: &data::QuerySet,
        attempts: Vec<wit::Attempt>,
        preference: routing::Preference,
        unavailable: Vec<u32>,
    ) -> Result<wit::Step, types::Error> {
        let query = QuerySet::wrap(backend::Queries::Lent(query));
        let seen = attempts.into_iter().map(|attempt| Attempt {
            model: attempt.model,
            answer: attempt.answer,
            answer_embedding: attempt.answer_embedding,
            cost_usd: attempt.cost_usd,
            latency_ms: attempt.latency_ms,
        });
        let seen: Vec<Attempt> = seen.collect();
        let step = self.0.next(&query, &seen, &preference.into(), &unavailable.into_iter().collect())?;
        Ok(match step {
            Step::Ask(model) => wit::Step::Ask(model),
            Step::Accept(position) => wit::Step::Accept(position as u32),
        })
    }
}
