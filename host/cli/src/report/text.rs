//! Reports for people: tables in a terminal or in Markdown.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::data::{Line, Number, Report};
use super::{agreement, notes};

/// Where there is no number.
pub(super) const NONE: &str = "-";

/// Tables for a terminal.
pub(crate) fn terminal(report: &Report) -> String {
    layout(report, plain_table)
}

/// The leaderboard alone, with what must be known to read it.
pub(crate) fn leaderboard_only(report: &Report) -> String {
    let table = plain_table(LEADERBOARD, &leaderboard(report));
    let outside = outside(report).map(|rows| format!("{}\n", plain_table(OUTSIDE, &rows))).unwrap_or_default();
    format!("{}\n\n{table}\n{outside}{}", title(report), notes::of_leaderboard(report))
}

pub(super) fn plain_table(heading: &str, rows: &Rows) -> String {
    let mut table = filled(rows);
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    format!("{heading}\n{table}\n")
}

/// Tables in Markdown.
pub(crate) fn markdown(report: &Report) -> String {
    layout(report, markdown_table)
}

pub(super) fn markdown_table(heading: &str, rows: &Rows) -> String {
    let mut table = filled(rows);
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    format!("## {heading}\n\n{table}\n")
}

/// Heading and rows; the first row is the header.
pub(crate) type Rows = Vec<Vec<String>>;

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
    let mut text = title(report) + "\n\n";
    text.push_str(&table(LEADERBOARD, &leaderboard(report)));
    let chosen = match report.track {
        "fair" => "chosen on validation, value on test",
        _ => "in hindsight",
    };
    let mut more = |heading: &str, rows: Option<Rows>| {
        if let Some(rows) = rows {
            text.push('\n');
            text.push_str(&table(heading, &rows));
        }
    };
    more("Against Best Single: is the difference real?", against_best_single(report));
    more(OUTSIDE, outside(report));
    more("Ratios to the controls and hard queries, with 95 % intervals", Some(ratios(report)));
    more(&format!("Sweep: the most accurate operating point, {chosen}"), perf_gain(report));
    more(
        &format!("Sweep: the cheapest operating point that keeps Best Single's accuracy, {chosen}"),
        cost_save(report),
    );
    more("Sweep: the whole curve against fixed marks, on test", curve(report));
    more("What the choices are like", behaviour(report));
    more("Hard queries: how often right where few models are, and where the best answer is lost", hard(report));
    more(agreement::HEADING, agreement::matrix(report));
    more("Accuracy by dataset, percent", Some(by_dataset(report)));
    more(TIME, time(report));
    text.push('\n');
    text.push_str(&notes::notes(report));
    text
}

/// What the run is, and a line for each control that was on: whoever reads the numbers reads these first.
fn title(report: &Report) -> String {
    let mut title = format!(
        "{} ({} track, seeds {}, {} queries tested, run {})",
        report.name,
        report.track,
        report.seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        report.queries,
        report.run_id
    );
    report.controls.iter().for_each(|line| title.push_str(&format!("\n\ncontrol: {line}")));
    title
}

const LEADERBOARD: &str = "Leaderboard: quality alone";

/// The heading of what is compared with nobody.
const OUTSIDE: &str = "Outside the ranks: quality alone";

/// The heading of the only table with measured times of routers.
const TIME: &str =
    "Time: of the models that were chosen, and of the router itself (measured, differs between machines, in no digest)";

fn header<const N: usize>(names: [&str; N]) -> Rows {
    vec![names.map(String::from).to_vec()]
}

/// Lines that have numbers.
fn ok_lines(report: &Report) -> impl Iterator<Item = &Line> {
    report.lines.iter().filter(|line| line.status == "ok")
}

/// Routers that have numbers.
fn routers(report: &Report) -> impl Iterator<Item = &Line> {
    ok_lines(report).filter(|line| line.kind == "router")
}

fn leaderboard(report: &Report) -> Rows {
    board(report, "rank", report.lines.iter().filter(|line| line.unranked.is_none()))
}

