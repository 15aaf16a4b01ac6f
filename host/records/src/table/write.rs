//! Writing a table: rows go to columns one by one, the file appears whole at the end.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::atomic::{WholeFile, WrittenFile};
use crate::error::TableError;
use crate::provenance::Provenance;
use crate::table::contain::contain;
use crate::table::row::{Row, schema_of};

/// The footer's key for the schema id.
pub(crate) const SCHEMA_KEY: &str = "routerlab.schema";
/// The footer's key for the names of the sort columns.
pub(crate) const SORT_KEY: &str = "routerlab.sort";
/// Rows collected before they are encoded, at most.
const BATCH_ROWS: usize = 8 * 1024;
/// Bytes of text collected before they are encoded, about; and of a row group: what a reader decodes at a time. A column
/// of texts in memory ends at 2 GiB.
const TEXT_BYTES: usize = 64 * 1024 * 1024;
/// Rows of a row group at most: what a reader decodes with one dictionary.
const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Encoded bytes of a row group at most: what the writer holds in memory.
pub(crate) const ROW_GROUP_BYTES: usize = 64 * 1024 * 1024;
/// Ratio bought with a little time; higher levels gain below a tenth on these tables.
const ZSTD_LEVEL: i32 = 6;

/// Writes a table from rows in memory, in any order.
///
/// # Errors
/// When two rows have the same key, or the file cannot be written. Nothing is left behind then.
pub fn write_table<R: Row>(path: &Path, rows: &[R], provenance: &Provenance) -> Result<WrittenFile, TableError> {
    let mut writer = TableWriter::create(path, provenance)?;
    if rows.is_sorted_by(|a, b| a.compare_keys(b).is_le()) {
        writer.append_all(rows.iter())?;
    } else {
        let mut sorted: Vec<&R> = rows.iter().collect();
        sorted.sort_by(|a, b| a.compare_keys(b));
        writer.append_all(sorted.into_iter())?;
    }
    writer.finish()
}

/// Writes a table row by row, for tables larger than memory should hold. Rows come in ascending order of their key.
/// The file appears in [`TableWriter::finish`]; dropped before that, nothing is left behind.
pub struct TableWriter<R: Row> {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<WholeFile>,
    builders: R::Builders,
    waiting: usize,
    waiting_text_bytes: usize,
    group_text_bytes: usize,
    rows: u64,
    last: Option<R>,
}

impl<R: Row> TableWriter<R> {
    /// Starts the table that will appear at `path`; missing folders are made.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn create(path: &Path, provenance: &Provenance) -> Result<Self, TableError> {
        let file = WholeFile::create(path)?;
        let schema = Arc::new(schema_of::<R>());
        let options = ArrowWriterOptions::new()
            .with_skip_arrow_metadata(true) // The Parquet types say it all, and Arrow's own would be one more thing to trust.
            .with_properties(properties::<R>(path, provenance)?);
        let writer = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options)
            .map_err(|error| encode(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            writer,
            builders: R::builders(),
            waiting: 0,
            waiting_text_bytes: 0,
            group_text_bytes: 0,
            rows: 0,
            last: None,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the row's key is that of the row before, or comes before it; or the disk refuses.
    pub fn push(&mut self, row: R) -> Result<(), TableError> {
        if let Some(last) = &self.last {
            check_order(&self.path, last, &row)?;
        }
        self.append(&row)?;
        self.last = Some(row);
        Ok(())
    }

    fn append_all<'a>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<(), TableError> {
        let mut last: Option<&R> = None;
        for row in rows {
            if let Some(last) = last {
                check_order(&self.path, last, row)?;
            }
            self.append(row)?;
            last = Some(row);
        }
        Ok(())
    }

    fn append(&mut self, row: &R) -> Result<(), TableError> {
        let builders = &mut self.builders;
        // A column that has reached its end panics.
        contain(|| row.append(builders)).map_err(|reason| TableError::Encode {
            path: self.path.clone(),
            reason: format!("{reason} in the row {}", row.key_text()),
        })?;
        self.rows += 1;
        self.waiting += 1;
        self.waiting_text_bytes += row.text_bytes();
        if self.waiting == BATCH_ROWS || self.waiting_text_bytes >= TEXT_BYTES {
            self.encode_waiting()?;
        }
        Ok(())
    }

    /// How many rows were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is left and puts the file in place.
    ///
    /// # Errors
    /// When the disk refuses. Nothing is left behind then.
    pub fn finish(mut self) -> Result<WrittenFile, TableError> {
        self.encode_waiting()?;
        let path = self.path;
        self.writer.into_inner().map_err(|error| encode(&path, &error))?.finish()
    }

    fn encode_waiting(&mut self) -> Result<(), TableError> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.waiting = 0;
        self.group_text_bytes += std::mem::take(&mut self.waiting_text_bytes);
        let columns = R::finish(&mut self.builders);
        let failed = |reason: String| TableError::Encode { path: self.path.clone(), reason };
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| failed(error.to_string()))?;
        self.writer.write(&batch).map_err(|error| encode(&self.path, &error))?;
        if self.writer.in_progress_size() >= ROW_GROUP_BYTES || self.group_text_bytes >= TEXT_BYTES {
            self.group_text_bytes = 0;
            self.writer.flush().map_err(|error| encode(&self.path, &error))?;
        }
        Ok(())
    }
}

