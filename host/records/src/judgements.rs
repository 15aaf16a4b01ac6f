//! Table `judgements`: what judges replied when evaluators asked about completions.

use serde::{Deserialize, Serialize};

use crate::ids::{ModelName, PluginName, QueryId};
use crate::table::row::table;
use crate::table::texts::words;

words! {
    /// How a call to a judge ended.
    JudgementStatus {
        /// There is a reply.
        Ok = "ok",
        /// The call failed: there is no verdict.
        Failed = "failed",
    }
}

table! {
    /// One reply of a judge to one question of an evaluator.
    #[derive(Serialize, Deserialize)]
    pub JudgementRow: "judgements", version 1, key [query_id, model, sample_index, evaluator, request_index];
    /// The query.
    query_id: QueryId,
    /// The model whose answer is judged.
    model: ModelName,
    /// Which of its answers, from 0.
    sample_index: u32,
    /// The evaluator that asks.
    evaluator: PluginName,
    /// Which of its questions about this completion, from 0.
    request_index: u32,
    /// SHA-256 of the question: a reply counts for the question it was given to, and for no other.
    prompt_digest: String,
    /// What the judge said; null when its call failed.
    reply: Option<String>,
    /// How the call ended.
    status: JudgementStatus,
    /// The judge.
    judge: Option<String>,
    /// Tokens of the question.
    prompt_tokens: Option<u64>,
    /// Tokens of the reply.
    completion_tokens: Option<u64>,
    /// What the call cost.
    cost_usd: Option<f64>,
    /// When the reply came, UTC, RFC 3339.
    collected_at: Option<String>,
    /// What went wrong, when something did.
    error: Option<String>,
}
