//! Outcomes in the long form: one row per query and model, with the query's text in every row.

use std::collections::HashMap;
use std::path::Path;

use crate::completions::CostSource;
use crate::error::{Place, TableError};
use crate::ids::{DatasetId, EncoderName, ModelName, QueryId, SharedText, SplitName};
use crate::import::embeddings::read_embeddings;
use crate::import::output::{Output, refuse_full};
use crate::import::{ImportSummary, Progress};
use crate::outcomes::{OutcomeRow, check_number};
use crate::pool::{Pool, PriceList};
use crate::provenance::{Provenance, own_tool};
use crate::queries::{QueryRow, group_key};
use crate::table::TableReader;
use crate::table::row::table;

table! {
    /// One row of a foreign file of outcomes. Columns that may be null may be absent.
    SourceOutcome: "source-outcomes", version 1, key [query_id, model], foreign true;
    /// The benchmark or category.
    dataset: DatasetId,
    /// The dataset's part.
    split: SplitName,
    /// The source's own id of the query, unique within dataset and split.
    query_id: SharedText,
    /// The question.
    query: SharedText,
    /// The model.
    model: ModelName,
    /// From 0 to 1.
    score: f64,
    /// Tokens of the prompt.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    completion_tokens: Option<u64>,
    /// US dollars.
    cost_usd: Option<f64>,
    /// Milliseconds.
    latency_ms: Option<f64>,
    /// The reference answer.
    ground_truth: Option<SharedText>,
}

