//! The experiment in five sentences.
//!
//! An [`Experiment`] names records, a protocol and routers. For every seed the records are divided into train,
//! validation and test ([`partition`]) and turned into what a router may see. Every router is trained and asked once for
//! every seed, each in its own sandbox, in parallel, so that none can disturb another ([`run`]). Every decision goes to a
//! table on disk. All numbers of a report are computed from these tables ([`summary`]).
//!
//! No `async`, no terminal.

pub mod partition;
pub mod pool;

mod answers;
mod boilerplate;
mod cell;
mod data;
mod duplicates;
mod error;
mod experiment;
mod known;
mod prepare;
mod reference;
mod results;
mod routed;
mod run;
mod score;
mod shuffle;
pub mod summary;
mod verify;

pub use data::Data;
/// How many threads kernels may use.
pub use routerlab_kernels::Threads;

pub use duplicates::{DatasetDuplicates, DuplicateOptions, Duplicates, find_duplicates};
pub use error::BenchError;
pub use experiment::{
    ColdStart, DataChoice, Experiment, Input, Labels, PreferenceGrid, Protocol, RouterEntry, Statistics, Track, Weighs,
};
pub use prepare::parts_of;
pub use reference::Reference;
pub use results::{Results, RunIdentity, TOOL, decisions_file, read_cells};
pub use run::{FinishedRun, Observer, RunOptions, run};
pub use score::compare;
pub use score::{JudgeQuestion, OneEvaluator, Outcomes as ScoreOutcomes, ScoreOptions, Scored, judge_questions, score};
pub use verify::{Check, Verdict, VerifyOptions, recorded, verify};
