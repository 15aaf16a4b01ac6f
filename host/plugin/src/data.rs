//! The `data` import: queries and training sets, served in blocks of rows.

use std::sync::Arc;

use routerlab_kernels::Matrix;
use wasmtime::component::Resource;

use crate::answers::Answers;
use crate::bindings::router::routerlab::plugin::{data, types};
use crate::error::HostFault;
use crate::kernels::HostMatrix;
use crate::state::{CALL_FUEL, StoreState};

/// What is known about a model of the pool before it is asked anything.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// The name the plugin sees; possibly masked.
    pub name: String,
    /// Price of a million prompt tokens in US dollars.
    pub input_usd_per_mtok: Option<f64>,
    /// Price of a million completion tokens in US dollars.
    pub output_usd_per_mtok: Option<f64>,
    /// A sentence or two about the model.
    pub description: Option<String>,
}

/// Queries as a plugin sees them: no ids, no dataset, no label. Cheap to clone; rows are shared.
#[derive(Debug, Clone)]
pub struct QuerySet {
    /// One prompt per row; may be empty when nobody needs prompts.
    pub prompts: Arc<[Arc<str>]>,
    /// Length of each prompt in tokens, 0 where unknown.
    pub prompt_tokens: Arc<[u32]>,
    /// rows x width; none when the run has no embeddings.
    pub embeddings: Option<Matrix>,
    /// The dataset of each row as a number without meaning; may be empty when nobody needs it.
    pub groups: Arc<[u32]>,
}

/// What a router gets to see besides what every router sees: what it needs and its role may have.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Granted {
    pub(crate) prompts: bool,
    pub(crate) embeddings: bool,
    pub(crate) answers: bool,
    pub(crate) groups: bool,
}

impl QuerySet {
    /// How many queries.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.prompt_tokens.len()
    }

    /// What remains when a router gets only what it needs.
    pub(crate) fn reduced(&self, granted: Granted) -> Self {
        Self {
            prompts: if granted.prompts { Arc::clone(&self.prompts) } else { Arc::from([]) },
            prompt_tokens: Arc::clone(&self.prompt_tokens),
            embeddings: if granted.embeddings { self.embeddings.clone() } else { None },
            groups: if granted.groups { Arc::clone(&self.groups) } else { Arc::from([]) },
        }
    }

    /// The rows from `start` on, at most `count` of them.
    #[must_use]
    pub fn batch(&self, start: usize, count: usize) -> Self {
        let end = start.saturating_add(count).min(self.rows());
        let start = start.min(end);
        let prompts = if self.prompts.is_empty() { Arc::from([]) } else { Arc::from(&self.prompts[start..end]) };
        let groups = if self.groups.is_empty() { Arc::from([]) } else { Arc::from(&self.groups[start..end]) };
        let embeddings = self.embeddings.as_ref().and_then(|matrix| matrix.slice_rows(start, end - start).ok());
        Self { prompts, prompt_tokens: Arc::from(&self.prompt_tokens[start..end]), embeddings, groups }
    }
}

/// Queries with what every model of the pool did on them. Cheap to clone; tables are shared.
#[derive(Debug, Clone)]
pub struct TrainingSet {
    /// The queries.
    pub queries: QuerySet,
    /// The pool.
    pub models: Arc<[ModelCard]>,
    /// The dataset of each row as a number without meaning.
    pub groups: Arc<[u32]>,
    /// rows x models; NaN where there is no record.
    pub scores: Arc<[f32]>,
    /// rows x models; NaN where unknown.
    pub costs_usd: Arc<[f32]>,
    /// rows x models; NaN where unknown.
    pub latencies_ms: Arc<[f32]>,
    /// rows x models; NaN where unknown.
    pub completion_tokens: Arc<[f32]>,
    /// What the models answered, for the sequential routers that need it.
    pub answers: Answers,
}

impl TrainingSet {
    pub(crate) fn reduced(&self, granted: Granted) -> Self {
        let answers = if granted.answers { self.answers.clone() } else { Answers::default() };
        Self { queries: self.queries.reduced(granted), answers, ..self.clone() }
    }
}

/// What handing over one text costs besides its bytes.
const TEXT_FUEL: u64 = CALL_FUEL;

/// Rows `start .. start + count` as positions, after a check against `rows`.
fn range(what: &str, start: u32, count: u32, rows: usize) -> Result<std::ops::Range<usize>, HostFault> {
    let end = u64::from(start) + u64::from(count);
    if end > rows as u64 {
        return Err(HostFault::breach(format!("asked for {what} {start} to {end} of a set of {rows} rows")));
    }
    Ok(start as usize..end as usize)
}

