//! Reading a table: every check before the first row is handed out, rows by the batch.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;

use crate::error::{Place, TableError};
use crate::provenance::Provenance;
use crate::table::contain::contain;
use crate::table::open::{footer, open_parquet};
use crate::table::row::{Batch, Row};
use crate::table::value::type_name;

/// Rows decoded at a time, at most.
const BATCH_ROWS: usize = 1 << 16;
/// Bytes decoded at a time, about. A column of texts of one batch ends at 2 GiB, and rows are not equally long.
const BATCH_BYTES: u64 = 256 << 20;

/// A whole table in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<R> {
    /// The file it was read from; messages about its rows name it.
    pub path: PathBuf,
    /// The rows in the file's order; row `n` of a message is `rows[n - 1]`.
    pub rows: Vec<R>,
    /// What the file says about its making; empty when it says nothing.
    pub provenance: Provenance,
}

/// Reads a whole table. Columns that the table does not know are ignored.
///
/// # Errors
/// When the file is missing, cut short or damaged, holds another table, lacks a column, has one of another type (the
/// first difference is named), or has a null or an impossible value or row (column and row are named).
pub fn read_table<R: Row>(path: &Path) -> Result<Table<R>, TableError> {
    let mut reader = TableReader::<R>::open(path)?;
    let mut rows = Vec::new();
    while reader.read_into(&mut rows)? {}
    Ok(Table { path: path.to_owned(), rows, provenance: reader.provenance })
}

/// Reads a table batch by batch, for tables larger than memory should hold. As an iterator it gives batches of rows.
pub struct TableReader<R: Row> {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    roots: Vec<usize>,
    places: Vec<Option<usize>>,
    memories: R::Memories,
    provenance: Provenance,
    row_group: usize,
    batches: Option<ParquetRecordBatchReader>,
    rows_read: u64,
    rows_total: u64,
    at_most: usize,
    failed: bool,
}

impl<R: Row> TableReader<R> {
    /// Opens a file and compares its schema with the table's.
    ///
    /// # Errors
    /// As [`read_table`], for everything that can be known before the first row.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let file = open_parquet(path)?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = guarded(path, || ArrowReaderMetadata::load(&file, options))?;
        let (schema_id, provenance) = footer(path, &plain)?;
        let expected = R::schema_id();
        if let Some(found) = schema_id.filter(|found| !R::FOREIGN && *found != expected) {
            return Err(TableError::WrongTable { path: path.to_owned(), expected, found });
        }
        let (requested, wanted) = requested_schema::<R>(path, plain.schema())?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_schema(Arc::new(requested));
        let parquet = Arc::clone(plain.metadata());
        let metadata = guarded(path, || ArrowReaderMetadata::try_new(parquet, options))?;

        // The decoder hands the columns over in the file's order, so a column's place is its rank.
        let mut roots: Vec<usize> = wanted.iter().flatten().copied().collect();
        roots.sort_unstable();
        let places = wanted.iter().map(|root| root.map(|root| roots.partition_point(|&other| other < root))).collect();
        let rows_total = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            file,
            metadata,
            roots,
            places,
            memories: R::Memories::default(),
            provenance,
            row_group: 0,
            batches: None,
            rows_read: 0,
            rows_total,
            at_most: BATCH_ROWS,
            failed: false,
        })
    }

    /// Decodes at most so many rows at a time.
    #[must_use]
    pub fn at_most(mut self, rows: usize) -> Self {
        self.at_most = rows.clamp(1, BATCH_ROWS);
        self
    }

    /// What the file says about its making.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// How many rows the file says it has.
    pub fn rows_total(&self) -> u64 {
        self.rows_total
    }

    /// Adds the next batch to `rows`; false when there is none.
    ///
    /// # Errors
    /// As [`read_table`]. After an error there are no more rows.
    pub fn read_into(&mut self, rows: &mut Vec<R>) -> Result<bool, TableError> {
        if self.failed {
            return Ok(false);
        }
        let before = rows.len();
        let outcome = self.decode_next(rows);
        if outcome.is_err() {
            self.failed = true;
            rows.truncate(before);
        }
        outcome
    }

    fn decode_next(&mut self, rows: &mut Vec<R>) -> Result<bool, TableError> {
        let Some(batch) = self.next_batch()? else {
            if self.rows_read != self.rows_total {
                let reason = format!("it says {} rows and holds {}", self.rows_total, self.rows_read);
                return Err(TableError::Damaged { path: self.path.clone(), reason });
            }
            return Ok(false);
        };
        let count = batch.num_rows() as u64;
        let batch = Batch { path: &self.path, batch, first_row: self.rows_read, places: &self.places };
        let memories = &mut self.memories;
        let before = rows.len();
        contain(|| R::decode(&batch, memories, rows))
            .unwrap_or_else(|reason| Err(TableError::Damaged { path: self.path.clone(), reason }))?;
        for (row, number) in rows[before..].iter().zip(self.rows_read + 1..) {
            row.check().map_err(|(column, reason)| TableError::Value {
                path: self.path.clone(),
                place: Place::Row(number),
                column: column.to_owned(),
                reason,
            })?;
        }
        self.rows_read += count;
        Ok(true)
    }

    /// The next batch, never across row groups: within one, the dictionaries of repeated texts stay the same.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, TableError> {
        loop {
            if let Some(batches) = &mut self.batches {
                if let Some(batch) = guarded(&self.path, || batches.next().transpose())? {
                    return Ok(Some(batch));
                }
                self.batches = None;
            }
            if self.row_group == self.metadata.metadata().num_row_groups() {
                return Ok(None);
            }
            let group = self.row_group;
            self.row_group += 1;
            let file = self.file.try_clone().map_err(|source| TableError::read(&self.path, source))?;
            let metadata = self.metadata.clone();
            let (roots, at_most) = (self.roots.iter().copied(), self.at_most);
            self.batches = Some(guarded(&self.path, move || {
                let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
                let batch_rows = batch_rows(metadata.metadata().row_group(group)).min(at_most);
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                    .with_projection(mask)
                    .with_row_groups(vec![group])
                    .with_batch_size(batch_rows)
                    .build()
            })?);
        }
    }
}

