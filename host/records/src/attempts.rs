//! Table `attempts`: every request that was sent, whatever came of it.

use serde::{Deserialize, Serialize};

use crate::ids::{ModelName, QueryId};
use crate::table::row::table;
use crate::table::texts::words;

words! {
    /// What came of sending a request once.
    AttemptOutcome {
        /// An answer.
        Ok = "ok",
        /// Too many requests or tokens in too short a time (429).
        RateLimited = "rate_limited",
        /// The model had no room for the moment.
        Overloaded = "overloaded",
        /// Something broke at the provider (5xx).
        ServerError = "server_error",
        /// No answer in time, or none that went on.
        Timeout = "timeout",
        /// Came at a bad moment (409, 425).
        Conflict = "conflict",
        /// No connection, or one that ended before the answer began.
        Connection = "connection",
        /// The answer ended in the middle.
        Cut = "cut",
        /// An answer that is not what the protocol says.
        Unreadable = "unreadable",
        /// An answer beyond the limit of bytes.
        TooLarge = "too_large",
        /// An answer without text.
        Empty = "empty",
        /// Withheld by the provider's filter.
        Filtered = "filtered",
        /// The model declined.
        Refused = "refused",
        /// The provider does not take this request (4xx).
        Rejected = "rejected",
        /// The question does not fit into the model's context.
        ContextTooLong = "context_too_long",
        /// The key is wrong, or may not do this.
        KeyRefused = "key_refused",
        /// There is no such model, or nothing at all at this address.
        NoSuchModel = "no_such_model",
        /// The account has no money.
        NoCredit = "no_credit",
        /// The collector gave it up when it was interrupted.
        Abandoned = "abandoned",
        /// The collector was killed before what came of it was written down.
        Lost = "lost",
    }
}

table! {
    /// One request that was sent once.
    #[derive(Serialize, Deserialize)]
    pub AttemptRow: "attempts", version 1, key [query_id, model, sample_index, about, attempt];
    /// The query.
    query_id: QueryId,
    /// The model that was asked.
    model: ModelName,
    /// Which of several answers to the same query, from 0.
    sample_index: u32,
    /// What was asked about the query: empty for the query itself, for a judge's question the answer that it is about and
    /// who asks, `<model>/<evaluator>/<request_index>`, for vectors `embedding/<encoder>`: the query is the first of those
    /// that the request was for.
    about: String,
    /// Which attempt at this answer, from 1.
    attempt: u32,
    /// What came of it.
    outcome: AttemptOutcome,
    /// When it was sent, UTC, RFC 3339.
    started_at: String,
    /// How long it had waited for its turn before.
    queue_ms: Option<f64>,
    /// From sending to the first token.
    ttft_ms: Option<f64>,
    /// From sending to the end, whatever that was.
    latency_ms: Option<f64>,
    /// The status of the HTTP answer.
    http_status: Option<u32>,
    /// How long the provider asked to wait.
    retry_after_ms: Option<f64>,
    /// Tokens of the prompt, where the provider reported them.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer, where the provider reported them.
    completion_tokens: Option<u64>,
    /// What it cost in US dollars, as far as is known.
    cost_usd: Option<f64>,
    /// What went wrong, when something did.
    error: Option<String>,
}

table! {
    /// What is known of an attempt without its words: how often something was tried, and what that took.
    pub AttemptState: "attempts", version 1, key [query_id, model, sample_index, about, attempt], foreign true;
    /// The query.
    query_id: QueryId,
    /// The model that was asked.
    model: ModelName,
    /// Which of several answers to the same query, from 0.
    sample_index: u32,
    /// What was asked about the query.
    about: String,
    /// Which attempt at this answer, from 1.
    attempt: u32,
    /// Tokens of the prompt, where the provider reported them.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer, where the provider reported them.
    completion_tokens: Option<u64>,
    /// What it cost in US dollars, as far as is known.
    cost_usd: Option<f64>,
}
