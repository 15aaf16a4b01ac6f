//! Table `external`: what routers came to elsewhere.
//!
//! Such a result has its own pool, queries and day, so nothing here can be ranked with it: it is shown dated, beside the
//! ranks.

use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::ids::{DatasetId, PluginName, SharedText};
use crate::table::read_table;
use crate::table::row::table;

table! {
    /// What one router came to on one dataset, as another benchmark found it.
    pub ExternalRow: "external", version 1, key [router, dataset];
    /// The router, as the source names it.
    router: PluginName,
    /// The source's dataset, or `all` for all queries of the source together.
    dataset: DatasetId,
    /// Queries that the router decided.
    queries: u64,
    /// Those of them whose answer was scored.
    scored: u64,
    /// Those of them whose call failed, which is no wrong answer: they are not among the scored.
    failed: u64,
    /// Mean score of the scored, from 0 to 1; null where none is scored.
    accuracy: Option<f64>,
    /// US dollars for the answers of all queries; null where the cost of any of them is unknown.
    cost_usd: Option<f64>,
    /// The share of the queries that each model was chosen for, as the text of a JSON object.
    models: String,
    /// Name of the file that says so.
    source: SharedText,
    /// SHA-256 of that file.
    source_digest: SharedText,
    /// The day of the result, an RFC 3339 date or time; null when unknown.
    dated: Option<String>,
}

/// Name of the table in a data folder.
const FILE: &str = "external.parquet";

/// Where the table lies in a data folder.
pub(crate) fn external_file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// The external results that a data folder holds, by router and dataset; none where it has no such table.
///
/// # Errors
/// When the table cannot be read.
pub fn read_external(folder: &Path) -> Result<Vec<ExternalRow>, TableError> {
    match read_table(&external_file(folder)) {
        Ok(table) => Ok(table.rows),
        Err(TableError::Missing { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
