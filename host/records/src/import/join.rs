//! Completions and scores into outcomes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::atomic::WrittenFile;
use crate::completions::{CompletionRow, CompletionStatus, CostSource, digest_completions, read_completions};
use crate::error::{Place, TableError};
use crate::ids::{DatasetId, ModelName, QueryId};
use crate::outcomes::{OutcomeRow, check_number};
use crate::provenance::{Provenance, own_tool};
use crate::queries::QueryRow;
use crate::scores::{ScoreRow, ScoreStatus};
use crate::scoring::Scoring;
use crate::table::{Table, read_table, write_table};

/// Joins the queries, the completions and one scoring of a folder into its `outcomes.parquet`.
///
/// A completion whose status is not `ok`, or that no evaluator scored, has a null score; what it cost stays. Several
/// samples of a query and model become the mean of those that have a value, tokens rounded to whole ones.
///
/// # Errors
/// When a table cannot be read, a completion or score belongs to nothing, a query or completion comes twice, a cost or
/// latency is negative or not finite, or one completion has scores of two evaluators. The message names file and row.
pub fn build_outcomes(folder: &Path, scoring: &str) -> Result<WrittenFile, TableError> {
    let queries = folder.join("queries.parquet");
    let mut provenance = Provenance::by(own_tool())
        .value("scoring", scoring)
        .input_file("queries", &queries)?
        .input("completions", digest_completions(folder)?);
    let current = Scoring::read(folder, scoring)?;
    for path in current.paths(folder, scoring)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        provenance = provenance.input_file(format!("scores {name}"), &path)?;
    }
    let queries: Table<QueryRow> = read_table(&queries)?;
    let completions = read_completions(folder)?;
    let rows = join(&queries, &completions, &current.tables(folder, scoring)?)?;
    write_table(&folder.join("outcomes.parquet"), &rows, &provenance)
}

fn join(
    queries: &Table<QueryRow>,
    completions: &Table<CompletionRow>,
    scores: &[Table<ScoreRow>],
) -> Result<Vec<OutcomeRow>, TableError> {
    let mut dataset_of: HashMap<&QueryId, &DatasetId> = HashMap::with_capacity(queries.rows.len());
    for query in &queries.rows {
        if dataset_of.insert(&query.query_id, &query.dataset).is_some() {
            let key = format!("`query_id={}`", query.query_id);
            return Err(TableError::DuplicateKey { path: queries.path.clone(), key });
        }
    }
    let score_of = scores_by_sample(completions, scores)?;

    let mut pairs: BTreeMap<(&QueryId, &ModelName), Vec<&CompletionRow>> = BTreeMap::new();
    for (index, row) in completions.rows.iter().enumerate() {
        if !dataset_of.contains_key(&row.query_id) {
            return Err(wrong(completions, index, "query_id", format!("there is no query `{}`", row.query_id)));
        }
        for (column, value) in [("cost_usd", row.cost_usd), ("latency_ms", row.latency_ms)] {
            value
                .map_or(Ok(()), |value| check_number(value, f64::MAX))
                .map_err(|reason| wrong(completions, index, column, reason))?;
        }
        pairs.entry((&row.query_id, &row.model)).or_default().push(row);
    }
    let joined = |((query_id, model), samples): ((&QueryId, &ModelName), Vec<&CompletionRow>)| {
        let dataset = *dataset_of.get(query_id)?;
        let facts = samples.into_iter().map(|row| SampleFacts {
            score: score_of
                .get(&(query_id, model, row.sample_index))
                .copied()
                .filter(|_| row.status == CompletionStatus::Ok),
            cost_usd: row.cost_usd,
            cost_source: row.cost_source,
            latency_ms: row.latency_ms,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
        });
        Some(outcome(query_id.clone(), model.clone(), dataset.clone(), &facts.collect::<Vec<_>>()))
    };
    Ok(pairs.into_iter().filter_map(joined).collect())
}

/// What one answer says about its model on its query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SampleFacts {
    /// Null where there is no usable score; so is that of a call that failed.
    pub(super) score: Option<f64>,
    /// US dollars.
    pub(super) cost_usd: Option<f64>,
    /// Where the cost comes from.
    pub(super) cost_source: Option<CostSource>,
    /// Milliseconds.
    pub(super) latency_ms: Option<f64>,
    /// Tokens of the prompt.
    pub(super) prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub(super) completion_tokens: Option<u64>,
}

/// The outcome of a query and model: the mean over its samples that have a value.
pub(super) fn outcome(query_id: QueryId, model: ModelName, dataset: DatasetId, samples: &[SampleFacts]) -> OutcomeRow {
    OutcomeRow {
        query_id,
        model,
        dataset,
        score: mean(samples.iter().map(|sample| sample.score)),
        cost_usd: mean(samples.iter().map(|sample| sample.cost_usd)),
        cost_source: samples.iter().find_map(|sample| sample.cost_source),
        latency_ms: mean(samples.iter().map(|sample| sample.latency_ms)),
        prompt_tokens: mean_tokens(samples.iter().map(|sample| sample.prompt_tokens)),
        completion_tokens: mean_tokens(samples.iter().map(|sample| sample.completion_tokens)),
    }
}

