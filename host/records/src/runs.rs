//! Tables `runs` and `cells`: what was executed, on what, and how each part of it ended.

use crate::ids::{PluginName, RunId};
use crate::table::row::table;
use crate::table::texts::words;

words! {
    /// How a run ended.
    RunStatus {
        /// Every cell ended well.
        Done = "done",
        /// The run ended; some cells did not end well.
        SomeFailed = "some-failed",
        /// The run was stopped before its end.
        Stopped = "stopped",
    }
}

words! {
    /// How a cell (one router, one seed) ended. A plugin's four ways to fail are never mixed.
    CellStatus {
        /// The router was trained and answered every query.
        Ok = "ok",
        /// The plugin answered, and the answer was "no".
        Refused = "refused",
        /// The plugin answered outside its contract.
        BrokeContract = "broke-contract",
        /// The plugin was stopped at a limit.
        Stopped = "stopped",
        /// The plugin crashed.
        Trapped = "trapped",
        /// The component could not be loaded: nothing of it has run.
        NotLoaded = "not-loaded",
        /// The host failed; no fault of the plugin.
        Failed = "failed",
    }
}

table! {
    /// One run.
    pub RunRow: "runs", version 1, key [run_id];
    /// The run.
    run_id: RunId,
    /// The configuration, as text.
    config: String,
    /// Digests of components and tables, as the text of a JSON object.
    digests: String,
    /// The seeds, as the text of a JSON list.
    seeds: String,
    /// Version of the host.
    host_version: String,
    /// The machine, as far as it matters for timing.
    machine: String,
    /// UTC, RFC 3339.
    started_at: String,
    /// How the run ended.
    status: RunStatus,
}

table! {
    /// One router under one seed.
    pub CellRow: "cells", version 2, key [run_id, router, seed];
    /// The run.
    run_id: RunId,
    /// The router, as the run names it.
    router: PluginName,
    /// The seed.
    seed: u64,
    /// How the cell ended.
    status: CellStatus,
    /// What went wrong, in a sentence; null when nothing did.
    detail: Option<String>,
    /// SHA-256 of the router's component.
    component_digest: String,
    /// Digest of the decisions without their timing; null when there are none.
    decisions_digest: Option<String>,
    /// SHA-256 of the file of decisions as it was written; null when there is none.
    decisions_file_digest: Option<String>,
    /// Wall time of training.
    train_ms: f64,
    /// Wall time of routing.
    route_ms: f64,
    /// Fuel used in training.
    train_fuel: u64,
    /// Fuel used in routing.
    route_fuel: u64,
    /// Size of what training left behind.
    state_bytes: u64,
    /// What the plugin logged, cut at a limit; null when it said nothing.
    log: Option<String>,
    /// Why the router stands outside the ranks, `external` or `sees datasets`; null when it is ranked.
    unranked: Option<String>,
}
