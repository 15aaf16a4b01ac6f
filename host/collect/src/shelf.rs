//! From the journal to tables: whole files of sorted rows, put in place by a rename.

use std::path::{Path, PathBuf};

use routerlab_records::{
    AttemptRow, CompletionRow, JudgementRow, ModelName, PluginName, Provenance, QueryId, Row, SHARD_RECORDS,
    TableReader, TableWriter, shard_file,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::CollectError;

/// What a collection leaves in its journal for one item: a row, or what becomes several rows of one file.
pub(crate) trait Shelved: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its key.
    type Key: Key;
    /// The rows of the table.
    type Row: Row;

    /// Its rows in the order of their keys. Those of two items of a run are never mingled.
    fn rows(self) -> impl Iterator<Item = Self::Row>;
}

/// The key of a line, which can be read without the rest of it; as ordered as the rows are.
pub(crate) trait Key: Ord + DeserializeOwned + Send + Sync {
    /// Records of a split that share a file.
    const RECORDS: u64 = SHARD_RECORDS;

    fn query_id(&self) -> &QueryId;

    /// Who made what it is the key of: the model, the encoder.
    fn maker(&self) -> &str;

    /// The file of a table that it belongs to.
    fn file(&self, folder: &Path, table: &str) -> PathBuf {
        file_of(folder, table, self.query_id(), &self.maker().into())
    }
}

/// The file of a table that the rows of a query and a model belong to.
pub(crate) fn file_of(folder: &Path, table: &str, query_id: &QueryId, model: &ModelName) -> PathBuf {
    let (dataset, split) = (query_id.dataset().into(), query_id.split().into());
    shard_file(folder, table, &dataset, &split, model, query_id.record_index() / SHARD_RECORDS)
}

macro_rules! shelved {
    ($row:ident, $key:ident { $($field:ident: $kind:ty),* }) => {
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        pub(crate) struct $key {
            query_id: QueryId,
            model: ModelName,
            sample_index: u32,
            $($field: $kind,)*
        }

        impl Key for $key {
            fn query_id(&self) -> &QueryId {
                &self.query_id
            }
            fn maker(&self) -> &str {
                &self.model
            }
        }

        impl Shelved for $row {
            type Key = $key;
            type Row = Self;
            fn rows(self) -> impl Iterator<Item = Self> {
                std::iter::once(self)
            }
        }
    };
}

shelved!(CompletionRow, CompletionKey {});
shelved!(AttemptRow, AttemptKey { about: String, attempt: u32 });
shelved!(JudgementRow, JudgementKey { evaluator: PluginName, request_index: u32 });

/// Writes rows, which come in the order of their keys, together with those that the file has; of equal keys the new row
/// counts. At no time is the file anything but what it was or what it becomes.
pub(crate) fn merge<R: Row>(
    path: &Path,
    rows: impl Iterator<Item = Result<R, CollectError>>,
    provenance: &Provenance,
) -> Result<(), CollectError> {
    let mut writer = TableWriter::<R>::create(path, provenance)?;
    let mut before = Before::<R>::of(path)?;
    for row in rows {
        let row = row?;
        while let Some(old) = before.next_below(&row)? {
            writer.push(old)?;
        }
        writer.push(row)?;
    }
    while let Some(old) = before.next()? {
        writer.push(old)?;
    }
    writer.finish()?;
    Ok(())
}

/// The rows of lines.
pub(crate) fn unfolded<R: Shelved>(
    lines: impl Iterator<Item = Result<R, CollectError>>,
) -> impl Iterator<Item = Result<R::Row, CollectError>> {
    lines.flat_map(|line| {
        let (line, error) = match line {
            Ok(line) => (Some(line), None),
            Err(error) => (None, Some(Err(error))),
        };
        line.into_iter().flat_map(Shelved::rows).map(Ok).chain(error)
    })
}

/// The rows that a file has, one after the other.
struct Before<R: Row> {
    reader: Option<TableReader<R>>,
    batch: std::vec::IntoIter<R>,
    head: Option<R>,
}

impl<R: Row> Before<R> {
    fn of(path: &Path) -> Result<Self, CollectError> {
        let reader = if path.exists() { Some(TableReader::open(path)?.at_most(1024)) } else { None };
        Ok(Self { reader, batch: Vec::new().into_iter(), head: None })
    }

    fn next(&mut self) -> Result<Option<R>, CollectError> {
        if let Some(row) = self.head.take() {
            return Ok(Some(row));
        }
        loop {
            if let Some(row) = self.batch.next() {
                return Ok(Some(row));
            }
            let Some(reader) = &mut self.reader else { return Ok(None) };
            let mut rows = Vec::new();
            if !reader.read_into(&mut rows)? {
                self.reader = None;
            }
            self.batch = rows.into_iter();
        }
    }

    /// The next row if it comes before `row`; one with the same key is passed over.
    fn next_below(&mut self, row: &R) -> Result<Option<R>, CollectError> {
        let Some(old) = self.next()? else { return Ok(None) };
        match old.compare_keys(row) {
            std::cmp::Ordering::Less => Ok(Some(old)),
            std::cmp::Ordering::Equal => Ok(None),
            std::cmp::Ordering::Greater => {
                self.head = Some(old);
                Ok(None)
            }
        }
    }
}
