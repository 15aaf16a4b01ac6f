//! `Answer: ...` in what a model wrote, as LLMRouterBench looks for it.

mod fixed;

pub use fixed::{labelled_texts, last_labelled_line, said_to_be};

use crate::boxed::first_box;
use crate::ignore_case::{ANSWER, FINAL_ANSWER};
use crate::{is_space, strip};

/// What is looked for after the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// A letter from A to this one, in any case and given as typed; a dollar sign may stand before it. Nothing is asked of
    /// what follows, so the first letter of a word counts.
    LetterTo(char),
    /// Everything to the end of the line.
    Line,
}

impl Payload {
    /// The payload at the start of `text`, and how many bytes it takes.
    fn at(self, text: &str) -> Option<(&str, usize)> {
        match self {
            Self::LetterTo(last) => {
                let start = usize::from(text.starts_with('$'));
                let letter = text[start..].chars().next()?;
                if !('A'..=last).contains(&letter.to_ascii_uppercase()) || !letter.is_ascii() {
                    return None;
                }
                let after = text[start + 1..].chars().next().filter(|&char| char == '.' || is_space(char));
                Some((&text[start..=start], start + 1 + after.map_or(0, char::len_utf8)))
            }
            Self::Line => {
                let end = text.find('\n').unwrap_or(text.len());
                (end > 0).then(|| (&text[..end], end))
            }
        }
    }
}

/// The answer of a reply, by the rules of the reference's labelled-answer extractor; empty when there is none.
///
/// 1. A reply of at most ten characters without `Answer` and `box` is the answer, but for white space before it.
/// 2. The payload after the last `answer:` (any case, white space round the colon).
/// 3. The payload after the first line `Final Answer` that is followed by a blank line.
/// 4. The content of the first box.
pub fn labelled(text: &str, payload: Payload) -> &str {
    if text.chars().nth(10).is_none() && !text.contains("Answer") && !text.contains("box") {
        return text.trim_start_matches(is_space);
    }
    let found = last_after_label(text, payload).map(without_second_label);
    found.or_else(|| after_heading(text, payload)).unwrap_or_else(|| strip(first_box(text).unwrap_or_default()))
}

fn last_after_label(text: &str, payload: Payload) -> Option<&str> {
    let mut last = None;
    let mut at = 0;
    while let Some(start) = ANSWER.find(&text[at..]) {
        let word_end = at + start + "answer".len();
        match after_colon(text, word_end).and_then(|from| at_or_before(text, from.0, from.1, payload)) {
            Some((found, end)) => {
                last = Some(strip(found));
                at = end;
            }
            None => at = word_end,
        }
    }
    last
}

/// Behind the colon, and behind the white space after it.
fn after_colon(text: &str, from: usize) -> Option<(usize, usize)> {
    let colon = from + skipped(&text[from..]);
    let after = colon + text[colon..].strip_prefix(':').map(|_| 1)?;
    Some((after, after + skipped(&text[after..])))
}

/// The payload behind the white space, or, as a regular expression would go back, in it: a line of blanks at the end of a
/// text is a payload of blanks.
fn at_or_before(text: &str, colon: usize, from: usize, payload: Payload) -> Option<(&str, usize)> {
    if let Some((found, length)) = payload.at(&text[from..]) {
        return Some((found, from + length));
    }
    let blank = colon + text[colon..from].rfind(|char| char != '\n')?;
    let (found, length) = payload.at(&text[blank..])?;
    Some((found, blank + length))
}

/// "Final Answer", one white-space character, line ends, white space, payload.
fn after_heading(text: &str, payload: Payload) -> Option<&str> {
    let mut at = 0;
    while let Some(start) = FINAL_ANSWER.find(&text[at..]) {
        at += start + "final answer".len();
        let Some(first) = text[at..].chars().next().filter(|&char| is_space(char)) else { continue };
        let lines = at + first.len_utf8();
        if !text[lines..].starts_with('\n') {
            continue;
        }
        let from = lines + skipped(&text[lines..]);
        if let Some((found, _)) = at_or_before(text, lines + 1, from, payload) {
            return Some(strip(found));
        }
    }
    None
}

fn without_second_label(found: &str) -> &str {
    const LABEL: &str = "answer: ";
    match found.get(..LABEL.len()) {
        Some(start) if start.eq_ignore_ascii_case(LABEL) => strip(&found[LABEL.len()..]),
        _ => found,
    }
}

/// How many bytes of white space a text begins with.
fn skipped(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_space).len()
}

#[cfg(test)]
mod tests {
    use super::{Payload, labelled};

    #[test]
    fn the_last_label_then_the_heading_then_the_first_box_counts() {
        let letters = [
            ("Let us see.\nAnswer: C", "C"),
            ("answer: d", "answer: d"),
            ("  A.", "A."),
            ("The final Answer : $H$", "H"),
            ("Answer: A\nOn reflection,\nAnswer: B", "B"),
            ("Answer:\nD", "D"),
            ("Answer: Cannot be determined", "C"),
            ("Answer: Zebra it is", ""),
            ("Answer: (B), I think", ""),
            ("## Final Answer\n\nC", "C"),
            ("## Final Answer\nC", ""),
            ("\\boxed{A} is tempting, yet \\boxed{B}", "A"),
            ("no idea at all, sorry", ""),
        ];
        for (text, expected) in letters {
            assert_eq!(labelled(text, Payload::LetterTo('H')), expected, "{text:?}");
        }
        let lines = [
            ("Thinking...\nAnswer: (B)", "(B)"),
            ("Answer: answer:   yes, it is", "yes, it is"),
            ("**Answer:** True, surely", "** True, surely"),
            ("### Final Answer\n\n33", "33"),
            ("the answer:   ", ""),
            ("Answer: 5\nAnswer: \n", ""),
            ("Answer: 5\nAnswer:\n", "5"),
        ];
        for (text, expected) in lines {
            assert_eq!(labelled(text, Payload::Line), expected, "{text:?}");
        }
    }
}
