//! LLMRouterBench's grader of mathematical answers (arXiv 2601.07206), to the letter: its released scores depend on its
//! quirks. A fraction loses its brackets, a root its index, a binomial is digits side by side.
//!
//! The reference hands the symbolic part to a computer-algebra system without any limit; here `decision`
//! decides, at complex points, and what is beyond the limits is not equal.

mod glyphs;
mod latex_text;
mod symbolic_rules;
mod syntax;
mod text_rules;

use crate::decision::same;
use crate::evaluation::Domain;
use crate::number::Plain;

/// Longer texts are equal only to the same text. An answer has a few dozen bytes; the rules pass over it some forty times.
const LONGEST_BYTES: usize = 16_384;

/// Whether the reference would call the prediction equal to the truth.
pub fn equal(prediction: &str, truth: &str) -> bool {
    if prediction.is_empty() {
        return false;
    }
    if prediction == truth {
        return true;
    }
    if let Some(verdict) = whole_numbers(prediction, truth) {
        return verdict;
    }
    if prediction.len().max(truth.len()) > LONGEST_BYTES {
        return trimmed(prediction) == trimmed(truth);
    }
    text_rules::normal(truth) == text_rules::normal(prediction) || symbolically(prediction, truth)
}

/// The verdict on two plain whole numbers without any of the rules, which all leave such numbers as they are.
fn whole_numbers(prediction: &str, truth: &str) -> Option<bool> {
    let plain = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    (plain(prediction) && plain(truth))
        .then(|| Plain::read(prediction).zip(Plain::read(truth)))?
        .map(|(a, b)| a.equals(&b))
}

fn symbolically(prediction: &str, truth: &str) -> bool {
    let (truth, prediction) = (symbolic_rules::normal(truth), symbolic_rules::normal(prediction));
    if truth == prediction {
        return true;
    }
    if prediction.is_empty() {
        return false;
    }
    let (wanted, found) = (elements(&truth), elements(&prediction));
    let ends = |text: &str| (text.chars().next(), text.chars().next_back());
    if wanted.len() != found.len() || (wanted.len() > 1 && ends(&truth) != ends(&prediction)) {
        return false;
    }
    wanted.iter().zip(&found).all(|(wanted, found)| element_equal(wanted, found))
}

fn element_equal(wanted: &str, found: &str) -> bool {
    if is_fraction(wanted) && is_fraction(found) {
        return wanted == found;
    }
    if symbolic_rules::is_whole(wanted) != symbolic_rules::is_whole(found) {
        return false;
    }
    let difference = format!("({wanted})-({found})");
    if !may_be_computed(&difference) {
        return false;
    }
    match (syntax::read(wanted), syntax::read(found)) {
        (Some(wanted), Some(found)) => same(&wanted, &found, Domain::Complex),
        _ => false,
    }
}

/// The entries of a pair or longer; the whole where there are inner brackets, or no outer ones.
fn elements(text: &str) -> Vec<String> {
    const BRACKETS: [char; 4] = ['(', ')', '[', ']'];
    let text = symbolic_rules::without_thousands_commas(text);
    if text.is_empty() {
        return Vec::new();
    }
    let inner = text.strip_prefix(BRACKETS).and_then(|rest| rest.strip_suffix(BRACKETS));
    match inner {
        Some(inner) if !inner.is_empty() && !inner.contains(BRACKETS) => {
            inner.split(',').map(|entry| trimmed(entry).to_owned()).collect()
        }
        _ => vec![text],
    }
}

/// Digits over digits, the lower ones not all zero; one more character may stand before the stroke and at the end.
fn is_fraction(text: &str) -> bool {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let Some((above, below)) = text.strip_prefix('-').unwrap_or(text).split_once('/') else { return false };
    let digits = above.trim_start_matches(|char: char| char.is_ascii_digit());
    let ends_well = |rest: &str| rest.chars().count() <= 1;
    let below_rest = below.trim_start_matches(|char: char| char.is_ascii_digit());
    let lower = &below[..below.len() - below_rest.len()];
    digits.len() < above.len() && ends_well(digits) && ends_well(below_rest) && lower.bytes().any(|byte| byte != b'0')
}

/// Whether the reference would hand it to its algebra: at most two letters, no exponent that could be large.
fn may_be_computed(difference: &str) -> bool {
    let words = difference.replace("sqrt", "").replace("frac", "");
    let mut letters: Vec<char> = Vec::new();
    for letter in words.chars().filter(|char| char.is_alphabetic()) {
        if !letters.contains(&letter) {
            letters.push(letter);
        }
        if letters.len() > 2 {
            return false;
        }
    }
    let after_caret = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest.starts_with(['{', '(']) || digits >= 2 || (digits == 1 && rest[1..].starts_with('^'))
    };
    !difference.match_indices('^').any(|(at, _)| after_caret(&difference[at + 1..]))
}

/// Without Python's white space at both ends.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|char: char| char.is_whitespace() || ('\x1c'..='\x1f').contains(&char))
}

#[cfg(test)]
mod tests {
    use super::{equal, is_fraction};

    #[test]
    fn quirks_are_kept() {
        let equal_ones = [
            ("\\frac{1}{y+2}", "\\frac{1}{y}+2", "a fraction loses its brackets"),
            ("\\sqrt[3]{27}", "\\sqrt{27}", "a root loses its index"),
            ("\\binom{7}{3}", "73", "a binomial is its digits"),
            ("(3,456)", "(3456)", "a pair is read as a number"),
            ("no", "on", "two letters are a product"),
            ("12345678901234567890", "12345678901234567891", "whole numbers are doubles"),
            ("1_2", "12", "digits may have underscores between them"),
            ("3 1/2", "7/2", "a blank between digits is a plus"),
            ("5 \\text{ miles}", "5", "units go"),
            ("1.00000001", "1", "almost whole is whole"),
        ];
        for (prediction, truth, why) in equal_ones {
            assert!(equal(prediction, truth), "{prediction} {truth}: {why}");
        }
        let different = [
            ("", "", "an empty prediction is wrong"),
            ("1,000,000,000", "1000000000", "commas are found in one pass over each other's places"),
            ("\\frac{2}{4}", "\\frac{1}{2}", "fractions of digits must be the same"),
            ("3^4", "81", "one whole number is equal only to another"),
            ("x\\sqrt{2}", "\\sqrt{2}x", "a letter before a root makes one word with it"),
            ("x^12+1", "1+x^12", "two digits in an exponent are refused"),
            ("x+y+z", "z+y+x", "three letters are refused"),
            ("2,1", "1,2", "lists are not sets"),
            ("1+x^2.", "x^2+1", "a full stop makes the exponent a double"),
            ("9^9^9^9", "9^(9^9)^9", "towers are refused"),
        ];
        for (prediction, truth, why) in different {
            assert!(!equal(prediction, truth), "{prediction} {truth}: {why}");
        }
    }

    #[test]
    fn a_fraction_of_digits_may_have_a_stray_character() {
        for text in ["1/2", "-1/2", "1./20", "3/04", "3/4)"] {
            assert!(is_fraction(text), "{text}");
        }
        for text in ["1/0", "/2", "a1/2", "1ab/2", "1/2ab", "12", "1/2/3"] {
            assert!(!is_fraction(text), "{text}");
        }
    }
}
