//! Which texts belong to which file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use routerlab_records::{ContentDigest, EmbeddingRow, QueryId, QueryRow, TableReader};

use super::EncodeOptions;
use crate::embed::file_of;
use crate::error::CollectError;

/// Texts that are encoded together at most: so many that batches of like length can be made of them, so few that memory does
/// not grow with the number of queries.
const TOGETHER: usize = 8_192;

/// The records of one file.
pub(super) struct Shard {
    pub(super) path: PathBuf,
    /// By their record index.
    pub(super) queries: Vec<Text>,
    /// Of their ids and texts.
    pub(super) digest: String,
}

/// The text of a query.
pub(super) struct Text {
    pub(super) query_id: QueryId,
    pub(super) text: String,
}

/// The queries of a folder by the files that their embeddings belong to, in the order of those.
pub(super) fn shards(folder: &Path, options: &EncodeOptions) -> Result<Vec<Shard>, CollectError> {
    if !folder.is_dir() {
        return Err(CollectError::data(folder, "there is no such folder; make one with `routerlab import`"));
    }
    let mut by_file: BTreeMap<PathBuf, BTreeMap<u64, Text>> = BTreeMap::new();
    let mut reader = TableReader::<QueryRow>::open(&folder.join("queries.parquet"))?.at_most(4_096);
    let mut rows = Vec::new();
    while reader.read_into(&mut rows)? {
        for query in rows.drain(..) {
            let query_id = query.query_id.clone();
            let of_file = by_file.entry(file_of(folder, &options.name, &query_id)).or_default();
            let text = Text { query_id: query_id.clone(), text: options.text.of(query) };
            if of_file.insert(query_id.record_index(), text).is_some() {
                return Err(CollectError::data(folder, format!("query `{query_id}` is there twice")));
            }
        }
    }
    let shard = |(path, queries): (PathBuf, BTreeMap<u64, Text>)| {
        let mut digest = ContentDigest::new();
        for query in queries.values() {
            digest.text(query.query_id.as_str()).text(&query.text);
        }
        Shard { path, queries: queries.into_values().collect(), digest: digest.hex() }
    };
    Ok(by_file.into_iter().map(shard).collect())
}

impl Shard {
    /// Whether the file is there and of these texts.
    pub(super) fn is_there(&self) -> Result<bool, CollectError> {
        if !self.path.exists() {
            return Ok(false);
        }
        let reader = TableReader::<EmbeddingRow>::open(&self.path)?;
        Ok(reader.provenance().inputs.get("texts") == Some(&self.digest))
    }
}

/// Runs of shards of at most [`TOGETHER`] texts, or one.
pub(super) fn together(shards: &[Shard]) -> Vec<&[Shard]> {
    let mut all = Vec::new();
    let (mut start, mut texts) = (0, 0);
    for (at, shard) in shards.iter().enumerate() {
        if at > start && texts + shard.queries.len() > TOGETHER {
            all.push(&shards[start..at]);
            (start, texts) = (at, 0);
        }
        texts += shard.queries.len();
    }
    if start < shards.len() {
        all.push(&shards[start..]);
    }
    all
}
