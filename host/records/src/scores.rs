//! Table `scores`: what evaluators made of completions.

use crate::ids::{ModelName, PluginName, QueryId};
use crate::table::row::table;
use crate::table::texts::words;

words! {
    /// How scoring a completion ended.
    ScoreStatus {
        /// The evaluator answered; its score may still be null.
        Ok = "ok",
        /// The evaluator refused, failed or was stopped.
        Failed = "failed",
    }
}

table! {
    /// What one evaluator made of one completion.
    pub ScoreRow: "scores", version 1, key [query_id, model, sample_index, evaluator];
    /// The query.
    query_id: QueryId,
    /// The model that answered.
    model: ModelName,
    /// Which of its answers, from 0.
    sample_index: u32,
    /// The evaluator.
    evaluator: PluginName,
    /// From 0 (wrong) to 1 (right); null when the completion was not scored, which is no wrong answer.
    score: Option<f64>,
    /// The answer that the evaluator took out of the completion.
    prediction: Option<String>,
    /// Why it scored so, in the evaluator's words.
    explanation: Option<String>,
    /// SHA-256 of the evaluator's component.
    evaluator_digest: String,
    /// How scoring ended.
    status: ScoreStatus,
}
