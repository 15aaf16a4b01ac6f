//! Where the files of a dataset lie: one file, a folder, or a zip archive.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::error::TableError;
use crate::source::open_file;
use crate::table::contain::contain;

/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 8;
/// Files that are listed. A folder with more is not that of a dataset.
const MAX_FILES: usize = 100_000;
/// Endings that say how a file is written and not what it is.
const ENDINGS: [&str; 7] = [".gz", ".zip", ".jsonl", ".json", ".csv", ".tsv", ".parquet"];

/// One file of a dataset.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// What it is called in messages. For a file of an archive, a path that goes through the archive.
    pub(super) path: PathBuf,
    /// The folder that is imported, then the names below it.
    parts: Vec<String>,
    /// Where it lies when it lies in an archive: the archive and the place within.
    pub(super) packed: Option<(PathBuf, usize)>,
}

impl SourceFile {
    /// Its path below the folder that is imported.
    pub(super) fn relative(&self) -> String {
        self.parts[1..].join("/")
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// Its name without endings.
    pub(super) fn stem(&self) -> &str {
        stem(self.name())
    }

    /// Name of the folder it lies in.
    pub(super) fn folder(&self) -> &str {
        self.parts.iter().rev().nth(1).map_or("", String::as_str)
    }
}

/// The files of a dataset.
#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    files: Vec<SourceFile>,
    /// Whether the path was that of a single file; it is the first then, and those beside it follow.
    single: bool,
}

impl Places {
    /// Lists what there is. `alone`: nothing beside a single file is needed.
    pub(super) fn of(path: &Path, alone: bool) -> Result<Self, TableError> {
        let root = path.to_owned();
        let kind = fs::metadata(path).map_err(|source| TableError::read(path, source))?;
        if kind.is_dir() {
            let mut files = Vec::new();
            walk(path, &mut vec![name_of(path)], MAX_DEPTH, &mut files)?;
            files.sort_by(|a, b| a.parts.cmp(&b.parts));
            return Ok(Self { root, files, single: false });
        }
        if let Some(files) = archive(path)? {
            return match files.as_slice() {
                // An archive of one file is that file.
                [_] => Ok(Self { root, files, single: true }),
                _ => Ok(Self { root, files, single: false }),
            };
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let own = SourceFile { path: root.clone(), parts: vec![name_of(&folder), name_of(path)], packed: None };
        let mut files = vec![own];
        if !alone {
            walk(&folder, &mut vec![name_of(&folder)], 1, &mut files)?;
        }
        Ok(Self { root, files, single: true })
    }

    /// The file whose path was given, if it was a file.
    pub(super) fn only(&self) -> Option<&SourceFile> {
        self.files.first().filter(|_| self.single)
    }

    /// The files that a pattern means: those of the least depth, in the order of their names.
    pub(super) fn find(&self, pattern: &str) -> Result<Vec<&SourceFile>, TableError> {
        let wanted: Vec<&str> = pattern.split('/').collect();
        let mut best: Option<usize> = None;
        let mut found: Vec<&SourceFile> = Vec::new();
        for file in &self.files {
            let parts = &file.parts[1..];
            let Some(at) = (0..parts.len()).find(|&at| is_at(&wanted, &parts[at..])) else { continue };
            if best.is_none_or(|best| at < best) {
                best = Some(at);
                found.clear();
            }
            if best == Some(at) {
                found.push(file);
            }
        }
        // One name means one file. Of a folder's files, and of those that a pattern matches, all are meant.
        let exact: Vec<&SourceFile> =
            found.iter().copied().filter(|file| file.name() == wanted[wanted.len() - 1]).collect();
        if exact.len() == 1 {
            return Ok(exact);
        }
        if let [first, second, ..] = found.as_slice()
            && !pattern.contains('*')
            && (first.stem() == second.stem() || first.folder() != second.folder())
        {
            let reason = format!(
                "`{}` and `{}` may both be `{pattern}`; name the folder or the file itself",
                first.relative(),
                second.relative()
            );
            return Err(TableError::Settings { path: self.root.clone(), reason });
        }
        Ok(found)
    }

    /// The file of a name in the folder of another.
    pub(super) fn beside(&self, file: &SourceFile, name: &str) -> Option<&SourceFile> {
        let folder = &file.parts[..file.parts.len() - 1];
        let near = || self.files.iter().filter(move |other| other.parts[..other.parts.len() - 1] == *folder);
        near().find(|other| other.name() == name).or_else(|| near().find(|other| stem(other.name()) == stem(name)))
    }
}

/// Whether the wanted names are the first of these, the last of them a file or a folder. Files are compared without their
/// endings.
fn is_at(wanted: &[&str], parts: &[String]) -> bool {
    if wanted.len() > parts.len() {
        return false;
    }
    // What has none of the endings is a README or a script.
    if parts.last().is_some_and(|name| stem(name) == name && wanted.last() != Some(&name.as_str())) {
        return false;
    }
    let last = wanted.len() - 1;
    let is_file = wanted.len() == parts.len();
    wanted.iter().zip(parts).enumerate().all(|(at, (wanted, part))| {
        if at == last && is_file { is_like(stem(wanted), stem(part)) } else { is_like(wanted, part) }
    })
}

/// Whether a name is like a pattern, in which `*` is any text.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(end) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(end)
}

