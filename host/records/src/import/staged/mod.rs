//! Imports that are larger than memory and may be killed: one source file after the other becomes a *part*, and when all
//! are there the folder appears.
//!
//! An import works in `<DIR>.partial`, beside the folder that it makes:
//!
//! ```text
//! import.json                    which import this is: its format and options
//! tables/completions/...         where they will lie, one file for each part and shard
//! tables/scores/scoring=own/...  one file for each part
//! staged/texts/...               queries' texts, each once for a dataset and split
//! staged/records/...             a part's numbers, written last: a part whose file is here is whole
//! ```
//!
//! [`Staged::finish`] writes `queries`, `outcomes`, `pool.toml`, `scoring.json` and the manifest from them and moves
//! `tables` to `DIR` in one step. A part is known again by its source's name, size and digest, so the same command goes on
//! where it was killed. Memory holds the numbers of one dataset's split and the texts of its queries, never the answers.
//!
//! An importer reads its files with [`each_source`] (a folder, or a tar archive as it is), fills a [`Run`] with
//! [`StagedRecord`]s, and hands it to [`Staged::keep`].

mod archive;
mod finish;
mod keep;
mod left_out;
mod run;
mod sources;
mod tables;

use keep::remove_if_there;

pub(crate) use finish::Finished;
pub(crate) use left_out::LeftOut;
pub(crate) use run::{Answer, Run, Scored, StagedRecord};
pub(crate) use sources::{Position, SourceRead, each_source};

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic::write_bytes;
use crate::error::TableError;
use crate::ids::{DatasetId, ModelName, SplitName};
use crate::import::output::{ManifestFile, refuse_filled};
use crate::provenance::{digest_bytes, own_tool};
use crate::source::{open_file, read_text};

/// What one part is about: one model's answers to a dataset's split.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Subject {
    /// The dataset.
    pub(crate) dataset: DatasetId,
    /// Its split.
    pub(crate) split: SplitName,
    /// The model.
    pub(crate) model: ModelName,
}

/// Where a part came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The file below the folder that was read, with `/` between names; the member of an archive.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// SHA-256 of its content.
    pub(crate) digest: String,
}

/// What tells one import from another: a folder that was begun with other words is not gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportIdentity {
    /// The program and its version.
    pub(crate) tool: String,
    /// What is read, such as `llmrouterbench`. The evaluator of the scores is called so.
    pub(crate) format: String,
    /// Everything else that decides what the tables hold: filters, digests of price lists.
    pub(crate) options: BTreeMap<String, String>,
}

impl ImportIdentity {
    /// An import of `format` by this program.
    pub(crate) fn new(format: &str, options: BTreeMap<String, String>) -> Self {
        Self { tool: own_tool(), format: format.to_owned(), options }
    }

    /// No component gave these scores. What stands in the place of its digest names the rule by which files became scores.
    pub(crate) fn evaluator_digest(&self) -> String {
        digest_bytes(format!("{} results, {}", self.format, self.tool).as_bytes())
    }

    fn difference(&self, other: &Self) -> String {
        if self.tool != other.tool {
            return format!("of {}", other.tool);
        }
        if self.format != other.format {
            return format!("of {}", other.format);
        }
        let names: std::collections::BTreeSet<_> = self.options.keys().chain(other.options.keys()).collect();
        let differs = names.into_iter().find(|name| self.options.get(*name) != other.options.get(*name));
        differs.map_or_else(String::new, |name| format!("with another {name}"))
    }
}

/// One part that is whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// Its source.
    pub(crate) source: Source,
    /// Of two parts about the same, the one with the greater rank counts.
    pub(crate) rank: String,
    /// What was counted while it was read; the finished import has the sums.
    pub(crate) tally: BTreeMap<String, u64>,
    /// Its tables by their names below the folder that will appear.
    pub(crate) files: BTreeMap<String, ManifestFile>,
}

/// An import on its way.
pub(crate) struct Staged {
    out: PathBuf,
    partial: PathBuf,
    identity: ImportIdentity,
    parts: BTreeMap<Subject, Part>,
    /// Digests of the queries' texts that are there, for each dataset and split.
    texts: BTreeMap<(DatasetId, SplitName), HashSet<String>>,
    /// Held while we work; its lock tells another process that somebody does. None until the folder is known to be ours.
    ours: Option<File>,
}

