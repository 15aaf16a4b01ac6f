//! Recorded completions: queries and answers in JSON Lines, prices in TOML, embeddings in Parquet.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::ids::{EncoderName, QueryId, SharedText};
use crate::import::completions::{models_of, read_completions, summary};
use crate::import::embeddings::read_embeddings;
use crate::import::lines::each_line;
use crate::import::output::{Output, refuse_full};
use crate::import::{ImportSummary, Progress};
use crate::pool::{Pool, PriceList};
use crate::provenance::{Provenance, own_tool};
use crate::queries::{QueryRow, group_key};

/// The files of a recording.
#[derive(Debug, Clone)]
pub struct RecordedFiles {
    /// `dataset`, `split`, `index`, `query`, `prompt`, `ground_truth` (may be null), and where needed `evaluator` (who
    /// scores the answers) and `metadata` (an object: what the evaluator must know besides).
    pub queries: PathBuf,
    /// The completions, see [`import_completions`](crate::import::import_completions).
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

    let models = models_of(&completions);
    let mut summary = summary(out_dir, &queries, &completions, models.len());
    let mut output = Output::begin(out_dir, provenance)?;
    output.table(&queries)?;
    output.table(&completions)?;
    if let Some(embedded) = &embedded {
        output.table(&embedded.rows)?;
        summary.embedding_width = Some(embedded.width);
        if embedded.unused > 0 {
            summary.notes.push(format!("{} embeddings belong to no query and were left out", embedded.unused));
        }
    }
    output.pool(&Pool::of(models.iter().copied(), Some(&prices)))?;
    output.finish()?;
    Ok(summary)
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
