//! JSON Lines: one object a line, every complaint with its line and field.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::import::Progress;
use crate::queries::kind_of;
use crate::source::open_file;

/// What some programs begin a text of UTF-8 with; it says nothing.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One line of a file, as a JSON object.
pub(super) struct Line<'a> {
    path: &'a Path,
    number: u64,
    object: Map<String, Value>,
}

/// Calls `each` with every line that is not blank. A file without one is an error.
pub(super) fn each_line(
    path: &Path,
    progress: &mut dyn FnMut(Progress),
    mut each: impl FnMut(Line<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    /// Lines between two reports of progress.
    const REPORT_EVERY: u64 = 4096;
    let failed = |source| TableError::read(path, source);
    let rows_total = count_lines(path)?;
    let mut file = BufReader::new(open_file(path)?);
    let mut bytes = Vec::new();
    let (mut number, mut found) = (0, 0_u64);
    loop {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            if found == 0 {
                return Err(TableError::NoRows { path: path.to_owned() });
            }
            progress(Progress { rows_done: number, rows_total });
            return Ok(());
        }
        number += 1;
        let wrong = |reason: String| TableError::Row { path: path.to_owned(), place: Place::Line(number), reason };
        let mut text = bytes.as_slice();
        if number == 1 {
            if is_utf_16(text) {
                return Err(wrong("the text is UTF-16, save the file as UTF-8".to_owned()));
            }
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        found += 1;
        each(Line {
            path,
            number,
            object: object(text).map_err(|(key, reason)| match key {
                Some(column) => TableError::Value { path: path.to_owned(), place: Place::Line(number), column, reason },
                None => wrong(reason),
            })?,
        })?;
        if number % REPORT_EVERY == 0 {
            progress(Progress { rows_done: number, rows_total });
        }
    }
}

/// The object of a line; otherwise the key to blame, where there is one, and the reason.
pub(super) fn object(text: &[u8]) -> Result<Map<String, Value>, (Option<String>, String)> {
    let not_json = |error: serde_json::Error| (None, format!("not JSON: {}", without_line(&error)));
    if text.trim_ascii_start().first() != Some(&b'{') {
        let value: Value = serde_json::from_slice(text).map_err(not_json)?;
        return Err((None, format!("expected a JSON object, found {}", kind_of(&value))));
    }
    let Object { fields, twice } = serde_json::from_slice(text).map_err(not_json)?;
    twice.map_or(Ok(fields), |key| Err((Some(key), "given twice".to_owned())))
}

/// An object, and a key that it has twice. A plain map would keep the last of the two and say nothing.
pub(super) struct Object {
    pub(super) fields: Map<String, Value>,
    pub(super) twice: Option<String>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(decoder: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
                let mut object = Object { fields: Map::new(), twice: None };
                while let Some((key, value)) = entries.next_entry::<String, Value>()? {
                    if object.fields.insert(key.clone(), value).is_some() {
                        object.twice.get_or_insert(key);
                    }
                }
                Ok(object)
            }
        }
        decoder.deserialize_map(Fields)
    }
}

/// Whether a file begins as UTF-16 does: with its byte order mark, or with two bytes for an ASCII character.
pub(super) fn is_utf_16(text: &[u8]) -> bool {
    matches!(text, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{', ..] | [b'{', 0, ..])
}

fn count_lines(path: &Path) -> Result<u64, TableError> {
    let failed = |source| TableError::read(path, source);
    let mut file = BufReader::with_capacity(1 << 16, open_file(path)?);
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
pub(super) fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
    format!("{cut} at column {}", error.column())
}

impl<'a> Line<'a> {
    /// A line that was read elsewhere.
    pub(super) fn new(path: &'a Path, number: u64, object: Map<String, Value>) -> Self {
        Self { path, number, object }
    }
}

impl Line<'_> {
    /// All its fields.
    pub(super) fn object(&self) -> &Map<String, Value> {
        &self.object
    }

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

    /// An object, or none when the field is absent or null.
    pub(super) fn object_if_given(&self, field: &str) -> Result<Option<&Map<String, Value>>, TableError> {
        let Some(value) = self.given(field) else { return Ok(None) };
        value.as_object().map(Some).ok_or_else(|| self.expected(field, "an object", value))
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
            other => kind_of(other).to_owned(),
        };
        self.wrong_field(field, format!("expected {expected}, found {found}"))
    }
}
