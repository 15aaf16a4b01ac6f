//! Embeddings that come with imported records.

use std::collections::HashMap;
use std::path::Path;

use crate::embeddings::{EmbeddingRow, EmbeddingStatus};
use crate::error::{Place, TableError};
use crate::ids::{EncoderName, SharedText};
use crate::queries::QueryRow;
use crate::table::row::table;
use crate::table::{Table, read_table};

table! {
    /// One row of a foreign file of embeddings.
    SourceEmbedding: "source-embeddings", version 1, key [query_id], foreign true;
    /// The source's id of the query.
    query_id: SharedText,
    /// The vector.
    embedding: Vec<f32>,
}

/// What the embeddings of an import came to.
pub(super) struct ReadEmbeddings {
    pub(super) rows: Vec<EmbeddingRow>,
    pub(super) width: usize,
    /// Rows of the file that belong to no query.
    pub(super) unused: usize,
}

/// Reads the file and gives every query its embedding. `ids` are the source's ids of `queries`, in the same order.
pub(super) fn read_embeddings(
    path: &Path,
    encoder: &EncoderName,
    queries: &[QueryRow],
    ids: &[SharedText],
) -> Result<ReadEmbeddings, TableError> {
    let table: Table<SourceEmbedding> = read_table(path)?;
    if table.rows.is_empty() {
        return Err(TableError::NoRows { path: path.to_owned() });
    }
    let wrong = |row: usize, column: &str, reason: String| TableError::Value {
        path: path.to_owned(),
        place: Place::Row(row as u64 + 1),
        column: column.to_owned(),
        reason,
    };
    let width = table.rows.first().map_or(0, |row| row.embedding.len());
    let mut row_of: HashMap<&str, usize> = HashMap::with_capacity(table.rows.len());
    for (row, source) in table.rows.iter().enumerate() {
        if source.embedding.len() != width || width == 0 {
            let found = source.embedding.len();
            let reason = match row {
                0 => "no numbers".to_owned(),
                _ => format!("{found} numbers, expected {width} as in row 1"),
            };
            return Err(wrong(row, "embedding", reason));
        }
        if let Some(number) = source.embedding.iter().find(|number| !number.is_finite()) {
            return Err(wrong(row, "embedding", format!("{number} is not a finite number")));
        }
        if let Some(other) = row_of.insert(&source.query_id, row) {
            return Err(wrong(row, "query_id", format!("`{}` was already in row {}", source.query_id, other + 1)));
        }
    }
    let mut rows = Vec::with_capacity(queries.len());
    let mut query_of_row: HashMap<usize, &QueryRow> = HashMap::with_capacity(queries.len());
    for (query, id) in queries.iter().zip(ids) {
        let Some(&row) = row_of.get(id.as_str()) else {
            return Err(TableError::NoEmbedding { path: path.to_owned(), query_id: query.query_id.clone() });
        };
        let other = query_of_row.insert(row, query);
        if let Some(other) = other.filter(|other| other.origin_query != query.origin_query) {
            let (a, b) = (&other.query_id, &query.query_id);
            return Err(wrong(row, "query_id", format!("`{id}` names two queries of different text: `{a}` and `{b}`")));
        }
        rows.push(EmbeddingRow {
            query_id: query.query_id.clone(),
            encoder: encoder.clone(),
            embedding: Some(table.rows[row].embedding.clone()),
            status: EmbeddingStatus::Ok,
            tokens: None,
            truncated: None,
            device: None,
            error: None,
        });
    }
    Ok(ReadEmbeddings { rows, width, unused: table.rows.len() - query_of_row.len() })
}