/// A name without the endings that say how the file is written.
fn stem(name: &str) -> &str {
    let mut name = name;
    while let Some(shorter) = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)) {
        name = shorter;
    }
    name
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    // `.` and the like have a name when they are resolved.
    name.or_else(|| Some(path.canonicalize().ok()?.file_name()?.to_string_lossy().into_owned())).unwrap_or_default()
}

fn walk(folder: &Path, parts: &mut Vec<String>, depth: usize, files: &mut Vec<SourceFile>) -> Result<(), TableError> {
    let failed = |source| TableError::read(folder, source);
    let mut names: Vec<_> = fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // What begins with a dot is not part of a dataset.
        let Ok(kind) = fs::metadata(&path) else { continue };
        if name.starts_with('.') {
            continue;
        }
        parts.push(name);
        if kind.is_dir() && depth > 1 {
            walk(&path, parts, depth - 1, files)?;
        } else if kind.is_file() {
            if files.len() >= MAX_FILES {
                let reason = format!("holds more than {MAX_FILES} files; name the folder of the dataset");
                return Err(TableError::Settings { path: folder.to_owned(), reason });
            }
            files.push(SourceFile { path, parts: parts.clone(), packed: None });
        }
        parts.pop();
    }
    Ok(())
}

/// The files of a zip archive; none when the file is something else.
fn archive(path: &Path) -> Result<Option<Vec<SourceFile>>, TableError> {
    let mut file = open_file(path)?;
    if !begins_as_zip(&mut file) {
        return Ok(None);
    }
    let archive = open_archive(path)?;
    let mut files = Vec::new();
    for at in 0..archive.len().min(MAX_FILES) {
        let Some(Ok(name)) = archive.name_for_index(at) else { continue };
        let names: Vec<String> = name.split('/').map(str::to_owned).collect();
        // Folders end with a slash. Names that begin with a dot or that one system adds are no part of a dataset.
        if name.ends_with('/') || names.iter().any(|part| part.starts_with('.') || part == "__MACOSX") {
            continue;
        }
        let mut parts = vec![stem(&name_of(path)).to_owned()];
        parts.extend(names);
        files.push(SourceFile { path: path.join(&*name), parts, packed: Some((path.to_owned(), at)) });
    }
    files.sort_by(|a, b| a.parts.cmp(&b.parts));
    Ok(Some(files))
}

/// Whether a file begins as an archive does.
pub(super) fn begins_as_zip(file: &mut File) -> bool {
    let mut magic = [0; 4];
    file.read_exact(&mut magic).is_ok() && magic == *b"PK\x03\x04"
}

/// Opens an archive.
pub(super) fn open_archive(path: &Path) -> Result<ZipArchive<File>, TableError> {
    let damaged = |reason: String| TableError::Damaged { path: path.to_owned(), reason };
    let file = open_file(path)?;
    contain(|| ZipArchive::new(file)).map_err(damaged)?.map_err(|error| damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_part_of_a_name() {
        for (pattern, name, expected) in [
            ("a.json", "a.json", true),
            ("a.json", "b.json", false),
            ("*", "anything", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(is_like(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn endings_say_how_a_file_is_written_and_not_what_it_is() {
        for (name, expected) in [("test.jsonl.gz", "test"), ("test", "test"), ("v1.2.csv", "v1.2"), (".json", "")] {
            assert_eq!(stem(name), expected);
        }
    }
}
