//! One cell: one router, one seed. Trains it, routes validation and test, and says how it went.
//!
//! A cell shares nothing that can be changed with any other, and whatever its plugin does ends as a status here.

use std::any::Any;
use std::time::Instant;

use routerlab_plugin::{
    CallError, CallOptions, LoadError, LoadedRouter, OnPluginThread, Preference, QuerySet, Replay, RouterDescription,
    RouterPlugin, plain,
};
use routerlab_records::CellStatus;

use crate::answers::Shown;
use crate::experiment::Weighs;
use crate::prepare::Prepared;
use crate::routed::{CellDigest, Routed};

/// Why a router stands outside the ranks that is told the dataset of each query, as cells say it.
const SEES_DATASETS: &str = "sees datasets";

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Every query of validation and test was routed.
    Done,
    /// The component could not be loaded.
    NotLoaded(String),
    /// A call failed: how, and the message.
    Failed(CellStatus, String),
}

impl Status {
    pub(crate) fn of(step: &str, error: &CallError) -> Self {
        let kind = match error {
            CallError::Refused(_) => CellStatus::Refused,
            CallError::Breach(_) => CellStatus::BrokeContract,
            CallError::Stopped(_) => CellStatus::Stopped,
            CallError::Trapped(_) => CellStatus::Trapped,
        };
        Self::Failed(kind, format!("{step}: {}", in_one_line(&error.to_string())))
    }

    /// A component outside the contract, or one that would take more than it may, ends as a call would; anything else
    /// is the file's or the machine's fault.
    pub(crate) fn of_load(error: &LoadError) -> Self {
        let words = in_one_line(&error.to_string());
        match error {
            error if error.breaks_contract() => Self::Failed(CellStatus::BrokeContract, words),
            LoadError::Stopped { .. } => Self::Failed(CellStatus::Stopped, words),
            _ => Self::NotLoaded(words),
        }
    }

    /// The host itself failed while the cell ran.
    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let words = format!("the host failed: {}", in_one_line(said.unwrap_or("for an unknown reason")));
        Self::Failed(CellStatus::Failed, words)
    }

    pub(crate) fn as_cell_status(&self) -> CellStatus {
        match self {
            Self::Done => CellStatus::Ok,
            Self::NotLoaded(_) => CellStatus::NotLoaded,
            Self::Failed(kind, _) => *kind,
        }
    }

    /// Why, in one sentence; none when the cell is done.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::NotLoaded(detail) | Self::Failed(_, detail) => Some(detail),
        }
    }
}

/// Words that come from a plugin, so that they can neither play tricks on a terminal nor look like several messages.
pub(crate) fn in_one_line(words: &str) -> String {
    let words = plain(words);
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}

/// What a cell leaves behind.
#[derive(Debug)]
pub(crate) struct CellResult {
    pub(crate) status: Status,
    pub(crate) validation: Routed,
    pub(crate) test: Routed,
    /// sha-256 over all choices and utilities; equal wherever the cell runs.
    pub(crate) decisions_digest: Option<String>,
    pub(crate) train_ms: f64,
    pub(crate) route_ms: f64,
    pub(crate) train_fuel: u64,
    pub(crate) route_fuel: u64,
    pub(crate) state_bytes: u64,
    pub(crate) log: String,
}

impl CellResult {
    pub(crate) fn failed(status: Status) -> Self {
        Self {
            status,
            validation: Routed::default(),
            test: Routed::default(),
            decisions_digest: None,
            train_ms: 0.0,
            route_ms: 0.0,
            train_fuel: 0,
            route_fuel: 0,
            state_bytes: 0,
            log: String::new(),
        }
    }

    fn fail(&mut self, step: &str, error: &CallError) {
        self.status = Status::of(step, error);
        self.decisions_digest = None;
    }
}

/// A router that has been loaded and has said what it is, shared by its cells.
#[derive(Debug)]
pub(crate) struct ReadyRouter {
    pub(crate) plugin: RouterPlugin,
    pub(crate) description: RouterDescription,
    pub(crate) config: String,
}

impl ReadyRouter {
    /// Why the router stands outside the ranks; none when it is ranked.
    pub(crate) fn unranked(&self) -> Option<&'static str> {
        self.description.needs_groups.then_some(SEES_DATASETS)
    }
}

/// How cells are run.
#[derive(Debug, Clone)]
pub(crate) struct CellOptions {
    pub(crate) call: CallOptions,
    pub(crate) preferences: Vec<f64>,
    pub(crate) batch_queries: usize,
}

