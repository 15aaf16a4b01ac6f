//! Handles to what the host owns (`wasm32` only).

use std::fmt;
use std::sync::Once;

use crate::bindings::router::routerlab::plugin::{data, kernels, log};
use crate::log::Level;
use crate::{Clusters, Error, Measure, Metric, ModelCard, Neighbours, Projection};

pub(crate) fn say(level: Level, text: &str) {
    let level = match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    };
    log::say(level, text);
}

/// A panic reaches the host as a bare trap; this says first what it was about.
pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| log::say(log::Level::Error, &panic.to_string()))));
}

/// A matrix of the host.
pub(crate) struct Matrix(pub(crate) kernels::HostMatrix);

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matrix({} x {})", self.rows(), self.cols())
    }
}

impl Matrix {
    pub(crate) fn new(rows: usize, cols: usize, values: Vec<f32>) -> Result<Self, Error> {
        Ok(Self(kernels::HostMatrix::new(rows as u32, cols as u32, &values)))
    }

    pub(crate) fn rows(&self) -> usize {
        self.0.rows() as usize
    }

    pub(crate) fn cols(&self) -> usize {
        self.0.cols() as usize
    }

    pub(crate) fn read(&self, start: usize, count: usize) -> Result<Vec<f32>, Error> {
        Ok(self.0.read(start as u32, count as u32))
    }

    pub(crate) fn gather(&self, rows: &[u32]) -> Result<Self, Error> {
        Ok(Self(self.0.gather(rows)))
    }

    pub(crate) fn normalise_rows(&self) -> Result<Self, Error> {
        Ok(Self(self.0.normalise_rows()))
    }

    pub(crate) fn multiply(&self, other: &Self, transposed: bool) -> Result<Self, Error> {
        Ok(Self(self.0.multiply(&other.0, transposed)))
    }

    pub(crate) fn nearest(&self, queries: &Self, k: usize, metric: Metric) -> Result<Neighbours, Error> {
        let metric = match metric {
            Metric::Euclidean => kernels::Metric::Euclidean,
            Metric::Cosine => kernels::Metric::Cosine,
            Metric::Dot => kernels::Metric::Dot,
        };
        let found = self.0.nearest(&queries.0, k as u32, metric);
        Ok(Neighbours { k: found.k as usize, rows: found.rows, distances: found.distances })
    }

    pub(crate) fn kmeans(&self, k: usize, rounds: u32, seed: u64) -> Result<Clusters, Error> {
        let found = self.0.kmeans(k as u32, rounds, seed);
        Ok(Clusters {
            centroids: Self(found.centroids).into(),
            assignment: found.assignment,
            inertia: found.inertia,
            rounds: found.rounds,
        })
    }

    pub(crate) fn ridge(&self, targets: &Self, lambda: f32) -> Result<Self, Error> {
        Ok(Self(self.0.ridge(&targets.0, lambda)))
    }

    pub(crate) fn pca(&self, width: usize) -> Result<Projection, Error> {
        let found = self.0.pca(width as u32);
        Ok(Projection {
            mean: Self(found.mean).into(),
            components: Self(found.components).into(),
            variances: found.variances,
        })
    }
}

/// A query set of the host: lent for the length of a call, or one that a training set gave out.
pub(crate) enum Queries<'a> {
    Lent(&'a data::QuerySet),
    Owned(data::QuerySet),
}

impl Queries<'_> {
    fn handle(&self) -> &data::QuerySet {
        match self {
            Self::Lent(handle) => handle,
            Self::Owned(handle) => handle,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.handle().rows() as usize
    }

    pub(crate) fn embedding_width(&self) -> usize {
        self.handle().embedding_width() as usize
    }

    pub(crate) fn prompts(&self, start: usize, count: usize) -> Vec<String> {
        self.handle().prompts(start as u32, count as u32)
    }

    pub(crate) fn prompt_tokens(&self, start: usize, count: usize) -> Vec<u32> {
        self.handle().prompt_tokens(start as u32, count as u32)
    }

    pub(crate) fn groups(&self, start: usize, count: usize) -> Vec<u32> {
        self.handle().groups(start as u32, count as u32)
    }

    pub(crate) fn embeddings(&self, start: usize, count: usize) -> Vec<f32> {
        self.handle().embeddings(start as u32, count as u32)
    }

    pub(crate) fn embedding_matrix(&self) -> Result<Matrix, Error> {
        Ok(Matrix(self.handle().embedding_matrix()))
    }
}

/// A training set of the host, lent for the length of a call.
pub(crate) struct Training<'a>(pub(crate) &'a data::TrainingSet);

impl<'a> Training<'a> {
    pub(crate) fn queries(&self) -> Queries<'a> {
        Queries::Owned(self.0.queries())
    }

    pub(crate) fn models(&self) -> Vec<ModelCard> {
        let card = |card: crate::bindings::router::routerlab::plugin::types::ModelCard| ModelCard {
            name: card.name,
            input_usd_per_mtok: card.input_usd_per_mtok,
            output_usd_per_mtok: card.output_usd_per_mtok,
            description: card.description,
        };
        self.0.models().into_iter().map(card).collect()
    }

    pub(crate) fn groups(&self, start: usize, count: usize) -> Vec<u32> {
        self.0.groups(start as u32, count as u32)
    }

    pub(crate) fn answers(&self, model: u32, start: usize, count: usize) -> Vec<String> {
        self.0.answers(model, start as u32, count as u32)
    }

    pub(crate) fn answer_matrix(&self, model: u32) -> Option<Matrix> {
        self.0.answer_matrix(model).map(Matrix)
    }

    pub(crate) fn values(&self, measure: Measure, start: usize, count: usize) -> Vec<f32> {
        let (start, count) = (start as u32, count as u32);
        match measure {
            Measure::Score => self.0.scores(start, count),
            Measure::CostUsd => self.0.costs_usd(start, count),
            Measure::LatencyMs => self.0.latencies_ms(start, count),
            Measure::CompletionTokens => self.0.completion_tokens(start, count),
        }
    }
}
