//! `<answer>...</answer>` and the like in what a model wrote.

use crate::strip;

/// The stripped text between the last `<name>` and the `</name>` after it, or the end of the text; the whole text,
/// stripped, where there is no such tag. Case counts.
pub fn last_tagged<'a>(text: &'a str, name: &str) -> &'a str {
    let open = format!("<{name}>");
    let rest = text.rfind(&open).map_or(text, |start| &text[start + open.len()..]);
    strip(rest.find(&format!("</{name}>")).map_or(rest, |end| &rest[..end]))
}

/// The stripped text of the last `<name>...</name>` with something in it, in any case; what [`last_tagged`] finds where
/// there is none. A remark such as "it is in `<answer></answer>`" hides no answer.
pub fn last_filled<'a>(text: &'a str, name: &str) -> &'a str {
    let inner = |tagged| last_tagged(tagged, name);
    tagged_in_any_case(text, name).map(inner).filter(|tagged| !tagged.is_empty()).last().unwrap_or_else(|| inner(text))
}

/// Where a text of ASCII first stands, in any case.
pub fn find_in_any_case(text: &str, wanted: &str) -> Option<usize> {
    let is_here = |at: usize| {
        let here = text.as_bytes().get(at..at + wanted.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    match wanted.chars().next() {
        // A mark has one case, and is looked for many bytes at a time.
        Some(mark) if !mark.is_ascii_alphabetic() => text.match_indices(mark).map(|(at, _)| at).find(|&at| is_here(at)),
        _ => (0..text.len()).find(|&at| is_here(at)),
    }
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
    use super::{find_in_any_case, last_filled, last_tagged, tagged_in_any_case};

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

    #[test]
    fn an_empty_tag_hides_no_answer() {
        let cases = [
            ("<answer>1</answer> is in <answer></answer>", "1"),
            ("<ANSWER>1</Answer>", "1"),
            ("<answer>1 or <answer>2</answer>", "2"),
            ("<answer>1", "1"),
            ("plain", "plain"),
        ];
        for (text, expected) in cases {
            assert_eq!(last_filled(text, "answer"), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_found_in_any_case() {
        let cases =
            [("\u{e9} Correct:", "correct:", Some(3)), ("a<B", "<b", Some(1)), ("a<", "<b", None), ("", "x", None)];
        for (text, wanted, expected) in cases {
            assert_eq!(find_in_any_case(text, wanted), expected, "{text}");
        }
    }
}
