//! Evaluators: completions in, checked outcomes out. A fresh store for every batch, or for every item where it asks so.

use std::cell::Cell;
use std::path::Path;

use wasmtime::{PoolConcurrencyLimitError, Store};

use crate::bindings::evaluator as bindings;
use crate::bindings::evaluator::exports::routerlab::plugin::evaluator as exported;
use crate::bindings::router::routerlab::plugin::types;
use crate::check::{self, Outcome};
use crate::component::ComponentFile;
use crate::contract::Role;
use crate::engine::Sandbox;
use crate::error::{Breach, CallError, LoadError};
use crate::limits::Limit;
use crate::router::{CallOptions, Called, refused};
use crate::state::{StoreState, metered, new_store};
use crate::thread::OnPluginThread;

/// Most characters of a prediction or explanation that are kept.
const WORDS: usize = 2000;

/// What an evaluator says about itself, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluatorDescription {
    /// A short name in lower case with dashes.
    pub name: String,
    /// The evaluator's own version.
    pub version: String,
    /// Whether it may ask for a judge.
    pub needs_judge: bool,
    /// Whether every item needs a fresh store.
    pub per_item: bool,
    /// JSON Schema of its configuration.
    pub config_schema: String,
}

/// One completion to be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What the model was asked.
    pub prompt: String,
    /// What it answered, unedited.
    pub raw_output: String,
    /// The reference answer.
    pub ground_truth: String,
    /// More about the query, a JSON object.
    pub metadata: String,
}

/// A question for a judge model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeRequest {
    /// Position of the item in the batch.
    pub item: u32,
    /// What to ask.
    pub prompt: String,
}

/// An evaluator component, compiled and linked. Nothing of it has run yet.
pub struct EvaluatorPlugin {
    sandbox: Sandbox,
    pre: Linked,
    /// The same in the pool; none where the machine has no room for one, or the pool cannot take such a component.
    pooled: Option<Linked>,
    digest: String,
}

/// Whether an engine had room for one more instance; only a pool can be full.
enum Room {
    Enough,
    Full,
}

type Linked = bindings::EvaluatorPluginPre<StoreState>;