/// The same of those that stand outside the ranks, with the reason in place of the rank.
fn outside(report: &Report) -> Option<Rows> {
    let rows = board(report, "why", report.lines.iter().filter(|line| line.unranked.is_some()));
    (rows.len() > 1).then_some(rows)
}

fn board<'a>(report: &Report, second: &str, lines: impl Iterator<Item = &'a Line>) -> Rows {
    let cost = format!("cost {}", report.cost_unit);
    let mut rows =
        header(["", second, "AvgAcc %", "95 % interval", "vs Best Single", "95 % interval", &cost, "95 % interval"]);
    let written = if report.cost_unit == "USD" { dollars } else { |seconds| format!("{seconds:.1}") };
    for line in lines {
        if line.status != "ok" {
            rows.push(vec![line.name.clone(), line.status.clone()]);
            continue;
        }
        let difference = line.metric("DiffToBestSingle").filter(|_| line.name != "Best Single");
        rows.push(vec![
            line.name.clone(),
            line.unranked.clone().unwrap_or_else(|| decimals(line.value("Rank"), 0)),
            decimals(line.value("AvgAcc"), 2),
            ends(line.metric("AvgAcc"), 2),
            difference.and_then(|d| d.value).map_or(NONE.into(), |d| format!("{d:+.2}")),
            ends(difference, 2),
            line.value("Cost").map_or(NONE.into(), written),
            between(line.metric("Cost"), written),
        ]);
    }
    rows
}

fn ratios(report: &Report) -> Rows {
    let mut rows = header(["", "Gain@R %", "Gain@B %", "Gap@O %", "HardAcc@3 %"]);
    for line in ok_lines(report) {
        let number = |metric| with_ends(line.metric(metric));
        rows.push(vec![line.name.clone(), number("Gain@R"), number("Gain@B"), number("Gap@O"), number("HardAcc@3")]);
    }
    rows
}

/// Tests of every router against Best Single, and what they say.
fn against_best_single(report: &Report) -> Option<Rows> {
    let mut rows = header([
        "",
        "points",
        "95 % interval",
        "on new datasets",
        "over seeds (Nadeau-Bengio)",
        "p",
        "p, Holm",
        "p, within 1 point",
        "least detectable",
        "verdict",
    ]);
    for line in routers(report) {
        rows.push(vec![
            line.name.clone(),
            signed(line.value("DiffToBestSingle")),
            ends(line.metric("DiffToBestSingle"), 2),
            ends(line.metric("DiffToBestSingleOverDatasets"), 2),
            ends(line.metric("DiffToBestSingleOverSeeds"), 2),
            decimals(line.value("PVsBestSingle"), 4),
            decimals(line.value("PVsBestSingleHolm"), 4),
            decimals(line.value("PEquivalent"), 4),
            decimals(line.value("MinDetectableDiff"), 2),
            verdict(line).into(),
        ]);
    }
    (rows.len() > 1).then_some(rows)
}

/// What the tests allow to be said: at the 5 % level, differences corrected for the number of routers.
fn verdict(line: &Line) -> &'static str {
    let below = |metric: &str| line.value(metric).is_some_and(|p| p < 0.05);
    let ahead = line.value("DiffToBestSingle").is_some_and(|difference| difference > 0.0);
    match (below("PVsBestSingleHolm"), below("PEquivalent"), ahead) {
        (true, _, true) => "better",
        (true, _, false) => "worse",
        (false, true, _) => "equivalent",
        (false, false, _) if line.value("PVsBestSingle").is_none() => NONE,
        (false, false, _) => "cannot tell",
    }
}

