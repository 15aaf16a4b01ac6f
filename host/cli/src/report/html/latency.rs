//! How long answers are waited for, and what the router itself takes.

use super::markup::{Html, element};
use super::run::Run;
use super::table::{Cell, Table, numbers, words};
use crate::report::text::decimals;

/// The table, with a word where nothing is known.
pub(super) fn section(run: &Run) -> Html {
    let lines: Vec<_> = run.report.lines.iter().filter(|line| line.status == "ok").collect();
    let known = lines.iter().filter(|line| line.value("Latency").is_some()).count();
    let said = match known {
        0 => "Waiting time is unknown: the records hold no latencies, or not for every model that was chosen. Nothing is assumed in their place.".to_owned(),
        _ if known < lines.len() => format!(
            "Waiting time is known of {known} of {} rows: it is given only where the latency of every chosen answer is recorded. The time of Oracle is not defined where several models are right.",
            lines.len()
        ),
        _ => "Waiting time is the mean recorded latency of the chosen answers; a router that asks several models waits for all of them.".to_owned(),
    };
    let mut table = Table::new(
        "latency-table",
        "Seconds to an answer, and the router's own time (measured on the machine of the run, in no digest)",
        vec![
            words("control or router"),
            numbers("answer, s").meaning("mean over tested queries and seeds"),
            numbers("routing, µs a query"),
            numbers("training, s"),
            numbers("fuel a query").meaning("counted, the same on every machine"),
        ],
    );
    for line in lines {
        let number = |metric: &str, digits: usize| {
            let value = line.value(metric);
            let written =
                if value.is_none() && metric == "Latency" { "unknown".into() } else { decimals(value, digits) };
            let cell = Cell::number(written, value);
            if value.is_none() { cell.class("quiet") } else { cell }
        };
        let cells =
            vec![number("Latency", 3), number("RouteTime", 1), number("TrainTime", 2), number("FuelPerQuery", 0)];
        table.row_of(line.kind, Cell::of(element("bdi").text(&line.name)), cells);
    }
    Html::all([Html::from(element("p").text(said)), table.into()])
}
