//! What importers of other programs' results share: queries, answers and verdicts on their way into tables.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::completions::{CompletionRow, CompletionStatus, CostSource, UsageSource};
use crate::error::TableError;
use crate::ids::{DatasetId, ModelName, PluginName, QueryId, SharedText, SplitName};
use crate::import::ImportSummary;
use crate::import::output::Output;
use crate::pool::Pool;
use crate::provenance::{Provenance, digest_bytes, own_tool};
use crate::queries::{QueryRow, group_key};
use crate::scores::{ScoreRow, ScoreStatus};
use crate::scratch::{Kept, Scratch};
use crate::table::Row;

/// A query as a source has it.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceQuery {
    /// The source's name of the benchmark. A `/` in it becomes a `-`.
    pub(super) dataset: String,
    /// The source's own id, unique within the dataset.
    pub(super) source_id: String,
    /// Place within the dataset, from 1; none where the order in which queries come decides.
    pub(super) record_index: Option<u64>,
    /// The question by itself.
    pub(super) origin_query: String,
    /// The question as models were asked it.
    pub(super) prompt: String,
    /// The reference answer, where the source gives one.
    pub(super) ground_truth: Option<String>,
    /// What else the source says of it. `source_id` is added.
    pub(super) metadata: Map<String, Value>,
}

/// An answer as a source has it, with what the source found out about it.
#[derive(Debug, Clone)]
pub(super) struct SourceAnswer {
    pub(super) model: ModelName,
    pub(super) sample_index: u32,
    pub(super) raw_output: String,
    pub(super) status: CompletionStatus,
    pub(super) finish_reason: Option<String>,
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    pub(super) reasoning_tokens: Option<u64>,
    pub(super) cached_tokens: Option<u64>,
    pub(super) cost_usd: Option<f64>,
    pub(super) latency_ms: Option<f64>,
    pub(super) provider_model: Option<String>,
    pub(super) collected_at: Option<String>,
    pub(super) error: Option<String>,
    /// None where the source has no verdict.
    pub(super) verdict: Option<SourceVerdict>,
}

impl SourceAnswer {
    /// An answer of which only the model is known.
    pub(super) fn of(model: ModelName) -> Self {
        Self {
            model,
            sample_index: 0,
            raw_output: String::new(),
            status: CompletionStatus::Ok,
            finish_reason: None,
            prompt_tokens: None,
            completion_tokens: None,
            reasoning_tokens: None,
            cached_tokens: None,
            cost_usd: None,
            latency_ms: None,
            provider_model: None,
            collected_at: None,
            error: None,
            verdict: None,
        }
    }
}

/// What a source found out about one answer.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceVerdict {
    /// From 0 to 1.
    pub(super) score: f64,
    /// The answer that the source took out of the completion.
    pub(super) prediction: Option<String>,
    /// Why it scored so, in the source's words.
    pub(super) explanation: Option<String>,
    /// How it was scored, as the text of a JSON object; empty for `{}`.
    pub(super) config: String,
}

/// The program whose results are imported.
#[derive(Debug, Clone)]
pub(super) struct Source {
    evaluator: PluginName,
    evaluator_digest: String,
    split: SplitName,
}

impl Source {
    /// A program by the name of its importer. All queries get the split.
    pub(super) fn new(name: &str, split: SplitName) -> Self {
        // No component scored here. What stands in its place names the rule by which verdicts became scores.
        let evaluator_digest = digest_bytes(format!("{name} verdicts, {}", own_tool()).as_bytes());
        Self { evaluator: name.into(), evaluator_digest, split }
    }

