//! Files that appear whole or not at all. This is the only place where a file of the project is created.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};

use crate::error::TableError;
use crate::import::output::refuse_filled;
use crate::provenance::hex;

/// A file that is being written beside its target. It takes the target's place in [`WholeFile::finish`]; dropped before
/// that, it is removed and the target is as it was.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    folder: PathBuf,
    beside: NamedTempFile,
    hash: Sha256,
    bytes: u64,
}

/// What a finished file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// SHA-256 of the content, in hex.
    pub digest: String,
    /// Length of the content in bytes.
    pub bytes: u64,
}

impl WholeFile {
    /// Starts a file that will appear at `path`; missing folders are made.
    ///
    /// # Errors
    /// When `path` names no file, or the folder cannot be made or written to.
    pub fn create(path: &Path) -> Result<Self, TableError> {
        let (folder, prefix) = place_beside(path, "the path names no file")?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".part");
        #[cfg(unix)]
        {
            // As any other new file: what the user's mask leaves. The default would be readable by the owner alone.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let beside =
            builder.tempfile_in(&folder).map_err(|source| TableError::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), folder, beside, hash: Sha256::new(), bytes: 0 })
    }

    /// Where the file will appear.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the content, puts the file in place and syncs the folder.
    ///
    /// # Errors
    /// When the disk refuses; nothing is left behind then.
    pub fn finish(self) -> Result<WrittenFile, TableError> {
        self.finish_with(File::sync_all)
    }

    fn finish_with(self, sync_folder: impl FnOnce(&File) -> io::Result<()>) -> Result<WrittenFile, TableError> {
        let path = self.path;
        let failed = |source| TableError::Write { path: path.clone(), source };
        self.beside.as_file().sync_all().map_err(failed)?;
        // Opened before the rename, so that a folder that cannot be opened leaves the old file in place. Not every system
        // lets a folder be opened; that is no failure.
        let folder = if cfg!(unix) { Some(File::open(&self.folder).map_err(failed)?) } else { None };
        self.beside.persist(&path).map_err(|error| failed(error.error))?;
        // The rename is durable only when the folder is.
        if let Some(folder) = folder
            && let Err(error) = sync_folder(&folder)
        {
            // A file that may be gone after a power cut must not pass for written; the sync's error is the one to report.
            let _ = fs::remove_file(&path);
            return Err(failed(error));
        }
        Ok(WrittenFile { digest: hex(&self.hash.finalize()), bytes: self.bytes })
    }
}

impl Write for WholeFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let written = self.beside.write(content)?;
        self.hash.update(&content[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.beside.flush()
    }
}

/// Writes a file through `write`: it appears whole at `path`, or, on any error, not at all.
///
/// # Errors
/// Whatever `write` returns, or [`TableError::Write`].
pub fn write_whole<E: From<TableError>>(
    path: &Path,
    write: impl FnOnce(&mut WholeFile) -> Result<(), E>,
) -> Result<WrittenFile, E> {
    let mut file = WholeFile::create(path)?;
    write(&mut file)?;
    Ok(file.finish()?)
}

/// A folder that is being filled beside its place. It appears in [`WholeFolder::finish`]; dropped before that, it is gone
/// with all that is in it.
#[derive(Debug)]
pub struct WholeFolder {
    path: PathBuf,
    beside: TempDir,
}

impl WholeFolder {
    /// Starts a folder that will appear at `path`, where there may be nothing but an empty folder; missing folders above it
    /// are made.
    ///
    /// # Errors
    /// When there is something at `path`, or the folder above it cannot be made or written to.
    pub fn create(path: &Path) -> Result<Self, TableError> {
        refuse_filled(path)?;
        let (parent, prefix) = place_beside(path, "the path names no folder")?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let beside =
            builder.tempdir_in(&parent).map_err(|source| TableError::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), beside })
    }

    /// Where to write meanwhile.
    pub fn path(&self) -> &Path {
        self.beside.path()
    }

    /// Puts the folder in place. Its files must be finished.
    ///
    /// # Errors
    /// When the disk refuses, or something is in its place by now; nothing is left behind then.
    pub fn finish(self) -> Result<(), TableError> {
        let failed = |source| TableError::Write { path: self.path.clone(), source };
        if cfg!(unix) {
            sync_folders(self.beside.path()).map_err(failed)?;
        }
        place_folder(self.beside.path(), &self.path)?;
        // Nothing is there any more that could be removed.
        let _ = self.beside.keep();
        Ok(())
    }
}

