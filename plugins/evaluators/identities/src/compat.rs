//! The reference's rules, quirks included.

use routerlab_answers::strip;
use routerlab_sdk::Outcome;

/// What begins the conclusion; the first in this order that has something behind it.
const MARKERS: [&str; 4] = ["CONCLUSION:", "boxed", "Conclusion:", "conclusion:"];

/// What ends the conclusion.
const ENDS: [&str; 4] = ["### Reason", "Let's think step by step again", "let's go back and check", "###"];

/// Right when every line of the key occurs in the conclusion in any case.
pub(crate) fn score(reply: &str, key: &str) -> Outcome {
    let lines: Vec<String> = key.split('\n').filter(|line| !strip(line).is_empty()).map(identity).collect();
    if lines.is_empty() {
        return Outcome::unknown("there is no key");
    }
    let conclusion = conclusion(reply);
    let judged = |right, why: &str| Outcome::right_if(right).predicted(conclusion).because(why);
    if conclusion.contains(&format!("({})", lines.len() + 1)) {
        return judged(false, "a number beyond the last person");
    }
    if conclusion.contains("if") {
        return judged(false, "the letters `if`");
    }
    let lower = conclusion.to_lowercase();
    let found = lines.iter().filter(|line| lower.contains(line.as_str())).count();
    judged(found == lines.len(), &format!("{found} of {} lines of the key", lines.len()))
}

/// A line of the key without its number, in lower case.
fn identity(line: &str) -> String {
    let start = line.char_indices().nth(3).map_or(line.len(), |(at, _)| at);
    strip(&line[start..]).to_lowercase()
}

fn conclusion(reply: &str) -> &str {
    let reply = before(reply, "### Question");
    let marked = MARKERS.iter().find_map(|marker| {
        let (_, rest) = reply.split_once(marker)?;
        Some(before(rest, marker)).filter(|piece| !strip(piece).is_empty())
    });
    strip(ENDS.iter().fold(marked.unwrap_or(reply), |text, end| before(text, end)))
}

fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or(text, |at| &text[..at])
}
