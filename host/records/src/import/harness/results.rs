//! What the importers of harness results share: queries, answers and verdicts on their way into tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::completions::{CompletionRow, CompletionStatus, CostSource, UsageSource};
use crate::error::TableError;
use crate::ids::{ModelName, PluginName, QueryId};
use crate::import::ImportSummary;
use crate::import::output::Output;
use crate::pool::Pool;
use crate::provenance::{Provenance, digest_bytes, own_tool};
use crate::queries::{QueryRow, group_key};
use crate::scores::{ScoreRow, ScoreStatus};
use crate::source::read_text;
use crate::table::{Row, read_table};

/// Results of one model: a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HarnessResults {
    /// Where they lie.
    pub path: PathBuf,
    /// The model; where there is none, the results name it.
    pub model: Option<ModelName>,
}

/// What a harness found out about one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// 1 for success, 0 for failure; null when the harness itself failed, which says nothing about the model.
    pub score: Option<f64>,
    /// Why, in a few words.
    pub explanation: String,
}

impl Verdict {
    pub(super) fn new(score: Option<f64>, explanation: impl Into<String>) -> Self {
        Self { score, explanation: explanation.into() }
    }
}

/// One answer with its verdict.
pub(super) struct Judged {
    pub(super) query_id: QueryId,
    pub(super) model: ModelName,
    pub(super) sample_index: u32,
    pub(super) raw_output: String,
    pub(super) finish_reason: Option<String>,
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    pub(super) cost_usd: Option<f64>,
    pub(super) verdict: Verdict,
}

/// The queries that results are about: those of an imported dataset, or new ones as the results name them.
pub(super) struct Questions {
    dataset: &'static str,
    known: Option<PathBuf>,
    rows: Vec<QueryRow>,
    by_source: HashMap<(String, String), QueryId>,
}

impl Questions {
    /// `known`: a folder made by `routerlab import dataset`, whose queries have their source's id in their metadata.
    pub(super) fn new(dataset: &'static str, known: Option<&Path>) -> Result<Self, TableError> {
        let mut questions =
            Self { dataset, known: known.map(Path::to_owned), rows: Vec::new(), by_source: HashMap::new() };
        if let Some(folder) = known {
            questions.rows = read_table::<QueryRow>(&folder.join("queries.parquet"))?.rows;
            for row in &questions.rows {
                let text = |key: &str| row.metadata_text(key).unwrap_or_default();
                questions.by_source.insert((text("domain"), text("source_id")), row.query_id.clone());
            }
        }
        Ok(questions)
    }

    /// The query of a source's id, made where queries are made here. `domain` is empty where there is none.
    pub(super) fn query(
        &mut self,
        path: &Path,
        domain: &str,
        source_id: &str,
        text: &str,
    ) -> Result<QueryId, TableError> {
        if let Some(id) = self.by_source.get(&(domain.to_owned(), source_id.to_owned())) {
            return Ok(id.clone());
        }
        let settings = |reason: String| TableError::Settings { path: path.to_owned(), reason };
        if let Some(known) = &self.known {
            return Err(settings(format!("`{source_id}` is none of the queries of `{}`", known.display())));
        }
        let split = if domain.is_empty() { "verified" } else { domain };
        let record_index = self.rows.iter().filter(|row| row.split == *split).count() as u64 + 1;
        let query_id = QueryId::new(self.dataset, split, record_index).map_err(|error| settings(error.to_string()))?;
        let mut metadata = serde_json::json!({ "source_id": source_id });
        if !domain.is_empty() {
            metadata["domain"] = Value::from(domain);
        }
        self.rows.push(QueryRow {
            query_id: query_id.clone(),
            dataset: self.dataset.into(),
            split: split.into(),
            record_index,
            origin_query: text.to_owned(),
            prompt: text.to_owned(),
            ground_truth: None,
            metadata: metadata.to_string(),
            group_key: group_key(text),
        });
        self.by_source.insert((domain.to_owned(), source_id.to_owned()), query_id.clone());
        Ok(query_id)
    }
}

