//! The same method with its defects repaired.

use std::borrow::Cow;

use routerlab_answers::thinking::after_thinking;
use routerlab_sdk::Outcome;

use crate::amount::Amount;
use crate::{Config, Extract};

/// The verdict by the repaired rules.
pub(crate) fn score(config: &Config, output: &str, truth: &str) -> Outcome {
    let text = if output.contains('<') { after_thinking(output) } else { output };
    let Some((answer, why)) = answer(config, text) else {
        return Outcome::right_if(false).because("no answer was found");
    };
    let answer = cleaned(answer);
    let truth = boxed(truth).unwrap_or(truth);
    let truth = cleaned(truth);
    Outcome::right_if(right(config, &answer, &truth)).predicted(answer).because(why)
}

fn right(config: &Config, answer: &str, truth: &str) -> bool {
    if routerlab_algebra::equal(answer, truth) {
        return true;
    }
    if config.rounded
        && let (Some(found), Some(wanted)) = (Amount::read(answer), Amount::read(truth))
    {
        return found.is_near(wanted);
    }
    if config.extract == Extract::AnswerLine {
        if let (Some(found), Some(wanted)) = (option(answer), option(truth)) {
            return found == wanted;
        }
        // "The result is valid" says no more than "valid".
        return after_last_verb(answer).is_some_and(|rest| routerlab_algebra::equal(&cleaned(rest), truth));
    }
    false
}

/// The answer and how it was found.
fn answer<'a>(config: &Config, text: &'a str) -> Option<(&'a str, &'static str)> {
    if let Some(found) = boxed(text) {
        return Some((found, "in a box"));
    }
    if let Some(found) = labelled(text) {
        return Some((found, "after a label"));
    }
    if let Some(found) = after_noun(text) {
        return Some((found, "after a noun and a verb"));
    }
    let last_line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let is_short = text.trim().len() <= 40 && text.trim().lines().count() == 1;
    if config.extract == Extract::AnswerLine || is_short {
        let last_sentence = |line: &'a str| if is_short { after_last_verb(line).unwrap_or(line) } else { line };
        let of_line = if config.extract == Extract::AnswerLine { last_line } else { last_line.map(last_sentence) };
        return match of_line {
            Some(found) if config.extract == Extract::AnswerLine => Some((found, "the last line")),
            Some(found) if has_number(found) && (config.integer_fallback || config.rounded) => {
                last_number(found).map(|found| (found, "the last number"))
            }
            found => found.map(|found| (found, "the whole output")),
        };
    }
    if config.integer_fallback || config.rounded {
        return last_number(text).map(|found| (found, "the last number"));
    }
    last_line.and_then(after_last_verb).map(|found| (sentence(found), "after a verb"))
}

/// The content of the last box that has any, `\fbox` included; one that is never closed ends with its line.
fn boxed(text: &str) -> Option<&str> {
    let mut end = text.len();
    // A reply has a few boxes; who writes thousands of empty ones has no answer.
    for _ in 0..8 {
        let start = text[..end].rfind("box")?;
        end = start;
        let name_ends = text[start..].starts_with("boxed").then_some(5).or(text[..start].ends_with("\\f").then_some(3));
        let Some(length) = name_ends.filter(|_| text[..start].ends_with('\\') || text[..start].ends_with("\\f")) else {
            continue;
        };
        let Some(content) = text[start + length..].trim_start().strip_prefix('{') else { continue };
        let content = match closing(content) {
            Some(close) => &content[..close],
            None => content.lines().next().unwrap_or_default(),
        };
        if !content.trim().is_empty() {
            return Some(content);
        }
    }
    None
}

fn closing(content: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, byte) in content.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What follows the last "answer" that a colon or a verb follows, or a heading "Final Answer".
fn labelled(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let word = b"answer";
    let is_label = |at: &usize| bytes[*at..].get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word));
    let labels = (0..text.len()).rev().filter(|at| matches!(bytes[*at], b'a' | b'A')).filter(is_label);
    // Labels further back than these are no last word.
    labels.take(20).find_map(|at| {
        let behind = text[at + word.len()..].trim_start_matches(is_markup);
        if let Some(rest) = behind.strip_prefix([':', '：', '=']) {
            return line(rest);
        }
        if let Some(rest) = ["is ", "is:", "is\n", "are "].iter().find_map(|verb| behind.strip_prefix(verb)) {
            return line(rest.trim_start_matches(':')).map(sentence);
        }
        let before = text[..at].trim_end();
        let is_heading =
            before.get(before.len().saturating_sub(5)..).is_some_and(|word| word.eq_ignore_ascii_case("final"));
        let next_line = text[at + word.len()..].trim_start_matches(['*', '_', '#', ' ', '\r']).starts_with('\n');
        (is_heading && next_line).then(|| line(behind)).flatten()
    })
}

/// The first line that has anything but markup, up to its end.
fn line(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(is_markup);
    let end = text.find('\n').unwrap_or(text.len());
    // Mathematics on a line of its own.
    let found = match text[..end].trim() {
        "$$" | "\\[" => text[end..].trim_start().lines().next().unwrap_or_default(),
        found => found,
    };
    (!found.trim().is_empty()).then_some(found)
}

/// What follows the last of certain nouns with its verb: "the value is 5".
fn after_noun(text: &str) -> Option<&str> {
    const NOUNS: [&str; 8] = ["value", "result", "total", "sum", "limit", "solution", "probability", "remainder"];
    const VERBS: [&str; 2] = [" is ", " equals "];
    let verbs = VERBS.iter().flat_map(|verb| text.rmatch_indices(verb).take(20));
    let found = verbs.filter(|(at, _)| {
        let before = text[..*at].trim_end_matches(['*', '_']);
        NOUNS.iter().any(|noun| {
            let word = before.len().checked_sub(noun.len()).and_then(|start| before.get(start..));
            word.is_some_and(|word| word.eq_ignore_ascii_case(noun))
        })
    });
    found.max_by_key(|(at, _)| *at).and_then(|(at, verb)| line(&text[at + verb.len()..])).map(sentence)
}

