//! The verdict's label: which of A and B is better, and how much.

/// A label and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// As it stands in the reply, in capitals.
    pub(crate) text: String,
    /// Points for A: 3 for a strong win, 1 for a win, 0 for a tie.
    pub(crate) for_a: i32,
}

/// The reference's reading: the last group in double square brackets of nothing but A, B, <, > and =, otherwise the last
/// in single ones. A label that is none of the five is a tie.
pub(crate) fn compat(reply: &str) -> Option<Label> {
    let is_sign = |char: char| matches!(char.to_ascii_uppercase(), 'A' | 'B' | '<' | '>' | '=');
    let group = |open, close| {
        last_group(reply, open, close, |inner| !inner.is_empty() && inner.chars().all(is_sign))
            .map(str::to_ascii_uppercase)
    };
    let text = group("[[", "]]").or_else(|| group("[", "]"))?;
    let for_a = match text.as_str() {
        "A>>B" => 3,
        "A>B" => 1,
        "B>A" => -1,
        "B>>A" => -3,
        _ => 0,
    };
    Some(Label { text, for_a })
}

/// The last group that is a label, in double square brackets, otherwise in single ones, otherwise at the end of the last
/// line. "A<B" says what "B>A" says; anything else is no label.
pub(crate) fn fixed(reply: &str) -> Option<Label> {
    let group = |open, close| last_group(reply, open, close, |inner| read(inner).is_some()).and_then(read);
    let at_end = || {
        let line = reply.trim_end().lines().next_back()?;
        let line =
            line.trim_end_matches(|char: char| char.is_whitespace() || matches!(char, '*' | '`' | '.' | '"' | ')'));
        let start = line.trim_end_matches(['A', 'B', '<', '>', '=', ' ']).len();
        read(&line[start..])
    };
    group("[[", "]]").or_else(|| group("[", "]")).or_else(at_end)
}

/// The last text between `open` and `close` that holds neither bracket and passes.
fn last_group<'a>(reply: &'a str, open: &str, close: &str, passes: impl Fn(&str) -> bool) -> Option<&'a str> {
    let mut end = reply.len();
    while let Some(at) = reply[..end].rfind(close) {
        // No label holds a bracket, so the bracket before the closing one must be the opening one.
        let before = &reply[..at];
        let inner_start = before.rfind(['[', ']']).map_or(0, |bracket| bracket + 1);
        if before[..inner_start].ends_with(open) && passes(&before[inner_start..]) {
            return Some(&before[inner_start..]);
        }
        end = at + close.len() - 1;
    }
    None
}

/// A, one or two signs, B, or the other way round; blanks and markup do not matter.
fn read(inner: &str) -> Option<Label> {
    let plain = |char: &char| !char.is_whitespace() && !matches!(char, '*' | '`');
    // No label is longer than four signs.
    let text: String = inner.chars().filter(plain).take(5).collect::<String>().to_ascii_uppercase();
    let for_a = match text.as_str() {
        "A>>B" | "B<<A" => 3,
        "A>B" | "B<A" => 1,
        "A=B" | "B=A" | "A==B" | "B==A" => 0,
        "B>A" | "A<B" => -1,
        "B>>A" | "A<<B" => -3,
        _ => return None,
    };
    Some(Label { text, for_a })
}

#[cfg(test)]
mod tests {
    use super::{compat, fixed};

    #[test]
    fn the_reference_takes_the_last_group_of_signs() {
        let cases = [
            ("[[A>B]] no, [[b>>a]]", Some(("B>>A", -3))),
            ("[[A=B]] [A>>B]", Some(("A=B", 0))),
            ("so [A>>B].", Some(("A>>B", 3))),
            ("[[A<B]]", Some(("A<B", 0))),
            ("[[A]]", Some(("A", 0))),
            ("[[[A>B]]]", Some(("A>B", 1))),
            ("[[A > B]]", None),
            ("[[]]", None),
            ("]][[", None),
            ("A>B", None),
        ];
        for (reply, expected) in cases {
            let found = compat(reply);
            assert_eq!(found.as_ref().map(|label| (&*label.text, label.for_a)), expected, "{reply}");
        }
    }

    #[test]
    fn a_label_is_one_of_five_in_any_spelling() {
        let cases = [
            ("[[A>B]] no, [[b >> a]]", Some(-3)),
            ("[[A<<B]]", Some(-3)),
            ("[[B<A]]", Some(1)),
            ("[[**A=B**]]", Some(0)),
            ("[[A>B]] as [[A]] says", Some(1)),
            ("[A>>B]", Some(3)),
            ("My verdict: **B>A**.", Some(-1)),
            ("A>B at first, hard to say", None),
            ("[[A>>>B]]", None),
            ("[[AAAA>B]]", None),
            ("\u{e9}]]", None),
            ("", None),
        ];
        for (reply, expected) in cases {
            assert_eq!(fixed(reply).map(|label| label.for_a), expected, "{reply}");
        }
    }

    #[test]
    fn many_brackets_are_no_trouble() {
        for text in ["[[A", "]]", "[[", "[[x]]"] {
            assert_eq!((compat(&text.repeat(50_000)), fixed(&text.repeat(50_000))), (None, None));
        }
    }
}
