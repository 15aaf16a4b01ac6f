//! The letter of an option in what a model wrote, read as a person would.

use crate::boxed::last_box;
use crate::label::last_read;
use crate::{is_space, markdown, thinking};

/// The letter (capital, from A to `last`) that a reply gives as its answer; none when it gives none.
///
/// A leading thinking section and markdown do not count. In this order: behind the last label that is meant
/// ([`crate::label`]), in the last box, a final line that is a letter or a short sentence with one letter in it, an option
/// whose text is the final line. A letter must stand alone, and "A" and "I" must not be an article or a pronoun.
pub fn answer(reply: &str, last: char, options: &[String]) -> Option<char> {
    let reply = thinking::after_thinking(reply);
    let plain = markdown::plain(reply);
    let text = plain.as_ref();
    let of_label =
        |line: &str| at_start(line, last).or_else(|| last_alone(line, last)).or_else(|| option(line, options));
    let labelled = last_read(text, |label| of_label(label.line()));
    labelled.or_else(|| last_box(text).and_then(|content| at_start(content, last))).or_else(|| {
        let line = text.lines().rev().map(|line| line.trim_matches(is_space)).find(|line| !line.is_empty())?;
        alone(line, last).or_else(|| in_short_sentence(line, last)).or_else(|| option(line, options))
    })
}

/// The letter that a text begins with, if it stands alone: `(B)`, `$B$`, `b.`, `option C`, `\boxed{D}`.
fn at_start(text: &str, last: char) -> Option<char> {
    const BEFORE: [&str; 9] =
        ["\\boxed{", "\\(", "\\[", "option ", "choice ", "letter ", "Option ", "Choice ", "Letter "];
    let mut text = text;
    loop {
        let before = text.len();
        text = text.trim_start_matches(|char: char| is_space(char) || "$([{\"'“‘".contains(char));
        if let Some(rest) = BEFORE.iter().find_map(|word| text.strip_prefix(word)) {
            text = rest;
        }
        if text.len() == before {
            break;
        }
    }
    let letter = text.chars().next()?;
    let found = in_range(letter, last)?;
    stands_alone(letter, &text[letter.len_utf8()..]).then_some(found)
}

/// The last capital letter of a line that stands alone.
fn last_alone(line: &str, last: char) -> Option<char> {
    letters_alone(line, last).last()
}

/// Every capital letter of a line that stands alone.
fn letters_alone(line: &str, last: char) -> impl Iterator<Item = char> {
    let mut previous = ' ';
    line.char_indices().filter_map(move |(at, char)| {
        let before = std::mem::replace(&mut previous, char);
        let joined = before.is_alphanumeric() || "'’_-\\".contains(before);
        let found = char.is_ascii_uppercase().then(|| in_range(char, last)).flatten().filter(|_| !joined)?;
        stands_alone(char, &line[at + 1..]).then_some(found)
    })
}

/// A line that is nothing but a letter and what may stand round it.
fn alone(line: &str, last: char) -> Option<char> {
    let found = at_start(line, last)?;
    let letters = line.chars().filter(|char| char.is_alphanumeric()).count();
    (letters == 1).then_some(found)
}

/// "It must be F": a short last line with one letter in it.
fn in_short_sentence(line: &str, last: char) -> Option<char> {
    const SHORT: usize = 60;
    if line.len() > SHORT {
        return None;
    }
    let mut letters = letters_alone(line, last);
    let found = letters.next()?;
    letters.all(|other| other == found).then_some(found)
}

/// The option whose text a line is.
fn option(line: &str, options: &[String]) -> Option<char> {
    let bare = |text: &str| text.trim_matches(|char: char| is_space(char) || ".\"'“”".contains(char)).to_lowercase();
    if options.is_empty() {
        return None;
    }
    let line = bare(line);
    let place = options.iter().position(|option| !line.is_empty() && bare(option) == line)?;
    char::from_u32('A' as u32 + u32::try_from(place).ok()?).filter(char::is_ascii_uppercase)
}

fn in_range(letter: char, last: char) -> Option<char> {
    let upper = letter.to_ascii_uppercase();
    ('A'..=last).contains(&upper).then_some(upper)
}

/// Whether a letter is no part of a word, and no article or pronoun either.
fn stands_alone(letter: char, after: &str) -> bool {
    /// What may follow an "A" that is an answer.
    const VERBS: [&str; 9] = ["is", "because", "since", "as", "was", "would", "and", "or", "seems"];
    let mut chars = after.chars();
    match chars.next() {
        Some('\'' | '’') => !chars.next().is_some_and(char::is_alphabetic),
        Some(char) if char.is_alphanumeric() || char == '_' => false,
        // "A-list", "I-beam".
        Some('-' | '–') => !chars.next().is_some_and(char::is_alphanumeric),
        Some(' ') if matches!(letter, 'A' | 'a' | 'I' | 'i') => {
            let word: String = chars.take_while(|char| char.is_alphanumeric()).collect();
            word.is_empty()
                || !word.starts_with(char::is_lowercase)
                || (VERBS.contains(&word.as_str()) && !(letter.eq_ignore_ascii_case(&'I') && word != "is"))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::answer;

    fn check(cases: &[(&str, Option<char>)], options: &[&str]) {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        for (reply, expected) in cases {
            assert_eq!(answer(reply, 'J', &options), *expected, "{reply:?}");
        }
    }

    #[test]
    fn decoration_and_case_do_not_hide_a_letter() {
        check(
            &[
                ("**Answer:** (B)", Some('B')),
                ("answer: d", Some('D')),
                ("Answer：C is my choice", Some('C')),
                ("Answer: `A`", Some('A')),
                ("\\boxed{\\text{C}}", Some('C')),
                ("Answer: \\boxed{E}", Some('E')),
                ("Answer: $\\boxed{F}$", Some('F')),
                ("The final Answer : $H$", Some('H')),
                ("Answer: option G.", Some('G')),
                ("Final Answer\n\n**C**", Some('C')),
                (" e.", Some('E')),
            ],
            &[],
        );
    }

    #[test]
    fn a_word_is_no_letter() {
        check(
            &[
                ("Answer: Cannot be determined", None),
                ("Answer: I am not sure", None),
                ("Answer: I believe it is C", Some('C')),
                ("Answer: A dog", None),
                ("Answer: A is right", Some('A')),
                ("Answer: Aspirin (option B)", Some('B')),
                ("Answer: I'd say none", None),
                ("Answer: K", None),
                ("", None),
            ],
            &[],
        );
    }

    #[test]
    fn what_was_only_mentioned_is_no_answer() {
        check(
            &[
                ("I must end with 'Answer: A' or similar.\nAnswer: C", Some('C')),
                ("Answer: C\nNote: a reply such as Answer: B would be wrong", Some('C')),
                ("<think>Answer: A</think>Answer: B", Some('B')),
                ("\\boxed{A} is tempting, yet \\boxed{B}", Some('B')),
                ("It could be A or B", None),
                ("It must be F", Some('F')),
            ],
            &[],
        );
    }

    #[test]
    fn the_text_of_an_option_is_its_letter() {
        check(
            &[("Answer: Fear", Some('B')), ("After all:\nsadness.", Some('C')), ("Answer: Fearful", None)],
            &["Joy", "fear", "Sadness"],
        );
    }
}
