//! Routers of both worlds: describe, train, load. One store for each of these; a loaded router keeps its own.

use std::path::Path;
use std::sync::Arc;

use routerlab_kernels::{Matrix, Threads};
use wasmtime::Store;
use wasmtime::component::Resource;

use crate::bindings::router::routerlab::plugin::{routing, types};
use crate::check;
use crate::component::ComponentFile;
use crate::contract::Role;
use crate::data::{Granted, TrainingSet};
use crate::engine::Sandbox;
use crate::error::{Breach, CallError, LoadError, Refusal};
use crate::kernels::HostMatrix;
use crate::limits::{Limit, LimitReached, Limits};
use crate::loaded::LoadedRouter;
use crate::state::{StoreState, metered, new_store};
use crate::thread::OnPluginThread;
use crate::world::WorldPre;

/// What a router says about itself, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterDescription {
    /// A short name in lower case with dashes.
    pub name: String,
    /// The router's own version.
    pub version: String,
    /// Whether it reads prompts.
    pub needs_prompts: bool,
    /// Whether it reads embeddings.
    pub needs_embeddings: bool,
    /// Whether it reads what models answered, in training and in each attempt.
    pub needs_answers: bool,
    /// Whether it wants to know the dataset of each query when it routes.
    pub needs_groups: bool,
    /// Whether it follows the preference.
    pub cost_aware: bool,
    /// JSON Schema of its configuration.
    pub config_schema: String,
}

/// How much quality is worth against money and time; see `routing.preference` in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Preference {
    /// Score given up per US dollar saved on one query.
    pub cost_weight: f32,
    /// Score given up per second saved on one query.
    pub latency_weight: f32,
}

/// What training leaves behind. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TrainedState {
    /// Bytes in the router's own format.
    pub bytes: Arc<[u8]>,
    /// Matrices that stayed with the host.
    pub matrices: Vec<Matrix>,
    /// How many models the pool had.
    pub models: usize,
}

/// One call into a plugin: its result, what it used, and what it said.
#[derive(Debug)]
pub struct Called<T> {
    /// The answer, or which of the four kinds of failure.
    pub result: Result<T, CallError>,
    /// Fuel used by the guest and by the host on its behalf.
    pub fuel: u64,
    /// The log of the store, as far as it has not been taken before.
    pub log: String,
}

/// How a call is run.
#[derive(Debug, Clone)]
pub struct CallOptions {
    /// The limits of the call.
    pub limits: Limits,
    /// Threads for host kernels. Results do not depend on it.
    pub threads: Threads,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), threads: Threads::ONE }
    }
}

/// A router component of either world, compiled and linked. Nothing of it has run yet.
pub struct RouterPlugin {
    sandbox: Sandbox,
    pre: WorldPre,
    digest: String,
}

