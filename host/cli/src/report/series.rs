//! The table of a series of runs: routers down, runs across. Every number is one of a run's own report.

use std::path::Path;

use serde::Serialize;

use super::Format;
use super::data::{Line, Report};
use super::machine::quoted;
use super::screen::{Screen, Style};
use super::text::{NONE, Rows, decimals, ends, markdown_table};

/// Runs of one experiment that differ in one thing.
#[derive(Debug, Serialize)]
pub(crate) struct SeriesReport {
    /// What differs.
    series: &'static str,
    points: Vec<Point>,
}

/// One run of a series.
#[derive(Debug, Serialize)]
struct Point {
    /// What it has of what differs.
    label: String,
    /// The folder of the run.
    dir: String,
    report: Report,
}

impl SeriesReport {
    pub(crate) fn new(series: &'static str) -> Self {
        Self { series, points: Vec::new() }
    }

    pub(crate) fn add(&mut self, label: String, dir: &Path, report: Report) {
        self.points.push(Point { label, dir: dir.display().to_string(), report });
    }

    /// The series as text.
    pub(crate) fn render(&self, format: Format, screen: &Screen) -> anyhow::Result<String> {
        Ok(match format {
            Format::Terminal => self.text(|heading, rows| screen.table(heading, rows, |_| Style::Plain)),
            Format::Markdown => self.text(markdown_table),
            Format::Csv => self.csv(),
            Format::Json => serde_json::to_string_pretty(self)? + "\n",
        })
    }

    /// Names of controls and routers, in the order of the first run's report; what another run has besides follows.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for line in self.points.iter().flat_map(|point| &point.report.lines) {
            if !names.contains(&line.name.as_str()) {
                names.push(&line.name);
            }
        }
        names
    }

    fn text(&self, table: impl Fn(&str, &Rows) -> String) -> String {
        let Some(first) = self.points.first() else { return String::new() };
        let title = format!("{}: {}, {} runs", first.report.name, self.series, self.points.len());
        // What all runs share; the rest is the heads of the columns.
        let shared = first
            .report
            .controls
            .iter()
            .filter(|line| self.points.iter().all(|point| point.report.controls.contains(line)));
        let shared: String = shared.map(|line| format!("\n\ncontrol: {line}")).collect();
        let difference = |line: &Line| match line.name.as_str() {
            "Best Single" => NONE.to_owned(),
            _ => {
                let number = line.metric("DiffToBestSingle");
                let value = number.and_then(|n| n.value).map_or(NONE.into(), |value| format!("{value:+.2}"));
                format!("{value} {}", ends(number, 2))
            }
        };
        let accuracy = |line: &Line| decimals(line.value("AvgAcc"), 2);
        let tables = [
            table("AvgAcc, percent", &self.rows(accuracy)),
            table("AvgAcc against Best Single, points with 95 % interval", &self.rows(difference)),
        ];
        let note = "A column is a run: its training and its test part, quality alone; n is how many distinct queries its seeds test. Ranks and what may be read from a difference are in each run's own report.";
        let folders: String = self.points.iter().map(|point| format!("{}: {}\n", point.label, point.dir)).collect();
        format!("{title}{shared}\n\n{}\n{note}\n\n{folders}", tables.join("\n"))
    }

    fn rows(&self, cell: impl Fn(&Line) -> String) -> Rows {
        let across = |first: &str, of: &dyn Fn(&Point) -> String| -> Vec<String> {
            std::iter::once(first.to_owned()).chain(self.points.iter().map(of)).collect()
        };
        let mut rows = vec![across("", &|point| point.label.clone())];
        for name in self.names() {
            rows.push(across(name, &|point| match point.report.lines.iter().find(|line| line.name == name) {
                Some(line) if line.status == "ok" => cell(line),
                Some(line) => line.status.clone(),
                None => NONE.into(),
            }));
        }
        rows.push(across("n", &|point| point.report.queries.to_string()));
        rows
    }

    fn csv(&self) -> String {
        let mut text = format!("run_id,{},name,kind,status,unranked,n", quoted(self.series));
        for metric in METRICS {
            text.push_str(&format!(",{metric},{metric}_low,{metric}_high"));
        }
        text.push('\n');
        for Point { label, report, .. } in &self.points {
            for line in &report.lines {
                let n = report.queries.to_string();
                let unranked = quoted(line.unranked.as_deref().unwrap_or_default());
                let about =
                    [&report.run_id, &quoted(label), &quoted(&line.name), line.kind, &line.status, &unranked, &n];
                text.push_str(&about.join(","));
                for metric in METRICS {
                    let number = line.metric(metric);
                    for value in [number.and_then(|n| n.value), number.and_then(|n| n.low), number.and_then(|n| n.high)]
                    {
                        text.push(',');
                        text.push_str(&value.map(|value| value.to_string()).unwrap_or_default());
                    }
                }
                text.push('\n');
            }
        }
        text
    }
}

/// What the CSV of a series holds of each run.
const METRICS: [&str; 2] = ["AvgAcc", "DiffToBestSingle"];
