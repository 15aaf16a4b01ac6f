//! Tables with a query id, read one dataset's split after the other. Files are sorted by query id, and so are the groups, so
//! every file is read once, and only those that hold many groups stay open.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::ids::QueryId;
use crate::table::row::table;
use crate::table::{Row, TableReader};

table! {
    /// The query of a row of any table that has one.
    pub(crate) QueryIdRow: "any", version 1, key [query_id], foreign true;
    /// The query.
    query_id: QueryId,
}

/// Rows of a file that are decoded at a time: answers may be long.
const BATCH_ROWS: usize = 256;

/// `<dataset>/<split>/`: what the query ids of a group begin with.
pub(super) fn group_of(query_id: &QueryId) -> String {
    format!("{}/{}/", query_id.dataset(), query_id.split())
}

/// The files of one table.
pub(super) struct GroupedFiles<R: Row> {
    files: Vec<GroupedFile<R>>,
}

/// One file.
struct GroupedFile<R: Row> {
    path: PathBuf,
    /// Rows of each group.
    groups: BTreeMap<String, u64>,
    reader: Option<TableReader<R>>,
    waiting: VecDeque<R>,
}

impl<R: Row> GroupedFiles<R> {
    /// Looks which groups the files hold.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn open(paths: Vec<PathBuf>) -> Result<Self, TableError> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let mut groups = BTreeMap::new();
            let mut reader = TableReader::<QueryIdRow>::open(&path)?;
            let mut rows = Vec::new();
            while reader.read_into(&mut rows)? {
                for row in rows.drain(..) {
                    *groups.entry(group_of(&row.query_id)).or_default() += 1;
                }
            }
            files.push(GroupedFile { path, groups, reader: None, waiting: VecDeque::new() });
        }
        Ok(Self { files })
    }

    /// All groups with their numbers of rows, in order.
    pub(super) fn groups(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (group, rows) in self.files.iter().flat_map(|file| &file.groups) {
            *all.entry(group.clone()).or_default() += rows;
        }
        all
    }

    /// Hands over the rows of a group with their files, in the order of the files. Groups are asked for in order, each once.
    ///
    /// # Errors
    /// When a file cannot be read, or `each` says so.
    pub(super) fn take(
        &mut self,
        group: &str,
        query_id: impl Fn(&R) -> &QueryId,
        each: &mut dyn FnMut(&Path, R) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        for file in &mut self.files {
            let Some(mut left) = file.groups.remove(group) else { continue };
            while left > 0 {
                let Some(row) = file.next()? else {
                    let reason = "its rows are not in the order of their query ids".to_owned();
                    return Err(TableError::Damaged { path: file.path.clone(), reason });
                };
                if !query_id(&row).as_str().starts_with(group) {
                    // Of a group that nobody asked for.
                    continue;
                }
                left -= 1;
                each(&file.path, row)?;
            }
            if file.groups.is_empty() {
                (file.reader, file.waiting) = (None, VecDeque::new());
            }
        }
        Ok(())
    }
}

impl<R: Row> GroupedFile<R> {
    fn next(&mut self) -> Result<Option<R>, TableError> {
        if self.reader.is_none() {
            self.reader = Some(TableReader::open(&self.path)?.at_most(BATCH_ROWS));
        }
        while self.waiting.is_empty() {
            let mut rows = Vec::new();
            let Some(reader) = &mut self.reader else { return Ok(None) };
            if !reader.read_into(&mut rows)? {
                return Ok(None);
            }
            self.waiting.extend(rows);
        }
        Ok(self.waiting.pop_front())
    }
}
