//! Recorded completions: queries and answers in JSON Lines, prices in TOML, embeddings in Parquet.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::completions::{CompletionRow, CompletionStatus};
use crate::error::TableError;
use crate::ids::{EncoderName, ModelName, QueryId, SharedText};
use crate::import::embeddings::read_embeddings;
use crate::import::lines::{Line, each_line};
use crate::import::output::{Output, refuse_full};
use crate::import::{ImportSummary, Progress};
use crate::pool::{Pool, PriceList};
use crate::provenance::{Provenance, digest_bytes, own_tool};
use crate::queries::{QueryRow, group_key};

/// The files of a recording.
#[derive(Debug, Clone)]
pub struct RecordedFiles {
    /// `dataset`, `split`, `index`, `query`, `prompt`, `ground_truth` (may be null), and where needed `evaluator` (who
    /// scores the answers) and `metadata` (an object: what the evaluator must know besides).
    pub queries: PathBuf,
    /// `query_id` (`<dataset>/<split>/<index>`), `model`, `raw_output`, `prompt_tokens`, `completion_tokens`, `status`
    /// (`ok` in any case, or what went wrong), and where known `sample_index`, `prompt`, `finish_reason`, `reasoning_tokens`,
    /// `cached_tokens`, `latency_ms`, `ttft_ms`, `attempts`, `provider_model`, `collected_at`.
    pub completions: PathBuf,
    /// Prices of every model that answered.
    pub prices: PathBuf,
    /// `query_id`, `embedding`; with the name of what made them.
    pub embeddings: Option<(PathBuf, EncoderName)>,
}