    /// The row of a query. `count` is its place where the source gives none.
    pub(super) fn query(&self, query: SourceQuery, count: u64) -> Result<QueryRow, String> {
        let dataset = DatasetId::from(query.dataset.replace('/', "-"));
        let record_index = query.record_index.unwrap_or(count);
        let query_id = QueryId::new(&dataset, &self.split, record_index).map_err(|error| error.to_string())?;
        let mut metadata = query.metadata;
        metadata.insert("source_id".to_owned(), Value::from(query.source_id));
        Ok(QueryRow {
            query_id,
            dataset,
            split: self.split.clone(),
            record_index,
            group_key: group_key(&query.origin_query),
            origin_query: query.origin_query,
            prompt: query.prompt,
            ground_truth: query.ground_truth,
            metadata: Value::Object(metadata).to_string(),
        })
    }

    /// The rows of an answer. One that failed has no score, whatever the source made of it.
    pub(super) fn answer(&self, query_id: &QueryId, answer: SourceAnswer) -> (CompletionRow, Option<ScoreRow>) {
        let ok = answer.status == CompletionStatus::Ok;
        let score = answer.verdict.filter(|_| ok).map(|verdict| ScoreRow {
            query_id: query_id.clone(),
            model: answer.model.clone(),
            sample_index: answer.sample_index,
            evaluator: self.evaluator.clone(),
            score: Some(verdict.score),
            prediction: verdict.prediction,
            explanation: verdict.explanation,
            evaluator_digest: self.evaluator_digest.clone(),
            evaluator_config: SharedText::from(if verdict.config.is_empty() { "{}" } else { &verdict.config }),
            item_digest: String::new(),
            status: ScoreStatus::Ok,
        });
        let completion = CompletionRow {
            query_id: query_id.clone(),
            model: answer.model,
            sample_index: answer.sample_index,
            raw_output: answer.raw_output,
            status: answer.status,
            finish_reason: answer.finish_reason,
            prompt_tokens: answer.prompt_tokens,
            completion_tokens: answer.completion_tokens,
            reasoning_tokens: answer.reasoning_tokens,
            cached_tokens: answer.cached_tokens,
            usage_source: answer.prompt_tokens.or(answer.completion_tokens).map(|_| UsageSource::Reported),
            cost_usd: answer.cost_usd,
            cost_source: answer.cost_usd.map(|_| CostSource::Imported),
            latency_ms: answer.latency_ms,
            ttft_ms: None,
            attempts: 1,
            provider_model: answer.provider_model,
            request_digest: None,
            collected_at: answer.collected_at,
            error: answer.error,
        };
        (completion, score)
    }
}

/// The records of an import: what models wrote lies in scratch room, the rest in memory.
pub(super) struct Records {
    source: Source,
    queries: Vec<QueryRow>,
    by_source: HashMap<(String, String), usize>,
    counts: HashMap<String, u64>,
    seen: HashSet<(usize, ModelName, u32)>,
    /// Without what the models wrote.
    completions: Vec<(CompletionRow, Kept)>,
    scratch: Scratch,
    scores: Vec<ScoreRow>,
}

