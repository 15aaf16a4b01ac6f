//! Reports for people: tables in a terminal or in Markdown.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle, presets};

use super::columns::{Column, column, difference, interval, plain, rows};
use super::data::{Line, Number, Report};
use super::screen::{Screen, Style};
use super::{agreement, notes};

/// Where there is no number.
pub(super) const NONE: &str = "-";

/// Tables for a terminal.
pub(crate) fn terminal(report: &Report, screen: &Screen) -> String {
    let (title, notes) = (screen.prose(&title(report)), screen.prose(&notes::notes(report)));
    layout(report, title, notes, |heading, rows| on_screen(report, screen, heading, rows))
}

/// The leaderboard alone, with what must be known to read it.
pub(crate) fn leaderboard_only(report: &Report, screen: &Screen) -> String {
    let table = |heading, rows: &Rows| on_screen(report, screen, heading, rows);
    let outside = outside(report).map(|rows| format!("{}\n", table(OUTSIDE, &rows))).unwrap_or_default();
    let (title, notes) = (screen.prose(&title(report)), screen.prose(&notes::of_leaderboard(report)));
    format!("{title}\n\n{}\n{outside}{notes}", table(LEADERBOARD, &leaderboard(report)))
}

/// A table with its rows styled where that says who is better: the verdict of the test against Best Single, and in bold
/// the most accurate router. Everything that colour says is in the table too.
fn on_screen(report: &Report, screen: &Screen, heading: &str, rows: &Rows) -> String {
    let judged = [LEADERBOARD, AGAINST].contains(&heading);
    let best = routers(report)
        .filter(|line| line.unranked.is_none())
        .filter_map(|line| Some((line.value("AvgAcc")?, &line.name)))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    screen.table(heading, rows, |row| {
        let line = routers(report).find(|line| row.first() == Some(&line.name)).filter(|_| judged);
        match line.map(|line| (verdict(line), best.is_some_and(|(_, name)| *name == line.name))) {
            Some(("better", _)) => Style::Better,
            Some(("worse", _)) => Style::Worse,
            Some((_, true)) => Style::Bold,
            _ => Style::Plain,
        }
    })
}

pub(super) fn plain_table(heading: &str, rows: &Rows) -> String {
    Screen::PLAIN.table(heading, rows, |_| Style::Plain)
}

/// Tables in Markdown.
pub(crate) fn markdown(report: &Report) -> String {
    layout(report, title(report), notes::notes(report), markdown_table)
}

pub(super) fn markdown_table(heading: &str, rows: &Rows) -> String {
    let table = filled(rows, presets::ASCII_MARKDOWN);
    format!("## {heading}\n\n{table}\n")
}

/// Heading and rows; the first row is the header.
pub(crate) type Rows = Vec<Vec<String>>;

