//! One cell: one router, one seed. Trains it, routes validation and test, and says how it went.
//!
//! A cell shares nothing that can be changed with any other, and whatever its plugin does ends as a status here.

use std::any::Any;
use std::time::Instant;

use routerlab_plugin::{
    Breach, CallError, CallOptions, Decisions, LoadError, LoadedRouter, OnPluginThread, Preference, QuerySet,
    RouterDescription, RouterPlugin, plain,
};
use routerlab_records::CellStatus;
use sha2::{Digest, Sha256};

use crate::prepare::Prepared;

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

/// Choices of one part: preference after preference, row after row, models as the data numbers them.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    pub(crate) choices: Vec<Vec<u32>>,
    /// For each preference whether the router gives utilities.
    estimates: Vec<bool>,
    /// rows x models under the first preference (quality alone), when the router gives utilities.
    pub(crate) utilities: Option<Vec<f32>>,
    /// Per row: time and fuel of its batch, shared equally among the rows.
    pub(crate) route_ns: Vec<u64>,
    pub(crate) fuel: Vec<u64>,
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
    options: &CellOptions,
    thread: &OnPluginThread,
) -> CellResult {
    let mut result = CellResult::failed(Status::Done);
    let ReadyRouter { plugin, description, config } = router;

    let started = Instant::now();
    let sets = (&prepared.train, &prepared.validation);
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
    for (part, queries) in [("validation", &prepared.validation.queries), ("test", &prepared.test)] {
        let routed =
            route_part(&mut loaded, description, queries, prepared, options, &mut digest, &mut result.log, thread);
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
    match (description.cost_aware, prepared.dearest_usd) {
        (true, Some(_)) => options.preferences.clone(),
        _ => vec![0.0],
    }
}

#[allow(clippy::too_many_arguments, reason = "one private step of `run_cell`, split for reading")]
fn route_part(
    router: &mut LoadedRouter,
    description: &RouterDescription,
    queries: &QuerySet,
    prepared: &Prepared,
    options: &CellOptions,
    digest: &mut CellDigest,
    log: &mut String,
    thread: &OnPluginThread,
) -> Result<Routed, CallError> {
    let values = preferences_of(description, prepared, options);
    let wish = |value: &f64| Preference {
        cost_weight: prepared.dearest_usd.map_or(0.0, |dearest| (value / dearest) as f32),
        latency_weight: 0.0,
    };
    let preferences: Vec<_> = values.iter().map(wish).collect();
    let mut routed =
        Routed { choices: vec![Vec::new(); values.len()], estimates: vec![false; values.len()], ..Routed::default() };
    let mut start = 0;
    while start < queries.rows() {
        let batch = queries.batch(start, options.batch_queries);
        let rows = batch.rows();
        let started = Instant::now();
        let called = router.route(&batch, &preferences, &[], thread);
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

impl Routed {
    /// Adds a batch, with models numbered as the data numbers them. A router gives utilities for a preference always or
    /// never: a table of them would otherwise have rows that belong to other queries.
    fn take(&mut self, decisions: Vec<Decisions>, pool: &[u32], digest: &mut CellDigest) -> Result<(), CallError> {
        for (at, decision) in decisions.into_iter().enumerate() {
            let before = self.choices[at].len();
            if before > 0 && self.estimates[at] != decision.utilities.is_some() {
                let (now, then) = if self.estimates[at] { ("no", "some") } else { ("some", "none") };
                let words = format!("answered {now} utilities for this batch and {then} for an earlier one");
                return Err(CallError::Breach(Breach(words)));
            }
            self.estimates[at] = decision.utilities.is_some();
            self.choices[at].extend(decision.choices.iter().map(|position| pool[*position as usize]));
            let utilities = decision.utilities.map(|values| unpermuted(&values, pool));
            digest.add(at, &self.choices[at][before..], utilities.as_deref());
            if let (0, Some(utilities)) = (at, utilities) {
                self.utilities.get_or_insert_default().extend(utilities);
            }
        }
        Ok(())
    }
}

/// Utilities in the order of the data's models instead of the pool's.
fn unpermuted(values: &[f32], pool: &[u32]) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (from, to) in values.chunks_exact(pool.len()).zip(out.chunks_exact_mut(pool.len())) {
        for (value, model) in from.iter().zip(pool) {
            to[*model as usize] = *value;
        }
    }
    out
}

/// One running digest for each preference, so that the size of batches does not matter.
struct CellDigest(Vec<(Sha256, Sha256)>);

impl CellDigest {
    fn new(preferences: usize) -> Self {
        Self((0..preferences).map(|_| (Sha256::new(), Sha256::new())).collect())
    }

    fn add(&mut self, preference: usize, choices: &[u32], utilities: Option<&[f32]>) {
        let (chosen, estimated) = &mut self.0[preference];
        choices.iter().for_each(|choice| chosen.update(choice.to_le_bytes()));
        utilities.unwrap_or_default().iter().for_each(|value| estimated.update(value.to_bits().to_le_bytes()));
    }

    fn finish(self) -> String {
        let mut all = Sha256::new();
        for (choices, utilities) in self.0 {
            all.update(choices.finalize());
            all.update(utilities.finalize());
        }
        all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(batches: &[&[u32]]) -> String {
        let mut digest = CellDigest::new(1);
        batches.iter().for_each(|batch| digest.add(0, batch, Some(&vec![0.5; batch.len()])));
        digest.finish()
    }

    #[test]
    fn the_digest_depends_on_the_choices_and_not_on_the_batches() {
        assert_eq!(digest_of(&[&[1, 2, 3]]), digest_of(&[&[1], &[2, 3]]));
        assert_ne!(digest_of(&[&[1, 2, 3]]), digest_of(&[&[1, 3, 2]]));
    }

    #[test]
    fn utilities_come_back_in_the_order_of_the_data() {
        // Position 0 of the pool is model 2, position 1 model 0, position 2 model 1.
        assert_eq!(unpermuted(&[0.1, 0.2, 0.3, 1.1, 1.2, 1.3], &[2, 0, 1]), [0.2, 0.3, 0.1, 1.2, 1.3, 1.1]);
    }
}
