//! Tables `groups` and `near_duplicates`: which queries of a data folder are nearly the same.

use std::path::Path;

use crate::error::TableError;
use crate::ids::QueryId;
use crate::table::row::table;
use crate::table::{Table, read_table};

table! {
    /// The group of a query, where near-duplicates were looked for. It takes the place of `queries.group_key`.
    pub GroupRow: "groups", version 1, key [query_id];
    /// The query.
    query_id: QueryId,
    /// Equal for queries that must not be divided between training and test.
    group_key: String,
}

table! {
    /// Two queries that put two groups together. Those of one group are joined by one row fewer than the group had parts,
    /// so not every pair of near-duplicates has a row.
    pub NearDuplicateRow: "near_duplicates", version 1, key [query_id, other_query_id];
    /// The query whose id comes first.
    query_id: QueryId,
    /// The other.
    other_query_id: QueryId,
    /// Word 5-shingles that both have, divided by those that one of them has, from 0 to 1.
    jaccard: f64,
    /// Cosine of their embeddings, from -1 to 1; null where one of them has none.
    cosine: Option<f64>,
}

/// Name of the table's file in a data folder.
pub const GROUPS_FILE: &str = "groups.parquet";
/// Name of the file of [`NearDuplicateRow`]s in a data folder.
pub const NEAR_DUPLICATES_FILE: &str = "near_duplicates.parquet";

/// The groups of a data folder; none where near-duplicates were never looked for.
///
/// # Errors
/// When the file is damaged.
pub fn read_groups(folder: &Path) -> Result<Option<Table<GroupRow>>, TableError> {
    let path = folder.join(GROUPS_FILE);
    if path.symlink_metadata().is_err() { Ok(None) } else { read_table(&path).map(Some) }
}
