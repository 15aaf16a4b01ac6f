//! The final answer of a derivation: what stands behind the marker FINAL ANSWER.

use routerlab_answers::strip;

use crate::markup::{bare, is_markup, words};

const MARKER: &str = "FINAL ANSWER";

/// The reference's rule: without bold marks, behind the first marker up to a blank line; empty without a marker.
pub(crate) fn compat(output: &str) -> String {
    let plain = output.replace("**", "");
    let Some(start) = plain.find(MARKER) else { return String::new() };
    let rest = plain[start + MARKER.len()..].trim_start_matches(routerlab_answers::is_space);
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start_matches(routerlab_answers::is_space);
    strip(rest.split("\n\n").next().unwrap_or_default()).to_owned()
}

/// Behind the last marker up to a blank line; the last block of the text without one.
pub(crate) fn fixed(output: &str) -> String {
    let block = behind_marker(output).map(first_block).filter(|block| !block.is_empty());
    block.unwrap_or_else(|| last_block(output)).to_owned()
}

/// Behind the last marker that is written in capitals, followed by a colon, or ends its line.
fn behind_marker(output: &str) -> Option<&str> {
    let bytes = output.as_bytes();
    let starts = (0..(bytes.len() + 1).saturating_sub(MARKER.len())).rev();
    for start in starts {
        let found = &bytes[start..start + MARKER.len()];
        if !found.eq_ignore_ascii_case(MARKER.as_bytes()) {
            continue;
        }
        // The marker is ASCII, so both of its ends are ends of characters.
        let rest = &output[start + MARKER.len()..];
        let after = rest.trim_start_matches(|char| is_markup(char) && char != '\n' && !matches!(char, '(' | '[' | '{'));
        let colon = after.strip_prefix([':', '\u{ff1a}']);
        if found == MARKER.as_bytes() || colon.is_some() || after.starts_with('\n') {
            return Some(colon.unwrap_or(after));
        }
    }
    None
}

/// The lines up to a blank one; blank lines before them do not count.
fn first_block(text: &str) -> &str {
    let text = text.trim_start_matches(|char: char| char.is_whitespace() || matches!(char, '*' | '_' | '`'));
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    text[..end].trim_end_matches(|char: char| char.is_whitespace() || matches!(char, '*' | '_' | '`'))
}

/// The lines behind the last blank one.
fn last_block(text: &str) -> &str {
    let text = text.trim();
    let mut start = text.len();
    for line in text.split_inclusive('\n').rev() {
        if line.trim().is_empty() {
            break;
        }
        start -= line.len();
    }
    &text[start..]
}

/// Whether a text without a marker ends with a line that says in so many words that the answer is the key: "x is KEY",
/// "x = KEY", or the key alone. Nobody has to judge that.
pub(crate) fn states_without_marker(output: &str, key: &str) -> bool {
    let trimmed = |text| -> &str { bare(text).trim_end_matches('.').trim_end_matches(is_markup) };
    let key = trimmed(key);
    if key.is_empty() || behind_marker(output).is_some() {
        return false;
    }
    let line = trimmed(output.trim_end().lines().next_back().unwrap_or_default());
    let Some(before) = line.strip_suffix(key) else { return false };
    let negated = words(before).any(|(word, _)| {
        ["not", "no", "never", "cannot", "t", "neither"].iter().any(|other| other.eq_ignore_ascii_case(word))
    });
    let before = before.trim_end_matches(is_markup);
    let joins = before.is_empty() || [" is", " are", "=", ":"].iter().any(|join| before.ends_with(join));
    joins && !negated
}

#[cfg(test)]
mod tests {
    use super::{compat, fixed, states_without_marker};

    #[test]
    fn the_reference_wants_the_first_marker_in_capitals() {
        let cases = [
            ("Work\n**FINAL ANSWER:** 3 eV\n\nI hope so", "3 eV"),
            ("FINAL ANSWER 3\nFINAL ANSWER: 4", "3\nFINAL ANSWER: 4"),
            ("Final answer: 3", ""),
            ("FINAL ANSWER", ""),
        ];
        for (output, expected) in cases {
            assert_eq!(compat(output), expected, "{output}");
        }
    }

    #[test]
    fn the_last_marker_counts_and_without_one_the_last_block() {
        let cases = [
            ("FINAL ANSWER: 3\n\nWait.\n\n**Final Answer:** **4**\n \nbye", "4"),
            ("## Final Answer\n\n$3$ eV", "$3$ eV"),
            ("FINAL ANSWER: 3. This final answer is in eV", "3. This final answer is in eV"),
            ("Some work.\n\nThe gap is 3 eV", "The gap is 3 eV"),
            ("One line", "One line"),
            ("FINAL ANSWER:", "FINAL ANSWER:"),
            ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"),
            ("", ""),
        ];
        for (output, expected) in cases {
            assert_eq!(fixed(output), expected, "{output}");
        }
    }

    #[test]
    fn a_last_line_may_state_the_key() {
        let cases = [
            ("Work\nThe gap is **3 eV**.", true),
            ("E = 3 eV", true),
            ("3 eV", true),
            ("It is not 13 eV, it is 3 eV", false),
            ("The gap is 13 eV", false),
            ("maybe 3 eV", false),
            ("FINAL ANSWER: 3 eV", false),
            ("", false),
        ];
        for (output, expected) in cases {
            assert_eq!(states_without_marker(output, "3 eV."), expected, "{output}");
        }
        assert!(!states_without_marker("x is ", " "));
    }
}
