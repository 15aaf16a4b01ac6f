//! What lies in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::doctor::{Examination, Severity};
use crate::error::TableError;

/// One file below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Relative to the folder, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

impl Found {
    pub(super) fn is_table(&self) -> bool {
        self.name.ends_with(".parquet") && !self.is_left_over()
    }

    /// Whether it is a file that was being written when a program was killed.
    pub(super) fn is_left_over(&self) -> bool {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        name.starts_with('.') && name.ends_with(".part")
    }
}

/// Every file below a folder, hidden ones too, in the order of their names. Links are not followed out of it: a link is
/// what it points to if that is a file, and is passed over otherwise.
pub(super) fn all(folder: &Path) -> Result<Vec<Found>, TableError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TableError::read(&path, source)
    };
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(&at).map_err(failed(&at))? {
            let entry = entry.map_err(failed(&at))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(failed(&path))?;
            if kind.is_dir() {
                waiting.push(path);
                continue;
            }
            let Ok(about) = fs::metadata(&path) else { continue };
            if about.is_file() {
                let parts = path.strip_prefix(folder).unwrap_or(&path).iter().map(|part| part.to_string_lossy());
                let name = parts.collect::<Vec<_>>().join("/");
                found.push(Found { name, path, bytes: about.len() });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Names files that a killed program left half written.
pub(super) fn left_over(files: &[Found], examination: &mut Examination) {
    for file in files.iter().filter(|file| file.is_left_over()) {
        let what = "half written, left by a program that was killed; nothing reads it";
        examination.add(Severity::Warning, &file.name, what, "delete it once no program is at work here");
    }
}
