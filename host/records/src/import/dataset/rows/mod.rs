//! The rows of a file, as JSON objects, whatever it is written in.

mod columns;
mod csv;
mod json;
mod parquet;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::definition::FieldType;
use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;

/// One row of a file.
pub(super) struct SourceRow {
    /// Where it is.
    pub(super) place: Place,
    /// Its fields.
    pub(super) object: Map<String, Value>,
    /// Whether the file's format knows nothing but texts.
    pub(super) all_text: bool,
}

/// What is wanted of each row: the fields of a definition, or everything.
type Wanted<'a> = Option<&'a BTreeMap<String, FieldType>>;
/// What is done with each row.
type Each<'a> = &'a mut dyn FnMut(SourceRow) -> Result<(), TableError>;

/// Calls `each` with every row of a file. Each row has the fields that it has in the file: none takes its columns from
/// another row.
pub(super) fn each_row(content: &mut Content, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), TableError> {
    let head = content.head(4)?;
    let name = content.path.to_string_lossy().to_ascii_lowercase();
    let is_csv = [".csv", ".csv.gz", ".csv.zip", ".tsv", ".tsv.gz", ".tsv.zip"].iter().any(|end| name.ends_with(end));
    match head.as_slice() {
        b"PAR1" => parquet::each_row(content, wanted, each),
        _ if is_csv => csv::each_row(content, if name.contains(".tsv") { b'\t' } else { b',' }, each),
        _ => json::each_row(content, wanted, each),
    }
}
