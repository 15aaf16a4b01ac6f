//! The sandbox: components in, checked answers out; and the builder that makes components.
//!
//! The life of a plugin, from file to answer:
//!
//! 1. [`ComponentFile::read`] checks size, kind, role, version and imports, and computes the digest. Nothing is compiled.
//! 2. [`RouterPlugin::load`] or [`EvaluatorPlugin::load`] compiles it (in a child process with limits, or from the cache)
//!    and links it to what its role may import: `log`, and for routers `data` and `kernels`. Nothing has run yet.
//! 3. Each use gets a fresh store: [`RouterPlugin::describe`], [`RouterPlugin::train`], [`RouterPlugin::start`]. Nothing
//!    survives between stores but the [`TrainedState`]. A router that answers at once and one that looks at answers first
//!    (a sequential router, see [`Replay`]) differ in [`LoadedRouter::route`] alone.
//! 4. Every call has a budget of fuel and every answer is checked. A call fails in one of four ways, never mixed:
//!    [`CallError::Refused`], [`CallError::Breach`], [`CallError::Stopped`], [`CallError::Trapped`].
//!
//! No generated type leaves this crate, and no other crate knows wasmtime.

mod answers;
mod bindings;
pub mod build;
mod cache;
mod check;
mod compile;
mod component;
mod contract;
mod data;
mod engine;
mod error;
mod evaluator;
mod kernels;
mod limits;
mod loaded;
mod log;
mod router;
mod state;
mod thread;
mod world;

pub use answers::{Answers, Replay};
pub use check::{Decisions, Outcome};
pub use compile::{COMPILE_COMMAND, compile_here};
pub use component::ComponentFile;
pub use contract::{CONTRACT_VERSION, Role};
pub use data::{ModelCard, QuerySet, TrainingSet};
pub use engine::{Compiler, Sandbox, SandboxOptions};
pub use error::{Breach, CallError, LoadError, Refusal};
pub use evaluator::{EvaluatorDescription, EvaluatorPlugin, Item, JudgeRequest};
pub use limits::{Limit, LimitReached, Limits};
pub use loaded::LoadedRouter;
pub use log::plain;
pub use router::{CallOptions, Called, Preference, RouterDescription, RouterPlugin, TrainedState};
pub use routerlab_kernels::{KernelError, Matrix, Threads};
pub use thread::{OnPluginThread, on_plugin_thread};
