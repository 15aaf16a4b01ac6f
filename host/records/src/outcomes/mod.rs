//! Table `outcomes`: what routing needs to know about every model on every query.

mod dense;

pub(crate) use dense::check_number;
pub use dense::{OutcomeParts, Outcomes};

use crate::completions::CostSource;
use crate::ids::{DatasetId, ModelName, QueryId};
use crate::table::row::table;

table! {
    /// What one model did on one query. A pair without a row is *unavailable*: neither wrong nor free.
    pub OutcomeRow: "outcomes", version 1, key [query_id, model];
    /// The query.
    query_id: QueryId,
    /// The model.
    model: ModelName,
    /// The query's dataset.
    dataset: DatasetId,
    /// From 0 (wrong) to 1 (right); null when there is no usable score.
    score: Option<f64>,
    /// Cost of the answer in US dollars; null when unknown.
    cost_usd: Option<f64>,
    /// Where the cost comes from; null when there is none.
    cost_source: Option<CostSource>,
    /// Wall time of the answer; null when unknown.
    latency_ms: Option<f64>,
    /// Tokens of the prompt; null when unknown.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer; null when unknown.
    completion_tokens: Option<u64>,
}
