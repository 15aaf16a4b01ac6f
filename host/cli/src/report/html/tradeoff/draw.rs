//! The drawing of accuracy against cost.

use plotters::element::{PathElement, Polygon};

use super::{Mark, ROOM, Scene, Series};
use crate::report::data::Number;
use crate::report::html::axes::{Frame, Scale, horizontal, vertical};
use crate::report::html::drawing::{Area, Drawn, Form, Ink};
use crate::report::html::markup::visible;
use crate::report::html::run::{Run, SweepPoint};
use crate::report::html::signs::{Labels, draw_cross, draw_sign};

/// Pixels from top to bottom, wide and narrow.
pub(super) const HEIGHTS: (i32, i32) = (620, 440);

fn frame(form: Form) -> Frame {
    let height = if form == Form::Wide { HEIGHTS.0 } else { HEIGHTS.1 };
    (62, 34, form.width() - 20, height - 64)
}

/// Size of names, in pixels.
const TEXT: u32 = 16;
/// Of a name, at most so many characters are drawn.
const NAME: usize = 24;
/// Controls that are far away from any router.
const FAR: [&str; 2] = ["Random", "Oracle"];

/// Two axes, and where they lie.
struct Axes {
    form: Form,
    x: Scale,
    y: Scale,
}

impl Axes {
    /// Axes that hold these numbers and intervals, drawn.
    fn drawn(
        area: &Area<'_>,
        form: Form,
        run: &Run,
        points: &[(Number, f64)],
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let (left, top, right, bottom) = frame(form);
        let costs = || points.iter().map(|(_, cost)| *cost);
        let ends = points.iter().flat_map(|(accuracy, _)| [accuracy.value, accuracy.low, accuracy.high]).flatten();
        // What is free has no logarithm.
        let log = costs().all(|cost| cost > 0.0);
        let x = if log { Scale::log(costs(), (left, right)) } else { Scale::linear(costs(), (left, right)) };
        let y = Scale::linear(ends, (bottom, top));
        vertical(area, &y, frame(form), "AvgAcc, %")?;
        let (cost, unit) = (run.cost_name(), run.report.cost_unit);
        let name = match form {
            Form::Wide => format!("{cost} of a seed's test part, {unit}{}", if log { " (logarithmic)" } else { "" }),
            Form::Narrow => format!("{cost}, {unit}{}", if log { " (logarithmic)" } else { "" }),
        };
        horizontal(area, &x, frame(form), &name)?;
        Ok(Self { form, x, y })
    }

    fn place(&self, accuracy: Number, cost: Number) -> Option<(i32, i32)> {
        Some((self.x.at(cost.value?), self.y.at(accuracy.value?)))
    }
}

/// A number and a cost, where both are known.
fn both(accuracy: Number, cost: Number) -> Option<(Number, f64)> {
    accuracy.value?;
    Some((accuracy, cost.value?))
}

/// Everything.
pub(super) fn sweep(area: &Area<'_>, form: Form, scene: &Scene<'_>) -> Drawn {
    let of_series =
        scene.series.iter().flat_map(|series| &series.points).filter_map(|point| both(point.accuracy, point.cost));
    let of_controls = scene.controls.iter().filter_map(|mark| both(mark.accuracy, mark.cost));
    let single = |value| Number { value: Some(value), low: None, high: None, n: 0 };
    let of_models = scene.models.iter().map(|model| (single(model.accuracy), model.cost));
    let points: Vec<(Number, f64)> = of_series.chain(of_controls).chain(of_models).collect();
    let axes = Axes::drawn(area, form, scene.run, &points)?;
    let mut labels = Labels::within(frame(form));
    scene.series.iter().try_for_each(|series| band(area, series, &axes))?;
    for model in scene.models {
        let place = (axes.x.at(model.cost), axes.y.at(model.accuracy));
        labels.keep_off(place, 4);
        draw_cross(area, place, 4, Ink::Muted)?;
    }
    draw_frontier(area, &scene.frontier, &axes)?;
    for series in &scene.series {
        let line = series.points.iter().filter_map(|point| axes.place(point.accuracy, point.cost)).collect::<Vec<_>>();
        area.draw(&PathElement::new(line, Ink::Series(series.at as u8).line(2)))?;
    }
    let all: Vec<&Mark> = scene.controls.iter().collect();
    signs(area, scene, &all, &axes, &mut labels)
}

