//! Table `queries`: what is asked.

use serde_json::Value;

use crate::ids::{DatasetId, QueryId, SplitName};
use crate::provenance::digest_bytes;
use crate::table::row::table;

table! {
    /// One question.
    pub QueryRow: "queries", version 1, key [query_id], checked metadata_can_be_used;
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

/// What is read as JSON later must be JSON now: a query whose metadata cannot be read would be scored by the wrong
/// evaluator.
fn metadata_can_be_used(query: &QueryRow) -> Result<(), (&'static str, String)> {
    let wrong = |reason: String| Err(("metadata", reason));
    match serde_json::from_str::<Value>(&query.metadata) {
        Err(error) => wrong(format!("not JSON: {error}")),
        Ok(Value::Object(metadata)) => match metadata.get("evaluator") {
            None | Some(Value::Null | Value::String(_)) => Ok(()),
            Some(other) => wrong(format!("expected a text under `evaluator`, found {}", kind_of(other))),
        },
        Ok(other) => wrong(format!("expected a JSON object, found {}", kind_of(&other))),
    }
}

/// What a JSON value is, for messages.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The group key of a prompt: equal for equal texts, and only for those. The first 16 hex digits of its SHA-256.
pub fn group_key(prompt: &str) -> String {
    let mut key = digest_bytes(prompt.as_bytes());
    key.truncate(16);
    key
}