impl std::fmt::Debug for RouterPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouterPlugin").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl RouterPlugin {
    /// Reads, checks, compiles and links a router component.
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
        file.expect_role(&[Role::Router, Role::SequentialRouter])?;
        let pre = WorldPre::new(file.role, file.link(sandbox)?.0).map_err(|error| file.unfit(&error))?;
        Ok(Self { sandbox: sandbox.clone(), pre, digest: file.digest.clone() })
    }

    /// The sha-256 of the component as 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether it answers at once or is sequential.
    #[must_use]
    pub fn role(&self) -> Role {
        self.pre.role()
    }

    /// Asks the router what it is, in a store of its own.
    pub fn describe(&self, options: &CallOptions, thread: &OnPluginThread) -> Called<RouterDescription> {
        let mut store = self.store(options, thread);
        let (said, fuel) = metered(&mut store, (Limit::DescribeFuel, options.limits.describe_fuel), |store| {
            self.pre.instantiate(&mut *store)?.describe(store)
        });
        let result = said.and_then(|said| Ok(checked_description(said)?));
        Called { result, fuel, log: store.data_mut().log.take() }
    }

    /// Trains in a fresh store. `description` decides what of the two sets the router gets to see.
    pub fn train(
        &self,
        description: &RouterDescription,
        (train, validation): (&TrainingSet, &TrainingSet),
        config: &str,
        seed: u64,
        options: &CallOptions,
        thread: &OnPluginThread,
    ) -> Called<TrainedState> {
        let mut store = self.store(options, thread);
        let sets = [train, validation].map(|set| set.reduced(self.granted(description)));
        let (answer, fuel) = metered(&mut store, (Limit::TrainFuel, options.limits.train_fuel), |store| {
            let router = self.pre.instantiate(&mut *store)?;
            let [train, validation] = sets;
            let lent = [store.data_mut().lend(train)?, store.data_mut().lend(validation)?];
            router.train(store, lent.map(|set| Resource::new_borrow(set.rep())), config, seed)
        });
        let result = answer.and_then(|answer| match answer {
            Ok(state) => checked_state(store.data_mut(), state, train.models.len()),
            Err(refusal) => Err(refused(refusal)),
        });
        Called { result, fuel, log: store.data_mut().log.take() }
    }

    /// Makes a router that can route from a trained state, in a fresh store.
    pub fn start(
        &self,
        description: &RouterDescription,
        state: &TrainedState,
        options: &CallOptions,
        thread: &OnPluginThread,
    ) -> Called<LoadedRouter> {
        let mut store = self.store(options, thread);
        let (answer, fuel) = metered(&mut store, (Limit::LoadFuel, options.limits.load_fuel), |store| {
            let router = self.pre.instantiate(&mut *store)?;
            let mut matrices = Vec::with_capacity(state.matrices.len());
            for matrix in &state.matrices {
                matrices.push(store.data_mut().lend(HostMatrix::shared(matrix.clone()))?);
            }
            let state = routing::State { bytes: state.bytes.to_vec(), matrices };
            let trained = router.load(store, &state)?;
            Ok((router, trained))
        });
        let log = store.data_mut().log.take();
        let result = answer.and_then(|(world, trained)| match trained {
            Ok(trained) => {
                let (granted, limits) = (self.granted(description), options.limits.clone());
                Ok(LoadedRouter { store, world, trained, models: state.models, granted, limits })
            }
            Err(refusal) => Err(refused(refusal)),
        });
        Called { result, fuel, log }
    }

    /// What is kept from nobody who needs it, but answers from routers that ask no model.
    fn granted(&self, description: &RouterDescription) -> Granted {
        Granted {
            prompts: description.needs_prompts,
            embeddings: description.needs_embeddings,
            answers: description.needs_answers && self.role() == Role::SequentialRouter,
            groups: description.needs_groups,
        }
    }

    fn store(&self, options: &CallOptions, thread: &OnPluginThread) -> Store<StoreState> {
        // The engine's stack was fixed when the sandbox was made; a smaller thread would let a guest kill the process.
        assert!(
            thread.stack_bytes() >= self.sandbox.limits().stack_bytes,
            "a plugin was called on a thread with less stack than its sandbox allows"
        );
        new_store(self.sandbox.engine(), &options.limits, options.threads)
    }
}

fn checked_description(said: routing::Description) -> Result<RouterDescription, Breach> {
    check::description(&said.name, &said.version, &said.config_schema)?;
    Ok(RouterDescription {
        name: said.name,
        version: said.version,
        needs_prompts: said.needs.contains(routing::Needs::PROMPTS),
        needs_embeddings: said.needs.contains(routing::Needs::EMBEDDINGS),
        needs_answers: said.needs.contains(routing::Needs::ANSWERS),
        needs_groups: said.needs.contains(routing::Needs::GROUPS),
        cost_aware: said.cost_aware,
        config_schema: said.config_schema,
    })
}

fn checked_state(store: &mut StoreState, state: routing::State, models: usize) -> Result<TrainedState, CallError> {
    let limit = store.limits.state_bytes;
    if state.bytes.len() > limit {
        return Err(CallError::Stopped(LimitReached { limit: Limit::StateBytes, value: limit as u64 }));
    }
    let mut matrices = Vec::with_capacity(state.matrices.len());
    for handle in state.matrices {
        matrices.push(store.keep(handle)?);
    }
    Ok(TrainedState { bytes: state.bytes.into(), matrices, models })
}

/// A refusal in the plugin's own words, capped and stripped of terminal escapes.
pub(crate) fn refused(error: types::Error) -> CallError {
    let words = |text: String| crate::log::plain(&text).chars().take(2000).collect();
    CallError::Refused(match error {
        types::Error::InvalidConfig(text) => Refusal::InvalidConfig(words(text)),
        types::Error::Unsupported(text) => Refusal::Unsupported(words(text)),
        types::Error::Malformed(text) => Refusal::Malformed(words(text)),
        types::Error::Other(text) => Refusal::Other(words(text)),
    })
}
