//! What is written down of one request for vectors: a line of the journal, which becomes a row for each text.

use std::path::{Path, PathBuf};

use routerlab_records::{EMBEDDING_SHARD_RECORDS, EmbeddingRow, EmbeddingStatus, EncoderName, QueryId, embedding_file};
use serde::{Deserialize, Serialize};

use crate::shelf::{Key, Shelved};
use crate::vectors::Vectors;

/// Texts that were asked for together, of one file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EmbeddedTexts {
    /// The first query.
    pub(super) query_id: QueryId,
    pub(super) encoder: EncoderName,
    /// The queries after it, in order.
    pub(super) more: Vec<QueryId>,
    /// One for each query; none where there is no answer.
    pub(super) vectors: Option<Vectors>,
    pub(super) status: EmbeddingStatus,
    /// Of all texts together.
    pub(super) tokens: Option<u64>,
    /// The endpoint.
    pub(super) device: String,
    pub(super) error: Option<String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct EmbeddedKey {
    query_id: QueryId,
    encoder: EncoderName,
}

impl Key for EmbeddedKey {
    const RECORDS: u64 = EMBEDDING_SHARD_RECORDS;

    fn query_id(&self) -> &QueryId {
        &self.query_id
    }

    fn maker(&self) -> &str {
        &self.encoder
    }

    fn file(&self, folder: &Path, _: &str) -> PathBuf {
        file_of(folder, &self.encoder, &self.query_id)
    }
}

/// The file of a query's embedding.
pub(crate) fn file_of(folder: &Path, encoder: &EncoderName, id: &QueryId) -> PathBuf {
    let (dataset, split) = (id.dataset().into(), id.split().into());
    embedding_file(folder, encoder, &dataset, &split, id.record_index() / EMBEDDING_SHARD_RECORDS)
}

impl Shelved for EmbeddedTexts {
    type Key = EmbeddedKey;
    type Row = EmbeddingRow;

    fn rows(self) -> impl Iterator<Item = EmbeddingRow> {
        let Self { query_id, encoder, more, vectors, status, tokens, device, error } = self;
        // Of several texts nobody says how the tokens are divided.
        let tokens = tokens.filter(|_| more.is_empty());
        let vectors = vectors.filter(|_| status == EmbeddingStatus::Ok).unwrap_or_default();
        let ids: Vec<QueryId> = std::iter::once(query_id).chain(more).collect();
        ids.into_iter().enumerate().map(move |(at, query_id)| {
            let embedding = vectors.iter().nth(at).map(<[f32]>::to_vec);
            EmbeddingRow {
                query_id,
                encoder: encoder.clone(),
                status: if embedding.is_none() && status == EmbeddingStatus::Ok {
                    EmbeddingStatus::ModelError
                } else {
                    status
                },
                embedding,
                tokens,
                truncated: None,
                device: Some(device.clone()),
                error: error.clone(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(vectors: Option<Vectors>, status: EmbeddingStatus) -> EmbeddedTexts {
        let id = |index| QueryId::new("d", "test", index).unwrap();
        EmbeddedTexts {
            query_id: id(1),
            encoder: "e".into(),
            more: vec![id(2)],
            vectors,
            status,
            tokens: Some(5),
            device: "host/v1".into(),
            error: None,
        }
    }

    #[test]
    fn every_text_gets_its_own_vector_and_no_share_of_the_tokens() {
        let vectors = Vectors::of([vec![1.0, 2.0], vec![3.0, 4.0]]).unwrap();
        let rows: Vec<EmbeddingRow> = line(Some(vectors), EmbeddingStatus::Ok).rows().collect();
        assert_eq!(rows[1].query_id.record_index(), 2);
        assert_eq!(rows[0].embedding.as_deref(), Some(&[1.0, 2.0][..]));
        assert_eq!(rows[1].embedding.as_deref(), Some(&[3.0, 4.0][..]));
        assert!(rows.iter().all(|row| row.tokens.is_none() && row.device.as_deref() == Some("host/v1")));
    }

    #[test]
    fn a_failure_has_no_vector_for_anybody() {
        let vectors = Vectors::of([vec![1.0], vec![3.0]]).unwrap();
        for (vectors, status) in [(Some(vectors), EmbeddingStatus::Timeout), (None, EmbeddingStatus::Filtered)] {
            let rows: Vec<EmbeddingRow> = line(vectors, status).rows().collect();
            assert!(rows.len() == 2 && rows.iter().all(|row| row.embedding.is_none() && row.status == status));
        }
    }
}
