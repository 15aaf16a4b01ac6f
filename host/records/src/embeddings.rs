//! Tables `embeddings` and `answer_embeddings`: queries and answers as vectors, and the former as one dense block.

use std::collections::HashMap;

use crate::error::{Place, TableError};
use crate::ids::{EncoderName, ModelName, QueryId};
use crate::queries::QueryRow;
use crate::table::Table;
use crate::table::row::table;

table! {
    /// One query as one encoder sees it.
    pub EmbeddingRow: "embeddings", version 1, key [query_id, encoder];
    /// The query.
    query_id: QueryId,
    /// What made the vector.
    encoder: EncoderName,
    /// The vector; equally wide for every query of an encoder.
    embedding: Vec<f32>,
    /// Whether the text was longer than the encoder reads; null when unknown.
    truncated: Option<bool>,
    /// The device it was computed on; null when unknown.
    device: Option<String>,
}

table! {
    /// One answer of one model as one encoder sees it. The table is optional; a run shows it to sequential routers.
    pub AnswerEmbeddingRow: "answer_embeddings", version 1, key [query_id, model, encoder];
    /// The query.
    query_id: QueryId,
    /// The model that answered.
    model: ModelName,
    /// What made the vector.
    encoder: EncoderName,
    /// The vector; equally wide for every answer, and finite.
    embedding: Vec<f32>,
}

/// Embeddings of some queries as one block, in the order of those queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    encoder: EncoderName,
    width: usize,
    values: Vec<f32>,
}

impl Embeddings {
    /// Arranges the rows of a table in the order of `queries`. Rows of other queries are passed over.
    ///
    /// # Errors
    /// When a query has no row or two, when rows differ in encoder or width, or a number is not finite. The message
    /// names the row.
    pub fn join(queries: &[QueryRow], table: &Table<EmbeddingRow>) -> Result<Self, TableError> {
        let row_error = |row: usize, reason: String| TableError::Value {
            path: table.path.clone(),
            place: Place::Row(row as u64 + 1),
            column: "embedding".to_owned(),
            reason,
        };
        let mut row_of: HashMap<&QueryId, usize> = HashMap::with_capacity(table.rows.len());
        for (row, embedding) in table.rows.iter().enumerate() {
            if let Some(other) = row_of.insert(&embedding.query_id, row) {
                let id = &embedding.query_id;
                return Err(row_error(row, format!("`{id}` has another embedding in row {}", other + 1)));
            }
        }
        let first = table.rows.first();
        let width = first.map_or(0, |row| row.embedding.len());
        let encoder = first.map_or_else(|| EncoderName::from(""), |row| row.encoder.clone());
        let mut values = Vec::with_capacity(queries.len() * width);
        for query in queries {
            let Some(&row) = row_of.get(&query.query_id) else {
                return Err(TableError::NoEmbedding { path: table.path.clone(), query_id: query.query_id.clone() });
            };
            let found = &table.rows[row];
            if found.embedding.len() != width {
                return Err(row_error(row, format!("{} numbers, expected {width} as in row 1", found.embedding.len())));
            }
            if found.encoder != encoder {
                return Err(row_error(row, format!("encoder `{}`, expected `{encoder}` as in row 1", found.encoder)));
            }
            if let Some(number) = found.embedding.iter().find(|number| !number.is_finite()) {
                return Err(row_error(row, format!("{number} is not a finite number")));
            }
            values.extend_from_slice(&found.embedding);
        }
        Ok(Self { encoder, width, values })
    }

    /// What made the embeddings.
    pub fn encoder(&self) -> &EncoderName {
        &self.encoder
    }

    /// Numbers per query.
    pub fn width(&self) -> usize {
        self.width
    }

    /// queries x width numbers, query after query.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The embedding of one query.
    ///
    /// # Panics
    /// When there is no such query.
    pub fn of(&self, query: usize) -> &[f32] {
        &self.values[query * self.width..(query + 1) * self.width]
    }
}
