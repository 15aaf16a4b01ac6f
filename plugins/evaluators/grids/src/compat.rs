//! The reference's rules, quirks included.

use routerlab_answers::{is_space, strip};

use crate::grid::{Grid, whole_grid};

/// The grids of the reply for so many tests; none where one is missing.
pub(crate) fn grids(reply: &str, tests: usize) -> Vec<Option<Grid>> {
    if tests == 1 {
        return vec![last_list(reply).or_else(|| last_pattern(reply))];
    }
    let mut found = in_order(reply);
    for block in reply.split("\n\n") {
        if found.len() >= tests {
            break;
        }
        found.extend(whole_grid(strip(block)));
    }
    let mut found: Vec<Option<Grid>> = found.into_iter().map(Some).collect();
    found.resize(tests, None);
    found
}

/// The list that the last closing bracket ends.
fn last_list(text: &str) -> Option<Grid> {
    let end = text.rfind(']')? + 1;
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().take(end).rev() {
        match byte {
            b']' => depth += 1,
            b'[' if depth == 1 => return whole_grid(&text[at..end]),
            b'[' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The last of the pieces of digits, blanks, commas and brackets that begin and end with two brackets and are a grid.
///
/// In a run of such characters there is one piece at most: from the first two opening brackets to the last two closing
/// ones.
fn last_pattern(text: &str) -> Option<Grid> {
    let in_run = |char: char| char.is_numeric() || is_space(char) || matches!(char, ',' | '[' | ']');
    text.rsplit(|char| !in_run(char)).find_map(|run| {
        let start = run.match_indices('[').find(|(at, _)| run[at + 1..].trim_start_matches(is_space).starts_with('['));
        let end = run.rmatch_indices(']').find(|(at, _)| run[..*at].trim_end_matches(is_space).ends_with(']'));
        let (start, end) = (start?.0, end?.0);
        (start < end).then(|| whole_grid(&run[start..=end])).flatten()
    })
}

/// Lists of lists of digits from the start to the end, those that are a grid.
fn in_order(text: &str) -> Vec<Grid> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('[') {
        let start = at + open;
        match rows_end(text, start) {
            Some(end) => {
                // Any run of white space becomes one blank before the piece is read.
                let words: Vec<&str> = text[start..end].split(is_space).filter(|word| !word.is_empty()).collect();
                found.extend(whole_grid(&words.join(" ")));
                at = end;
            }
            None => at = start + 1,
        }
    }
    found
}

/// Where a list of rows ends that begins at `start`; commas between rows may be missing.
fn rows_end(text: &str, start: usize) -> Option<usize> {
    let skip = |at: usize| text.len() - text[at..].trim_start_matches(is_space).len();
    let mut at = start + 1;
    loop {
        if text[at..].starts_with(']') {
            return Some(at + 1);
        }
        let row = skip(at);
        let cells = text[row..].strip_prefix('[')?;
        let rest = cells.trim_start_matches(|char: char| char.is_numeric() || is_space(char) || char == ',');
        let after = skip(text.len() - rest.strip_prefix(']')?.len());
        at = skip(if text[after..].starts_with(',') { after + 1 } else { after });
    }
}
