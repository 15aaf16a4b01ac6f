//! The interface `evaluator`, filled from the trait [`Evaluator`].

use std::marker::PhantomData;

use super::Package;
use crate::backend::install_panic_hook;
use crate::bindings::evaluator::exports::routerlab::plugin::evaluator as wit;
use crate::bindings::router::routerlab::plugin::types;
use crate::evaluator::{outcomes, questions};
use crate::{Evaluator, Isolation, Item};

/// The generated exports for `E`.
pub struct ExportedEvaluator<E>(PhantomData<E>);

impl<E: Evaluator + Package> wit::Guest for ExportedEvaluator<E> {
    fn describe() -> wit::Description {
        install_panic_hook();
        wit::Description {
            name: E::NAME.into(),
            version: E::VERSION.into(),
            needs_judge: E::NEEDS_JUDGE,
            isolation: match E::ISOLATION {
                Isolation::Shared => wit::Isolation::Shared,
                Isolation::PerItem => wit::Isolation::PerItem,
            },
            config_schema: E::CONFIG_SCHEMA.into(),
        }
    }

    fn judge_requests(items: Vec<wit::Item>, config: String) -> Result<Vec<wit::JudgeRequest>, types::Error> {
        install_panic_hook();
        let asked = questions::<E>(&lift(items), &config)?;
        Ok(asked.into_iter().map(|(item, prompt)| wit::JudgeRequest { item, prompt }).collect())
    }

    fn score(items: Vec<wit::Item>, replies: Vec<String>, config: String) -> Result<Vec<wit::Outcome>, types::Error> {
        install_panic_hook();
        let found = outcomes::<E>(&lift(items), &replies, &config)?;
        let lowered = found.into_iter().map(|outcome| wit::Outcome {
            score: outcome.score,
            prediction: outcome.prediction,
            explanation: outcome.explanation,
        });
        Ok(lowered.collect())
    }
}

fn lift(items: Vec<wit::Item>) -> Vec<Item> {
    let lifted = items.into_iter().map(|item| Item {
        prompt: item.prompt,
        raw_output: item.raw_output,
        ground_truth: item.ground_truth,
        metadata: item.metadata,
    });
    lifted.collect()
}
