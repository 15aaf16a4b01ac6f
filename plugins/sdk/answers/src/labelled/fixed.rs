//! The repaired search for a label. It expects [`crate::markdown::plain`] text.

use memchr::{memchr, memrchr};

use crate::ignore_case::ANSWER;
use crate::{is_space, strip};

/// How far before a label its sentence is looked at, in bytes. A bound keeps the work linear in the length of the text.
const LOOK_BACK: usize = 96;

/// How far behind a label a closing quotation mark is looked for, in bytes.
const LOOK_AHEAD: usize = 200;

/// What stands before a label that is spoken of rather than given.
const HYPOTHETICAL: [&str; 21] = [
    "such as",
    "e.g",
    "for example",
    "for instance",
    "line like",
    "something like",
    "reply like",
    "response like",
    "instead of",
    "rather than",
    "a reply",
    "a response",
    "template",
    "placeholder",
    "must end with",
    "should end with",
    "ends with",
    "last line",
    "do not",
    "don't",
    "if",
];

/// What may stand between the start of a line and the word of a heading, or between a quotation mark and a label.
const BEFORE_LABEL: [&str; 6] = ["", "final", "the final", "the", "my", "the correct"];

/// The line behind the last label, stripped; none when no label has anything behind it.
///
/// A label is the word "answer" in any case and a colon ("Answer:", "The final answer is:"), or a heading of that word
/// alone. Line ends may stand between it and its line. A label inside quotation marks, or one that the sentence before
/// it only speaks of ("a reply such as Answer: B"), is passed over.
pub fn last_labelled_line(text: &str) -> Option<&str> {
    labelled_texts(text).next()
}

/// The same line for each label, from the last to the first.
pub fn labelled_texts(text: &str) -> impl Iterator<Item = &str> {
    Mentions::of(text).filter_map(|(kind, line)| (kind == Kind::Label).then_some(line))
}

/// What is said to be the answer ("the answer is (B).") without a colon, to the end of its line, from the last to the
/// first.
pub fn said_to_be(text: &str) -> impl Iterator<Item = &str> {
    Mentions::of(text).filter_map(|(kind, line)| (kind == Kind::Sentence).then_some(line))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Label,
    Sentence,
}

/// Goes from the last mention of an answer to the first.
struct Mentions<'a> {
    text: &'a str,
    /// What was not looked at yet ends here.
    end: usize,
    /// Where the line ends on which `end` stands.
    line_end: usize,
}

impl<'a> Mentions<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, end: text.len(), line_end: text.len() }
    }
}

impl<'a> Iterator for Mentions<'a> {
    type Item = (Kind, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = ANSWER.rfind(&self.text[..self.end])?;
            if let Some(newline) = memchr(b'\n', &self.text.as_bytes()[start..self.end]) {
                self.line_end = start + newline;
            }
            self.end = start;
            let Some((kind, from)) = behind(self.text, start) else { continue };
            let end = if from <= self.line_end { self.line_end } else { end_of_line(self.text, from) };
            let line = strip(&self.text[from..end]);
            if !line.is_empty() && !is_quoted(self.text, start, line) && !is_hypothetical(self.text, start) {
                return Some((kind, line));
            }
        }
    }
}

/// What kind of mention the word at `start` makes, and where the text behind it begins.
fn behind(text: &str, start: usize) -> Option<(Kind, usize)> {
    if text[..start].chars().next_back().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let word_end = start + ANSWER.len();
    let colon = skip_space(text, word_end);
    if text[colon..].starts_with(':') {
        return Some((Kind::Label, skip_space(text, colon + 1)));
    }
    if let Some(verb) = verb_at(text, colon).filter(|_| colon > word_end) {
        let colon = skip_space(text, verb);
        return Some(match text[colon..].starts_with(':') {
            true => (Kind::Label, skip_space(text, colon + 1)),
            false => (Kind::Sentence, colon),
        });
    }
    let is_heading = colon < text.len()
        && text[word_end..colon].contains('\n')
        && BEFORE_LABEL.iter().any(|words| words.eq_ignore_ascii_case(line_before(text, start).trim()));
    is_heading.then_some((Kind::Label, colon))
}

/// Where a verb ends that begins here.
fn verb_at(text: &str, at: usize) -> Option<usize> {
    const VERBS: [&str; 7] = ["is", "was", "must be", "should be", "would be", "will be", "has to be"];
    VERBS.iter().find_map(|verb| {
        let end = at + verb.len();
        let found = text.get(at..end)?.eq_ignore_ascii_case(verb);
        (found && !text[end..].chars().next().is_some_and(char::is_alphanumeric)).then_some(end)
    })
}

