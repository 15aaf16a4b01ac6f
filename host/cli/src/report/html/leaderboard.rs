//! The leaderboard: who is better, by how much, and how sure that is.

use plotters::element::{PathElement, Text};

use super::axes::{Frame, Scale, horizontal};
use super::drawing::{Area, Drawn, Form, Ink, Plot, Side, figure};
use super::markup::{Html, element, visible};
use super::run::Run;
use super::signs::draw_sign;
use super::table::{Cell, Heading, Table, numbers, words};
use crate::report::data::{Line, Number};
use crate::report::text::{NONE, between, decimals, signed, verdict, written_cost};

/// The table with its filters, and the differences to Best Single as a plot.
pub(super) fn section(run: &Run) -> anyhow::Result<Html> {
    let filters = element("div")
        .class("filters")
        .with("data-filters", "leaderboard-table")
        .with("hidden", "")
        .and(
            element("label")
                .text("Name holds ")
                .and(element("input").with("type", "search").with("data-filter", "text").with("autocomplete", "off")),
        )
        .and(element("label").text("Kind ").and(kinds(run)))
        .and(element("output").with("data-filter", "count"));
    let table = table(run);
    let failed = run.report.lines.iter().filter(|line| line.status != "ok").map(|line| {
        let detail = line.detail.as_deref().unwrap_or("no detail");
        element("p").class("note").text(format!("{}: {}: {detail}", line.name, line.status))
    });
    Ok(Html::all([Html::from(filters), table.into(), Html::all(failed), differences(run)?]))
}

fn kinds(run: &Run) -> Html {
    let option = |value: &str, label: &str| Html::from(element("option").with("value", value).text(label));
    let mut options = vec![option("", "all"), option("router", "routers"), option("control", "controls")];
    if run.report.lines.iter().any(|line| line.unranked.is_some()) {
        options.push(option("outside", "outside the ranks"));
    }
    if run.report.lines.iter().any(|line| line.status != "ok") {
        options.push(option("failed", "failed"));
    }
    element("select").with("data-filter", "kind").and(Html::all(options)).into()
}

/// What the filter goes by.
fn kind(line: &Line) -> &'static str {
    match (line.kind, line.status.as_str(), &line.unranked) {
        ("control", _, _) => "control",
        (_, "ok", None) => "router",
        (_, "ok", Some(_)) => "outside",
        _ => "failed",
    }
}

fn headings(run: &Run) -> Vec<Heading> {
    vec![
        words("name"),
        words("kind"),
        numbers("rank").meaning("routers that a test of each pair cannot tell apart share a rank"),
        numbers("AvgAcc %")
            .meaning("accuracy, mean over datasets; below it the 95 % interval on new queries from these datasets"),
        numbers("vs Best Single").meaning("points of AvgAcc; below it the 95 % interval of the difference, paired"),
        numbers("p, Holm").meaning("of the difference to Best Single, corrected for the number of routers"),
        words("verdict").meaning("at the 5 % level"),
        numbers("least detectable")
            .meaning("the smallest difference to Best Single that these queries could have shown"),
        numbers(format!("cost {}", run.report.cost_unit))
            .meaning("of a seed's whole test part, with its 95 % interval"),
        numbers("n").meaning("distinct queries"),
    ]
}

fn table(run: &Run) -> Table {
    let caption = format!(
        "Quality alone, means over {}; {} distinct queries; 95 % intervals in brackets",
        run.seeds(),
        run.report.queries
    );
    let mut table = Table::new("leaderboard-table", caption, headings(run));
    for line in &run.report.lines {
        let number = |metric: &str, digits: usize| {
            let value = line.value(metric);
            Cell::number(decimals(value, digits), value)
        };
        // The number, and its interval below.
        let with_ends = |value: Option<f64>, shown: String, number: Option<Number>, written: &dyn Fn(f64) -> String| {
            let cell = Cell::number(shown, value);
            match number.filter(|number| number.low.is_some()) {
                Some(_) => cell.and(element("small").text(between(number, written))),
                None => cell,
            }
        };
        let kind = kind(line);
        let shown = Cell::words(if kind == "failed" { &line.status } else { kind });
        let shown = match &line.unranked {
            Some(why) if kind == "outside" => shown.and(element("small").text(why)),
            _ => shown,
        };
        let head = Cell::of(element("bdi").text(&line.name));
        if kind == "failed" {
            let detail = line.detail.as_deref().unwrap_or("no detail");
            let mut cells = vec![shown.title(detail).class("worse")];
            cells.resize_with(9, || Cell::words(NONE));
            table.row_of(kind, head, cells);
            continue;
        }
        let difference = line.metric("DiffToBestSingle").filter(|_| line.name != "Best Single");
        let points_ahead = difference.and_then(|difference| difference.value);
        let cost = line.value("Cost");
        let dollars = |cost: f64| written_cost(run.report.cost_unit, cost);
        let points = |end: f64| format!("{end:.2}");
        table.row_of(
            kind,
            head,
            vec![
                shown,
                number("Rank", 0),
                with_ends(line.value("AvgAcc"), decimals(line.value("AvgAcc"), 2), line.metric("AvgAcc"), &points),
                with_ends(points_ahead, signed(points_ahead), difference, &points),
                number("PVsBestSingleHolm", 4),
                judged(line),
                number("MinDetectableDiff", 2),
                with_ends(cost, cost.map_or(NONE.into(), dollars), line.metric("Cost"), &dollars),
                Cell::number(
                    line.metric("AvgAcc").map_or(NONE.into(), |number| number.n.to_string()),
                    line.metric("AvgAcc").map(|number| number.n as f64),
                ),
            ],
        );
    }
    table
}