impl StoreState {
    /// A block of a rows x width table, paid for.
    fn block<T: Copy>(
        &mut self,
        what: &str,
        start: u32,
        count: u32,
        width: usize,
        table: &[T],
    ) -> Result<Vec<T>, HostFault> {
        let rows = table.len().checked_div(width).unwrap_or(0);
        let range = range(what, start, count, rows)?;
        self.charge((range.len() * width * size_of::<T>()) as u64)?;
        Ok(table[range.start * width..range.end * width].to_vec())
    }

    /// Empty texts in place of those that are not granted, paid for like others.
    fn no_texts(&mut self, count: usize) -> Result<Vec<String>, HostFault> {
        self.charge(TEXT_FUEL * count as u64)?;
        Ok(vec![String::new(); count])
    }

    fn embedding_block(&mut self, handle: &Resource<QuerySet>, start: u32, count: u32) -> Result<Vec<f32>, HostFault> {
        let queries = self.object(handle)?;
        match queries.embeddings.clone() {
            Some(matrix) => self.block("embeddings", start, count, matrix.cols(), matrix.values()),
            None => range("embeddings", start, count, queries.rows()).map(|_| Vec::new()),
        }
    }

    /// A block of a training table: rows x models.
    fn outcome_block(
        &mut self,
        handle: &Resource<TrainingSet>,
        what: &str,
        start: u32,
        count: u32,
        table: impl Fn(&TrainingSet) -> Arc<[f32]>,
    ) -> Result<Vec<f32>, HostFault> {
        let set = self.object(handle)?;
        let (width, table) = (set.models.len(), table(set));
        self.block(what, start, count, width, &table)
    }
}

impl data::HostQuerySet for StoreState {
    fn rows(&mut self, set: Resource<QuerySet>) -> wasmtime::Result<u32> {
        self.enter()?;
        Ok(self.object(&set)?.rows() as u32)
    }

    fn prompts(&mut self, set: Resource<QuerySet>, start: u32, count: u32) -> wasmtime::Result<Vec<String>> {
        self.enter()?;
        let queries = self.object(&set)?;
        let range = range("prompts", start, count, queries.rows())?;
        if queries.prompts.is_empty() {
            return Ok(self.no_texts(range.len())?);
        }
        let prompts = Arc::clone(&queries.prompts);
        let bytes: usize = prompts[range.clone()].iter().map(|prompt| prompt.len()).sum();
        self.charge(bytes as u64 + TEXT_FUEL * range.len() as u64)?;
        Ok(prompts[range].iter().map(|prompt| String::from(&**prompt)).collect())
    }

    fn prompt_tokens(&mut self, set: Resource<QuerySet>, start: u32, count: u32) -> wasmtime::Result<Vec<u32>> {
        self.enter()?;
        let tokens = Arc::clone(&self.object(&set)?.prompt_tokens);
        Ok(self.block("prompt tokens", start, count, 1, &tokens)?)
    }

    fn embedding_width(&mut self, set: Resource<QuerySet>) -> wasmtime::Result<u32> {
        self.enter()?;
        Ok(self.object(&set)?.embeddings.as_ref().map_or(0, |matrix| matrix.cols() as u32))
    }

    fn embeddings(&mut self, set: Resource<QuerySet>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        self.enter()?;
        Ok(self.embedding_block(&set, start, count)?)
    }

    fn embeddings_bytes(&mut self, set: Resource<QuerySet>, start: u32, count: u32) -> wasmtime::Result<Vec<u8>> {
        self.enter()?;
        let values = self.embedding_block(&set, start, count)?;
        let mut bytes = Vec::with_capacity(values.len() * 4);
        for value in values {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        Ok(bytes)
    }

    fn embedding_matrix(&mut self, set: Resource<QuerySet>) -> wasmtime::Result<Resource<HostMatrix>> {
        self.enter()?;
        let queries = self.object(&set)?;
        let matrix = match queries.embeddings.clone() {
            Some(matrix) => matrix,
            None => Matrix::new(queries.rows(), 0, Vec::new()).map_err(|error| HostFault::breach(error.to_string()))?,
        };
        Ok(self.lend(HostMatrix::shared(matrix))?)
    }

    fn groups(&mut self, set: Resource<QuerySet>, start: u32, count: u32) -> wasmtime::Result<Vec<u32>> {
        self.enter()?;
        let queries = self.object(&set)?;
        let (rows, groups) = (queries.rows(), Arc::clone(&queries.groups));
        if groups.is_empty() {
            let range = range("groups", start, count, rows)?;
            self.charge((range.len() * size_of::<u32>()) as u64)?;
            return Ok(vec![0; range.len()]);
        }
        Ok(self.block("groups", start, count, 1, &groups)?)
    }

    fn drop(&mut self, set: Resource<QuerySet>) -> wasmtime::Result<()> {
        self.enter()?;
        self.table.delete(set)?;
        Ok(())
    }
}

impl data::HostTrainingSet for StoreState {
    fn queries(&mut self, set: Resource<TrainingSet>) -> wasmtime::Result<Resource<QuerySet>> {
        self.enter()?;
        let queries = self.object(&set)?.queries.clone();
        Ok(self.lend(queries)?)
    }