/// Accuracy that fixed budgets buy, and what fixed accuracies cost; none when no router has a cost to speak of.
fn curve(report: &Report) -> Option<Rows> {
    let mut rows = header([
        "",
        "area %",
        "at 10 % of cost",
        "at 25 %",
        "at 50 %",
        "at 75 %",
        "at 100 %",
        "QNC 95 %",
        "QNC 100 %",
        "hypervolume",
    ]);
    for line in routers(report) {
        let mut row = vec![line.name.clone(), decimals(line.value("AreaUnderCurve"), 2)];
        row.extend([10, 25, 50, 75, 100].map(|share| decimals(line.value(&format!("AccuracyAtBudget@{share}")), 2)));
        row.extend([95, 100].map(|share| decimals(line.value(&format!("QNC@{share}")), 1)));
        row.push(decimals(line.value("Hypervolume"), 1));
        rows.push(row);
    }
    routers(report).any(|line| line.value("AreaUnderCurve").is_some()).then_some(rows)
}

/// Whether a router does more than tell datasets apart, whether its estimates can be believed, and where its money goes.
fn behaviour(report: &Report) -> Option<Rows> {
    let mut rows = header([
        "",
        "skill within datasets",
        "p",
        "collapse %",
        "Brier",
        "calibration error",
        "cost vs Best Single % (by dataset)",
        "micro %",
        "precision-weighted %",
    ]);
    for line in routers(report) {
        rows.push(vec![
            line.name.clone(),
            signed(line.value("WithinDatasetSkill")),
            decimals(line.value("WithinDatasetSkillP"), 3),
            decimals(line.value("RoutingCollapse"), 1),
            decimals(line.value("Brier"), 3),
            decimals(line.value("CalibrationError"), 3),
            decimals(line.value("CostPerDatasetVsBestSingle"), 1),
            decimals(line.value("MicroAcc"), 2),
            decimals(line.value("PrecisionWeightedAcc"), 2),
        ]);
    }
    (rows.len() > 1).then_some(rows)
}

/// HardAcc and Recall on hard queries, and the share of the gap to the Oracle by how many models were right.
fn hard(report: &Report) -> Option<Rows> {
    let mut rows =
        header(["", "HardAcc@1 %", "@2", "@3", "Recall@1 %", "@2", "@3", "@5", "lost at 1 right", "2", "3", "more"]);
    for line in routers(report) {
        let mut row = vec![line.name.clone()];
        row.extend([1, 2, 3].map(|k| decimals(line.value(&format!("HardAcc@{k}")), 1)));
        row.extend([1, 2, 3, 5].map(|r| decimals(line.value(&format!("Recall@{r}")), 1)));
        row.extend([1, 2, 3].map(|k| decimals(line.value(&format!("Regret@{k}")), 2)));
        let more = (4..).map_while(|k| line.value(&format!("Regret@{k}"))).reduce(|sum, regret| sum + regret);
        row.push(decimals(more, 2));
        rows.push(row);
    }
    (rows.len() > 1).then_some(rows)
}

/// PerfGain and ParetoDist of every router.
fn perf_gain(report: &Report) -> Option<Rows> {
    let mut rows = header(["", "points", "PerfGain %", "95 % interval", "cost saved %", "95 % interval", "ParetoDist"]);
    for line in routers(report) {
        rows.push(vec![
            line.name.clone(),
            decimals(line.value("Points"), 0),
            signed(line.value("PerfGain")),
            ends(line.metric("PerfGain"), 2),
            signed(line.value("CostSaveAtPerfGain")),
            ends(line.metric("CostSaveAtPerfGain"), 2),
            decimals(line.value("ParetoDist"), 3),
        ]);
    }
    if report.track == "fair" {
        add_column(&mut rows, 4, "in hindsight", report, |line| signed(line.value("PerfGainHindsight")));
    }
    (rows.len() > 1).then_some(rows)
}

