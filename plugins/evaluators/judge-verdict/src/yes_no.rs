//! Four labelled parts, the verdict yes or no.

use routerlab_answers::digits::leading_integer;
use routerlab_answers::judge::short;
use routerlab_answers::tags::find_in_any_case;
use routerlab_answers::{is_space, strip};

use crate::markup::{bare, is_markup, labelled, words};
use crate::verdict::Verdict;

const ANSWER: &str = "extracted_final_answer";

/// The reference's reading: the first hit of each label wherever it stands, "no" where there is no verdict.
pub(crate) fn compat(reply: &str) -> Verdict {
    let yes = first_after(reply, "correct:", |_, rest| {
        let begins = |word: &str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if begins("yes") { Some(true) } else { begins("no").then_some(false) }
    });
    let confidence = first_after(reply, "confidence:", |_, rest| Some(leading_integer(rest)?.1)).unwrap_or(0);
    let answer = first_after(reply, "extracted_final_answer:", |blanks, rest| match rest.split('\n').next() {
        Some(line) if !line.is_empty() => Some(strip(line)),
        // As a regular expression would go back: a blank that is no line end may be the answer, and is stripped.
        _ => blanks.contains(|char| char != '\n').then_some(""),
    });
    let note = note(confidence, reasoning(reply).unwrap_or_default());
    Verdict { prediction: Some(answer.unwrap_or("None").to_owned()), note, ..Verdict::right_if(yes == Some(true)) }
}

/// What `read` makes of the text behind a label, given the white space between and the rest; the first hit counts.
fn first_after<'a, T>(reply: &'a str, label: &str, read: impl Fn(&'a str, &'a str) -> Option<T>) -> Option<T> {
    let mut rest = reply;
    while let Some(at) = find_in_any_case(rest, label) {
        rest = &rest[at + label.len()..];
        let found = rest.trim_start_matches(is_space);
        if let Some(value) = read(&rest[..rest.len() - found.len()], found) {
            return Some(value);
        }
    }
    None
}

/// From the label to the line that begins with the verdict's label.
fn reasoning(reply: &str) -> Option<&str> {
    const LABEL: &str = "reasoning:";
    let rest = &reply[find_in_any_case(reply, LABEL)? + LABEL.len()..];
    let end = find_in_any_case(rest, "\ncorrect:").unwrap_or(rest.len());
    Some(strip(&rest[..end]))
}

/// The last verdict that stands behind its label at the beginning of a line, whatever markdown is round it.
pub(crate) fn fixed(reply: &str) -> Option<Verdict> {
    let (mut yes, mut answer, mut confidence) = (None, None, 0);
    let mut lines = reply.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = labelled(line, "correct") {
            // The verdict may stand on a line of its own below its label.
            let rest = if bare(rest).is_empty() { lines.peek().copied().unwrap_or(rest) } else { rest };
            yes = yes_or_no(rest).or(yes);
        } else if let Some(rest) = labelled(line, ANSWER).or_else(|| labelled(line, "extracted final answer")) {
            answer = Some(without_quotes(rest)).filter(|found| !found.is_empty());
        } else if let Some(rest) = labelled(line, "confidence") {
            confidence = leading_integer(rest.trim_start_matches(is_markup)).map_or(0, |(_, value)| value);
        }
    }
    let yes = yes.or_else(|| lone(reply))?;
    let note = note(confidence.min(100), reasoning_line(reply).unwrap_or_default());
    Some(Verdict { prediction: answer.map(str::to_owned), note, ..Verdict::right_if(yes) })
}

/// Yes or no as a whole word at the beginning; "yes or no" is the question, not an answer.
fn yes_or_no(text: &str) -> Option<bool> {
    let mut words = words(text).map(|(word, _)| word);
    let yes = verdict(words.next()?)?;
    let second = words.next().unwrap_or_default();
    let other = if second.eq_ignore_ascii_case("or") { words.next().unwrap_or_default() } else { second };
    (verdict(other) != Some(!yes)).then_some(yes)
}

fn verdict(word: &str) -> Option<bool> {
    if word.eq_ignore_ascii_case("yes") { Some(true) } else { word.eq_ignore_ascii_case("no").then_some(false) }
}

