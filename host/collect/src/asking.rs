//! The questions of a collection: every query, of every model, as often as there are samples.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use routerlab_records::{AttemptRow, CompletionRow, ModelName, Row, SHARD_RECORDS};

use crate::answer::Answer;
use crate::ask::{Image, Message};
use crate::prompt::Prompting;
use crate::questions::{Questions, images_of};
use crate::shelf::file_of;
use crate::shelves::ShardFiles;
use crate::work::{About, Work};

/// Queries x models x samples. An item is `query * samples + sample`.
pub(crate) struct Asking {
    pub(crate) folder: PathBuf,
    pub(crate) questions: Questions,
    pub(crate) models: Vec<(ModelName, Arc<Prompting>)>,
    pub(crate) samples: u32,
    pub(crate) images: BTreeMap<String, Image>,
    /// Of every query which file of a model it belongs to.
    pub(crate) shard_of: Vec<u32>,
    /// A query of every such file.
    pub(crate) shard_query: Vec<u32>,
    /// How often items that are asked again were tried before.
    pub(crate) tried: HashMap<(usize, u32), u32>,
}

impl Asking {
    /// Divides queries among files: those of one split that share a range of records.
    pub(crate) fn shards(questions: &Questions) -> (Vec<u32>, Vec<u32>) {
        let mut known: HashMap<(&str, &str, u64), u32> = HashMap::new();
        let (mut shard_of, mut shard_query) = (Vec::new(), Vec::new());
        for (at, id) in questions.ids().iter().enumerate() {
            let shard =
                *known.entry((id.dataset(), id.split(), id.record_index() / SHARD_RECORDS)).or_insert_with(|| {
                    shard_query.push(at as u32);
                    shard_query.len() as u32 - 1
                });
            shard_of.push(shard);
        }
        (shard_of, shard_query)
    }

    fn key(&self, lane: usize, item: u32) -> About {
        About {
            query_id: self.questions.ids()[(item / self.samples) as usize].clone(),
            model: self.models[lane].0.clone(),
            sample_index: item % self.samples,
            about: String::new(),
        }
    }
}

impl Work for Asking {
    type Row = CompletionRow;

    fn ask(&self, lane: usize, item: u32) -> Result<Vec<Message>, String> {
        let question = self.questions.question(item / self.samples)?;
        let mut images = Vec::new();
        if !self.images.is_empty() {
            for name in images_of(&question.metadata) {
                let image = self.images.get(&name).ok_or_else(|| format!("image `{name}` was not read"))?;
                images.push(image.clone());
            }
        }
        self.models[lane].1.messages(&question, &images)
    }

    fn about(&self, lane: usize, item: u32) -> About {
        self.key(lane, item)
    }

    fn row(&self, lane: usize, item: u32, answer: Answer) -> CompletionRow {
        let About { query_id, model, sample_index, .. } = self.key(lane, item);
        CompletionRow {
            query_id,
            model,
            sample_index,
            raw_output: answer.raw_output,
            status: answer.status,
            finish_reason: answer.finish_reason,
            prompt_tokens: answer.prompt_tokens,
            completion_tokens: answer.completion_tokens,
            reasoning_tokens: answer.reasoning_tokens,
            cached_tokens: answer.cached_tokens,
            usage_source: answer.usage_source,
            cost_usd: answer.cost_usd,
            cost_source: answer.cost_source,
            latency_ms: answer.latency_ms,
            ttft_ms: answer.ttft_ms,
            attempts: answer.attempts,
            provider_model: answer.provider_model,
            request_digest: answer.request_digest,
            collected_at: Some(answer.collected_at),
            error: answer.error,
        }
    }

    fn shard(&self, lane: usize, item: u32) -> u32 {
        (lane * self.shard_query.len()) as u32 + self.shard_of[(item / self.samples) as usize]
    }

    fn shard_files(&self, shard: u32) -> ShardFiles {
        let files = self.shard_query.len();
        let (lane, file) = (shard as usize / files, shard as usize % files);
        let item = self.shard_query[file] * self.samples;
        let About { query_id, model, .. } = self.key(lane, item);
        let of = |table: &str| file_of(&self.folder, table, &query_id, &model);
        (of(CompletionRow::TABLE), of(AttemptRow::TABLE))
    }

    fn shards(&self) -> usize {
        self.models.len() * self.shard_query.len()
    }

    fn tried(&self, lane: usize, item: u32) -> u32 {
        self.tried.get(&(lane, item)).copied().unwrap_or(0)
    }
}
