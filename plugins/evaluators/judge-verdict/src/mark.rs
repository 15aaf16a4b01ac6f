//! A mark from 0 to 10.

use routerlab_answers::boxed::last_box;
use routerlab_answers::digits::{decimal_digit, leading_integer};
use routerlab_answers::judge::short;
use routerlab_answers::labelled::{Payload, labelled as letter_of};
use routerlab_answers::strip;
use serde_json::{Map, Value};

use crate::verdict::Verdict;

/// The reference's reading: the first whole number that stands alone; 0 where there is none or it is no mark.
pub(crate) fn compat(reply: &str) -> Verdict {
    // Here a word is one of Python's: an underscore belongs to it.
    let numbers = reply.split(|char: char| !char.is_alphanumeric() && char != '_').filter_map(|word| {
        let (length, value) = leading_integer(word)?;
        (length == word.len()).then_some(value)
    });
    verdict(numbers.into_iter().next().filter(|&mark| mark <= 10).unwrap_or(0))
}

/// A number in a text.
#[derive(Debug, Clone, Copy)]
struct Number {
    /// The whole part; a mark with decimals is cut, because marks are whole.
    value: u64,
    start: usize,
    end: usize,
}

/// The last mark of the first of these kinds: behind a label such as "score:", out of ten, alone on its line, alone
/// anywhere. The ends of a range and what a mark is out of are no marks.
pub(crate) fn fixed(reply: &str) -> Option<Verdict> {
    let mut found: [Option<u64>; 4] = [None; 4];
    let mut labelled = false;
    for line in reply.lines() {
        let numbers = numbers(line);
        let mut at = 0;
        while let Some(&number) = numbers.get(at) {
            let between = |next: &Number| strip(&line[number.end..next.start]).trim_matches(['*', '`']);
            let join = numbers.get(at + 1).map(|next| (between(next), next.value));
            let before = if at == 0 { &line[..number.start] } else { &line[numbers[at - 1].end..number.start] };
            labelled |= ends_with_label(before);
            at += 1;
            let out_of = join.filter(|(join, _)| *join == "/" || join.eq_ignore_ascii_case("out of"));
            let range = join.is_some_and(|(join, _)| matches!(join, "to" | "-" | "\u{2013}" | "\u{2014}"));
            if out_of.is_some() || range {
                at += 1;
            }
            let is_mark = number.value <= 10 && !range && out_of.is_none_or(|(_, whole)| whole == 10);
            if is_mark {
                let alone = strip(line).trim_matches(['*', '`', '.', '[', ']', '(', ')', '#', ' ']);
                let kind = match () {
                    () if labelled => 0,
                    () if out_of.is_some() => 1,
                    () if alone == &line[number.start..number.end] => 2,
                    () => 3,
                };
                found[kind] = Some(number.value);
            }
            labelled = false;
        }
        // A label may end its line and its mark stand on the next.
        labelled = numbers.is_empty() && (ends_with_label(line) || labelled && strip(line).is_empty());
    }
    found.into_iter().flatten().next().map(verdict)
}

/// Whether a text ends with the label of a mark and at most a colon, an equals sign or "is".
fn ends_with_label(text: &str) -> bool {
    let text =
        text.trim_end_matches(|char: char| char.is_whitespace() || matches!(char, '*' | '`' | '_' | ':' | '=' | '"'));
    let text = text.strip_suffix(" is").unwrap_or(text).trim_end_matches([' ', '*', '`', '_', '"']);
    ["score", "mark", "rating", "grade", "points"].iter().any(|label| {
        let start = text.len().checked_sub(label.len());
        start.and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(label))
    })
}

/// The numbers of a line that stand alone, with decimals or without; a number behind a minus sign is none.
fn numbers(line: &str) -> Vec<Number> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut numbers = Vec::new();
    let mut rest = line;
    let at = |rest: &str| line.len() - rest.len();
    while let Some(first) = rest.find(|char| decimal_digit(char).is_some()) {
        let start = at(rest) + first;
        let Some((length, value)) = leading_integer(&line[start..]) else { break };
        let mut end = start + length;
        if let Some(decimals) = line[end..].strip_prefix('.').and_then(leading_integer) {
            end += 1 + decimals.0;
        }
        rest = &line[end..];
        let before = line[..start].chars().next_back();
        // Behind a word or a number a dash is none.
        let sign = before == Some('-') && !line[..start - 1].ends_with(is_word);
        let goes_on = rest.starts_with(is_word) || rest.strip_prefix('.').and_then(leading_integer).is_some();
        let continues = before == Some('.') && line[..start - 1].ends_with(is_word) || goes_on;
        if !before.is_some_and(is_word) && !sign && !continues {
            numbers.push(Number { value, start, end });
        }
    }
    numbers
}

