//! What a data folder knows already of an encoder.

use std::collections::BTreeMap;

use routerlab_records::{EmbeddingRow, EmbeddingStatus, QueryId, TableReader};

use super::TextToEmbed;
use super::chunks::{Shard, Want};
use crate::error::CollectError;

/// Rows that are decoded at a time.
const ROWS: usize = 256;

/// How every text stands.
#[derive(Debug)]
pub(super) struct Known {
    /// None of those that nobody asked for.
    standing: Vec<Option<EmbeddingStatus>>,
    /// Numbers of each vector that is there.
    pub(super) width: Option<usize>,
    pub(super) first_failed: Option<(QueryId, String)>,
}

impl Known {
    pub(super) fn read(texts: &[TextToEmbed], shards: &[Shard]) -> Result<Self, CollectError> {
        let mut known = Self { standing: vec![None; texts.len()], width: None, first_failed: None };
        for shard in shards.iter().filter(|shard| shard.file.exists()) {
            let mut reader = TableReader::<EmbeddingRow>::open(&shard.file)?.at_most(ROWS);
            let mut rows = Vec::new();
            while reader.read_into(&mut rows)? {
                for row in rows.drain(..) {
                    let Ok(at) = texts.binary_search_by(|text| text.query_id.cmp(&row.query_id)) else { continue };
                    known.standing[at] = Some(row.status);
                    known.width = known.width.or_else(|| row.embedding.as_ref().map(Vec::len));
                    if row.status != EmbeddingStatus::Ok && known.first_failed.is_none() {
                        let said = row.error.map_or_else(String::new, |error| format!(": {error}"));
                        known.first_failed = Some((row.query_id, format!("{}{said}", row.status)));
                    }
                }
            }
        }
        Ok(known)
    }

    /// How a text is to be asked for. What was refused may have been refused for what it is, and would cost its neighbours
    /// their vectors.
    pub(super) fn want(&self, text: u32) -> Want {
        match self.standing[text as usize] {
            Some(EmbeddingStatus::Ok) => Want::No,
            Some(EmbeddingStatus::TextError | EmbeddingStatus::Filtered) => Want::Alone,
            None | Some(EmbeddingStatus::ModelError | EmbeddingStatus::Timeout) => Want::Together,
        }
    }

    pub(super) fn count(&self, status: EmbeddingStatus) -> u64 {
        self.standing.iter().filter(|known| **known == Some(status)).count() as u64
    }

    pub(super) fn missing(&self) -> u64 {
        self.standing.iter().filter(|known| known.is_none()).count() as u64
    }

    /// Texts without a vector.
    pub(super) fn open(&self) -> u64 {
        self.standing.len() as u64 - self.count(EmbeddingStatus::Ok)
    }

    pub(super) fn failed(&self) -> BTreeMap<EmbeddingStatus, u64> {
        let failed = EmbeddingStatus::ALL.iter().filter(|status| **status != EmbeddingStatus::Ok);
        failed.map(|status| (*status, self.count(*status))).filter(|(_, count)| *count > 0).collect()
    }
}
