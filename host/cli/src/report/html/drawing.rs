//! Plots: drawn by `plotters` in marker colours, which become variables of the page's style, so that both of its colour
//! schemes are right and nothing but the style sheet names a colour.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, ShapeStyle, TextStyle};

use super::markup::{Html, element};

/// Where plots are drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Colours of series that the style sheet has; more series than these take them again, with another sign.
pub(super) const SERIES_COLOURS: usize = 8;

/// A colour by what it is for. Green tells the role, blue which series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text and signs that matter.
    Strong,
    /// Text of axes, signs in the background.
    Muted,
    /// Lines of the grid.
    Grid,
    /// What lies behind everything.
    Ground,
    /// One of many series, from 0.
    Series(u8),
    /// The interval around a curve.
    Band(u8),
    /// The interval of a point.
    Whisker(u8),
}

impl Ink {
    /// The colour that stands for it while drawing.
    pub(super) fn rgb(self) -> RGBColor {
        match self {
            Self::Strong => RGBColor(1, 10, 0),
            Self::Muted => RGBColor(1, 11, 0),
            Self::Grid => RGBColor(1, 12, 0),
            Self::Ground => RGBColor(1, 13, 0),
            Self::Series(at) => RGBColor(1, 20, at),
            Self::Band(at) => RGBColor(1, 21, at),
            Self::Whisker(at) => RGBColor(1, 22, at),
        }
    }

    fn of_marker(red: u8, green: u8, blue: u8) -> Option<Self> {
        match (red, green, blue) {
            (1, 10, 0) => Some(Self::Strong),
            (1, 11, 0) => Some(Self::Muted),
            (1, 12, 0) => Some(Self::Grid),
            (1, 13, 0) => Some(Self::Ground),
            (1, 20, at) => Some(Self::Series(at)),
            (1, 21, at) => Some(Self::Band(at)),
            (1, 22, at) => Some(Self::Whisker(at)),
            _ => None,
        }
    }

    /// The variable of the style sheet.
    fn variable(self) -> String {
        match self {
            Self::Strong => "var(--ink)".into(),
            Self::Muted => "var(--muted)".into(),
            Self::Grid => "var(--grid)".into(),
            Self::Ground => "var(--ground)".into(),
            Self::Series(at) | Self::Band(at) | Self::Whisker(at) => {
                format!("var(--s{})", usize::from(at) % SERIES_COLOURS)
            }
        }
    }

    /// The class and the series of an element of this colour.
    fn attributes(self) -> String {
        match self {
            Self::Series(at) => format!(" class=\"series\" data-series=\"{at}\""),
            Self::Band(at) => format!(" class=\"band\" data-series=\"{at}\""),
            Self::Whisker(at) => format!(" class=\"whisker\" data-series=\"{at}\""),
            Self::Ground => " class=\"halo\"".into(),
            _ => String::new(),
        }
    }

    /// A line of so many pixels.
    pub(super) fn line(self, width: u32) -> ShapeStyle {
        self.rgb().stroke_width(width)
    }

    /// A filled shape.
    pub(super) fn filled(self) -> ShapeStyle {
        self.rgb().filled()
    }

    /// Text of a size, beside its place.
    pub(super) fn text(self, size: u32, side: Side) -> TextStyle<'static> {
        let pos = match side {
            Side::Right => Pos::new(HPos::Left, VPos::Center),
            Side::Left => Pos::new(HPos::Right, VPos::Center),
            Side::Below => Pos::new(HPos::Center, VPos::Top),
            Side::On => Pos::new(HPos::Center, VPos::Center),
        };
        let mut style = TextStyle::from(("sans-serif", size).into_font()).pos(pos);
        style.color = self.rgb().to_backend_color();
        style
    }
}

/// Where a text lies beside its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Right,
    Left,
    Below,
    On,
}

/// What a plot could not be drawn for.
pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The forms in which every plot is drawn: the style sheet shows the one that has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For a window of usual size.
    Wide,
    /// For a phone, where text of a wide drawing would be too small.
    Narrow,
}

impl Form {
    /// Pixels across.
    pub(super) fn width(self) -> i32 {
        match self {
            Self::Wide => 980,
            Self::Narrow => 420,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// What a plot is called, and how large it is.
pub(super) struct Plot<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'a str,
    /// For who does not see it.
    pub(super) description: &'a str,
    /// Pixels from top to bottom, wide and narrow.
    pub(super) heights: (i32, i32),
    /// Whether there are too many series for all their intervals; each is shown when its series is brought forward.
    pub(super) crowded: bool,
}

/// Draws a plot in both forms, with a title, a description for who does not see it, and what belongs below it (a legend, its table).
pub(super) fn figure(
    plot: &Plot<'_>,
    draw: impl Fn(&Area<'_>, Form) -> Drawn,
    below: impl Into<Html>,
) -> anyhow::Result<Html> {
    let Plot { id, title, description, heights, crowded } = *plot;
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
    let mut scroll = element("div")
        .class("scroll plot")
        .with("role", "group")
        .with("aria-label", format!("{title}, plot"))
        .with("tabindex", "0");
    for (form, height) in [(Form::Wide, heights.0), (Form::Narrow, heights.1)] {
        let width = form.width();
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (width as u32, height as u32)).into_drawing_area();
            draw(&area, form).map_err(|error| anyhow::anyhow!("the plot `{id}` cannot be drawn: {error}"))?;
            area.present().map_err(|error| anyhow::anyhow!("the plot `{id}` cannot be drawn: {error}"))?;
        }
        let drawn = coloured(&svg);
        let opening = format!(
            "<svg class=\"{}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{title_id}\" \
             aria-describedby=\"{description_id}\">",
            form.class()
        );
        let body = drawn.split_once('>').map_or("", |(_, body)| body);
        scroll = scroll.and(Html::own(opening + body));
    }
    Ok(element("figure")
        .with("id", id)
        .class(if crowded { "crowded" } else { "" })
        .and(
            element("figcaption")
                .and(element("strong").with("id", title_id).text(title))
                .and(element("span").with("id", description_id).text(description)),
        )
        .and(scroll)
        .and(below)
        .into())
}

/// The drawing with variables for marker colours, and with its series named. Each element has a line of its own.
fn coloured(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    for line in svg.lines() {
        let mut line = line.to_owned();
        let mut named = None;
        for attribute in ["fill=\"#", "stroke=\"#"] {
            let Some(at) = line.find(attribute) else { continue };
            let from = at + attribute.len();
            let ink = line.get(from..from + 6).and_then(|hex| {
                let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
                Ink::of_marker(byte(0)?, byte(2)?, byte(4)?)
            });
            if let Some(ink) = ink {
                line.replace_range(from - 1..from + 6, &ink.variable());
                named = Some(ink);
            }
        }
        if let (Some(ink), Some(end)) = (named, line.find(' ')) {
            line.insert_str(end, &ink.attributes());
        }
        // One style for all text of the page.
        let line = line.replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", "");
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marker_colours_become_variables_and_series_have_names() {
        let svg = "<line opacity=\"1\" stroke=\"#010C00\" x1=\"1\"/>\n<polyline fill=\"none\" opacity=\"1\" stroke=\"#011409\" points=\"1,2 \"/>";
        let found = coloured(svg);
        assert!(found.contains("stroke=\"var(--grid)\""), "{found}");
        assert!(found.contains("<polyline class=\"series\" data-series=\"9\""), "{found}");
        assert!(found.contains("stroke=\"var(--s1)\""), "{found}");
    }
}
