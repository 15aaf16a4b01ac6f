//! What evaluators that ask a judge share: the question as text, and what to do with a reply that says nothing.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a judge's reply without a readable verdict means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unparsable {
    /// The answer is wrong, as the reference has it.
    #[default]
    Wrong,
    /// The answer has no score.
    Unknown,
}

/// How the explanation of such an outcome begins.
pub const UNPARSABLE: &str = "unparsable judge reply";

/// A template with its `{name}` places filled, in one pass: a brace in what is filled in stays a brace.
pub fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        rest = &rest[start..];
        let place = parts.iter().find_map(|(name, part)| {
            let after = rest[1..].strip_prefix(name)?.strip_prefix('}')?;
            Some((part, after))
        });
        match place {
            Some((part, after)) => {
                filled.push_str(part);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Whether this is the text that the reference puts in the place of a reply when the call failed for good.
pub fn is_failure(reply: &str) -> bool {
    reply.trim_start().starts_with("Generation failed")
}

/// The bare question: `question` of the metadata where it is a text with something in it, otherwise the prompt.
pub fn question<'a>(metadata: &'a Map<String, Value>, prompt: &'a str) -> &'a str {
    let bare = metadata.get("question").and_then(Value::as_str);
    bare.filter(|question| !question.trim().is_empty()).unwrap_or(prompt)
}

/// The metadata of an item; an empty object where it is none.
pub fn metadata(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The text on one line, cut to at most this many characters.
pub fn short(text: &str, chars: usize) -> String {
    let mut short = String::new();
    let mut left = chars;
    for word in text.split_whitespace() {
        let blank = if short.is_empty() { "" } else { " " };
        for char in blank.chars().chain(word.chars()) {
            if left == 0 {
                short.push('\u{2026}');
                return short;
            }
            short.push(char);
            left -= 1;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{fill, is_failure, metadata, question, short};

    #[test]
    fn a_template_is_filled_once() {
        let filled = fill("{a} {b} {c} {", &[("a", "{b}"), ("b", "\u{e9}{a}")]);
        assert_eq!(filled, "{b} \u{e9}{a} {c} {");
    }

    #[test]
    fn the_bare_question_is_preferred() {
        let of = |text: &str| question(&metadata(text), "the prompt").to_owned();
        assert_eq!(of(r#"{"question": "2 + 2?"}"#), "2 + 2?");
        for text in ["", "[]", "{\"question\": 3}", "{\"question\": \" \"}", "{", "{\"question\": null}"] {
            assert_eq!(of(text), "the prompt", "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(short(" \u{e9}\n\u{e9}\u{e9} ", 4), "\u{e9} \u{e9}\u{e9}");
        assert_eq!(short("\u{e9}\u{e9}\u{e9} \u{e9}", 2), "\u{e9}\u{e9}\u{2026}");
        assert_eq!(short("", 0), "");
    }

    #[test]
    fn a_failed_call_is_known_by_its_text() {
        assert!(is_failure("Generation failed: RetryError[...]"));
        assert!(!is_failure("The generation failed"));
    }
}
