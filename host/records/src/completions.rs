//! Table `completions`: what models answered.

use crate::ids::{ModelName, QueryId};
use crate::table::row::table;
use crate::table::texts::words;

words! {
    /// How a request for a completion ended.
    CompletionStatus {
        /// There is an answer.
        Ok = "ok",
        /// The model or its endpoint failed.
        ModelError = "model_error",
        /// No answer in time.
        Timeout = "timeout",
        /// The provider withheld the answer.
        Filtered = "filtered",
        /// The answer was cut and is unusable.
        Truncated = "truncated",
        /// The model declined.
        Refused = "refused",
    }
}

words! {
    /// Where a cost in dollars comes from.
    CostSource {
        /// The provider said what it charged.
        ProviderReported = "provider-reported",
        /// Tokens times a price that somebody is or was asked to pay.
        PublishedPrice = "published-price",
        /// Tokens times a price declared for a study; nobody was billed.
        DeclaredPrice = "declared-price",
        /// The imported source gives dollars; how it came by them is for its documentation to say.
        Imported = "imported",
    }
}

table! {
    /// One answer of one model to one query.
    pub CompletionRow: "completions", version 1, key [query_id, model, sample_index];
    /// The query.
    query_id: QueryId,
    /// The model that was asked.
    model: ModelName,
    /// Which of several answers to the same query, from 0.
    sample_index: u32,
    /// The answer as it came, unedited; empty when there is none.
    raw_output: String,
    /// How the request ended.
    status: CompletionStatus,
    /// Why the model stopped, in the provider's words.
    finish_reason: Option<String>,
    /// Tokens of the prompt.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    completion_tokens: Option<u64>,
    /// Tokens of the answer that were reasoning.
    reasoning_tokens: Option<u64>,
    /// Tokens of the prompt that the provider had cached.
    cached_tokens: Option<u64>,
    /// Cost of this answer in US dollars.
    cost_usd: Option<f64>,
    /// Where the cost comes from.
    cost_source: Option<CostSource>,
    /// Wall time to the last token.
    latency_ms: Option<f64>,
    /// Wall time to the first token.
    ttft_ms: Option<f64>,
    /// How often the request was sent.
    attempts: u32,
    /// The model's name as the provider reported it.
    provider_model: Option<String>,
    /// SHA-256 of the request that was sent.
    request_digest: Option<String>,
    /// When the answer came, UTC, RFC 3339.
    collected_at: Option<String>,
    /// What went wrong, when something did.
    error: Option<String>,
}
