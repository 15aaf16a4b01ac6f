//! Accuracy against cost: each router's curve over preferences, the frontier, controls and single models.

use plotters::element::{PathElement, Polygon};

use super::axes::{Frame, Scale, horizontal, vertical};
use super::drawing::{Area, Drawn, Ink, figure};
use super::markup::{Html, element};
use super::models::SingleModel;
use super::run::{Run, SweepPoint};
use super::signs::{Labels, draw_cross, draw_sign, sign};
use super::table::{Cell, Table, numbers, words};
use crate::report::data::Number;
use crate::report::text::{between, decimals, written_cost};

const SIZE: (u32, u32) = (980, 600);
const FRAME: Frame = (60, 34, 960, 540);
/// Series that have their names in the drawing; more have their numbers.
const NAMED: usize = 8;

/// A router whose points can be drawn.
struct Series<'a> {
    /// Its place in the leaderboard's order, which gives its colour and sign.
    at: usize,
    name: &'a str,
    points: Vec<SweepPoint>,
}

/// What has an accuracy and a cost.
struct Mark {
    name: String,
    accuracy: Number,
    cost: Number,
}

/// The section; none of it is drawn where no cost is known.
pub(super) fn section(run: &Run, models: &[SingleModel]) -> anyhow::Result<Html> {
    let series = series(run);
    let controls: Vec<Mark> = run
        .controls()
        .filter_map(|line| {
            let (accuracy, cost) = (line.metric("AvgAcc")?, line.metric("Cost")?);
            (accuracy.value.is_some() && cost.value.is_some()).then(|| Mark { name: line.name.clone(), accuracy, cost })
        })
        .collect();
    if series.is_empty() {
        let why = "No router has a cost that is known for every query, so there is no plot: a missing cost is not 0.";
        return Ok(element("p").text(why).into());
    }
    let unknown: Vec<&str> = run
        .routers()
        .filter(|line| !series.iter().any(|series| series.name == line.name))
        .map(|line| line.name.as_str())
        .collect();
    let frontier = run.frontier();
    let description = format!(
        "Each line is a router's sweep from quality alone (its sign) to cost alone, {} preferences, means over {} seeds. \
         The staircase is the frontier: points of ranked routers that no other beats in both. Whiskers and bands are 95 % intervals \
         of AvgAcc over new queries; where a run has none for its sweep there is no band.",
        series.iter().map(|series| series.points.len()).max().unwrap_or(0),
        run.report.seeds.len()
    );
    let mut below = legend(&series);
    if !unknown.is_empty() {
        below.push(element("p").class("note").text(format!("Not drawn, because a cost is unknown: {}.", unknown.join(", "))));
    }
    below.push(tables(run, &series, &controls, models, &frontier));
    let draw = |area: &Area<'_>| draw(area, run, &series, &controls, models, &frontier);
    figure("tradeoff", "Accuracy against cost", &description, SIZE, draw, below)
}

fn series(run: &Run) -> Vec<Series<'_>> {
    let of_line = |(at, line): (usize, &'_ crate::report::data::Line)| {
        let (name, points) = run.sweep.get_key_value(&line.name)?;
        let known = |point: &SweepPoint| point.accuracy.value.is_some() && point.cost.value.is_some();
        points.iter().all(known).then(|| Series { at, name, points: points.clone() })
    };
    run.routers().enumerate().filter_map(of_line).collect()
}

/// A point that has both.
fn place(x: &Scale, y: &Scale, accuracy: Number, cost: Number) -> Option<(i32, i32)> {
    Some((x.at(cost.value?), y.at(accuracy.value?)))
}

