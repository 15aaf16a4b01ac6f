//! The data itself, and the host's kernels called directly (native builds only).

use std::marker::PhantomData;
use std::sync::Arc;

use routerlab_kernels::{self as kernels, KernelError, Threads};

use crate::log::Level;
use crate::{Clusters, Error, Measure, Metric, ModelCard, Neighbours, Projection, QuerySet, TrainingSet};

#[allow(clippy::print_stderr, reason = "natively there is no host to keep the log")]
pub(crate) fn say(level: Level, text: &str) {
    eprintln!("{level:?}: {text}");
}

/// A matrix of the kernels. One thread: results have the same bits whatever the number.
#[derive(Debug)]
pub(crate) struct Matrix(Arc<kernels::Matrix>);

impl From<kernels::Matrix> for Matrix {
    fn from(matrix: kernels::Matrix) -> Self {
        Self(Arc::new(matrix))
    }
}

impl From<KernelError> for Error {
    fn from(error: KernelError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl Matrix {
    pub(crate) fn new(rows: usize, cols: usize, values: Vec<f32>) -> Result<Self, Error> {
        Ok(kernels::Matrix::new(rows, cols, values)?.into())
    }

    pub(crate) fn rows(&self) -> usize {
        self.0.rows()
    }

    pub(crate) fn cols(&self) -> usize {
        self.0.cols()
    }

    pub(crate) fn read(&self, start: usize, count: usize) -> Result<Vec<f32>, Error> {
        let cols = self.cols();
        Ok(self.0.values()[start * cols..(start + count) * cols].to_vec())
    }

    pub(crate) fn gather(&self, rows: &[u32]) -> Result<Self, Error> {
        Ok(self.0.gather(rows)?.into())
    }

    pub(crate) fn normalise_rows(&self) -> Result<Self, Error> {
        Ok(self.0.normalise_rows(Threads::ONE)?.into())
    }

    pub(crate) fn multiply(&self, other: &Self, transposed: bool) -> Result<Self, Error> {
        Ok(self.0.multiply(&other.0, transposed, Threads::ONE)?.into())
    }

    pub(crate) fn nearest(&self, queries: &Self, k: usize, metric: Metric) -> Result<Neighbours, Error> {
        let metric = match metric {
            Metric::Euclidean => kernels::Metric::Euclidean,
            Metric::Cosine => kernels::Metric::Cosine,
            Metric::Dot => kernels::Metric::Dot,
        };
        let found = self.0.nearest(&queries.0, k, metric, Threads::ONE)?;
        Ok(Neighbours { k: found.k, rows: found.rows, distances: found.distances })
    }

    pub(crate) fn kmeans(&self, k: usize, rounds: u32, seed: u64) -> Result<Clusters, Error> {
        let found = self.0.kmeans(k, rounds, seed, Threads::ONE)?;
        Ok(Clusters {
            centroids: Self::from(found.centroids).into(),
            assignment: found.assignment,
            inertia: found.inertia,
            rounds: found.rounds,
        })
    }

    pub(crate) fn ridge(&self, targets: &Self, lambda: f32) -> Result<Self, Error> {
        Ok(self.0.ridge(&targets.0, lambda, Threads::ONE)?.into())
    }

    pub(crate) fn pca(&self, width: usize) -> Result<Projection, Error> {
        let found = self.0.pca(width, Threads::ONE)?;
        Ok(Projection {
            mean: Self::from(found.mean).into(),
            components: Self::from(found.components).into(),
            variances: found.variances,
        })
    }
}

/// Queries in memory. The lifetime is that of the other backend.
pub(crate) struct Queries<'a> {
    data: Arc<Data>,
    lent: PhantomData<&'a ()>,
}

impl Queries<'_> {
    pub(crate) fn rows(&self) -> usize {
        self.data.rows
    }

    pub(crate) fn embedding_width(&self) -> usize {
        self.data.embeddings.as_ref().map_or(0, |matrix| matrix.cols())
    }

    pub(crate) fn prompts(&self, start: usize, count: usize) -> Vec<String> {
        block(&self.data.prompts, 1, start, count, String::new())
    }

    pub(crate) fn prompt_tokens(&self, start: usize, count: usize) -> Vec<u32> {
        block(&self.data.prompt_tokens, 1, start, count, 0)
    }

    pub(crate) fn groups(&self, start: usize, count: usize) -> Vec<u32> {
        block(&self.data.groups, 1, start, count, 0)
    }

    pub(crate) fn embeddings(&self, start: usize, count: usize) -> Vec<f32> {
        self.data.embeddings.as_ref().map_or_else(Vec::new, |matrix| {
            matrix.values()[start * matrix.cols()..(start + count) * matrix.cols()].to_vec()
        })
    }

