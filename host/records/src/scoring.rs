//! A scoring: which score files of a data folder belong together.
//!
//! Rows never change. Every evaluator, by its digest and settings, has a file of its own in
//! `scores/scoring=<label>/`; files of earlier versions stay. `scoring.json` beside them says which are current.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic::write_bytes;
use crate::error::TableError;
use crate::scores::ScoreRow;
use crate::table::{Table, read_table};

/// Name of the file that says which score files are current.
const FILE: &str = "scoring.json";

/// The score files that make up one scoring of a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// Always `routerlab.scoring/1`.
    pub schema: String,
    /// What made it.
    pub tool: String,
    /// SHA-256 of what was scored, by role.
    pub inputs: BTreeMap<String, String>,
    /// The current files by name.
    pub files: BTreeMap<String, ScoringFile>,
}

/// One file of a scoring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringFile {
    /// The evaluator.
    pub evaluator: String,
    /// SHA-256 of its component; of the harness' results where the scores came from elsewhere.
    pub evaluator_digest: String,
    /// Its settings, as the text of a JSON object.
    pub config: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// How many rows it has.
    pub rows: u64,
}

impl Scoring {
    /// A scoring without files.
    #[must_use]
    pub fn new(tool: &str) -> Self {
        let (inputs, files) = (BTreeMap::new(), BTreeMap::new());
        Self { schema: "routerlab.scoring/1".to_owned(), tool: tool.to_owned(), inputs, files }
    }

    /// The folder of a scoring.
    ///
    /// # Errors
    /// When the label could leave the folder: only letters, digits, `-`, `_` and `.` may be in it, and not a `.` first.
    pub fn folder(dir: &Path, label: &str) -> Result<PathBuf, TableError> {
        let plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        if label.is_empty() || label.starts_with('.') || !label.chars().all(plain) {
            let reason = format!("`{label}` is no label of a scoring: letters, digits, `-`, `_` and `.` only");
            return Err(TableError::Settings { path: dir.join("scores"), reason });
        }
        Ok(dir.join("scores").join(format!("scoring={label}")))
    }

    /// Reads a scoring of a data folder.
    ///
    /// # Errors
    /// When there is none of that label or it cannot be understood; the message names the labels there are.
    pub fn read(dir: &Path, label: &str) -> Result<Self, TableError> {
        let path = Self::folder(dir, label)?.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let labels = Self::labels(dir);
                let there = if labels.is_empty() { "no scoring yet".to_owned() } else { labels.join(", ") };
                let reason = format!("there is no scoring `{label}`; there is: {there}");
                return Err(TableError::Settings { path: dir.to_owned(), reason });
            }
            Err(source) => return Err(TableError::read(&path, source)),
        };
        serde_json::from_str(&text).map_err(|error| TableError::Settings { path, reason: error.to_string() })
    }

    /// The labels of all scorings of a data folder, in order.
    pub fn labels(dir: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(dir.join("scores")) else { return Vec::new() };
        let name = |entry: fs::DirEntry| Some(entry.file_name().to_str()?.strip_prefix("scoring=")?.to_owned());
        let mut labels: Vec<String> = entries.filter_map(|entry| name(entry.ok()?)).collect();
        labels.retain(|label| dir.join("scores").join(format!("scoring={label}")).join(FILE).is_file());
        labels.sort();
        labels
    }

    /// Writes which files are current; from here on the scoring is whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, dir: &Path, label: &str) -> Result<(), TableError> {
        let path = Self::folder(dir, label)?.join(FILE);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| TableError::Encode { path: path.clone(), reason: error.to_string() })?;
        text.push('\n');
        write_bytes(&path, text).map(|_| ())
    }

    /// Where its files lie, in the order of their names.
    ///
    /// # Errors
    /// As [`Self::folder`].
    pub fn paths(&self, dir: &Path, label: &str) -> Result<Vec<PathBuf>, TableError> {
        let folder = Self::folder(dir, label)?;
        Ok(self.files.keys().map(|name| folder.join(name)).collect())
    }

    /// The scores of all its files, each read on its own so that messages about rows name the file.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn tables(&self, dir: &Path, label: &str) -> Result<Vec<Table<ScoreRow>>, TableError> {
        self.paths(dir, label)?.iter().map(|path| read_table(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scoring_that_is_not_there_names_those_that_are() {
        let scratch = tempfile::tempdir().unwrap();
        let message = |label: &str| {
            let folder = scratch.path().display().to_string();
            Scoring::read(scratch.path(), label).unwrap_err().to_string().replace(&folder, "data")
        };
        assert_eq!(message("fixed"), "`data`: there is no scoring `fixed`; there is: no scoring yet");
        for label in ["own", "compat"] {
            Scoring::new("test").write(scratch.path(), label).unwrap();
        }
        assert_eq!(message("fixed"), "`data`: there is no scoring `fixed`; there is: compat, own");
        assert_eq!(Scoring::read(scratch.path(), "own").unwrap(), Scoring::new("test"));
        assert_eq!(
            message("../a"),
            "`data/scores`: `../a` is no label of a scoring: letters, digits, `-`, `_` and `.` only"
        );
    }
}
