//! Text without markdown and without the LaTeX that only decorates.

use std::borrow::Cow;

use crate::is_space;

/// LaTeX commands with one argument that only say how it looks.
const WRAPPERS: [&str; 8] =
    ["\\text{", "\\boxed{", "\\fbox{", "\\textbf{", "\\mathrm{", "\\mathbf{", "\\textit{", "\\mathit{"];

/// The text without emphasis (`*`, `_`), backticks, heading marks and wrappers such as `\text{}` and `\boxed{}`, and with
/// plain colons for full-width ones.
///
/// What may be more than markdown stays: `*` and `_` between two letters, digits or brackets (`2*(3)`, `x_1`) or between
/// two blanks (`2 * 3`), and `#` not at the start of a line.
pub fn plain(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = bytes.iter().position(|&byte| is_mark(byte)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    // For each open brace whether it belongs to a wrapper and goes with it.
    let mut braces: Vec<bool> = Vec::new();
    // What is copied next begins at `from`; every mark stands at the border of a character.
    let (mut from, mut at) = (0, first);
    while at < bytes.len() {
        let (kept, length) = match bytes[at] {
            b'*' | b'_' | b'`' => emphasis(text, at),
            b'#' => (!begins_line(text, at), run(bytes, at)),
            b'\\' => match WRAPPERS.iter().find(|wrapper| text[at..].starts_with(**wrapper)) {
                Some(wrapper) => {
                    braces.push(true);
                    (false, wrapper.len())
                }
                // An escaped brace is no brace.
                None => (true, if matches!(bytes.get(at + 1), Some(b'{' | b'}' | b'\\')) { 2 } else { 1 }),
            },
            b'{' => {
                braces.push(false);
                (true, 1)
            }
            b'}' => (!braces.pop().unwrap_or(false), 1),
            0xef if text[at..].starts_with('\u{ff1a}') => {
                out.push_str(&text[from..at]);
                out.push(':');
                from = at + 3;
                (true, 3)
            }
            _ => (true, 1),
        };
        if !kept {
            out.push_str(&text[from..at]);
            from = at + length;
        }
        at += length;
        at += bytes[at..].iter().position(|&byte| is_mark(byte)).unwrap_or(bytes.len() - at);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'*' | b'_' | b'`' | b'#' | b'\\' | b'{' | b'}' | 0xef)
}

/// How often the byte stands in a row.
fn run(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|&&byte| byte == bytes[at]).count()
}

/// Whether a run of emphasis stays, and how long it is.
fn emphasis(text: &str, at: usize) -> (bool, usize) {
    let length = run(text.as_bytes(), at);
    if text.as_bytes()[at] == b'`' {
        return (false, length);
    }
    let before = text[..at].chars().next_back();
    let after = text[at + length..].chars().next();
    let blank = |char: Option<char>| char.is_none_or(is_space);
    let closes = |char: char| char.is_alphanumeric() || char == ')';
    let opens = |char: char| char.is_alphanumeric() || char == '(';
    // A run of three or more on a line of its own is a rule, which blanks enclose too.
    let stays =
        (blank(before) && blank(after) && length < 3) || (before.is_some_and(closes) && after.is_some_and(opens));
    (stays, length)
}

/// Whether nothing but blanks stands before this place on its line.
fn begins_line(text: &str, at: usize) -> bool {
    text[..at].trim_end_matches([' ', '\t']).chars().next_back().is_none_or(|char| char == '\n')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::plain;

    #[test]
    fn decoration_goes_and_content_stays() {
        let cases = [
            ("**Answer:** True", "Answer: True"),
            ("**Answer: True**", "Answer: True"),
            ("__Answer:__ `B`", "Answer: B"),
            ("Answer\u{ff1a}\u{fe5}C", "Answer:\u{fe5}C"),
            ("### Final Answer\n\n*C*", " Final Answer\n\nC"),
            ("C# and 2*3, 2 * 3, x**2, x_1", "C# and 2*3, 2 * 3, x**2, x_1"),
            ("(1+2)*(3), **(B)** or *(b)*", "(1+2)*(3), (B) or (b)"),
            ("* a point\n***\nend", "* a point\n\nend"),
            ("\\boxed{\\text{C}} \\frac{1}{2}", "C \\frac{1}{2}"),
            ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
            ("\\boxed{540", "540"),
            ("}{\\", "}{\\"),
            ("", ""),
            ("\u{ff21}**\u{e9}**", "\u{ff21}**\u{e9}"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text:?}");
        }
        assert!(matches!(plain("Answer: B"), Cow::Borrowed(_)));
    }
}