/// Makes the names in a folder, and in the folders below it, durable.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Writes `content` to `path`, whole or not at all.
///
/// # Errors
/// [`TableError::Write`].
pub fn write_bytes(path: &Path, content: impl AsRef<[u8]>) -> Result<WrittenFile, TableError> {
    write_whole(path, |file| {
        file.write_all(content.as_ref()).map_err(|source| TableError::Write { path: path.to_owned(), source })
    })
}

/// Moves a folder that is whole to its place, where there may be nothing or an empty folder, and syncs what holds it.
///
/// # Errors
/// When the system refuses; the folder is where it was then.
pub(crate) fn place_folder(from: &Path, to: &Path) -> Result<(), TableError> {
    let failed = |source| TableError::Write { path: to.to_owned(), source };
    let holder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(not(unix)) && to.is_dir() {
        fs::remove_dir(to).map_err(failed)?;
    }
    fs::rename(from, to).map_err(failed)?;
    if cfg!(unix) {
        File::open(holder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// The folder in which something for `path` is written before it is put in place, made where it is missing, and with what
/// its name begins there.
fn place_beside(path: &Path, nameless: &str) -> Result<(PathBuf, OsString), TableError> {
    let failed = |source| TableError::Write { path: path.to_owned(), source };
    let Some(name) = path.file_name() else {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, nameless)));
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    Ok((folder, prefix))
}

/// Room for bytes that need not outlive the process: in memory up to `bytes`, then in a file without a name inside
/// `folder`, which must be there.
pub(crate) fn scratch_file(folder: &Path, bytes: usize) -> tempfile::SpooledTempFile {
    tempfile::SpooledTempFile::new_in(bytes, folder)
}

/// Opens a file that grows for writing at its end: a journal, which is read with care for what a kill may have cut, or a
/// log. It is made where there is none; missing folders too, and the folder is synced, so that the name is there for good.
///
/// # Errors
/// When the system refuses.
pub fn append_to(path: &Path) -> Result<File, TableError> {
    let failed = |source| TableError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let file = fs::OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed)?;
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_keeps_what_it_had() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("logs/a.log");
        append_to(&path).unwrap().write_all(b"one").unwrap();
        append_to(&path).unwrap().write_all(b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "onetwo");
    }

    use crate::provenance::digest_bytes;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_written_file_appears_with_its_folders_and_its_digest() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/b/c.txt");
        let written = write_bytes(&path, "hello").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "hello");
        assert_eq!(written, WrittenFile { digest: digest_bytes(b"hello"), bytes: 5 });
        assert_eq!(names(&scratch.path().join("a/b")), ["c.txt"]);
    }

    #[test]
    fn an_error_while_writing_leaves_the_old_file_and_nothing_else() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("table");
        write_bytes(&path, "old").unwrap();
        let error = write_whole(&path, |file| {
            file.write_all(b"half of the new").unwrap();
            Err(TableError::Missing { path: "elsewhere".into() })
        });
        assert!(error.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(scratch.path()), ["table"]);
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_that_leaves_nothing_behind() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("table");
        fs::create_dir_all(path.join("inner")).unwrap();
        let message = write_bytes(&path, "x").unwrap_err().to_string();
        assert_eq!(message, format!("cannot write `{}`", path.display()));
        assert_eq!(names(scratch.path()), ["table"]);
    }

    #[test]
    fn a_folder_appears_whole_and_over_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/out");
        let fill = || {
            let folder = WholeFolder::create(&path)?;
            write_bytes(&folder.path().join("deep/er/file"), "x")?;
            Ok::<_, TableError>(folder)
        };
        drop(fill().unwrap());
        assert_eq!(names(&scratch.path().join("a")), Vec::<String>::new());
        fs::create_dir(&path).unwrap();
        fill().unwrap().finish().unwrap();
        assert_eq!(fs::read_to_string(path.join("deep/er/file")).unwrap(), "x");
        let message = fill().unwrap_err().to_string();
        assert!(message.ends_with("already holds `deep`, name another folder or move the file away"), "{message}");
        assert_eq!(names(&scratch.path().join("a")), ["out"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_synced_is_an_error_that_leaves_nothing_behind() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("table");
        let file = WholeFile::create(&path).unwrap();
        let message = file.finish_with(|_| Err(io::Error::other("no space"))).unwrap_err().to_string();
        assert_eq!(message, format!("cannot write `{}`", path.display()));
        assert_eq!(names(scratch.path()), Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_rights_of_any_other_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().unwrap();
        write_bytes(&scratch.path().join("ours"), "x").unwrap();
        File::create(scratch.path().join("plain")).unwrap();
        let mode = |name: &str| fs::metadata(scratch.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("ours"), mode("plain"));
    }
}