    pub(crate) fn embedding_matrix(&self) -> Result<Matrix, Error> {
        self.data.embeddings.clone().map(Matrix).ok_or_else(|| Error::unsupported("there are no embeddings"))
    }
}

/// A training set in memory.
pub(crate) struct Training<'a> {
    data: Arc<Data>,
    lent: PhantomData<&'a ()>,
}

impl<'a> Training<'a> {
    pub(crate) fn queries(&self) -> Queries<'a> {
        Queries { data: Arc::clone(&self.data), lent: PhantomData }
    }

    pub(crate) fn models(&self) -> Vec<ModelCard> {
        self.data.models.clone()
    }

    pub(crate) fn groups(&self, start: usize, count: usize) -> Vec<u32> {
        block(&self.data.groups, 1, start, count, 0)
    }

    pub(crate) fn answers(&self, model: u32, start: usize, count: usize) -> Vec<String> {
        let (models, model) = (self.data.models.len(), model as usize);
        let of_model = |row: usize| self.data.answers.get(row * models + model).cloned().unwrap_or_default();
        (start..start + count).map(of_model).collect()
    }

    pub(crate) fn answer_matrix(&self, model: u32) -> Option<Matrix> {
        self.data.answer_embeddings.get(model as usize).cloned().map(Matrix)
    }

    pub(crate) fn values(&self, measure: Measure, start: usize, count: usize) -> Vec<f32> {
        block(&self.data.values[measure as usize], self.data.models.len(), start, count, f32::NAN)
    }
}

/// Rows `start` to `start + count`; the filler where nothing was given.
fn block<T: Clone>(values: &[T], width: usize, start: usize, count: usize, filler: T) -> Vec<T> {
    if values.is_empty() {
        vec![filler; count * width]
    } else {
        values[start * width..(start + count) * width].to_vec()
    }
}

#[derive(Debug, Clone, Default)]
struct Data {
    rows: usize,
    models: Vec<ModelCard>,
    prompts: Vec<String>,
    prompt_tokens: Vec<u32>,
    groups: Vec<u32>,
    embeddings: Option<Arc<kernels::Matrix>>,
    values: [Vec<f32>; 4],
    /// rows x models.
    answers: Vec<String>,
    /// One for each model: rows x width.
    answer_embeddings: Vec<Arc<kernels::Matrix>>,
}

/// Makes training sets and query sets of plain vectors, for tests and benchmarks of a router. What is not given is
/// unknown: NaN, an empty prompt or answer, group 0, no embeddings.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    data: Data,
    width: usize,
    embeddings: Vec<f32>,
    answer_width: usize,
    answer_embeddings: Vec<f32>,
    rows: Option<usize>,
}

impl InMemory {
    /// A pool of that many models, named `model-0` and so on.
    pub fn new(models: usize) -> Self {
        let card = |index| ModelCard { name: format!("model-{index}"), ..ModelCard::default() };
        let data = Data { models: (0..models).map(card).collect(), ..Data::default() };
        Self { data, ..Self::default() }
    }