/// Runs one cell to its end.
pub(crate) fn run_cell(
    router: &ReadyRouter,
    prepared: &Prepared,
    shown: &Shown,
    options: &CellOptions,
    thread: &OnPluginThread,
) -> CellResult {
    let mut result = CellResult::failed(Status::Done);
    let ReadyRouter { plugin, description, config } = router;

    let started = Instant::now();
    let sets = (&shown.train, &shown.validation);
    let trained = plugin.train(description, sets, config, prepared.router_seed, &options.call, thread);
    result.train_ms = started.elapsed().as_secs_f64() * 1e3;
    result.train_fuel = trained.fuel;
    result.log.push_str(&trained.log);
    let state = match trained.result {
        Ok(state) => state,
        Err(error) => {
            result.fail("train", &error);
            return result;
        }
    };
    let matrix_bytes: usize = state.matrices.iter().map(|matrix| matrix.rows() * matrix.cols() * 4).sum();
    result.state_bytes = (state.bytes.len() + matrix_bytes) as u64;

    let loaded = plugin.start(description, &state, &options.call, thread);
    result.log.push_str(&loaded.log);
    let mut loaded = match loaded.result {
        Ok(loaded) => loaded,
        Err(error) => {
            result.fail("load", &error);
            return result;
        }
    };

    let started = Instant::now();
    let mut digest = CellDigest::new(preferences_of(description, prepared, options).len());
    let replay = |part: usize| shown.replay.as_ref().map(|replay| &replay[part]);
    let parts = [("validation", &prepared.validation.queries, replay(0)), ("test", &prepared.test, replay(1))];
    for (part, queries, replay) in parts {
        let asked = (queries, replay);
        let routed =
            route_part(&mut loaded, description, asked, prepared, options, &mut digest, &mut result.log, thread);
        match routed {
            Ok(routed) => {
                result.route_fuel += routed.fuel.iter().sum::<u64>();
                *(if part == "test" { &mut result.test } else { &mut result.validation }) = routed;
            }
            Err(error) => {
                result.fail(&format!("route ({part})"), &error);
                return result;
            }
        }
    }
    result.route_ms = started.elapsed().as_secs_f64() * 1e3;
    result.decisions_digest = Some(digest.finish());
    result
}

/// The preferences a router is asked with: all, or quality alone when it does not follow them or nothing has a price.
pub(crate) fn preferences_of(description: &RouterDescription, prepared: &Prepared, options: &CellOptions) -> Vec<f64> {
    match (description.cost_aware, prepared.dearest) {
        (true, Some(_)) => options.preferences.clone(),
        _ => vec![0.0],
    }
}

#[allow(clippy::too_many_arguments, reason = "one private step of `run_cell`, split for reading")]
fn route_part(
    router: &mut LoadedRouter,
    description: &RouterDescription,
    (queries, replay): (&QuerySet, Option<&Replay>),
    prepared: &Prepared,
    options: &CellOptions,
    digest: &mut CellDigest,
    log: &mut String,
    thread: &OnPluginThread,
) -> Result<Routed, CallError> {
    let values = preferences_of(description, prepared, options);
    let wish = |value: &f64| {
        let weight = prepared.dearest.map_or(0.0, |dearest| (value / dearest) as f32);
        match prepared.weighs {
            Weighs::Cost => Preference { cost_weight: weight, latency_weight: 0.0 },
            Weighs::Latency => Preference { cost_weight: 0.0, latency_weight: weight },
        }
    };
    let preferences: Vec<_> = values.iter().map(wish).collect();
    let mut routed = Routed::new(values.len(), replay.is_some());
    let mut start = 0;
    while start < queries.rows() {
        let batch = queries.batch(start, options.batch_queries);
        let rows = batch.rows();
        let started = Instant::now();
        let called = router.route(&batch, replay.map(|all| all.skip(start)).as_ref(), &preferences, &[], thread);
        let share_ns = started.elapsed().as_nanos() as u64 / rows as u64;
        log.push_str(&called.log);
        routed.take(called.result?, &prepared.pool, digest)?;
        routed.route_ns.extend(std::iter::repeat_n(share_ns, rows));
        // The remainder goes to the first row, so that the rows add up to what was used.
        let share = called.fuel / rows as u64;
        routed.fuel.push(share + called.fuel % rows as u64);
        routed.fuel.extend(std::iter::repeat_n(share, rows - 1));
        start += rows;
    }
    Ok(routed)
}
