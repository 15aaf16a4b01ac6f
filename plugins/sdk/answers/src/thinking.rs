//! What a model thought before it answered.

/// What follows a thinking section that the text begins with; the text itself where there is none.
///
/// A section is `<think>` to `</think>` (also `thinking`, `thought`, `reasoning`), in any case; its opening tag may be
/// missing, because some servers strip it. A section that never ends leaves nothing.
pub fn after_thinking(text: &str) -> &str {
    if !text.contains('<') {
        return text;
    }
    let closed = text.rmatch_indices("</").find_map(|(at, _)| Some(at + 2 + tag(&text[at + 2..])?));
    let rest = closed.map_or(text, |end| &text[end..]);
    let opens = rest.trim_start().strip_prefix('<').and_then(tag);
    if opens.is_some() { "" } else { rest }
}

/// How long the tag of a thinking section is, behind its first marks, when `text` begins with one.
fn tag(text: &str) -> Option<usize> {
    const NAMES: [&str; 4] = ["think", "thinking", "thought", "reasoning"];
    let name = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let is_one = NAMES.iter().any(|known| known.eq_ignore_ascii_case(&text[..name]));
    (is_one && text[name..].starts_with('>')).then_some(name + 1)
}

#[cfg(test)]
mod tests {
    use super::after_thinking;

    #[test]
    fn a_leading_thinking_section_is_no_answer() {
        let cases = [
            ("<think>maybe 5</think>\nIt is 6", "\nIt is 6"),
            ("maybe 5</THINK>6", "6"),
            ("<Reasoning>maybe 5", ""),
            ("no section", "no section"),
            ("", ""),
            ("<thinks>", "<thinks>"),
        ];
        for (text, expected) in cases {
            assert_eq!(after_thinking(text), expected, "{text:?}");
        }
    }
}
