//! Outcomes as blocks of queries x models: what training, controls and metrics read.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::error::{Place, TableError};
use crate::ids::{DatasetId, ModelName, QueryId};
use crate::outcomes::OutcomeRow;
use crate::queries::QueryRow;
use crate::table::Table;

/// Queries x models of score, cost, latency and tokens. Blocks are row-major: query `q`, model `m` is at
/// `q * models + m`; NaN where there is no record.
///
/// Holds: models and datasets are in ascending byte order of their names, without repeats; every block has
/// queries x models numbers; a score is NaN or from 0 to 1; a cost or latency is NaN or finite and not negative.
#[derive(Debug, Clone)]
pub struct Outcomes {
    parts: OutcomeParts,
    datasets: Vec<DatasetId>,
    dataset_of: Vec<u32>,
}

/// What [`Outcomes`] are made of, before it is checked.
#[derive(Debug, Clone, Default)]
pub struct OutcomeParts {
    /// Where the outcomes come from; messages name it.
    pub path: PathBuf,
    /// The queries: the rows of the blocks.
    pub queries: Vec<QueryRow>,
    /// The models: the columns of the blocks.
    pub models: Vec<ModelName>,
    /// Scores from 0 to 1.
    pub scores: Vec<f64>,
    /// Costs in US dollars.
    pub costs_usd: Vec<f64>,
    /// Latencies in milliseconds.
    pub latencies_ms: Vec<f64>,
    /// Tokens of the prompts, as each model counts them.
    pub prompt_tokens: Vec<f64>,
    /// Tokens of the answers.
    pub completion_tokens: Vec<f64>,
}

impl Outcomes {
    /// Arranges outcome rows in the order of `queries` and the byte order of model names. Pairs without a row are NaN.
    ///
    /// # Errors
    /// When a row names a query that is not among `queries` or that has another dataset, repeats a query and model, or
    /// holds a number that cannot be. The message names the row. Also when a query is listed twice; the message names the
    /// `queries.parquet` beside the outcomes, which is where queries lie.
    pub fn join(queries: Vec<QueryRow>, table: &Table<OutcomeRow>) -> Result<Self, TableError> {
        let mut models: Vec<ModelName> = Vec::new();
        for row in &table.rows {
            if let Err(place) = models.binary_search(&row.model) {
                models.insert(place, row.model.clone());
            }
        }
        let mut query_of: HashMap<&QueryId, usize> = HashMap::with_capacity(queries.len());
        for (index, query) in queries.iter().enumerate() {
            if query_of.insert(&query.query_id, index).is_some() {
                return Err(TableError::DuplicateKey {
                    path: table.path.with_file_name("queries.parquet"),
                    key: format!("`query_id={}`", query.query_id),
                });
            }
        }
        let empty = || vec![f64::NAN; queries.len() * models.len()];
        let mut parts = OutcomeParts {
            path: table.path.clone(),
            scores: empty(),
            costs_usd: empty(),
            latencies_ms: empty(),
            prompt_tokens: empty(),
            completion_tokens: empty(),
            ..OutcomeParts::default()
        };
        let mut first_row: Vec<u32> = vec![0; queries.len() * models.len()];
        let mut last: Option<(&QueryId, usize)> = None;
        for (index, row) in table.rows.iter().enumerate() {
            let number = index as u64 + 1;
            let wrong = |column: &str, reason: String| TableError::Value {
                path: table.path.clone(),
                place: Place::Row(number),
                column: column.to_owned(),
                reason,
            };
            // Rows are sorted by query, so most look-ups are that of the row before.
            let query = match last {
                Some((id, query)) if *id == row.query_id => query,
                _ => *query_of
                    .get(&row.query_id)
                    .ok_or_else(|| wrong("query_id", format!("there is no query `{}`", row.query_id)))?,
            };
            last = Some((&row.query_id, query));
            if row.dataset != queries[query].dataset {
                let expected = &queries[query].dataset;
                return Err(wrong("dataset", format!("`{}`, but the query's dataset is `{expected}`", row.dataset)));
            }
            let model = models.partition_point(|model| *model < row.model);
            let at = query * models.len() + model;
            if first_row[at] != 0 {
                return Err(TableError::Row {
                    path: table.path.clone(),
                    place: Place::Row(number),
                    reason: format!("`{}` and `{}` were already in row {}", row.query_id, row.model, first_row[at]),
                });
            }
            first_row[at] = u32::try_from(number).unwrap_or(u32::MAX);
            let checked = |column, value: Option<f64>, max| match value {
                None => Ok(f64::NAN),
                Some(value) => check_number(value, max).map(|()| value).map_err(|reason| wrong(column, reason)),
            };
            parts.scores[at] = checked("score", row.score, 1.0)?;
            parts.costs_usd[at] = checked("cost_usd", row.cost_usd, f64::MAX)?;
            parts.latencies_ms[at] = checked("latency_ms", row.latency_ms, f64::MAX)?;
            #[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
            {
                parts.prompt_tokens[at] = row.prompt_tokens.map_or(f64::NAN, |tokens| tokens as f64);
                parts.completion_tokens[at] = row.completion_tokens.map_or(f64::NAN, |tokens| tokens as f64);
            }
        }
        drop(query_of);
        parts.queries = queries;
        parts.models = models;
        Ok(Self::arranged(parts))
    }

