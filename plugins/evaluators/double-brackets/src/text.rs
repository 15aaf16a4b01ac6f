//! Parts of a text that are compared.

/// Letters, digits and the underscore, as regular expressions have words.
pub(crate) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The word characters alone.
pub(crate) fn word_characters(text: &str) -> String {
    text.chars().filter(|&char| is_word(char)).collect()
}

/// The letters of ASCII alone, in lower case.
pub(crate) fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|char| char.to_ascii_lowercase()).collect()
}

/// The runs of digits, without zeros in front.
pub(crate) fn integers(text: &str) -> Vec<&str> {
    let runs = text.split(|char: char| !char.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.map(|run| Some(run.trim_start_matches('0')).filter(|rest| !rest.is_empty()).unwrap_or("0")).collect()
}

/// The signs of inequality (any of `signs`), each with the number that follows, sorted.
pub(crate) fn inequalities<'a>(text: &'a str, signs: &[char]) -> Vec<(char, &'a str)> {
    let mut found: Vec<_> = text
        .match_indices(signs)
        .filter_map(|(at, sign)| {
            let number = text[at + sign.len()..].trim_start();
            let digits =
                |from: usize| number.as_bytes()[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let minus = usize::from(number.starts_with('-'));
            let whole = minus + digits(minus);
            let fraction = if number[whole..].starts_with('.') { 1 + digits(whole + 1) } else { 0 };
            (whole > minus).then(|| (sign.chars().next().unwrap_or_default(), &number[..whole + fraction]))
        })
        .collect();
    found.sort_unstable();
    found
}

/// The same, sorted.
pub(crate) fn sorted<T: Ord>(parts: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut parts: Vec<T> = parts.into_iter().collect();
    parts.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use super::{inequalities, integers};

    #[test]
    fn numbers_are_found() {
        assert_eq!(integers("(007) 8, 00"), ["7", "8", "0"]);
        let found = inequalities("x\u{2265} 2.50 or x\u{2264}-1, \u{2264}y", &['\u{2265}', '\u{2264}']);
        assert_eq!(found, [('\u{2264}', "-1"), ('\u{2265}', "2.50")]);
    }
}