/// What follows the last verb or colon.
fn after_last_verb(text: &str) -> Option<&str> {
    const VERBS: [&str; 4] = [" is ", " are ", " equals ", ": "];
    let ends = VERBS.iter().filter_map(|verb| text.rfind(verb).map(|at| at + verb.len()));
    ends.max().map(|end| &text[end..])
}

/// Up to the end of the sentence: a full stop that a blank follows.
fn sentence(text: &str) -> &str {
    let ends = [". ", ".\n", "! ", "; "].iter().filter_map(|end| text.find(end));
    let text = &text[..ends.min().unwrap_or(text.len())];
    text.trim_end().trim_end_matches('.')
}

fn has_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The last number, with its sign, commas and fraction.
fn last_number(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let last = bytes.iter().rposition(u8::is_ascii_digit)?;
    let belongs = |at: usize| {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        digit(at) || (matches!(bytes[at], b'.' | b',') && at > 0 && digit(at - 1) && digit(at + 1))
    };
    let mut start = last;
    while start > 0 && belongs(start - 1) {
        start -= 1;
    }
    // A minus is a sign unless something is taken away from.
    let before = text[..start].strip_suffix('-');
    let signed = before.is_some_and(|before| !before.ends_with(|char: char| char.is_alphanumeric() || char == ')'));
    Some(&text[if signed { start - 1 } else { start }..=last])
}

/// The letter of an option: `(B)`, `B)`, `B.` at the start, or a letter alone.
fn option(text: &str) -> Option<char> {
    let (bracketed, rest) = text.strip_prefix('(').map_or((false, text), |rest| (true, rest));
    let mut chars = rest.chars();
    let letter = chars.next().filter(char::is_ascii_alphabetic)?.to_ascii_uppercase();
    match chars.next() {
        None if !bracketed => Some(letter),
        Some(')') => Some(letter),
        Some('.' | ':') if !bracketed => Some(letter),
        _ => None,
    }
}

fn is_markup(char: char) -> bool {
    char.is_whitespace() || matches!(char, '*' | '_' | '`' | '#')
}

/// Without emphasis, quotation marks, dollar signs and brackets of mathematics round the whole, and without a full stop.
fn cleaned(text: &str) -> Cow<'_, str> {
    let edge = |char: char| is_markup(char) || matches!(char, '"' | '“' | '”' | '$');
    let mut text = text;
    loop {
        let before = text.len();
        text = text.trim_matches(edge).trim_end_matches('.');
        let inner = [("\\(", "\\)"), ("\\[", "\\]")]
            .iter()
            .find_map(|(open, close)| text.strip_prefix(open).and_then(|inner| inner.strip_suffix(close)));
        text = inner.unwrap_or(text);
        if text.len() == before {
            break;
        }
    }
    if text.contains("**") { Cow::Owned(without_emphasis(text)) } else { Cow::Borrowed(text) }
}

/// Without the double asterisks that are no power: those with nothing on one side.
fn without_emphasis(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("**") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        result.push_str(before);
        let touches = |char: char| char.is_alphanumeric() || "()[]{}".contains(char);
        if result.ends_with(touches) && after.starts_with(touches) {
            result.push_str("**");
        }
        rest = after;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::{answer, boxed, cleaned, last_number};
    use crate::{Config, Extract};

    #[test]
    fn the_last_box_with_content_counts() {
        let cases = [
            ("\\boxed{1} then \\boxed {2}", Some("2")),
            ("\\boxed{1} then \\boxed{}", Some("1")),
            ("\\fbox{3} in a box", Some("3")),
            ("\\boxed{\\frac{1}{2}\nand on", Some("\\frac{1}{2}")),
            ("no box{4}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(boxed(text), expected, "{text}");
        }
    }

    #[test]
    fn answers_are_found_without_a_box() {
        let line = Config { extract: Extract::AnswerLine, ..Config::default() };
        let number = Config { integer_fallback: true, ..Config::default() };
        let cases = [
            (Config::default(), "Thus the answer is $\\frac{1}{3}$. Good.", Some("\\frac{1}{3}")),
            (Config::default(), "# **Final Answer**\n\n**8**", Some("8")),
            (Config::default(), "Long ago.\n\nThe area of the whole figure that we look at is 9.", Some("9")),
            (Config::default(), "I could not find anything that would be an answer here, sorry", None),
            (line.clone(), "**Answer: True**", Some("True")),
            (line, "Some words\n\nNo", Some("No")),
            (number.clone(), "The result is 12. That took 3 steps, which was more than anybody thought", Some("12")),
            (number.clone(), "After all these long computations with many steps we get x = -2.5 at last", Some("-2.5")),
            (number, "7", Some("7")),
        ];
        for (config, text, expected) in cases {
            let found = answer(&config, text).map(|(found, _)| cleaned(found).into_owned());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_last_number_keeps_its_sign_and_fraction() {
        let cases = [("1 - 2", "2"), ("-2.5.", "-2.5"), ("5-3", "3"), ("of 1,024, yes", "1,024"), ("v1.2", "1.2")];
        for (text, expected) in cases {
            assert_eq!(last_number(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn emphasis_goes_and_powers_stay() {
        assert_eq!(cleaned("**4** apples."), "4 apples");
        assert_eq!(cleaned("$x**2$"), "x**2");
    }
}
