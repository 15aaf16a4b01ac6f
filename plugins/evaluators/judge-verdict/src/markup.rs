//! Labelled parts in what a judge wrote, whatever markdown stands round them.

/// Marks that stand round a word and mean nothing here.
pub(crate) fn is_markup(char: char) -> bool {
    char.is_whitespace() || matches!(char, '*' | '_' | '`' | '#' | '>' | '"' | '\'' | '{' | '}' | '[' | ']' | '(' | ')')
}

/// The text without such marks at both ends.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(is_markup)
}

/// What follows `label` and its colon where the line begins with them, in any case, behind markup, a dash or a number.
pub(crate) fn labelled<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let start = line.trim_start_matches(|char| is_markup(char) || matches!(char, '-' | '.' | '0'..='9'));
    let word = start.get(..label.len()).filter(|word| word.eq_ignore_ascii_case(label))?;
    let rest = start[word.len()..].trim_start_matches(is_markup);
    rest.strip_prefix([':', '\u{ff1a}'])
}

/// The words of a text: letters, digits and underscores. The second part says whether a mark other than a blank, or
/// the end, follows.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        let from = &rest[rest.find(is_word)?..];
        let end = from.find(|char| !is_word(char)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        let gap = after.find(is_word).map_or(after, |next| &after[..next]);
        let closes = gap.len() == after.len() || gap.chars().any(|char| !char.is_whitespace() || char == '\n');
        // An underscore round a word is emphasis; one inside it is a part of it.
        Some((word.trim_matches('_'), closes))
    })
}

#[cfg(test)]
mod tests {
    use super::{labelled, words};

    #[test]
    fn a_label_is_found_behind_markup() {
        let cases = [
            ("correct: yes", Some(" yes")),
            ("**Correct:** yes", Some("** yes")),
            ("**Correct**\u{ff1a} yes", Some(" yes")),
            ("3. `correct`: yes", Some(" yes")),
            ("- \"correct\": \"yes\"", Some(" \"yes\"")),
            ("incorrect: no", None),
            ("correctly: no", None),
            ("correct yes", None),
            ("corr\u{e9}", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(labelled(line, "correct"), expected, "{line}");
        }
    }

    #[test]
    fn words_know_what_follows_them() {
        let found: Vec<_> = words("A: _so_ is NOT_ATTEMPTED \u{e9}t\u{e9}").collect();
        let expected = [("A", true), ("so", false), ("is", false), ("NOT_ATTEMPTED", false), ("\u{e9}t\u{e9}", true)];
        assert_eq!(found, expected);
    }
}
