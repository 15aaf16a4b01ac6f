//! An answer as numbers: what the query is about, what the answer is about, how the two agree, and how long it is.

use routerlab_sdk::{Attempt, Error, Matrix, ModelIndex, QuerySet, StateReader, StateWriter, TrainingSet, log};

/// Rows of texts that are read at a time.
const BLOCK: usize = 256;

/// How answers become numbers. Embeddings are brought to length 1 and reduced to the directions in which the training
/// queries differ most; the same directions serve for answers, so that the product of the two says how they agree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Features {
    width: usize,
    /// directions x width.
    directions: Vec<f32>,
    /// Whether the run has the texts, and so their lengths.
    pub(crate) texts: bool,
    /// Whether the run has embeddings of answers.
    pub(crate) vectors: bool,
    /// Mean and spread of each number but the constant, over the training examples.
    centre: Vec<f32>,
    spread: Vec<f32>,
}

impl Features {
    /// The directions of the training queries, at most `most` of them. Nothing is centred yet.
    pub(crate) fn new(train: &TrainingSet<'_>, most: usize) -> Result<Self, Error> {
        let width = train.queries().embedding_width();
        // One row has no direction in which it differs.
        let kept = most.min(width).min(train.rows().saturating_sub(1));
        let directions = match kept {
            0 => Vec::new(),
            _ => train.queries().embedding_matrix()?.normalise_rows()?.pca(kept)?.components.read_all()?,
        };
        let models = 0..train.models().len() as ModelIndex;
        let texts = models.clone().try_fold(false, |any, model| Ok::<_, Error>(any || has_texts(train, model)?))?;
        let vectors = vectors_of(train, 0)?.is_some_and(|matrix| matrix.cols() == width) && kept > 0;
        if !vectors && vectors_of(train, 0)?.is_some() && kept > 0 {
            log::warn("embeddings of answers are left out: they have another width than those of queries");
        }
        Ok(Self { width, directions, texts, vectors, centre: Vec::new(), spread: Vec::new() })
    }

    fn kept(&self) -> usize {
        self.directions.len().checked_div(self.width).unwrap_or(0)
    }

    /// How many numbers have one weight for all models: the query, the answer, and their product.
    pub(crate) fn shared(&self) -> usize {
        self.kept() * if self.vectors { 3 } else { 1 }
    }

    /// How many numbers have a weight for each model: the constant, the length of the answer, and the query once more.
    pub(crate) fn own(&self) -> usize {
        1 + usize::from(self.texts) + self.kept()
    }

    /// Numbers of one answer.
    pub(crate) fn len(&self) -> usize {
        self.shared() + self.own()
    }

    /// rows x models x numbers for some rows of a set, not centred.
    fn raw(&self, set: &TrainingSet<'_>, rows: &[u32]) -> Result<Vec<f32>, Error> {
        let (models, kept, len) = (set.models().len(), self.kept(), self.len());
        let mut values = vec![0.0; rows.len() * models * len];
        if rows.is_empty() {
            return Ok(values);
        }
        let directions = Matrix::new(kept, self.width, self.directions.clone())?;
        let projected = |matrix: &Matrix| -> Result<Vec<f32>, Error> {
            matrix.gather(rows)?.normalise_rows()?.multiply_transposed(&directions)?.read_all()
        };
        let queries = if kept > 0 { projected(&set.queries().embedding_matrix()?)? } else { Vec::new() };
        for model in 0..models {
            let answers = match vectors_of(set, model as ModelIndex)? {
                Some(matrix) if self.vectors && matrix.cols() == self.width => projected(&matrix)?,
                _ => Vec::new(),
            };
            let lengths = if self.texts { log_lengths(set, model as ModelIndex)? } else { Vec::new() };
            for (at, row) in rows.iter().enumerate() {
                let span = at * kept..(at + 1) * kept;
                let answer = answers.get(span.clone()).unwrap_or_default();
                let length = lengths.get(*row as usize).copied();
                let place = (at * models + model) * len;
                let query = queries.get(span).unwrap_or_default();
                self.fill(&mut values[place..place + len], query, answer, length);
            }
        }
        Ok(values)
    }

    /// Puts the numbers of one answer in their order; an answer without a vector has zeros.
    fn fill(&self, into: &mut [f32], query: &[f32], answer: &[f32], length: Option<f32>) {
        let (kept, shared) = (self.kept(), self.shared());
        into[..kept].copy_from_slice(query);
        if self.vectors && answer.len() == kept {
            into[kept..2 * kept].copy_from_slice(answer);
            for (at, value) in into[2 * kept..shared].iter_mut().enumerate() {
                *value = query[at] * answer[at];
            }
        }
        into[shared] = 1.0;
        if let (true, Some(length)) = (self.texts, length) {
            into[shared + 1] = length;
        }
        let again = into.len() - kept;
        into[again..].copy_from_slice(query);
    }

