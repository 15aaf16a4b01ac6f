//! What a model thought before it answered.

/// What follows a thinking section that the text begins with; the text itself where there is none.
///
/// A section is `<think>` to `</think>` (also `thinking`, `thought`, `reasoning`), in any case; its opening tag may be
/// missing, because some servers strip it. A section that never ends leaves nothing.
pub fn after_thinking(text: &str) -> &str {
    let mut rest = text;
    let mut end = text.len();
    // One character is looked for many bytes at a time, and few texts have many of it.
    while let Some(at) = text[..end].rfind('<') {
        if let Some(name) = text[at + 1..].strip_prefix('/').and_then(tag_name) {
            rest = &text[at + "</>".len() + name.len()..];
            break;
        }
        end = at;
    }
    let opens = rest.trim_start().strip_prefix('<').and_then(tag_name).is_some();
    if opens { "" } else { rest }
}

/// The name of a thinking section where a text begins with it and a closing bracket.
fn tag_name(text: &str) -> Option<&str> {
    const TAGS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];
    TAGS.iter().find_map(|tag| {
        let name = text.get(..tag.len()).filter(|name| name.eq_ignore_ascii_case(tag))?;
        text[name.len()..].starts_with('>').then_some(name)
    })
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
            ("<think>a</think>b</thinking>c</reasonin>d", "c</reasonin>d"),
            ("</b></\u{e9}>", "</b></\u{e9}>"),
            ("no section", "no section"),
            ("", ""),
            ("<thinks>", "<thinks>"),
        ];
        for (text, expected) in cases {
            assert_eq!(after_thinking(text), expected, "{text:?}");
        }
    }
}
