//! The files that an import reads: those below a folder, or the members of a tar archive, which is never unpacked.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::error::TableError;
use crate::import::staged::archive::each_member;
use crate::provenance::hex;
use crate::source::open_file;

/// How far the reading of all sources is, in bytes of what lies on disk.
#[derive(Debug, Default)]
pub(crate) struct Position {
    done: Cell<u64>,
    total: Cell<u64>,
}

impl Position {
    /// Bytes read or passed over.
    pub(crate) fn done(&self) -> u64 {
        self.done.get()
    }

    /// Bytes of all sources.
    pub(crate) fn total(&self) -> u64 {
        self.total.get()
    }

    pub(super) fn set_total(&self, bytes: u64) {
        self.total.set(bytes);
    }

    pub(super) fn add(&self, bytes: u64) {
        self.done.set(self.done.get() + bytes);
    }
}

/// One file that is being read. What an importer leaves unread is passed over.
pub(crate) struct SourceRead<'a> {
    /// Below the folder or in the archive, with `/` between names.
    pub(crate) name: String,
    /// What messages call it.
    pub(crate) path: PathBuf,
    /// Its length.
    pub(crate) bytes: u64,
    /// How far all sources are.
    pub(crate) position: Rc<Position>,
    content: Content<'a>,
    hash: Sha256,
    read: u64,
}

enum Content<'a> {
    /// Can be read again.
    File(File),
    /// Passes by once; its bytes are counted where the archive is read.
    Member(&'a mut dyn Read),
}

impl<'a> SourceRead<'a> {
    pub(super) fn member(
        name: String,
        path: PathBuf,
        bytes: u64,
        position: Rc<Position>,
        content: &'a mut dyn Read,
    ) -> Self {
        Self { name, path, bytes, position, content: Content::Member(content), hash: Sha256::new(), read: 0 }
    }

    /// Reads what is left and gives the digest of the whole.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn digest(&mut self) -> Result<String, TableError> {
        let path = self.path.clone();
        io::copy(self, &mut io::sink()).map_err(|source| TableError::read(&path, source))?;
        Ok(hex(&self.hash.clone().finalize()))
    }

    /// Goes back to the beginning; false where that cannot be.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn rewind(&mut self) -> Result<bool, TableError> {
        let Content::File(file) = &mut self.content else { return Ok(false) };
        file.rewind().map_err(|source| TableError::read(&self.path, source))?;
        self.position.done.set(self.position.done.get().saturating_sub(self.read));
        (self.hash, self.read) = (Sha256::new(), 0);
        Ok(true)
    }
}

impl Read for SourceRead<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = match &mut self.content {
            Content::File(file) => file.read(into)?,
            Content::Member(member) => member.read(into)?,
        };
        self.hash.update(&into[..length]);
        self.read += length as u64;
        if matches!(self.content, Content::File(_)) {
            self.position.add(length as u64);
        }
        Ok(length)
    }
}

/// Calls `each` with every file whose name is wanted: those below the folder `path`, at any depth and in the order of
/// their paths (but of one folder the last name first, where newer files usually are); or the members of the archive
/// `path` in its own order, be it a tar file or one packed with gzip; or the file `path` alone. Names that begin with a dot
/// are passed over: they are not whole, or another system's notes.
///
/// # Errors
/// When something cannot be read, or an archive has a member that is neither file nor folder or would lie outside.
pub(crate) fn each_source(
    path: &Path,
    wanted: &dyn Fn(&str) -> bool,
    each: &mut dyn FnMut(SourceRead<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let position = Rc::new(Position::default());
    if !fs::metadata(path).map_err(|source| TableError::read(path, source))?.is_dir() {
        if is_archive(path)? {
            return each_member(path, wanted, &position, each);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found =
            [Found { name, path: path.to_owned(), bytes: open_file(path).and_then(|file| length(path, &file))? }];
        return found.iter().try_for_each(|found| found.read(&position, each));
    }
    let mut found = Vec::new();
    walk(path, &mut Vec::new(), wanted, &mut found)?;
    position.set_total(found.iter().map(|found| found.bytes).sum());
    found.iter().try_for_each(|found| found.read(&position, each))
}

/// A file below a folder.
struct Found {
    name: String,
    path: PathBuf,
    bytes: u64,
}

impl Found {
    fn read(
        &self,
        position: &Rc<Position>,
        each: &mut dyn FnMut(SourceRead<'_>) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let before = position.done();
        position.total.set(position.total().max(self.bytes));
        each(SourceRead {
            name: self.name.clone(),
            path: self.path.clone(),
            bytes: self.bytes,
            position: Rc::clone(position),
            content: Content::File(open_file(&self.path)?),
            hash: Sha256::new(),
            read: 0,
        })?;
        position.done.set(before + self.bytes);
        Ok(())
    }
}

fn length(path: &Path, file: &File) -> Result<u64, TableError> {
    Ok(file.metadata().map_err(|source| TableError::read(path, source))?.len())
}

/// Folders within folders that are looked into; more is a folder that links back to itself.
const MAX_DEPTH: usize = 64;

fn walk(
    folder: &Path,
    above: &mut Vec<String>,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut Vec<Found>,
) -> Result<(), TableError> {
    let failed = |source| TableError::read(folder, source);
    if above.len() > MAX_DEPTH {
        let reason = format!("lies more than {MAX_DEPTH} folders deep; does a link lead back?");
        return Err(TableError::Settings { path: folder.to_owned(), reason });
    }
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let about = fs::metadata(&path).map_err(|source| TableError::read(&path, source))?;
        if about.is_dir() {
            folders.push(name);
        } else if about.is_file() && wanted(&name) {
            let full = above.iter().map(|part| format!("{part}/")).collect::<String>() + &name;
            files.push(Found { name: full, path, bytes: about.len() });
        }
    }
    files.sort_by(|a, b| b.name.cmp(&a.name));
    found.extend(files);
    folders.sort();
    for name in folders {
        above.push(name.clone());
        walk(&folder.join(&name), above, wanted, found)?;
        above.pop();
    }
    Ok(())
}

/// Whether a file is packed with gzip or is a tar archive, by its content.
fn is_archive(path: &Path) -> Result<bool, TableError> {
    let mut head = Vec::new();
    let mut file = open_file(path)?;
    (&mut file).take(512).read_to_end(&mut head).map_err(|source| TableError::read(path, source))?;
    Ok(head.starts_with(&[0x1f, 0x8b]) || head.get(257..262) == Some(b"ustar"))
}
