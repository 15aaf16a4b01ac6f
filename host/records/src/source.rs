//! Opening the files that are read.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::error::TableError;

/// Opens a file that can be read again. What is read here is also digested, so a pipe, which gives its content once,
/// would be taken for an empty file; and opening one nobody writes to would never end.
pub(crate) fn open_file(path: &Path) -> Result<File, TableError> {
    let failed = |source| TableError::read(path, source);
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(TableError::Folder { path: path.to_owned() });
    }
    if !kind.is_file() {
        return Err(TableError::NotAFile { path: path.to_owned() });
    }
    File::open(path).map_err(failed)
}

/// The whole of a text file.
pub(crate) fn read_text(path: &Path) -> Result<String, TableError> {
    let mut text = String::new();
    open_file(path)?.read_to_string(&mut text).map_err(|source| TableError::read(path, source))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_twice_is_refused() {
        let cases = [
            ("/dev/null", "`/dev/null` is a pipe or a device, which cannot be read twice; write its content to a file"),
            ("/", "`/` is a folder, expected a file"),
            ("nowhere", "`nowhere` does not exist"),
        ];
        for (path, expected) in cases {
            assert_eq!(read_text(Path::new(path)).unwrap_err().to_string(), expected);
            assert_eq!(crate::digest_file(Path::new(path)).unwrap_err().to_string(), expected);
        }
    }
}