    /// The number of rows, where nothing else says it.
    #[must_use]
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = Some(rows);
        self
    }

    /// The models' cards, with names and prices.
    #[must_use]
    pub fn models(mut self, models: Vec<ModelCard>) -> Self {
        self.data.models = models;
        self
    }

    /// rows x models numbers, row after row; NaN where unknown.
    #[must_use]
    pub fn values(mut self, measure: Measure, values: Vec<f32>) -> Self {
        self.data.values[measure as usize] = values;
        self
    }

    /// rows x models scores from 0 to 1; NaN where there is no record.
    #[must_use]
    pub fn scores(self, scores: Vec<f32>) -> Self {
        self.values(Measure::Score, scores)
    }

    /// rows x models costs in US dollars; NaN where unknown.
    #[must_use]
    pub fn costs_usd(self, costs: Vec<f32>) -> Self {
        self.values(Measure::CostUsd, costs)
    }

    /// The group of each row.
    #[must_use]
    pub fn groups(mut self, groups: Vec<u32>) -> Self {
        self.data.groups = groups;
        self
    }

    /// The prompt of each row.
    #[must_use]
    pub fn prompts(mut self, prompts: Vec<String>) -> Self {
        self.data.prompts = prompts;
        self
    }

    /// Length of each prompt in tokens.
    #[must_use]
    pub fn prompt_tokens(mut self, tokens: Vec<u32>) -> Self {
        self.data.prompt_tokens = tokens;
        self
    }

    /// rows x width numbers, row after row.
    #[must_use]
    pub fn embeddings(mut self, width: usize, embeddings: Vec<f32>) -> Self {
        self.width = width;
        self.embeddings = embeddings;
        self
    }

    /// rows x models texts: what each model answered, empty where it did not.
    #[must_use]
    pub fn answers(mut self, answers: Vec<String>) -> Self {
        self.data.answers = answers;
        self
    }

    /// rows x models x width numbers: what each model answered as a vector, zeros where it did not.
    #[must_use]
    pub fn answer_embeddings(mut self, width: usize, embeddings: Vec<f32>) -> Self {
        self.answer_width = width;
        self.answer_embeddings = embeddings;
        self
    }

    /// The training set.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the parts differ in their number of rows, naming two that do.
    pub fn build(self) -> Result<TrainingSet<'static>, Error> {
        Ok(TrainingSet::wrap(Training { data: Arc::new(self.check()?), lent: PhantomData }))
    }

    /// The queries alone.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn queries(self) -> Result<QuerySet<'static>, Error> {
        Ok(QuerySet::wrap(Queries { data: Arc::new(self.check()?), lent: PhantomData }))
    }

    fn check(self) -> Result<Data, Error> {
        let mut data = self.data;
        let models = data.models.len();
        let mut parts = vec![
            ("embeddings", self.embeddings.len(), self.width),
            ("groups", data.groups.len(), 1),
            ("prompts", data.prompts.len(), 1),
            ("prompt tokens", data.prompt_tokens.len(), 1),
            ("answers", data.answers.len(), models),
            ("answer embeddings", self.answer_embeddings.len(), models * self.answer_width),
        ];
        let measures = [Measure::Score, Measure::CostUsd, Measure::LatencyMs, Measure::CompletionTokens];
        parts.extend(
            ["scores", "costs", "latencies", "completion tokens"]
                .into_iter()
                .zip(measures)
                .map(|(name, measure)| (name, data.values[measure as usize].len(), models)),
        );
        let mut known = self.rows.map(|rows| ("rows", rows));
        for (name, length, width) in parts.into_iter().filter(|&(_, length, _)| length > 0) {
            if width == 0 || length % width != 0 {
                return Err(Error::Malformed(format!("{name}: {length} values do not make rows of {width}")));
            }
            let rows = length / width;
            match known {
                None => known = Some((name, rows)),
                Some((first, expected)) if expected != rows => {
                    return Err(Error::Malformed(format!("{expected} {first} and {rows} {name} differ")));
                }
                Some(_) => {}
            }
        }
        data.rows = known.map_or(0, |(_, rows)| rows);
        if self.width > 0 {
            data.embeddings = Some(Arc::new(kernels::Matrix::new(data.rows, self.width, self.embeddings)?));
        }
        if self.answer_width > 0 {
            let width = self.answer_width;
            let of_model = |model: usize| {
                let vectors = self.answer_embeddings.chunks_exact(width).skip(model).step_by(models);
                let matrix = kernels::Matrix::new(data.rows, width, vectors.flatten().copied().collect())?;
                Ok(Arc::new(matrix))
            };
            data.answer_embeddings = (0..models).map(of_model).collect::<Result<_, KernelError>>()?;
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::InMemory;
    use crate::{Error, Measure};

    #[test]
    fn parts_that_differ_in_rows_are_named() {
        let built = InMemory::new(2).scores(vec![0.0; 6]).groups(vec![0; 2]).build().err();
        assert_eq!(built, Some(Error::malformed("2 groups and 3 scores differ")));
        let built = InMemory::new(2).scores(vec![0.0; 5]).build().err();
        assert_eq!(built, Some(Error::malformed("scores: 5 values do not make rows of 2")));
    }

    #[test]
    fn what_is_not_given_is_unknown() {
        let set = InMemory::new(2).scores(vec![0.0; 4]).build().unwrap();
        assert!(set.block(Measure::CostUsd, 0, 2).unwrap().values().iter().all(|value| value.is_nan()));
        assert_eq!(set.queries().prompts(1, 1), Ok(vec![String::new()]));
        assert_eq!(set.queries().embedding_width(), 0);
        let expected = "this router needs embeddings and the run has none";
        assert_eq!(set.queries().embedding_matrix().err(), Some(Error::unsupported(expected)));
    }

    #[test]
    fn a_block_beyond_the_end_is_refused() {
        let set = InMemory::new(1).scores(vec![0.0; 4]).build().unwrap();
        let beyond = Some(Error::malformed("rows 3 to 5 of 4"));
        assert_eq!(set.block(Measure::Score, 3, 2).err(), beyond);
        assert_eq!(set.groups(3, 2).err(), beyond);
        assert_eq!(set.queries().prompts(3, 2).err(), Some(Error::malformed("queries 3 to 5 of 4")));
    }
}
