//! Whether a run is what its tables say: the same inputs, the same decisions when its routers are run again, the same
//! numbers when they are computed again.
//!
//! Everything that a run says about its inputs is a digest, and decisions depend on nothing else, so they can be made again
//! on another machine and compared row by row. Only what was measured (times) is left out of the comparison.

mod cells;
mod inputs;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use routerlab_plugin::Sandbox;
use routerlab_records::{MetricRow, RunRow, read_table};

use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::Experiment;
use crate::results::{Results, RunIdentity, TOOL, read_cells};
use crate::run::{Observer, RunOptions};
use crate::summary::summarise;

/// Where things are now, and how much is done again.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The data folder; none for the one that the run names.
    pub data: Option<PathBuf>,
    /// Folders with components, beside those that the run names; a component is known by its digest, not by its name.
    pub components: Vec<PathBuf>,
    /// The run's secret, which its tables have only the digest of.
    pub secret: Option<String>,
    /// Only these routers are run again; all when empty.
    pub routers: Vec<String>,
    /// Whether routers are run again at all.
    pub rerun: bool,
    /// A folder for what is made again, which may be deleted afterwards.
    pub scratch: PathBuf,
    /// Cells at a time.
    pub threads: NonZeroUsize,
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as the run says.
    Holds,
    /// It is not, and how.
    Differs(String),
    /// It could not be checked, or was not to be, and why.
    Unchecked(String),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What kind of thing it is about, such as `data` or `decisions`.
    pub kind: &'static str,
    /// The file, table or cell.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// The row of a run that has ended, and its experiment as its tables have it: with the digest of a secret in its place.
///
/// # Errors
/// When the folder holds no run that has ended, or its tables are damaged.
pub fn recorded(dir: &Path) -> Result<(RunRow, Experiment), BenchError> {
    let wrong = |reason: String| BenchError::Results { path: dir.to_owned(), reason };
    let path = dir.join("runs.parquet");
    if !path.exists() {
        return Err(wrong("holds no run that has ended; give the same `routerlab bench` command again".into()));
    }
    let run = read_table::<RunRow>(&path)?.rows.into_iter().next();
    let run = run.ok_or_else(|| wrong("`runs.parquet` has no row".into()))?;
    let experiment = serde_json::from_str(&run.config)
        .map_err(|error| wrong(format!("the configuration in `runs.parquet` cannot be read: {error}")))?;
    Ok((run, experiment))
}

/// Verifies a run, in a sandbox with the limits of its experiment.
///
/// # Errors
/// When the folder holds no run that has ended, its experiment needs a secret that is not given or is another, a router is
/// named that it does not have, or the sandbox or the disk fails. What does not hold is a verdict.
pub fn verify(
    dir: &Path,
    sandbox: &Sandbox,
    options: &VerifyOptions,
    observer: &mut dyn Observer,
) -> Result<Vec<Check>, BenchError> {
    let wrong = |reason: String| BenchError::Results { path: dir.to_owned(), reason };
    let (run, experiment) = recorded(dir)?;
    let mut experiment = inputs::with_what_is_now(experiment, options).map_err(wrong)?;
    let names: Vec<_> = experiment.router.iter().map(|entry| entry.report_name()).collect();
    if let Some(name) = options.routers.iter().find(|name| !names.contains(name)) {
        return Err(wrong(format!("there is no router `{name}`; there are: {}", names.join(", "))));
    }
    let digests = inputs::digests_of(&run).map_err(wrong)?;

    let mut checks = Checks::default();
    let loaded = inputs::load(&experiment, &digests);
    checks.extend("data", inputs::data(&loaded, &digests));
    let components = inputs::find_components(&mut experiment, &digests, &options.components);
    checks.extend("component", components.clone());
    let data = loaded.as_ref().ok();
    let same_inputs = !checks.fail("data") && !checks.fail("component");
    checks.add("run", run.run_id.to_string(), identity(&run, &experiment, data.filter(|_| same_inputs)));

    let stored = read_cells(dir).map_err(BenchError::from);
    checks.extend("cell", cells::files(dir, &experiment, &run, &stored));
    let computed = match (data, &stored) {
        (Some(data), Ok(_)) => metrics(dir, &experiment, data, &Results::existing(dir, run.clone()), options.threads),
        _ => Verdict::Unchecked("its data or its cells cannot be read".into()),
    };
    checks.add("metrics", "metrics.parquet".into(), computed);

    let mut again = experiment;
    let data_holds = !checks.fail("data");
    again.router.retain(|entry| {
        let name = entry.report_name();
        let asked = options.rerun && (options.routers.is_empty() || options.routers.contains(&name));
        let there = components.iter().all(|(router, verdict)| *router != name || *verdict == Verdict::Holds);
        let reason = match (asked, data_holds, there) {
            (true, true, true) => return true,
            (false, _, _) => "was not to be run again",
            (_, false, _) => "its data is not what it was",
            _ => "its component is not there",
        };
        checks.add("decisions", name, Verdict::Unchecked(reason.into()));
        false
    });
    if !again.router.is_empty() {
        let run_options = RunOptions { out: options.scratch.clone(), threads: options.threads };
        let finished = crate::run::run(&again, sandbox, &run_options, observer)?;
        for cell in &finished.cells {
            let before = stored.as_ref().ok().and_then(|all| all.iter().find(|old| cells::same(old, cell)));
            let verdict = cells::compared(dir, &finished.dir, before, cell);
            checks.add("decisions", format!("{}-{}", cell.router, cell.seed), verdict);
        }
    }
    Ok(checks.0)
}

