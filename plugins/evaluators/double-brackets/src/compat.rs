//! LLMRouterBench's rules, which read brackets twice: once in the reply, once in what was read.

use routerlab_sdk::Outcome;

use crate::arithmetic;
use crate::read::{Level, double, dropped, first};
use crate::task::{Rule, Task};

/// What the reference writes where there are no brackets.
const NOTHING: &str = "NULL";

pub(super) fn score(reply: &str, truth: &str, task: &Task) -> Outcome {
    let rule = task.rule(truth);
    let level = match rule {
        Rule::LogicParts | Rule::Logic => Level::Logic,
        Rule::Algebra => Level::Math,
        _ => Level::Clean,
    };
    let prediction = read(reply, level);
    let right = same(&prediction, truth, rule);
    Outcome::right_if(right).predicted(prediction)
}

fn read(text: &str, level: Level) -> String {
    match first(text) {
        None => NOTHING.to_owned(),
        Some(found) if level == Level::Math => dropped(found, level),
        Some(found) => format!("[[{}]]", dropped(found, level)),
    }
}

fn same(prediction: &str, truth: &str, rule: Rule) -> bool {
    match rule {
        // The key is only split, so its brackets stay on the first and last part.
        Rule::LogicParts => parts(&read(prediction, Level::Logic)) == parts(truth),
        Rule::Logic => read(prediction, Level::Logic) == read(truth, Level::Logic),
        Rule::Inequalities => inequalities(prediction) == inequalities(truth),
        Rule::Characters => characters(prediction) == characters(truth),
        Rule::Integers => integers(prediction) == integers(truth),
        // What was read for algebra has no brackets, so the second reading finds nothing.
        Rule::Algebra => false,
        Rule::Alternatives => alternatives(prediction) == alternatives(truth),
        Rule::Puzzle(rule) => puzzle(inner(prediction), inner(truth), rule),
        Rule::Text => read(prediction, Level::Clean) == truth,
    }
}

fn inner(text: &str) -> &str {
    double(text).first().copied().unwrap_or_default()
}

fn parts(text: &str) -> Vec<&str> {
    sorted(text.split(';').collect())
}

/// The alternatives of an answer, without what is dropped.
pub(super) fn alternatives(text: &str) -> Vec<String> {
    let cleaned = dropped(text, Level::Clean);
    sorted(cleaned.split("or").map(str::to_owned).collect())
}

/// Signs and numbers, in any order.
pub(super) fn inequalities(text: &str) -> Vec<(char, String)> {
    let mut found = Vec::new();
    for (at, sign) in text.char_indices().filter(|(_, char)| matches!(char, '≥' | '≤')) {
        let after = text[at + sign.len_utf8()..].trim_start();
        let length = after
            .char_indices()
            .take_while(|&(at, char)| char.is_ascii_digit() || char == '.' || (at == 0 && char == '-'));
        let number = &after[..length.count()];
        found.push((sign, number.trim_end_matches('.').to_owned()));
    }
    sorted(found)
}

/// Letters, digits and underscores, in any order.
pub(super) fn characters(text: &str) -> Vec<char> {
    sorted(text.chars().filter(|char| char.is_alphanumeric() || *char == '_').collect())
}

/// Runs of digits, in order.
pub(super) fn integers(text: &str) -> Vec<&str> {
    text.split(|char: char| !char.is_ascii_digit()).filter(|run| !run.is_empty()).collect()
}

/// The rules of puzzles on what stands inside the brackets.
pub(super) fn puzzle(reply: &str, key: &str, rule: u32) -> bool {
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    let words = |text: &str| {
        let split = text.split(|char: char| !(char.is_alphanumeric() || char == '_'));
        sorted(split.filter(|word| !word.is_empty()).map(str::to_owned).collect())
    };
    match rule {
        1 => letters(reply) == letters(key),
        2 => key.split(',').any(|word| word == letters(reply)),
        3 => words(reply) == words(key),
        4 => key.contains(&letters(reply)),
        5 => {
            let list = |text: &str| sorted(text.split(',').map(|part| part.trim().to_owned()).collect());
            list(reply) == list(key)
        }
        9 => equation(reply, key),
        10 => {
            let marks = |text: &str| sorted(text.chars().filter(|char| !char.is_whitespace()).collect());
            marks(reply) == marks(key) && arithmetic::is(reply, "24")
        }
        18 => {
            let bare = |text: &str| text.chars().filter(|char| !", []()".contains(*char)).collect::<String>();
            bare(reply) == bare(key)
        }
        _ => {
            let in_words =
                |text: &str| text.chars().filter(|char| char.is_alphanumeric() || *char == '_').collect::<String>();
            in_words(reply) == in_words(key)
        }
    }
}

/// The same operators in the same order, and a left side with the key's result.
fn equation(reply: &str, key: &str) -> bool {
    let operators = |text: &str| text.chars().filter(|char| "+-*/×÷".contains(*char)).collect::<String>();
    match (reply.split_once('='), key.split_once('=')) {
        (Some((left, _)), Some((_, result))) => operators(reply) == operators(key) && arithmetic::is(left, result),
        _ => false,
    }
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}
