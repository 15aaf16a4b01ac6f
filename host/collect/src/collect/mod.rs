//! Collecting completions: what is missing, what it would take, and the run that brings it.

mod coverage;
mod forecast;
mod known;
mod prepare;

pub use forecast::{Forecast, ModelForecast, Range};
pub(crate) use known::attempts;
pub use prepare::{Prepared, prepare};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use routerlab_records::{CompletionStatus, CoverageRow};

use crate::error::CollectError;
use crate::pool::ModelPool;
use crate::serve::ServerAbout;
use crate::settle::Recovered;
use crate::spend::Caps;
use crate::stats::Snapshot;
use crate::stop::Stop;

/// What to collect, and how.
#[derive(Debug, Clone)]
pub struct CollectOptions {
    /// The data folder: `queries.parquet` in it is what is asked.
    pub folder: PathBuf,
    /// The pool.
    pub pool: ModelPool,
    /// Its name or path, for messages and provenance.
    pub pool_name: String,
    /// Only these models of the pool.
    pub models: Option<Vec<String>>,
    /// Only these datasets.
    pub datasets: Option<Vec<String>>,
    /// Only the first so many queries of every split.
    pub limit: Option<u64>,
    /// Answers to every query.
    pub samples: u32,
    /// Rows that are asked for again, by their status; none to ask only for what is missing.
    pub retry: Option<Vec<CompletionStatus>>,
    /// Caps of everything that was ever sent from the folder, this run included.
    pub caps: Caps,
    /// The folder of the cache.
    pub cache: Option<PathBuf>,
    /// Whether answers of the cache are passed over, and replaced.
    pub fresh: bool,
    /// How long what is on its way may take after the run is asked to end.
    pub grace: Duration,
    /// How long the run may take.
    pub deadline: Option<Duration>,
    /// Servers of one's own at a time.
    pub servers_at_once: usize,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// The last state of every model.
    pub snapshot: Snapshot,
    /// What is there now of what was chosen.
    pub coverage: Vec<CoverageRow>,
    /// What an earlier run had left behind when it was killed.
    pub recovered: Recovered,
    /// Why the run ended before everything was asked, if it did.
    pub stopped: Option<String>,
    /// Servers that ran.
    pub servers: BTreeMap<String, ServerAbout>,
}

/// Whoever waits.
pub struct Watch<'a> {
    /// Told several times a second.
    pub progress: &'a mut (dyn FnMut(&Snapshot) + Send),
    /// Told what happens besides.
    pub say: Arc<dyn Fn(String) + Send + Sync>,
    /// Asks the run to end.
    pub stop: Stop,
}

/// Collects what is missing.
///
/// # Errors
/// [`CollectError`]: nothing that was answered is lost then. What goes wrong with single answers is in their rows.
pub async fn collect(prepared: Prepared, watch: Watch<'_>) -> Result<Collected, CollectError> {
    prepared.run(watch).await
}