type Sample<'a> = (&'a QueryId, &'a ModelName, u32);

/// The score of every completion that has one.
fn scores_by_sample<'a>(
    completions: &'a Table<CompletionRow>,
    scores: &'a [Table<ScoreRow>],
) -> Result<HashMap<Sample<'a>, f64>, TableError> {
    let mut row_of: HashMap<Sample<'_>, usize> = HashMap::with_capacity(completions.rows.len());
    for (index, row) in completions.rows.iter().enumerate() {
        if let Some(other) = row_of.insert((&row.query_id, &row.model, row.sample_index), index) {
            let reason = format!(
                "{} of `{}` and `{}` was already in row {}",
                row.sample_index,
                row.query_id,
                row.model,
                other + 1
            );
            return Err(wrong(completions, index, "sample_index", reason));
        }
    }
    let mut score_of = HashMap::with_capacity(completions.rows.len());
    for (table, index, row) in
        scores.iter().flat_map(|table| table.rows.iter().enumerate().map(move |(index, row)| (table, index, row)))
    {
        let key = (&row.query_id, &row.model, row.sample_index);
        if !row_of.contains_key(&key) {
            let reason = format!("there is no completion `{}`, `{}`, {}", row.query_id, row.model, row.sample_index);
            return Err(wrong(table, index, "query_id", reason));
        }
        let Some(score) = row.score.filter(|_| row.status == ScoreStatus::Ok) else { continue };
        check_number(score, 1.0).map_err(|reason| wrong(table, index, "score", reason))?;
        if score_of.insert(key, score).is_some() {
            let reason = format!("`{}` of `{}` is already scored by another evaluator", row.model, row.query_id);
            return Err(wrong(table, index, "evaluator", reason));
        }
    }
    Ok(score_of)
}

fn wrong<R>(table: &Table<R>, index: usize, column: &str, reason: String) -> TableError {
    TableError::Value {
        path: table.path.clone(),
        place: Place::Row(index as u64 + 1),
        column: column.to_owned(),
        reason,
    }
}

/// The mean of the values that are there.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, count) = values.flatten().fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token counts are not negative and far below 2^53"
)]
fn mean_tokens(values: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    mean(values.map(|value| value.map(|tokens| tokens as f64))).map(|mean| mean.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table<R>(name: &str, rows: Vec<R>) -> Table<R> {
        Table { path: format!("{name}.parquet").into(), rows, provenance: Provenance::default() }
    }

    fn query() -> QueryRow {
        QueryRow {
            query_id: QueryId::new("d", "test", 1).unwrap(),
            dataset: "d".into(),
            split: "test".into(),
            record_index: 1,
            origin_query: String::new(),
            prompt: String::new(),
            ground_truth: None,
            metadata: "{}".to_owned(),
            group_key: String::new(),
        }
    }

    fn completion(sample_index: u32) -> CompletionRow {
        CompletionRow {
            query_id: query().query_id,
            model: "m".into(),
            sample_index,
            raw_output: String::new(),
            status: CompletionStatus::Ok,
            finish_reason: None,
            prompt_tokens: None,
            completion_tokens: None,
            reasoning_tokens: None,
            cached_tokens: None,
            usage_source: None,
            cost_usd: Some(1.0),
            cost_source: None,
            latency_ms: Some(2.0),
            ttft_ms: None,
            attempts: 1,
            provider_model: None,
            request_digest: None,
            collected_at: None,
            error: None,
        }
    }

    #[test]
    fn completions_that_cannot_be_are_refused_with_their_row() {
        let joined = |queries: Vec<QueryRow>, rows: Vec<CompletionRow>| {
            let (queries, completions) = (table("queries", queries), table("completions", rows));
            join(&queries, &completions, &[table("scores", Vec::new())]).map_err(|error| error.to_string())
        };
        let costing = |cost_usd| CompletionRow { cost_usd: Some(cost_usd), ..completion(1) };
        let lasting = |latency_ms| CompletionRow { latency_ms: Some(latency_ms), ..completion(1) };
        let cases = [
            (costing(-0.5), "`completions.parquet`: row 2: `cost_usd`: -0.5 is below 0"),
            (costing(f64::NAN), "`completions.parquet`: row 2: `cost_usd`: NaN is not a finite number"),
            (lasting(f64::INFINITY), "`completions.parquet`: row 2: `latency_ms`: inf is not a finite number"),
            (
                completion(0),
                "`completions.parquet`: row 2: `sample_index`: 0 of `d/test/1` and `m` was already in row 1",
            ),
        ];
        for (row, expected) in cases {
            assert_eq!(joined(vec![query()], vec![completion(0), row]).unwrap_err(), expected);
        }
        assert_eq!(joined(vec![query()], vec![completion(0), completion(1)]).unwrap().len(), 1);
        assert_eq!(
            joined(vec![query(), query()], Vec::new()).unwrap_err(),
            "`queries.parquet`: two rows have the key `query_id=d/test/1`"
        );
    }
}
