//! Tables `embeddings` and `answer_embeddings`: queries and answers as vectors, and the former as one dense block.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::{Place, TableError};
use crate::ids::{DatasetId, EncoderName, ModelName, QueryId, SplitName};
use crate::provenance::{ContentDigest, digest_file};
use crate::queries::QueryRow;
use crate::table::row::table;
use crate::table::texts::words;
use crate::table::{Table, partition_file, read_folder, table_files};

words! {
    /// How an embedding came out.
    EmbeddingStatus {
        /// There is a vector.
        Ok = "ok",
        /// The text itself has no vector: it has no tokens, or the encoder's numbers overflow.
        TextError = "text_error",
        /// The encoder or its endpoint failed.
        ModelError = "model_error",
        /// No answer in time.
        Timeout = "timeout",
        /// The provider refused the text.
        Filtered = "filtered",
    }
}

table! {
    /// One query as one encoder sees it.
    pub EmbeddingRow: "embeddings", version 2, key [query_id, encoder];
    /// The query.
    query_id: QueryId,
    /// What made the vector.
    encoder: EncoderName,
    /// The vector; equally wide for every query of an encoder; null when there is none, never zeros in its place.
    embedding: Option<Vec<f32>>,
    /// How it came out.
    status: EmbeddingStatus,
    /// Tokens of the whole text with those that the encoder puts around it, cut or not; null when unknown.
    tokens: Option<u64>,
    /// Whether the text was longer than the encoder reads, so that a part was cut off; null when unknown.
    truncated: Option<bool>,
    /// The device it was computed on, or the address that was asked; null when unknown.
    device: Option<String>,
    /// What went wrong, when something did.
    error: Option<String>,
}

/// The file of an import.
const FILE: &str = "embeddings.parquet";
/// The folder of what `routerlab embed` makes.
const FOLDER: &str = "embeddings";
/// Records of a dataset's split, by their index, that share a file: what a kill can cost.
pub const EMBEDDING_SHARD_RECORDS: u64 = 1_000;

/// The folder with the embeddings of one encoder: `<folder>/embeddings/encoder=<e>`.
pub fn encoder_folder(folder: &Path, encoder: &EncoderName) -> PathBuf {
    let file = partition_file(folder, FOLDER, &[("encoder", encoder)], "x");
    file.parent().map(Path::to_owned).unwrap_or(file)
}

/// Where the embeddings of some records of a split lie: `<folder>/embeddings/encoder=<e>/dataset=<d>/split=<s>/<shard>.parquet`.
/// `shard` is the record index divided by [`EMBEDDING_SHARD_RECORDS`], so a file's place depends on nothing but what is in it.
pub fn embedding_file(
    folder: &Path,
    encoder: &EncoderName,
    dataset: &DatasetId,
    split: &SplitName,
    shard: u64,
) -> PathBuf {
    let partitions = [("encoder", &**encoder), ("dataset", &**dataset), ("split", &**split)];
    partition_file(folder, FOLDER, &partitions, &format!("{shard:05}"))
}

/// The embeddings of a data folder that are meant when none are named: `embeddings.parquet`, or what `embeddings/` holds if
/// that is of one encoder. None where there are none.
///
/// # Errors
/// When the folder holds those of several encoders, or cannot be listed.
pub fn find_embeddings(folder: &Path) -> Result<Option<PathBuf>, TableError> {
    let (file, shards) = (folder.join(FILE), folder.join(FOLDER));
    if file.symlink_metadata().is_ok() {
        return Ok(Some(file));
    }
    let entries = match std::fs::read_dir(&shards) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TableError::read(&shards, error)),
    };
    let mut encoders: Vec<String> = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| TableError::read(&shards, error))?.file_name();
        encoders.extend(name.to_str().filter(|name| name.starts_with("encoder=")).map(str::to_owned));
    }
    encoders.sort();
    match encoders.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(shards.join(only))),
        several => Err(TableError::SeveralEncoders { path: shards, encoders: several.join("`, `") }),
    }
}

/// Every embedding of a file, or of the files of a folder.
///
/// # Errors
/// When a file cannot be read.
pub fn read_embeddings(path: &Path) -> Result<Table<EmbeddingRow>, TableError> {
    let tables = read_folder::<EmbeddingRow>(path)?;
    let provenance = tables.first().map(|table| table.provenance.clone()).unwrap_or_default();
    let rows = tables.into_iter().flat_map(|table| table.rows).collect();
    Ok(Table { path: path.to_owned(), rows, provenance })
}

/// SHA-256 of a file of embeddings; of a folder, that of all names and files.
///
/// # Errors
/// When a file cannot be read.
pub fn digest_embeddings(path: &Path) -> Result<String, TableError> {
    if !path.is_dir() {
        return digest_file(path);
    }
    let mut digest = ContentDigest::new();
    for file in table_files(path)? {
        let name = file.strip_prefix(path).unwrap_or(&file);
        digest.text(&name.to_string_lossy()).text(&digest_file(&file)?);
    }
    Ok(digest.hex())
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
    /// When a query has no row or two or none with a vector, when rows differ in encoder or width, or a number is not
    /// finite. The message names the row.
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
        let first = table.rows.iter().find(|row| row.embedding.is_some());
        let width = first.and_then(|row| row.embedding.as_ref()).map_or(0, Vec::len);
        let encoder = first.map_or_else(|| EncoderName::from(""), |row| row.encoder.clone());
        let mut values = Vec::with_capacity(queries.len() * width);
        for query in queries {
            let Some(&row) = row_of.get(&query.query_id) else {
                return Err(TableError::NoEmbedding { path: table.path.clone(), query_id: query.query_id.clone() });
            };
            let found = &table.rows[row];
            let Some(embedding) = &found.embedding else {
                let why = found.error.as_deref().unwrap_or(found.status.as_str());
                return Err(TableError::FailedEmbedding {
                    path: table.path.clone(),
                    query_id: query.query_id.clone(),
                    reason: why.to_owned(),
                });
            };
            if embedding.len() != width {
                return Err(row_error(row, format!("{} numbers, expected {width} as in row 1", embedding.len())));
            }
            if found.encoder != encoder {
                return Err(row_error(row, format!("encoder `{}`, expected `{encoder}` as in row 1", found.encoder)));
            }
            if let Some(number) = embedding.iter().find(|number| !number.is_finite()) {
                return Err(row_error(row, format!("{number} is not a finite number")));
            }
            values.extend_from_slice(embedding);
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
