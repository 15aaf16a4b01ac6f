//! How many rows a file has, as far as that can be known while it is read.

use std::fs::File;
use std::io::Seek;

use crate::error::TableError;
use crate::import::dataset::content::Content;
use crate::table::about_table;

/// The number of a file's rows: that of its footer, or else a guess by how much of it was read.
pub(in crate::import) struct RowsTotal {
    /// Shares its place with whoever reads.
    watch: File,
    bytes: u64,
    told: Option<u64>,
}

impl RowsTotal {
    /// Of a file that is about to be read.
    pub(in crate::import) fn of(content: &mut Content) -> Result<Self, TableError> {
        let watch = content.handle()?;
        let bytes = watch.metadata().map_err(|error| content.failed(error))?.len();
        // What is no Parquet file has no footer.
        let told = about_table(&content.path).ok().map(|about| about.rows);
        Ok(Self { watch, bytes, told })
    }

    /// When so many are done.
    pub(in crate::import) fn after(&mut self, rows_done: u64) -> u64 {
        let place = self.watch.stream_position().unwrap_or_default().clamp(1, self.bytes.max(1));
        let guess = u128::from(rows_done) * u128::from(self.bytes) / u128::from(place);
        self.told.unwrap_or_else(|| u64::try_from(guess).unwrap_or(u64::MAX).max(rows_done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_guessed_by_how_much_was_read() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a.csv");
        crate::atomic::write_bytes(&path, vec![b'x'; 1000]).unwrap();
        let mut content = Content::of(&path).unwrap();
        let mut total = RowsTotal::of(&mut content).unwrap();
        content.file().unwrap().seek(std::io::SeekFrom::Start(250)).unwrap();
        assert_eq!(total.after(10), 40);
        content.file().unwrap().seek(std::io::SeekFrom::End(0)).unwrap();
        assert_eq!(total.after(41), 41);
    }
}
