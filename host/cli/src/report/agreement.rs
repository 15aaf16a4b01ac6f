//! How alike routers are: one matrix with two halves.

use super::data::{Line, Report};
use super::text::{NONE, Rows, decimals};

/// What the two halves of the matrix are.
pub(super) const HEADING: &str = "Agreement of routers, percent of test queries: above the diagonal the same model chosen, below it both right or both wrong";

/// Routers by number, in the order of the leaderboard; none of fewer than two.
pub(super) fn matrix(report: &Report) -> Option<Rows> {
    let lines: Vec<&Line> = report.lines.iter().filter(|line| line.kind == "router" && line.status == "ok").collect();
    let numbers = (1..=lines.len()).map(|number| number.to_string());
    let mut rows: Rows = vec![["".to_owned(), "no.".to_owned()].into_iter().chain(numbers).collect()];
    for (at, line) in lines.iter().enumerate() {
        let cell = |(other, with): (usize, &&Line)| {
            let half = if other > at { "SameChoice" } else { "SameOutcome" };
            match other == at {
                true => NONE.to_owned(),
                false => decimals(line.metric(&format!("{half} with {}", with.name)).and_then(|share| share.value), 0),
            }
        };
        let cells = lines.iter().enumerate().map(cell);
        rows.push([line.name.clone(), (at + 1).to_string()].into_iter().chain(cells).collect());
    }
    (lines.len() > 1).then_some(rows)
}
