//! The folder that an import fills.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic::{WrittenFile, write_bytes};
use crate::error::TableError;
use crate::import::join::build_outcomes;
use crate::pool::Pool;
use crate::provenance::{Provenance, digest_file, own_tool};
use crate::scores::ScoreRow;
use crate::scoring::{Scoring, ScoringFile};
use crate::table::{Row, TableWriter, about_table, table_files, write_table};

/// Name of the file that is written last: a folder without it is not whole.
pub const MANIFEST_FILE: &str = "manifest.json";

/// What a folder of tables holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `routerlab.manifest/1`.
    pub schema: String,
    /// What made the folder.
    pub tool: String,
    /// SHA-256 of what was imported, by role.
    pub inputs: BTreeMap<String, String>,
    /// The files by name.
    pub files: BTreeMap<String, ManifestFile>,
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// SHA-256 of the content.
    pub sha256: String,
    /// Length of the content.
    pub bytes: u64,
    /// Rows, where it is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// When there is none or it cannot be understood.
    pub fn read(folder: &Path) -> Result<Self, TableError> {
        let path = folder.join(MANIFEST_FILE);
        let text = fs::read_to_string(&path).map_err(|source| TableError::read(&path, source))?;
        serde_json::from_str(&text).map_err(|error| TableError::Settings { path, reason: error.to_string() })
    }

    /// Writes the manifest of a folder that has grown: the files of the `tables` that are folders, and `files`, as they are
    /// now; everything else as the manifest has it. A folder without a manifest gets one.
    ///
    /// # Errors
    /// When a file cannot be read or the manifest cannot be written.
    pub fn refresh(folder: &Path, tables: &[&str], files: &[&str]) -> Result<(), TableError> {
        let mut manifest = match Self::read(folder) {
            Ok(manifest) => manifest,
            Err(TableError::Missing { .. }) => {
                let (inputs, files) = (BTreeMap::new(), BTreeMap::new());
                Self { schema: "routerlab.manifest/1".to_owned(), tool: own_tool(), inputs, files }
            }
            Err(error) => return Err(error),
        };
        let within = |name: &str| tables.iter().any(|table| name.starts_with(&format!("{table}/")));
        manifest.files.retain(|name, _| !within(name));
        let mut paths: Vec<PathBuf> = files.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect();
        for table in tables.iter().map(|table| folder.join(table)).filter(|table| table.is_dir()) {
            paths.extend(table_files(&table)?);
        }
        for path in paths {
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            let bytes = fs::metadata(&path).map_err(|source| TableError::read(&path, source))?.len();
            let is_table = path.extension().is_some_and(|extension| extension == "parquet");
            let rows = if is_table { Some(about_table(&path)?.rows) } else { None };
            manifest.files.insert(name, ManifestFile { sha256: digest_file(&path)?, bytes, rows });
        }
        manifest.write(folder)
    }

    /// Writes it; from here on the folder is whole.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), TableError> {
        let path = folder.join(MANIFEST_FILE);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| TableError::Encode { path: path.clone(), reason: error.to_string() })?;
        text.push('\n');
        write_bytes(&path, text).map(|_| ())
    }
}

/// Files of one import. Dropped before [`Output::finish`], it removes what it wrote and the folders it made.
pub(super) struct Output {
    folder: PathBuf,
    /// The folders that were not there before, innermost first.
    made: Vec<PathBuf>,
    provenance: Provenance,
    /// What the folder held before, where this import adds to another.
    before: Option<Manifest>,
    files: BTreeMap<String, ManifestFile>,
    /// Files that may be edited later and are not in the manifest.
    unlisted: Vec<String>,
    finished: bool,
}

impl Output {
    /// An import into `folder`, which may hold no table yet: rows never change, a new import is a new folder.
    pub(super) fn begin(folder: &Path, provenance: Provenance) -> Result<Self, TableError> {
        refuse_full(folder)?;
        let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = folder.ancestors().take_while(is_new).map(Path::to_owned).collect();
        Ok(Self::new(folder, made, None, provenance))
    }

    /// An import that adds completions to the whole folder of another, which may hold queries and what belongs to them.
    pub(super) fn add_to(folder: &Path, provenance: Provenance) -> Result<Self, TableError> {
        let before = Manifest::read(folder)?;
        refuse_any(folder, TAKEN_BY.into_iter().filter(|name| !OF_QUERIES.contains(name)))?;
        Ok(Self::new(folder, Vec::new(), Some(before), provenance))
    }

    fn new(folder: &Path, made: Vec<PathBuf>, before: Option<Manifest>, provenance: Provenance) -> Self {
        Self {
            folder: folder.to_owned(),
            made,
            provenance,
            before,
            files: BTreeMap::new(),
            unlisted: Vec::new(),
            finished: false,
        }
    }

    pub(super) fn table<R: Row>(&mut self, rows: &[R]) -> Result<(), TableError> {
        let name = format!("{}.parquet", R::TABLE);
        let written = write_table(&self.folder.join(&name), rows, &self.provenance)?;
        self.note(name, written, Some(rows.len() as u64));
        Ok(())
    }

    /// A table whose rows come one after the other, in the order of their keys.
    pub(super) fn stream<R: Row>(
        &mut self,
        rows: impl Iterator<Item = Result<R, TableError>>,
    ) -> Result<(), TableError> {
        let name = format!("{}.parquet", R::TABLE);
        let mut writer = TableWriter::create(&self.folder.join(&name), &self.provenance)?;
        for row in rows {
            writer.push(row?)?;
        }
        let rows = writer.rows();
        self.note(name, writer.finish()?, Some(rows));
        Ok(())
    }