fn verdict(mark: u64) -> Verdict {
    let mark = mark.min(10);
    Verdict { score: mark as f64 / 10.0, note: Some(format!("mark {mark}")), ..Verdict::default() }
}

/// The answer that stands in the reply, for the reader alone: a letter where there are options, otherwise the last box,
/// the last number, or the reply itself.
pub(crate) fn answer(output: &str, metadata: &Map<String, Value>) -> String {
    let output = strip(output);
    if metadata.get("question_type").and_then(Value::as_str) == Some("mcq") {
        return letter_of(output, Payload::LetterTo('J')).to_owned();
    }
    let number = || output.split(char::is_whitespace).rev().find(|word| word.chars().any(|char| char.is_ascii_digit()));
    last_box(output).or_else(number).map_or_else(|| short(output, 200), str::to_owned)
}

/// The options of a question, one a line below it.
pub(crate) fn options(metadata: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines = String::new();
    match metadata.get("options") {
        Some(Value::Array(options)) => options.iter().for_each(|option| lines.extend(["\n- ", &text(option)])),
        Some(Value::Object(options)) => {
            for (letter, option) in options.iter().filter(|(_, option)| !option.is_null()) {
                lines.extend(["\n", letter, ". ", &text(option)]);
            }
        }
        _ => {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{answer, compat, fixed, options};
    use serde_json::{Map, Value, json};

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn the_reference_takes_the_first_whole_number() {
        let cases = [
            ("10", 1.0),
            ("7.9", 0.7),
            ("Mark: 8/10", 0.8),
            ("Of 10 points: 3", 1.0),
            ("0 to 10? 9", 0.0),
            ("11", 0.0),
            ("v3 gets 4", 0.4),
            ("\u{665}", 0.5),
            ("99999999999999999999999", 0.0),
            ("", 0.0),
        ];
        for (reply, expected) in cases {
            assert_eq!(compat(reply).score, expected, "{reply}");
        }
    }

    #[test]
    fn the_mark_is_told_from_the_scale() {
        let cases = [
            ("9", Some(0.9)),
            ("**9**", Some(0.9)),
            ("7.5", Some(0.7)),
            ("8/10", Some(0.8)),
            ("**Score:** 8 / 10", Some(0.8)),
            ("On the 0 to 10 scale this is 9", Some(0.9)),
            ("On a scale of 0-10 I give 6 out of 10. Two of 3 parts are there.", Some(0.6)),
            ("Score: 4. It holds 2 of the 5 parts.", Some(0.4)),
            ("The score is 3", Some(0.3)),
            ("Score:\n\n5", Some(0.5)),
            ("7\n\nTwo of 3 parts are there.", Some(0.7)),
            ("It deserves 2, no, 3", Some(0.3)),
            ("80/100", None),
            ("85", None),
            ("-3", None),
            ("H2O", None),
            ("3.1.4", None),
            ("perfect", None),
            ("0 to 10", None),
            ("", None),
        ];
        for (reply, expected) in cases {
            assert_eq!(fixed(reply).map(|found| found.score), expected, "{reply}");
        }
    }

    #[test]
    fn the_answer_is_found_for_the_reader() {
        let choice = object(json!({"question_type": "mcq"}));
        assert_eq!(answer("So:\nAnswer: C", &choice), "C");
        let other = Map::new();
        assert_eq!(answer("it is \\boxed{4} of 5", &other), "4");
        assert_eq!(answer("about 42 K", &other), "42");
        assert_eq!(answer(" a comet ", &other), "a comet");
    }

    #[test]
    fn options_stand_below_the_question() {
        assert_eq!(options(&object(json!({"options": ["x", 2]}))), "\n- x\n- 2");
        assert_eq!(options(&object(json!({"options": {"A": "x", "B": null}}))), "\nA. x");
        assert_eq!(options(&object(json!({"options": 3}))), "");
    }
}
