//! `<answer>...</answer>` and the like in what a model wrote.

use crate::strip;

/// The stripped text between the last `<name>` and the `</name>` after it, or the end of the text; the whole text,
/// stripped, where there is no such tag. Case counts.
pub fn last_tagged<'a>(text: &'a str, name: &str) -> &'a str {
    let open = format!("<{name}>");
    let rest = text.rfind(&open).map_or(text, |start| &text[start + open.len()..]);
    strip(rest.find(&format!("</{name}>")).map_or(rest, |end| &rest[..end]))
}

/// Where a word of ASCII first stands, in any case.
pub fn find_in_any_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len().max(1)).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The texts between each `<name>` and the next `</name>`, in any case, in their order.
pub fn tagged_in_any_case<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = &rest[find_in_any_case(rest, &open)? + open.len()..];
        let end = find_in_any_case(from, &close)?;
        rest = &from[end + close.len()..];
        Some(&from[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::{last_tagged, tagged_in_any_case};

    #[test]
    fn the_last_tag_counts_or_the_whole_text() {
        let cases = [
            ("<answer> 1 </answer> no, <answer>2</answer> ok", "2"),
            ("so <answer>1", "1"),
            (" plain ", "plain"),
            ("1</answer>2", "1"),
            ("<Answer>1</Answer>", "<Answer>1</Answer>"),
            ("<answer></answer>", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(last_tagged(text, "answer"), expected, "{text}");
        }
    }

    #[test]
    fn every_closed_tag_is_found() {
        let found: Vec<&str> = tagged_in_any_case("<G>a</g> \u{e9} <g>b</G><g>c", "g").collect();
        assert_eq!(found, ["a", "b"]);
    }
}