/// Holds when `row` may follow `last`.
fn check_order<R: Row>(path: &Path, last: &R, row: &R) -> Result<(), TableError> {
    match last.compare_keys(row) {
        Ordering::Less => Ok(()),
        Ordering::Equal => Err(TableError::DuplicateKey { path: path.to_owned(), key: row.key_text() }),
        Ordering::Greater => {
            Err(TableError::KeyOrder { path: path.to_owned(), key: row.key_text(), previous: last.key_text() })
        }
    }
}

/// What every file of Parquet has in common.
fn basic_properties(path: &Path) -> Result<WriterPropertiesBuilder, TableError> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL)
        .map_err(|error| TableError::Encode { path: path.to_owned(), reason: error.to_string() })?;
    Ok(WriterProperties::builder()
        .set_created_by(crate::provenance::own_tool())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk))
}

/// How the files of an export look. Lists are stored plain: not every program reads bytes of equal weight side by side.
pub(crate) fn plain_properties(path: &Path, schema: &Schema) -> Result<WriterPropertiesBuilder, TableError> {
    let lists = schema.fields().iter().filter(|field| is_float_list(field.data_type()));
    Ok(lists.fold(basic_properties(path)?, |builder, field| {
        let leaf = element_of(field.name());
        builder
            .set_column_dictionary_enabled(leaf.clone(), false)
            .set_column_statistics_enabled(leaf, EnabledStatistics::None)
    }))
}

fn is_float_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(element) if *element.data_type() == DataType::Float32)
}

/// The column under which the format keeps the elements of a list.
fn element_of(list: &str) -> ColumnPath {
    ColumnPath::from(vec![list.to_owned(), "list".to_owned(), "element".to_owned()])
}

/// Everything that decides how the bytes look.
fn properties<R: Row>(path: &Path, provenance: &Provenance) -> Result<WriterProperties, TableError> {
    let failed = |reason: String| TableError::Encode { path: path.to_owned(), reason };
    let provenance = serde_json::to_string(provenance).map_err(|error| failed(error.to_string()))?;
    let mut builder =
        basic_properties(path)?.set_sorting_columns(Some(sorting_columns::<R>())).set_key_value_metadata(Some(vec![
            KeyValue::new(SCHEMA_KEY.to_owned(), R::schema_id()),
            KeyValue::new(SORT_KEY.to_owned(), R::KEY.join(",")),
            KeyValue::new(Provenance::FOOTER_KEY.to_owned(), provenance),
        ]));
    for column in R::columns() {
        match column.data_type {
            DataType::Utf8 if !column.repeats => {
                builder = builder.set_column_dictionary_enabled(ColumnPath::from(column.name), false);
            }
            list if is_float_list(&list) => {
                let leaf = element_of(column.name);
                builder = builder
                    .set_column_dictionary_enabled(leaf.clone(), false)
                    .set_column_statistics_enabled(leaf.clone(), EnabledStatistics::None)
                    .set_column_encoding(leaf, LIST_ENCODING);
            }
            _ => {}
        }
    }
    Ok(builder.build())
}

/// Bytes of equal weight side by side: exponents repeat, so they pack better.
const LIST_ENCODING: Encoding = Encoding::BYTE_STREAM_SPLIT;

/// The key as the Parquet format records it. Keys hold no lists, so up to the last of them a column is a leaf.
fn sorting_columns<R: Row>() -> Vec<SortingColumn> {
    let columns = R::columns();
    let place = |name: &str| columns.iter().position(|column| column.name == name).unwrap_or_default();
    R::KEY
        .iter()
        .filter_map(|name| i32::try_from(place(name)).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true })
        .collect()
}

fn encode(path: &Path, error: &parquet::errors::ParquetError) -> TableError {
    TableError::Encode { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::row::table;
    use crate::table::texts::Repeated;
    use crate::table::{TableReader, read_table};

    /// A text whose column ends at once.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Endless(&'static str);

    impl Repeated for Endless {
        fn text(&self) -> &str {
            assert!(!self.0.is_empty(), "offset overflow");
            self.0
        }
        fn parse(_: &str) -> Result<Self, String> {
            Ok(Self("read"))
        }
    }

    table! {
        /// A row that may panic on its way to a column.
        EndlessRow: "endless", version 1, key [index];
        /// The key.
        index: u64,
        /// The text.
        text: Endless,
    }

    #[test]
    fn a_column_that_has_reached_its_end_is_an_error_with_its_row() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("t.parquet");
        let rows = [EndlessRow { index: 1, text: Endless("a") }, EndlessRow { index: 2, text: Endless("") }];
        let message = write_table(&path, &rows, &Provenance::default()).unwrap_err().to_string();
        assert_eq!(message, format!("cannot write `{}`: offset overflow in the row `index=2`", path.display()));
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing is left behind");
        write_table(&path, &rows[..1], &Provenance::default()).unwrap();
        assert_eq!(read_table::<EndlessRow>(&path).unwrap().rows[0].text, Endless("read"));
    }

    table! {
        /// A row of text.
        TextRow: "texts", version 1, key [index];
        /// The key.
        index: u64,
        /// The text.
        text: String,
    }

    #[test]
    fn long_texts_are_divided_among_row_groups() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("t.parquet");
        let mut writer = TableWriter::create(&path, &Provenance::default()).unwrap();
        let text = "text".repeat(TEXT_BYTES / 40);
        for index in 0..21 {
            writer.push(TextRow { index, text: text.clone() }).unwrap();
        }
        writer.finish().unwrap();
        let rows: Vec<usize> = TableReader::<TextRow>::open(&path).unwrap().map(|batch| batch.unwrap().len()).collect();
        assert_eq!(rows, [11, 10]);
    }
}
