//! The folder of an export: a file or a folder for each table, and a manifest. It appears whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use crate::atomic::WholeFolder;
use crate::catalog::{ENTRIES, Entry, find_tables};
use crate::error::TableError;
use crate::export::feed::Source;
use crate::export::format::{ExportFormat, OpenFile};
use crate::import::{Manifest, ManifestFile, Progress};
use crate::provenance::{digest_file, own_tool};
use crate::table::{about_table, export_folder};

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedTable {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// How many files it became.
    pub files: usize,
    /// Their length in bytes.
    pub bytes: u64,
}

/// Writes tables of data folders and of runs into the new folder `out`, in a form for other programs: all that there are, or
/// those of `names`. Calls `progress` with the rows that were read, of all tables.
///
/// As Parquet, a table is a folder of files divided by `key=value` folders (`dataset`; of decisions run, router and seed;
/// of scores the scoring), and these columns are no longer in the files. In every other form a table is one file, and
/// `scores` has the scoring as its first column. Tables of several runs become one.
///
/// Rows go through memory by the batch. Where a table has parts that may hold the same rows (an import beside what was
/// collected, or several folders), a digest of every key is kept.
///
/// # Errors
/// When a folder holds no table, a table that was asked for is in none of them, a file cannot be read (file, column and row
/// are named), two folders hold a row of the same key, `out` exists, or cannot be written. Nothing is left behind then.
pub fn export_tables(
    folders: &[PathBuf],
    names: &[String],
    format: ExportFormat,
    out: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<ExportedTable>, TableError> {
    let mut found: BTreeMap<&'static str, Vec<Source>> = BTreeMap::new();
    for (at, folder) in folders.iter().enumerate() {
        for table in find_tables(folder)? {
            let parts = table.parts.into_iter().map(|part| Source { folder: at, part });
            found.entry(table.table).or_default().extend(parts);
        }
    }
    let wanted = wanted(&found, names, folders)?;
    let whole = WholeFolder::create(out)?;
    let (mut manifest_files, mut inputs) = (BTreeMap::new(), BTreeMap::new());
    let rows_total = rows_of(wanted.iter().flat_map(|entry| &found[entry.name]))?;
    let mut rows_done = 0;
    let roots = names_of(folders);
    let mut written = Vec::new();
    for entry in wanted {
        let sources = &found[entry.name];
        for source in sources {
            for file in &source.part.files {
                let inside = file.strip_prefix(&folders[source.folder]).unwrap_or(file);
                let name = format!("{}/{}", roots[source.folder], inside.to_string_lossy());
                inputs.insert(name, digest_file(file)?);
            }
        }
        let mut files = TableFiles::new(whole.path(), entry, format);
        (entry.feed)(sources, &mut files, &mut |rows| {
            rows_done += rows;
            progress(Progress { rows_done, rows_total });
        })?;
        written.push(files.finish(&mut manifest_files)?);
    }
    let manifest =
        Manifest { schema: "routerlab.manifest/1".to_owned(), tool: own_tool(), inputs, files: manifest_files };
    manifest.write(whole.path())?;
    whole.finish()?;
    Ok(written)
}

/// How many rows there are to read.
fn rows_of<'a>(sources: impl Iterator<Item = &'a Source>) -> Result<u64, TableError> {
    let mut rows = 0;
    for file in sources.flat_map(|source| &source.part.files) {
        rows += about_table(file)?.rows;
    }
    Ok(rows)
}

/// The tables to write, in the order of the catalog.
fn wanted(
    found: &BTreeMap<&'static str, Vec<Source>>,
    names: &[String],
    folders: &[PathBuf],
) -> Result<Vec<&'static Entry>, TableError> {
    let there = ENTRIES.iter().filter(|entry| found.contains_key(entry.name));
    if let Some(name) = names.iter().find(|name| !found.contains_key(name.as_str())) {
        let there: Vec<String> = there.map(|entry| format!("`{}`", entry.name)).collect();
        let folders: Vec<String> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
        return Err(TableError::NoTable { table: name.clone(), folders: folders.join(", "), there: there.join(", ") });
    }
    Ok(there.filter(|entry| names.is_empty() || names.iter().any(|name| name == entry.name)).collect())
}

