//! What every model did on the training queries.

use crate::matrix::within;
use crate::{Error, Matrix, ModelIndex, QuerySet, backend};

/// What is known about a model of the pool before it is asked anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelCard {
    /// The model's name; the host may mask it.
    pub name: String,
    /// Price of a million prompt tokens in US dollars, if declared.
    pub input_usd_per_mtok: Option<f64>,
    /// Price of a million completion tokens in US dollars, if declared.
    pub output_usd_per_mtok: Option<f64>,
    /// A sentence or two about the model, if the run has one.
    pub description: Option<String>,
}

/// One of the things that are known about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Score from 0 to 1.
    Score,
    /// Cost in US dollars.
    CostUsd,
    /// Wall time in milliseconds.
    LatencyMs,
    /// Length in tokens.
    CompletionTokens,
}

/// rows x models numbers; NaN where there is no record or nothing is known. A missing record is not a wrong answer:
/// leave it out.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(crate) models: usize,
    pub(crate) values: Vec<f32>,
}

impl Table {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.models).unwrap_or(0)
    }

    /// How many models.
    pub fn models(&self) -> usize {
        self.models
    }

    /// One number per model.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.models..(row + 1) * self.models]
    }

    /// All numbers, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers, row after row, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }
}

/// Queries with what every model of the pool did on them, read in blocks of rows in any order.
pub struct TrainingSet<'a> {
    inner: backend::Training<'a>,
    queries: QuerySet<'a>,
    models: Vec<ModelCard>,
}

/// Largest number of bytes that one read of a whole table takes at once; a block of this size is cheap to copy and does
/// not show in the plugin's memory.
const BLOCK_BYTES: usize = 512 * 1024;

impl<'a> TrainingSet<'a> {
    pub(crate) fn wrap(inner: backend::Training<'a>) -> Self {
        Self { queries: QuerySet::wrap(inner.queries()), models: inner.models(), inner }
    }

    /// The queries, in the same order of rows.
    pub fn queries(&self) -> &QuerySet<'a> {
        &self.queries
    }

    /// How many queries.
    pub fn rows(&self) -> usize {
        self.queries.rows()
    }

    /// The pool; a model's index is its position here.
    pub fn models(&self) -> &[ModelCard] {
        &self.models
    }

    /// The dataset of each row as a number without meaning, different in every run.
    ///
    /// # Errors
    /// When there are fewer rows.
    pub fn groups(&self, start: usize, count: usize) -> Result<Vec<u32>, Error> {
        within("rows", start, count, self.rows())?;
        Ok(self.inner.groups(start, count))
    }

    /// What is known of `count` rows from row `start` on.
    ///
    /// # Errors
    /// When there are fewer rows.
    pub fn block(&self, measure: Measure, start: usize, count: usize) -> Result<Table, Error> {
        within("rows", start, count, self.rows())?;
        let values = self.inner.values(measure, start, count);
        Ok(Table { models: self.models.len(), values })
    }

    /// What is known of all rows.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn table(&self, measure: Measure) -> Result<Table, Error> {
        let mut values = Vec::with_capacity(self.rows() * self.models.len());
        for (start, count) in self.blocks() {
            values.extend_from_slice(self.block(measure, start, count)?.values());
        }
        Ok(Table { models: self.models.len(), values })
    }

    /// What one model answered in `count` rows from row `start` on; an empty text where it did not. All are empty unless
    /// the router is sequential, its needs name answers, and the run has the texts.
    ///
    /// # Errors
    /// When there are fewer rows, or no such model.
    pub fn answers(&self, model: ModelIndex, start: usize, count: usize) -> Result<Vec<String>, Error> {
        within("rows", start, count, self.rows())?;
        self.known(model)?;
        Ok(self.inner.answers(model, start, count))
    }

    /// Embeddings of what one model answered (rows x width), zeros where it did not; none unless the router is
    /// sequential, its needs name answers, and the run has them.
    ///
    /// # Errors
    /// When there is no such model.
    pub fn answer_matrix(&self, model: ModelIndex) -> Result<Option<Matrix>, Error> {
        self.known(model)?;
        Ok(self.inner.answer_matrix(model).map(Matrix::from))
    }

    fn known(&self, model: ModelIndex) -> Result<(), Error> {
        let models = self.models.len();
        if (model as usize) < models {
            return Ok(());
        }
        Err(Error::Malformed(format!("model {model} of a pool of {models}")))
    }

    /// Start and length of blocks that cover all rows, each of a size that is good to read.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let rows = self.rows();
        let count = (BLOCK_BYTES / (4 * self.models.len().max(1))).max(1);
        (0..rows).step_by(count).map(move |start| (start, count.min(rows - start)))
    }
}
