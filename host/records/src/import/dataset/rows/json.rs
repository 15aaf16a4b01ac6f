//! JSON: a line for each row, a list of rows, an object of columns, or rows one after another.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;
use crate::import::dataset::rows::columns::rows_of_columns;
use crate::import::dataset::rows::{Each, SourceRow, Wanted};
use crate::import::dataset::wrong_row;
use crate::import::lines::{BYTE_ORDER_MARK, is_utf_16, object, without_line};
use crate::queries::kind_of;

/// Bytes that a file may have that is not read line by line.
const MAX_DOCUMENT_BYTES: u64 = 4 << 30;

pub(super) fn each_row(content: &mut Content, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), TableError> {
    let path = content.path.clone();
    let mut reader = BufReader::new(content.handle()?);
    let mut line = Vec::new();
    let mut number = 0;
    // The first line that is not blank shows what the file is.
    while line.trim_ascii().is_empty() {
        line.clear();
        number += 1;
        if reader.read_until(b'\n', &mut line).map_err(|error| content.failed(error))? == 0 {
            return Err(TableError::NoRows { path });
        }
        if number == 1 {
            if is_utf_16(&line) {
                let reason = "the text is UTF-16, save the file as UTF-8";
                return Err(wrong_row(&path, Place::Line(1), reason));
            }
            if line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
        }
    }
    let is_lines = path.to_string_lossy().contains(".jsonl");
    let first = line.trim_ascii_start().first().copied();
    if first == Some(b'[') && !is_lines {
        return document(content, wanted, each);
    }
    let row = match object_of(&line, &path, number) {
        Ok(row) => row,
        // An object over several lines.
        Err(_) if first == Some(b'{') && !is_lines => return document(content, wanted, each),
        Err(error) => return Err(error),
    };
    let mut row = Some((number, row));
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| content.failed(error))?;
        number += 1;
        if read > 0 && line.trim_ascii().is_empty() {
            continue;
        }
        if let Some((number, row)) = row.take() {
            // An object that is alone may be one row or hold all of them.
            if read == 0 {
                return sole(row, Place::Line(number), wanted, each);
            }
            each(SourceRow { place: Place::Line(number), object: row, all_text: false })?;
        }
        if read == 0 {
            return Ok(());
        }
        let object = object_of(&line, &path, number)?;
        each(SourceRow { place: Place::Line(number), object, all_text: false })?;
    }
}

/// A whole file: a list of objects, or objects one after another.
fn document(content: &mut Content, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), TableError> {
    let path = content.path.clone();
    let mut bytes = Vec::new();
    let read = content.file()?.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| content.failed(error))?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        let reason = format!("has more than {MAX_DOCUMENT_BYTES} bytes; write one object a line");
        return Err(TableError::Settings { path, reason });
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        values.push(value.map_err(|error| {
            wrong_row(&path, Place::Line(error.line() as u64), format!("not JSON: {}", without_line(&error)))
        })?);
    }
    let rows = match values.as_mut_slice() {
        [Value::Array(rows)] => std::mem::take(rows),
        [Value::Object(object)] => return sole(std::mem::take(object), Place::Row(1), wanted, each),
        _ => values,
    };
    if rows.is_empty() {
        return Err(TableError::NoRows { path });
    }
    for (at, value) in rows.into_iter().enumerate() {
        let place = Place::Row(at as u64 + 1);
        match value {
            Value::Object(object) => each(SourceRow { place, object, all_text: false })?,
            other => {
                return Err(wrong_row(&path, place, format!("expected a JSON object, found {}", kind_of(&other))));
            }
        }
    }
    Ok(())
}

/// The only object of a file: a row, or an object of columns.
fn sole(object: Map<String, Value>, place: Place, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), TableError> {
    let rows = match wanted {
        Some(fields) => rows_of_columns(object, fields),
        None => Err(object),
    };
    match rows {
        Ok(rows) => rows
            .into_iter()
            .enumerate()
            .try_for_each(|(at, object)| each(SourceRow { place: Place::Row(at as u64 + 1), object, all_text: false })),
        Err(object) => each(SourceRow { place, object, all_text: false }),
    }
}

fn object_of(line: &[u8], path: &std::path::Path, number: u64) -> Result<Map<String, Value>, TableError> {
    object(line).map_err(|(key, reason)| match key {
        Some(column) => TableError::Value { path: path.to_owned(), place: Place::Line(number), column, reason },
        None => wrong_row(path, Place::Line(number), reason),
    })
}
