//! `\boxed{...}` in what a model wrote.

/// The content of the first `\boxed{...}` by brace counting, to the end of the text if it is never closed.
pub fn first_box(text: &str) -> Option<&str> {
    const OPEN: &str = "\\boxed{";
    let content = &text[text.find(OPEN)? + OPEN.len()..];
    Some(&content[..closing(content, 1).unwrap_or(content.len())])
}

/// The content of the last `\boxed`; none when it has no brace or is never closed (earlier boxes are not tried).
pub fn last_box(text: &str) -> Option<&str> {
    let piece = &text[text.rfind("\\boxed")?..];
    let end = closing(piece, 0)?;
    piece[..end].strip_prefix("\\boxed{")
}

/// Where the brace stands that brings the count to zero.
fn closing(text: &str, mut depth: usize) -> Option<usize> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{first_box, last_box};

    #[test]
    fn boxes_end_where_their_braces_do() {
        let cases = [
            ("\\boxed{1} \\boxed{\\frac{1}{2}}.", Some("1"), Some("\\frac{1}{2}")),
            ("\\boxed{540", Some("540"), None),
            ("\\boxed{1} \\boxed 2", Some("1"), None),
            ("\\boxed{1} \\boxed", Some("1"), None),
            ("\\fbox{1}", None, None),
        ];
        for (text, first, last) in cases {
            assert_eq!((first_box(text), last_box(text)), (first, last), "{text}");
        }
    }
}
