//! Opening a Parquet file: what is looked at before a row is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use crate::error::TableError;
use crate::provenance::Provenance;
use crate::source::open_file;
use crate::table::footer::check_schema;
use crate::table::write::SCHEMA_KEY;

/// Opens a file that begins and ends as Parquet does and whose schema the decoder can follow.
pub(super) fn open_parquet(path: &Path) -> Result<File, TableError> {
    let mut file = open_file(path)?;
    check_parquet(&mut file, path)?;
    Ok(file)
}

/// Holds when a file begins and ends as Parquet does and has a schema that the decoder can follow. `path` is its name in
/// messages.
pub(crate) fn check_parquet(file: &mut File, path: &Path) -> Result<(), TableError> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let failed = |source| TableError::read(path, source);
    let length = file.metadata().map_err(failed)?.len();
    if length == 0 {
        return Err(TableError::Empty { path: path.to_owned() });
    }
    let mut ends = [[0_u8; 4]; 2];
    if length >= 8 {
        file.read_exact(&mut ends[0]).map_err(failed)?;
        file.seek(SeekFrom::End(-4)).map_err(failed)?;
        file.read_exact(&mut ends[1]).map_err(failed)?;
    }
    match (&ends[0] == MAGIC, &ends[1] == MAGIC) {
        (true, true) => {
            let footer = footer_bytes(file, length).map_err(failed)?;
            footer
                .map_or(Ok(()), |footer| check_schema(&footer))
                .map_err(|reason| TableError::Damaged { path: path.to_owned(), reason })
        }
        (true, false) => Err(TableError::CutShort { path: path.to_owned() }),
        _ => Err(TableError::NotParquet { path: path.to_owned() }),
    }
}

/// The footer, whose length lies before the last magic bytes; none when the file is too short for it, which the decoder
/// says.
fn footer_bytes(file: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut size = [0_u8; 4];
    if length < 8 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut size)?;
    let size = u32::from_le_bytes(size);
    if u64::from(size) + 8 > length {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-8 - i64::from(size)))?;
    let mut footer = Vec::new();
    file.take(u64::from(size)).read_to_end(&mut footer)?;
    Ok(Some(footer))
}

/// Schema id and provenance of the footer.
pub(super) fn footer(path: &Path, metadata: &ArrowReaderMetadata) -> Result<(Option<String>, Provenance), TableError> {
    let pairs = metadata.metadata().file_metadata().key_value_metadata();
    let value = |key: &str| {
        let pair = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == key));
        pair.and_then(|pair| pair.value.clone())
    };
    let provenance = match value(Provenance::FOOTER_KEY) {
        None => Provenance::default(),
        Some(text) => serde_json::from_str(&text).map_err(|error| TableError::Damaged {
            path: path.to_owned(),
            reason: format!("`{}` in its footer: {error}", Provenance::FOOTER_KEY),
        })?,
    };
    Ok((value(SCHEMA_KEY), provenance))
}
