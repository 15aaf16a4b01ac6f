//! Table `queries`: what is asked.

use serde_json::Value;

use crate::ids::{DatasetId, QueryId, SplitName};
use crate::provenance::digest_bytes;
use crate::table::row::table;

table! {
    /// One question.
    pub QueryRow: "queries", version 1, key [query_id];
    /// `<dataset>/<split>/<record_index>`.
    query_id: QueryId,
    /// The benchmark or category the query belongs to.
    dataset: DatasetId,
    /// The dataset's own word for the part it belongs to.
    split: SplitName,
    /// Place within dataset and split, from 1.
    record_index: u64,
    /// The question as the dataset has it.
    origin_query: String,
    /// The question as models are asked it.
    prompt: String,
    /// The reference answer; null where the source gives none.
    ground_truth: Option<String>,
    /// Whatever else is known, as the text of a JSON object. `evaluator` names how answers are scored.
    metadata: String,
    /// Equal for queries that must not be divided between training and test.
    group_key: String,
}

impl QueryRow {
    /// A text from the metadata; none when there is no such key or it is no text.
    pub fn metadata_text(&self, key: &str) -> Option<String> {
        let metadata: Value = serde_json::from_str(&self.metadata).ok()?;
        metadata.get(key)?.as_str().map(str::to_owned)
    }
}

/// The group key of a prompt: equal for equal texts, and only for those. The first 16 hex digits of its SHA-256.
pub fn group_key(prompt: &str) -> String {
    let mut key = digest_bytes(prompt.as_bytes());
    key.truncate(16);
    key
}