impl std::fmt::Debug for EvaluatorPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvaluatorPlugin").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl EvaluatorPlugin {
    /// Reads, checks, compiles and links an evaluator component.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(sandbox: &Sandbox, path: &Path) -> Result<Self, LoadError> {
        Self::from_file(sandbox, &ComponentFile::read(path, sandbox.limits())?)
    }

    /// As [`Self::load`], for a component that has been read already.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn from_file(sandbox: &Sandbox, file: &ComponentFile) -> Result<Self, LoadError> {
        file.expect_role(&[Role::Evaluator])?;
        let (linked, pooled) = file.link(sandbox)?;
        let pre = Linked::new(linked).map_err(|error| file.unfit(&error))?;
        let pooled = pooled.and_then(|linked| Linked::new(linked).ok());
        Ok(Self { sandbox: sandbox.clone(), pre, pooled, digest: file.digest.clone() })
    }

    /// The sha-256 of the component as 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Asks the evaluator what it is.
    pub fn describe(&self, options: &CallOptions, thread: &OnPluginThread) -> Called<EvaluatorDescription> {
        self.call(
            options,
            (Limit::DescribeFuel, options.limits.describe_fuel),
            thread,
            |guest, store| guest.call_describe(store),
            |said| {
                check::description(&said.name, &said.version, &said.config_schema)?;
                Ok(EvaluatorDescription {
                    name: said.name,
                    version: said.version,
                    needs_judge: said.needs_judge,
                    per_item: matches!(said.isolation, exported::Isolation::PerItem),
                    config_schema: said.config_schema,
                })
            },
        )
    }

    /// What a judge must be asked before `items` can be scored.
    pub fn judge_requests(
        &self,
        items: &[Item],
        config: &str,
        options: &CallOptions,
        thread: &OnPluginThread,
    ) -> Called<Vec<JudgeRequest>> {
        let budget = (Limit::ScoreFuel, options.limits.score_fuel_for(items.len()));
        let sent = to_guest(items);
        self.call(
            options,
            budget,
            thread,
            |guest, store| guest.call_judge_requests(store, &sent, config),
            |answer| {
                let requests = answer.map_err(refused)?;
                if let Some(request) = requests.iter().find(|request| request.item as usize >= items.len()) {
                    return Err(Breach(format!("asked a judge about item {} of {}", request.item, items.len())).into());
                }
                Ok(requests
                    .into_iter()
                    .map(|request| JudgeRequest { item: request.item, prompt: request.prompt })
                    .collect())
            },
        )
    }

    /// Scores one batch in a fresh store: one outcome for each item, checked.
    pub fn score(
        &self,
        items: &[Item],
        replies: &[String],
        config: &str,
        options: &CallOptions,
        thread: &OnPluginThread,
    ) -> Called<Vec<Outcome>> {
        let budget = (Limit::ScoreFuel, options.limits.score_fuel_for(items.len()));
        let sent = to_guest(items);
        self.call(
            options,
            budget,
            thread,
            |guest, store| guest.call_score(store, &sent, replies, config),
            |answer| checked(answer, items.len()),
        )
    }

    /// Scores one item by an evaluator that runs what a model wrote ([`EvaluatorDescription::per_item`]), in a fresh store
    /// with `run_fuel`. Where the call is ended by what the completion did (see [`CallError::is_the_items_doing`]), the
    /// outcome is 0 and says so: it is a wrong answer, not a failure of the evaluator.
    pub fn score_one(
        &self,
        item: &Item,
        replies: &[String],
        config: &str,
        options: &CallOptions,
        thread: &OnPluginThread,
    ) -> Called<Outcome> {
        let sent = to_guest(std::slice::from_ref(item));
        // An evaluator that cannot even start under these limits fails; no item has done anything yet.
        let started = Cell::new(false);
        let budget = (Limit::RunFuel, options.limits.run_fuel);
        let ask = |guest: &exported::Guest, store: &mut Store<StoreState>| {
            started.set(true);
            guest.call_score(store, &sent, replies, config)
        };
        let check = |answer| checked(answer, 1).map(|mut outcomes| outcomes.remove(0));
        let pooled = self.pooled.as_ref().map(|pre| self.call_of(pre, options, budget, thread, ask, check));
        let called = match pooled {
            Some((called, Room::Enough)) => called,
            Some((_, Room::Full)) | None => self.call(options, budget, thread, ask, check),
        };
        let result = called.result.or_else(|error| match error.is_the_items_doing() {
            Some(why) if started.get() => {
                Ok(Outcome { score: Some(0.0), prediction: None, explanation: Some(words(why)) })
            }
            _ => Err(error),
        });
        Called { result, ..called }
    }

    fn call<A, T>(
        &self,
        options: &CallOptions,
        budget: (Limit, u64),
        thread: &OnPluginThread,
        ask: impl FnOnce(&exported::Guest, &mut Store<StoreState>) -> wasmtime::Result<A>,
        check: impl FnOnce(A) -> Result<T, CallError>,
    ) -> Called<T> {
        self.call_of(&self.pre, options, budget, thread, ask, check).0
    }

    /// As [`Self::call`], by the engine that `pre` was linked for, and whether that had room.
    fn call_of<A, T>(
        &self,
        pre: &Linked,
        options: &CallOptions,
        budget: (Limit, u64),
        thread: &OnPluginThread,
        ask: impl FnOnce(&exported::Guest, &mut Store<StoreState>) -> wasmtime::Result<A>,
        check: impl FnOnce(A) -> Result<T, CallError>,
    ) -> (Called<T>, Room) {
        // The engine's stack was fixed when the sandbox was made; a smaller thread would let a guest kill the process.
        assert!(
            thread.stack_bytes() >= self.sandbox.limits().stack_bytes,
            "a plugin was called on a thread with less stack than its sandbox allows"
        );
        let mut store = new_store(pre.engine(), &options.limits, options.threads);
        let mut room = Room::Enough;
        let (answer, fuel) = metered(&mut store, budget, |store| {
            let evaluator = pre.instantiate(&mut *store).inspect_err(|error| {
                if error.is::<PoolConcurrencyLimitError>() {
                    room = Room::Full;
                }
            })?;
            ask(evaluator.routerlab_plugin_evaluator(), store)
        });
        (Called { result: answer.and_then(check), fuel, log: store.data_mut().log.take() }, room)
    }
}

/// An answer to `score` that keeps the contract.
fn checked(answer: Result<Vec<exported::Outcome>, types::Error>, items: usize) -> Result<Vec<Outcome>, CallError> {
    let outcomes: Vec<_> = answer
        .map_err(refused)?
        .into_iter()
        .map(|outcome| Outcome {
            score: outcome.score,
            prediction: outcome.prediction.map(words),
            explanation: outcome.explanation.map(words),
        })
        .collect();
    check::outcomes(&outcomes, items)?;
    Ok(outcomes)
}

/// What is kept of a text that the guest made.
fn words(text: String) -> String {
    crate::log::plain(&text).chars().take(WORDS).collect()
}

fn to_guest(items: &[Item]) -> Vec<exported::Item> {
    let item = |item: &Item| exported::Item {
        prompt: item.prompt.clone(),
        raw_output: item.raw_output.clone(),
        ground_truth: item.ground_truth.clone(),
        metadata: item.metadata.clone(),
    };
    items.iter().map(item).collect()
}