/// What the manifest calls the folders: their own names, with a number where two have the same.
fn names_of(folders: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(folders.len());
    for folder in folders {
        let own = folder.canonicalize().ok();
        let name = own.as_deref().unwrap_or(folder).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let taken = names.iter().filter(|other| **other == name || other.starts_with(&format!("{name}:"))).count();
        names.push(if taken == 0 { name } else { format!("{name}:{}", taken + 1) });
    }
    names
}

/// The files of one table: at most one of them is open.
pub(crate) struct TableFiles {
    root: PathBuf,
    entry: &'static Entry,
    format: ExportFormat,
    schema_id: String,
    open: Option<Open>,
    /// How many files each folder has.
    parts: BTreeMap<Vec<String>, u32>,
    written: BTreeMap<String, ManifestFile>,
    rows: u64,
}

struct Open {
    place: Vec<String>,
    path: PathBuf,
    file: OpenFile,
    rows: u64,
}

impl TableFiles {
    fn new(root: &Path, entry: &'static Entry, format: ExportFormat) -> Self {
        let schema_id = (entry.describe)(entry).schema_id;
        let (parts, written) = (BTreeMap::new(), BTreeMap::new());
        Self { root: root.to_owned(), entry, format, schema_id, open: None, parts, written, rows: 0 }
    }

    /// The columns that become names of folders.
    pub(super) fn divided_by(&self) -> &'static [&'static str] {
        if self.format == ExportFormat::Parquet { self.entry.divided_by } else { &[] }
    }

    /// The folder whose file is open.
    pub(super) fn open_place(&self) -> Option<&Vec<String>> {
        self.open.as_ref().map(|open| &open.place)
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds rows to the file of a folder.
    pub(super) fn write(&mut self, place: &[String], batch: &RecordBatch) -> Result<(), TableError> {
        if self.open.as_ref().is_some_and(|open| open.place != place) {
            self.close()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                let path = Self::path(&self.root, self.entry, self.format, place, &mut self.parts);
                let file = OpenFile::create(&path, self.format, &batch.schema(), &self.schema_id)?;
                none.insert(Open { place: place.to_owned(), path, file, rows: 0 })
            }
        };
        open.file.write(&open.path, batch)?;
        open.rows += batch.num_rows() as u64;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Where the next file of a folder lies.
    fn path(
        root: &Path,
        entry: &Entry,
        format: ExportFormat,
        place: &[String],
        parts: &mut BTreeMap<Vec<String>, u32>,
    ) -> PathBuf {
        if format != ExportFormat::Parquet {
            return root.join(format!("{}.{}", entry.name, format.extension()));
        }
        let part = parts.entry(place.to_owned()).or_default();
        let name = format!("part-{part:05}.parquet");
        *part += 1;
        let pairs: Vec<(&str, &str)> =
            entry.divided_by.iter().zip(place).map(|(key, value)| (*key, value.as_str())).collect();
        export_folder(root, entry.name, &pairs).join(name)
    }

    fn close(&mut self) -> Result<(), TableError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let name = open.path.strip_prefix(&self.root).unwrap_or(&open.path).to_string_lossy().into_owned();
        let written = open.file.finish(&open.path)?;
        let file = ManifestFile { sha256: written.digest, bytes: written.bytes, rows: Some(open.rows) };
        self.written.insert(name, file);
        Ok(())
    }

    fn finish(mut self, manifest: &mut BTreeMap<String, ManifestFile>) -> Result<ExportedTable, TableError> {
        self.close()?;
        let exported = ExportedTable {
            table: self.entry.name,
            rows: self.rows,
            files: self.written.len(),
            bytes: self.written.values().map(|file| file.bytes).sum(),
        };
        manifest.extend(self.written);
        Ok(exported)
    }
}
