//! Comma-separated values: the first record names the fields, every value is a text.

use std::io::BufReader;

use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;
use crate::import::dataset::rows::{Each, SourceRow};
use crate::import::dataset::wrong_row;

pub(super) fn each_row(content: &mut Content, delimiter: u8, each: Each<'_>) -> Result<(), TableError> {
    let handle = content.handle()?;
    let path = &content.path;
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).from_reader(BufReader::new(handle));
    let wrong = |error: &::csv::Error| {
        let line = error.position().map_or(1, ::csv::Position::line);
        wrong_row(path, Place::Line(line), reason(error))
    };
    let names = reader.headers().map_err(|error| wrong(&error))?.clone();
    let names: Vec<String> = names.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(wrong_row(path, Place::Line(1), format!("two columns are called `{name}`")));
        }
    }
    let mut record = ::csv::StringRecord::new();
    let mut found = false;
    while reader.read_record(&mut record).map_err(|error| wrong(&error))? {
        found = true;
        let line = record.position().map_or(1, ::csv::Position::line);
        let values = record.iter().map(|text| Value::String(text.to_owned()));
        let object: Map<String, Value> = names.iter().cloned().zip(values).collect();
        each(SourceRow { place: Place::Line(line), object, all_text: true })?;
    }
    if found { Ok(()) } else { Err(TableError::NoRows { path: path.clone() }) }
}

fn reason(error: &::csv::Error) -> String {
    match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values where the first line names {expected_len}")
        }
        ::csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}
