//! Original files of datasets become queries as their definitions say.
#![allow(clippy::print_stdout, reason = "what is skipped is named")]

mod cases;
mod definitions;
mod formats;
mod harness;
mod originals;

use std::path::{Path, PathBuf};

use routerlab_records::definition::shipped;
use routerlab_records::import::{DatasetOptions, DatasetSummary, import_dataset};
use routerlab_records::{QueryRow, TableError, read_table};
use tempfile::TempDir;

/// A folder of original files, and the folders made of it.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = scratch.path(&format!("in/{name}"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        scratch
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Imports a file or folder within, however many rows it has.
    pub(crate) fn import(&self, definition: &str, split: Option<&str>, from: &str) -> Result<Vec<QueryRow>, String> {
        let out = self.path(&format!("out-{}", from.replace('/', "-")));
        let options = lenient(definition, split);
        let imported = import_dataset(&options, &self.path(from), &out, &mut |_| {});
        match imported {
            Ok(_) => Ok(read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows),
            Err(error) => {
                assert!(!out.exists(), "nothing is left behind");
                Err(self.told(&error))
            }
        }
    }

    /// An error's words, without this folder's name.
    pub(crate) fn told(&self, error: &TableError) -> String {
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

pub(crate) fn lenient<'a>(definition: &'a str, split: Option<&str>) -> DatasetOptions<'a> {
    DatasetOptions {
        definition,
        definition_name: "definition.toml".into(),
        split: split.map(Into::into),
        any_count: true,
        any_digest: true,
    }
}

/// Imports as the program does when nothing is waived.
pub(crate) fn strict(id: &str, split: &str, from: &Path, out: &Path) -> Result<DatasetSummary, TableError> {
    let mut options = lenient(shipped(id).unwrap(), Some(split));
    (options.any_count, options.any_digest) = (false, false);
    import_dataset(&options, from, out, &mut |_| {})
}