    fn models(&mut self, set: Resource<TrainingSet>) -> wasmtime::Result<Vec<types::ModelCard>> {
        self.enter()?;
        let cards = Arc::clone(&self.object(&set)?.models);
        self.charge(cards.len() as u64 * 64)?;
        let card = |card: &ModelCard| types::ModelCard {
            name: card.name.clone(),
            input_usd_per_mtok: card.input_usd_per_mtok,
            output_usd_per_mtok: card.output_usd_per_mtok,
            description: card.description.clone(),
        };
        Ok(cards.iter().map(card).collect())
    }

    fn groups(&mut self, set: Resource<TrainingSet>, start: u32, count: u32) -> wasmtime::Result<Vec<u32>> {
        self.enter()?;
        let groups = Arc::clone(&self.object(&set)?.groups);
        Ok(self.block("groups", start, count, 1, &groups)?)
    }

    fn scores(&mut self, set: Resource<TrainingSet>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        self.enter()?;
        Ok(self.outcome_block(&set, "scores", start, count, |set| Arc::clone(&set.scores))?)
    }

    fn costs_usd(&mut self, set: Resource<TrainingSet>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        self.enter()?;
        Ok(self.outcome_block(&set, "costs", start, count, |set| Arc::clone(&set.costs_usd))?)
    }

    fn latencies_ms(&mut self, set: Resource<TrainingSet>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        self.enter()?;
        Ok(self.outcome_block(&set, "latencies", start, count, |set| Arc::clone(&set.latencies_ms))?)
    }

    fn completion_tokens(&mut self, set: Resource<TrainingSet>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        self.enter()?;
        Ok(self.outcome_block(&set, "completion tokens", start, count, |set| Arc::clone(&set.completion_tokens))?)
    }

    fn answers(
        &mut self,
        set: Resource<TrainingSet>,
        model: u32,
        start: u32,
        count: u32,
    ) -> wasmtime::Result<Vec<String>> {
        self.enter()?;
        let set = self.object(&set)?;
        let (models, model) = (set.models.len(), known_model(set, model)?);
        let range = range("answers", start, count, set.queries.rows())?;
        let Some(texts) = set.answers.texts.clone() else { return Ok(self.no_texts(range.len())?) };
        let of_model = || texts[range.start * models..range.end * models].iter().skip(model).step_by(models);
        let bytes: usize = of_model().map(|text| text.len()).sum();
        self.charge(bytes as u64 + TEXT_FUEL * range.len() as u64)?;
        Ok(of_model().map(|text| String::from(&**text)).collect())
    }

    fn answer_matrix(
        &mut self,
        set: Resource<TrainingSet>,
        model: u32,
    ) -> wasmtime::Result<Option<Resource<HostMatrix>>> {
        self.enter()?;
        let set = self.object(&set)?;
        let model = known_model(set, model)?;
        match set.answers.embeddings.as_ref().map(|embeddings| embeddings[model].clone()) {
            Some(matrix) => Ok(Some(self.lend(HostMatrix::shared(matrix))?)),
            None => Ok(None),
        }
    }

    fn drop(&mut self, set: Resource<TrainingSet>) -> wasmtime::Result<()> {
        self.enter()?;
        self.table.delete(set)?;
        Ok(())
    }
}

/// A model by its position, after a check against the pool.
fn known_model(set: &TrainingSet, model: u32) -> Result<usize, HostFault> {
    match (model as usize) < set.models.len() {
        true => Ok(model as usize),
        false => Err(HostFault::breach(format!("asked for the answers of model {model} of {}", set.models.len()))),
    }
}

impl data::Host for StoreState {}
impl types::Host for StoreState {}
impl crate::bindings::router::routerlab::plugin::routing::Host for StoreState {}