fn skip_space(text: &str, from: usize) -> usize {
    text.len() - text[from..].trim_start_matches(is_space).len()
}

fn end_of_line(text: &str, from: usize) -> usize {
    memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |newline| from + newline)
}

/// What stands before this place on its line, as far as it is looked at.
fn line_before(text: &str, start: usize) -> &str {
    let mut from = start.saturating_sub(LOOK_BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = &text[from..start];
    &before[memrchr(b'\n', before.as_bytes()).map_or(0, |newline| newline + 1)..]
}

/// Whether the label at `start` stands in quotation marks. A line that is nothing but a quotation is an answer all the same.
fn is_quoted(text: &str, start: usize, line: &str) -> bool {
    let before = line_before(text, start);
    let Some((at, mark)) = before.char_indices().rev().find(|&(_, char)| closing(char).is_some()) else { return false };
    let between = before[at + mark.len_utf8()..].trim();
    let opens = !before[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    if !opens || !BEFORE_LABEL.iter().any(|words| words.eq_ignore_ascii_case(between)) {
        return false;
    }
    if !before[..at].trim().is_empty() {
        return true;
    }
    let mut ahead = LOOK_AHEAD.min(line.len());
    while !line.is_char_boundary(ahead) {
        ahead -= 1;
    }
    let after = closing(mark).and_then(|close| line[..ahead].find(close).map(|end| &line[end + close.len_utf8()..]));
    after.is_some_and(|after| after.chars().any(char::is_alphanumeric))
}

/// The mark that ends a quotation begun by this one.
fn closing(mark: char) -> Option<char> {
    Some(match mark {
        '"' | '\'' => mark,
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        '\u{ab}' => '\u{bb}',
        '\u{300c}' => '\u{300d}',
        _ => return None,
    })
}

/// Whether the sentence before the label only speaks of it.
fn is_hypothetical(text: &str, start: usize) -> bool {
    let before = last_sentence(line_before(text, start));
    if before.len() < 2 {
        return false;
    }
    let before = before.to_ascii_lowercase();
    HYPOTHETICAL.iter().any(|words| {
        before.match_indices(words).any(|(at, _)| {
            let edge = |char: Option<char>| !char.is_some_and(char::is_alphanumeric);
            edge(before[..at].chars().next_back()) && edge(before[at + words.len()..].chars().next())
        })
    })
}

/// What follows the last full stop, exclamation or question mark that ends a word of two characters or more.
fn last_sentence(text: &str) -> &str {
    let bytes = text.as_bytes();
    let ends = |at: usize| {
        matches!(bytes[at], b'.' | b'!' | b'?')
            && bytes.get(at + 1) == Some(&b' ')
            && at >= 2
            && bytes[at - 2..at].iter().all(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
    };
    (0..bytes.len()).rev().find(|&at| ends(at)).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::{last_labelled_line, said_to_be};

    #[test]
    fn the_last_label_that_is_meant_counts() {
        let cases = [
            ("Let us see.\nAnswer: C", Some("C")),
            ("Answer: valid.", Some("valid.")),
            ("Answer:\n\n (B) \nbye", Some("(B)")),
            ("the FINAL answer is : yes, it is", Some("yes, it is")),
            ("Final Answer\n\n33", Some("33")),
            (" Answer\n33\nbecause", Some("33")),
            ("What is the answer\n33", None),
            ("Answer: A\nOn reflection,\nAnswer: B", Some("B")),
            ("Answer: answer: yes", Some("yes")),
            ("answers: 3, unanswer: 3", None),
            ("Answer: C\nAnswer:  ", Some("C")),
            ("I must end with 'Answer: A' or similar.\nAnswer: C", Some("C")),
            ("Answer: C\nNote: a reply such as Answer: B would be wrong", Some("C")),
            ("Answer: C\nShe said \u{201c}the answer: B\u{201d}", Some("C")),
            ("Write it, e.g. Answer: B", None),
            ("\"Answer: B\"", Some("B\"")),
            ("\"Answer: B\" is what I was told to write", None),
            ("I'm done. It isn't hard. Answer: B", Some("B")),
            ("Answer: ] ) >", Some("] ) >")),
            ("answer:", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(last_labelled_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_answer_may_be_said_without_a_colon() {
        let cases = [
            ("So the answer is (B).", Some("(B).")),
            ("The answer must be B\nThe answer is: C", Some("B")),
            ("The answer island", None),
            ("If the answer is B, then", None),
        ];
        for (text, expected) in cases {
            assert_eq!(said_to_be(text).next(), expected, "{text:?}");
        }
    }
}
