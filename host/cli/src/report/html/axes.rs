//! Axes: where a value lies, and which values are named.

use plotters::element::{PathElement, Text};

use super::drawing::{Area, Drawn, Ink, Side};

/// Size of the text of axes, in pixels.
const TEXT: u32 = 16;

/// Pixels that a text takes at most, in a usual sans serif.
pub(super) fn width_of(words: &str, size: u32) -> i32 {
    (words.chars().count() as f64 * f64::from(size) * 0.55).ceil() as i32
}

/// How values are laid out along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    /// Pixels of `low` and `high`.
    from: f64,
    to: f64,
}

impl Scale {
    /// Evenly, with a little room at both ends; whole widths where all values are equal.
    pub(super) fn linear(values: impl Iterator<Item = f64>, (from, to): (i32, i32)) -> Self {
        let (low, high) = ends(values);
        let room = if high > low { (high - low) * 0.05 } else { 1.0 };
        Self { low: low - room, high: high + room, log: false, from: from.into(), to: to.into() }
    }

    /// By its logarithm, which every value must have.
    pub(super) fn log(values: impl Iterator<Item = f64>, (from, to): (i32, i32)) -> Self {
        let (low, high) = ends(values);
        let room = if high > low { (high / low).powf(0.05) } else { 2.0 };
        Self { low: low / room, high: high * room, log: true, from: from.into(), to: to.into() }
    }

    /// The same axis with these ends.
    pub(super) fn between(self, low: f64, high: f64) -> Self {
        Self { low, high, ..self }
    }

    /// The pixel of a value, at most the axis' ends.
    pub(super) fn at(&self, value: f64) -> i32 {
        let share = match self.log {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        (self.from + share.clamp(0.0, 1.0) * (self.to - self.from)).round() as i32
    }

    /// Values worth naming, ascending: some five to ten.
    pub(super) fn ticks(&self) -> Vec<f64> {
        // Within one decade round numbers are better than powers.
        if self.log && self.high / self.low > 6.0 { self.log_ticks() } else { self.linear_ticks() }
    }

    fn linear_ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|at| at as f64 * step).collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let of = |factors: &[f64]| -> Vec<f64> {
            let values =
                decades.clone().flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)));
            values.filter(|value| (self.low..=self.high).contains(value)).collect()
        };
        // As many as have room.
        let fine: [&[f64]; 3] = [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0]];
        fine.into_iter().map(of).find(|ticks| ticks.len() >= 4).unwrap_or_else(|| of(&[1.0, 2.0, 3.0, 5.0]))
    }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// A number as an axis names it: without digits that say nothing.
pub(super) fn tick(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { (1 - value.abs().log10().floor() as i32).clamp(0, 9) as usize };
    let written = format!("{value:.digits$}");
    match written.contains('.') {
        true => written.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => written,
    }
}

/// The rectangle between two axes: left, top, right, bottom in pixels.
pub(super) type Frame = (i32, i32, i32, i32);

/// Lines and names of the vertical axis; what it is of stands above it.
pub(super) fn vertical(area: &Area<'_>, scale: &Scale, (left, top, right, _): Frame, name: &str) -> Drawn {
    for value in scale.ticks() {
        let y = scale.at(value);
        area.draw(&PathElement::new(vec![(left, y), (right, y)], Ink::Grid.line(1)))?;
        area.draw(&Text::new(tick(value), (left - 8, y), Ink::Muted.text(TEXT, Side::Left)))?;
    }
    area.draw(&Text::new(name.to_owned(), (left - 44, top - 18), Ink::Muted.text(TEXT, Side::Right)))?;
    Ok(())
}

/// Lines and names of the horizontal axis, as many names as have room; what it is of stands below it.
pub(super) fn horizontal(area: &Area<'_>, scale: &Scale, (left, top, right, bottom): Frame, name: &str) -> Drawn {
    let mut free_from = i32::MIN;
    for value in scale.ticks() {
        let (x, name) = (scale.at(value), tick(value));
        area.draw(&PathElement::new(vec![(x, top), (x, bottom)], Ink::Grid.line(1)))?;
        let half = width_of(&name, TEXT) / 2;
        if x - half >= free_from {
            area.draw(&Text::new(name, (x, bottom + 8), Ink::Muted.text(TEXT, Side::Below)))?;
            free_from = x + half + 8;
        }
    }
    area.draw(&PathElement::new(vec![(left, bottom), (right, bottom)], Ink::Muted.line(1)))?;
    area.draw(&Text::new(name.to_owned(), ((left + right) / 2, bottom + 30), Ink::Muted.text(TEXT, Side::Below)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_between_the_ends_of_their_axis() {
        let linear = Scale::linear([10.0, 20.0].into_iter(), (0, 110));
        assert_eq!((linear.at(9.5), linear.at(15.0), linear.at(99.0)), (0, 55, 110));
        let log = Scale::log([0.001, 1.0].into_iter(), (0, 1000)).between(0.001, 1.0);
        assert_eq!((log.at(0.001), log.at(0.1), log.at(1.0)), (0, 667, 1000));
        let upwards = Scale::linear([0.0, 1.0].into_iter(), (100, 0));
        assert!(upwards.at(1.0) < upwards.at(0.0));
    }

    #[test]
    fn ticks_are_round_and_some() {
        let ticks = Scale::linear([36.0, 81.0].into_iter(), (0, 1)).ticks();
        assert_eq!(ticks, [40.0, 50.0, 60.0, 70.0, 80.0]);
        for (low, high) in [(0.0011, 0.0029), (7.3, 14.2), (0.3, 2.9), (0.01, 40.0), (1e-6, 1e3)] {
            let ticks = Scale::log([low, high].into_iter(), (0, 1)).ticks();
            assert!((3..=12).contains(&ticks.len()), "{ticks:?}");
        }
        assert_eq!([0.0, 0.0015, 0.3, 12.0, 1000.0].map(tick), ["0", "0.0015", "0.3", "12", "1000"]);
    }

    #[test]
    fn one_value_alone_has_an_axis_too() {
        let scale = Scale::linear([5.0].into_iter(), (0, 100));
        assert_eq!(scale.at(5.0), 50);
        assert_eq!(Scale::log([5.0].into_iter(), (0, 100)).at(5.0), 50);
    }
}
