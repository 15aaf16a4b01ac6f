//! What the reader's terminal is like: how wide, and whether it shows colours.
//!
//! Where stdout is no terminal nothing is known and nothing changes: lines are as long as they are, and without colour.

use std::io::IsTerminal;

use clap::ValueEnum;
use comfy_table::presets;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::text::{Rows, filled};

/// When to show colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Colour {
    /// In a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Also into files and pipes
    Always,
    /// Nowhere
    Never,
}

/// The flag of commands that show a report.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Look {
    /// When to show colours
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

/// How a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// The best of its table.
    Bold,
    /// Better than Best Single.
    Better,
    /// Worse than Best Single.
    Worse,
}

/// Where a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Columns of the terminal; none where lines may be as long as they are.
    pub(super) width: Option<usize>,
    pub(super) colour: bool,
}

/// A column's name is kept in every part of a table that is folded, cut to this share of the width.
const NAME_SHARE: f64 = 0.4;

impl Screen {
    /// A file, or a program that reads.
    pub(crate) const PLAIN: Self = Self { width: None, colour: false };

    /// What stdout is.
    pub(crate) fn of_stdout(look: Look) -> Self {
        let stdout = std::io::stdout();
        let terminal = stdout.is_terminal();
        // An empty NO_COLOR counts as none (no-color.org).
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = rustix::termios::tcgetwinsize(&stdout).ok().map(|size| usize::from(size.ws_col));
        Self {
            width: width.filter(|width| terminal && *width > 0),
            colour: match look.color {
                Colour::Auto => terminal && !forbidden,
                Colour::Always => true,
                Colour::Never => false,
            },
        }
    }

    /// The same without colour: a file that `--out` names gets none unless it is asked for.
    pub(crate) fn into_file(look: Look) -> Self {
        Self { width: None, colour: look.color == Colour::Always }
    }

    /// A table under its heading, the name of each row first. One that is wider than the screen is folded: the columns
    /// that have no room follow in further parts, each with the names again, so no line breaks and nothing is left out.
    pub(super) fn table(&self, heading: &str, rows: &Rows, style: impl Fn(&[String]) -> Style) -> String {
        let parts = self.folded(rows);
        let mut out = self.prose(heading) + "\n";
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            let text = filled(part, presets::NOTHING).to_string();
            // A line for each row, the head first; cells hold no line breaks.
            for (number, (line, row)) in text.lines().zip(rows).enumerate() {
                let style = if number == 0 { Style::Plain } else { style(row) };
                out.push_str(&self.styled(line, style));
                out.push('\n');
            }
        }
        out
    }

    /// Words in lines that fit.
    pub(super) fn prose(&self, words: &str) -> String {
        let Some(width) = self.width else { return words.to_owned() };
        let wrapped = words.split('\n').map(|line| wrap(line, width));
        wrapped.collect::<Vec<String>>().join("\n")
    }

    fn styled(&self, line: &str, style: Style) -> String {
        let code = match style {
            Style::Plain => return line.to_owned(),
            Style::Bold => "1",
            Style::Better => "32",
            Style::Worse => "31",
        };
        if self.colour { format!("\u{1b}[{code}m{line}\u{1b}[0m") } else { line.to_owned() }
    }

    /// The columns in parts that fit, each with the names in front.
    fn folded(&self, rows: &Rows) -> Vec<Rows> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let wide = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| wide(column).unwrap_or_default()).collect();
        // A blank on both sides of each cell.
        let all: usize = widths.iter().map(|width| width + 2).sum();
        let Some(width) = self.width.filter(|width| all > *width) else { return vec![rows.clone()] };
        let name = (width as f64 * NAME_SHARE) as usize;
        let names = widths.first().copied().unwrap_or_default().min(name.max(8)) + 2;
        let mut parts: Vec<Vec<usize>> = vec![Vec::new()];
        let mut used = names;
        for (column, own) in widths.iter().enumerate().skip(1) {
            if used + own + 2 > width && parts.last().is_some_and(|part| !part.is_empty()) {
                parts.push(Vec::new());
                used = names;
            }
            used += own + 2;
            if let Some(part) = parts.last_mut() {
                part.push(column);
            }
        }
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let of_row = |row: &Vec<String>, part: &[usize]| {
            let name = cut(&cell(row, 0), names - 2);
            std::iter::once(name).chain(part.iter().map(|column| cell(row, *column))).collect()
        };
        parts.iter().map(|part| rows.iter().map(|row| of_row(row, part)).collect()).collect()
    }
}