/// Writes `queries`, `completions`, `scores`, `outcomes`, `pool.toml` and the manifest.
pub(super) fn write(
    harness: &str,
    questions: Questions,
    judged: Vec<Judged>,
    inputs: BTreeMap<String, String>,
    out_dir: &Path,
) -> Result<ImportSummary, TableError> {
    let evaluator = PluginName::from(format!("{harness}-harness"));
    // No component scored here. What stands in its place names the rule by which a harness's report became a score.
    let evaluator_digest = digest_bytes(format!("{harness} harness, {}", own_tool()).as_bytes());
    let mut completions = Vec::with_capacity(judged.len());
    let mut scores = Vec::with_capacity(judged.len());
    for one in judged {
        let failed = one.verdict.score.is_none();
        scores.push(ScoreRow {
            query_id: one.query_id.clone(),
            model: one.model.clone(),
            sample_index: one.sample_index,
            evaluator: evaluator.clone(),
            score: one.verdict.score,
            prediction: None,
            explanation: Some(one.verdict.explanation.clone()),
            evaluator_digest: evaluator_digest.clone(),
            evaluator_config: "{}".into(),
            item_digest: String::new(),
            status: if failed { ScoreStatus::Failed } else { ScoreStatus::Ok },
        });
        completions.push(CompletionRow {
            query_id: one.query_id,
            model: one.model,
            sample_index: one.sample_index,
            raw_output: one.raw_output,
            status: if failed { CompletionStatus::ModelError } else { CompletionStatus::Ok },
            finish_reason: one.finish_reason,
            prompt_tokens: one.prompt_tokens,
            completion_tokens: one.completion_tokens,
            reasoning_tokens: None,
            cached_tokens: None,
            usage_source: one.prompt_tokens.or(one.completion_tokens).map(|_| UsageSource::Reported),
            cost_usd: one.cost_usd,
            cost_source: one.cost_usd.map(|_| CostSource::Imported),
            latency_ms: None,
            ttft_ms: None,
            attempts: 1,
            provider_model: None,
            request_digest: None,
            collected_at: None,
            error: failed.then_some(one.verdict.explanation),
        });
    }
    let mut provenance = Provenance::by(own_tool());
    provenance.inputs = inputs;
    let models: BTreeSet<ModelName> = completions.iter().map(|row| row.model.clone()).collect();
    let pairs = questions.rows.len() * models.len();
    let answered = completions.iter().map(|row| (&row.query_id, &row.model)).collect::<BTreeSet<_>>().len();
    let unscored = scores.iter().filter(|row| row.score.is_none()).count();
    let mut notes = Vec::new();
    if pairs > answered {
        notes.push(format!("{} of {pairs} pairs of query and model have no result", pairs - answered));
    }
    if unscored > 0 {
        notes.push(format!("{unscored} results have no score because the harness failed"));
    }
    let mut output = Output::begin(out_dir, provenance)?;
    output.table(&questions.rows)?;
    output.table(&completions)?;
    scores.sort_by(Row::compare_keys);
    output.scores(evaluator.as_str(), &evaluator_digest, &scores)?;
    output.pool(&Pool::of(&models, None))?;
    output.finish()?;
    Ok(ImportSummary {
        folder: out_dir.to_owned(),
        rows: completions.len() as u64,
        queries: questions.rows.len(),
        models: models.len(),
        datasets: 1,
        embedding_width: None,
        notes,
    })
}

/// A JSON file. One that holds an object a line becomes a list.
pub(super) fn read_json(path: &Path) -> Result<Value, TableError> {
    let text = read_text(path)?;
    let wrong =
        |error: serde_json::Error| TableError::Settings { path: path.to_owned(), reason: format!("not JSON: {error}") };
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        values.push(value.map_err(wrong)?);
    }
    let is_lines = path.extension().is_some_and(|extension| extension == "jsonl");
    match values.len() {
        0 => Err(TableError::NoRows { path: path.to_owned() }),
        1 if !is_lines => Ok(values.remove(0)),
        _ => Ok(Value::Array(values)),
    }
}

/// The JSON files of a folder and of the folders within, in order; a file is itself.
pub(super) fn json_files(path: &Path) -> Result<Vec<PathBuf>, TableError> {
    /// Folders within folders that are looked into.
    const MAX_DEPTH: usize = 8;
    fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), TableError> {
        let failed = |source| TableError::read(folder, source);
        let mut entries: Vec<_> = fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let is_json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
            if path.is_dir() && depth > 1 {
                walk(&path, depth - 1, found)?;
            } else if path.is_file() && is_json {
                found.push(path);
            }
        }
        Ok(())
    }
    if fs::metadata(path).map_err(|source| TableError::read(path, source))?.is_dir() {
        let mut found = Vec::new();
        walk(path, MAX_DEPTH, &mut found)?;
        return Ok(found);
    }
    Ok(vec![path.to_owned()])
}
