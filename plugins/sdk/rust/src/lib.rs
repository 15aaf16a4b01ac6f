//! Write a router or an evaluator for routerlab in Rust.
//!
//! A plugin implements one trait, [`Router`], [`SequentialRouter`] or [`Evaluator`], and names its type in
//! [`export_router!`], [`export_sequential_router!`] or [`export_evaluator!`]. Everything else has a default:
//!
//! ```
//! use routerlab_sdk::{
//!     Decisions, Error, NoConfig, Preference, QuerySet, Router, State, TrainingSet, Unavailable, export_router,
//! };
//!
//! /// Always the first model.
//! pub struct First;
//!
//! impl Router for First {
//!     const NAME: &'static str = "first";
//!     type Config = NoConfig;
//!
//!     fn train(_: &TrainingSet, _: &TrainingSet, _: NoConfig, _seed: u64) -> Result<State, Error> {
//!         Ok(State::default())
//!     }
//!
//!     fn load(_: State) -> Result<Self, Error> {
//!         Ok(First)
//!     }
//!
//!     fn route(&self, queries: &QuerySet, _: &[Preference], _: &Unavailable) -> Result<Vec<Decisions>, Error> {
//!         Ok(vec![Decisions::always(0, queries.rows())])
//!     }
//! }
//!
//! export_router!(First);
//! ```
//!
//! The same source runs in two places. Inside the sandbox (`wasm32`) queries, training sets and matrices are handles
//! to what the host owns. Natively they are in memory (`InMemory`) and the matrices are the host's own
//! kernels, so that a unit test or a benchmark sees the same bits that the sandbox would.

// The export macros are also used inside this crate, under the name that authors use.
extern crate self as routerlab_sdk;

pub mod answer;
mod backend;
pub mod config;
mod decisions;
mod error;
mod evaluator;
pub mod log;
mod matrix;
mod means;
mod queries;
mod random;
mod router;
mod sequential;
mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod training;

#[cfg(not(target_arch = "wasm32"))]
pub use backend::InMemory;
pub use config::NoConfig;
pub use decisions::{Decisions, Unavailable, Utilities};
pub use error::Error;
pub use evaluator::{Evaluator, Isolation, Item, Outcome};
pub use matrix::{Clusters, Matrix, Metric, Neighbours, Projection};
pub use queries::QuerySet;
pub use random::Random;
pub use router::{ModelIndex, Needs, Preference, Router};
pub use sequential::{Attempt, SequentialRouter, Step};
#[cfg(not(target_arch = "wasm32"))]
pub use sequential::{Replayed, replay};
pub use state::{State, StateReader, StateWriter};
pub use training::{Measure, ModelCard, Table, TrainingSet};

/// What the export macros need and nobody else.
#[doc(hidden)]
pub mod export;

/// Generated from `wit/`; authors never see a name of it.
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod bindings;

/// The newcomer's router compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
