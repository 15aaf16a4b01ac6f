//! Accuracy against cost: each router's curve over preferences, the frontier, controls and single models.

mod draw;
mod tables;

use super::drawing::{Area, Form, Plot, figure};
use super::markup::{Html, element};
use super::models::SingleModel;
use super::run::{Run, SweepPoint};
use super::signs::legend;
use crate::report::data::{Line, Number};

/// Series whose intervals and names all have room.
const ROOM: usize = 8;

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

/// Everything that is drawn.
struct Scene<'a> {
    run: &'a Run,
    series: Vec<Series<'a>>,
    controls: Vec<Mark>,
    models: &'a [SingleModel],
    frontier: Vec<(&'a str, SweepPoint)>,
    crowded: bool,
}

/// The section; none of it is drawn where no cost is known.
pub(super) fn section(run: &Run, models: &[SingleModel]) -> anyhow::Result<Html> {
    let series = series(run);
    if series.is_empty() {
        let why = "No router has a cost that is known for every query, so there is no plot: a missing cost is not 0.";
        return Ok(element("p").text(why).into());
    }
    let crowded = series.len() > ROOM;
    let scene = Scene { run, series, controls: controls(run), models, frontier: run.frontier(), crowded };
    let mut out = sweep(&scene)?;
    if crowded {
        out.push(detail(&scene)?);
    }
    out.push(tables::tables(&scene));
    Ok(out)
}

fn sweep(scene: &Scene<'_>) -> anyhow::Result<Html> {
    let intervals = match scene.crowded {
        true => {
            "Choose routers in the legend to bring them forward with their 95 % intervals; the plot below has their numbers."
        }
        false => "Whiskers and bands are 95 % intervals of AvgAcc over new queries.",
    };
    let description = format!(
        "Each line is a router's sweep from quality alone (its sign) to cost alone, {} preferences, means over {}. \
         The staircase is the frontier: points of ranked routers that no other beats in both. {intervals}",
        scene.series.iter().map(|series| series.points.len()).max().unwrap_or(0),
        scene.run.seeds()
    );
    let mut below = legend(scene.series.iter().map(|series| (series.at, series.name)));
    let models = if scene.models.is_empty() { "" } else { ", × single model of the pool" };
    below.push(element("p").class("note").text(format!("◇ control{models}, thin staircase: frontier.")));
    let drawn = |line: &Line| scene.series.iter().any(|series| series.name == line.name);
    let unknown: Vec<&str> = scene.run.routers().filter(|line| !drawn(line)).map(|line| line.name.as_str()).collect();
    if !unknown.is_empty() {
        below.push(
            element("p").class("note").text(format!("Not drawn, because a cost is unknown: {}.", unknown.join(", "))),
        );
    }
    let plot = Plot {
        id: "tradeoff",
        title: "Accuracy against cost",
        description: &description,
        heights: draw::HEIGHTS,
        crowded: scene.crowded,
    };
    figure(&plot, |area: &Area<'_>, form: Form| draw::sweep(area, form, scene), below)
}

/// Where many routers lie close together, a second look at their signs alone.
fn detail(scene: &Scene<'_>) -> anyhow::Result<Html> {
    let plot = Plot {
        id: "tradeoff-detail",
        title: "The same at quality alone, enlarged",
        description: "Only the signs: each router's choice at quality alone, with Best Single, Dataset Expert and Dataset \
                      Oracle. Whiskers are 95 % intervals of AvgAcc.",
        heights: draw::HEIGHTS,
        crowded: false,
    };
    figure(
        &plot,
        |area: &Area<'_>, form: Form| draw::detail(area, form, scene),
        legend(scene.series.iter().map(|series| (series.at, series.name))),
    )
}

fn series(run: &Run) -> Vec<Series<'_>> {
    let of_line = |(at, line): (usize, &'_ Line)| {
        let (name, points) = run.sweep.get_key_value(&line.name)?;
        let known = |point: &SweepPoint| point.accuracy.value.is_some() && point.cost.value.is_some();
        points.iter().all(known).then(|| Series { at, name, points: points.clone() })
    };
    run.routers().enumerate().filter_map(of_line).collect()
}

fn controls(run: &Run) -> Vec<Mark> {
    let of_line = |line: &Line| {
        let (accuracy, cost) = (line.metric("AvgAcc")?, line.metric("Cost")?);
        (accuracy.value.is_some() && cost.value.is_some()).then(|| Mark { name: line.name.clone(), accuracy, cost })
    };
    run.controls().filter_map(of_line).collect()
}
