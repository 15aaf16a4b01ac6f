//! Every limit a plugin runs under, with its default and its key in the experiment file.

use serde::{Deserialize, Serialize};

/// What a plugin may use. Every limit has a default and a key of the same name under `[limits]`.
///
/// Fuel is the meter: one unit is about one WebAssembly instruction, one byte of a bulk memory operation, or four
/// multiply-adds in a host kernel. The same call uses the same fuel on every machine, so a limit never depends on load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Fuel for one `describe`.
    pub describe_fuel: u64,
    /// Fuel for one `train`.
    pub train_fuel: u64,
    /// Fuel for one `load`.
    pub load_fuel: u64,
    /// Fuel for one `route`, or all `next` of one batch, plus `route_fuel_per_query` for every query of the batch.
    pub route_fuel: u64,
    /// Fuel for every query of a batch, on top of `route_fuel`.
    pub route_fuel_per_query: u64,
    /// Models that a sequential router may ask for one query.
    pub attempts: usize,
    /// Fuel for one `score` or `judge-requests`, plus `score_fuel_per_item` for every item of the batch.
    pub score_fuel: u64,
    /// Fuel for every item of a batch, on top of `score_fuel`.
    pub score_fuel_per_item: u64,
    /// Fuel for one item of an evaluator that runs what a model wrote (see [`crate::EvaluatorPlugin::score_one`]).
    ///
    /// CPython in WebAssembly takes some 450 units for one step of its bytecode, of which a core does four to five billion
    /// units a second: the default ends an endless loop after some ten seconds, and is about what CPython itself does in
    /// two and a half. It is for all tests of an item together; contest problems with dozens of large tests need more.
    pub run_fuel: u64,
    /// Linear memory of one instance, all its memories together, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables of one instance together.
    pub table_elements: usize,
    /// Core instances inside one component.
    pub instances: usize,
    /// Host objects (matrices, query sets) a plugin may hold at a time.
    pub handles: usize,
    /// Bytes of matrices that the host holds because the plugin made them, and of what a kernel needs while it runs.
    pub host_bytes: u64,
    /// Native stack of one call in bytes. One value for all plugins of a process.
    pub stack_bytes: usize,
    /// Size of the component file in bytes.
    pub component_bytes: u64,
    /// Processor time for compiling one component, in seconds.
    pub compile_seconds: u64,
    /// Memory for compiling one component, in bytes.
    pub compile_memory_bytes: u64,
    /// Bytes a plugin may hand to the host in one call: lists, strings and all.
    pub answer_bytes: usize,
    /// Bytes of the state that `train` leaves behind, without its matrices.
    pub state_bytes: usize,
    /// Bytes of log that are kept from one store.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            describe_fuel: 100_000_000,
            train_fuel: 1_000_000_000_000,
            load_fuel: 10_000_000_000,
            route_fuel: 10_000_000_000,
            route_fuel_per_query: 100_000_000,
            attempts: 8,
            score_fuel: 1_000_000_000,
            score_fuel_per_item: 100_000_000,
            run_fuel: 50_000_000_000,
            memory_bytes: 1 << 30,
            table_elements: 1 << 20,
            instances: 64,
            handles: 4096,
            host_bytes: 2 << 30,
            stack_bytes: 1 << 20,
            component_bytes: 64 << 20,
            compile_seconds: 120,
            compile_memory_bytes: 4 << 30,
            answer_bytes: 128 << 20,
            state_bytes: 64 << 20,
            log_bytes: 64 << 10,
        }
    }
}

impl Limits {
    /// The fuel of one `route` call over `queries` queries.
    #[must_use]
    pub fn route_fuel_for(&self, queries: usize) -> u64 {
        self.route_fuel.saturating_add(self.route_fuel_per_query.saturating_mul(queries as u64))
    }

    /// The fuel of one `score` call over `items` items.
    #[must_use]
    pub fn score_fuel_for(&self, items: usize) -> u64 {
        self.score_fuel.saturating_add(self.score_fuel_per_item.saturating_mul(items as u64))
    }