/// The verdict of a reply that is nothing else.
fn lone(reply: &str) -> Option<bool> {
    let mut words = words(reply).map(|(word, _)| word);
    let only = words.next()?;
    if words.next().is_some() { None } else { verdict(only) }
}

/// Without the marks of emphasis and quotation; brackets may belong to an answer.
fn without_quotes(text: &str) -> &str {
    let text = text.trim_matches(|char: char| is_markup(char) && !matches!(char, '(' | ')' | '[' | ']' | '{' | '}'));
    text.trim_end_matches("\",").trim()
}

fn reasoning_line(reply: &str) -> Option<&str> {
    reply.lines().find_map(|line| labelled(line, "reasoning")).map(bare)
}

/// What is kept of the rest: whether the judged answer's confidence fits its score is a question of its own.
fn note(confidence: u64, reasoning: &str) -> Option<String> {
    let reasoning = short(reasoning, 160);
    Some(if reasoning.is_empty() {
        format!("confidence {confidence}")
    } else {
        format!("confidence {confidence}; {reasoning}")
    })
}

#[cfg(test)]
mod tests {
    use super::{compat, fixed};

    #[test]
    fn the_reference_takes_the_first_hit_wherever_it_stands() {
        let cases = [
            ("extracted_final_answer: 7\nreasoning: same\ncorrect: yes\nconfidence: 90", 1.0, "7"),
            ("EXTRACTED_FINAL_ANSWER: 7\nCorrect:\n  Yes", 1.0, "7"),
            ("**extracted_final_answer:** 7\n**correct:** yes", 0.0, "** 7"),
            ("extracted_final_answer: 7\nreasoning: incorrect: no doubt\ncorrect: yes", 0.0, "7"),
            ("extracted_final_answer:\ncorrect: not at all", 0.0, "correct: not at all"),
            ("correct: maybe\ncorrect: yes", 1.0, "None"),
            ("extracted_final_answer: ", 0.0, ""),
            ("extracted_final_answer:\n", 0.0, "None"),
            ("", 0.0, "None"),
        ];
        for (reply, score, answer) in cases {
            let found = compat(reply);
            assert_eq!((found.score, found.prediction.as_deref()), (score, Some(answer)), "{reply:?}");
        }
        let note = |reply: &str| compat(reply).note.unwrap();
        assert_eq!(note("reasoning: a\nb\ncorrect: no\nconfidence: 55%"), "confidence 55; a b");
        assert_eq!(note("confidence: unknown"), "confidence 0");
    }

    #[test]
    fn the_last_verdict_on_its_own_line_counts() {
        let cases = [
            ("extracted_final_answer: 7\nreasoning: same\ncorrect: yes\nconfidence: 90", Some((1.0, Some("7")))),
            ("**extracted_final_answer:** 7\n**correct:** **no**", Some((0.0, Some("7")))),
            ("1. **Correct**: Yes.", Some((1.0, None))),
            ("\"extracted_final_answer\": \"f(x)\",\n\"correct\": \"yes\",", Some((1.0, Some("f(x)")))),
            ("correct: no\nOn reflection:\ncorrect: yes", Some((1.0, None))),
            ("reasoning: is it incorrect: no\ncorrect: yes", Some((1.0, None))),
            ("correct:\n\nyes", None),
            ("correct:\nyes", Some((1.0, None))),
            ("correct: yes or no", None),
            ("correct: yes, no difference", None),
            ("correct: not sure", None),
            ("correct: yesterday", None),
            ("correct: yes, the values agree", Some((1.0, None))),
            ("extracted_final_answer:\nreasoning: none\ncorrect: no", Some((0.0, None))),
            ("Yes.", Some((1.0, None))),
            ("Yes, I think so", None),
            ("", None),
        ];
        for (reply, expected) in cases {
            let found = fixed(reply);
            let found = found.as_ref().map(|found| (found.score, found.prediction.as_deref()));
            assert_eq!(found, expected, "{reply:?}");
        }
        let note = |reply: &str| fixed(reply).unwrap().note.unwrap();
        assert_eq!(note("**reasoning:** same\ncorrect: yes\n**confidence:** 80%"), "confidence 80; same");
        assert_eq!(note("correct: yes\nconfidence: 1000"), "confidence 100");
    }
}
