//! What the two GraphRouter components have in common: all but where the task of a query comes from.

use std::collections::BTreeMap;

use routerlab_sdk::{
    Decisions, Error, Measure, Preference, QuerySet, Random, State, StateWriter, TrainingSet, Unavailable, Utilities,
    config,
};

use crate::{
    Dense, Edges, Expense, Graph, Learner, Parameter, Reducer, Settings, binary_cross_entropy, dot, fit, sigmoid,
    softmax,
};

/// The score of a model without any score in training: below every score, so that it is never preferred.
const UNKNOWN: f32 = -1.0;

/// Where the task of a query comes from when it is routed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TaskSource {
    /// Guessed from the query: tasks weigh softmax(sharpness x cosine).
    Guessed {
        /// How much more the likelier tasks weigh.
        sharpness: f32,
    },
    /// Told with the query, as in the reference.
    Told,
}

/// The tasks of training, each by the mean of its queries.
#[derive(Debug, Clone)]
struct Tasks {
    groups: Vec<u32>,
    /// tasks x width.
    means: Vec<f32>,
}

impl Tasks {
    fn of(groups: &[u32], inputs: &[f32], width: usize) -> Self {
        let mut sums: BTreeMap<u32, (Vec<f32>, f32)> = BTreeMap::new();
        for (group, input) in groups.iter().zip(inputs.chunks_exact(width)) {
            let (sum, count) = sums.entry(*group).or_insert_with(|| (vec![0.0; width], 0.0));
            sum.iter_mut().zip(input).for_each(|(sum, value)| *sum += value);
            *count += 1.0;
        }
        let groups = sums.keys().copied().collect();
        let mean = |(sum, count): (Vec<f32>, f32)| sum.into_iter().map(move |sum| sum / count);
        Self { groups, means: sums.into_values().flat_map(mean).collect() }
    }

