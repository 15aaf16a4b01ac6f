//! Which tables a folder holds, and in which files.

use std::path::{Path, PathBuf};

use crate::catalog::{ENTRIES, SCORING_COLUMN};
use crate::error::TableError;
use crate::scoring::Scoring;
use crate::table::table_files;

/// A table of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    /// Its name.
    pub table: &'static str,
    /// Its files. Where two parts have a row of the same key, that of the first counts; of `scores`, parts are scorings and
    /// count each for itself.
    pub parts: Vec<TablePart>,
}

/// Files of a table that lie together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePart {
    /// The files, in the order of their paths.
    pub files: Vec<PathBuf>,
    /// The label of the scoring they belong to; `scores` alone has one.
    pub scoring: Option<String>,
}

/// The tables of a data folder or of the folder of a run, in the order of the catalog.
///
/// Of `scores` only the files that are current in their scoring are given. What an import left in a file gives way to what
/// was collected in a folder; of embeddings the file comes first, as for `bench`.
///
/// # Errors
/// When the folder holds none, or cannot be read.
pub fn find_tables(folder: &Path) -> Result<Vec<FoundTable>, TableError> {
    if !std::fs::metadata(folder).map_err(|source| TableError::read(folder, source))?.is_dir() {
        return Err(TableError::NoTables { path: folder.to_owned() });
    }
    let mut found = Vec::new();
    for entry in &ENTRIES {
        let parts = match entry.name {
            "scores" => scorings(folder)?,
            "embeddings" => [file(folder, entry.name), below(folder, entry.name)?].into_iter().flatten().collect(),
            name => [below(folder, name)?, file(folder, name)].into_iter().flatten().collect::<Vec<_>>(),
        };
        if !parts.is_empty() {
            found.push(FoundTable { table: entry.name, parts });
        }
    }
    if found.is_empty() { Err(TableError::NoTables { path: folder.to_owned() }) } else { Ok(found) }
}

/// The table as one file.
fn file(folder: &Path, table: &str) -> Option<TablePart> {
    let path = folder.join(format!("{table}.parquet"));
    // A link to nowhere is a file that cannot be read, not a table that is not there.
    path.symlink_metadata().is_ok().then(|| TablePart { files: vec![path], scoring: None })
}

/// The table as a folder of files.
fn below(folder: &Path, table: &str) -> Result<Option<TablePart>, TableError> {
    let path = folder.join(table);
    if !path.is_dir() {
        return Ok(None);
    }
    let files = table_files(&path)?;
    Ok((!files.is_empty()).then_some(TablePart { files, scoring: None }))
}

/// The current files of every scoring.
fn scorings(folder: &Path) -> Result<Vec<TablePart>, TableError> {
    let mut parts = Vec::new();
    for label in Scoring::labels(folder) {
        let files = Scoring::read(folder, &label)?.paths(folder, &label)?;
        if !files.is_empty() {
            parts.push(TablePart { files, scoring: Some(label) });
        }
    }
    Ok(parts)
}

impl TablePart {
    /// The columns that the place of the files adds to those inside.
    pub fn columns(&self) -> Vec<(&'static str, &str)> {
        self.scoring.iter().map(|label| (SCORING_COLUMN, label.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MetricRow, Provenance, QueryRow, ScoreRow, write_table};

    #[test]
    fn a_folder_shows_the_tables_it_holds() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        let missing = find_tables(folder).unwrap_err().to_string();
        assert!(missing.ends_with("holds no table: expected a data folder, with `queries.parquet`, or the folder of a run, with `runs.parquet`"), "{missing}");
        let empty = Provenance::default();
        write_table::<QueryRow>(&folder.join("queries.parquet"), &[], &empty).unwrap();
        write_table::<MetricRow>(&folder.join("metrics.parquet"), &[], &empty).unwrap();
        for (label, name) in [("own", "a"), ("own", "old"), ("compat", "b")] {
            let path = folder.join(format!("scores/scoring={label}/{name}.parquet"));
            write_table::<ScoreRow>(&path, &[], &empty).unwrap();
            let mut scoring = Scoring::new("test");
            if name != "old" {
                let file = crate::scoring::ScoringFile {
                    evaluator: "e".to_owned(),
                    evaluator_digest: String::new(),
                    config: "{}".to_owned(),
                    sha256: String::new(),
                    rows: 0,
                };
                scoring.files.insert(format!("{name}.parquet"), file);
                scoring.write(folder, label).unwrap();
            }
        }
        let found = find_tables(folder).unwrap();
        let names: Vec<_> = found.iter().map(|table| table.table).collect();
        assert_eq!(names, ["queries", "scores", "metrics"]);
        let files: Vec<_> = found[1].parts.iter().map(|part| (part.scoring.as_deref(), part.files.clone())).collect();
        let file = |name: &str| vec![folder.join(name)];
        assert_eq!(
            files,
            [
                (Some("compat"), file("scores/scoring=compat/b.parquet")),
                (Some("own"), file("scores/scoring=own/a.parquet"))
            ],
            "files of earlier versions are not current"
        );
    }
}