/// Reads outcomes in the long form (`dataset`, `split`, `query_id`, `query`, `model`, `score`, and where known
/// `prompt_tokens`, `completion_tokens`, `cost_usd`, `latency_ms`, `ground_truth`; rows in any order) and writes
/// `queries.parquet`, `outcomes.parquet`, `pool.toml`, with `embeddings` also `embeddings.parquet`, and last
/// `manifest.json` into `out_dir`.
///
/// A query gets the id `<dataset>/<split>/<n>`, n counting from 1 in the order in which the file first names it; the
/// source's id is kept in its metadata as `source_id`. With `prices`, a cost that the file lacks is computed where both
/// token counts are known. `encoder` is what the embeddings are said to be made by.
///
/// # Errors
/// When a file cannot be read as that form, a query has two texts, a query and model have two rows, a number cannot be
/// (a score outside 0 to 1, a negative cost), a file holds no rows, a query has no embedding, or `out_dir` already holds
/// a table. The message names file, row and column. Nothing is written then.
pub fn import_outcomes(
    file: &Path,
    embeddings: Option<(&Path, &EncoderName)>,
    prices: Option<&Path>,
    out_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportSummary, TableError> {
    refuse_full(out_dir)?;
    let mut provenance = Provenance::by(own_tool()).input_file("outcomes", file)?;
    let price_list = prices.map(PriceList::read).transpose()?;
    if let Some(path) = prices {
        provenance = provenance.input_file("prices", path)?;
    }
    let mut gathered = Gathered::default();
    let mut reader = TableReader::<SourceOutcome>::open(file)?;
    let rows_total = reader.rows_total();
    let mut rows = Vec::new();
    while reader.read_into(&mut rows)? {
        for row in rows.drain(..) {
            gathered.add(file, row, price_list.as_ref())?;
        }
        progress(Progress { rows_done: gathered.outcomes.len() as u64, rows_total });
    }
    if gathered.outcomes.is_empty() {
        return Err(TableError::NoRows { path: file.to_owned() });
    }
    let embedded = match embeddings {
        None => None,
        Some((path, encoder)) => {
            provenance = provenance.input_file("embeddings", path)?.value("encoder", encoder);
            Some(read_embeddings(path, encoder, &gathered.queries, &gathered.source_ids)?)
        }
    };

    let mut notes = gathered.notes();
    let models: Vec<ModelName> = gathered.models.into_keys().collect();
    let mut output = Output::begin(out_dir, provenance)?;
    output.table(&gathered.queries)?;
    output.table(&gathered.outcomes)?;
    if let Some(embedded) = &embedded {
        output.table(&embedded.rows)?;
        if embedded.unused > 0 {
            notes.push(format!("{} embeddings belong to no query and were left out", embedded.unused));
        }
    }
    output.pool(&Pool::of(&models, price_list.as_ref()))?;
    output.finish()?;
    Ok(ImportSummary {
        folder: out_dir.to_owned(),
        rows: gathered.outcomes.len() as u64,
        queries: gathered.queries.len(),
        models: models.len(),
        datasets: gathered.dataset_count,
        embedding_width: embedded.map(|embedded| embedded.width),
        notes,
    })
}

/// What the rows read so far come to.
#[derive(Default)]
struct Gathered {
    queries: Vec<QueryRow>,
    source_ids: Vec<SharedText>,
    /// Row of the file, from 1, in which each query came first.
    first_rows: Vec<u64>,
    /// Whether a query was seen with more than one reference answer.
    truth_varies: Vec<bool>,
    query_of: HashMap<(DatasetId, SplitName, SharedText), usize>,
    /// Per dataset and split the number of queries so far.
    counts: HashMap<(DatasetId, SplitName), u64>,
    dataset_count: usize,
    models: std::collections::BTreeMap<ModelName, u32>,
    /// Row of the file, from 1, of each query and model.
    row_of: HashMap<(usize, u32), u64>,
    outcomes: Vec<OutcomeRow>,
    last: Option<((DatasetId, SplitName, SharedText), usize)>,
}

impl Gathered {
    fn add(&mut self, file: &Path, row: SourceOutcome, prices: Option<&PriceList>) -> Result<(), TableError> {
        let number = self.outcomes.len() as u64 + 1;
        let wrong = |column: &str, reason: String| TableError::Value {
            path: file.to_owned(),
            place: Place::Row(number),
            column: column.to_owned(),
            reason,
        };
        let query = self.query(file, number, &row)?;
        let next_model = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        let model = match self.models.get(&row.model) {
            Some(&model) => model,
            None => *self.models.entry(row.model.clone()).or_insert(next_model),
        };
        if let Some(other) = self.row_of.insert((query, model), number) {
            return Err(TableError::Row {
                path: file.to_owned(),
                place: Place::Row(number),
                reason: format!("query `{}` and model `{}` were already in row {other}", row.query_id, row.model),
            });
        }
        check_number(row.score, 1.0).map_err(|reason| wrong("score", reason))?;
        for (column, value) in [("cost_usd", row.cost_usd), ("latency_ms", row.latency_ms)] {
            value.map_or(Ok(()), |value| check_number(value, f64::MAX)).map_err(|reason| wrong(column, reason))?;
        }
        let (cost_usd, cost_source) = match row.cost_usd {
            Some(cost_usd) => (Some(cost_usd), Some(CostSource::Imported)),
            None => priced(&row, prices).unzip(),
        };
        self.outcomes.push(OutcomeRow {
            query_id: self.queries[query].query_id.clone(),
            model: row.model,
            dataset: row.dataset,
            score: Some(row.score),
            cost_usd,
            cost_source,
            latency_ms: row.latency_ms,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
        });
        Ok(())
    }

    /// The query of a row: found, checked for the same text, or new.
    fn query(&mut self, file: &Path, number: u64, row: &SourceOutcome) -> Result<usize, TableError> {
        let key = (row.dataset.clone(), row.split.clone(), row.query_id.clone());
        let known = match &self.last {
            Some((last, query)) if *last == key => Some(*query),
            _ => self.query_of.get(&key).copied(),
        };
        let Some(query) = known else {
            return self.new_query(file, number, key, row);
        };
        if self.queries[query].prompt != row.query.as_str() {
            let reason = format!("`{}` has another text than in row {}", row.query_id, self.first_rows[query]);
            let (path, place, column) = (file.to_owned(), Place::Row(number), "query".to_owned());
            return Err(TableError::Value { path, place, column, reason });
        }
        match (&mut self.queries[query].ground_truth, &row.ground_truth) {
            (Some(known), Some(found)) => self.truth_varies[query] |= known != found.as_str(),
            (known @ None, Some(found)) => *known = Some(found.as_str().to_owned()),
            (_, None) => {}
        }
        self.last = Some((key, query));
        Ok(query)
    }

    fn new_query(
        &mut self,
        file: &Path,
        number: u64,
        key: (DatasetId, SplitName, SharedText),
        row: &SourceOutcome,
    ) -> Result<usize, TableError> {
        let (dataset, split, source_id) = key.clone();
        let count = self.counts.entry((dataset.clone(), split.clone())).or_default();
        *count += 1;
        let query_id = QueryId::new(&dataset, &split, *count).map_err(|error| TableError::Row {
            path: file.to_owned(),
            place: Place::Row(number),
            reason: error.to_string(),
        })?;
        let query = self.queries.len();
        self.queries.push(QueryRow {
            query_id,
            dataset,
            split,
            record_index: *count,
            origin_query: row.query.as_str().to_owned(),
            prompt: row.query.as_str().to_owned(),
            ground_truth: row.ground_truth.as_ref().map(|truth| truth.as_str().to_owned()),
            metadata: serde_json::json!({ "source_id": source_id.as_str() }).to_string(),
            group_key: group_key(&row.query),
        });
        self.source_ids.push(source_id);
        self.first_rows.push(number);
        self.truth_varies.push(false);
        self.query_of.insert(key.clone(), query);
        self.last = Some((key, query));
        Ok(query)
    }

    /// What a reader of the tables should know.
    fn notes(&mut self) -> Vec<String> {
        let datasets: std::collections::HashSet<&DatasetId> = self.queries.iter().map(|query| &query.dataset).collect();
        self.dataset_count = datasets.len();
        let mut notes = Vec::new();
        let varied = self.truth_varies.iter().filter(|varies| **varies).count();
        if varied > 0 {
            notes.push(format!("{varied} queries have more than one reference answer; the first of the file was kept"));
        }
        let pairs = self.queries.len() * self.models.len();
        if pairs > self.outcomes.len() {
            notes.push(format!("{} of {pairs} pairs of query and model have no record", pairs - self.outcomes.len()));
        }
        notes
    }
}

/// The cost of a row by the price list, where it can be known.
fn priced(row: &SourceOutcome, prices: Option<&PriceList>) -> Option<(f64, CostSource)> {
    let prices = prices?;
    let price = prices.models.get(&row.model)?;
    Some((price.cost_usd(row.prompt_tokens?, row.completion_tokens?), prices.cost_source()))
}
