//! JSON Lines: one object a line, every complaint with its line and field.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::import::Progress;

/// One line of a file, as a JSON object.
pub(super) struct Line<'a> {
    path: &'a Path,
    number: u64,
    object: Map<String, Value>,
}

/// Calls `each` with every line that is not blank.
pub(super) fn each_line(
    path: &Path,
    progress: &mut dyn FnMut(Progress),
    mut each: impl FnMut(Line<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    /// Lines between two reports of progress.
    const REPORT_EVERY: u64 = 4096;
    let failed = |source| TableError::read(path, source);
    let rows_total = count_lines(path)?;
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            progress(Progress { rows_done: number, rows_total });
            return Ok(());
        }
        number += 1;
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let wrong = |reason: String| TableError::Row { path: path.to_owned(), place: Place::Line(number), reason };
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not JSON: {}", without_line(&error))))?;
        let Value::Object(object) = value else {
            return Err(wrong(format!("expected a JSON object, found {}", kind(&value))));
        };
        each(Line { path, number, object })?;
        if number % REPORT_EVERY == 0 {
            progress(Progress { rows_done: number, rows_total });
        }
    }
}

fn count_lines(path: &Path) -> Result<u64, TableError> {
    let failed = |source| TableError::read(path, source);
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
    let mut lines = 0;
    let mut last = b'\n';
    loop {
        let block = file.fill_buf().map_err(failed)?;
        let Some(&end) = block.last() else {
            return Ok(lines + u64::from(last != b'\n'));
        };
        lines += block.iter().filter(|byte| **byte == b'\n').count() as u64;
        last = end;
        let length = block.len();
        file.consume(length);
    }
}

/// The decoder counts lines within what it was given, which is one line; only its column means something.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
    format!("{cut} at column {}", error.column())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Line<'_> {
    /// A complaint about the line as a whole.
    pub(super) fn wrong(&self, reason: impl Into<String>) -> TableError {
        TableError::Row { path: self.path.to_owned(), place: Place::Line(self.number), reason: reason.into() }
    }

    /// A complaint about one field.
    pub(super) fn wrong_field(&self, field: &str, reason: impl Into<String>) -> TableError {
        TableError::Value {
            path: self.path.to_owned(),
            place: Place::Line(self.number),
            column: field.to_owned(),
            reason: reason.into(),
        }
    }

    /// Number of the line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// A field that must be there, whatever it is.
    pub(super) fn value(&self, field: &str) -> Result<&Value, TableError> {
        self.given(field).ok_or_else(|| self.wrong_field(field, "missing"))
    }

    /// A text.
    pub(super) fn text(&self, field: &str) -> Result<&str, TableError> {
        let value = self.value(field)?;
        value.as_str().ok_or_else(|| self.expected(field, "a text", value))
    }

    /// A text, or none when the field is absent or null.
    pub(super) fn text_if_given(&self, field: &str) -> Result<Option<&str>, TableError> {
        self.given(field).map(|_| self.text(field)).transpose()
    }

    /// A whole number of 0 or more.
    pub(super) fn whole(&self, field: &str) -> Result<u64, TableError> {
        let value = self.value(field)?;
        value.as_u64().ok_or_else(|| self.expected(field, "a whole number of 0 or more", value))
    }

    /// The same, or none when the field is absent or null.
    pub(super) fn whole_if_given(&self, field: &str) -> Result<Option<u64>, TableError> {
        self.given(field).map(|_| self.whole(field)).transpose()
    }

    /// A number of 0 or more, or none when the field is absent or null.
    pub(super) fn number_if_given(&self, field: &str) -> Result<Option<f64>, TableError> {
        let Some(value) = self.given(field) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
        number.map(Some).ok_or_else(|| self.expected(field, "a number of 0 or more", value))
    }

    fn given(&self, field: &str) -> Option<&Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    fn expected(&self, field: &str, expected: &str, found: &Value) -> TableError {
        let found = match found {
            Value::Number(number) => number.to_string(),
            other => kind(other).to_owned(),
        };
        self.wrong_field(field, format!("expected {expected}, found {found}"))
    }
}
