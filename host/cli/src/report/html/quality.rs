//! What is missing from the records, and what is odd about them.

use super::markup::{Html, element, text};
use super::records::{Groups, Records};
use super::table::{Cell, Table, numbers, words};

/// Pairs of model and dataset that are listed, at most.
const PAIRS: usize = 200;

/// Statuses of requests that did not end well, in the order of their columns.
const FAILED: [&str; 5] = ["model_error", "timeout", "filtered", "truncated", "refused"];

/// What the records lack, model by model, and pair by pair where something is lacking.
pub(super) fn section(records: &Records) -> Html {
    let mut out = sentences(records);
    out.push(by_model(records));
    let pairs = by_pair(records);
    let lacking = pairs.len();
    out.push(
        element("details")
            .and(element("summary").text(format!("Model by dataset: {lacking} pairs with something missing or odd")))
            .and(pairs),
    );
    out
}

fn sentences(records: &Records) -> Html {
    let Records { data, found, groups, coverage, failed, .. } = records;
    let mut lines = vec![format!(
        "{} queries of {} datasets and {} models; {} queries are left out for want of scores.",
        data.rows(),
        data.datasets.len(),
        data.models.len(),
        data.left_out
    )];
    let Groups { groups, queries, across } = groups;
    lines.push(match groups {
        0 => "No two queries share a group of equal or nearly equal texts.".into(),
        _ => format!(
            "{queries} queries share a text, or nearly, with another: {groups} groups, {across} of them across datasets. The fair track never divides a group between train and test."
        ),
    });
    let unsolved: usize = found.unsolved.iter().sum();
    lines.push(format!("No model is right on {unsolved} queries, so no router can be."));
    if let Some(rows) = coverage {
        let sum = |of: fn(&routerlab_records::CoverageRow) -> u64| rows.iter().map(of).sum::<u64>();
        lines.push(format!(
            "Of {} answers that were to be collected {} can be scored and {} were not asked for yet.",
            sum(|row| row.wanted),
            sum(|row| row.ok),
            sum(|row| row.missing)
        ));
    }
    lines.push(match failed {
        Some(failed) => {
            let count: usize = failed.values().flat_map(|of| of.values()).sum();
            format!("{count} requests to models did not end in an answer. A failed request is not a wrong answer: it has no score.")
        }
        None => "The folder holds no completions, so nothing is known of failed requests or of what models wrote.".into(),
    });
    Html::all(lines.iter().map(|line| element("p").text(line)))
}

/// What one model lacks, on one dataset or on all.
#[derive(Clone, Default)]
struct Lack {
    recorded: usize,
    missing: usize,
    unknown_cost: usize,
    zero_cost: usize,
    failed: [usize; FAILED.len()],
}

impl Lack {
    fn add(&mut self, other: &Lack) {
        self.recorded += other.recorded;
        self.missing += other.missing;
        self.unknown_cost += other.unknown_cost;
        self.zero_cost += other.zero_cost;
        self.failed.iter_mut().zip(other.failed).for_each(|(sum, more)| *sum += more);
    }

    fn any(&self) -> bool {
        self.missing + self.unknown_cost + self.zero_cost + self.failed.iter().sum::<usize>() > 0
    }

    fn cells(&self, with_failed: bool) -> Vec<Cell> {
        let count = |count: usize| {
            let cell = Cell::number(count.to_string(), Some(count as f64));
            if count > 0 { cell.class("odd") } else { cell }
        };
        let recorded = Cell::number(self.recorded.to_string(), Some(self.recorded as f64));
        let rest = [self.missing, self.unknown_cost, self.zero_cost].into_iter();
        let failed = self.failed.into_iter().filter(|_| with_failed);
        std::iter::once(recorded).chain(rest.chain(failed).map(count)).collect()
    }
}

fn headings(first: &[&str], with_failed: bool) -> Vec<super::table::Heading> {
    let mut headings: Vec<_> = first.iter().map(|label| words(*label)).collect();
    headings.push(numbers("scores").meaning("queries with a score of this model"));
    headings.push(
        numbers("no score").meaning("unavailable: never trained on; who chooses it scores 0 and pays the fallback"),
    );
    headings.push(numbers("cost unknown").meaning("scored, and nobody knows what the answer cost"));
    headings.push(
        numbers("cost 0")
            .meaning("scored, and recorded as free: often a failed request or a price that nobody entered"),
    );
    if with_failed {
        headings.extend(FAILED.iter().map(|status| numbers(status.replace('_', " "))));
    }
    headings
}

/// What each pair of dataset and model lacks, in the order of the records.
fn lacks(records: &Records) -> Vec<(usize, usize, Lack)> {
    let of_cell = |(cell, costs): (&routerlab_bench::pool::ModelRecords, &super::records::OddCosts)| {
        let key = (
            records.data.datasets[cell.dataset].as_str().to_owned(),
            records.data.models[cell.model].as_str().to_owned(),
        );
        let failed = records.failed.as_ref().and_then(|failed| failed.get(&key));
        let failed = FAILED.map(|status| failed.and_then(|of| of.get(status)).copied().unwrap_or(0));
        let lack = Lack {
            recorded: cell.recorded,
            missing: cell.missing,
            unknown_cost: costs.unknown,
            zero_cost: costs.zero,
            failed,
        };
        (cell.dataset, cell.model, lack)
    };
    records.found.cells.iter().zip(&records.costs).map(of_cell).collect()
}

fn by_model(records: &Records) -> Table {
    let with_failed = records.failed.is_some();
    let mut table = Table::new("quality-models", "Records of each model", headings(&["model"], with_failed));
    let lacks = lacks(records);
    for (at, model) in records.data.models.iter().enumerate() {
        let mut sum = Lack::default();
        lacks.iter().filter(|(_, model, _)| *model == at).for_each(|(_, _, lack)| sum.add(lack));
        table.row(model.as_str(), sum.cells(with_failed));
    }
    table
}

fn by_pair(records: &Records) -> PairTable {
    let with_failed = records.failed.is_some();
    let mut table = Table::new(
        "quality-pairs",
        "Pairs with something missing or odd",
        headings(&["model", "dataset"], with_failed),
    );
    let lacks: Vec<_> = lacks(records).into_iter().filter(|(_, _, lack)| lack.any()).collect();
    for (dataset, model, lack) in lacks.iter().take(PAIRS) {
        let mut cells = vec![Cell::words(records.data.datasets[*dataset].as_str())];
        cells.extend(lack.cells(with_failed));
        table.row(records.data.models[*model].as_str(), cells);
    }
    PairTable { table, all: lacks.len() }
}

/// The table, and how many pairs there are in all.
struct PairTable {
    table: Table,
    all: usize,
}

impl PairTable {
    fn len(&self) -> usize {
        self.all
    }
}

impl From<PairTable> for Html {
    fn from(pairs: PairTable) -> Self {
        let shown = pairs.table.len();
        if pairs.all == 0 {
            return element("p").text("Every pair has all its scores and costs.").into();
        }
        let mut out: Html = pairs.table.into();
        if shown < pairs.all {
            out.push(element("p").class("note").and(text(&format!("The first {shown} of {} are shown.", pairs.all))));
        }
        out
    }
}