/// A table that is as wide as its cells are.
pub(super) fn filled(rows: &Rows, style: TableStyle) -> Table {
    let mut table = Table::new();
    table.load_style(style).set_content_arrangement(ContentArrangement::Disabled);
    if let Some((header, body)) = rows.split_first() {
        table.set_header(header);
        table.add_rows(body);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn layout(report: &Report, title: String, notes: String, table: impl Fn(&str, &Rows) -> String) -> String {
    let mut text = title + "\n\n";
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
    more(AGAINST, against_best_single(report));
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
    text.push_str(&notes);
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

/// The heading of the tests.
const AGAINST: &str = "Against Best Single: is the difference real?";

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
    let written = |cost| written_cost(report.cost_unit, cost);
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
    let ratio = |heading, metric: &'static str| column(heading, move |line| with_ends(line.metric(metric)));
    let columns = [
        ratio("Gain@R %", "Gain@R"),
        ratio("Gain@B %", "Gain@B"),
        ratio("Gap@O %", "Gap@O"),
        ratio("HardAcc@3 %", "HardAcc@3"),
    ];
    rows(ok_lines(report), &columns)
}

/// A table of the routers; none without any.
fn of_routers(report: &Report, columns: &[Column<'_>]) -> Option<Rows> {
    Some(rows(routers(report), columns)).filter(|rows| rows.len() > 1)
}

/// Tests of every router against Best Single, and what they say.
fn against_best_single(report: &Report) -> Option<Rows> {
    let columns = [
        difference("points", "DiffToBestSingle"),
        interval("95 % interval", "DiffToBestSingle"),
        interval("on new datasets", "DiffToBestSingleOverDatasets"),
        interval("over seeds (Nadeau-Bengio)", "DiffToBestSingleOverSeeds"),
        plain("p", "PVsBestSingle", 4),
        plain("p, Holm", "PVsBestSingleHolm", 4),
        plain("p, within 1 point", "PEquivalent", 4),
        plain("least detectable", "MinDetectableDiff", 2),
        column("verdict", |line| verdict(line).into()),
    ];
    of_routers(report, &columns)
}

/// What the tests allow to be said: at the 5 % level, differences corrected for the number of routers.
pub(super) fn verdict(line: &Line) -> &'static str {
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
    let budget = |heading, share: u32| plain(heading, format!("AccuracyAtBudget@{share}"), 2);
    let columns = [
        plain("area %", "AreaUnderCurve", 2),
        budget("at 10 % of cost", 10),
        budget("at 25 %", 25),
        budget("at 50 %", 50),
        budget("at 75 %", 75),
        budget("at 100 %", 100),
        plain("QNC 95 %", "QNC@95", 1),
        plain("QNC 100 %", "QNC@100", 1),
        plain("hypervolume", "Hypervolume", 1),
    ];
    let any = routers(report).any(|line| line.value("AreaUnderCurve").is_some());
    of_routers(report, &columns).filter(|_| any)
}

/// Whether a router does more than tell datasets apart, whether its estimates can be believed, and where its money goes.
fn behaviour(report: &Report) -> Option<Rows> {
    let columns = [
        difference("skill within datasets", "WithinDatasetSkill"),
        plain("p", "WithinDatasetSkillP", 3),
        plain("collapse %", "RoutingCollapse", 1),
        plain("Brier", "Brier", 3),
        plain("calibration error", "CalibrationError", 3),
        plain("cost vs Best Single % (by dataset)", "CostPerDatasetVsBestSingle", 1),
        plain("micro %", "MicroAcc", 2),
        plain("precision-weighted %", "PrecisionWeightedAcc", 2),
    ];
    of_routers(report, &columns)
}

/// HardAcc and Recall on hard queries, and the share of the gap to the Oracle by how many models were right.
fn hard(report: &Report) -> Option<Rows> {
    let more = |line: &Line| (4..).map_while(|k| line.value(&format!("Regret@{k}"))).reduce(|sum, regret| sum + regret);
    let columns = [
        plain("HardAcc@1 %", "HardAcc@1", 1),
        plain("@2", "HardAcc@2", 1),
        plain("@3", "HardAcc@3", 1),
        plain("Recall@1 %", "Recall@1", 1),
        plain("@2", "Recall@2", 1),
        plain("@3", "Recall@3", 1),
        plain("@5", "Recall@5", 1),
        plain("lost at 1 right", "Regret@1", 2),
        plain("2", "Regret@2", 2),
        plain("3", "Regret@3", 2),
        column("more", move |line| decimals(more(line), 2)),
    ];
    of_routers(report, &columns)
}

/// PerfGain and ParetoDist of every router.
fn perf_gain(report: &Report) -> Option<Rows> {
    let mut columns = vec![
        plain("points", "Points", 0),
        difference("PerfGain %", "PerfGain"),
        interval("95 % interval", "PerfGain"),
        difference("cost saved %", "CostSaveAtPerfGain"),
        interval("95 % interval", "CostSaveAtPerfGain"),
        plain("ParetoDist", "ParetoDist", 3),
    ];
    if report.track == "fair" {
        columns.insert(3, difference("in hindsight", "PerfGainHindsight"));
    }
    of_routers(report, &columns)
}

/// CostSave of every router; none when no router has a cost to speak of.
fn cost_save(report: &Report) -> Option<Rows> {
    let all = report.seeds.len();
    let seeds = |metric: &'static str| {
        column("seeds", move |line| format!("{:.0} of {all}", line.value(metric).unwrap_or_default()))
    };
    let save = |heading, metric: &'static str| {
        column(heading, move |line| line.value(metric).map_or("N/A".into(), |value| format!("{value:+.2}")))
    };
    let mut columns = vec![
        save("CostSave %", "CostSave"),
        interval("95 % interval", "CostSave"),
        difference("AvgAcc vs Best Single", "DiffAtCostSave"),
        interval("95 % interval", "DiffAtCostSave"),
        seeds("CostSaveSeeds"),
    ];
    if report.track == "fair" {
        columns.extend([save("in hindsight %", "CostSaveHindsight"), seeds("CostSaveHindsightSeeds")]);
    }
    let any = routers(report).any(|line| line.value("Cost").is_some());
    of_routers(report, &columns).filter(|_| any)
}

/// How long answers are waited for, and what training and routing took.
fn time(report: &Report) -> Option<Rows> {
    let columns = [
        plain("answer s", "Latency", 3),
        plain("train s", "TrainTime", 2),
        plain("route us/query", "RouteTime", 1),
        plain("route fuel/query", "FuelPerQuery", 0),
    ];
    let timed = ok_lines(report).filter(|line| line.kind == "router" || line.value("Latency").is_some());
    Some(rows(timed, &columns)).filter(|rows| rows.len() > 1)
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

pub(super) fn signed(value: Option<f64>) -> String {
    value.map_or(NONE.into(), |value| format!("{value:+.2}"))
}

pub(super) fn ends(number: Option<Number>, digits: usize) -> String {
    between(number, |end| format!("{end:.digits$}"))
}

pub(super) fn between(number: Option<Number>, written: impl Fn(f64) -> String) -> String {
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

/// A cost in the unit of a run's costs.
pub(super) fn written_cost(unit: &str, cost: f64) -> String {
    if unit == "USD" { dollars(cost) } else { format!("{cost:.1}") }
}

/// Four decimals, or as many as a small amount needs to show three digits.
fn dollars(value: f64) -> String {
    if value == 0.0 || value >= 0.01 { format!("{value:.4}") } else { format!("{value:.6}") }
}
