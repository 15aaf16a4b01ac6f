//! Tables that an import keeps for itself until its folder appears.

use crate::completions::{CompletionStatus, CostSource};
use crate::table::row::table;

table! {
    /// The numbers of one record of a part.
    pub(crate) NumbersRow: "staged_records", version 1, key [record_index, sample_index];
    /// Place within dataset and split, from 1.
    record_index: u64,
    /// Which of several answers, from 0.
    sample_index: u32,
    /// Digest of the query's texts.
    question: String,
    /// How the request ended.
    status: CompletionStatus,
    /// From 0 to 1; null where there is none.
    score: Option<f64>,
    /// US dollars.
    cost_usd: Option<f64>,
    /// Where the cost comes from.
    cost_source: Option<CostSource>,
    /// Milliseconds.
    latency_ms: Option<f64>,
    /// Tokens of the prompt.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    completion_tokens: Option<u64>,
}

table! {
    /// The texts of one query.
    pub(crate) TextsRow: "staged_texts", version 1, key [question];
    /// Digest of the texts.
    question: String,
    /// The question as the dataset has it.
    origin_query: String,
    /// The question as models are asked it.
    prompt: String,
    /// The reference answer.
    ground_truth: Option<String>,
    /// Whatever else is known, as the text of a JSON object.
    metadata: String,
}

table! {
    /// The digest alone.
    pub(crate) QuestionRow: "staged_texts", version 1, key [question], foreign true;
    /// Digest of the texts.
    question: String,
}
