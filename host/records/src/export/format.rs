//! The forms that a table can take, each as a file that takes batches.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_json::LineDelimitedWriter;
use arrow_json::writer::{LineDelimited, WriterBuilder};
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;

use crate::atomic::{WholeFile, WrittenFile};
use crate::error::TableError;
use crate::export::lines::CsvLines;
use crate::table::{ROW_GROUP_BYTES, plain_properties};

/// The footer's key, in the files of an export, for the schema id of the table that they are made of. They are not that
/// table any more: columns may have become folders.
pub(crate) const EXPORTED_KEY: &str = "routerlab.exported";

/// A form of a table for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportFormat {
    /// Parquet files in folders named `key=value`.
    Parquet,
    /// Comma-separated values with a line of names; null is nothing, an empty text is `""`, a list is JSON.
    Csv,
    /// One JSON object a line, with every column.
    JsonLines,
    /// Arrow IPC files.
    Arrow,
}

impl ExportFormat {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Arrow => "arrow",
        }
    }
}

/// A file that takes batches of one schema.
pub(super) enum OpenFile {
    Parquet(Box<ArrowWriter<WholeFile>>),
    Csv(CsvLines, WholeFile),
    JsonLines(WholeFile),
    Arrow(Box<FileWriter<WholeFile>>),
}

/// What writing can run into besides the disk, whose errors name the file by themselves.
fn encode(path: &Path, error: impl std::fmt::Display) -> TableError {
    TableError::Encode { path: path.to_owned(), reason: error.to_string() }
}

impl OpenFile {
    /// Starts the file that will appear at `path`. `schema_id` is that of the table it is made of.
    pub(super) fn create(
        path: &Path,
        format: ExportFormat,
        schema: &SchemaRef,
        schema_id: &str,
    ) -> Result<Self, TableError> {
        let file = WholeFile::create(path)?;
        Ok(match format {
            ExportFormat::Parquet => {
                let properties = plain_properties(path, schema)?
                    .set_key_value_metadata(Some(vec![KeyValue::new(EXPORTED_KEY.to_owned(), schema_id.to_owned())]))
                    .build();
                let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties);
                let writer = ArrowWriter::try_new_with_options(file, Arc::clone(schema), options);
                Self::Parquet(Box::new(writer.map_err(|error| encode(path, error))?))
            }
            ExportFormat::Csv => {
                let mut file = file;
                let lines = CsvLines::new(schema);
                file.write_all(lines.names()).map_err(|error| encode(path, error))?;
                Self::Csv(lines, file)
            }
            ExportFormat::JsonLines => Self::JsonLines(file),
            ExportFormat::Arrow => {
                let writer = FileWriter::try_new(file, schema);
                Self::Arrow(Box::new(writer.map_err(|error| encode(path, error))?))
            }
        })
    }

    pub(super) fn write(&mut self, path: &Path, batch: &RecordBatch) -> Result<(), TableError> {
        match self {
            Self::Parquet(writer) => {
                let written = writer.write(batch).and_then(|()| match writer.in_progress_size() >= ROW_GROUP_BYTES {
                    true => writer.flush(),
                    false => Ok::<(), ParquetError>(()),
                });
                written.map_err(|error| encode(path, error))
            }
            Self::Csv(lines, file) => {
                let block = lines.block(batch).map_err(|error| encode(path, error))?;
                file.write_all(block).map_err(|source| TableError::Write { path: path.to_owned(), source })
            }
            Self::JsonLines(file) => {
                let block = json_lines(batch).map_err(|error| encode(path, error))?;
                file.write_all(&block).map_err(|source| TableError::Write { path: path.to_owned(), source })
            }
            Self::Arrow(writer) => writer.write(batch).map_err(|error| encode(path, error)),
        }
    }

    pub(super) fn finish(self, path: &Path) -> Result<WrittenFile, TableError> {
        let file = match self {
            Self::Parquet(writer) => writer.into_inner().map_err(|error| encode(path, error))?,
            Self::Arrow(writer) => writer.into_inner().map_err(|error| encode(path, error))?,
            Self::Csv(_, file) | Self::JsonLines(file) => file,
        };
        file.finish()
    }
}

/// A batch as JSON Lines; a null is written, so that every line has every name.
fn json_lines(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut writer: LineDelimitedWriter<Vec<u8>> =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    Ok(writer.into_inner())
}