    /// Checks the parts; see the type for what must hold.
    ///
    /// # Errors
    /// When it does not hold; the message names the block and the place in it.
    pub fn try_new(parts: OutcomeParts) -> Result<Self, TableError> {
        let wrong = |reason: String| TableError::Settings { path: parts.path.clone(), reason };
        if let Some(pair) = parts.models.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(wrong(format!("model `{}` comes before `{}`, expected ascending names", pair[0], pair[1])));
        }
        let size = parts.queries.len() * parts.models.len();
        let blocks = [
            ("scores", &parts.scores, 1.0),
            ("costs_usd", &parts.costs_usd, f64::MAX),
            ("latencies_ms", &parts.latencies_ms, f64::MAX),
            ("prompt_tokens", &parts.prompt_tokens, f64::MAX),
            ("completion_tokens", &parts.completion_tokens, f64::MAX),
        ];
        for (name, block, max) in blocks {
            if block.len() != size {
                return Err(wrong(format!("`{name}` has {} numbers, expected {size}", block.len())));
            }
            for (at, value) in block.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                check_number(*value, max).map_err(|reason| {
                    let (query, model) = (at / parts.models.len(), at % parts.models.len());
                    wrong(format!(
                        "`{name}` of `{}`, `{}`: {reason}",
                        parts.queries[query].query_id, parts.models[model]
                    ))
                })?;
            }
        }
        Ok(Self::arranged(parts))
    }

    fn arranged(parts: OutcomeParts) -> Self {
        let mut datasets: Vec<DatasetId> = Vec::new();
        for query in &parts.queries {
            if let Err(place) = datasets.binary_search(&query.dataset) {
                datasets.insert(place, query.dataset.clone());
            }
        }
        let place = |query: &QueryRow| datasets.partition_point(|dataset| *dataset < query.dataset);
        let dataset_of = parts.queries.iter().map(|query| u32::try_from(place(query)).unwrap_or(u32::MAX)).collect();
        Self { parts, datasets, dataset_of }
    }

    /// The same models on some of the queries, in the order of `queries` (positions in [`Outcomes::queries`]).
    ///
    /// # Panics
    /// When a position is out of range.
    #[must_use]
    pub fn select(&self, queries: &[usize]) -> Self {
        let width = self.models().len();
        let block = |values: &[f64]| {
            queries.iter().flat_map(|&query| values[query * width..(query + 1) * width].iter().copied()).collect()
        };
        let parts = &self.parts;
        Self::arranged(OutcomeParts {
            path: parts.path.clone(),
            queries: queries.iter().map(|&query| parts.queries[query].clone()).collect(),
            models: parts.models.clone(),
            scores: block(&parts.scores),
            costs_usd: block(&parts.costs_usd),
            latencies_ms: block(&parts.latencies_ms),
            prompt_tokens: block(&parts.prompt_tokens),
            completion_tokens: block(&parts.completion_tokens),
        })
    }

    /// The queries, in the order given.
    pub fn queries(&self) -> &[QueryRow] {
        &self.parts.queries
    }

    /// The models, in ascending byte order.
    pub fn models(&self) -> &[ModelName] {
        &self.parts.models
    }

    /// The datasets that have a query, in ascending byte order.
    pub fn datasets(&self) -> &[DatasetId] {
        &self.datasets
    }

    /// For each query the position of its dataset in [`Outcomes::datasets`].
    pub fn dataset_of(&self) -> &[u32] {
        &self.dataset_of
    }

    /// Where a query's model is in every block.
    pub fn at(&self, query: usize, model: usize) -> usize {
        query * self.parts.models.len() + model
    }

    /// Scores from 0 to 1.
    pub fn scores(&self) -> &[f64] {
        &self.parts.scores
    }

    /// Costs in US dollars.
    pub fn costs_usd(&self) -> &[f64] {
        &self.parts.costs_usd
    }

    /// Latencies in milliseconds.
    pub fn latencies_ms(&self) -> &[f64] {
        &self.parts.latencies_ms
    }

    /// Tokens of the prompts, as each model counts them.
    pub fn prompt_tokens(&self) -> &[f64] {
        &self.parts.prompt_tokens
    }

    /// Tokens of the answers.
    pub fn completion_tokens(&self) -> &[f64] {
        &self.parts.completion_tokens
    }

    /// Whether every model has a score on the query.
    pub fn is_complete(&self, query: usize) -> bool {
        self.parts.scores[self.at(query, 0)..self.at(query + 1, 0)].iter().all(|score| !score.is_nan())
    }
}

/// Whether a number may stand in a block whose largest number is `max`.
pub(crate) fn check_number(value: f64, max: f64) -> Result<(), String> {
    match value {
        value if !value.is_finite() => Err(format!("{value} is not a finite number")),
        value if value < 0.0 => Err(format!("{value} is below 0")),
        value if value > max => Err(format!("{value} is above {max}")),
        _ => Ok(()),
    }
}
