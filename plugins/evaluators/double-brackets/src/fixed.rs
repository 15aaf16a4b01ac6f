//! The comparisons with the reference's defects repaired: the last brackets count, and both sides are read alike.

use std::collections::BTreeSet;

use routerlab_answers::markdown::plain;
use routerlab_answers::thinking::after_thinking;
use routerlab_answers::{is_space, strip};
use routerlab_sdk::Outcome;

use crate::algebra::same_expression;
use crate::arithmetic::{Fraction, value};
use crate::brackets::{expression, last};
use crate::compat::result;
use crate::rule::Rule;
use crate::text::{inequalities, integers, is_word, letters, sorted, word_characters};

/// Compares the last brackets of the reply with those of the key.
pub(crate) fn score(rule: Rule, reply: &str, key: &str) -> Outcome {
    let Some(found) = last(after_thinking(reply)) else {
        return Outcome::right_if(false).because("nothing in brackets or in a box");
    };
    let key = last(key).unwrap_or(strip(key));
    match is_right(rule, found, key) {
        Some(right) => Outcome::right_if(right).predicted(found),
        None => Outcome::unknown(format!("the key is not an equation: `{key}`")),
    }
}

/// None when the key cannot be read.
fn is_right(rule: Rule, found: &str, key: &str) -> Option<bool> {
    let by = |reading: fn(&str) -> String| reading(found) == reading(key);
    let right = match rule {
        Rule::LogicParts => parts(&clean(found), ';') == parts(&clean(key), ';'),
        Rule::Logic => by(|text| clean(text).replace('.', "")),
        Rule::Inequalities => {
            const SIGNS: [char; 4] = ['\u{2264}', '\u{2265}', '<', '>'];
            inequalities(&with_signs(found), &SIGNS) == inequalities(&with_signs(key), &SIGNS)
        }
        Rule::Characters => by(|text| sorted(word_characters(text).chars()).into_iter().collect()),
        Rule::Integers => integers(found) == integers(key),
        Rule::Algebra => is_same_algebra(found, key),
        Rule::Alternatives => {
            let alternatives = |text: &str| -> Vec<String> { sorted(split_or(text).iter().map(|part| clean(part))) };
            alternatives(found) == alternatives(key)
        }
        Rule::Letters => by(letters),
        Rule::AnyWord => {
            let word = letters(found);
            !word.is_empty() && key.split([',', ';']).any(|known| letters(known) == word)
        }
        Rule::Words => words(found) == words(key),
        Rule::Part => is_run_of_words(&letters(found), key),
        Rule::List => parts(&clean(found), ',') == parts(&clean(key), ','),
        Rule::Equation => {
            let (found, key) = (in_ascii(found), in_ascii(key));
            let result = result(&key)?;
            operators(left(&found)) == operators(left(&key)) && is_value(left(&found), result)
        }
        Rule::TwentyFour => {
            let (found, key) = (in_ascii(found), in_ascii(key.lines().next().unwrap_or_default()));
            sorted(integers(left(&found))) == sorted(integers(left(&key))) && is_value(left(&found), 24)
        }
        Rule::Cells => {
            by(|text| text.chars().filter(|&char| !is_space(char) && !matches!(char, ',' | '[' | ']')).collect())
        }
        Rule::WordCharacters => by(word_characters),
        Rule::Clean => by(clean),
    };
    Some(right)
}

/// Without markdown, blanks, square brackets, quotation marks, dollars, and one full stop at the end.
fn clean(text: &str) -> String {
    let text = plain(text);
    let text = strip(&text).strip_suffix('.').unwrap_or(strip(&text));
    let is_noise = |char: char| {
        is_space(char)
            || matches!(char, '[' | ']' | '"' | '\'' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' | '$')
    };
    text.chars().filter(|&char| !is_noise(char)).map(|char| if char == '\u{ff1b}' { ';' } else { char }).collect()
}

fn parts(text: &str, separator: char) -> Vec<&str> {
    sorted(text.split(separator).filter(|part| !part.is_empty()))
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    sorted(lower.split(|char| !is_word(char)).filter(|word| !word.is_empty()).map(str::to_owned))
}

/// Whether the letters are those of words that follow each other in the key.
fn is_run_of_words(found: &str, key: &str) -> bool {
    let mut joined = String::with_capacity(key.len());
    let mut borders = BTreeSet::from([0]);
    for word in key.split(|char: char| !char.is_ascii_alphabetic()) {
        joined.push_str(&word.to_ascii_lowercase());
        borders.insert(joined.len());
    }
    let mut places = joined.match_indices(found).map(|(at, _)| (at, at + found.len()));
    !found.is_empty() && places.any(|(start, end)| borders.contains(&start) && borders.contains(&end))
}

/// Signs of inequality in one spelling.
fn with_signs(text: &str) -> String {
    let spellings =
        [("\u{2264}", ["\\leq", "\\le", "<=", "\u{2a7d}"]), ("\u{2265}", ["\\geq", "\\ge", ">=", "\u{2a7e}"])];
    let minus = text.replace('\u{2212}', "-");
    spellings
        .iter()
        .fold(minus, |text, (sign, others)| others.iter().fold(text, |text, other| text.replace(other, sign)))
}

/// Signs of arithmetic in one spelling.
fn in_ascii(text: &str) -> String {
    let multiply = text.replace("\\times", "*").replace("\\cdot", "*").replace(['\u{d7}', '\u{b7}', '\u{2219}'], "*");
    let divide = multiply.replace("\\div", "/").replace('\u{f7}', "/");
    divide.replace(['\u{2212}', '\u{2013}', '\u{2014}'], "-").replace(['$', '`'], "")
}

fn operators(text: &str) -> String {
    text.chars().filter(|char| matches!(char, '+' | '-' | '*' | '/')).collect()
}

/// What stands before the first equals sign.
fn left(text: &str) -> &str {
    text.split('=').next().unwrap_or_default()
}

fn is_value(text: &str, expected: i128) -> bool {
    value::<Fraction>(text).is_some_and(|value| value.is(expected))
}

/// The alternatives between "or", where it is a word of its own or stands between digits or in `\text{}`.
fn split_or(text: &str) -> Vec<String> {
    let text = text.replace("\\text{or}", "or").replace("\\text{ or }", "or");
    text.split("or").map(str::to_owned).collect()
}

fn is_same_algebra(found: &str, key: &str) -> bool {
    let read = |text: &str| -> Vec<String> {
        let parts = split_or(text).into_iter().map(|part| expression(&part.replace(['"', '\n', '$'], "")));
        parts.map(|part| strip(&part).trim_end_matches('.').to_owned()).collect()
    };
    let (found, key) = (read(found), read(key));
    let all_in = |some: &[String], others: &[String]| some.iter().all(|a| others.iter().any(|b| same_expression(a, b)));
    // Few alternatives are ever meant, and each is compared with each.
    found.len() == key.len() && found.len() <= 8 && all_in(&found, &key) && all_in(&key, &found)
}
