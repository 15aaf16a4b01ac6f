//! Grids in what a model wrote.

use serde_json::Value;

/// Rows of integers, all of one length.
pub(super) type Grid = Vec<Vec<i64>>;

/// The reference's rules: for one test the grid that ends at the last bracket, else the last in double brackets; for
/// several the first that many in double brackets, then in blocks between blank lines.
pub(super) fn compat(reply: &str, tests: usize) -> Vec<Grid> {
    if tests == 1 {
        return last_grid(reply).into_iter().collect();
    }
    let mut found = in_double_brackets(reply);
    if found.len() < tests {
        found.extend(reply.split("\n\n").filter_map(last_grid));
    }
    found.truncate(tests);
    found
}

/// The last that many grids, written as lists of lists or, where there are too few of those, as rows of numbers.
pub(super) fn fixed(reply: &str, tests: usize) -> Vec<Grid> {
    let mut found = in_double_brackets(reply);
    if found.len() < tests {
        let rows = as_rows(reply);
        if rows.len() > found.len() {
            found = rows;
        }
    }
    found.split_off(found.len().saturating_sub(tests))
}

fn last_grid(text: &str) -> Option<Grid> {
    up_to_last_bracket(text).or_else(|| in_double_brackets(text).pop())
}

/// What stands between the last closing bracket and its partner.
fn up_to_last_bracket(text: &str) -> Option<Grid> {
    let end = text.rfind(']')?;
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().take(end + 1).collect::<Vec<_>>().into_iter().rev() {
        match byte {
            b']' => depth += 1,
            b'[' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return grid(&serde_json::from_str(&text[at..=end]).ok()?);
        }
    }
    None
}

/// Every grid in double brackets, in order.
fn in_double_brackets(text: &str) -> Vec<Grid> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        rest = &rest[start..];
        if !rest[1..].trim_start().starts_with('[') {
            rest = &rest[1..];
            continue;
        }
        match end_of_lists(rest) {
            Some(end) => {
                found.extend(serde_json::from_str(&rest[..end]).ok().as_ref().and_then(grid));
                rest = &rest[end..];
            }
            None => rest = &rest[1..],
        }
    }
    found
}

/// Behind the double bracket that closes a list of lists; none when something else than a list of lists begins here.
fn end_of_lists(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'0'..=b'9' | b'-' | b',' | b' ' | b'\n' | b'\r' | b'\t' | b'a'..=b'z' => {}
            _ => return None,
        }
        match depth {
            0 => return Some(at + 1),
            1 | 2 => {}
            _ => return None,
        }
    }
    None
}

/// A list of lists of integers of one length; true and false count as 1 and 0.
fn grid(value: &Value) -> Option<Grid> {
    let cell = |value: &Value| value.as_i64().or_else(|| value.as_bool().map(i64::from));
    let row = |value: &Value| value.as_array()?.iter().map(cell).collect::<Option<Vec<i64>>>();
    let rows = value.as_array()?.iter().map(row).collect::<Option<Grid>>()?;
    even(&rows).then_some(rows)
}

/// Grids as lines of numbers with blanks or commas between them, ended by any other line.
fn as_rows(text: &str) -> Vec<Grid> {
    let row = |line: &str| -> Option<Vec<i64>> {
        let cells = line.split([' ', '\t', ',']).filter(|cell| !cell.is_empty());
        let cells: Option<Vec<i64>> = cells.map(|cell| cell.parse().ok()).collect();
        cells.filter(|cells| !cells.is_empty())
    };
    let mut found = vec![Grid::new()];
    for line in text.lines() {
        match (row(line), found.last_mut()) {
            (Some(row), Some(last)) => last.push(row),
            _ => found.push(Grid::new()),
        }
    }
    found.retain(even);
    found
}

fn even(rows: &Grid) -> bool {
    rows.first().is_some_and(|first| rows.iter().all(|row| row.len() == first.len()))
}
