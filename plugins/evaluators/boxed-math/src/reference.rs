//! LLMRouterBench's rules.

use routerlab_algebra::compat;
use routerlab_answers::boxed::last_box;
use routerlab_answers::labelled::{Payload, labelled};
use routerlab_sdk::Outcome;

use crate::{Config, Extract};

/// The verdict by those rules.
pub(crate) fn score(config: &Config, output: &str, truth: &str) -> Outcome {
    let answer = answer(config, output);
    let key = match config.extract {
        Extract::Boxed if truth.contains("\\boxed") => last_box(truth),
        _ => Some(truth),
    };
    let Some(key) = key else {
        return Outcome::right_if(false).predicted(answer).because("the box of the reference answer is never closed");
    };
    if compat::equal(answer, key) {
        return Outcome::right_if(true).predicted(answer);
    }
    let right = config.rounded && rounded(answer) == rounded(key);
    let outcome = Outcome::right_if(right).predicted(answer);
    if right { outcome.because("equal when rounded to whole numbers") } else { outcome }
}

fn answer<'a>(config: &Config, output: &'a str) -> &'a str {
    let by_label = !output.contains("\\boxed")
        && match config.extract {
            Extract::Boxed => output.contains("Final Answer"),
            Extract::AnswerLine => true,
            Extract::Box => false,
        };
    if by_label {
        return labelled(output, Payload::Line);
    }
    let fallback = || if config.integer_fallback { last_integer(output) } else { None };
    last_box(output).or_else(fallback).unwrap_or_default()
}

/// The last run of digits that no letter, digit or underscore touches.
fn last_integer(text: &str) -> Option<&str> {
    let in_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut end = text.len();
    while end > 0 {
        let word = text[..end].trim_end_matches(|char| !in_word(char));
        let start = word.trim_end_matches(in_word).len();
        if start < word.len() && word[start..].bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(&word[start..]);
        }
        end = start;
    }
    None
}

/// The first number as a whole one, halves to even and with the sign of a zero; the text where there is none.
fn rounded(text: &str) -> String {
    let Some(first) = text.find(|char: char| char.is_ascii_digit()) else { return text.to_owned() };
    let start = if text[..first].ends_with('-') { first - 1 } else { first };
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = first + digits(first);
    let fraction = if text[whole..].starts_with('.') { digits(whole + 1) } else { 0 };
    let end = if fraction > 0 { whole + 1 + fraction } else { whole };
    match text[start..end].parse::<f64>() {
        Ok(value) => format!("{value:.0}"),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{last_integer, rounded};

    #[test]
    fn the_last_integer_stands_alone() {
        let cases = [
            ("3 of 14, x7", Some("14")),
            ("2.5", Some("5")),
            ("1_000", None),
            ("-6é 7", Some("7")),
            ("é7", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(last_integer(text), expected, "{text}");
        }
    }

    #[test]
    fn halves_go_to_even_and_zero_keeps_its_sign() {
        let cases = [("3.5", "4"), ("4.5%", "4"), ("-0.3", "-0"), ("1,888", "1"), ("about 7.", "7"), ("none", "none")];
        for (text, expected) in cases {
            assert_eq!(rounded(text), expected, "{text}");
        }
    }
}
