//! The records of one source file while it is read: numbers in memory, texts in scratch room.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::completions::{CompletionRow, CompletionStatus, CostSource, UsageSource};
use crate::error::{Place, TableError};
use crate::ids::{ModelName, QueryId};
use crate::import::staged::{Staged, Subject};
use crate::pool::Price;
use crate::provenance::ContentDigest;
use crate::scratch::{Kept, Scratch};

/// One record as an importer makes it: a query, an answer, and where there is one a score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StagedRecord {
    /// Place within dataset and split, from 1.
    pub(crate) record_index: u64,
    /// Which of several answers, from 0.
    pub(crate) sample_index: u32,
    /// The question as the dataset has it.
    pub(crate) origin_query: String,
    /// The question as the model was asked it.
    pub(crate) prompt: String,
    /// The reference answer.
    pub(crate) ground_truth: Option<String>,
    /// Whatever else is known of the query, as the text of a JSON object.
    pub(crate) metadata: String,
    /// What the model answered.
    pub(crate) answer: Answer,
    /// What was found out about the answer; none for a call that failed.
    pub(crate) scored: Option<Scored>,
}

/// What a completion's row holds beside its key; see [`CompletionRow`](crate::CompletionRow).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The answer as it came; empty when there is none.
    pub(crate) raw_output: String,
    /// How the request ended.
    pub(crate) status: CompletionStatus,
    /// Why the model stopped.
    pub(crate) finish_reason: Option<String>,
    /// Tokens of the prompt.
    pub(crate) prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub(crate) completion_tokens: Option<u64>,
    /// Tokens of the answer that were reasoning.
    pub(crate) reasoning_tokens: Option<u64>,
    /// US dollars; null where unknown, never a 0 that means so.
    pub(crate) cost_usd: Option<f64>,
    /// Where the cost comes from.
    pub(crate) cost_source: Option<CostSource>,
    /// Wall time to the last token.
    pub(crate) latency_ms: Option<f64>,
    /// The model's name as the provider reported it.
    pub(crate) provider_model: Option<String>,
    /// When the answer came, UTC, RFC 3339.
    pub(crate) collected_at: Option<String>,
    /// What went wrong, when something did.
    pub(crate) error: Option<String>,
}

impl Answer {
    /// An answer of which nothing is known but its text.
    pub(crate) fn of(raw_output: String) -> Self {
        Self {
            raw_output,
            status: CompletionStatus::Ok,
            finish_reason: None,
            prompt_tokens: None,
            completion_tokens: None,
            reasoning_tokens: None,
            cost_usd: None,
            cost_source: None,
            latency_ms: None,
            provider_model: None,
            collected_at: None,
            error: None,
        }
    }
}

impl Answer {
    /// The row of a completion.
    pub(crate) fn row(self, query_id: QueryId, model: ModelName, sample_index: u32) -> CompletionRow {
        CompletionRow {
            query_id,
            model,
            sample_index,
            raw_output: self.raw_output,
            status: self.status,
            finish_reason: self.finish_reason,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cached_tokens: None,
            usage_source: self.prompt_tokens.or(self.completion_tokens).map(|_| UsageSource::Reported),
            cost_usd: self.cost_usd,
            cost_source: self.cost_source,
            latency_ms: self.latency_ms,
            ttft_ms: None,
            attempts: 1,
            provider_model: self.provider_model,
            request_digest: None,
            collected_at: self.collected_at,
            error: self.error,
        }
    }
}

/// What was found out about an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    /// From 0 to 1; null where the source has none, which is no wrong answer.
    pub(crate) score: Option<f64>,
    /// The answer that was taken out of the completion.
    pub(crate) prediction: Option<String>,
    /// Why it was scored so.
    pub(crate) explanation: Option<String>,
}

/// The records of one source file.
pub(crate) struct Run {
    /// The file, for messages.
    pub(super) path: PathBuf,
    /// What the records are about, once it is known. Said early, texts that are there already are not kept again.
    subject: Option<Subject>,
    pub(super) scratch: Scratch,
    pub(super) records: Vec<Light>,
    /// Texts of queries that are new, by their digest.
    pub(super) questions: BTreeMap<String, Question>,
    /// The record that had an index and sample first.
    seen: HashMap<(u64, u32), u64>,
    /// What is counted for the summary.
    pub(crate) tally: BTreeMap<String, u64>,
    /// What the footers of the part say beside its source, such as the wall time of the whole run.
    pub(crate) values: BTreeMap<String, String>,
}

