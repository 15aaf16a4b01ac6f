//! Completions as JSON Lines: recorded together with their queries, or brought to queries that are there.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use crate::completions::{CompletionRow, CompletionStatus, UsageSource};
use crate::error::TableError;
use crate::ids::{ModelName, QueryId};
use crate::import::lines::{Line, each_line};
use crate::import::output::Output;
use crate::import::{ImportSummary, Progress};
use crate::pool::{Pool, PriceList};
use crate::provenance::{Provenance, digest_bytes, own_tool};
use crate::queries::QueryRow;
use crate::table::read_table;

/// Reads what models answered to the queries of `data_dir`, a folder that an import of a dataset made, and adds
/// `completions.parquet` and `pool.toml` to it. Costs are computed from tokens and `prices`, which must name every model
/// that answered.
///
/// A line has `query_id` (`<dataset>/<split>/<index>`), `model`, `raw_output`, `prompt_tokens`, `completion_tokens`,
/// `status` (`ok` in any case, or what went wrong), and where known `sample_index`, `prompt`, `finish_reason`,
/// `reasoning_tokens`, `cached_tokens`, `latency_ms`, `ttft_ms`, `attempts`, `provider_model`, `collected_at`.
///
/// # Errors
/// When a line is no JSON object, lacks a field or has one twice or of another type, a query id is unknown, a key comes
/// twice, a model has no price, the file no rows, or `data_dir` has no queries, or has completions already or what belongs
/// to completions. The message
/// names file, line and field. Nothing is written then.
pub fn import_completions(
    file: &Path,
    prices: &Path,
    data_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportSummary, TableError> {
    let provenance = Provenance::by(own_tool()).input_file("completions", file)?.input_file("prices", prices)?;
    let mut output = Output::add_to(data_dir, provenance)?;
    let queries = read_table::<QueryRow>(&data_dir.join("queries.parquet"))?.rows;
    let list = PriceList::read(prices)?;
    let completions = read_completions(file, prices, &queries, &list, progress)?;
    let models = models_of(&completions);
    output.table(&completions)?;
    output.pool(&Pool::of(models.iter().copied(), Some(&list)))?;
    output.finish()?;
    Ok(summary(data_dir, &queries, &completions, models.len()))
}

/// The models that answered.
pub(super) fn models_of(completions: &[CompletionRow]) -> BTreeSet<&ModelName> {
    completions.iter().map(|row| &row.model).collect()
}

/// What an import of completions of `models` models brought in, with a note on pairs without one.
pub(super) fn summary(
    folder: &Path,
    queries: &[QueryRow],
    completions: &[CompletionRow],
    models: usize,
) -> ImportSummary {
    let pairs = queries.len() * models;
    // Several samples are one pair.
    let answered = completions.iter().map(|row| (&row.query_id, &row.model)).collect::<HashSet<_>>().len();
    let unanswered = (pairs > answered)
        .then(|| format!("{} of {pairs} pairs of query and model have no completion", pairs - answered));
    ImportSummary {
        folder: folder.to_owned(),
        rows: completions.len() as u64,
        queries: queries.len(),
        models,
        datasets: queries.iter().map(|query| &query.dataset).collect::<BTreeSet<_>>().len(),
        embedding_width: None,
        notes: unanswered.into_iter().collect(),
    }
}

/// The completions of a file, each of a known query and a model with a price, no key twice.
pub(super) fn read_completions(
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
        usage_source: prompt_tokens.or(completion_tokens).map(|_| UsageSource::Reported),
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
