//! What routers came to elsewhere: dated, beside the ranks.

use std::collections::BTreeMap;

use routerlab_records::ExternalRow;

use super::markup::{Html, element};
use super::table::{Cell, Table, numbers, words};
use crate::report::text::{NONE, decimals, written_cost};

/// Models of a result that are named, those with the largest share first.
const MODELS: usize = 4;

/// The table of results from outside, if the data folder has any.
pub(super) fn section(rows: &[ExternalRow]) -> Html {
    if rows.is_empty() {
        let none = "The data folder holds no results of other benchmarks (`external.parquet`), which an import of such results would leave.";
        return element("p").text(none).into();
    }
    let headings = vec![
        words("router"),
        words("dataset"),
        numbers("accuracy %").meaning("mean score of what was scored"),
        numbers("cost USD").meaning("of all queries; unknown where that of any of them is"),
        numbers("queries"),
        numbers("scored"),
        numbers("failed").meaning("no wrong answers: they are not among the scored"),
        words("dated"),
        words("models"),
        words("source"),
    ];
    let mut table =
        Table::new("external-table", "Results of other benchmarks: their own pools, queries and days", headings);
    for row in rows {
        let accuracy = row.accuracy.map(|accuracy| 100.0 * accuracy);
        let count = |count: u64| Cell::number(count.to_string(), Some(count as f64));
        table.row(
            row.router.as_str(),
            vec![
                Cell::words(row.dataset.as_str()),
                Cell::number(decimals(accuracy, 2), accuracy),
                Cell::number(row.cost_usd.map_or("unknown".into(), |cost| written_cost("USD", cost)), row.cost_usd),
                count(row.queries),
                count(row.scored),
                count(row.failed),
                Cell::words(row.dated.as_deref().unwrap_or("unknown")),
                Cell::words(models(&row.models)).class("wrap"),
                Cell::words(row.source.as_str()).title(format!("sha-256 {}", row.source_digest.as_str())),
            ],
        );
    }
    let note = "Nothing here is ranked, and nothing in it can be compared with a number above: other models, other queries, another day.";
    Html::all([Html::from(element("p").text(note)), table.into()])
}

/// The models with the largest shares, of the text of a JSON object.
fn models(shares: &str) -> String {
    let Ok(shares) = serde_json::from_str::<BTreeMap<String, f64>>(shares) else { return NONE.into() };
    let mut shares: Vec<(String, f64)> = shares.into_iter().collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> =
        shares.iter().take(MODELS).map(|(model, share)| format!("{model} {:.0} %", 100.0 * share)).collect();
    let more = shares.len().saturating_sub(MODELS);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(dated: Option<&str>) -> ExternalRow {
        ExternalRow {
            router: "<b>elsewhere</b>".into(),
            dataset: "all".into(),
            queries: 10,
            scored: 8,
            failed: 2,
            accuracy: Some(0.75),
            cost_usd: None,
            models: "{\"a\": 0.25, \"b\": 0.75}".into(),
            source: "results.json".into(),
            source_digest: "00".into(),
            dated: dated.map(str::to_owned),
        }
    }

    #[test]
    fn results_from_elsewhere_are_dated_and_their_unknown_costs_are_unknown() {
        let shown = section(&[row(Some("2026-01-31")), row(None)]).into_string();
        for part in ["&lt;b&gt;elsewhere", "2026-01-31", "unknown", "b 75 %, a 25 %", "75.00"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(section(&[]).into_string().contains("external.parquet"));
    }
}