/// The verdict with a sign, so that it does not need its colour.
fn judged(line: &Line) -> Cell {
    match verdict(line) {
        "better" => Cell::words("▲ better").class("better"),
        "worse" => Cell::words("▼ worse").class("worse"),
        "equivalent" => Cell::words("≈ equivalent"),
        "cannot tell" => Cell::words("? cannot tell").class("quiet"),
        other => Cell::words(other),
    }
}

/// Pixels of one router's row.
const ROW: i32 = 26;
const TOP: i32 = 14;

/// Differences to Best Single with their intervals, one below the other.
fn differences(run: &Run) -> anyhow::Result<Html> {
    let lines: Vec<(usize, &Line, Number, f64)> = run
        .routers()
        .enumerate()
        .filter_map(|(at, line)| {
            let number = line.metric("DiffToBestSingle")?;
            number.value.map(|value| (at, line, number, value))
        })
        .collect();
    if lines.is_empty() {
        return Ok(Html::default());
    }
    let bottom = TOP + ROW * lines.len() as i32;
    // Who is far behind would take the room of all others: a mark at the edge says where it is.
    let widest = lines
        .iter()
        .filter(|(_, line, ..)| verdict(line) != "worse")
        .flat_map(|(_, _, number, _)| [number.low, number.high]);
    let limit = -4.0 * widest.flatten().map(f64::abs).fold(1.0, f64::max);
    let far = |number: &Number| number.high.or(number.value) < Some(limit);
    let draw = |area: &Area<'_>, form: Form| -> Drawn {
        let (left, letters) = if form == Form::Wide { (260, 30) } else { (148, 16) };
        let frame: Frame = (left, TOP, form.width() - 20, bottom);
        let near = lines.iter().filter(|(_, _, number, _)| !far(number));
        let values = near.flat_map(|(_, _, number, _)| [number.value, number.low, number.high]).flatten();
        let x = Scale::linear(values.chain([0.0]), (frame.0, frame.2));
        horizontal(area, &x, frame, "points of AvgAcc against Best Single")?;
        area.draw(&PathElement::new(vec![(x.at(0.0), TOP), (x.at(0.0), bottom)], Ink::Strong.line(1)))?;
        for (row, (at, line, number, value)) in lines.iter().enumerate() {
            let y = TOP + ROW * row as i32 + ROW / 2;
            let ink = Ink::Series(*at as u8);
            let words = |text: String, x: i32, side: Side| Text::new(text, (x, y), Ink::Strong.text(16, side));
            area.draw(&words(visible(&cut(&format!("{}. {}", at + 1, line.name), letters)), frame.0 - 10, Side::Left))?;
            if far(number) {
                area.draw(&words(format!("◀ {value:+.1}, off the scale"), frame.0 + 6, Side::Right))?;
                continue;
            }
            if let (Some(low), Some(high)) = (number.low, number.high) {
                area.draw(&PathElement::new(vec![(x.at(low), y), (x.at(high), y)], ink.line(2)))?;
            }
            draw_sign(area, *at, (x.at(*value), y), 5, ink)?;
        }
        Ok(())
    };
    let plot = Plot {
        id: "differences",
        title: "Difference to Best Single",
        description: "Each router's AvgAcc less that of Best Single, with its 95 % interval (uncorrected; the same numbers are in \
                      the table above). An interval that holds 0 is no evidence of a difference.",
        heights: (bottom + 60, bottom + 60),
        crowded: false,
    };
    figure(&plot, draw, Html::default())
}

/// A name that fits, cut with a mark.
pub(super) fn cut(name: &str, most: usize) -> String {
    match name.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}
