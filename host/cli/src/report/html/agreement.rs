//! How alike routers are: one matrix with two halves.

use super::heat::{between, gap, most};
use super::markup::{Html, element};
use super::run::Run;
use super::table::{Cell, Table, numbers, words};
use crate::report::data::Line;

/// The matrix; a sentence where there are not two routers.
pub(super) fn section(run: &Run) -> Html {
    let lines: Vec<&Line> = run.routers().collect();
    if lines.len() < 2 {
        return element("p").text("There are not two routers to compare.").into();
    }
    let mut headings = vec![words("router")];
    headings.extend((1..=lines.len()).map(|number| numbers(number.to_string()).meaning(&lines[number - 1].name)));
    let caption = "Percent of tested queries. Above the diagonal: the same model chosen; below it: both right or both wrong. Columns have the numbers of the rows; colours run within each half.";
    let mut table = Table::new("agreement-table", caption, headings).heat();
    let shares = |half: &str| {
        let all =
            lines.iter().flat_map(|line| lines.iter().map(|with| line.value(&format!("{half} with {}", with.name))));
        most(all.flatten())
    };
    let (choices, outcomes) = (shares("SameChoice"), shares("SameOutcome"));
    for (at, line) in lines.iter().enumerate() {
        let cell = |(other, with): (usize, &&Line)| {
            let half = if other > at { "SameChoice" } else { "SameOutcome" };
            match line.value(&format!("{half} with {}", with.name)) {
                _ if other == at => Cell::words("·").class("self"),
                Some(share) => {
                    let what = if other > at { "same model" } else { "both right or both wrong" };
                    between(share, 0, if other > at { choices } else { outcomes })
                        .title(format!("{} and {}: {what}", line.name, with.name))
                }
                None => gap("-"),
            }
        };
        let head = Cell::of(element("span").text(format!("{}. ", at + 1)).and(element("bdi").text(&line.name)));
        table.row(head, lines.iter().enumerate().map(cell).collect());
    }
    table.into()
}
