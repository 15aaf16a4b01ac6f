//! Table `scores`: what evaluators made of completions.

use crate::ids::{ModelName, PluginName, QueryId, SharedText};
use crate::table::row::table;
use crate::table::texts::words;

words! {
    /// How scoring a completion ended.
    ScoreStatus {
        /// The evaluator answered; its score may still be null.
        Ok = "ok",
        /// The evaluator refused, failed or was stopped.
        Failed = "failed",
        /// The evaluator asks a judge, and there is no recorded reply yet.
        Unjudged = "unjudged",
        /// The judge was asked, and its call failed: no verdict, neither right nor wrong.
        JudgeFailed = "judge_failed",
    }
}

table! {
    /// What one evaluator made of one completion.
    pub ScoreRow: "scores", version 2, key [query_id, model, sample_index, evaluator];
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
    /// The settings the evaluator was given, as the text of a JSON object.
    evaluator_config: SharedText,
    /// SHA-256 of what the evaluator looked at: prompt, output, reference answer, metadata, replies of the judge. Empty
    /// where the score came from elsewhere.
    item_digest: String,
    /// How scoring ended.
    status: ScoreStatus,
}