/// The signs at quality alone.
pub(super) fn detail(area: &Area<'_>, form: Form, scene: &Scene<'_>) -> Drawn {
    let near: Vec<&Mark> = scene.controls.iter().filter(|mark| !FAR.contains(&mark.name.as_str())).collect();
    let lowest = near.iter().filter_map(|mark| mark.accuracy.low.or(mark.accuracy.value)).fold(f64::INFINITY, f64::min);
    let of_controls = near.iter().filter_map(|mark| both(mark.accuracy, mark.cost));
    let first = |series: &Series<'_>| series.points.first().and_then(|point| both(point.accuracy, point.cost));
    // A router far below everything else would take the room of all others.
    let far = |series: &Series<'_>| {
        first(series).is_some_and(|(number, _)| number.high.or(number.value) < Some(lowest - 2.0))
    };
    let series: Vec<Series<'_>> = scene
        .series
        .iter()
        .filter(|series| !far(series))
        .map(|series| Series { at: series.at, name: series.name, points: series.points.clone() })
        .collect();
    let points: Vec<(Number, f64)> = series.iter().filter_map(first).chain(of_controls).collect();
    let axes = Axes::drawn(area, form, scene.run, &points)?;
    let shown =
        Scene { run: scene.run, series, controls: Vec::new(), models: &[], frontier: Vec::new(), crowded: false };
    signs(area, &shown, &near, &axes, &mut Labels::within(frame(form)))
}

/// Signs, whiskers and names of routers at quality alone, and of controls.
fn signs(area: &Area<'_>, scene: &Scene<'_>, controls: &[&Mark], axes: &Axes, labels: &mut Labels) -> Drawn {
    let of_controls: Vec<(&Mark, (i32, i32))> =
        controls.iter().filter_map(|mark| Some((*mark, axes.place(mark.accuracy, mark.cost)?))).collect();
    let of_series: Vec<(&Series<'_>, SweepPoint, (i32, i32))> = scene
        .series
        .iter()
        .filter_map(|series| {
            let point = *series.points.first()?;
            Some((series, point, axes.place(point.accuracy, point.cost)?))
        })
        .collect();
    for (mark, place) in &of_controls {
        whiskers(area, mark.accuracy, axes, place.0, Ink::Strong)?;
        labels.keep_off(*place, 7);
        let (x, y) = *place;
        let corners = vec![(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)];
        area.draw(&Polygon::new(corners.clone(), Ink::Ground.filled()))?;
        area.draw(&PathElement::new([corners.as_slice(), &corners[..1]].concat(), Ink::Strong.line(2)))?;
    }
    for (series, point, place) in &of_series {
        whiskers(area, point.accuracy, axes, place.0, Ink::Whisker(series.at as u8))?;
        labels.keep_off(*place, 6);
        draw_sign(area, series.at, *place, 5, Ink::Series(series.at as u8))?;
    }
    for (mark, place) in &of_controls {
        labels.write(area, &mark.name, *place, TEXT, Ink::Strong)?;
    }
    // Where there are too many, the enlarged plot has their numbers; the legend says whose they are.
    for (series, _, place) in of_series.iter().filter(|_| !scene.crowded) {
        let name = match axes.form == Form::Wide && scene.run.routers().count() <= ROOM {
            true => visible(&super::super::leaderboard::cut(series.name, NAME)),
            false => (series.at + 1).to_string(),
        };
        labels.write(area, &name, *place, TEXT, Ink::Strong)?;
    }
    Ok(())
}

/// The intervals along a curve, where the run has them.
fn band(area: &Area<'_>, series: &Series<'_>, axes: &Axes) -> Drawn {
    let ends = |of: fn(&Number) -> Option<f64>| -> Option<Vec<(i32, i32)>> {
        let end = |point: &SweepPoint| Some((axes.x.at(point.cost.value?), axes.y.at(of(&point.accuracy)?)));
        series.points.iter().map(end).collect()
    };
    if let (Some(low), Some(high)) = (ends(|number| number.low), ends(|number| number.high)) {
        let outline: Vec<(i32, i32)> = low.into_iter().chain(high.into_iter().rev()).collect();
        area.draw(&Polygon::new(outline, Ink::Band(series.at as u8).filled()))?;
    }
    Ok(())
}

fn whiskers(area: &Area<'_>, accuracy: Number, axes: &Axes, x: i32, ink: Ink) -> Drawn {
    let (Some(low), Some(high)) = (accuracy.low, accuracy.high) else { return Ok(()) };
    let (low, high) = (axes.y.at(low), axes.y.at(high));
    for line in [vec![(x, low), (x, high)], vec![(x - 3, low), (x + 3, low)], vec![(x - 3, high), (x + 3, high)]] {
        area.draw(&PathElement::new(line, ink.line(1)))?;
    }
    Ok(())
}

/// A staircase: what money buys for certain is the best point that costs no more.
fn draw_frontier(area: &Area<'_>, frontier: &[(&str, SweepPoint)], axes: &Axes) -> Drawn {
    let mut line: Vec<(i32, i32)> = Vec::new();
    for (_, point) in frontier {
        let Some(place) = axes.place(point.accuracy, point.cost) else { continue };
        if let Some(last) = line.last().copied() {
            line.push((place.0, last.1));
        }
        line.push(place);
    }
    if let Some(last) = line.last().copied() {
        line.push((frame(axes.form).2, last.1));
    }
    area.draw(&PathElement::new(line, Ink::Strong.line(1)))?;
    Ok(())
}
