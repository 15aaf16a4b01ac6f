//! What a table says about itself, whatever table it is.

use std::path::Path;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::error::TableError;
use crate::provenance::Provenance;
use crate::table::open::{footer, open_parquet};
use crate::table::read::guarded;

/// A table's footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAbout {
    /// Such as `routerlab.queries/1`; `unknown` for a file of another program.
    pub schema_id: String,
    /// How many rows.
    pub rows: u64,
    /// What it was made from.
    pub provenance: Provenance,
}

/// Reads the footer of any Parquet file.
///
/// # Errors
/// When the file is missing, is no Parquet file, or is damaged.
pub fn about_table(path: &Path) -> Result<TableAbout, TableError> {
    let file = open_parquet(path)?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = guarded(path, || ArrowReaderMetadata::load(&file, options))?;
    let (schema_id, provenance) = footer(path, &metadata)?;
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
    Ok(TableAbout { schema_id: schema_id.unwrap_or_else(|| "unknown".to_owned()), rows, provenance })
}
