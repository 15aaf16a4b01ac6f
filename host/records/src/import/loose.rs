//! Fields of a row from a format that knows few types: a number may be written as a text, an empty cell says nothing.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::import::dataset::rows::SourceRow;
use crate::queries::kind_of;

/// The fields of one row, each complaint with its place.
pub(super) struct Fields<'a> {
    path: &'a Path,
    place: Place,
    object: &'a Map<String, Value>,
    all_text: bool,
}

impl<'a> Fields<'a> {
    /// The fields of a row of the file at `path`.
    pub(super) fn of(path: &'a Path, row: &'a SourceRow) -> Self {
        Self { path, place: row.place, object: &row.object, all_text: row.all_text }
    }

    /// A complaint about one field.
    pub(super) fn wrong(&self, field: &str, reason: impl Into<String>) -> TableError {
        let (path, place, column) = (self.path.to_owned(), self.place, field.to_owned());
        TableError::Value { path, place, column, reason: reason.into() }
    }

    /// A text; a number stands for its digits. An empty cell is an empty text.
    pub(super) fn text(&self, field: &str) -> Result<String, TableError> {
        match self.object.get(field).filter(|value| !value.is_null()) {
            None => Err(self.wrong(field, "missing")),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(other) => Err(self.wrong(field, format!("expected a text, found {}", kind_of(other)))),
        }
    }

    /// The same, or none where the field is absent, null or an empty cell.
    pub(super) fn text_if_given(&self, field: &str) -> Result<Option<String>, TableError> {
        self.given(field).map(|_| self.text(field)).transpose()
    }

    /// A number, or none where the field is absent, null or an empty cell.
    pub(super) fn number_if_given(&self, field: &str) -> Result<Option<f64>, TableError> {
        let Some(value) = self.given(field) else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.all_text => text.trim().parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(field, format!("expected a number, found {}", shown(value))))
    }

    /// A number that must be there.
    pub(super) fn number(&self, field: &str) -> Result<f64, TableError> {
        self.number_if_given(field)?.ok_or_else(|| self.wrong(field, "missing"))
    }

    /// A whole number of 0 or more, or none. One that is written with a fraction of 0 is whole too.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and small")]
    pub(super) fn whole_if_given(&self, field: &str) -> Result<Option<u64>, TableError> {
        let Some(number) = self.number_if_given(field)? else { return Ok(None) };
        if number.fract() == 0.0 && (0.0..9e15).contains(&number) {
            return Ok(Some(number as u64));
        }
        Err(self.wrong(field, format!("expected a whole number of 0 or more, found {number}")))
    }

    fn given(&self, field: &str) -> Option<&'a Value> {
        let said = |value: &&Value| !(value.is_null() || self.all_text && **value == "");
        self.object.get(field).filter(said)
    }
}

/// A value as a message shows it: short ones themselves, others by what they are.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() <= 40 => format!("the text `{text}`"),
        Value::Number(number) => number.to_string(),
        other => kind_of(other).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value, all_text: bool) -> SourceRow {
        let Value::Object(object) = value else { panic!("an object") };
        SourceRow { place: Place::Line(2), object, all_text }
    }

    #[test]
    fn a_number_may_be_a_text_only_where_everything_is() {
        let csv = row(json!({"a": "0.5", "b": "", "c": "x", "d": "12.0", "e": "-1"}), true);
        let csv = Fields::of(Path::new("f.csv"), &csv);
        assert_eq!(csv.number("a").unwrap(), 0.5);
        assert_eq!(csv.number_if_given("b").unwrap(), None);
        assert_eq!(csv.text("b").unwrap(), "");
        assert_eq!(csv.whole_if_given("d").unwrap(), Some(12));
        let lines = row(json!({"a": "0.5", "d": 12, "f": [1]}), false);
        let lines = Fields::of(Path::new("f.jsonl"), &lines);
        assert_eq!((lines.text("d").unwrap().as_str(), lines.whole_if_given("d").unwrap()), ("12", Some(12)));
        for (message, expected) in [
            (csv.number("c").unwrap_err(), "`f.csv`: line 2: `c`: expected a number, found the text `x`"),
            (csv.number("b").unwrap_err(), "`f.csv`: line 2: `b`: missing"),
            (
                csv.whole_if_given("e").unwrap_err(),
                "`f.csv`: line 2: `e`: expected a whole number of 0 or more, found -1",
            ),
            (lines.number("a").unwrap_err(), "`f.jsonl`: line 2: `a`: expected a number, found the text `0.5`"),
            (lines.text("f").unwrap_err(), "`f.jsonl`: line 2: `f`: expected a text, found a list"),
            (lines.text("g").unwrap_err(), "`f.jsonl`: line 2: `g`: missing"),
        ] {
            assert_eq!(message.to_string(), expected);
        }
    }
}
