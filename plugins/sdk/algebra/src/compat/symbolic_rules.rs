//! What the reference does to a text before it is computed with.

use super::latex_text;
use super::text_rules::{inside_text, replaced};
use super::trimmed;

/// Words that go, with a plural and a power.
const UNITS: [&str; 16] = [
    "degree",
    "cm",
    "centimeter",
    "meter",
    "mile",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "foot",
    "feet",
    "inch",
    "yard",
];

/// The form that is compared and computed with.
pub(super) fn normal(text: &str) -> String {
    const RULES: [(&str, &str); 9] = [
        ("\\%", "%"),
        ("\\$", "$"),
        ("$", ""),
        ("%", ""),
        (" or ", " , "),
        (" and ", " , "),
        ("million", "*10^6"),
        ("billion", "*10^9"),
        ("trillion", "*10^12"),
    ];
    let text = inside_text(text).unwrap_or(text).to_owned();
    let mut text = RULES.iter().fold(text, |text, (from, to)| replaced(text, from, to));
    for unit in UNITS {
        if text.contains(unit) {
            text = without_unit(&text, unit);
        }
    }
    let mut text = without_degree_sign(text);
    if text.len() > 1 && text.starts_with('{') && text.ends_with('}') {
        text = text[1..text.len() - 1].to_owned();
    }
    let text = without_comma_and_thin_space(text);
    let text = match python_float(&text) {
        Some(value) if nearly_whole(value) => format!("{:.0}", value.round_ties_even() + 0.0),
        _ => text,
    };
    let text = if text.contains('\\') { latex_text::convert(&text).unwrap_or(text) } else { text };
    let text = blanks_between_digits_to_plus(&without_blanks_after_minus(&text));
    let text = text.replace([' ', '{', '}'], "").to_lowercase();
    match whole(&text) {
        Some(value) => format!("{:.0}", value.trunc() + 0.0),
        None => text,
    }
}

/// Whether it is a whole number, thousands commas allowed.
pub(super) fn is_whole(text: &str) -> bool {
    python_float(&without_thousands_commas(text)).is_some_and(nearly_whole)
}

/// The value of a whole number, once all its commas are gone.
fn whole(text: &str) -> Option<f64> {
    if !is_whole(text) {
        return None;
    }
    python_float(&text.replace(',', ""))
}

fn nearly_whole(value: f64) -> bool {
    value.is_finite() && (value - value.round_ties_even()).abs() <= 1e-7
}

/// What Python's `float` reads: white space round it, underscores between digits, exponents; here only finite numbers.
pub(super) fn python_float(text: &str) -> Option<f64> {
    let text = trimmed(text);
    let bytes = text.as_bytes();
    if !bytes.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE_".contains(byte)) {
        return None;
    }
    let digit_at = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let misplaced = |at: usize| bytes[at] == b'_' && !(digit_at(at.checked_sub(1)) && digit_at(Some(at + 1)));
    if (0..bytes.len()).any(misplaced) {
        return None;
    }
    replaced(text.to_owned(), "_", "").parse().ok()
}

/// Well-formed thousands commas go: a digit, the comma, three digits, then no digit. Each pass looks for the next place
/// behind the character after the last one, so `1,000,000,000` keeps a comma, as it does in the reference.
pub(super) fn without_thousands_commas(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut commas = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let fits = digit(at) && bytes.get(at + 1) == Some(&b',') && (2..5).all(|next| digit(at + next));
            if fits && !digit(at + 5) {
                commas.push(at + 1);
                at += 6;
            } else {
                at += 1;
            }
        }
        if commas.is_empty() {
            return text;
        }
        let mut next = commas.into_iter().peekable();
        let kept = text.char_indices().filter(|&(at, _)| next.next_if_eq(&at).is_none());
        text = kept.map(|(_, char)| char).collect();
    }
}

/// The word, "es", "s", blanks, and a caret with digits.
fn without_unit(text: &str, unit: &str) -> String {
    let mut pieces = text.split(unit);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for rest in pieces {
        let rest = rest.strip_prefix("es").unwrap_or(rest);
        let rest = rest.strip_prefix('s').unwrap_or(rest).trim_start_matches(' ');
        let power = rest.strip_prefix('^').map_or(0, |power| power.bytes().take_while(u8::is_ascii_digit).count());
        result.push_str(if power > 0 { &rest[1 + power..] } else { rest });
    }
    result
}

/// A caret, blanks, `\circ`.
fn without_degree_sign(text: String) -> String {
    if !text.contains("\\circ") {
        return text;
    }
    let mut pieces = text.split("\\circ").peekable();
    let mut result = String::with_capacity(text.len());
    while let Some(piece) = pieces.next() {
        let before = piece.trim_end_matches(' ').strip_suffix('^');
        match before {
            Some(before) if pieces.peek().is_some() => result.push_str(before),
            _ => {
                result.push_str(piece);
                result.push_str(if pieces.peek().is_some() { "\\circ" } else { "" });
            }
        }
    }
    result
}

/// A comma with `\!` and the blanks after it.
fn without_comma_and_thin_space(text: String) -> String {
    if !text.contains(",\\!") {
        return text;
    }
    let mut pieces = text.split(",\\!");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |result, piece| result + piece.trim_start_matches(' '))
}

fn without_blanks_after_minus(text: &str) -> String {
    let mut pieces = text.split('-');
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        result.push('-');
        result.push_str(piece.trim_start_matches(' '));
    }
    result
}

/// `1 3/4` as `1+3/4`. The digit behind one run of blanks does not count as the digit before the next.
fn blanks_between_digits_to_plus(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut before_is_free_digit = false;
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let after = rest.trim_start_matches(' ');
        if char == ' ' && before_is_free_digit && after.starts_with(|next: char| next.is_ascii_digit()) {
            result.push('+');
            result.push_str(&after[..1]);
            rest = &after[1..];
            before_is_free_digit = false;
            continue;
        }
        result.push(char);
        rest = &rest[char.len_utf8()..];
        before_is_free_digit = char.is_ascii_digit();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn texts_get_their_normal_form() {
        let cases = [
            ("$ 94 million", "94*10^6"),
            ("12 cm^2", "12"),
            ("7 yards", "7"),
            ("3.0", "3"),
            ("1,024", "1024"),
            ("2 \\frac{1}{2}", "2+1/2"),
            ("1 2 3", "1+23"),
            ("- 5", "-5"),
            ("30^{ \\circ}", "30^∘"),
            ("30^\\circ", "30"),
            ("x \\cdot Y", "x*y"),
            ("-0.0", "0"),
            ("1e3", "1000"),
            ("3,\\! 500", "3500"),
        ];
        for (text, expected) in cases {
            assert_eq!(normal(text), expected, "{text}");
        }
    }
}
