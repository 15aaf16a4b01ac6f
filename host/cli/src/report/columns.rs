//! Tables with a row for each line of a report, described column by column.

use super::data::Line;
use super::text::{Rows, decimals, ends, signed};

/// A heading, and what a line has below it.
pub(super) struct Column<'a> {
    heading: String,
    cell: Box<dyn Fn(&Line) -> String + 'a>,
}

/// A column of one's own.
pub(super) fn column<'a>(heading: impl Into<String>, cell: impl Fn(&Line) -> String + 'a) -> Column<'a> {
    Column { heading: heading.into(), cell: Box::new(cell) }
}

/// A metric with so many decimals.
pub(super) fn plain<'a>(heading: &str, metric: impl Into<String>, digits: usize) -> Column<'a> {
    let metric = metric.into();
    column(heading, move |line| decimals(line.value(&metric), digits))
}

/// A metric with its sign.
pub(super) fn difference<'a>(heading: &str, metric: &'a str) -> Column<'a> {
    column(heading, move |line| signed(line.value(metric)))
}

/// The interval of a metric.
pub(super) fn interval<'a>(heading: &str, metric: &'a str) -> Column<'a> {
    column(heading, move |line| ends(line.metric(metric), 2))
}

/// The name of each line, and its cells.
pub(super) fn rows<'a>(lines: impl Iterator<Item = &'a Line>, columns: &[Column<'_>]) -> Rows {
    let head = std::iter::once(String::new()).chain(columns.iter().map(|column| column.heading.clone()));
    let of_line = |line: &Line| {
        let cells = columns.iter().map(|column| (column.cell)(line));
        std::iter::once(line.name.clone()).chain(cells).collect()
    };
    std::iter::once(head.collect()).chain(lines.map(of_line)).collect()
}
