//! What a model thought before it answered.

/// What follows a thinking section that the text begins with; the text itself where there is none.
///
/// A section is `<think>` to `</think>` (also `thinking`, `thought`, `reasoning`), in any case; its opening tag may be
/// missing, because some servers strip it. A section that never ends leaves nothing.
pub fn after_thinking(text: &str) -> &str {
    const TAGS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];
    let mut rest = text;
    for tag in TAGS {
        let close = format!("</{tag}>");
        if let Some(at) = find_last_ignoring_case(rest, &close) {
            rest = &rest[at + close.len()..];
        }
    }
    let start = rest.trim_start();
    let opens = |tag: &str| {
        let inner = start.strip_prefix('<').and_then(|inner| inner.get(..tag.len() + 1));
        inner.is_some_and(|inner| inner.strip_suffix('>').is_some_and(|name| name.eq_ignore_ascii_case(tag)))
    };
    if TAGS.iter().any(|tag| opens(tag)) { "" } else { rest }
}

fn find_last_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    let starts = 0..(text.len() + 1).saturating_sub(wanted.len());
    starts.rev().find(|&at| text[at..at + wanted.len()].eq_ignore_ascii_case(wanted))
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
