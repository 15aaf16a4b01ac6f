//! The letter of an option in [`crate::markdown::plain`] text.

/// How much of a text is read, in bytes. What states a letter does it soon.
const LOOK_AHEAD: usize = 240;

/// Words that may stand between the start of an answer and its letter.
const LEADING: [&str; 17] = [
    "option",
    "choice",
    "letter",
    "answer",
    "the",
    "correct",
    "best",
    "final",
    "my",
    "is",
    "it",
    "it's",
    "so",
    "thus",
    "therefore",
    "definitely",
    "probably",
];

/// Words that a letter follows only when it is an option's.
const INTRODUCING: [&str; 11] =
    ["option", "choice", "letter", "answer", "is", "be", "pick", "choose", "select", "chose", "say"];

/// After these `A` and `I` are letters although a word in lower case follows.
const AFTER_LETTER: [&str; 13] =
    ["is", "because", "since", "as", "due", "which", "based", "given", "according", "and", "or", "would", "for"];

/// Words that turn a sentence about a letter into one against it, or into none.
const AGAINST: [&str; 11] =
    ["not", "cannot", "isn't", "can't", "wouldn't", "neither", "nor", "or", "if", "wrong", "incorrect"];

/// The letter from A to `last` that an answer states, upper case: `B`, `(b)`, `$B$`, `B. text`, `option B`,
/// `text (option B)`.
///
/// The letter stands alone: the first letter of a word is none, and neither are the pronoun and the article. Two letters
/// (`A or B`) state nothing, and neither does a letter that is called wrong.
pub fn stated(answer: &str, last: char) -> Option<char> {
    let answer = cut(answer);
    for token in tokens(answer) {
        if let Some(letter) = option_at(answer, &token, last, true) {
            return (!is_taken_back(answer, &token, last)).then_some(letter);
        }
        if !is_one_of(token.text, &LEADING) {
            break;
        }
    }
    introduced(answer, last)
}

/// The letter that a concluding line comes to: the line is the letter, with decoration and leading words
/// (`Option B.`), or ends with it (`It must be F`, `hence the lungs (B).`).
pub fn concluded(line: &str, last: char) -> Option<char> {
    if line.len() > LOOK_AHEAD {
        return None;
    }
    let mut before = "";
    let mut only_leading = true;
    let mut found = None;
    for token in tokens(line) {
        found = option_at(line, &token, last, false)
            .filter(|_| only_leading || is_one_of(before, &INTRODUCING) || is_bracketed(line, &token));
        if is_one_of(token.text, &AGAINST) {
            return None;
        }
        only_leading &= is_one_of(token.text, &LEADING);
        before = token.text;
    }
    found
}

/// The letter that a line begins with as a list of options would have it: `B) text`, `(B) text`, `B. text`, `B: text`.
pub fn headed(line: &str, last: char) -> Option<char> {
    let line = cut(line);
    let token = tokens(line).next()?;
    let letter = option_at(line, &token, last, false)?;
    let begins = line[..token.start].chars().all(|char| matches!(char, '(' | '[' | ' '));
    (begins && line[token.end()..].starts_with([')', '.', ':', ']'])).then_some(letter)
}

/// A word: letters, digits, and apostrophes between them.
struct Token<'a> {
    text: &'a str,
    start: usize,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let inner = |char: char| !char.is_alphanumeric() && !matches!(char, '\'' | '\u{2019}');
        let end = text[start..].find(inner).map_or(text.len(), |length| start + length);
        at = end;
        let word = text[start..end].trim_end_matches(['\'', '\u{2019}']);
        Some(Token { text: word, start })
    })
}

/// The option's letter that this word is. `lower`: one in lower case counts too.
fn option_at(text: &str, token: &Token<'_>, last: char, lower: bool) -> Option<char> {
    let mut chars = token.text.chars();
    let (typed, None) = (chars.next()?, chars.next()) else { return None };
    let letter = typed.to_ascii_uppercase();
    if !('A'..=last).contains(&letter) {
        return None;
    }
    let alone_in_line = strip_marks(text).len() == 1;
    if typed != letter && !lower && !alone_in_line && !is_bracketed(text, token) {
        return None;
    }
    let mut before = text[..token.start].chars().rev();
    if before.next().is_some_and(|char| {
        matches!(char, '_' | '^' | '\\')
            || (matches!(char, '-' | '/' | '.' | '+') && before.next().is_some_and(char::is_alphanumeric))
    }) {
        return None;
    }
    let after = &text[token.end()..];
    let mut chars = after.chars();
    match chars.next() {
        None => return Some(letter),
        Some('_' | '+' | '#' | '%' | '=' | '^' | '\u{b0}') => return None,
        Some('-' | '/' | '.' | '\\') if chars.next().is_some_and(char::is_alphanumeric) => return None,
        _ => {}
    }
    (!is_article_or_pronoun(letter, after)).then_some(letter)
}

