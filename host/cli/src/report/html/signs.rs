//! Signs of series, so that nobody needs colour to tell them apart, and names that do not lie on each other.

use plotters::element::{Circle, PathElement, Polygon, Text};

use super::drawing::{Area, Drawn, Ink, SERIES_COLOURS, Side};
use super::markup::{Html, element};

/// Signs before they come again.
const SIGNS: [&str; 5] = ["●", "■", "▲", "◆", "▼"];

/// The sign of a series as text: series of one colour have different ones.
pub(super) fn sign(series: usize) -> &'static str {
    SIGNS[(series + series / SERIES_COLOURS) % SIGNS.len()]
}

/// Names of series with their signs; the script makes buttons of them, which bring a series forward.
pub(super) fn legend<'a>(series: impl Iterator<Item = (usize, &'a str)>) -> Html {
    let entry = |(at, name): (usize, &str)| {
        let colour = format!("key s{}", at % SERIES_COLOURS);
        element("li").and(
            element("span")
                .with("data-focus", at.to_string())
                .and(element("span").class(&colour).with("aria-hidden", "true").text(sign(at)))
                .text(format!(" {}. ", at + 1))
                .and(element("bdi").text(name)),
        )
    };
    element("ul").class("legend").and(Html::all(series.map(entry))).into()
}

/// Draws the sign of a series.
pub(super) fn draw_sign(area: &Area<'_>, series: usize, place: (i32, i32), radius: i32, ink: Ink) -> Drawn {
    let (x, y) = place;
    let r = radius;
    let corners: Vec<(i32, i32)> = match sign(series) {
        "■" => vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
        "▲" => vec![(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)],
        "◆" => vec![(x, y - r - 2), (x + r + 2, y), (x, y + r + 2), (x - r - 2, y)],
        "▼" => vec![(x, y + r + 1), (x + r + 1, y - r), (x - r - 1, y - r)],
        _ => {
            area.draw(&Circle::new(place, r, ink.filled()))?;
            return Ok(());
        }
    };
    area.draw(&Polygon::new(corners, ink.filled()))?;
    Ok(())
}

/// An upright cross, as single models have it.
pub(super) fn draw_cross(area: &Area<'_>, (x, y): (i32, i32), radius: i32, ink: Ink) -> Drawn {
    for (from, to) in
        [((x - radius, y - radius), (x + radius, y + radius)), ((x - radius, y + radius), (x + radius, y - radius))]
    {
        area.draw(&PathElement::new(vec![from, to], ink.line(2)))?;
    }
    Ok(())
}

/// What is taken already, so that the next name finds a free place.
#[derive(Debug)]
pub(super) struct Labels {
    taken: Vec<(i32, i32, i32, i32)>,
    bounds: (i32, i32, i32, i32),
}

impl Labels {
    /// Names within left, top, right, bottom.
    pub(super) fn within(bounds: (i32, i32, i32, i32)) -> Self {
        Self { taken: Vec::new(), bounds }
    }

    /// Keeps names off a place.
    pub(super) fn keep_off(&mut self, (x, y): (i32, i32), radius: i32) {
        self.taken.push((x - radius, y - radius, x + radius, y + radius));
    }

    /// Writes a name beside its place, where it lies on as little as can be; a line leads there when it is far.
    pub(super) fn write(&mut self, area: &Area<'_>, name: &str, place: (i32, i32), size: u32, ink: Ink) -> Drawn {
        // The widths of a usual sans serif, generously.
        let (width, height) = ((name.chars().count() as f64 * f64::from(size) * 0.5) as i32 + 4, size as i32);
        let centre = |dx: i32, dy: i32| {
            let x = place.0 + dx.signum() * (dx.abs() + width / 2);
            (x, place.1 + dy)
        };
        let near = [(10, 0), (-10, 0), (0, -16), (0, 16), (10, -12), (-10, -12), (10, 12), (-10, 12)];
        let far = [24, 38, 54, 72]
            .into_iter()
            .flat_map(|d| [(d, -d), (-d, -d), (d, d), (-d, d), (d, 0), (-d, 0), (0, -d), (0, d)]);
        let boxes = near.into_iter().chain(far).map(|(dx, dy)| {
            let (x, y) = centre(dx, dy);
            (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        });
        // Farther is a little worse, overlap is much worse.
        let cost = |at: usize, found: &(i32, i32, i32, i32)| {
            let outside = found.0 < self.bounds.0
                || found.1 < self.bounds.1
                || found.2 > self.bounds.2
                || found.3 > self.bounds.3;
            let overlap: i32 = self.taken.iter().map(|taken| overlap(taken, found)).sum();
            overlap * 100 + at as i32 + if outside { 1_000_000 } else { 0 }
        };
        let best = boxes.enumerate().min_by_key(|(at, found)| cost(*at, found));
        let Some((at, found)) = best else { return Ok(()) };
        self.taken.push(found);
        let middle = ((found.0 + found.2) / 2, (found.1 + found.3) / 2);
        if at >= near.len() {
            let end = (place.0.clamp(found.0, found.2), place.1.clamp(found.1, found.3));
            area.draw(&PathElement::new(vec![place, end], Ink::Muted.line(1)))?;
        }
        area.draw(&Text::new(name.to_owned(), middle, ink.text(size, Side::On)))?;
        Ok(())
    }
}

fn overlap(a: &(i32, i32, i32, i32), b: &(i32, i32, i32, i32)) -> i32 {
    let width = a.2.min(b.2) - a.0.max(b.0);
    let height = a.3.min(b.3) - a.1.max(b.1);
    if width > 0 && height > 0 { width * height } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_series_have_different_signs_or_colours() {
        let mut seen = std::collections::BTreeSet::new();
        assert!((0..20).all(|series| seen.insert((sign(series), series % SERIES_COLOURS))));
    }

    #[test]
    fn boxes_overlap_where_they_share_pixels() {
        assert_eq!(overlap(&(0, 0, 10, 10), &(5, 5, 20, 20)), 25);
        assert_eq!(overlap(&(0, 0, 10, 10), &(10, 0, 20, 10)), 0);
    }
}