/// A record without its texts.
pub(super) struct Light {
    pub(super) record_index: u64,
    pub(super) sample_index: u32,
    pub(super) question: String,
    /// Without its text.
    pub(super) answer: Answer,
    pub(super) raw_output: Kept,
    pub(super) score: Option<Option<f64>>,
    pub(super) prediction: Option<Kept>,
    pub(super) explanation: Option<Kept>,
}

/// Texts of a query.
pub(super) struct Question {
    pub(super) origin_query: Kept,
    pub(super) prompt: Kept,
    pub(super) ground_truth: Option<Kept>,
    pub(super) metadata: Kept,
}

impl Run {
    /// Room for the records of a file, which `path` names in messages.
    pub(crate) fn new(staged: &Staged, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            subject: None,
            scratch: Scratch::new(&staged.partial),
            records: Vec::new(),
            questions: BTreeMap::new(),
            seen: HashMap::new(),
            tally: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }

    /// Says what the records are about.
    pub(crate) fn about(&mut self, subject: Subject) {
        self.subject = Some(subject);
    }

    /// Counts something for the summary.
    pub(crate) fn count(&mut self, what: &str) {
        *self.tally.entry(what.to_owned()).or_default() += 1;
    }

    /// Gives answers whose cost is unknown the one that follows from their tokens, where there is a price and both numbers
    /// are known. Says how many got one, and how many answers still have none; calls that failed are not counted.
    pub(crate) fn price_unknown_costs(&mut self, price: Option<(Price, CostSource)>) -> (u64, u64) {
        let (mut priced, mut unknown) = (0, 0);
        let answered = self.records.iter_mut().map(|record| &mut record.answer);
        for answer in answered.filter(|answer| answer.status == CompletionStatus::Ok && answer.cost_usd.is_none()) {
            let cost = price.and_then(|(price, source)| {
                Some((price.cost_usd(answer.prompt_tokens?, answer.completion_tokens?), source))
            });
            (answer.cost_usd, answer.cost_source) = cost.unzip();
            priced += u64::from(cost.is_some());
            unknown += u64::from(cost.is_none());
        }
        (priced, unknown)
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// Takes a record in.
    ///
    /// # Errors
    /// When its index and sample came before, a number cannot be, or there is no room for its texts.
    pub(crate) fn push(&mut self, staged: &Staged, record: StagedRecord) -> Result<(), TableError> {
        let StagedRecord { record_index, sample_index, .. } = record;
        let number = self.len() + 1;
        if let Some(other) = self.seen.insert((record_index, sample_index), number) {
            let reason = match sample_index {
                0 => format!("the index {record_index} was already in record {other}"),
                _ => format!("the index {record_index} with sample {sample_index} was already in record {other}"),
            };
            return Err(TableError::Row { path: self.path.clone(), place: Place::Record(number), reason });
        }
        let question = digest_of(&record);
        let there = self.subject.as_ref().is_some_and(|subject| staged.has_text(subject, &question));
        let scratch = &mut self.scratch;
        let mut keep = |text: &str| scratch.keep(text);
        if !there && !self.questions.contains_key(&question) {
            let texts = Question {
                origin_query: keep(&record.origin_query)?,
                prompt: keep(&record.prompt)?,
                ground_truth: record.ground_truth.as_deref().map(&mut keep).transpose()?,
                metadata: keep(&record.metadata)?,
            };
            self.questions.insert(question.clone(), texts);
        }
        let mut answer = record.answer;
        let raw_output = std::mem::take(&mut answer.raw_output);
        let raw_output = keep(&raw_output)?;
        let (score, prediction, explanation) = match record.scored {
            None => (None, None, None),
            Some(Scored { score, prediction, explanation }) => (
                Some(score),
                prediction.as_deref().map(&mut keep).transpose()?,
                explanation.as_deref().map(&mut keep).transpose()?,
            ),
        };
        self.records.push(Light {
            record_index,
            sample_index,
            question,
            answer,
            raw_output,
            score,
            prediction,
            explanation,
        });
        Ok(())
    }
}

/// What tells the texts of one query from those of another.
fn digest_of(record: &StagedRecord) -> String {
    let mut digest = ContentDigest::new();
    digest.text(&record.origin_query).text(&record.prompt).text(&record.metadata);
    match &record.ground_truth {
        Some(truth) => digest.text(truth),
        None => digest.nothing(),
    };
    digest.hex()
}
