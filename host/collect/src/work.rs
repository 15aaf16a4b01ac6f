//! What a run is about: which questions, of which models, into which rows.

use routerlab_records::{ModelName, QueryId};

use crate::answer::Answer;
use crate::ask::Message;
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

/// A collection or a judging. A lane is one model; an item is one thing that it is asked, numbered in the order of the rows'
/// keys.
pub(crate) trait Work: Send + Sync + 'static {
    type Row: Shelved;

    /// The messages of an item.
    ///
    /// # Errors
    /// Why it cannot be asked.
    fn ask(&self, lane: usize, item: u32) -> Result<Vec<Message>, String>;

    fn about(&self, lane: usize, item: u32) -> About;

    fn row(&self, lane: usize, item: u32, answer: Answer) -> Self::Row;

    /// Which of the run's files the row belongs to.
    fn shard(&self, lane: usize, item: u32) -> u32;

    fn shard_files(&self, shard: u32) -> ShardFiles;

    fn shards(&self) -> usize;

    /// How often an item was tried by earlier runs.
    fn tried(&self, lane: usize, item: u32) -> u32;
}
