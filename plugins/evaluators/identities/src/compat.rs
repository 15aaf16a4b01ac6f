//! LLMRouterBench's rules: every line of the key must be a part of the conclusion.

use routerlab_answers::strip;
use routerlab_sdk::Outcome;

/// Where the conclusion may begin, the first that has something behind it counts.
const MARKERS: [&str; 4] = ["CONCLUSION:", "boxed", "Conclusion:", "conclusion:"];
/// Where it ends.
const ENDS: [&str; 4] = ["### Reason", "Let's think step by step again", "let's go back and check", "###"];

pub(super) fn score(reply: &str, truth: &str) -> Outcome {
    let lines: Vec<&str> = truth.lines().filter(|line| !strip(line).is_empty()).map(identity).collect();
    let conclusion = conclusion(reply);
    let wrong = |why: &str| Outcome::right_if(false).predicted(conclusion).because(why);
    if conclusion.contains(&format!("({})", lines.len() + 1)) {
        return wrong("one number too many");
    }
    if conclusion.contains("if") {
        return wrong("the letters `if`");
    }
    let claimed = conclusion.to_lowercase();
    Outcome::right_if(lines.iter().all(|line| claimed.contains(&line.to_lowercase()))).predicted(conclusion)
}

/// A line of the key without its number, which is three characters long.
fn identity(line: &str) -> &str {
    let start = line.char_indices().nth(3).map_or(line.len(), |(at, _)| at);
    strip(&line[start..])
}

fn conclusion(reply: &str) -> &str {
    let reply = reply.split("### Question").next().unwrap_or(reply);
    // Between the first and the second of a marker.
    let behind = |marker: &&str| reply.split(*marker).nth(1).filter(|text| !strip(text).is_empty());
    let mut text = MARKERS.iter().find_map(behind).unwrap_or(reply);
    for end in ENDS {
        text = text.split(end).next().unwrap_or(text);
    }
    strip(text)
}
