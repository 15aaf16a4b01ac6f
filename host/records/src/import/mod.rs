//! Other people's records into our tables. Everything is read and checked before the first file is written, and when
//! writing fails, what was written is taken back. Imports that are too large for that work in a folder of their own beside
//! the one that they make (`staged`).

mod arena;
mod completions;
mod dataset;
mod embeddings;
mod harness;
mod inspect;
mod join;
mod json;
mod judgements;
mod lines;
pub(crate) mod llmrouterbench;
mod lm_eval;
mod logs;
mod loose;
mod outcomes;
pub(crate) mod output;
mod pickle;
mod python_json;
mod python_text;
mod recorded;
mod routerbench;
mod routereval;
mod staged;

pub use arena::{ArenaOptions, ImportedExternal, import_arena};
pub use completions::import_completions;
pub use dataset::{DatasetOptions, DatasetSummary, import_dataset};
pub use harness::{HarnessResults, Verdict, import_swe_bench, import_tau2, swe_bench_verdict, tau2_verdict};
pub use inspect::{InspectOptions, import_inspect};
pub use join::build_outcomes;
pub use judgements::{ImportedJudgements, QuestionKey, import_judgements, read_judgements};
pub use llmrouterbench::{BytesProgress, LlmRouterBenchOptions, NameFilter, import_llmrouterbench};
pub use lm_eval::{LmEvalOptions, import_lm_eval};
pub use logs::LogChoice;
pub use outcomes::{OutcomeFormat, import_outcomes};
pub use output::{MANIFEST_FILE, Manifest, ManifestFile};
pub use recorded::{RecordedFiles, import_recorded};
pub use routerbench::import_routerbench;
pub use routereval::{RouterEvalOptions, import_routereval};

use std::path::PathBuf;

/// How far an import has come, for whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows or lines read.
    pub rows_done: u64,
    /// Rows or lines in the file that is being read.
    pub rows_total: u64,
}

/// What an import brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSummary {
    /// The folder with the tables.
    pub folder: PathBuf,
    /// Outcomes or completions.
    pub rows: u64,
    /// Queries.
    pub queries: usize,
    /// Models.
    pub models: usize,
    /// Datasets.
    pub datasets: usize,
    /// Numbers per embedding; none when there are no embeddings.
    pub embedding_width: Option<usize>,
    /// What a reader of the tables should know, a sentence each.
    pub notes: Vec<String>,
}
