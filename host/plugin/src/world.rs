//! The two worlds of routers behind one face: both describe themselves, train and load alike.

use wasmtime::Store;
use wasmtime::component::{InstancePre, Resource, ResourceAny};

use crate::bindings::router::routerlab::plugin::{routing, types};
use crate::bindings::router::{RouterPlugin, RouterPluginPre};
use crate::bindings::sequential::{SequentialRouterPlugin, SequentialRouterPluginPre};
use crate::contract::Role;
use crate::data::TrainingSet;
use crate::state::StoreState;

/// A router of either world, compiled and linked.
pub(crate) enum WorldPre {
    AtOnce(RouterPluginPre<StoreState>),
    Sequential(SequentialRouterPluginPre<StoreState>),
}

/// A router of either world in a store.
pub(crate) enum World {
    AtOnce(RouterPlugin),
    Sequential(SequentialRouterPlugin),
}

/// A plugin's answer, or its refusal.
type Said<T> = wasmtime::Result<Result<T, types::Error>>;

impl WorldPre {
    /// `role` is one of the two that route.
    pub(crate) fn new(role: Role, linked: InstancePre<StoreState>) -> wasmtime::Result<Self> {
        Ok(match role {
            Role::SequentialRouter => Self::Sequential(SequentialRouterPluginPre::new(linked)?),
            Role::Router | Role::Evaluator => Self::AtOnce(RouterPluginPre::new(linked)?),
        })
    }

    pub(crate) fn role(&self) -> Role {
        match self {
            Self::AtOnce(_) => Role::Router,
            Self::Sequential(_) => Role::SequentialRouter,
        }
    }

    pub(crate) fn instantiate(&self, store: &mut Store<StoreState>) -> wasmtime::Result<World> {
        Ok(match self {
            Self::AtOnce(pre) => World::AtOnce(pre.instantiate(store)?),
            Self::Sequential(pre) => World::Sequential(pre.instantiate(store)?),
        })
    }
}

impl World {
    pub(crate) fn describe(&self, store: &mut Store<StoreState>) -> wasmtime::Result<routing::Description> {
        match self {
            Self::AtOnce(router) => router.routerlab_plugin_router().call_describe(store),
            Self::Sequential(router) => router.routerlab_plugin_sequential_router().call_describe(store),
        }
    }

    pub(crate) fn train(
        &self,
        store: &mut Store<StoreState>,
        [train, validation]: [Resource<TrainingSet>; 2],
        config: &str,
        seed: u64,
    ) -> Said<routing::State> {
        match self {
            Self::AtOnce(router) => router.routerlab_plugin_router().call_train(store, train, validation, config, seed),
            Self::Sequential(router) => {
                router.routerlab_plugin_sequential_router().call_train(store, train, validation, config, seed)
            }
        }
    }

    pub(crate) fn load(&self, store: &mut Store<StoreState>, state: &routing::State) -> Said<ResourceAny> {
        match self {
            Self::AtOnce(router) => router.routerlab_plugin_router().trained().call_load(store, state),
            Self::Sequential(router) => router.routerlab_plugin_sequential_router().trained().call_load(store, state),
        }
    }
}
