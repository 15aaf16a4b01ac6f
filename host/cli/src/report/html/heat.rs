//! Accuracy by dataset: of every model, and of every router. Real tables whose cells have a colour and their number.

use super::markup::{Html, element};
use super::records::Records;
use super::run::Run;
use super::table::{Cell, Heading, Table, numbers, words};

/// Steps of colour, `h0` to `h10` in the style sheet.
const STEPS: f64 = 10.0;

/// The class of a value from 0 to 100.
pub(super) fn step(percent: f64) -> String {
    format!("h{:.0}", (percent / 100.0 * STEPS).round().clamp(0.0, STEPS))
}

/// A cell of percent whose colour says where it lies between two ends.
pub(super) fn between(value: f64, digits: usize, (low, high): (f64, f64)) -> Cell {
    let share = if high > low { 100.0 * (value - low) / (high - low) } else { 50.0 };
    Cell::number(format!("{value:.digits$}"), Some(value)).class(&step(share))
}

/// The ends of most of some values: a few that are far below the others take no colours from them.
pub(super) fn most(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let low = sorted.get(sorted.len() * 15 / 100).copied().unwrap_or_default();
    (low, sorted.last().copied().unwrap_or_default())
}

/// The least and the greatest of some values.
pub(super) fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// A cell of percent with its colour, and something small below the number.
pub(super) fn percent(value: f64, digits: usize, below: &str) -> Cell {
    let cell = Cell::number(format!("{value:.digits$}"), Some(value)).class(&step(value));
    if below.is_empty() { cell } else { cell.and(element("small").text(below)) }
}

/// Where there is no number; the words say why.
pub(super) fn gap(why: &str) -> Cell {
    Cell::words(why).class("gap")
}

fn headings(first: &str, datasets: impl Iterator<Item = (String, u64)>) -> Vec<Heading> {
    let mut headings = vec![words(first)];
    headings.extend(datasets.map(|(name, n)| numbers(name).below(format!("n {n}"))));
    headings.push(numbers("mean over datasets"));
    headings
}

/// Accuracy of each model on each dataset, over all queries that the run uses.
pub(super) fn models(records: &Records) -> Html {
    let data = &records.data;
    let size = |at: usize| data.dataset.iter().filter(|of| **of as usize == at).count();
    let names = data.datasets.iter().enumerate().map(|(at, name)| (name.as_str().to_owned(), size(at) as u64));
    let caption = "Accuracy in percent where the model has a score. A dashed cell lacks scores, and says how many queries it is about; a hatched one has none.";
    let mut table = Table::new("model-dataset", caption, headings("model", names)).heat();
    for (model, name) in data.models.iter().enumerate() {
        let own: Vec<_> = records.found.cells.iter().filter(|cell| cell.model == model).collect();
        let mut cells: Vec<Cell> = own
            .iter()
            .map(|cell| match cell.accuracy {
                None => gap("no score").title(format!(
                    "{} has no score on {}",
                    name.as_str(),
                    data.datasets[cell.dataset].as_str()
                )),
                Some(accuracy) if cell.missing > 0 => percent(accuracy, 1, &format!("n {}", cell.recorded))
                    .class("partial")
                    .title(format!("{} missing", cell.missing)),
                Some(accuracy) => percent(accuracy, 1, "").title(format!("n = {}", cell.recorded)),
            })
            .collect();
        let known: Option<Vec<f64>> = own.iter().map(|cell| cell.accuracy).collect();
        cells.push(match known.filter(|known| !known.is_empty()) {
            Some(known) => percent(known.iter().sum::<f64>() / known.len() as f64, 1, ""),
            None => gap("not defined"),
        });
        table.row(name.as_str(), cells);
    }
    table.into()
}

/// Accuracy of each control and router on the tested queries of each dataset.
pub(super) fn routers(run: &Run) -> Html {
    let report = &run.report;
    let n = |dataset: &String| {
        report.by_dataset.values().filter_map(|of| of.get(dataset)).map(|number| number.n).max().unwrap_or_default()
    };
    let names = report.datasets.iter().map(|dataset| (dataset.clone(), n(dataset)));
    let caption = "Accuracy in percent on tested queries at quality alone, means over seeds; n are distinct queries. Colours run within each column, from its least router or control to its best. Rest the pointer on a cell for its interval.";
    let of_column = |dataset: &String| ends(report.by_dataset.values().filter_map(|of| of.get(dataset)?.value));
    let means = ends(report.lines.iter().filter_map(|line| line.value("AvgAcc")));
    let mut table = Table::new("router-dataset", caption, headings("control or router", names)).heat();
    for line in report.lines.iter().filter(|line| line.status == "ok") {
        let Some(of) = report.by_dataset.get(&line.name) else { continue };
        let mut cells: Vec<Cell> = report
            .datasets
            .iter()
            .map(|dataset| match of.get(dataset).and_then(|number| Some((number, number.value?))) {
                None => gap("not tested"),
                Some((number, value)) => {
                    let interval = crate::report::text::ends(Some(*number), 1);
                    between(value, 1, of_column(dataset)).title(format!("95 % interval {interval}, n = {}", number.n))
                }
            })
            .collect();
        cells.push(line.value("AvgAcc").map_or_else(|| gap("not defined"), |value| between(value, 1, means)));
        table.row_of(line.kind, Cell::of(element("bdi").text(&line.name)), cells);
    }
    table.into()
}