/// "A dog", "I think".
fn is_article_or_pronoun(letter: char, after: &str) -> bool {
    if !matches!(letter, 'A' | 'I') {
        return false;
    }
    let rest = after.trim_start();
    if rest.len() == after.len() || !rest.starts_with(char::is_lowercase) {
        return false;
    }
    let word = rest.split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
    let allowed = if letter == 'I' { &AFTER_LETTER[..11] } else { &AFTER_LETTER[..] };
    !is_one_of(word, allowed)
}

/// Whether another letter is offered as well, or this one is called wrong.
fn is_taken_back(text: &str, token: &Token<'_>, last: char) -> bool {
    let after = text[token.end()..]
        .trim_start_matches(|char: char| !char.is_alphanumeric() && !matches!(char, ',' | '/' | '&' | '\u{3001}'));
    let second = |rest: &str| {
        let next = tokens(rest).next();
        next.is_some_and(|next| option_at(rest, &next, last, false).is_some())
    };
    if after.starts_with([',', '/', '&', '\u{3001}']) {
        let rest = after.trim_start_matches(|char: char| !char.is_alphanumeric());
        return second(after) || ["and ", "or "].iter().any(|word| rest.strip_prefix(word).is_some_and(second));
    }
    if let Some(rest) = ["and ", "or "].iter().find_map(|word| after.strip_prefix(word)) {
        return second(rest);
    }
    ["would be wrong", "would be incorrect", "is wrong", "is incorrect", "is not"]
        .iter()
        .any(|words| after.starts_with(words))
}

/// The first letter that a word such as "option" or brackets introduce.
fn introduced(text: &str, last: char) -> Option<char> {
    let mut before = "";
    for token in tokens(text) {
        let letter = option_at(text, &token, last, false);
        if letter.is_some() && (is_one_of(before, &INTRODUCING) || is_bracketed(text, &token)) {
            return letter;
        }
        before = token.text;
    }
    None
}

/// Whether brackets enclose the word.
fn is_bracketed(text: &str, token: &Token<'_>) -> bool {
    text[..token.start].ends_with(['(', '[', '\u{ff08}']) && text[token.end()..].starts_with([')', ']', '\u{ff09}'])
}

/// The text without anything but letters and digits at its ends.
fn strip_marks(text: &str) -> &str {
    text.trim_matches(|char: char| !char.is_alphanumeric())
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn cut(text: &str) -> &str {
    let mut end = LOOK_AHEAD.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::{concluded, headed, stated};

    #[test]
    fn a_stated_letter_stands_alone() {
        let cases = [
            ("B", Some('B')),
            ("d", Some('D')),
            ("(B)", Some('B')),
            ("B)", Some('B')),
            ("[b].", Some('B')),
            ("$H$", Some('H')),
            ("\\(C\\)", Some('C')),
            ("G. Photosynthesis", Some('G')),
            ("C is my choice", Some('C')),
            ("A is right", Some('A')),
            ("Option B, since A is wrong", Some('B')),
            ("the correct answer is (E)", Some('E')),
            ("Aspirin (option B)", Some('B')),
            ("Aspirin (B)", Some('B')),
            ("I believe it is C", Some('C')),
            ("I'd say C", Some('C')),
            ("A, since B is wrong", Some('A')),
            ("not A", None),
            ("none of the above (D)", Some('D')),
            ("I", Some('I')),
            ("I am not sure", None),
            ("A dog barks", None),
            ("a dog", None),
            ("Cannot be determined", None),
            ("anger", None),
            ("B-cells", None),
            ("B2", None),
            ("A's house", None),
            ("C++", None),
            ("Vitamin C", None),
            ("A or B", None),
            ("A, B, C, or D", None),
            ("A/B", None),
            ("(A) and (B)", None),
            ("B would be wrong", None),
            ("K", None),
            ("Z", None),
            ("", None),
            ("\u{e9}B \u{212a}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(stated(text, 'J'), expected, "{text:?}");
        }
        assert_eq!(stated("E", 'D'), None);
    }

    #[test]
    fn a_concluding_line_is_a_letter_or_ends_with_one() {
        let cases = [
            ("F", Some('F')),
            ("f.", Some('F')),
            ("(c)", Some('C')),
            ("Option B.", Some('B')),
            ("It must be F", Some('F')),
            ("Hence the lungs (B).", Some('B')),
            ("It cannot be F", None),
            ("It is A or B", None),
            ("Hepatitis B", None),
            ("B is out", None),
            ("so am I", None),
            ("a", Some('A')),
            ("no idea at all, sorry", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(concluded(text, 'J'), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_may_begin_with_the_letter_of_its_option() {
        let cases =
            [("B) text", Some('B')), ("(c) text", Some('C')), ("B text", None), ("so B) text", None), ("", None)];
        for (text, expected) in cases {
            assert_eq!(headed(text, 'D'), expected, "{text:?}");
        }
        assert_eq!(headed("[C] text", 'D'), Some('C'));
    }
}
