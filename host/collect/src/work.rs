//! What a run is about: which questions, of which models, into which rows.
//!
//! [`Work`] is all that the engine knows of it: completions, judgements and embeddings differ in nothing else.

use routerlab_records::{ModelName, QueryId};

use crate::answer::Answer;
use crate::ask::Message;
use crate::reply::Reply;
use crate::shelf::Shelved;
use crate::shelves::ShardFiles;

/// The key of an attempt but for its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) query_id: QueryId,
    pub(crate) model: ModelName,
    pub(crate) sample_index: u32,
    pub(crate) about: String,
}

/// A collection, a judging or an embedding. A lane is one model; an item is one thing that it is asked, numbered in the order of the rows'
/// keys.
pub(crate) trait Work: Send + Sync + 'static {
    type Row: Shelved;

    /// The messages of an item.
    ///
    /// # Errors
    /// Why it cannot be asked.
    fn ask(&self, lane: usize, item: u32) -> Result<Vec<Message>, String>;

    fn about(&self, lane: usize, item: u32) -> About;

    /// Looks at an answer before it counts as one.
    ///
    /// # Errors
    /// Why it is none; the item is asked again then.
    fn check(&self, _lane: usize, _item: u32, _reply: &Reply) -> Result<(), String> {
        Ok(())
    }

    /// How many of the answers that were wanted are known with this one.
    fn counts(&self, _lane: usize, _item: u32, _answer: &Answer) -> u64 {
        1
    }

    /// What is written down: a row, or several.
    fn row(&self, lane: usize, item: u32, answer: Answer) -> Self::Row;

    /// Which of the run's files the row belongs to.
    fn shard(&self, lane: usize, item: u32) -> u32;

    fn shard_files(&self, shard: u32) -> ShardFiles;

    fn shards(&self) -> usize;

    /// How often an item was tried by earlier runs.
    fn tried(&self, lane: usize, item: u32) -> u32;
}
