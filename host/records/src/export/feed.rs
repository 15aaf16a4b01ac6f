//! From the files of a table to batches for other programs: rows that count, grouped by the folder they go to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use sha2::{Digest, Sha256};

use crate::catalog::{SCORING_COLUMN, TablePart};
use crate::error::TableError;
use crate::export::folders::TableFiles;
use crate::ids::QueryId;
use crate::table::TableReader;
use crate::table::contain::contain;
use crate::table::row::{Row, schema_of};

/// Reads the parts of a table and hands their rows on; says how many it has read since it said so last.
pub(crate) type Feed = fn(&[Source], &mut TableFiles, &mut dyn FnMut(u64)) -> Result<(), TableError>;

/// Rows decoded at a time: a few megabytes of most tables.
const BATCH_ROWS: usize = 2048;

/// A part of a table, and which of the folders it lies in.
pub(crate) struct Source {
    pub(crate) folder: usize,
    pub(crate) part: TablePart,
}

/// Writes every row of the parts that counts.
pub(crate) fn feed<R: Row>(
    sources: &[Source],
    files: &mut TableFiles,
    read: &mut dyn FnMut(u64),
) -> Result<(), TableError> {
    let shape = Shape::of::<R>(files.divided_by(), sources);
    let mut known = Known::new(sources);
    for (at, source) in sources.iter().enumerate() {
        let scoring = source.part.scoring.as_deref();
        for path in &source.part.files {
            let mut reader = TableReader::<R>::open(path)?.at_most(BATCH_ROWS);
            let (mut rows, mut first) = (Vec::new(), 1);
            while reader.read_into(&mut rows)? {
                let count = rows.len() as u64;
                let mut groups: BTreeMap<Vec<String>, Vec<&R>> = BTreeMap::new();
                for (row, number) in rows.iter().zip(first..) {
                    if known.counts(at, row, path, number)? {
                        groups.entry(shape.place(row, scoring)).or_default().push(row);
                    }
                }
                // The folder whose file is open comes first, so that it is not closed for nothing.
                if let Some(open) = files.open_place().filter(|open| groups.contains_key(*open)).cloned()
                    && let Some(rows) = groups.remove(&open)
                {
                    files.write(&open, &shape.encode(&rows, scoring, path)?)?;
                }
                for (place, rows) in &groups {
                    files.write(place, &shape.encode(rows, scoring, path)?)?;
                }
                first += count;
                read(count);
                drop(groups);
                rows.clear();
            }
        }
    }
    if files.rows() == 0 {
        // A table without rows is in no folder, and has all its columns.
        let whole = Shape::of::<R>(&[], sources);
        files.write(&[], &whole.encode::<R>(&[], None, Path::new(R::TABLE))?)?;
    }
    Ok(())
}

/// Which columns are written into a file, and which become the names of folders.
struct Shape {
    schema: SchemaRef,
    /// The places, among the table's own columns, of those that stay.
    kept: Vec<usize>,
    divided_by: &'static [&'static str],
    /// Whether the label of the scoring is a column, because it is no folder.
    with_scoring: bool,
}

impl Shape {
    fn of<R: Row>(divided_by: &'static [&'static str], sources: &[Source]) -> Self {
        let schema = schema_of::<R>();
        let stays = |name: &str| !divided_by.contains(&name);
        let fields = schema.fields().iter().enumerate().filter(|(_, field)| stays(field.name()));
        let (kept, mut fields): (Vec<usize>, Vec<_>) = fields.map(|(at, field)| (at, Arc::clone(field))).unzip();
        let with_scoring = stays(SCORING_COLUMN) && sources.iter().any(|source| source.part.scoring.is_some());
        if with_scoring {
            fields.insert(0, Arc::new(Field::new(SCORING_COLUMN, DataType::Utf8, false)));
        }
        Self { schema: Arc::new(Schema::new(fields)), kept, divided_by, with_scoring }
    }

    /// The folder that a row goes to, by the values of what divides the table.
    fn place<R: Row>(&self, row: &R, scoring: Option<&str>) -> Vec<String> {
        let value = |by: &&str| {
            if *by == SCORING_COLUMN {
                return scoring.map(str::to_owned);
            }
            row.show(by).or_else(|| Some(QueryId::parse(&row.show("query_id")?).ok()?.dataset().to_owned()))
        };
        self.divided_by.iter().map(|by| value(by).unwrap_or_default()).collect()
    }

    fn encode<R: Row>(&self, rows: &[&R], scoring: Option<&str>, path: &Path) -> Result<RecordBatch, TableError> {
        let failed = |reason: String| TableError::Encode { path: path.to_owned(), reason };
        // A column that has reached its end panics.
        let columns = contain(|| {
            let mut builders = R::builders();
            rows.iter().for_each(|row| row.append(&mut builders));
            R::finish(&mut builders)
        });
        let columns = columns.map_err(failed)?;
        let mut kept: Vec<ArrayRef> = self.kept.iter().map(|at| Arc::clone(&columns[*at])).collect();
        if self.with_scoring {
            let labels: StringArray = rows.iter().map(|_| scoring).collect();
            kept.insert(0, Arc::new(labels));
        }
        debug_assert!(kept.iter().all(|column| column.len() == rows.len()));
        RecordBatch::try_new(Arc::clone(&self.schema), kept).map_err(|error| failed(error.to_string()))
    }
}

/// The keys that parts before had, where a table has several: in one folder the first part's row counts, and two folders
/// must not have rows of one key.
struct Known {
    /// A digest of the key, and the part that it was met in first.
    keys: HashMap<u128, usize>,
    /// For each part its folder, and its scoring: in two of those a key names two rows.
    folders: Vec<usize>,
    scorings: Vec<Option<String>>,
    /// Whether keys must be compared at all; they take some 50 bytes a row.
    needed: bool,
}

impl Known {
    fn new(sources: &[Source]) -> Self {
        let folders: Vec<usize> = sources.iter().map(|source| source.folder).collect();
        let scorings: Vec<Option<String>> = sources.iter().map(|source| source.part.scoring.clone()).collect();
        let of_one_folder = folders.windows(2).all(|pair| pair[0] == pair[1]);
        let needed = folders.len() > 1 && !(of_one_folder && scorings.iter().all(Option::is_some));
        Self { keys: HashMap::new(), folders, scorings, needed }
    }

    fn counts<R: Row>(&mut self, part: usize, row: &R, path: &Path, number: u64) -> Result<bool, TableError> {
        if !self.needed {
            return Ok(true);
        }
        let key = row.key_text();
        let mut digest = Sha256::new();
        digest.update(self.scorings[part].as_deref().unwrap_or_default());
        digest.update([0]);
        digest.update(&key);
        let mut short = [0; 16];
        short.copy_from_slice(&digest.finalize()[..16]);
        let first = *self.keys.entry(u128::from_le_bytes(short)).or_insert(part);
        if first == part {
            Ok(true)
        } else if self.folders[first] == self.folders[part] {
            Ok(false)
        } else {
            Err(TableError::RowTwice { path: path.to_owned(), row: number, key })
        }
    }
}
