//! Reports for people: tables in a terminal or in Markdown.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::data::{Line, Number, Report};

const NONE: &str = "-";

/// Tables for a terminal.
pub(crate) fn terminal(report: &Report) -> String {
    layout(report, |heading, table| {
        let mut table = filled(table);
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        format!("{heading}\n{table}\n")
    })
}

/// Tables in Markdown.
pub(crate) fn markdown(report: &Report) -> String {
    layout(report, |heading, table| {
        let mut table = filled(table);
        table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
        format!("## {heading}\n\n{table}\n")
    })
}

/// Heading and rows; the first row is the header.
type Rows = Vec<Vec<String>>;

fn filled(rows: &Rows) -> Table {
    let mut table = Table::new();
    if let Some((header, body)) = rows.split_first() {
        table.set_header(header);
        table.add_rows(body);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn layout(report: &Report, table: impl Fn(&str, &Rows) -> String) -> String {
    let mut text = format!(
        "{} ({} track, seeds {}, {} queries tested, run {})\n\n",
        report.name,
        report.track,
        report.seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        report.queries,
        report.run_id
    );
    text.push_str(&table("Leaderboard: quality alone", &leaderboard(report)));
    if let Some(sweep) = sweep(report) {
        text.push('\n');
        text.push_str(&table("Sweep over preferences", &sweep));
    }
    text.push('\n');
    text.push_str(&table("Accuracy by dataset, percent", &by_dataset(report)));
    text.push('\n');
    text.push_str(&notes(report));
    text
}

fn leaderboard(report: &Report) -> Rows {
    let header = [
        "",
        "rank",
        "AvgAcc %",
        "95 % interval",
        "vs Best Single",
        "95 % interval",
        "Gain@R %",
        "Gain@B %",
        "Gap@O %",
        "HardAcc@3 %",
        "cost USD",
    ];
    let mut rows = vec![header.map(String::from).to_vec()];
    for line in &report.lines {
        if line.status != "ok" {
            rows.push(vec![line.name.clone(), line.status.clone()]);
            continue;
        }
        let difference = line.metric("DiffToBestSingle").filter(|_| line.name != "Best Single");
        rows.push(vec![
            line.name.clone(),
            line.value("Rank").map_or(NONE.into(), |rank| format!("{rank:.0}")),
            decimals(line.value("AvgAcc"), 2),
            ends(line.metric("AvgAcc"), 2),
            difference.and_then(|d| d.value).map_or(NONE.into(), |d| format!("{d:+.2}")),
            ends(difference, 2),
            decimals(line.value("Gain@R"), 2),
            decimals(line.value("Gain@B"), 2),
            decimals(line.value("Gap@O"), 2),
            decimals(line.value("HardAcc@3"), 2),
            line.value("Cost").map_or(NONE.into(), dollars),
        ]);
    }
    rows
}

/// PerfGain, CostSave and ParetoDist; none when the data has no costs.
fn sweep(report: &Report) -> Option<Rows> {
    let header = ["", "points", "PerfGain %", "CostSave %", "ParetoDist"];
    let mut rows = vec![header.map(String::from).to_vec()];
    for line in report.lines.iter().filter(|line| line.value("Points").is_some()) {
        rows.push(vec![
            line.name.clone(),
            decimals(line.value("Points"), 0),
            signed(line, "PerfGain"),
            line.value("CostSave").map_or("N/A".into(), |value| format!("{value:+.2}")),
            decimals(line.value("ParetoDist"), 3),
        ]);
    }
    (rows.len() > 1).then_some(rows)
}

fn by_dataset(report: &Report) -> Rows {
    let names: Vec<&Line> = report.lines.iter().filter(|line| report.by_dataset.contains_key(&line.name)).collect();
    let header = std::iter::once(String::new()).chain(names.iter().map(|line| line.name.clone())).collect();
    let mut rows = vec![header];
    for dataset in &report.datasets {
        let value = |line: &&Line| {
            let number = report.by_dataset.get(&line.name).and_then(|by| by.get(dataset));
            decimals(number.and_then(|number| number.value), 1)
        };
        rows.push(std::iter::once(dataset.clone()).chain(names.iter().map(value)).collect());
    }
    rows
}

fn notes(report: &Report) -> String {
    let mut text = format!(
        "Intervals: stratified paired bootstrap over near-duplicate groups, {} replicates, seeds not taken as independent.\n",
        report.replicates
    );
    text.push_str("Routers that cannot be told apart share a rank. ");
    let detectable =
        report.lines.iter().filter(|line| line.kind == "router").filter_map(|line| line.value("MinDetectableDiff"));
    if let Some(largest) = detectable.reduce(f64::max) {
        text.push_str(&format!("Differences to Best Single below {largest:.1} points could have gone unseen.\n"));
    }
    if let Some(share) = report.hard_share {
        text.push_str(&format!("Hard queries (1 to 3 models are right): {share:.1} % of the test part.\n"));
    }
    match report.track {
        "fair" => text.push_str("Best Single is chosen on train; operating points are chosen on validation. Dataset Oracle and Oracle know the answers.\n"),
        _ => text.push_str("Compat track: Best Single and operating points are chosen in hindsight, missing records are wrong and free, as in LLMRouterBench.\n"),
    }
    for line in &report.lines {
        let unavailable = line.value("Unavailable").filter(|count| *count > 0.0);
        if let Some(count) = unavailable {
            text.push_str(&format!(
                "{}: chose a model without a record for {count:.1} queries a seed; scored 0, fallback paid.\n",
                line.name
            ));
        }
        if line.status != "ok" {
            text.push_str(&format!(
                "{}: {}: {}\n",
                line.name,
                line.status,
                line.detail.as_deref().unwrap_or("no detail")
            ));
        }
    }
    for line in report.lines.iter().filter(|line| line.kind == "router") {
        let digest = line.component_digest.as_deref().unwrap_or(NONE);
        text.push_str(&format!("component {}: sha-256 {}\n", line.name, digest.get(..16).unwrap_or(digest)));
    }
    text
}

fn decimals(value: Option<f64>, digits: usize) -> String {
    value.map_or(NONE.into(), |value| format!("{value:.digits$}"))
}

fn signed(line: &Line, metric: &str) -> String {
    line.value(metric).map_or(NONE.into(), |value| format!("{value:+.2}"))
}

fn ends(number: Option<Number>, digits: usize) -> String {
    match number {
        Some(Number { low: Some(low), high: Some(high), .. }) => format!("[{low:.digits$}, {high:.digits$}]"),
        _ => NONE.into(),
    }
}

/// Four decimals, or as many as a small amount needs to show three digits.
fn dollars(value: f64) -> String {
    if value == 0.0 || value >= 0.01 { format!("{value:.4}") } else { format!("{value:.6}") }
}