    /// The task vector of each query. A task that training did not have is guessed even where tasks are told.
    fn vectors(&self, source: TaskSource, told: &[u32], inputs: &[f32], width: usize) -> Vec<f32> {
        let sharpness = match source {
            TaskSource::Guessed { sharpness } => sharpness,
            TaskSource::Told => 10.0,
        };
        let mut vectors = Vec::with_capacity(inputs.len());
        for (query, input) in inputs.chunks_exact(width).enumerate() {
            let place = told.get(query).and_then(|group| self.groups.binary_search(group).ok());
            if let (TaskSource::Told, Some(place)) = (source, place) {
                vectors.extend_from_slice(&self.means[place * width..(place + 1) * width]);
                continue;
            }
            let mut weights: Vec<f32> =
                self.means.chunks_exact(width).map(|task| sharpness * cosine(task, input)).collect();
            softmax(&mut weights);
            let start = vectors.len();
            vectors.resize(start + width, 0.0);
            for (weight, task) in weights.iter().zip(self.means.chunks_exact(width)) {
                vectors[start..].iter_mut().zip(task).for_each(|(value, task)| *value += weight * task);
            }
        }
        vectors
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// The trained router.
#[derive(Debug)]
pub struct GraphRouter {
    reducer: Reducer,
    tasks: Tasks,
    source: TaskSource,
    /// Alignment of tasks and of queries.
    align: [Dense; 2],
    /// The models after both rounds of messages: models x (2 x hidden).
    settled: Vec<f32>,
    expense: Expense,
    /// Whether each model has a score in training.
    known: Vec<u32>,
}

impl GraphRouter {
    /// Learns to predict the scores of masked edges; the epochs are those after which the loss on validation is least.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are no embeddings or no scores, [`Error::InvalidConfig`] for settings that make
    /// no sense.
    pub fn train(
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        source: TaskSource,
        (hidden, settings): (u32, &Settings),
        seed: u64,
    ) -> Result<Self, Error> {
        settings.check()?;
        config::at_least_one("hidden", hidden)?;
        let known: Vec<u32> = train.means(Measure::Score)?.iter().map(|mean| u32::from(!mean.is_nan())).collect();
        if known.iter().all(|known| *known == 0) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let reducer = Reducer::fit(train.queries(), settings.width as usize)?;
        let width = reducer.width();
        let inputs = reducer.reduce(train.queries())?;
        let groups = train.groups(0, train.rows())?;
        let tasks = Tasks::of(&groups, &inputs, width);
        let largest = train.table(Measure::CostUsd)?.values().iter().copied().fold(0.0, f32::max);
        let edges_of = |set: &TrainingSet<'_>, inputs: Vec<f32>, groups: &[u32]| {
            let costs = set.table(Measure::CostUsd)?.into_values();
            let costs = costs.into_iter().map(|cost| if largest > 0.0 { cost / largest } else { 0.0 }).collect();
            let tasks = tasks.vectors(source, groups, &inputs, width);
            Ok::<_, Error>(Edges { inputs, tasks, scores: set.table(Measure::Score)?.into_values(), costs })
        };
        let validation_groups = validation.groups(0, validation.rows())?;
        let mut random = Random::new(seed);
        let mut learning = Learning {
            graph: Graph::new(width, hidden as usize, known.len(), &mut random),
            rows: train.rows(),
            edges: edges_of(train, inputs, &groups)?,
            validation: edges_of(validation, reducer.reduce(validation.queries())?, &validation_groups)?,
            models: known.len(),
        };
        fit(&mut learning, train.rows(), &settings.schedule(), &mut random)?;
        let settled = learning.graph.settled(&learning.edges, train.rows());
        let [task, query] = learning.graph.into_alignment();
        Ok(Self { reducer, tasks, source, align: [task, query], settled, expense: Expense::of(train)?, known })
    }

    /// The state, begun by `tag`.
    pub fn into_state(self, tag: &str) -> State {
        let sharpness = match self.source {
            TaskSource::Guessed { sharpness } => sharpness,
            TaskSource::Told => f32::NAN,
        };
        let writer = StateWriter::new(tag).f32(sharpness).u32s(&self.tasks.groups).f32s(&self.tasks.means);
        let writer = self.align.iter().fold(writer, |writer, layer| layer.write(writer));
        let writer = self.expense.write(writer.f32s(&self.settled).u32s(&self.known));
        let (writer, matrix) = self.reducer.write(writer);
        writer.finish(vec![matrix])
    }

    /// Reads what [`Self::into_state`] left.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it cannot be trusted.
    pub fn from_state(tag: &str, mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(tag)?;
        let sharpness = reader.f32()?;
        let source = if sharpness.is_nan() { TaskSource::Told } else { TaskSource::Guessed { sharpness } };
        let tasks = Tasks { groups: reader.u32s()?, means: reader.f32s()? };
        let align = [Dense::read(&mut reader)?, Dense::read(&mut reader)?];
        let (settled, known) = (reader.f32s()?, reader.u32s()?);
        let expense = Expense::read(&mut reader, known.len())?;
        let width = matrix.cols();
        let reducer = Reducer::read(&mut reader, matrix)?;
        reader.end()?;
        let [task, query] = &align;
        let fits = (task.inputs(), task.outputs()) == (query.inputs(), query.outputs())
            && task.inputs() == width
            && tasks.groups.len().checked_mul(width) == Some(tasks.means.len())
            && known.len().checked_mul(2 * query.outputs()) == Some(settled.len());
        if !fits || known.is_empty() || tasks.groups.is_empty() {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { reducer, tasks, source, align, settled, expense, known })
    }

    /// Chooses by predicted score less cost. `told` has the task of each query where tasks are told.
    ///
    /// # Errors
    /// As [`Utilities::decide`], and where there are no embeddings.
    pub fn route(
        &self,
        queries: &QuerySet<'_>,
        told: &[u32],
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let (width, models) = (self.reducer.width(), self.known.len());
        let inputs = self.reducer.reduce(queries)?;
        let tasks = self.tasks.vectors(self.source, told, &inputs, width);
        let mut scores = Utilities::new(queries.rows(), models);
        let [task, query] = &self.align;
        let mut aligned = vec![0.0; 2 * query.outputs()];
        for (at, (input, of_task)) in inputs.chunks_exact(width).zip(tasks.chunks_exact(width)).enumerate() {
            let (left, right) = aligned.split_at_mut(query.outputs());
            task.forward(of_task, left);
            query.forward(input, right);
            let row = scores.row_mut(at);
            Graph::logits(&self.settled, &aligned, row);
            for (score, known) in row.iter_mut().zip(&self.known) {
                *score = if *known == 1 { sigmoid(*score) } else { UNKNOWN };
            }
        }
        preferences.iter().map(|wish| self.expense.weigh(&scores, models, wish).decide(unavailable)).collect()
    }
}

struct Learning {
    graph: Graph,
    rows: usize,
    edges: Edges,
    validation: Edges,
    models: usize,
}

impl Learner for Learning {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.graph.parameters()
    }

    fn learn(&mut self, rows: &[u32], random: &mut Random) -> Result<usize, Error> {
        Ok(self.graph.learn(&self.edges, rows, random))
    }

    fn judge(&mut self) -> Result<Option<f64>, Error> {
        if self.validation.inputs.is_empty() {
            return Ok(None);
        }
        let settled = self.graph.settled(&self.edges, self.rows);
        let size = settled.len() / self.models;
        let width = self.edges.inputs.len() / self.rows;
        let (mut aligned, mut logits) = (vec![0.0; size], vec![0.0; self.models]);
        let (mut loss, mut terms) = (0.0, 0_u64);
        let rows = self.validation.inputs.chunks_exact(width).zip(self.validation.tasks.chunks_exact(width));
        for ((input, task), scores) in rows.zip(self.validation.scores.chunks_exact(self.models)) {
            self.graph.aligned(task, input, &mut aligned);
            Graph::logits(&settled, &aligned, &mut logits);
            for (logit, score) in logits.iter().zip(scores).filter(|(_, score)| !score.is_nan()) {
                loss += f64::from(binary_cross_entropy(*logit, *score).0);
                terms += 1;
            }
        }
        Ok((terms > 0).then(|| -loss / terms as f64))
    }
}
