//! Finding the answer in what a model wrote.

/// What follows the last label, such as `Answer: `, on its line; none when there is no label with something after it.
///
/// A label is the whole word "answer" in any case, followed by either an optional " is", any blanks, `*`, `_` or
/// backticks and a colon, or by blanks and the word "is". Blanks and tabs after it are skipped.
pub fn labelled_rest(output: &str) -> Option<&str> {
    output.lines().rev().find_map(rest_after_label)
}

/// The rest after the first label of one line: later words of the line belong to the rest.
fn rest_after_label(line: &str) -> Option<&str> {
    const WORD: &str = "answer";
    let starts = line.char_indices().map(|(start, _)| start);
    let words = starts.filter(|&start| {
        let same = line
            .as_bytes()
            .get(start..start + WORD.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(WORD.as_bytes()));
        same && !line[..start].chars().next_back().is_some_and(in_word)
    });
    words.map(|start| &line[start + WORD.len()..]).find_map(|after| {
        let rest = after_colon(after).or_else(|| after_is(after))?;
        let rest = rest.trim_start_matches([' ', '\t']);
        (!rest.is_empty()).then_some(rest)
    })
}

/// An optional " is", decoration, and a colon.
fn after_colon(text: &str) -> Option<&str> {
    let decorated = |text: &'_ str| text.trim_start_matches([' ', '*', '_', '`']).strip_prefix(':').map(str::len);
    let with_is = text.get(..3).filter(|is| is.eq_ignore_ascii_case(" is")).and_then(|_| decorated(&text[3..]));
    let left = with_is.or_else(|| decorated(text))?;
    Some(&text[text.len() - left..])
}

/// Blanks and the word "is".
fn after_is(text: &str) -> Option<&str> {
    let word = text.trim_start_matches([' ', '\t']);
    let rest = word.get(..2).filter(|is| is.eq_ignore_ascii_case("is")).map(|_| &word[2..])?;
    (word.len() < text.len() && !rest.starts_with(in_word)).then_some(rest)
}

/// Letters, digits and underscores make words, as in regular expressions.
pub fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Runs of white space become one blank; then blanks, `*`, `_`, backticks and quotation marks are removed from both ends.
pub fn strip(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_matches([' ', '*', '_', '`', '"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{labelled_rest, strip};

    #[test]
    fn the_rest_of_the_last_labelled_line_is_found() {
        let cases = [
            ("Answer: 42", Some("42")),
            ("**Answer:** 42", Some("** 42")),
            ("**Answer**: 42", Some("42")),
            ("The answer is 42.", Some("42.")),
            ("the ANSWER is: 42", Some("42")),
            ("The answer  is\t42", Some("42")),
            ("Answer: one\nAnswer: two\nbye", Some("two")),
            ("Answer: one\nAnswer:\n", Some("one")),
            ("Answer:\n42", None),
            ("answers: 42", None),
            ("myanswer: 42", None),
            ("The answer isn't known", None),
            ("The answer island", None),
            ("answer is answer: 5", Some("answer: 5")),
            ("no label", None),
            ("", None),
            ("Antwort \u{fc}ber answer: ja", Some("ja")),
        ];
        for (output, expected) in cases {
            assert_eq!(labelled_rest(output), expected, "{output:?}");
        }
    }

    #[test]
    fn decoration_is_stripped_from_both_ends_only() {
        let cases =
            [("  ** Paris** ", "Paris"), ("\"it's\"", "it's"), ("a \t\n b", "a b"), ("`x_y`", "x_y"), ("***", "")];
        for (text, expected) in cases {
            assert_eq!(strip(text), expected, "{text:?}");
        }
    }
}
