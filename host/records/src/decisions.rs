//! Table `decisions`: what routers chose.

use crate::ids::{ModelName, PluginName, QueryId, RunId, SharedText};
use crate::table::row::table;

table! {
    /// One choice of one router for one query at one preference.
    pub DecisionRow: "decisions", version 2, key [run_id, router, seed, preference_index, query_id];
    /// The run.
    run_id: RunId,
    /// The router, as the run names it.
    router: PluginName,
    /// The seed of the cell.
    seed: u64,
    /// Position on the sweep from quality alone (0) to cost alone; no unit.
    preference: f64,
    /// Which of the run's preferences, from 0.
    preference_index: u32,
    /// The query.
    query_id: QueryId,
    /// `test`, or `validation` (routed to choose operating points, never reported).
    part: SharedText,
    /// The model chosen; of a sequential router the one whose answer it took.
    model: ModelName,
    /// The router's estimate of every model's utility, models in byte order of their names; null when it gives none, and
    /// at every preference but the first (quality alone).
    utilities: Option<Vec<f32>>,
    /// What the choice earned: the score of the chosen model, 0 when it has no record on this query.
    score: Option<f64>,
    /// What the choice cost in US dollars: that of the chosen model, or of the fallback when it has no record (nothing on
    /// the compat track), added up over all attempts; null when unknown.
    cost_usd: Option<f64>,
    /// How long the answer took: the chosen model's time, or where it has no record the fallback's, as for the cost (on
    /// the compat track null), added up over all attempts; null when unknown.
    latency_ms: Option<f64>,
    /// Time the router took for this query. Measured, hence no part of a digest of decisions.
    route_ns: u64,
    /// Fuel the router used for this query.
    fuel: u64,
    /// Whether the chosen model has a record on this query.
    available: bool,
    /// All models that a sequential router asked, in their order; null for a router that answers at once.
    attempts: Option<Vec<ModelName>>,
}