/// CostSave of every router; none when no router has a cost to speak of.
fn cost_save(report: &Report) -> Option<Rows> {
    let fair = report.track == "fair";
    let of_seeds = |line: &Line, metric: &str| {
        let seeds = line.value(&format!("{metric}Seeds")).unwrap_or_default();
        format!("{seeds:.0} of {}", report.seeds.len())
    };
    let save = |line: &Line, metric: &str| line.value(metric).map_or("N/A".into(), |value| format!("{value:+.2}"));
    let mut rows = header(["", "CostSave %", "95 % interval", "AvgAcc vs Best Single", "95 % interval", "seeds"]);
    for line in routers(report) {
        rows.push(vec![
            line.name.clone(),
            save(line, "CostSave"),
            ends(line.metric("CostSave"), 2),
            signed(line.value("DiffAtCostSave")),
            ends(line.metric("DiffAtCostSave"), 2),
            of_seeds(line, "CostSave"),
        ]);
    }
    if fair {
        add_column(&mut rows, 6, "in hindsight %", report, |line| save(line, "CostSaveHindsight"));
        add_column(&mut rows, 7, "seeds", report, |line| of_seeds(line, "CostSaveHindsight"));
    }
    routers(report).any(|line| line.value("Cost").is_some()).then_some(rows)
}

/// Puts a column into a table that has a row for every router.
fn add_column(rows: &mut Rows, at: usize, name: &str, report: &Report, cell: impl Fn(&Line) -> String) {
    let lines = routers(report);
    let cells = std::iter::once(name.to_owned()).chain(lines.map(cell));
    rows.iter_mut().zip(cells).for_each(|(row, cell)| row.insert(at, cell));
}

/// How long answers are waited for, and what training and routing took.
fn time(report: &Report) -> Option<Rows> {
    let mut rows = header(["", "answer s", "train s", "route us/query", "route fuel/query"]);
    for line in ok_lines(report).filter(|line| line.kind == "router" || line.value("Latency").is_some()) {
        rows.push(vec![
            line.name.clone(),
            decimals(line.value("Latency"), 3),
            decimals(line.value("TrainTime"), 2),
            decimals(line.value("RouteTime"), 1),
            decimals(line.value("FuelPerQuery"), 0),
        ]);
    }
    (rows.len() > 1).then_some(rows)
}

fn by_dataset(report: &Report) -> Rows {
    let names: Vec<&Line> = report.lines.iter().filter(|line| report.by_dataset.contains_key(&line.name)).collect();
    let first = [String::new(), "n".to_owned()];
    let mut rows = vec![first.into_iter().chain(names.iter().map(|line| line.name.clone())).collect()];
    for dataset in &report.datasets {
        let number = |line: &&Line| report.by_dataset.get(&line.name).and_then(|by| by.get(dataset)).copied();
        let n = names.first().and_then(number).map_or(NONE.into(), |number| number.n.to_string());
        let values = names.iter().map(|line| decimals(number(line).and_then(|number| number.value), 1));
        rows.push([dataset.clone(), n].into_iter().chain(values).collect());
    }
    rows
}

pub(crate) fn decimals(value: Option<f64>, digits: usize) -> String {
    value.map_or(NONE.into(), |value| format!("{value:.digits$}"))
}

fn signed(value: Option<f64>) -> String {
    value.map_or(NONE.into(), |value| format!("{value:+.2}"))
}

pub(super) fn ends(number: Option<Number>, digits: usize) -> String {
    between(number, |end| format!("{end:.digits$}"))
}

fn between(number: Option<Number>, written: impl Fn(f64) -> String) -> String {
    match number {
        Some(Number { low: Some(low), high: Some(high), .. }) => format!("[{}, {}]", written(low), written(high)),
        _ => NONE.into(),
    }
}

/// A number and, where it has one, its interval.
fn with_ends(number: Option<Number>) -> String {
    let value = decimals(number.and_then(|number| number.value), 2);
    match number {
        Some(Number { low: Some(_), high: Some(_), .. }) => format!("{value} {}", ends(number, 1)),
        _ => value,
    }
}

/// Four decimals, or as many as a small amount needs to show three digits.
fn dollars(value: f64) -> String {
    if value == 0.0 || value >= 0.01 { format!("{value:.4}") } else { format!("{value:.6}") }
}
