//! Outcomes in the long form: one row per query and model, with the query's text in every row; as Parquet, as
//! comma-separated values or as JSON Lines.

use std::collections::HashMap;
use std::path::Path;

use crate::completions::CostSource;
use crate::error::{Place, TableError};
use crate::ids::{DatasetId, EncoderName, ModelName, QueryId, SharedText, SplitName};
use crate::import::dataset::content::Content;
use crate::import::dataset::rows::{RowForm, RowsTotal, SourceRow, each_row_of};
use crate::import::embeddings::read_embeddings;
use crate::import::loose::Fields;
use crate::import::output::{Output, refuse_full};
use crate::import::{ImportSummary, Progress};
use crate::outcomes::{OutcomeRow, check_number};
use crate::pool::{Pool, PriceList};
use crate::provenance::{Provenance, own_tool};
use crate::queries::{QueryRow, group_key};
use crate::table::TableReader;
use crate::table::row::table;

/// What a file of outcomes is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeFormat {
    /// Parquet.
    Parquet,
    /// Comma-separated values; the first record names the columns. An empty cell says nothing.
    Csv,
    /// JSON Lines: an object a line. A JSON list of objects is read too.
    JsonLines,
}

impl OutcomeFormat {
    /// The format that a file's ending says, whatever it is packed with; Parquet where it says nothing.
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let name = name.trim_end_matches(".gz").trim_end_matches(".zip");
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv") => Self::Csv,
            Some("jsonl" | "ndjson" | "json") => Self::JsonLines,
            _ => Self::Parquet,
        }
    }
}

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
    format: OutcomeFormat,
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
    read_rows(file, format, progress, &mut |place, row| gathered.add(file, place, row, price_list.as_ref()))?;
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

/// Calls `each` with every row of a file.
fn read_rows(
    file: &Path,
    format: OutcomeFormat,
    progress: &mut dyn FnMut(Progress),
    each: &mut dyn FnMut(Place, SourceOutcome) -> Result<(), TableError>,
) -> Result<(), TableError> {
    /// Rows between two reports of progress, where they are not decoded by the batch.
    const REPORT_EVERY: u64 = 4096;
    let form = match format {
        OutcomeFormat::Parquet => {
            let mut reader = TableReader::<SourceOutcome>::open(file)?;
            let rows_total = reader.rows_total();
            let (mut rows, mut rows_done) = (Vec::new(), 0);
            while reader.read_into(&mut rows)? {
                for row in rows.drain(..) {
                    rows_done += 1;
                    each(Place::Row(rows_done), row)?;
                }
                progress(Progress { rows_done, rows_total });
            }
            return Ok(());
        }
        OutcomeFormat::Csv => RowForm::Separated(b','),
        OutcomeFormat::JsonLines => RowForm::Json,
    };
    let mut rows_done = 0;
    let mut content = Content::of(file)?;
    let mut total = RowsTotal::of(&mut content)?;
    each_row_of(&mut content, form, None, &mut |row| {
        rows_done += 1;
        if rows_done % REPORT_EVERY == 0 {
            progress(Progress { rows_done, rows_total: total.after(rows_done) });
        }
        each(row.place, outcome(file, &row)?)
    })
}

/// A row of a format that knows few types.
fn outcome(file: &Path, row: &SourceRow) -> Result<SourceOutcome, TableError> {
    let fields = Fields::of(file, row);
    Ok(SourceOutcome {
        dataset: fields.text("dataset")?.into(),
        split: fields.text("split")?.into(),
        query_id: fields.text("query_id")?.into(),
        query: fields.text("query")?.into(),
        model: fields.text("model")?.into(),
        score: fields.number("score")?,
        prompt_tokens: fields.whole_if_given("prompt_tokens")?,
        completion_tokens: fields.whole_if_given("completion_tokens")?,
        cost_usd: fields.number_if_given("cost_usd")?,
        latency_ms: fields.number_if_given("latency_ms")?,
        ground_truth: fields.text_if_given("ground_truth")?.map(SharedText::from),
    })
}

/// What the rows read so far come to.
#[derive(Default)]
struct Gathered {
    queries: Vec<QueryRow>,
    source_ids: Vec<SharedText>,
    /// Where in the file each query came first.
    first_places: Vec<Place>,
    /// Whether a query was seen with more than one reference answer.
    truth_varies: Vec<bool>,
    query_of: HashMap<(DatasetId, SplitName, SharedText), usize>,
    /// Per dataset and split the number of queries so far.
    counts: HashMap<(DatasetId, SplitName), u64>,
    dataset_count: usize,
    models: std::collections::BTreeMap<ModelName, u32>,
    /// Where in the file each query and model is.
    place_of: HashMap<(usize, u32), Place>,
    outcomes: Vec<OutcomeRow>,
    last: Option<((DatasetId, SplitName, SharedText), usize)>,
}

impl Gathered {
    fn add(
        &mut self,
        file: &Path,
        place: Place,
        row: SourceOutcome,
        prices: Option<&PriceList>,
    ) -> Result<(), TableError> {
        let wrong = |column: &str, reason: String| TableError::Value {
            path: file.to_owned(),
            place,
            column: column.to_owned(),
            reason,
        };
        let query = self.query(file, place, &row)?;
        let next_model = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        let model = match self.models.get(&row.model) {
            Some(&model) => model,
            None => *self.models.entry(row.model.clone()).or_insert(next_model),
        };
        if let Some(other) = self.place_of.insert((query, model), place) {
            return Err(TableError::Row {
                path: file.to_owned(),
                place,
                reason: format!("query `{}` and model `{}` were already in {other}", row.query_id, row.model),
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
    fn query(&mut self, file: &Path, place: Place, row: &SourceOutcome) -> Result<usize, TableError> {
        let key = (row.dataset.clone(), row.split.clone(), row.query_id.clone());
        let known = match &self.last {
            Some((last, query)) if *last == key => Some(*query),
            _ => self.query_of.get(&key).copied(),
        };
        let Some(query) = known else {
            return self.new_query(file, place, key, row);
        };
        if self.queries[query].prompt != row.query.as_str() {
            let reason = format!("`{}` has another text than in {}", row.query_id, self.first_places[query]);
            let (path, column) = (file.to_owned(), "query".to_owned());
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
        place: Place,
        key: (DatasetId, SplitName, SharedText),
        row: &SourceOutcome,
    ) -> Result<usize, TableError> {
        let (dataset, split, source_id) = key.clone();
        let count = self.counts.entry((dataset.clone(), split.clone())).or_default();
        *count += 1;
        let query_id = QueryId::new(&dataset, &split, *count).map_err(|error| TableError::Row {
            path: file.to_owned(),
            place,
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
        self.first_places.push(place);
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
