//! Table `metrics`: numbers about routers, with their uncertainty.

use crate::ids::{DatasetId, PluginName, RunId, SharedText};
use crate::table::row::table;

table! {
    /// One number about one router.
    pub MetricRow: "metrics", version 1, key [run_id, router, seed, metric, dataset, preference];
    /// The run.
    run_id: RunId,
    /// The router or control.
    router: PluginName,
    /// The seed in decimal, or `all` for a number over all seeds.
    seed: SharedText,
    /// The metric's name.
    metric: SharedText,
    /// A dataset, `macro` (mean over datasets) or `micro` (over queries).
    dataset: DatasetId,
    /// The preference the number is about, as in `decisions`; 0 (quality alone) unless the metric is about the sweep.
    preference: f64,
    /// The number; null where it is not defined.
    value: Option<f64>,
    /// Lower end of the 95 % interval; null where there is none.
    low: Option<f64>,
    /// Upper end of the 95 % interval; null where there is none.
    high: Option<f64>,
    /// Unit of value, low and high.
    unit: SharedText,
    /// How many distinct queries the number is about; for a number over seeds, those that some of its seeds hold.
    n: u64,
}