    /// rows x models x numbers for training rows, after their mean and spread were taken over the answers that exist.
    pub(crate) fn fit(
        &mut self,
        set: &TrainingSet<'_>,
        rows: &[u32],
        exists: impl Fn(usize) -> bool,
    ) -> Result<Vec<f32>, Error> {
        let mut values = self.raw(set, rows)?;
        let len = self.len();
        let known: Vec<&[f32]> =
            values.chunks_exact(len).enumerate().filter(|(at, _)| exists(*at)).map(|(_, numbers)| numbers).collect();
        let count = known.len().max(1) as f64;
        let constant = self.shared();
        let mean = |at: usize| known.iter().map(|numbers| f64::from(numbers[at])).sum::<f64>() / count;
        let centre: Vec<f64> = (0..len).map(|at| if at == constant { 0.0 } else { mean(at) }).collect();
        let spread = |at: usize| {
            let squares = known.iter().map(|numbers| (f64::from(numbers[at]) - centre[at]).powi(2)).sum::<f64>();
            let spread = (squares / count).sqrt();
            // What never varies tells nothing; the constant itself stays.
            if at == constant || spread <= 1e-9 { 1.0 } else { spread }
        };
        self.spread = (0..len).map(|at| spread(at) as f32).collect();
        self.centre = centre.into_iter().map(|value| value as f32).collect();
        values.chunks_exact_mut(len).for_each(|numbers| self.standardise(numbers));
        Ok(values)
    }

    /// The same for other rows, with what [`Self::fit`] found.
    pub(crate) fn of(&self, set: &TrainingSet<'_>, rows: &[u32]) -> Result<Vec<f32>, Error> {
        let mut values = self.raw(set, rows)?;
        values.chunks_exact_mut(self.len()).for_each(|numbers| self.standardise(numbers));
        Ok(values)
    }

    fn standardise(&self, numbers: &mut [f32]) {
        for ((value, centre), spread) in numbers.iter_mut().zip(&self.centre).zip(&self.spread) {
            *value = (*value - centre) / spread;
        }
    }

    /// The numbers of an answer that has just come.
    pub(crate) fn of_attempt(&self, query: &QuerySet<'_>, attempt: &Attempt) -> Result<Vec<f32>, Error> {
        let project = |vector: Vec<f32>| -> Vec<f32> {
            if vector.len() != self.width || self.width == 0 {
                return vec![0.0; self.kept()];
            }
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            let scale = if length > 0.0 { length.recip() } else { 0.0 };
            let along = |row: &[f32]| row.iter().zip(&vector).map(|(a, b)| a * b).sum::<f32>() * scale;
            self.directions.chunks_exact(self.width).map(along).collect()
        };
        let query = if self.kept() > 0 { project(query.embeddings(0, 1)?) } else { Vec::new() };
        let answer = if self.vectors { project(attempt.answer_embedding.clone()) } else { Vec::new() };
        let mut numbers = vec![0.0; self.len()];
        self.fill(&mut numbers, &query, &answer, Some(log_length(&attempt.answer)));
        self.standardise(&mut numbers);
        Ok(numbers)
    }

    pub(crate) fn write(&self, writer: StateWriter) -> StateWriter {
        let flags = u32::from(self.texts) | u32::from(self.vectors) << 1;
        writer.u32(self.width as u32).u32(flags).f32s(&self.directions).f32s(&self.centre).f32s(&self.spread)
    }

    pub(crate) fn read(reader: &mut StateReader<'_>) -> Result<Self, Error> {
        let (width, flags) = (reader.u32()? as usize, reader.u32()?);
        let (directions, centre, spread) = (reader.f32s()?, reader.f32s()?, reader.f32s()?);
        let features = Self { width, directions, texts: flags & 1 == 1, vectors: flags >> 1 & 1 == 1, centre, spread };
        let whole = features.directions.len() == features.kept() * width;
        let fits = features.centre.len() == features.len() && features.spread.len() == features.len();
        if whole && fits { Ok(features) } else { Err(Error::malformed("the parts of the state do not fit together")) }
    }
}

/// Whether a model's answers have any text.
fn has_texts(set: &TrainingSet<'_>, model: ModelIndex) -> Result<bool, Error> {
    for start in (0..set.rows()).step_by(BLOCK) {
        let count = BLOCK.min(set.rows() - start);
        if set.answers(model, start, count)?.iter().any(|text| !text.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn vectors_of(set: &TrainingSet<'_>, model: ModelIndex) -> Result<Option<Matrix>, Error> {
    if set.models().is_empty() { Ok(None) } else { set.answer_matrix(model) }
}

/// The length of every answer of a model.
fn log_lengths(set: &TrainingSet<'_>, model: ModelIndex) -> Result<Vec<f32>, Error> {
    let mut lengths = Vec::with_capacity(set.rows());
    for start in (0..set.rows()).step_by(BLOCK) {
        let texts = set.answers(model, start, BLOCK.min(set.rows() - start))?;
        lengths.extend(texts.iter().map(|text| log_length(text)));
    }
    Ok(lengths)
}

/// The logarithm of one more than the characters of a text.
fn log_length(text: &str) -> f32 {
    (text.chars().count() as f32).ln_1p()
}
