//! The rows of a file, as JSON objects, whatever it is written in.

mod columns;
mod csv;
mod json;
mod parquet;
mod total;

pub(in crate::import) use total::RowsTotal;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::definition::FieldType;
use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;

/// One row of a file.
pub(in crate::import) struct SourceRow {
    /// Where it is.
    pub(in crate::import) place: Place,
    /// Its fields.
    pub(in crate::import) object: Map<String, Value>,
    /// Whether the file's format knows nothing but texts.
    pub(in crate::import) all_text: bool,
}

/// What the rows of a file are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum RowForm {
    /// Parquet.
    Parquet,
    /// Values with this byte between them; the first record names them.
    Separated(u8),
    /// JSON or JSON Lines.
    Json,
}

/// What is wanted of each row: the fields of a definition, or everything.
pub(in crate::import) type Wanted<'a> = Option<&'a BTreeMap<String, FieldType>>;
/// What is done with each row.
pub(in crate::import) type Each<'a> = &'a mut dyn FnMut(SourceRow) -> Result<(), TableError>;

/// Calls `each` with every row of a file. Each row has the fields that it has in the file: none takes its columns from
/// another row.
pub(in crate::import) fn each_row(content: &mut Content, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), TableError> {
    let form = form_of(content)?;
    each_row_of(content, form, wanted, each)
}

/// What a file is, by its content and its name.
fn form_of(content: &mut Content) -> Result<RowForm, TableError> {
    let head = content.head(4)?;
    let name = content.path.to_string_lossy().to_ascii_lowercase();
    let is_csv = [".csv", ".csv.gz", ".csv.zip", ".tsv", ".tsv.gz", ".tsv.zip"].iter().any(|end| name.ends_with(end));
    Ok(match head.as_slice() {
        b"PAR1" => RowForm::Parquet,
        _ if is_csv => RowForm::Separated(if name.contains(".tsv") { b'\t' } else { b',' }),
        _ => RowForm::Json,
    })
}

/// [`each_row`] of a file that is known to be written so, whatever it is called.
pub(in crate::import) fn each_row_of(
    content: &mut Content,
    form: RowForm,
    wanted: Wanted<'_>,
    each: Each<'_>,
) -> Result<(), TableError> {
    match form {
        RowForm::Parquet => parquet::each_row(content, wanted, each),
        RowForm::Separated(delimiter) => csv::each_row(content, delimiter, each),
        RowForm::Json => json::each_row(content, wanted, each),
    }
}