    /// What is wrong with these limits, naming the key, if anything is.
    ///
    /// # Errors
    /// A limit of 0 that would stop every plugin, or a stack outside 64 KiB to 64 MiB.
    pub fn check(&self) -> Result<(), String> {
        if !(64 << 10..=64 << 20).contains(&self.stack_bytes) {
            return Err(format!(
                "`limits.stack_bytes` must lie between 65536 and 67108864, found: {}",
                self.stack_bytes
            ));
        }
        let positive = [
            ("describe_fuel", self.describe_fuel),
            ("train_fuel", self.train_fuel),
            ("load_fuel", self.load_fuel),
            ("attempts", self.attempts as u64),
            ("run_fuel", self.run_fuel),
            ("memory_bytes", self.memory_bytes as u64),
            ("instances", self.instances as u64),
            ("handles", self.handles as u64),
            ("component_bytes", self.component_bytes),
            ("compile_seconds", self.compile_seconds),
            ("compile_memory_bytes", self.compile_memory_bytes),
            ("answer_bytes", self.answer_bytes as u64),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(format!("`limits.{key}` must be larger than 0")),
            None => Ok(()),
        }
    }
}

/// A limit that was reached: which, and how large it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct LimitReached {
    /// Which limit.
    pub limit: Limit,
    /// Its value, in the limit's own unit.
    pub value: u64,
}

/// The limits that can be reached, each named after its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `describe_fuel`.
    DescribeFuel,
    /// `train_fuel`.
    TrainFuel,
    /// `load_fuel`.
    LoadFuel,
    /// `route_fuel` and `route_fuel_per_query`.
    RouteFuel,
    /// `attempts`.
    Attempts,
    /// `score_fuel` and `score_fuel_per_item`.
    ScoreFuel,
    /// `run_fuel`.
    RunFuel,
    /// `memory_bytes`.
    Memory,
    /// `table_elements`.
    TableElements,
    /// `instances`.
    Instances,
    /// `handles`.
    Handles,
    /// `host_bytes`.
    HostBytes,
    /// `stack_bytes`.
    Stack,
    /// `answer_bytes`.
    AnswerBytes,
    /// `state_bytes`.
    StateBytes,
    /// `component_bytes`.
    ComponentBytes,
    /// `compile_seconds`.
    CompileSeconds,
    /// `compile_memory_bytes`.
    CompileMemory,
}

impl Limit {
    /// The limit's name in results, its unit, and its key under `[limits]`.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::DescribeFuel => ("fuel", "units", "describe_fuel"),
            Self::TrainFuel => ("fuel", "units", "train_fuel"),
            Self::LoadFuel => ("fuel", "units", "load_fuel"),
            Self::RouteFuel => ("fuel", "units", "route_fuel"),
            Self::Attempts => ("attempt", "attempts", "attempts"),
            Self::ScoreFuel => ("fuel", "units", "score_fuel"),
            Self::RunFuel => ("fuel", "units", "run_fuel"),
            Self::Memory => ("memory", "bytes", "memory_bytes"),
            Self::TableElements => ("table", "elements", "table_elements"),
            Self::Instances => ("instance", "instances", "instances"),
            Self::Handles => ("handle", "handles", "handles"),
            Self::HostBytes => ("host memory", "bytes", "host_bytes"),
            Self::Stack => ("stack", "bytes", "stack_bytes"),
            Self::AnswerBytes => ("answer", "bytes", "answer_bytes"),
            Self::StateBytes => ("state", "bytes", "state_bytes"),
            Self::ComponentBytes => ("component", "bytes", "component_bytes"),
            Self::CompileSeconds => ("compile time", "seconds", "compile_seconds"),
            Self::CompileMemory => ("compile memory", "bytes", "compile_memory_bytes"),
        }
    }
}

impl LimitReached {
    fn sentence(&self) -> String {
        let (name, unit, key) = self.limit.words();
        format!("{name} limit of {} {unit} (`limits.{key}`)", self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_are_sound() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_limit_that_would_stop_everything_is_named() {
        let limits = Limits { train_fuel: 0, ..Limits::default() };
        assert_eq!(limits.check(), Err("`limits.train_fuel` must be larger than 0".into()));
        let limits = Limits { stack_bytes: 1, ..Limits::default() };
        assert!(limits.check().is_err_and(|message| message.contains("`limits.stack_bytes`")));
    }

    #[test]
    fn a_batch_gets_fuel_by_its_size_and_never_overflows() {
        let limits = Limits { route_fuel: 10, route_fuel_per_query: 3, ..Limits::default() };
        assert_eq!(limits.route_fuel_for(0), 10);
        assert_eq!(limits.route_fuel_for(4), 22);
        let limits = Limits { route_fuel_per_query: u64::MAX, ..limits };
        assert_eq!(limits.route_fuel_for(2), u64::MAX);
    }
}
