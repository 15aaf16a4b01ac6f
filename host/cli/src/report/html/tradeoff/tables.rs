//! The points of the plot as tables.

use super::Scene;
use crate::report::data::Number;
use crate::report::html::axes::tick;
use crate::report::html::markup::{Html, element};
use crate::report::html::run::SweepPoint;
use crate::report::html::table::{Cell, Heading, Table, numbers, words};
use crate::report::text::{NONE, between, decimals, written_cost};

/// The frontier, and everything that is drawn.
pub(super) fn tables(scene: &Scene<'_>) -> Html {
    let unit = scene.run.report.cost_unit;
    let mut on_it = Table::new("frontier-points", "Points of the frontier, cheapest first", headings("router", unit));
    scene.frontier.iter().for_each(|(name, point)| on_it.row(*name, cells(point, unit)));
    let mut all = Table::new("sweep-points", "Every point that is drawn", headings("what", unit));
    for mark in &scene.controls {
        let point = SweepPoint { preference: 0.0, accuracy: mark.accuracy, cost: mark.cost };
        all.row(&mark.name, cells(&point, unit));
    }
    for model in scene.models {
        let number = |value| Number { value: Some(value), low: None, high: None, n: 0 };
        let point = SweepPoint { preference: 0.0, accuracy: number(model.accuracy), cost: number(model.cost) };
        all.row(&model.name, cells(&point, unit));
    }
    for series in &scene.series {
        series.points.iter().for_each(|point| all.row(series.name, cells(point, unit)));
    }
    Html::all([details("Points of the frontier as a table", on_it), details("All points as a table", all)])
}

fn details(summary: &str, table: Table) -> Html {
    element("details").and(element("summary").text(summary)).and(table).into()
}

fn headings(first: &str, unit: &str) -> Vec<Heading> {
    vec![
        words(first),
        numbers("preference"),
        numbers("AvgAcc %"),
        numbers("95 % interval"),
        numbers(format!("cost {unit}")),
    ]
}

fn cells(point: &SweepPoint, unit: &str) -> Vec<Cell> {
    let cost = point.cost.value;
    vec![
        Cell::number(tick(point.preference), Some(point.preference)),
        Cell::number(decimals(point.accuracy.value, 2), point.accuracy.value),
        Cell::number(between(Some(point.accuracy), |end| format!("{end:.2}")), None),
        Cell::number(cost.map_or(NONE.into(), |cost| written_cost(unit, cost)), cost),
    ]
}
