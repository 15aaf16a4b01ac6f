//! What a reply claims about each person, read as a person would.

use std::borrow::Cow;
use std::collections::BTreeMap;

use routerlab_answers::{markdown, thinking};
use routerlab_sdk::Outcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    Knight,
    Knave,
}

use Identity::{Knave, Knight};

pub(super) fn score(reply: &str, truth: &str) -> Outcome {
    let wanted = key(truth);
    if wanted.is_empty() {
        return Outcome::unknown("the ground truth names nobody");
    }
    let plain = markdown::plain(thinking::after_thinking(reply));
    let conclusion = conclusion(&plain);
    let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
    let claimed = claims(&conclusion, &names);
    let said = |identities: &[Identity]| match identities {
        [] => "nothing",
        all if all.iter().all(|identity| *identity == Knight) => "knight",
        all if all.iter().all(|identity| *identity == Knave) => "knave",
        _ => "both",
    };
    let found: Vec<String> =
        names.iter().map(|name| format!("{name}: {}", said(claimed.get(*name).map_or(&[], Vec::as_slice)))).collect();
    let right = wanted.iter().all(|(name, identity)| {
        claimed.get(name.as_str()).is_some_and(|all| all.iter().all(|claim| claim == identity))
    });
    Outcome::right_if(right).predicted(found.join(", "))
}

/// Everybody that the key names, in small letters.
fn key(truth: &str) -> BTreeMap<String, Identity> {
    let of_line = |line: &str| {
        let line = line.trim_start_matches(|char: char| !char.is_alphabetic()).to_lowercase();
        let (name, role) = line.split_once(" is a ")?;
        let identity = match role.trim_end_matches(|char: char| !char.is_alphabetic()) {
            "knight" => Knight,
            "knave" => Knave,
            _ => return None,
        };
        Some((name.to_owned(), identity))
    };
    truth.lines().filter_map(of_line).collect()
}

/// What stands behind the last "conclusion:" that has a role behind it; in the last box; otherwise everything.
fn conclusion(text: &str) -> Cow<'_, str> {
    let lower = text.to_lowercase();
    let has_role = |text: &&str| text.contains("knight") || text.contains("knave");
    let starts: Vec<usize> = lower.match_indices("conclusion").map(|(at, word)| at + word.len()).collect();
    let behind =
        |at: &usize| Some(lower[*at..].trim_start_matches([' ', '*'])).filter(|rest| rest.starts_with([':', '\n']));
    let found = starts.iter().rev().filter_map(behind).find(has_role);
    let boxed = || routerlab_answers::boxed::last_box(&lower).filter(has_role);
    match found.or_else(boxed).map(str::to_owned) {
        Some(found) => Cow::Owned(found),
        None => Cow::Owned(lower),
    }
}

/// What is claimed about each of these names. A role belongs to the nearest name before it in its sentence; "not" turns
/// it round; several names joined by "and" share it.
fn claims<'a>(text: &str, names: &[&'a str]) -> BTreeMap<&'a str, Vec<Identity>> {
    let mut claims: BTreeMap<&str, Vec<Identity>> = BTreeMap::new();
    let mut subjects: Vec<&str> = Vec::new();
    let mut negated = false;
    // Whether the last words joined two names, or nothing has come since a name.
    let mut joined = false;
    for word in words(text) {
        if let Some(name) = names.iter().find(|name| **name == word) {
            if !joined {
                subjects.clear();
            }
            subjects.push(name);
            (joined, negated) = (true, false);
            continue;
        }
        match word {
            "and" | "both" | "," => {}
            "." | "\n" => {
                subjects.clear();
                joined = false;
            }
            "not" | "isn't" | "aren't" | "never" => negated = true,
            "knight" | "knights" | "knave" | "knaves" => {
                let identity = if word.starts_with("knight") != negated { Knight } else { Knave };
                for name in subjects.drain(..) {
                    claims.entry(name).or_default().push(identity);
                }
                (joined, negated) = (false, false);
            }
            _ => joined = false,
        }
    }
    claims
}

/// The words of a text, and the marks that end a sentence or join names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let in_word = |char: char| char.is_alphanumeric() || char == '\'' || char == '’';
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|char: char| !in_word(char) && !matches!(char, '.' | ',' | '\n'));
        let first = rest.chars().next()?;
        let end =
            if in_word(first) { rest.find(|char| !in_word(char)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}
