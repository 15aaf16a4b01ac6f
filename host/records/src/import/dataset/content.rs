//! The content of a file, unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::error::TableError;
use crate::import::dataset::places::{SourceFile, open_archive};
use crate::provenance::hex;
use crate::source::open_file;
use crate::table::contain::contain;

/// Packings within packings: an archive, in which a file is packed with gzip, and one more.
const MAX_LAYERS: usize = 3;
/// Bytes that one file may unpack to. What is larger was made to fill a disk.
const MAX_UNPACKED_BYTES: u64 = 64 << 30;

/// A file that can be read and read again, whatever it was packed with. What was packed is unpacked into a file without a
/// name, so that nothing is left behind.
pub(in crate::import) struct Content {
    /// What it is called in messages.
    pub(in crate::import) path: PathBuf,
    file: File,
}

impl Content {
    /// Opens and unpacks a file.
    pub(super) fn open(source: &SourceFile) -> Result<Self, TableError> {
        let path = source.path.clone();
        let file = match &source.packed {
            None => open_file(&path)?,
            Some((archive, at)) => from_archive(&mut open_archive(archive)?, *at, &path)?,
        };
        Self::unpack(path, file)
    }

    /// Opens and unpacks a file that lies by itself.
    pub(in crate::import) fn of(path: &Path) -> Result<Self, TableError> {
        Self::unpack(path.to_owned(), open_file(path)?)
    }

    fn unpack(path: PathBuf, mut file: File) -> Result<Self, TableError> {
        for _ in 0..MAX_LAYERS {
            let mut magic = Vec::new();
            (&mut file).take(4).read_to_end(&mut magic).map_err(|error| failed(&path, error))?;
            rewind(&mut file, &path)?;
            file = match magic.as_slice() {
                [0x1f, 0x8b, ..] => unpacked(MultiGzDecoder::new(BufReader::new(file)), &path)?,
                b"PK\x03\x04" => {
                    let damaged = |reason: String| TableError::Damaged { path: path.clone(), reason };
                    let archive = contain(|| ZipArchive::new(file)).map_err(damaged)?;
                    let mut archive = archive.map_err(|error| damaged(error.to_string()))?;
                    if archive.len() != 1 {
                        return Err(damaged(format!("an archive of {} files where one is expected", archive.len())));
                    }
                    from_archive(&mut archive, 0, &path)?
                }
                _ => return Ok(Self { path, file }),
            };
        }
        let reason = format!("packed more than {MAX_LAYERS} times");
        Err(TableError::Damaged { path, reason })
    }

    /// The file, from its beginning.
    pub(in crate::import) fn file(&mut self) -> Result<&mut File, TableError> {
        rewind(&mut self.file, &self.path)?;
        Ok(&mut self.file)
    }

    /// A handle of its own on the file, from its beginning.
    pub(in crate::import) fn handle(&mut self) -> Result<File, TableError> {
        rewind(&mut self.file, &self.path)?;
        self.file.try_clone().map_err(|error| failed(&self.path, error))
    }

    /// The first bytes.
    pub(in crate::import) fn head(&mut self, length: u64) -> Result<Vec<u8>, TableError> {
        let mut head = Vec::new();
        let read = self.file()?.take(length).read_to_end(&mut head);
        read.map_err(|error| failed(&self.path, error))?;
        Ok(head)
    }

    /// SHA-256 of the content, in hex.
    pub(super) fn digest(&mut self) -> Result<String, TableError> {
        let path = self.path.clone();
        let file = self.file()?;
        let mut hash = Sha256::new();
        let mut block = vec![0; 1 << 16];
        loop {
            match file.read(&mut block).map_err(|error| failed(&path, error))? {
                0 => return Ok(hex(&hash.finalize())),
                length => hash.update(&block[..length]),
            }
        }
    }

    /// A read error of this file.
    pub(in crate::import) fn failed(&self, error: io::Error) -> TableError {
        failed(&self.path, error)
    }
}

fn failed(path: &Path, source: io::Error) -> TableError {
    TableError::Read { path: path.to_owned(), source }
}

fn rewind(file: &mut File, path: &Path) -> Result<(), TableError> {
    file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(|error| failed(path, error))
}

fn from_archive(archive: &mut ZipArchive<File>, at: usize, path: &Path) -> Result<File, TableError> {
    let damaged = |reason: String| TableError::Damaged { path: path.to_owned(), reason };
    let packed = contain(|| archive.by_index(at)).map_err(damaged)?.map_err(|error| damaged(error.to_string()))?;
    unpacked(packed, path)
}

/// Everything that a decoder gives, in a file.
fn unpacked(decoder: impl Read, path: &Path) -> Result<File, TableError> {
    let damaged = |reason: String| TableError::Damaged { path: path.to_owned(), reason };
    let mut file = tempfile::tempfile().map_err(|error| failed(path, error))?;
    let mut decoder = decoder.take(MAX_UNPACKED_BYTES + 1);
    let copied = contain(|| io::copy(&mut decoder, &mut file)).map_err(damaged)?;
    let copied = copied.map_err(|error| damaged(format!("cannot be unpacked: {error}")))?;
    if copied > MAX_UNPACKED_BYTES {
        return Err(damaged(format!("unpacks to more than {MAX_UNPACKED_BYTES} bytes")));
    }
    rewind(&mut file, path)?;
    Ok(file)
}
