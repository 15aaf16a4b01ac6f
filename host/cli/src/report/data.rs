//! What a report shows, taken from the tables `metrics`, `cells` and `runs` of one run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use routerlab_bench::summary::CONTROLS;
use routerlab_bench::{Experiment, read_cells};
use routerlab_records::{CellRow, CellStatus, MetricRow, RunRow, read_table};
use serde::Serialize;

/// A number, its 95 % interval, and how many distinct queries it is about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Number {
    /// None where it is not defined or not applicable.
    pub(crate) value: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) n: u64,
}

/// One row of the leaderboard.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// `router` or `control`.
    pub(crate) kind: &'static str,
    /// `ok`, or how it failed, and why.
    pub(crate) status: String,
    pub(crate) detail: Option<String>,
    /// Why it stands outside the ranks; none for what is ranked and for controls.
    pub(crate) unranked: Option<String>,
    /// sha-256 of the component; none for controls and references.
    pub(crate) component_digest: Option<String>,
    /// Metrics over all seeds, by name.
    pub(crate) metrics: BTreeMap<String, Number>,
}

/// A run as a report shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) run_id: String,
    pub(crate) host_version: String,
    pub(crate) started_at: String,
    pub(crate) track: &'static str,
    /// One line for each control against self-deception that was on.
    pub(crate) controls: Vec<String>,
    pub(crate) seeds: Vec<u32>,
    pub(crate) replicates: usize,
    /// Distinct queries that were tested under some seed.
    pub(crate) queries: u64,
    /// What costs are: `USD`, or `s` where preferences weigh latency.
    pub(crate) cost_unit: &'static str,
    /// What a second of a router's time costs in US dollars; none where it is not in the cost.
    pub(crate) router_usd_per_second: Option<f64>,
    /// What a billion units of a router's fuel cost in US dollars; none where it is not in the cost.
    pub(crate) router_usd_per_gigafuel: Option<f64>,
    /// Metrics that are about no router, by name.
    pub(crate) about_queries: BTreeMap<String, Number>,
    pub(crate) datasets: Vec<String>,
    /// Controls, then routers by rank.
    pub(crate) lines: Vec<Line>,
    /// Accuracy by name and dataset.
    pub(crate) by_dataset: BTreeMap<String, BTreeMap<String, Number>>,
}

impl Report {
    /// Reads the tables of a run that is complete.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Self> {
        let runs = dir.join("runs.parquet");
        if !dir.is_dir() {
            bail!("there is no folder `{}`", dir.display());
        }
        if !runs.exists() {
            bail!("`{}` is not complete; give the same `routerlab bench` command again to complete it", dir.display());
        }
        let run = read_table::<RunRow>(&runs)?.rows.into_iter().next();
        let run = run.with_context(|| format!("`{}` holds no run", runs.display()))?;
        let experiment: Experiment = serde_json::from_str(&run.config)
            .with_context(|| format!("the experiment in `{}` cannot be read", runs.display()))?;
        let metrics = read_table::<MetricRow>(&dir.join("metrics.parquet"))?.rows;
        let cells = read_cells(dir)?;
        let mut report = Self {
            name: experiment.name.clone(),
            run_id: run.run_id.as_str().to_owned(),
            host_version: run.host_version,
            started_at: run.started_at,
            track: experiment.protocol.track.name(),
            controls: experiment.controls(),
            seeds: experiment.protocol.seeds.clone(),
            replicates: experiment.statistics.replicates,
            queries: 0,
            cost_unit: experiment.preferences.weighs.unit(),
            router_usd_per_second: experiment.protocol.router_usd_per_second,
            router_usd_per_gigafuel: experiment.protocol.router_usd_per_gigafuel,
            about_queries: BTreeMap::new(),
            datasets: Vec::new(),
            lines: CONTROLS.iter().map(|name| Line::new(name, "control")).collect(),
            by_dataset: BTreeMap::new(),
        };
        report.lines.extend(experiment.router.iter().map(|entry| Line::of_router(&entry.report_name(), &cells)));
        for row in metrics.iter().filter(|row| row.seed.as_str() == "all" && row.preference == 0.0) {
            report.take(row);
        }
        report.lines.sort_by(|a, b| a.order().total_cmp(&b.order()));
        Ok(report)
    }

    fn take(&mut self, row: &MetricRow) {
        let number = Number { value: row.value, low: row.low, high: row.high, n: row.n };
        let (name, metric) = (row.router.as_str(), row.metric.as_str());
        if name.is_empty() {
            if metric == "HardShare@3" {
                self.queries = row.n;
            }
            self.about_queries.insert(metric.to_owned(), number);
        } else if metric == "Accuracy" {
            let dataset = row.dataset.as_str().to_owned();
            if !self.datasets.contains(&dataset) {
                self.datasets.push(dataset.clone());
            }
            self.by_dataset.entry(name.to_owned()).or_default().insert(dataset, number);
        } else if let Some(line) = self.lines.iter_mut().find(|line| line.name == name) {
            line.metrics.insert(metric.to_owned(), number);
        }
    }
}

impl Line {
    fn new(name: &str, kind: &'static str) -> Self {
        let (name, status) = (name.to_owned(), "ok".to_owned());
        Self { name, kind, status, detail: None, unranked: None, component_digest: None, metrics: BTreeMap::new() }
    }

    fn of_router(name: &str, cells: &[CellRow]) -> Self {
        let mut line = Self::new(name, "router");
        let own = || cells.iter().filter(|cell| cell.router.as_str() == name);
        let digest = own().next().map(|cell| cell.component_digest.clone());
        line.component_digest = digest.filter(|digest| !digest.is_empty());
        line.unranked = own().find_map(|cell| cell.unranked.clone());
        if let Some(failed) = own().find(|cell| cell.status != CellStatus::Ok) {
            line.status = failed.status.as_str().to_owned();
            line.detail.clone_from(&failed.detail);
        }
        line
    }

    pub(crate) fn metric(&self, name: &str) -> Option<Number> {
        self.metrics.get(name).copied()
    }

    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.metric(name).and_then(|number| number.value)
    }

    /// Controls first, as they stand; then routers by rank and accuracy; then those outside the ranks; failed ones last.
    fn order(&self) -> f64 {
        match (self.kind, self.value("Rank"), self.value("AvgAcc")) {
            ("control", _, _) => 0.0,
            (_, Some(rank), Some(accuracy)) => 1.0 + rank * 1000.0 - accuracy,
            (_, None, Some(accuracy)) => 1e9 - accuracy,
            _ => f64::INFINITY,
        }
    }
}