/// A name that takes at most so many columns, with a mark where it is cut.
fn cut(name: &str, most: usize) -> String {
    if name.width() <= most {
        return name.to_owned();
    }
    let mut columns = 0;
    let fits = |letter: &char| {
        columns += letter.width().unwrap_or_default();
        columns < most
    };
    name.chars().take_while(fits).chain(['…']).collect()
}

/// A line broken between words; what is longer than a line stays whole.
fn wrap(line: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in line.split(' ') {
        let long = word.width();
        if used > 0 && used + 1 + long > width {
            out.push('\n');
            used = 0;
        } else if used > 0 || !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += long;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let row = |cells: [&str; 4]| cells.map(String::from).to_vec();
        vec![row(["", "AvgAcc %", "95 % interval", "cost USD"]), row(["knn", "64.36", "[60.50, 68.07]", "0.002609"])]
    }

    #[test]
    fn a_table_that_fits_is_as_it_was() {
        let plain = Screen::PLAIN.table("Heading", &rows(), |_| Style::Better);
        assert_eq!(plain, Screen { width: Some(80), colour: false }.table("Heading", &rows(), |_| Style::Better));
        assert_eq!(
            plain,
            "Heading\n      AvgAcc %   95 % interval  cost USD \n knn     64.36  [60.50, 68.07]  0.002609 \n"
        );
    }

    #[test]
    fn a_table_that_is_too_wide_is_folded_and_nothing_is_left_out() {
        let screen = Screen { width: Some(30), colour: false };
        let folded = screen.table("A heading that is longer than a line", &rows(), |_| Style::Plain);
        assert!(folded.lines().all(|line| line.chars().count() <= 30), "{folded}");
        assert_eq!(folded.lines().filter(|line| line.starts_with(" knn")).count(), 3, "{folded}");
        for cell in rows().concat() {
            assert!(folded.contains(&cell), "{cell} in {folded}");
        }
    }

    #[test]
    fn letters_that_take_two_columns_are_counted_so() {
        assert_eq!(["名前名前", "abc", "名前"].map(|name| cut(name, 4)), ["名…", "abc", "名前"]);
        assert_eq!(Screen { width: Some(6), colour: false }.prose("名前 前 a"), "名前\n前 a");
        let rows =
            rows().into_iter().map(|row| row.iter().map(|cell| cell.replace("knn", "名前名前")).collect()).collect();
        let folded = Screen { width: Some(30), colour: false }.table("", &rows, |_| Style::Plain);
        assert!(folded.lines().all(|line| line.width() <= 30), "{folded}");
    }

    #[test]
    fn colours_are_around_lines_and_only_where_there_are_any() {
        let coloured = Screen { width: None, colour: true }.table("H", &rows(), |_| Style::Worse);
        assert_eq!(coloured.lines().filter(|line| line.contains('\u{1b}')).count(), 1, "{coloured}");
        let stripped = coloured.replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
        assert_eq!(stripped, Screen::PLAIN.table("H", &rows(), |_| Style::Plain));
    }

    #[test]
    fn words_are_not_broken() {
        let screen = Screen { width: Some(12), colour: false };
        assert_eq!(screen.prose("one two three-four-five six"), "one two\nthree-four-five\nsix");
        assert_eq!(screen.prose("a\n\nb"), "a\n\nb");
    }
}
