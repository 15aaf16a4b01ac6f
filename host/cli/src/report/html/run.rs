//! A run as a page shows it: its report, its sweep, and how each cell ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use routerlab_bench::{Experiment, read_cells, recorded};
use routerlab_metrics::OperatingPoint;
use routerlab_metrics::pareto::frontier;
use routerlab_records::{CellRow, MetricRow, RunRow, read_table};

use crate::report::Report;
use crate::report::data::{Line, Number};

/// One operating point of a router's sweep, a mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SweepPoint {
    /// The preference; 0 is quality alone.
    pub(super) preference: f64,
    /// AvgAcc in percent, with its interval where it has one.
    pub(super) accuracy: Number,
    /// Total cost of the test part in the run's unit, with its interval where it has one.
    pub(super) cost: Number,
}

/// The tables of a run, but for its decisions.
#[derive(Debug)]
pub(super) struct Run {
    /// The run's folder.
    pub(super) dir: PathBuf,
    /// What every form of report shows.
    pub(super) report: Report,
    pub(super) row: RunRow,
    pub(super) experiment: Experiment,
    pub(super) cells: Vec<CellRow>,
    /// By router, ascending preferences.
    pub(super) sweep: BTreeMap<String, Vec<SweepPoint>>,
}

impl Run {
    /// Reads a run that is complete.
    pub(super) fn read(dir: &Path) -> anyhow::Result<Self> {
        let report = Report::read(dir)?;
        let (row, experiment) = recorded(dir)?;
        let cells = read_cells(dir)?;
        let metrics = read_table::<MetricRow>(&dir.join("metrics.parquet"))?.rows;
        let sweep = sweep(&metrics, &report);
        Ok(Self { dir: dir.to_owned(), report, row, experiment, cells, sweep })
    }

    /// Routers with numbers, in the order of the leaderboard.
    pub(super) fn routers(&self) -> impl Iterator<Item = &Line> {
        self.report.lines.iter().filter(|line| line.kind == "router" && line.status == "ok")
    }

    /// `1 seed`, `5 seeds`.
    pub(super) fn seeds(&self) -> String {
        match self.report.seeds.len() {
            1 => "1 seed".into(),
            more => format!("{more} seeds"),
        }
    }

    /// What costs are, for an axis or a heading.
    pub(super) fn cost_name(&self) -> &'static str {
        if self.report.cost_unit == "USD" { "total cost" } else { "total waiting time" }
    }

    /// Controls with numbers.
    pub(super) fn controls(&self) -> impl Iterator<Item = &Line> {
        self.report.lines.iter().filter(|line| line.kind == "control" && line.status == "ok")
    }

    /// The points of ranked routers that no other such point beats, cheapest first: router and point. A router with an
    /// unknown cost is no part of it, as in ParetoDist.
    pub(super) fn frontier(&self) -> Vec<(&str, SweepPoint)> {
        let known = |points: &&Vec<SweepPoint>| points.iter().all(|point| point.cost.value.is_some());
        let of_line = |line: &Line| self.sweep.get_key_value(&line.name).filter(|(_, points)| known(points));
        let union: Vec<(&str, SweepPoint)> = self
            .routers()
            .filter(|line| line.unranked.is_none())
            .filter_map(of_line)
            .flat_map(|(name, points)| points.iter().map(move |point| (name.as_str(), *point)))
            .collect();
        let plain: Vec<OperatingPoint> = union.iter().map(|(_, point)| point.operating_point()).collect();
        frontier(&plain).into_iter().map(|at| union[at]).collect()
    }
}

impl SweepPoint {
    fn operating_point(&self) -> OperatingPoint {
        OperatingPoint {
            avg_acc: self.accuracy.value.unwrap_or(f64::NAN),
            cost_usd: self.cost.value.unwrap_or(f64::NAN),
        }
    }
}

/// The points over all seeds that the metrics table has.
fn sweep(metrics: &[MetricRow], report: &Report) -> BTreeMap<String, Vec<SweepPoint>> {
    let nothing = Number { value: None, low: None, high: None, n: 0 };
    let mut found: BTreeMap<String, Vec<SweepPoint>> = BTreeMap::new();
    for row in metrics.iter().filter(|row| row.seed.as_str() == "all") {
        let is = |metric: &str, dataset: &str| row.metric.as_str() == metric && row.dataset.as_str() == dataset;
        let (accuracy, cost) = (is("AvgAcc", "macro"), is("Cost", "micro"));
        let router = row.router.as_str();
        if !(accuracy || cost) || !report.lines.iter().any(|line| line.kind == "router" && line.name == router) {
            continue;
        }
        let points = found.entry(router.to_owned()).or_default();
        let at = points.iter().position(|point| point.preference == row.preference).unwrap_or_else(|| {
            points.push(SweepPoint { preference: row.preference, accuracy: nothing, cost: nothing });
            points.len() - 1
        });
        let number = Number { value: row.value, low: row.low, high: row.high, n: row.n };
        if accuracy {
            points[at].accuracy = number;
        } else {
            points[at].cost = number;
        }
    }
    for points in found.values_mut() {
        points.sort_by(|a, b| a.preference.total_cmp(&b.preference));
    }
    found
}
