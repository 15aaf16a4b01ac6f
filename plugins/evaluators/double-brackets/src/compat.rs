//! The comparisons as the reference has them, quirks included.

use routerlab_answers::is_space;
use routerlab_sdk::Outcome;

use crate::arithmetic::{Python, value};
use crate::brackets::{Level, NOTHING, first, first_inner};
use crate::rule::Rule;
use crate::text::{inequalities, integers, is_word, letters, sorted, word_characters};

/// Reads the brackets of the reply, then compares what was read, reading its brackets a second time.
pub(crate) fn score(rule: Rule, reply: &str, key: &str) -> Outcome {
    let level = match rule {
        Rule::Logic | Rule::LogicParts => Level::Logic,
        Rule::Algebra => Level::Math,
        _ => Level::Clean,
    };
    let prediction = first(reply, level);
    match is_right(rule, &prediction, key) {
        Some(right) => Outcome::right_if(right).predicted(prediction),
        None => Outcome::unknown(format!("the key is not an equation: `{key}`")),
    }
}

/// None when the key cannot be read.
fn is_right(rule: Rule, prediction: &str, key: &str) -> Option<bool> {
    let again = |level| first(prediction, level);
    let (inner, key_inner) = (first_inner(prediction), first_inner(key));
    let right = match rule {
        Rule::LogicParts => sorted(again(Level::Logic).split(';')) == sorted(key.split(';')),
        Rule::Logic => again(Level::Logic) == first(key, Level::Logic),
        Rule::Inequalities => {
            const SIGNS: [char; 2] = ['\u{2264}', '\u{2265}'];
            inequalities(&again(Level::Clean), &SIGNS) == inequalities(key, &SIGNS)
        }
        Rule::Characters => {
            sorted(word_characters(&again(Level::Clean)).chars()) == sorted(word_characters(key_inner).chars())
        }
        Rule::Integers => integers(&again(Level::Clean)) == integers(key),
        // The first reading drops the brackets that the second one looks for, so nothing is ever found.
        Rule::Algebra => false,
        Rule::Alternatives => {
            let found = again(Level::Clean).replace("\\text{or}", "or");
            found != NOTHING && alternatives(&found) == alternatives(&first(key, Level::Clean))
        }
        Rule::Letters => letters(inner) == letters(key_inner),
        Rule::AnyWord => {
            let word = letters(inner);
            key_inner.split(',').any(|known| known == word)
        }
        Rule::Words => {
            let lower = inner.to_lowercase();
            let words = lower.split(|char| !is_word(char)).filter(|word| !word.is_empty());
            sorted(words) == sorted(key_inner.split(' '))
        }
        Rule::Part => key_inner.contains(&letters(inner)),
        Rule::List => {
            let solid: String = inner.chars().filter(|&char| !is_space(char)).collect();
            sorted(solid.split(',')) == sorted(key_inner.split(','))
        }
        Rule::Equation => return is_equation(&in_ascii(inner), &in_ascii(key_inner)),
        Rule::TwentyFour => {
            let (inner, key) = (in_ascii(inner), key_inner.split('\n').next().unwrap_or_default());
            let characters = |text: &str| sorted(word_characters(left(text)).chars());
            characters(&inner) == characters(key) && value::<Python>(left(&inner)).is_some_and(|value| value.is(24))
        }
        Rule::Cells => {
            let cells = |text: &str| -> String {
                text.chars().filter(|&char| !is_space(char) && !matches!(char, ',' | '[' | ']')).collect()
            };
            cells(inner) == cells(key_inner)
        }
        Rule::WordCharacters => word_characters(inner) == word_characters(key_inner),
        Rule::Clean => again(Level::Clean) == key,
    };
    Some(right)
}

fn alternatives(text: &str) -> Vec<String> {
    sorted(text.trim_matches(['[', ']']).split("or").map(|part| part.trim().to_owned()))
}

/// The two signs that the reference knows beside those of Python.
fn in_ascii(text: &str) -> String {
    text.replace('\u{d7}', "*").replace('\u{2212}', "-")
}

/// What stands before the first equals sign.
fn left(text: &str) -> &str {
    text.split('=').next().unwrap_or_default()
}

/// The same operators in the same order, and a left side with the key's result.
fn is_equation(reply: &str, key: &str) -> Option<bool> {
    let result = result(key)?;
    let operators =
        |text: &str| -> String { text.chars().filter(|char| matches!(char, '+' | '-' | '*' | '/')).collect() };
    let same = operators(left(reply)) == operators(left(key));
    Some(same && value::<Python>(left(reply)).is_some_and(|value| value.is(result)))
}

/// The integer behind the first equals sign that one follows.
pub(crate) fn result(key: &str) -> Option<i128> {
    key.match_indices('=').find_map(|(at, _)| {
        let rest = key[at + 1..].trim_start_matches(is_space);
        let minus = usize::from(rest.starts_with('-'));
        let digits = rest.as_bytes()[minus..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest[..minus + digits].parse().ok()
    })
}