impl Records {
    /// None so far. `out_dir` is the folder that will be written; scratch room is inside it, or where it will be made.
    pub(super) fn new(source: Source, out_dir: &Path) -> Self {
        let there = out_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        Self {
            source,
            scratch: Scratch::new(there),
            queries: Vec::new(),
            by_source: HashMap::new(),
            counts: HashMap::new(),
            seen: HashSet::new(),
            completions: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// The query that a source's dataset and id name, if there is one.
    pub(super) fn known(&self, dataset: &str, source_id: &str) -> Option<usize> {
        self.by_source.get(&(dataset.to_owned(), source_id.to_owned())).copied()
    }

    /// A new query; the error is a reason.
    pub(super) fn query(&mut self, query: SourceQuery) -> Result<usize, String> {
        let count = self.counts.entry(query.dataset.clone()).or_default();
        *count += 1;
        let key = (query.dataset.clone(), query.source_id.clone());
        self.queries.push(self.source.query(query, *count)?);
        let at = self.queries.len() - 1;
        self.by_source.insert(key, at);
        Ok(at)
    }

    /// A query's row.
    pub(super) fn row(&self, query: usize) -> &QueryRow {
        &self.queries[query]
    }

    /// An answer to a query. False when that sample of the model was there already; then nothing changes.
    ///
    /// # Errors
    /// When there is no scratch room.
    pub(super) fn answer(&mut self, query: usize, answer: SourceAnswer) -> Result<bool, TableError> {
        if !self.seen.insert((query, answer.model.clone(), answer.sample_index)) {
            return Ok(false);
        }
        let (mut completion, score) = self.source.answer(&self.queries[query].query_id, answer);
        let raw_output = self.scratch.keep(&std::mem::take(&mut completion.raw_output))?;
        self.completions.push((completion, raw_output));
        self.scores.extend(score);
        Ok(true)
    }

    /// Writes `queries`, `completions`, `scores`, `outcomes`, `pool.toml` and the manifest. `notes` come first in the
    /// summary.
    pub(super) fn write(
        mut self,
        provenance: Provenance,
        mut notes: Vec<String>,
        out_dir: &Path,
    ) -> Result<ImportSummary, TableError> {
        let models: BTreeSet<ModelName> = self.completions.iter().map(|(row, _)| row.model.clone()).collect();
        let rows = self.completions.len() as u64;
        notes.extend(self.notes(models.len()));
        let mut output = Output::begin(out_dir, provenance)?;
        output.table(&self.queries)?;
        self.completions.sort_by(|(a, _), (b, _)| a.compare_keys(b));
        let scratch = &mut self.scratch;
        output.stream(self.completions.into_iter().map(|(row, kept)| {
            let raw_output = scratch.text(kept)?;
            Ok(CompletionRow { raw_output, ..row })
        }))?;
        self.scores.sort_by(Row::compare_keys);
        output.scores(&self.source.evaluator, &self.source.evaluator_digest, &self.scores)?;
        output.pool(&Pool::of(&models, None))?;
        output.finish()?;
        Ok(ImportSummary {
            folder: out_dir.to_owned(),
            rows,
            queries: self.queries.len(),
            models: models.len(),
            datasets: self.queries.iter().map(|query| &query.dataset).collect::<BTreeSet<_>>().len(),
            embedding_width: None,
            notes,
        })
    }

    /// What a reader of the tables should know, whatever the source is.
    fn notes(&self, models: usize) -> Vec<String> {
        let rows = || self.completions.iter().map(|(row, _)| row);
        let failed = rows().filter(|row| row.status != CompletionStatus::Ok).count();
        let without_cost = rows().filter(|row| row.cost_usd.is_none()).count();
        let answered: HashSet<_> = rows().map(|row| (&row.query_id, &row.model)).collect();
        shared_notes(&Counts {
            pairs: self.queries.len() * models,
            answered: answered.len(),
            answers: self.completions.len(),
            failed,
            scored: self.scores.len(),
            without_cost,
        })
    }
}

/// What the notes that every importer gives are about.
pub(super) struct Counts {
    /// Pairs of query and model.
    pub(super) pairs: usize,
    /// Those of them with an answer, be it a failed one.
    pub(super) answered: usize,
    pub(super) answers: usize,
    pub(super) failed: usize,
    pub(super) scored: usize,
    pub(super) without_cost: usize,
}

/// What a reader of the tables should know, whatever the source is.
pub(super) fn shared_notes(counts: &Counts) -> Vec<String> {
    let Counts { pairs, answered, answers, failed, scored, without_cost } = *counts;
    let mut notes = Vec::new();
    if failed > 0 {
        notes.push(format!("{failed} of {answers} answers failed: they have a status and no score"));
    }
    let unscored = answers.saturating_sub(failed + scored);
    if unscored > 0 {
        notes.push(format!("{unscored} of {answers} answers have no score in the source"));
    }
    if pairs > answered {
        notes.push(format!("{} of {pairs} pairs of query and model have no record", pairs - answered));
    }
    if without_cost > 0 {
        notes.push(format!("{without_cost} of {answers} answers have no known cost"));
    }
    notes
}
