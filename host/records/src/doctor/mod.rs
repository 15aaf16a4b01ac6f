//! Whether a folder of tables is what it says it is.
//!
//! Everything that can be known from the folder alone is looked at: that its manifest and digests hold, that every table
//! decodes to rows in the order of their keys, that rows refer to queries that are there, that what was made from other
//! tables was made from those that lie beside it, and what lies there that nothing reads. Nothing is changed.

mod data;
mod files;
mod run;
mod walk;

use std::path::Path;

use crate::error::TableError;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What is there cannot be trusted, or cannot be read.
    Error,
    /// Something is left over, out of date or unfinished.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or folder, relative to the folder that was looked at.
    pub path: String,
    /// What is the matter, in a sentence.
    pub what: String,
    /// What to do about it; empty where nothing needs to be done.
    pub mend: String,
}

/// What kind of folder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderKind {
    /// Queries and what is known of them.
    Data,
    /// What routers decided.
    Run,
}

/// What was looked at and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// What kind of folder it is.
    pub kind: FolderKind,
    /// Tables that were read, in the order of their names: name, files, rows.
    pub tables: Vec<(String, u64, u64)>,
    /// What was found, the worst first, then by path.
    pub findings: Vec<Finding>,
}

impl Examination {
    fn new(kind: FolderKind) -> Self {
        Self { kind, tables: Vec::new(), findings: Vec::new() }
    }

    /// How many findings are as bad as this.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn add(&mut self, severity: Severity, path: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.findings.push(Finding { severity, path: path.to_owned(), what: what.into(), mend: mend.into() });
    }

    fn count_table(&mut self, table: &str, rows: u64) {
        match self.tables.iter_mut().find(|(name, _, _)| name == table) {
            Some((_, files, all)) => (*files, *all) = (*files + 1, *all + rows),
            None => self.tables.push((table.to_owned(), 1, rows)),
        }
    }

    fn done(mut self) -> Self {
        self.tables.sort();
        self.findings.sort_by(|a, b| (a.severity, &a.path, &a.what).cmp(&(b.severity, &b.path, &b.what)));
        self
    }
}

/// Looks at a data folder or the folder of a run. `watch` is told how many bytes of how many are through.
///
/// # Errors
/// When the folder cannot be listed, or is neither. What is wrong inside is a finding.
pub fn examine(folder: &Path, watch: &mut dyn FnMut(u64, u64)) -> Result<Examination, TableError> {
    let files = files::all(folder)?;
    let has = |name: &str| files.iter().any(|file| file.name == name || file.name.starts_with(&format!("{name}/")));
    if has("runs.parquet") || has("cells") {
        return Ok(run::examine(folder, &files, watch).done());
    }
    if has("queries.parquet") || has(crate::import::MANIFEST_FILE) {
        return Ok(data::examine(folder, &files, watch).done());
    }
    let reason = "neither a data folder (no `queries.parquet`) nor the folder of a run (no `runs.parquet`, no `cells`)";
    Err(TableError::Settings { path: folder.to_owned(), reason: reason.to_owned() })
}

/// `, and 4 more like it`; nothing where there is one alone.
fn more(count: u64) -> String {
    if count > 1 { format!(", and {} more like it", count - 1) } else { String::new() }
}