fn draw(
    area: &Area<'_>,
    run: &Run,
    series: &[Series<'_>],
    controls: &[Mark],
    models: &[SingleModel],
    frontier: &[(&str, SweepPoint)],
) -> Drawn {
    let (left, top, right, bottom) = FRAME;
    let points = || series.iter().flat_map(|series| &series.points);
    let costs = || {
        points()
            .map(|point| point.cost)
            .chain(controls.iter().map(|mark| mark.cost))
            .filter_map(|cost| cost.value)
            .chain(models.iter().map(|model| model.cost))
    };
    let accuracies = points()
        .map(|point| point.accuracy)
        .chain(controls.iter().map(|mark| mark.accuracy))
        .flat_map(|number| [number.value, number.low, number.high])
        .flatten()
        .chain(models.iter().map(|model| model.accuracy));
    // What is free has no logarithm.
    let log = costs().all(|cost| cost > 0.0);
    let x = if log { Scale::log(costs(), (left, right)) } else { Scale::linear(costs(), (left, right)) };
    let y = Scale::linear(accuracies, (bottom, top));
    vertical(area, &y, FRAME, "AvgAcc, %")?;
    let axis = format!(
        "total cost of a seed's test part, {}{}",
        run.report.cost_unit,
        if log { " (logarithmic)" } else { "" }
    );
    horizontal(area, &x, FRAME, &axis)?;
    let mut labels = Labels::within((left, top, right, bottom));
    bands(area, series, &x, &y)?;
    for model in models {
        let place = (x.at(model.cost), y.at(model.accuracy));
        labels.keep_off(place, 4);
        draw_cross(area, place, 4, Ink::Muted)?;
    }
    draw_frontier(area, frontier, &x, &y, (top, right))?;
    for series in series {
        let line: Vec<(i32, i32)> =
            series.points.iter().filter_map(|point| place(&x, &y, point.accuracy, point.cost)).collect();
        area.draw(&PathElement::new(line, Ink::Series(series.at as u8).line(2)))?;
    }
    for mark in controls {
        let Some(place) = place(&x, &y, mark.accuracy, mark.cost) else { continue };
        whiskers(area, mark.accuracy, &y, place.0, Ink::Strong)?;
        labels.keep_off(place, 7);
        let corners = vec![(place.0, place.1 - 6), (place.0 + 6, place.1), (place.0, place.1 + 6), (place.0 - 6, place.1)];
        area.draw(&Polygon::new(corners.clone(), Ink::Ground.filled()))?;
        area.draw(&PathElement::new([corners.as_slice(), &corners[..1]].concat(), Ink::Strong.line(2)))?;
    }
    for series in series {
        let Some(point) = series.points.first() else { continue };
        let Some(place) = place(&x, &y, point.accuracy, point.cost) else { continue };
        let ink = Ink::Series(series.at as u8);
        whiskers(area, point.accuracy, &y, place.0, ink)?;
        labels.keep_off(place, 6);
        draw_sign(area, series.at, place, 5, ink)?;
    }
    for mark in controls {
        let Some(place) = place(&x, &y, mark.accuracy, mark.cost) else { continue };
        labels.write(area, &mark.name, place, 13, Ink::Strong)?;
    }
    for series in series {
        let Some(point) = series.points.first() else { continue };
        let Some(place) = place(&x, &y, point.accuracy, point.cost) else { continue };
        let number = (series.at + 1).to_string();
        labels.write(area, if run.routers().count() <= NAMED { series.name } else { &number }, place, 13, Ink::Strong)?;
    }
    Ok(())
}

fn bands(area: &Area<'_>, series: &[Series<'_>], x: &Scale, y: &Scale) -> Drawn {
    for series in series {
        let ends = |of: fn(&Number) -> Option<f64>| -> Option<Vec<(i32, i32)>> {
            let end = |point: &SweepPoint| Some((x.at(point.cost.value?), y.at(of(&point.accuracy)?)));
            series.points.iter().map(end).collect()
        };
        let (Some(low), Some(high)) = (ends(|number| number.low), ends(|number| number.high)) else { continue };
        let outline: Vec<(i32, i32)> = low.into_iter().chain(high.into_iter().rev()).collect();
        area.draw(&Polygon::new(outline, Ink::Band(series.at as u8).filled()))?;
    }
    Ok(())
}

