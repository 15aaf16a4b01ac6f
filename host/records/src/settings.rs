//! Settings in TOML: what is wrong with them, in one line.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::TableError;
use crate::source::read_text;

/// Reads settings from their text.
///
/// # Errors
/// What is wrong with the text in one line, `line N: reason`.
pub fn parse_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| located(text, &error))
}

/// Reads a file of settings.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, TableError> {
    parse_toml(&read_text(path)?).map_err(|reason| TableError::Settings { path: path.to_owned(), reason })
}

/// The reason in one line, with the line it is about. The decoder's own form is a drawing over several lines.
fn located(text: &str, error: &toml::de::Error) -> String {
    let reason = error.message().trim_end().replace('\n', "; ");
    match error.span() {
        Some(span) => format!("line {}: {reason}", text[..span.start.min(text.len())].matches('\n').count() + 1),
        None => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        let cases = [
            ("a = 1\nb = ", "line 2: string values must be quoted, expected literal string"),
            ("a = 1\n\na = 2\n", "line 3: duplicate key"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_toml::<toml::Table>(text).unwrap_err(), expected);
        }
    }
}
