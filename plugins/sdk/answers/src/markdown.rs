//! What models put round an answer to make it stand out.

use std::borrow::Cow;

/// LaTeX commands whose argument is plain text.
const TEXT_COMMANDS: [&str; 8] = ["text", "textbf", "textit", "textrm", "mathrm", "mathbf", "mathit", "boldsymbol"];

/// Bytes that begin something that is taken away; 0xef begins full-width marks.
const DECORATES: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = [b'*', b'_', b'`', b'#', b'\\', 0xef];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// Braces matter only once something is taken away.
const BRACES: [u8; 2] = [b'{', b'}'];

/// The text without emphasis, backticks, heading marks and LaTeX's text commands (their argument stays), and with ordinary
/// colons and brackets for full-width ones.
///
/// A star or underscore between two letters or digits is no emphasis and stays (`2*3`, `snake_case`).
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().iter().any(|byte| DECORATES[usize::from(*byte)]) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // For each open brace whether it belonged to a text command.
    let mut braces: Vec<bool> = Vec::new();
    let mut rest = text;
    loop {
        // Most text is plain and is taken in one piece.
        let run = rest.bytes().position(|byte| DECORATES[usize::from(byte)] || BRACES.contains(&byte));
        let (before, at) = rest.split_at(run.unwrap_or(rest.len()));
        out.push_str(before);
        rest = at;
        let Some(char) = rest.chars().next() else { break };
        let mut taken = char.len_utf8();
        match char {
            '`' => {}
            '*' | '_' => {
                taken = rest.len() - rest.trim_start_matches(char).len();
                let inside = out.chars().next_back().is_some_and(char::is_alphanumeric)
                    && rest[taken..].chars().next().is_some_and(char::is_alphanumeric);
                if inside {
                    out.push_str(&rest[..taken]);
                }
            }
            '#' if out.is_empty() || out.ends_with('\n') => {
                let marks = rest.trim_start_matches('#');
                taken = rest.len() - marks.trim_start_matches([' ', '\t']).len();
            }
            '\\' => match text_command(&rest[1..]) {
                Some(length) => {
                    braces.push(true);
                    taken = 1 + length;
                }
                None => out.push('\\'),
            },
            '{' => {
                braces.push(false);
                out.push('{');
            }
            '}' => {
                if braces.pop() != Some(true) {
                    out.push('}');
                }
            }
            '：' => out.push(':'),
            '（' => out.push('('),
            '）' => out.push(')'),
            other => out.push(other),
        }
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

/// How long a text command and its brace are, when `rest` (behind a backslash) begins with one.
fn text_command(rest: &str) -> Option<usize> {
    let name = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let brace = rest[name..].bytes().take_while(|byte| *byte == b' ').count();
    let is_one = rest[name + brace..].starts_with('{') && TEXT_COMMANDS.contains(&&rest[..name]);
    is_one.then_some(name + brace + 1)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_makes_an_answer_stand_out_is_taken_away() {
        let cases = [
            ("**Answer:** B", "Answer: B"),
            ("__Answer:__ `B`", "Answer: B"),
            ("### Final Answer\n# C", "Final Answer\nC"),
            ("item # 3", "item # 3"),
            ("\\boxed{\\text{C}}", "\\boxed{C}"),
            ("\\text{a {b} c} }", "a {b} c }"),
            ("\\textbf {x}", "x"),
            ("\\texts{x}", "\\texts{x}"),
            ("Answer：（B）", "Answer:(B)"),
            ("2*3, x**2, snake_case, *yes*", "2*3, x**2, snake_case, yes"),
            ("nothing", "nothing"),
            ("***", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
