//! Texts of lists as Python's `str` writes them.

/// The texts of a list of texts such as `['a', "it's"]`; none where the text is anything else.
pub(super) fn listed_texts(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim().strip_prefix('[')?.trim_start();
    let mut found = Vec::new();
    if rest == "]" {
        return Some(found);
    }
    loop {
        let quote = rest.chars().next().filter(|char| matches!(char, '\'' | '"'))?;
        let (one, after) = quoted(&rest[1..], quote)?;
        found.push(one);
        rest = after.trim_start();
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_start();
        } else {
            return (rest == "]").then_some(found);
        }
    }
}

/// What stands before the closing quote, and what comes after it.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        if char == quote {
            return Some((out, &text[at + 1..]));
        }
        if char != '\\' {
            out.push(char);
            continue;
        }
        let (_, escape) = chars.next()?;
        let digits = match escape {
            'n' => {
                out.push('\n');
                continue;
            }
            't' => {
                out.push('\t');
                continue;
            }
            'r' => {
                out.push('\r');
                continue;
            }
            '\\' | '\'' | '"' => {
                out.push(escape);
                continue;
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return None,
        };
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + chars.next()?.1.to_digit(16)?;
        }
        // Half of a pair, which Python's texts may hold and ours may not.
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_texts_is_read_as_python_writes_it() {
        let cases: [(&str, Option<&[&str]>); 11] = [
            ("['a']", Some(&["a"])),
            ("[]", Some(&[])),
            (r#"['a\nb', "it's", 'say \'x\' "y"']"#, Some(&["a\nb", "it's", "say 'x' \"y\""])),
            (r"['\x41\u00e9\U0001f600 é', '']", Some(&["Aé😀 é", ""])),
            (r"['\ud800']", Some(&["\u{fffd}"])),
            ("plain", None),
            ("['a'", None),
            ("['a' 'b']", None),
            ("['a', 1]", None),
            ("['a']x", None),
            (r"['\q']", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                listed_texts(text).as_deref().map(|texts| texts.iter().map(String::as_str).collect()),
                expected.map(<[&str]>::to_vec),
                "{text}"
            );
        }
    }
}