/// Reads recorded completions and writes `queries.parquet`, `completions.parquet`, `pool.toml`, where there are
/// embeddings `embeddings.parquet`, and last `manifest.json` into `out_dir`. Costs are computed from tokens and prices.
///
/// # Errors
/// When a line is no JSON object, lacks a field or has one twice or of another type, a query id is unknown, a key comes
/// twice, a model has no price, a query no embedding, a file no rows, or `out_dir` already holds a table. The message names
/// file, line and field. Nothing is written then.
pub fn import_recorded(
    files: &RecordedFiles,
    out_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportSummary, TableError> {
    refuse_full(out_dir)?;
    let mut provenance = Provenance::by(own_tool())
        .input_file("queries", &files.queries)?
        .input_file("completions", &files.completions)?
        .input_file("prices", &files.prices)?;
    let prices = PriceList::read(&files.prices)?;
    let queries = read_queries(&files.queries, progress)?;
    let completions = read_completions(&files.completions, &files.prices, &queries, &prices, progress)?;
    let embedded = match &files.embeddings {
        None => None,
        Some((path, encoder)) => {
            provenance = provenance.input_file("embeddings", path)?.value("encoder", encoder);
            let ids: Vec<SharedText> = queries.iter().map(|query| query.query_id.as_str().into()).collect();
            Some(read_embeddings(path, encoder, &queries, &ids)?)
        }
    };

    let models: BTreeSet<&ModelName> = completions.iter().map(|row| &row.model).collect();
    let mut notes = Vec::new();
    let pairs = queries.len() * models.len();
    // Several samples are one pair.
    let answered = completions.iter().map(|row| (&row.query_id, &row.model)).collect::<HashSet<_>>().len();
    if pairs > answered {
        notes.push(format!("{} of {pairs} pairs of query and model have no completion", pairs - answered));
    }
    let mut output = Output::begin(out_dir, provenance)?;
    output.table(&queries)?;
    output.table(&completions)?;
    if let Some(embedded) = &embedded {
        output.table(&embedded.rows)?;
        if embedded.unused > 0 {
            notes.push(format!("{} embeddings belong to no query and were left out", embedded.unused));
        }
    }
    output.pool(&Pool::of(models.iter().copied(), Some(&prices)))?;
    output.finish()?;
    Ok(ImportSummary {
        folder: out_dir.to_owned(),
        rows: completions.len() as u64,
        queries: queries.len(),
        models: models.len(),
        datasets: queries.iter().map(|query| &query.dataset).collect::<BTreeSet<_>>().len(),
        embedding_width: embedded.map(|embedded| embedded.width),
        notes,
    })
}

fn read_queries(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Vec<QueryRow>, TableError> {
    let mut queries = Vec::new();
    let mut line_of: HashMap<QueryId, u64> = HashMap::new();
    each_line(path, progress, |line| {
        let (dataset, split, record_index) = (line.text("dataset")?, line.text("split")?, line.whole("index")?);
        let query_id = QueryId::new(dataset, split, record_index).map_err(|error| line.wrong(error.to_string()))?;
        if let Some(other) = line_of.insert(query_id.clone(), line.number()) {
            return Err(line.wrong(format!("query `{query_id}` was already in line {other}")));
        }
        let prompt = line.text("prompt")?;
        let mut metadata = line.object_if_given("metadata")?.cloned().unwrap_or_default();
        if let Some(evaluator) = line.text_if_given("evaluator")? {
            metadata.insert("evaluator".to_owned(), evaluator.into());
        }
        let metadata = serde_json::Value::Object(metadata);
        queries.push(QueryRow {
            query_id,
            dataset: dataset.into(),
            split: split.into(),
            record_index,
            origin_query: line.text("query")?.to_owned(),
            prompt: prompt.to_owned(),
            ground_truth: line.text_if_given("ground_truth")?.map(str::to_owned),
            metadata: metadata.to_string(),
            group_key: group_key(prompt),
        });
        Ok(())
    })?;
    Ok(queries)
}

fn read_completions(
    path: &Path,
    prices_path: &Path,
    queries: &[QueryRow],
    prices: &PriceList,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<CompletionRow>, TableError> {
    let known: HashMap<&str, &QueryId> =
        queries.iter().map(|query| (query.query_id.as_str(), &query.query_id)).collect();
    let mut completions = Vec::new();
    let mut line_of: HashMap<(QueryId, ModelName, u32), u64> = HashMap::new();
    each_line(path, progress, |line| {
        let id = line.text("query_id")?;
        let Some(&query_id) = known.get(id) else {
            return Err(line.wrong_field("query_id", format!("there is no query `{id}`")));
        };
        let row = completion(&line, query_id.clone(), prices_path, prices)?;
        let key = (row.query_id.clone(), row.model.clone(), row.sample_index);
        if let Some(other) = line_of.insert(key, line.number()) {
            let reason = format!("query `{}`, model `{}` and sample {}", row.query_id, row.model, row.sample_index);
            return Err(line.wrong(format!("{reason} were already in line {other}")));
        }
        completions.push(row);
        Ok(())
    })?;
    Ok(completions)
}

fn completion(
    line: &Line<'_>,
    query_id: QueryId,
    prices_path: &Path,
    prices: &PriceList,
) -> Result<CompletionRow, TableError> {
    let small = |field: &str, otherwise: u32| match line.whole_if_given(field)? {
        None => Ok(otherwise),
        Some(number) => u32::try_from(number).map_err(|_| line.wrong_field(field, format!("{number} is too large"))),
    };
    let owned = |field: &str| line.text_if_given(field).map(|text| text.map(str::to_owned));
    let model = ModelName::from(line.text("model")?);
    let price = prices
        .models
        .get(&model)
        .ok_or_else(|| TableError::NoPrice { path: prices_path.to_owned(), model: model.clone() })?;
    let (status, error) = status(line.text("status")?);
    let (prompt_tokens, completion_tokens) =
        (line.whole_if_given("prompt_tokens")?, line.whole_if_given("completion_tokens")?);
    let cost_usd = prompt_tokens.zip(completion_tokens).map(|(input, output)| price.cost_usd(input, output));
    // What was sent is a text or a list of messages; its digest tells whether two recordings asked the same.
    let request_digest = match line.value("prompt") {
        Ok(prompt) => Some(digest_bytes(prompt.to_string().as_bytes())),
        Err(_) => None,
    };
    Ok(CompletionRow {
        query_id,
        model,
        sample_index: small("sample_index", 0)?,
        raw_output: match status {
            CompletionStatus::Ok => line.text("raw_output")?.to_owned(),
            _ => owned("raw_output")?.unwrap_or_default(),
        },
        status,
        finish_reason: owned("finish_reason")?,
        prompt_tokens,
        completion_tokens,
        reasoning_tokens: line.whole_if_given("reasoning_tokens")?,
        cached_tokens: line.whole_if_given("cached_tokens")?,
        cost_usd,
        cost_source: cost_usd.map(|_| prices.cost_source()),
        latency_ms: line.number_if_given("latency_ms")?,
        ttft_ms: line.number_if_given("ttft_ms")?,
        attempts: small("attempts", 1)?,
        provider_model: owned("provider_model")?,
        request_digest,
        collected_at: owned("collected_at")?,
        error,
    })
}

/// A recorded status: one of our words in any case, or the text of an error of the model. An answer that ended at its token limit
/// was still given, so its status is `ok` and its `finish_reason` tells.
fn status(text: &str) -> (CompletionStatus, Option<String>) {
    match text.to_ascii_lowercase().parse() {
        Ok(status) => (status, None),
        Err(_) => (CompletionStatus::ModelError, Some(text.to_owned())),
    }
}
