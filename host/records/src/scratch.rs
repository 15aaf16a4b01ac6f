//! Room for texts that are written in one order and read in another.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use crate::atomic::scratch_file;
use crate::error::TableError;

/// Bytes that are kept in memory; what is beyond goes to a file without a name.
const MEMORY_BYTES: usize = 64 << 20;

/// Where a text lies in its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    at: u64,
    bytes: usize,
}

/// Room for texts, in memory while they are few.
pub(crate) struct Scratch {
    folder: PathBuf,
    file: SpooledTempFile,
    bytes: u64,
}

impl Scratch {
    /// Room whose file, where one is needed, is inside `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: scratch_file(folder, MEMORY_BYTES), bytes: 0 }
    }

    /// Puts a text in.
    pub(crate) fn keep(&mut self, text: &str) -> Result<Kept, TableError> {
        let kept = Kept { at: self.bytes, bytes: text.len() };
        let at = SeekFrom::Start(self.bytes);
        let written = self.file.seek(at).and_then(|_| self.file.write_all(text.as_bytes()));
        written.map_err(|source| self.failed(source))?;
        self.bytes += text.len() as u64;
        Ok(kept)
    }

    /// A text that was put in.
    pub(crate) fn text(&mut self, kept: Kept) -> Result<String, TableError> {
        let mut bytes = vec![0; kept.bytes];
        let read = self.file.seek(SeekFrom::Start(kept.at)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|source| self.failed(source))?;
        String::from_utf8(bytes).map_err(|_| self.failed(std::io::Error::other("a text in scratch room was changed")))
    }

    fn failed(&self, source: std::io::Error) -> TableError {
        TableError::Write { path: self.folder.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_any_order_whether_they_fit_in_memory_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut room = Scratch::new(folder.path());
        let long = "é".repeat(MEMORY_BYTES / 4);
        let kept: Vec<Kept> = ["", "a", &long, "b", &long, "ü"].map(|text| room.keep(text).unwrap()).to_vec();
        assert!(room.file.is_rolled());
        assert_eq!(room.text(kept[5]).unwrap(), "ü");
        let more = room.keep("more").unwrap();
        assert_eq!([kept[3], kept[0], kept[1], more].map(|kept| room.text(kept).unwrap()), ["b", "", "a", "more"]);
        assert!(room.text(kept[4]).unwrap() == long);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "its file has no name");
    }
}