    pub(super) fn pool(&mut self, pool: &Pool) -> Result<(), TableError> {
        let written = pool.write(&self.folder.join("pool.toml"))?;
        self.note("pool.toml".to_owned(), written, None);
        Ok(())
    }

    /// A file that may be edited later: the manifest does not list it.
    pub(super) fn unlisted(&mut self, name: &str, text: &str) -> Result<(), TableError> {
        write_bytes(&self.folder.join(name), text)?;
        self.unlisted.push(name.to_owned());
        Ok(())
    }

    /// Scores of one evaluator as the folder's own scoring, joined with the tables written so far into outcomes.
    pub(super) fn scores(&mut self, evaluator: &str, digest: &str, rows: &[ScoreRow]) -> Result<(), TableError> {
        const LABEL: &str = "own";
        let folder = Scoring::folder(&self.folder, LABEL)?;
        let file = format!("{evaluator}-{}.parquet", &digest[..12]);
        self.made.splice(0..0, [folder.clone(), self.folder.join("scores")]);
        let written = write_table(&folder.join(&file), rows, &self.provenance)?;
        let mut scoring = Scoring::new(&own_tool());
        scoring.inputs.clone_from(&self.provenance.inputs);
        let about = ScoringFile {
            evaluator: evaluator.to_owned(),
            evaluator_digest: digest.to_owned(),
            config: "{}".to_owned(),
            sha256: written.digest.clone(),
            rows: rows.len() as u64,
        };
        scoring.files.insert(file.clone(), about);
        self.note(format!("scores/scoring={LABEL}/{file}"), written, Some(rows.len() as u64));
        scoring.write(&self.folder, LABEL)?;
        self.unlisted.push(format!("scores/scoring={LABEL}/scoring.json"));
        let written = build_outcomes(&self.folder, LABEL)?;
        self.note("outcomes.parquet".to_owned(), written, None);
        Ok(())
    }

    /// Writes the manifest: from here on the folder is whole.
    pub(super) fn finish(mut self) -> Result<(), TableError> {
        let (mut inputs, mut files) =
            self.before.take().map(|before| (before.inputs, before.files)).unwrap_or_default();
        inputs.extend(self.provenance.inputs.clone());
        files.extend(self.files.clone());
        let manifest = Manifest { schema: "routerlab.manifest/1".to_owned(), tool: own_tool(), inputs, files };
        manifest.write(&self.folder)?;
        self.finished = true;
        Ok(())
    }

    fn note(&mut self, name: String, written: WrittenFile, rows: Option<u64>) {
        self.files.insert(name, ManifestFile { sha256: written.digest, bytes: written.bytes, rows });
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.finished {
            for name in self.files.keys().chain(&self.unlisted) {
                // The error that ended the import is the one to report.
                let _ = fs::remove_file(self.folder.join(name));
            }
            for folder in &self.made {
                // Only when it is empty: what others put there meanwhile is theirs.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// What an import writes, and what is read beside it: a stranger's `scores` would be taken for a part of it.
const TAKEN_BY: [&str; 10] = [
    "queries.parquet",
    "completions.parquet",
    "completions",
    "outcomes.parquet",
    "scores.parquet",
    "scores",
    "judgements",
    "embeddings.parquet",
    "pool.toml",
    MANIFEST_FILE,
];

/// Those of them that are there before anything was answered.
const OF_QUERIES: [&str; 3] = ["queries.parquet", "embeddings.parquet", MANIFEST_FILE];

/// Fails when the folder already holds a file of a table, be it of another import, of one that was killed, or the source
/// of this one.
pub(super) fn refuse_full(folder: &Path) -> Result<(), TableError> {
    refuse_any(folder, TAKEN_BY)
}

fn refuse_any(folder: &Path, names: impl IntoIterator<Item = &'static str>) -> Result<(), TableError> {
    // A link to nowhere is a file too.
    match names.into_iter().find(|name| folder.join(name).symlink_metadata().is_ok()) {
        Some(name) => Err(TableError::Taken { path: folder.to_owned(), file: name.to_owned() }),
        None => Ok(()),
    }
}

/// Fails when a folder holds anything: what appears in one step has no room beside other files.
pub(crate) fn refuse_filled(folder: &Path) -> Result<(), TableError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(TableError::read(folder, source)),
        Ok(entries) => {
            let mut names: Vec<String> =
                entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
            names.sort();
            names.into_iter().next().map_or(Ok(()), |file| Err(TableError::Taken { path: folder.to_owned(), file }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetricRow;

    #[test]
    fn a_failed_import_takes_back_what_it_made_and_nothing_else() {
        let scratch = tempfile::tempdir().unwrap();
        let begin = |folder: &Path| {
            let mut output = Output::begin(folder, Provenance::default()).unwrap();
            output.table::<MetricRow>(&[]).unwrap();
            output
        };
        let deep = scratch.path().join("a/b");
        drop(begin(&deep));
        assert!(!scratch.path().join("a").exists(), "the folders it made are gone");

        let ours = scratch.path().join("ours");
        write_bytes(&ours.join("dataset.toml"), "").unwrap();
        drop(begin(&ours));
        let left: Vec<_> = fs::read_dir(&ours).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["dataset.toml"]);
        drop(begin(&scratch.path().join("ours/new")));
        assert!(!ours.join("new").exists() && ours.exists());
    }

    #[test]
    fn a_folder_with_any_file_of_a_table_is_taken() {
        for name in TAKEN_BY {
            let scratch = tempfile::tempdir().unwrap();
            write_bytes(&scratch.path().join(name), "").unwrap();
            let message = refuse_full(scratch.path()).unwrap_err().to_string();
            let folder = scratch.path().display();
            assert_eq!(
                message,
                format!("`{folder}` already holds `{name}`, name another folder or move the file away")
            );
        }
    }
}
