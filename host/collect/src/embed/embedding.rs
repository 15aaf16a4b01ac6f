//! The texts of one pass as the engine asks for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use routerlab_records::{AttemptOutcome, CompletionStatus, EmbeddingStatus, EncoderName, ModelName, QueryId};

use super::TextToEmbed;
use super::chunks::{Chunk, Shard};
use super::line::EmbeddedTexts;
use crate::answer::Answer;
use crate::ask::{Message, Part, Role};
use crate::reply::Reply;
use crate::shelves::ShardFiles;
use crate::stop::Stop;
use crate::vectors::Vectors;
use crate::work::{About, Work};

/// So many requests refused and not one vector: it is not about the texts.
const REFUSED_AT_MOST: u32 = 100;

/// What both passes of a run share.
pub(super) struct Shared {
    pub(super) encoder: EncoderName,
    pub(super) model: ModelName,
    pub(super) device: String,
    pub(super) about: String,
    pub(super) prefix: String,
    pub(super) texts: Arc<Vec<TextToEmbed>>,
    pub(super) shards: Arc<Vec<Shard>>,
    /// Numbers of each vector: as the folder has them, as was asked for, or those of the first answer.
    pub(super) width: OnceLock<usize>,
    /// Whether there is any vector, in the folder or in an answer.
    pub(super) answered: AtomicBool,
    pub(super) refused: AtomicU32,
    pub(super) stop: Stop,
}

/// One pass.
pub(super) struct Pass {
    pub(super) shared: Arc<Shared>,
    pub(super) chunks: Vec<Chunk>,
    /// How often a chunk was tried by earlier runs.
    pub(super) tried: HashMap<u32, u32>,
    /// Texts that were refused together with others.
    pub(super) apart: Mutex<Vec<u32>>,
}

impl Pass {
    fn texts(&self, item: u32) -> &[u32] {
        &self.chunks[item as usize].texts
    }

    fn id(&self, text: u32) -> &QueryId {
        &self.shared.texts[text as usize].query_id
    }

    fn fits(&self, item: u32, vectors: Option<&Vectors>) -> Result<(), String> {
        let vectors = vectors.ok_or("an answer without vectors")?;
        let texts = self.texts(item).len();
        if vectors.len() != texts {
            return Err(format!("{} vectors for {texts} texts", vectors.len()));
        }
        let width = *self.shared.width.get_or_init(|| vectors.width());
        if vectors.width() != width {
            return Err(format!("vectors of {} numbers, expected {width}", vectors.width()));
        }
        Ok(())
    }

    /// Whether one of several texts may be what a request failed for.
    fn is_asked_apart(&self, item: u32, answer: &Answer) -> bool {
        use AttemptOutcome as O;
        let refused = matches!(
            answer.outcome,
            Some(O::Rejected | O::ContextTooLong | O::Filtered | O::Refused | O::Unreadable | O::TooLarge)
        );
        refused && self.texts(item).len() > 1
    }

    /// Ends a run in which nothing but refusals come.
    fn count_refusal(&self, error: &str) {
        let refused = self.shared.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused >= REFUSED_AT_MOST && !self.shared.answered.load(Ordering::Relaxed) {
            self.shared.stop.drain(&format!("the endpoint refused all of the first {refused} requests: {error}"));
        }
    }
}

impl Work for Pass {
    type Row = EmbeddedTexts;

    fn ask(&self, _: usize, item: u32) -> Result<Vec<Message>, String> {
        let Shared { prefix, texts, .. } = &*self.shared;
        let part = |text: &u32| Part::Text(format!("{prefix}{}", texts[*text as usize].text));
        Ok(vec![Message { role: Role::User, parts: self.texts(item).iter().map(part).collect() }])
    }

    fn about(&self, _: usize, item: u32) -> About {
        let Shared { model, about, .. } = &*self.shared;
        let query_id = self.id(self.texts(item)[0]).clone();
        About { query_id, model: model.clone(), sample_index: 0, about: about.clone() }
    }

    fn check(&self, _: usize, item: u32, reply: &Reply) -> Result<(), String> {
        self.fits(item, reply.vectors.as_ref())
    }

    /// Texts that are asked for once more in the next pass are not known yet.
    fn counts(&self, _: usize, item: u32, answer: &Answer) -> u64 {
        if self.is_asked_apart(item, answer) { 0 } else { self.texts(item).len() as u64 }
    }

    fn row(&self, _: usize, item: u32, answer: Answer) -> EmbeddedTexts {
        let texts = self.texts(item);
        let apart = self.is_asked_apart(item, &answer);
        let mut status = status_of(&answer);
        let mut error = answer.error;
        if status == EmbeddingStatus::Ok {
            // What the cache has was looked at for another run.
            match self.fits(item, answer.vectors.as_ref()) {
                Ok(()) => self.shared.answered.store(true, Ordering::Relaxed),
                Err(reason) => (status, error) = (EmbeddingStatus::ModelError, Some(reason)),
            }
        }
        if status == EmbeddingStatus::TextError {
            self.count_refusal(error.as_deref().unwrap_or_default());
        }
        if apart {
            self.apart.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
            let said = error.unwrap_or_default();
            error = Some(format!("in a request with {} other texts: {said}", texts.len() - 1));
        }
        EmbeddedTexts {
            query_id: self.id(texts[0]).clone(),
            encoder: self.shared.encoder.clone(),
            more: texts[1..].iter().map(|text| self.id(*text).clone()).collect(),
            vectors: answer.vectors.filter(|_| status == EmbeddingStatus::Ok),
            status,
            tokens: answer.prompt_tokens,
            device: self.shared.device.clone(),
            error: if status == EmbeddingStatus::Ok { None } else { error },
        }
    }

    fn shard(&self, _: usize, item: u32) -> u32 {
        self.chunks[item as usize].shard
    }

    fn shard_files(&self, shard: u32) -> ShardFiles {
        let Shard { file, attempts, .. } = &self.shared.shards[shard as usize];
        (file.clone(), attempts.clone())
    }

    fn shards(&self) -> usize {
        self.shared.shards.len()
    }

    fn tried(&self, _: usize, item: u32) -> u32 {
        self.tried.get(&item).copied().unwrap_or(0)
    }
}

fn status_of(answer: &Answer) -> EmbeddingStatus {
    match (answer.status, answer.outcome) {
        (CompletionStatus::Ok, _) => EmbeddingStatus::Ok,
        (CompletionStatus::Timeout, _) => EmbeddingStatus::Timeout,
        (CompletionStatus::Filtered | CompletionStatus::Refused, _) => EmbeddingStatus::Filtered,
        (_, Some(AttemptOutcome::Rejected | AttemptOutcome::ContextTooLong)) => EmbeddingStatus::TextError,
        _ => EmbeddingStatus::ModelError,
    }
}
