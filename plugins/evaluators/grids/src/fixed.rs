//! The repaired rules: the last grids count, and rows of digits are a grid too.

use routerlab_answers::thinking::after_thinking;

use crate::grid::{Grid, grid_at};

/// The last grids of the reply for so many tests; none where one is missing.
pub(crate) fn grids(reply: &str, tests: usize) -> Vec<Option<Grid>> {
    let reply = after_thinking(reply);
    let mut found = lists(reply);
    if found.len() < tests {
        let drawn = drawn(reply);
        if drawn.len() >= tests {
            found = drawn;
        }
    }
    let first = found.len().saturating_sub(tests);
    let mut found: Vec<Option<Grid>> = found.drain(first..).map(Some).collect();
    found.resize(tests, None);
    found
}

/// Every grid written as a list of lists, also one of several in a list.
fn lists(text: &str) -> Vec<Grid> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('[') {
        at += open;
        match grid_at(&text[at..]) {
            Some((grid, length)) => {
                found.push(grid);
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// Every block of lines that hold integers and nothing but blanks, commas, bars and brackets between them; or, on lines of
/// digits without blanks, one cell for each digit. All lines of a block have equally many.
fn drawn(text: &str) -> Vec<Grid> {
    let mut found: Vec<Grid> = Vec::new();
    let mut block: Grid = Vec::new();
    for line in text.lines().chain([""]) {
        let row = row(line);
        let goes_on = row.as_ref().is_some_and(|row| block.first().is_none_or(|first| first.len() == row.len()));
        if !goes_on {
            found.extend(Some(std::mem::take(&mut block)).filter(|block| !block.is_empty()));
        }
        block.extend(row);
    }
    found
}

fn row(line: &str) -> Option<Vec<i64>> {
    let is_between = |char: char| matches!(char, ' ' | '\t' | ',' | '|' | '[' | ']');
    let cells: Vec<&str> = line.trim_end().split(is_between).filter(|cell| !cell.is_empty()).collect();
    match cells.as_slice() {
        [] => None,
        [only] if only.len() > 1 && only.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(only.bytes().map(|byte| i64::from(byte - b'0')).collect())
        }
        cells => cells.iter().map(|cell| cell.parse().ok()).collect(),
    }
}