impl Staged {
    /// Begins the import that will make `out`, or goes on with one that was killed.
    ///
    /// # Errors
    /// When `out` already holds something, or another import was begun for it.
    pub(crate) fn open(out: &Path, identity: ImportIdentity) -> Result<Self, TableError> {
        refuse_filled(out)?;
        let Some(name) = out.file_name() else {
            let reason = "names no folder that could be made; give it a name".to_owned();
            return Err(TableError::Settings { path: out.to_owned(), reason });
        };
        let mut beside = name.to_owned();
        beside.push(".partial");
        let partial = out.with_file_name(beside);
        let mut staged =
            Self { out: out.to_owned(), partial, identity, parts: BTreeMap::new(), texts: BTreeMap::new(), ours: None };
        let ours = staged.claim()?;
        staged.recover()?;
        staged.ours = Some(ours);
        Ok(staged)
    }

    /// Says in the folder whose it is, or finds that it is ours; nobody else may work in it meanwhile.
    fn claim(&self) -> Result<File, TableError> {
        let path = self.partial.join("import.json");
        let encode = |error: serde_json::Error| TableError::Encode { path: path.clone(), reason: error.to_string() };
        match read_text(&path) {
            Ok(text) => {
                let begun: ImportIdentity = serde_json::from_str(&text)
                    .map_err(|error| TableError::Settings { path: path.clone(), reason: error.to_string() })?;
                if begun != self.identity {
                    let difference = self.identity.difference(&begun);
                    return Err(TableError::OtherImport { path: self.partial.clone(), difference });
                }
            }
            Err(TableError::Missing { .. }) => {
                if self.partial.symlink_metadata().is_ok() {
                    // Somebody's folder that happens to be called so, unless an import ended before it said anything.
                    refuse_filled(&self.partial)?;
                }
                write_bytes(&path, serde_json::to_string_pretty(&self.identity).map_err(encode)?)?;
            }
            Err(error) => return Err(error),
        }
        let file = open_file(&path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(TableError::Busy { path: self.partial.clone() }),
            // Where a system has no locks, two imports at once are not told apart.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
        }
    }

    /// Whether a part of the source is there and still the same. Where it is not, the source is at its beginning, and what
    /// was made of an older content of it is forgotten.
    ///
    /// # Errors
    /// When it cannot be read, or has changed within an archive, which passes by once.
    pub(crate) fn is_known(&mut self, source: &mut SourceRead<'_>) -> Result<bool, TableError> {
        let known = self.known(&source.name, source.bytes).map(|(_, part)| part.source.digest.clone());
        if let Some(known) = &known
            && source.digest()? == *known
        {
            return Ok(true);
        }
        self.forget(|part| part.source.name == source.name)?;
        if known.is_some() && !source.rewind()? {
            let difference = format!("`{}` has changed since", source.name);
            return Err(TableError::OtherImport { path: self.partial.clone(), difference });
        }
        Ok(false)
    }

    /// A part of the same source, where there is one. It is the same while the digest is.
    pub(crate) fn known(&self, name: &str, bytes: u64) -> Option<(&Subject, &Part)> {
        self.parts.iter().find(|(_, part)| part.source.name == name && part.source.bytes == bytes)
    }

    /// The part that is there about a subject.
    pub(crate) fn part(&self, subject: &Subject) -> Option<&Part> {
        self.parts.get(subject)
    }

    /// Takes parts out, such as those whose source is gone; says how many.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(crate) fn forget(&mut self, which: impl Fn(&Part) -> bool) -> Result<usize, TableError> {
        let gone: Vec<Subject> =
            self.parts.iter().filter(|(_, part)| which(part)).map(|(subject, _)| subject.clone()).collect();
        for subject in &gone {
            // Its other files are strays then, which the end of the import removes.
            remove_if_there(&self.records_file(subject))?;
            self.parts.remove(subject);
        }
        Ok(gone.len())
    }

    /// Whether nothing was taken in yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The datasets of all parts.
    pub(crate) fn datasets(&self) -> std::collections::BTreeSet<DatasetId> {
        self.parts.keys().map(|subject| subject.dataset.clone()).collect()
    }

    /// Whether the texts of a query, by their digest, are there for a dataset and split.
    fn has_text(&self, subject: &Subject, digest: &str) -> bool {
        // Looked up with owned names, which are cheap to clone.
        let group = (subject.dataset.clone(), subject.split.clone());
        self.texts.get(&group).is_some_and(|texts| texts.contains(digest))
    }

    fn tables(&self) -> PathBuf {
        self.partial.join("tables")
    }

    fn staged(&self) -> PathBuf {
        self.partial.join("staged")
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // An import that failed before its first part leaves nothing to go on with.
        if self.ours.is_some() && self.parts.is_empty() && self.partial.join("import.json").is_file() {
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}
