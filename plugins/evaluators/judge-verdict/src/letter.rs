//! One letter: A correct, B incorrect, C not attempted.

use crate::markup::words;
use crate::verdict::Verdict;

/// The reference's reading: the first capital A, B or C of the reply, C where there is none.
pub(crate) fn compat(reply: &str) -> Verdict {
    verdict(reply.chars().find(|char| ('A'..='C').contains(char)).unwrap_or('C'))
}

/// The last line that is a grade or names one behind a label such as "grade:"; otherwise the only grade that is written
/// as a word in capitals.
pub(crate) fn fixed(reply: &str) -> Option<Verdict> {
    let grade = reply.lines().rev().find_map(|line| whole(line).or_else(|| labelled(line)));
    grade.or_else(|| opening(reply).unwrap_or_else(|| in_capitals(reply))).map(verdict)
}

fn verdict(letter: char) -> Verdict {
    Verdict { prediction: Some(letter.into()), ..Verdict::right_if(letter == 'A') }
}

/// The letter of a word of one letter.
fn letter(word: &str) -> Option<char> {
    match word {
        "A" => Some('A'),
        "B" => Some('B'),
        "C" => Some('C'),
        _ => None,
    }
}

/// The grade of a word, and of how many words it is made.
fn word(first: &str, second: Option<&str>) -> Option<(char, usize)> {
    let is = |word: &str| first.eq_ignore_ascii_case(word);
    if is("correct") {
        Some(('A', 1))
    } else if is("incorrect") {
        Some(('B', 1))
    } else if is("not_attempted") {
        Some(('C', 1))
    } else {
        let both = is("not") && second.is_some_and(|second| second.eq_ignore_ascii_case("attempted"));
        both.then_some(('C', 2))
    }
}

/// A line that is a grade and nothing else: a letter, a word, or both where they agree.
fn whole(line: &str) -> Option<char> {
    let mut found = words(line).map(|(word, _)| word);
    let (first, second, third) = (found.next()?, found.next(), found.next());
    if found.next().is_some() {
        return None;
    }
    if second.is_none() {
        let lone = letter(first).or_else(|| letter(&first.to_uppercase()));
        return lone.or_else(|| Some(word(first, None)?.0));
    }
    match letter(first) {
        Some(found) => {
            let (grade, length) = word(second?, third)?;
            (grade == found && length == 1 + usize::from(third.is_some())).then_some(found)
        }
        None => {
            let (grade, length) = word(first, second)?;
            match (length, third) {
                (2, None) => Some(grade),
                (1, None) => letter(second?).filter(|&found| found == grade),
                (_, Some(third)) if length == 2 => letter(third).filter(|&found| found == grade),
                _ => None,
            }
        }
    }
}

/// What a line says behind the last label in it: "the grade is A", "Grade: **CORRECT**", "verdict: B, because ...".
fn labelled(line: &str) -> Option<char> {
    const LABELS: [&str; 3] = ["grade", "verdict", "rating"];
    const BETWEEN: [&str; 8] = ["is", "as", "of", "be", "would", "should", "therefore", "thus"];
    let is_one_of = |words: &[&str], word: &str| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    let (mut behind, mut found) = (false, None);
    let mut rest = words(line).peekable();
    while let Some((first, closes)) = rest.next() {
        if is_one_of(&LABELS, first) {
            behind = true;
        } else if behind && !is_one_of(&BETWEEN, first) {
            behind = false;
            // "The grade is A bit ..." names no grade: behind the letter its clause must end, or a reason begin.
            let next = rest.peek().map(|&(next, _)| next);
            let ends = closes || next.is_some_and(|next| is_one_of(&["because", "since", "as", "for"], next));
            found = letter(first).filter(|_| ends).or_else(|| Some(word(first, next)?.0)).or(found);
        }
    }
    found
}

/// What a reply that opens with a letter and a colon, a dash or a bracket, then explains, says: "B: the year differs".
/// "A: INCORRECT" says nothing.
fn opening(reply: &str) -> Option<Option<char>> {
    let start = reply.trim_start().trim_start_matches(['*', '(', '[', '`']);
    let found = letter(start.get(..1)?)?;
    let after = start[1..].trim_start_matches(['*', ' ', '`']);
    if !after.starts_with([':', ')', ']', '-', '\u{2013}', '\u{2014}']) {
        return None;
    }
    let mut next = words(after).map(|(word, _)| word);
    let named = next.next().and_then(|first| word(first, next.next()));
    Some(Some(found).filter(|&found| named.is_none_or(|(grade, _)| grade == found)))
}

/// The grade that a reply names in capitals somewhere, if it names only one and does not negate it.
fn in_capitals(reply: &str) -> Option<char> {
    let mut found = None;
    let mut before = "";
    for (each, _) in words(reply) {
        let grade = match each {
            "CORRECT" => Some('A'),
            "INCORRECT" => Some('B'),
            "NOT_ATTEMPTED" => Some('C'),
            _ => None,
        };
        if let Some(grade) = grade {
            if before.eq_ignore_ascii_case("not") || found.is_some_and(|other| other != grade) {
                return None;
            }
            found = Some(grade);
        }
        before = each;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{compat, fixed};

    #[test]
    fn the_reference_takes_the_first_capital_of_the_three() {
        let cases = [("A", 'A'), ("CORRECT", 'C'), ("Because", 'B'), ("a", 'C'), ("APITimeoutError", 'A'), ("", 'C')];
        for (reply, expected) in cases {
            assert_eq!(compat(reply).prediction, Some(expected.to_string()), "{reply}");
        }
    }

    #[test]
    fn only_what_is_clearly_a_grade_counts() {
        let cases = [
            ("A", Some('A')),
            ("b.", Some('B')),
            ("**C**", Some('C')),
            ("(A)", Some('A')),
            ("CORRECT", Some('A')),
            ("Incorrect.", Some('B')),
            ("NOT_ATTEMPTED", Some('C')),
            ("_Not attempted_", Some('C')),
            ("A: CORRECT", Some('A')),
            ("C (NOT ATTEMPTED)", Some('C')),
            ("INCORRECT (B)", Some('B')),
            ("A: INCORRECT", None),
            ("Based on the target, the grade is A", Some('A')),
            ("Grade: **B**, because the year differs", Some('B')),
            ("The verdict would therefore be INCORRECT.", Some('B')),
            ("The grade is A because all is there", Some('A')),
            ("The grade is A bit hard to give", None),
            ("First I thought the grade is B.\nThe grade is A.", Some('A')),
            ("Grade: B\n\nA", Some('A')),
            ("B: the year differs from the target", Some('B')),
            ("A good answer", None),
            ("Because the answer differs", None),
            ("The correct answer is Oslo", None),
            ("The answer is CORRECT since all is there", Some('A')),
            ("This is NOT CORRECT at all", None),
            ("CORRECT or INCORRECT, who knows", None),
            ("Generation went wrong", None),
            ("\u{c1}", None),
            ("", None),
        ];
        for (reply, expected) in cases {
            let found = fixed(reply).and_then(|found| found.prediction);
            assert_eq!(found, expected.map(String::from), "{reply}");
        }
    }
}
