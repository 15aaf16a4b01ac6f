//! The repaired rules: who is said to be what in the last conclusion, whatever the format.

use routerlab_answers::boxed::last_box;
use routerlab_answers::markdown::plain;
use routerlab_answers::thinking::after_thinking;
use routerlab_sdk::Outcome;

use crate::claims::{Claim, Role, claims, of_key};

/// More people than any puzzle has are not looked for: the work grows with them.
const MOST_PEOPLE: usize = 26;

/// How many conclusions are looked at.
const CONCLUSIONS: usize = 8;

/// Right when the conclusion gives everybody the role of the key, and nobody two.
pub(crate) fn score(reply: &str, key: &str) -> Outcome {
    let lines: Vec<&str> = key.lines().filter(|line| !line.trim().is_empty()).collect();
    let Some(key) = lines.iter().map(|line| of_key(line)).collect::<Option<Vec<_>>>() else {
        return Outcome::unknown("a line of the key is not `(n) Name is a knight` or `... knave`");
    };
    if key.is_empty() || key.len() > MOST_PEOPLE {
        return Outcome::unknown(format!("the key names {} people, not 1 to {MOST_PEOPLE}", key.len()));
    }
    let (names, roles): (Vec<String>, Vec<Role>) = key.into_iter().unzip();
    let found = conclusion(after_thinking(reply), &names);
    let is_right = found.iter().zip(&roles).all(|(claim, role)| *claim == Claim::Is(*role));
    let said: Vec<String> = names
        .iter()
        .zip(&found)
        .filter_map(|(name, claim)| match claim {
            Claim::None => None,
            Claim::Is(role) => Some(format!("{name}: {}", role.name())),
            Claim::Both => Some(format!("{name}: both")),
        })
        .collect();
    let outcome = Outcome::right_if(is_right);
    let missing = names.len() - said.len();
    let outcome = if said.is_empty() { outcome } else { outcome.predicted(said.join(", ")) };
    match (missing, found.contains(&Claim::Both)) {
        (_, true) => outcome.because("somebody is said to be both"),
        (0, _) => outcome,
        (missing, _) => outcome.because(format!("nothing is said about {missing} of {}", names.len())),
    }
}

/// What the last conclusion that speaks of these people says, else the last box, else the whole reply.
fn conclusion(reply: &str, names: &[String]) -> Vec<Claim> {
    let lower = plain(reply).to_lowercase();
    let speaks = |claims: &Vec<Claim>| claims.iter().any(|claim| *claim != Claim::None);
    let mut end = lower.len();
    for (at, marker) in lower.rmatch_indices("conclusion").take(CONCLUSIONS) {
        let from = at + marker.len();
        let section = &lower[from..end];
        end = at;
        if !is_heading(section) {
            continue;
        }
        let found = claims(until_heading(section), names);
        if speaks(&found) {
            return found;
        }
    }
    let boxed = last_box(reply).map(|content| claims(&plain(content).to_lowercase(), names));
    boxed.filter(speaks).unwrap_or_else(|| claims(&lower, names))
}

/// Whether the word begins a conclusion, by what follows it: a colon, a comma ("In conclusion, ...") or the end of the line.
fn is_heading(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '\t']);
    after.is_empty() || after.starts_with([':', ',', '\n', '\r'])
}

/// The section without what later headings of the reference's kind begin.
fn until_heading(section: &str) -> &str {
    let ends = ["verification", "let's think step by step again", "let's go back and check", "### "];
    let end = ends.iter().filter_map(|end| section.find(end)).min();
    &section[..end.unwrap_or(section.len())]
}
