//! Labels such as `Answer:` in what a model wrote, read as a person would. The repaired counterpart of [`crate::labelled`].

use crate::is_space;

/// How much a label can be taken at its word; the later is the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Behind a quotation mark: an instruction repeated.
    Quoted,
    /// In the middle of a sentence: perhaps only talk about an answer.
    InSentence,
    /// At the start of its line, but for words such as "So the final".
    OwnLine,
}

/// A label, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label<'a> {
    /// How much it can be taken at its word.
    pub strength: Strength,
    /// Everything behind the label and the white space after it.
    pub after: &'a str,
}

impl<'a> Label<'a> {
    /// The rest of the line, without white space at its ends.
    pub fn line(&self) -> &'a str {
        self.after.lines().next().unwrap_or_default().trim_matches(is_space)
    }
}

const WORD: &[u8] = b"answer";

/// Every label of a text, in order. `text` is without markdown ([`crate::markdown::plain`]).
///
/// A label is the word "answer" in any case with a colon, or with "is", or as a heading of its own ("Final Answer" on a
/// line by itself).
pub fn labels(text: &str) -> impl Iterator<Item = Label<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at + WORD.len() <= bytes.len() {
            let Some(found) = next_word(bytes, at) else { break };
            at = found + WORD.len();
            if let Some(after) = after_label(text, found, at) {
                return Some(Label { strength: strength(text, found), after });
            }
        }
        None
    })
}

/// The label that counts: of those for which `read` finds something, the last of the strongest.
pub fn last_read<'a, T>(text: &'a str, mut read: impl FnMut(&Label<'a>) -> Option<T>) -> Option<T> {
    let mut best: Option<(Strength, T)> = None;
    for label in labels(text) {
        if best.as_ref().is_some_and(|(strength, _)| *strength > label.strength) {
            continue;
        }
        if let Some(found) = read(&label) {
            best = Some((label.strength, found));
        }
    }
    best.map(|(_, found)| found)
}

/// The line behind the label that counts; none when there is no label with something behind it.
pub fn last_labelled_line(text: &str) -> Option<&str> {
    last_read(text, |label| Some(label.line()).filter(|line| !line.is_empty()))
}

fn next_word(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let step = bytes.get(at..)?.iter().position(|byte| byte.eq_ignore_ascii_case(&b'a'))?;
        at += step;
        let word = bytes.get(at..at + WORD.len())?;
        if word.eq_ignore_ascii_case(WORD) && !(at > 0 && bytes[at - 1].is_ascii_alphanumeric()) {
            return Some(at);
        }
        at += 1;
    }
}

/// What stands behind a label whose word ends at `end`; none when it is no label.
fn after_label(text: &str, start: usize, end: usize) -> Option<&str> {
    let rest = &text[end..];
    let blank = rest.trim_start_matches([' ', '\t']);
    if let Some(after) = blank.strip_prefix(':') {
        return Some(after.trim_start_matches(is_space));
    }
    if let Some(after) = blank.get(..2).filter(|word| word.eq_ignore_ascii_case("is")).map(|_| &blank[2..]) {
        if after.starts_with(|char: char| char.is_alphanumeric()) {
            return None;
        }
        let after = after.trim_start_matches([' ', '\t']);
        return Some(after.strip_prefix(':').unwrap_or(after).trim_start_matches(is_space));
    }
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let alone = blank.starts_with('\n') || blank.starts_with("\r\n");
    let heading = ["", "final", "the final", "my final"];
    let before = text[line_start..start].trim();
    (alone && heading.iter().any(|words| before.eq_ignore_ascii_case(words)))
        .then(|| blank.trim_start_matches(is_space))
}

fn strength(text: &str, start: usize) -> Strength {
    /// Words that may stand before a label without making it a part of a sentence.
    const LEADING: [&str; 14] = [
        "the",
        "my",
        "a",
        "final",
        "correct",
        "best",
        "right",
        "so",
        "thus",
        "hence",
        "therefore",
        "and",
        "overall",
        "conclusion",
    ];
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..start];
    let quotes = ['\'', '"', '“', '‘', '«', '「'];
    let last_words = before.trim_end_matches(|char: char| char.is_ascii_alphabetic() || char == ' ');
    if last_words.ends_with(quotes) {
        return Strength::Quoted;
    }
    let mut words = before.split(|char: char| !char.is_alphanumeric() && char != '\'').filter(|word| !word.is_empty());
    if words.all(|word| LEADING.iter().any(|leading| leading.eq_ignore_ascii_case(word))) {
        Strength::OwnLine
    } else {
        Strength::InSentence
    }
}

#[cfg(test)]
mod tests {
    use super::{Strength, labels, last_labelled_line};

    #[test]
    fn labels_are_told_by_what_stands_round_them() {
        let text = "I must end with 'Answer: A'.\nFinal Answer\n\nB\nSo the answer is: C\nA reply such as answer: D\nanswers: E";
        let found: Vec<_> = labels(text).map(|label| (label.strength, label.line())).collect();
        let expected = [
            (Strength::Quoted, "A'."),
            (Strength::OwnLine, "B"),
            (Strength::OwnLine, "C"),
            (Strength::InSentence, "D"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_last_of_the_strongest_labels_counts() {
        let cases = [
            ("Answer: A\nAnswer: B", Some("B")),
            ("Answer: C\nNote: a reply such as Answer: B would be wrong", Some("C")),
            ("Thinking of it, the answer is yes.", Some("yes.")),
            ("The answer isn't known", None),
            ("Answer:\nD", Some("D")),
            ("Answer:", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(last_labelled_line(text), expected, "{text:?}");
        }
    }
}