fn whiskers(area: &Area<'_>, accuracy: Number, y: &Scale, x: i32, ink: Ink) -> Drawn {
    let (Some(low), Some(high)) = (accuracy.low, accuracy.high) else { return Ok(()) };
    area.draw(&PathElement::new(vec![(x, y.at(low)), (x, y.at(high))], ink.line(1)))?;
    for end in [low, high] {
        area.draw(&PathElement::new(vec![(x - 3, y.at(end)), (x + 3, y.at(end))], ink.line(1)))?;
    }
    Ok(())
}

/// A staircase: what money buys for certain is the best point that costs no more.
fn draw_frontier(area: &Area<'_>, frontier: &[(&str, SweepPoint)], x: &Scale, y: &Scale, (_, right): (i32, i32)) -> Drawn {
    let mut line: Vec<(i32, i32)> = Vec::new();
    for (_, point) in frontier {
        let Some(place) = place(x, y, point.accuracy, point.cost) else { continue };
        if let Some(last) = line.last().copied() {
            line.push((place.0, last.1));
        }
        line.push(place);
    }
    if let Some(last) = line.last().copied() {
        line.push((right, last.1));
    }
    area.draw(&PathElement::new(line, Ink::Strong.line(1)))?;
    Ok(())
}

/// Buttons that bring one router forward; without the script it is a legend.
fn legend(series: &[Series<'_>]) -> Html {
    let item = |series: &Series<'_>| {
        let colour = format!("key s{}", series.at % super::drawing::SERIES_COLOURS);
        element("li").and(
            element("span")
                .with("data-focus", series.at.to_string())
                .and(element("span").class(&colour).with("aria-hidden", "true").text(sign(series.at)))
                .text(format!(" {}. ", series.at + 1))
                .and(element("bdi").text(series.name)),
        )
    };
    let marks = element("p").class("note").text("◇ control, × single model of the pool, thin staircase: frontier.");
    Html::all([Html::from(element("ul").class("legend").and(Html::all(series.iter().map(item)))), marks.into()])
}

fn tables(run: &Run, series: &[Series<'_>], controls: &[Mark], models: &[SingleModel], frontier: &[(&str, SweepPoint)]) -> Html {
    let cost_of = |cost: Option<f64>| Cell::number(cost.map_or("-".into(), |cost| written_cost(run.report.cost_unit, cost)), cost);
    let headings = |first: &str| {
        vec![
            words(first),
            numbers("preference"),
            numbers("AvgAcc %"),
            numbers("95 % interval"),
            numbers(format!("cost {}", run.report.cost_unit)),
        ]
    };
    let cells = |point: &SweepPoint| {
        vec![
            Cell::number(super::axes::tick(point.preference), Some(point.preference)),
            Cell::number(decimals(point.accuracy.value, 2), point.accuracy.value),
            Cell::number(between(Some(point.accuracy), |end| format!("{end:.2}")), None),
            cost_of(point.cost.value),
        ]
    };
    let mut on_it = Table::new("frontier-points", "Points of the frontier, cheapest first", headings("router"));
    frontier.iter().for_each(|(name, point)| on_it.row(*name, cells(point)));
    let mut all = Table::new("sweep-points", "Every point that is drawn", headings("what"));
    for mark in controls {
        let point = SweepPoint { preference: 0.0, accuracy: mark.accuracy, cost: mark.cost };
        all.row(&mark.name, cells(&point));
    }
    for model in models {
        let number = |value| Number { value: Some(value), low: None, high: None, n: 0 };
        let point = SweepPoint { preference: 0.0, accuracy: number(model.accuracy), cost: number(model.cost) };
        all.row(model.name.as_str(), cells(&point));
    }
    for series in series {
        series.points.iter().for_each(|point| all.row(series.name, cells(point)));
    }
    let details = |summary: &str, table: Table| Html::from(element("details").and(element("summary").text(summary)).and(table));
    Html::all([details("Points of the frontier as a table", on_it), details("All points as a table", all)])
}
