//! The words and the tables: typed rows, Parquet files, provenance, atomic writes.
//!
//! Everything that one part of the laboratory leaves for another is a table: a Parquet file whose rows are sorted by a
//! key, whose footer names the schema and what the table was made from, and which appears whole or not at all.
//!
//! | table | row | key |
//! | --- | --- | --- |
//! | `queries` | [`QueryRow`] | query_id |
//! | `completions` | [`CompletionRow`] | query_id, model, sample_index |
//! | `attempts` | [`AttemptRow`] | query_id, model, sample_index, attempt |
//! | `coverage` | [`CoverageRow`] | model, dataset, split |
//! | `scores` | [`ScoreRow`] | query_id, model, sample_index, evaluator |
//! | `judgements` | [`JudgementRow`] | query_id, model, sample_index, evaluator, request_index |
//! | `embeddings` | [`EmbeddingRow`] | query_id, encoder |
//! | `answer_embeddings` | [`AnswerEmbeddingRow`] | query_id, model, encoder |
//! | `groups` | [`GroupRow`] | query_id |
//! | `near_duplicates` | [`NearDuplicateRow`] | query_id, other_query_id |
//! | `outcomes` | [`OutcomeRow`] | query_id, model |
//! | `decisions` | [`DecisionRow`] | run_id, router, seed, preference_index, query_id |
//! | `metrics` | [`MetricRow`] | run_id, router, seed, metric, dataset, preference |
//! | `runs` | [`RunRow`] | run_id |
//! | `cells` | [`CellRow`] | run_id, router, seed |
//! | `external` | [`ExternalRow`] | router, dataset |
//!
//! Tables join on `query_id` and `model`. A missing value is null, never NaN; in the dense blocks of [`Outcomes`], and
//! only there, it is NaN.
//!
//! ```no_run
//! use std::path::Path;
//! use routerlab_records::{OutcomeRow, Outcomes, QueryRow, read_table};
//!
//! # fn main() -> Result<(), routerlab_records::TableError> {
//! let queries = read_table::<QueryRow>(Path::new("queries.parquet"))?.rows;
//! let outcomes = read_table::<OutcomeRow>(Path::new("outcomes.parquet"))?;
//! let outcomes = Outcomes::join(queries, &outcomes)?;
//! # Ok(())
//! # }
//! ```
//!
//! This crate has no threads, no network and no clock, and no Arrow type leaves it.

pub mod atomic;
mod attempts;
pub mod catalog;
mod completions;
mod coverage;
mod decisions;
pub mod definition;
pub mod doctor;
mod embeddings;
mod error;
pub mod export;
mod external;
mod groups;
mod ids;
pub mod import;
mod judgements;
mod metrics;
mod outcomes;
pub mod pool;
mod provenance;
mod queries;
mod runs;
mod scores;
pub mod scoring;
mod scratch;
pub mod settings;
mod source;
mod table;

pub use attempts::{AttemptOutcome, AttemptRow, AttemptState};
pub use completions::{
    CompletionRow, CompletionState, CompletionStatus, CostSource, SHARD_RECORDS, UsageSource, completion_files,
    digest_completions, read_completion_states, read_completions, shard_file,
};
pub use coverage::CoverageRow;
pub use decisions::DecisionRow;
pub use embeddings::{
    AnswerEmbeddingRow, EMBEDDING_SHARD_RECORDS, EmbeddingRow, EmbeddingStatus, Embeddings, digest_embeddings,
    embedding_file, encoder_folder, find_embeddings, read_embeddings,
};
pub use error::{Place, TableError};
pub use external::{ExternalRow, read_external};
pub use groups::{GROUPS_FILE, GroupRow, NEAR_DUPLICATES_FILE, NearDuplicateRow, read_groups};
pub use ids::{DatasetId, EncoderName, IdError, ModelName, PluginName, QueryId, RunId, SharedText, SplitName};
pub use judgements::{JudgementRow, JudgementStatus};
pub use metrics::MetricRow;
pub use outcomes::{OutcomeParts, OutcomeRow, Outcomes};
pub use provenance::{ContentDigest, Provenance, digest_bytes, digest_file};
pub use queries::{QueryRow, group_key};
pub use runs::{CellRow, CellStatus, RunRow, RunStatus};
pub use scores::{ScoreRow, ScoreStatus};
pub use table::{
    Row, Table, TableAbout, TableReader, TableWriter, about_table, partition_file, read_folder, read_table,
    table_files, write_table,
};