impl<R: Row> Iterator for TableReader<R> {
    type Item = Result<Vec<R>, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut rows = Vec::new();
        match self.read_into(&mut rows) {
            Ok(true) => Some(Ok(rows)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// How many rows of a row group to decode at a time.
fn batch_rows(group: &RowGroupMetaData) -> usize {
    let size = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    let column_bytes = group.columns().iter().map(|column| {
        // The first is what lies in the file, where equal texts may be there once; the second, not always known, counts
        // every text.
        size(column.uncompressed_size()).max(size(column.unencoded_byte_array_data_bytes().unwrap_or_default()))
    });
    rows_for(size(group.num_rows()), column_bytes.fold(0, u64::saturating_add))
}

fn rows_for(rows: u64, bytes: u64) -> usize {
    let rows_at_once = rows.saturating_mul(BATCH_BYTES) / bytes.max(1);
    usize::try_from(rows_at_once).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS)
}

/// The schema to decode into, and for each column of the table its place in the file.
fn requested_schema<R: Row>(path: &Path, found: &Schema) -> Result<(Schema, Vec<Option<usize>>), TableError> {
    let mut fields: Vec<Field> = found.fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut wanted = Vec::new();
    for column in R::columns() {
        let place = fields.iter().position(|field| field.name() == column.name);
        let Some(place) = place else {
            if R::FOREIGN && column.nullable {
                wanted.push(None);
                continue;
            }
            let expected = type_name(&column.data_type);
            return Err(TableError::NoColumn { path: path.to_owned(), column: column.name.to_owned(), expected });
        };
        let found = fields[place].data_type();
        let Some(request) = (column.request)(found) else {
            return Err(TableError::ColumnType {
                path: path.to_owned(),
                column: column.name.to_owned(),
                expected: type_name(&column.data_type),
                found: type_name(found),
            });
        };
        fields[place].set_data_type(request);
        wanted.push(Some(place));
    }
    Ok((Schema::new(fields), wanted))
}

/// Runs the decoder; whatever goes wrong inside, by error or by panic, names the file.
pub(super) fn guarded<T, E: Into<ParquetError>>(
    path: &Path,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, TableError> {
    let damaged = |reason| TableError::Damaged { path: path.to_owned(), reason };
    contain(decode).map_err(damaged)?.map_err(|error| damaged(error.into().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_decoded_in_fewer_rows_at_a_time() {
        let cases = [(0, 0, 1), (1 << 20, 1 << 20, BATCH_ROWS), (65_536, 65_536 * 50_000, 5368), (10, 10 << 30, 1)];
        for (rows, bytes, expected) in cases {
            assert_eq!(rows_for(rows, bytes), expected, "{rows} rows of {bytes} bytes");
        }
    }
}
