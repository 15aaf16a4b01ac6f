//! Queries, answers and scores of a table on their way into ours: what models wrote in scratch room, the rest in memory.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::completions::{CompletionRow, CompletionStatus};
use crate::error::TableError;
use crate::ids::{DatasetId, ModelName, QueryId, SplitName};
use crate::import::ImportSummary;
use crate::import::output::Output;
use crate::import::staged::Answer;
use crate::pool::Pool;
use crate::provenance::{Provenance, digest_bytes, own_tool};
use crate::queries::{QueryRow, group_key};
use crate::scores::{ScoreRow, ScoreStatus};
use crate::scratch::{Kept, Scratch};
use crate::table::Row;

/// What stands in the place of the evaluator that gave the scores.
const EVALUATOR: &str = "routerbench";

/// The records that were read so far.
pub(super) struct Records {
    split: SplitName,
    evaluator_digest: String,
    queries: Vec<QueryRow>,
    by_source: HashMap<(String, String), usize>,
    counts: HashMap<String, u64>,
    seen: HashSet<(usize, ModelName)>,
    /// Without what the models wrote.
    completions: Vec<(CompletionRow, Kept)>,
    scratch: Scratch,
    scores: Vec<ScoreRow>,
}

impl Records {
    /// None so far. All queries get the split. `out_dir` is the folder that will be written; scratch room is inside it, or
    /// where it will be made.
    pub(super) fn new(split: SplitName, out_dir: &Path) -> Self {
        let there = out_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        Self {
            split,
            // No component scored here. What stands in its place names the rule by which verdicts became scores.
            evaluator_digest: digest_bytes(format!("{EVALUATOR} verdicts, {}", own_tool()).as_bytes()),
            scratch: Scratch::new(there),
            queries: Vec::new(),
            by_source: HashMap::new(),
            counts: HashMap::new(),
            seen: HashSet::new(),
            completions: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// The query that a dataset and an id of the source name, if there is one.
    pub(super) fn known(&self, dataset: &str, source_id: &str) -> Option<usize> {
        self.by_source.get(&(dataset.to_owned(), source_id.to_owned())).copied()
    }

    /// A new query, whose place in its dataset is the order in which they come. A `/` in a dataset's name becomes a `-`;
    /// `source_id` is added to `metadata`. The error is a reason.
    pub(super) fn query(
        &mut self,
        source_dataset: String,
        source_id: String,
        prompt: String,
        mut metadata: Map<String, Value>,
    ) -> Result<usize, String> {
        let record_index = self.counts.get(&source_dataset).copied().unwrap_or_default() + 1;
        let dataset = DatasetId::from(source_dataset.replace('/', "-"));
        metadata.insert("source_id".to_owned(), Value::from(source_id.as_str()));
        self.queries.push(QueryRow {
            query_id: QueryId::new(&dataset, &self.split, record_index).map_err(|error| error.to_string())?,
            dataset,
            split: self.split.clone(),
            record_index,
            group_key: group_key(&prompt),
            origin_query: prompt.clone(),
            prompt,
            ground_truth: None,
            metadata: Value::Object(metadata).to_string(),
        });
        let at = self.queries.len() - 1;
        self.counts.insert(source_dataset.clone(), record_index);
        self.by_source.insert((source_dataset, source_id), at);
        Ok(at)
    }

    /// A query's row.
    pub(super) fn row(&self, query: usize) -> &QueryRow {
        &self.queries[query]
    }

    /// A model's answer to a query, and its score. False when there was one already; then nothing changes. One that failed
    /// has no score, whatever the source made of it.
    ///
    /// # Errors
    /// When there is no scratch room.
    pub(super) fn answer(
        &mut self,
        query: usize,
        model: &ModelName,
        mut answer: Answer,
        score: Option<f64>,
    ) -> Result<bool, TableError> {
        if !self.seen.insert((query, model.clone())) {
            return Ok(false);
        }
        let query_id = &self.queries[query].query_id;
        let score = score.filter(|_| answer.status == CompletionStatus::Ok);
        self.scores.extend(score.map(|score| ScoreRow {
            query_id: query_id.clone(),
            model: model.clone(),
            sample_index: 0,
            evaluator: EVALUATOR.into(),
            score: Some(score),
            prediction: None,
            explanation: None,
            evaluator_digest: self.evaluator_digest.clone(),
            evaluator_config: "{}".into(),
            item_digest: String::new(),
            status: ScoreStatus::Ok,
        }));
        let raw_output = self.scratch.keep(&std::mem::take(&mut answer.raw_output))?;
        self.completions.push((answer.row(query_id.clone(), model.clone(), 0), raw_output));
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
        output.scores(EVALUATOR, &self.evaluator_digest, &self.scores)?;
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

    /// What a reader of the tables should know.
    fn notes(&self, models: usize) -> Vec<String> {
        let rows = || self.completions.iter().map(|(row, _)| row);
        let answers = self.completions.len();
        let failed = rows().filter(|row| row.status != CompletionStatus::Ok).count();
        let without_cost = rows().filter(|row| row.cost_usd.is_none()).count();
        let unscored = answers - failed - self.scores.len();
        // An answer is one of a pair.
        let pairs = self.queries.len() * models;
        let missing = pairs - answers;
        [
            (failed, format!("{failed} of {answers} answers failed: they have a status and no score")),
            (unscored, format!("{unscored} of {answers} answers have no score in the source")),
            (missing, format!("{missing} of {pairs} pairs of query and model have no record")),
            (without_cost, format!("{without_cost} of {answers} answers have no known cost")),
        ]
        .into_iter()
        .filter_map(|(count, note)| (count > 0).then_some(note))
        .collect()
    }
}
