//! What models answered, as sequential routers see it: in training, and replayed one attempt at a time.

use std::sync::Arc;

use routerlab_kernels::Matrix;

/// What every model of the pool answered on some queries. Cheap to clone; tables are shared.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// rows x models; an empty text where there is no answer. None when the run has no texts.
    pub texts: Option<Arc<[Arc<str>]>>,
    /// For each model rows x width; a row of zeros where there is no answer. None when the run has none.
    pub embeddings: Option<Arc<[Matrix]>>,
}

/// What is replayed to a sequential router: answers with what they cost and how long they took, never what they scored.
/// Cheap to clone; tables are shared.
#[derive(Debug, Clone)]
pub struct Replay {
    /// What the models answered.
    pub answers: Answers,
    /// How many models the pool has.
    pub models: usize,
    /// rows x models in US dollars; NaN where unknown.
    pub costs_usd: Arc<[f64]>,
    /// rows x models in milliseconds; NaN where unknown.
    pub latencies_ms: Arc<[f64]>,
    /// The row of the tables with which a batch begins.
    pub first_row: usize,
}

impl Replay {
    /// The same for a batch that begins so many rows later.
    #[must_use]
    pub fn skip(&self, rows: usize) -> Self {
        Self { first_row: self.first_row + rows, ..self.clone() }
    }

    /// Where `model` stands in the tables for a row of the batch.
    fn at(&self, row: usize, model: usize) -> usize {
        (self.first_row + row) * self.models + model
    }

    pub(crate) fn text(&self, row: usize, model: usize) -> &str {
        self.answers.texts.as_ref().map_or("", |texts| &texts[self.at(row, model)])
    }

    /// Empty where there is none.
    pub(crate) fn embedding(&self, row: usize, model: usize) -> &[f32] {
        let embedding = self.answers.embeddings.as_ref().map(|of| of[model].row(self.first_row + row));
        embedding.filter(|embedding| embedding.iter().any(|value| *value != 0.0)).unwrap_or_default()
    }

    pub(crate) fn cost_usd(&self, row: usize, model: usize) -> f64 {
        self.costs_usd[self.at(row, model)]
    }

    pub(crate) fn latency_ms(&self, row: usize, model: usize) -> f64 {
        self.latencies_ms[self.at(row, model)]
    }
}
