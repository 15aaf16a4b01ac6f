//! What a run came to, and what one would take.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use routerlab_collect::{Collected, Forecast, Range, Snapshot};
use routerlab_records::CoverageRow;

use crate::exit::{Ended, print};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    for at in 1..header.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Says what a run came to; the coverage goes to stdout.
pub(crate) fn report(collected: &Collected, dir: &Path, json: bool) -> anyhow::Result<Ended> {
    let Collected { snapshot, coverage, stopped, .. } = collected;
    tell(snapshot);
    if let Some(reason) = stopped {
        eprintln!("it ended early: {reason}; the same command goes on from here");
    }
    let missing: u64 = coverage.iter().map(|row| row.missing).sum();
    let failed: u64 = coverage.iter().map(|row| row.wanted - row.ok - row.missing).sum();
    if failed > 0 {
        eprintln!("{failed} answers failed and have no score; `--retry-failed` asks for them again");
    }
    if missing > 0 {
        eprintln!("{missing} answers are missing; the same command asks for them");
    }
    if json {
        let rows: Vec<_> = coverage.iter().map(as_json).collect();
        let stopped = stopped.as_deref();
        let end = serde_json::json!({ "stopped": stopped, "coverage": rows, "snapshot": snapshot });
        super::event("end", &end)?;
    } else {
        print(&format!("{}\n", coverage_table(coverage)))?;
        if failed + missing == 0 {
            eprintln!("next: routerlab score {}", dir.display());
        }
    }
    Ok(if failed + missing == 0 { Ended::Done } else { Ended::SomeFailed })
}

/// Says what was sent, what it cost and what went wrong.
pub(crate) fn tell(snapshot: &Snapshot) {
    let (done, sent, reused) =
        (snapshot.sum(|model| model.done), snapshot.sum(|model| model.sent), snapshot.sum(|model| model.reused));
    let seconds = snapshot.seconds;
    eprintln!(
        "{done} answers in {seconds:.1} s: {sent} requests sent, {reused} answers reused, ${:.6} spent",
        snapshot.usd()
    );
    for model in &snapshot.models {
        if let Some(reason) = &model.closed {
            eprintln!("{} was closed: {reason}", model.model);
        }
        if model.unknown_costs > 0 {
            eprintln!(
                "{}: of {} answers nobody knows the cost; a `price` in the pool tells",
                model.model, model.unknown_costs
            );
        }
    }
    let abandoned: f64 = snapshot.models.iter().map(|model| model.abandoned_usd).sum();
    if abandoned > 0.0 {
        eprintln!("what was given up may be billed all the same: about ${abandoned:.6}");
    }
    if let Some(troubles) = troubles(snapshot) {
        eprintln!("requests without an answer: {troubles}");
    }
}

/// How many requests ended without an answer, by kind; none where none did.
pub(super) fn troubles(snapshot: &Snapshot) -> Option<String> {
    let troubles: BTreeMap<_, u64> =
        snapshot.models.iter().flat_map(|model| &model.troubles).fold(BTreeMap::new(), |mut sum, (kind, count)| {
            *sum.entry(*kind).or_default() += count;
            sum
        });
    let kinds: Vec<String> = troubles.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

/// Accuracy of what is there cannot be known here; how much is there can. A line for each model and dataset.
fn coverage_table(coverage: &[CoverageRow]) -> String {
    let mut table =
        table(&["model", "dataset", "wanted", "ok", "error", "timeout", "filtered", "truncated", "refused", "missing"]);
    for row in coverage {
        let dataset = format!("{}/{}", row.dataset, row.split);
        let counts =
            [row.wanted, row.ok, row.model_error, row.timeout, row.filtered, row.truncated, row.refused, row.missing];
        let cells = [row.model.to_string(), dataset].into_iter().chain(counts.map(|count| count.to_string()));
        table.add_row(cells.collect::<Vec<_>>());
    }
    table.trim_fmt()
}

fn as_json(row: &CoverageRow) -> serde_json::Value {
    serde_json::json!({
        "model": row.model, "dataset": row.dataset, "split": row.split, "wanted": row.wanted, "ok": row.ok,
        "model_error": row.model_error, "timeout": row.timeout, "filtered": row.filtered, "truncated": row.truncated,
        "refused": row.refused, "missing": row.missing,
    })
}

/// What asking would take, as a table or as JSON.
pub(crate) fn forecast(forecast: &Forecast, json: bool) -> anyhow::Result<String> {
    if json {
        return Ok(format!("{}\n", serde_json::to_string(forecast)?));
    }
    let mut table = table(&["model", "calls", "from", "prompt tokens", "answer tokens", "US dollars"]);
    for model in &forecast.models {
        let from = if model.pilot > 0 { model.pilot.to_string() } else { "nothing".to_owned() };
        table.add_row(vec![
            model.model.clone(),
            model.calls.to_string(),
            from,
            range(&model.prompt_tokens, 0),
            range(&model.completion_tokens, 0),
            model.usd.as_ref().map_or_else(|| "no price".to_owned(), |usd| range(usd, 4)),
        ]);
    }
    let mut text = format!("{}\n\n", table.trim_fmt());
    text.push_str(&format!("{} calls, US dollars {}", forecast.calls, range(&forecast.usd, 4)));
    if forecast.spent_usd > 0.0 {
        text.push_str(&format!("; {:.4} spent from this folder before", forecast.spent_usd));
    }
    text.push('\n');
    if !forecast.without_price.is_empty() {
        text.push_str(&format!("not in the sum, as nobody knows their price: {}\n", forecast.without_price.join(", ")));
    }
    if forecast.models.iter().any(|model| model.calls > 0 && model.pilot == 0) {
        text.push_str("a pilot makes it narrower: the same command with `--limit 20` and without `--dry-run`, whose answers are kept\n");
    }
    Ok(text)
}

/// `expected [low, high]`.
fn range(range: &Range, digits: usize) -> String {
    let high = range.high.map_or_else(|| "no limit".to_owned(), |high| format!("{high:.digits$}"));
    match range.expected {
        Some(expected) => format!("{expected:.digits$} [{:.digits$}, {high}]", range.low),
        None => format!("[{:.digits$}, {high}]", range.low),
    }
}