/// Checks as they are made.
#[derive(Debug, Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, kind: &'static str, name: String, verdict: Verdict) {
        self.0.push(Check { kind, name, verdict });
    }

    fn extend(&mut self, kind: &'static str, verdicts: Vec<(String, Verdict)>) {
        verdicts.into_iter().for_each(|(name, verdict)| self.add(kind, name, verdict));
    }

    /// Whether a check of this kind failed.
    fn fail(&self, kind: &str) -> bool {
        self.0.iter().any(|check| check.kind == kind && matches!(check.verdict, Verdict::Differs(_)))
    }
}

/// Whether experiment and inputs still have the id of the run.
fn identity(run: &RunRow, experiment: &Experiment, data: Option<&Data>) -> Verdict {
    let own = env!("CARGO_PKG_VERSION");
    if run.host_version != own {
        let made = &run.host_version;
        return Verdict::Unchecked(format!(
            "was made by routerlab {made}, this is {own}: only ids of one version compare"
        ));
    }
    let Some(data) = data else { return Verdict::Unchecked("some of its inputs are not what they were".into()) };
    match RunIdentity::of(experiment, data) {
        Ok(now) if now.run_id == run.run_id.as_str() => Verdict::Holds,
        Ok(now) => Verdict::Differs(format!("its configuration and its inputs have the id {} by {TOOL}", now.run_id)),
        Err(error) => Verdict::Differs(error.to_string()),
    }
}

/// Computes the metrics from the decisions that are stored, and compares.
fn metrics(dir: &Path, experiment: &Experiment, data: &Data, results: &Results, threads: NonZeroUsize) -> Verdict {
    let compared = || -> Result<Option<String>, BenchError> {
        let stored = read_table::<MetricRow>(&dir.join("metrics.parquet"))?.rows;
        let cells = results.cells(experiment)?;
        let mut now = summarise(experiment, data, results, &cells, threads)?;
        let key = |row: &MetricRow| {
            format!(
                "{} of `{}`, seed {}, dataset `{}`, preference {}",
                row.metric, row.router, row.seed, row.dataset, row.preference
            )
        };
        let order = |a: &MetricRow, b: &MetricRow| routerlab_records::Row::compare_keys(a, b);
        now.sort_by(order);
        if let Some((before, now)) = stored.iter().zip(&now).find(|(before, now)| before != now) {
            return Ok(Some(match order(before, now).is_eq() {
                true => format!("{} is {} there and {} when computed again", key(now), shown(before), shown(now)),
                false => format!("has {} where {} is expected", key(before), key(now)),
            }));
        }
        Ok((stored.len() != now.len()).then(|| format!("has {} rows, expected {}", stored.len(), now.len())))
    };
    match compared() {
        Ok(None) => Verdict::Holds,
        Ok(Some(difference)) => Verdict::Differs(difference),
        Err(error) => Verdict::Differs(error.to_string()),
    }
}

fn shown(row: &MetricRow) -> String {
    let number = |value: Option<f64>| value.map_or("none".to_owned(), |value| value.to_string());
    match (row.low, row.high) {
        (None, None) => number(row.value),
        (low, high) => format!("{} [{}, {}]", number(row.value), number(low), number(high)),
    }
}
