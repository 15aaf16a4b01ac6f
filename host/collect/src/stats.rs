//! How far a run is, for whoever waits.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use routerlab_records::{AttemptOutcome, CompletionStatus};
use serde::Serialize;

/// One model's part of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LaneStats {
    /// The model.
    pub model: String,
    /// Answers that were wanted when the run began.
    pub wanted: u64,
    /// Those that are known now, whatever they are.
    pub done: u64,
    /// Known answers by their status.
    pub by_status: BTreeMap<CompletionStatus, u64>,
    /// Answers that were taken from the cache or from an identical request.
    pub reused: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// Requests that ended without an answer, by what came of them.
    pub troubles: BTreeMap<AttemptOutcome, u64>,
    /// Tokens of prompts that were sent, as reported or counted.
    pub prompt_tokens: u64,
    /// Tokens of answers that were sent for.
    pub completion_tokens: u64,
    /// US dollars of requests that were sent in this run, as far as is known.
    pub usd: f64,
    /// US dollars that all its answers would have cost if every one had been sent for.
    pub usd_as_if: f64,
    /// US dollars that requests which were given up may cost, as far as answers of the model tell.
    pub abandoned_usd: f64,
    /// Answers that were sent for and whose cost nobody knows.
    pub unknown_costs: u64,
    /// Requests at a time now.
    pub limit: u32,
    /// Requests on their way.
    pub on_their_way: u32,
    /// Why nothing more is asked of it, if so.
    pub closed: Option<String>,
}

/// All of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Snapshot {
    /// Seconds since it began.
    pub seconds: f64,
    /// Each model, in the order of names.
    pub models: Vec<LaneStats>,
}

impl Snapshot {
    /// Sums over models.
    pub fn sum(&self, of: impl Fn(&LaneStats) -> u64) -> u64 {
        self.models.iter().map(of).sum()
    }

    /// US dollars of requests that were sent in this run.
    pub fn usd(&self) -> f64 {
        self.models.iter().map(|model| model.usd).sum()
    }
}

#[derive(Debug)]
pub(crate) struct Counter(Mutex<LaneStats>);

impl Counter {
    pub(crate) fn new(model: &str, wanted: u64) -> Self {
        Self(Mutex::new(LaneStats { model: model.to_owned(), wanted, ..LaneStats::default() }))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut LaneStats) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As many answers count: they are durable.
    pub(crate) fn done(&self, answers: u64, status: CompletionStatus, cost: Option<f64>, reused: bool) {
        self.change(|stats| {
            stats.done += answers;
            *stats.by_status.entry(status).or_default() += answers;
            stats.reused += if reused { answers } else { 0 };
            stats.usd_as_if += cost.unwrap_or(0.0);
        });
    }

    pub(crate) fn snapshot(&self) -> LaneStats {
        self.change(|stats| stats.clone())
    }
}
