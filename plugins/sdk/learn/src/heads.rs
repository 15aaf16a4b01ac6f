//! Networks that turn a reduced embedding into probabilities, one for each head, and how they are learned.

use routerlab_sdk::{Error, QuerySet, Random, StateReader, StateWriter, TrainingSet};

use crate::{Learner, Parameter, Reducer, Schedule, binary_cross_entropy, fit, sigmoid};

/// What a paper defines: from a reduced embedding to a logit for each head, and back.
pub trait Network: Sized {
    /// Everything that is learned, always in the same order.
    fn parameters(&mut self) -> Vec<&mut Parameter>;

    /// One logit for each head. `hidden` is working memory, empty or as an earlier call left it, and is handed to
    /// [`Self::backward`].
    fn forward(&self, input: &[f32], hidden: &mut Vec<f32>, logits: &mut [f32]);

    /// Adds one row's gradients: `input` and `hidden` as [`Self::forward`] had them, `slopes` the derivative of the loss
    /// by each logit.
    fn backward(&mut self, input: &[f32], hidden: &[f32], slopes: &[f32]);

    /// What is done to an input before it is learned from, and never when it is routed; nothing unless the paper says so.
    fn disturb(&self, _input: &mut [f32], _random: &mut Random) {}

    /// Adds the network to a state.
    #[must_use]
    fn write(&self, writer: StateWriter) -> StateWriter;

    /// Reads what [`Self::write`] wrote, for inputs of `width` numbers and `heads` heads.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the parts do not fit together.
    fn read(reader: &mut StateReader<'_>, width: usize, heads: usize) -> Result<Self, Error>;
}

/// What each head should have said (rows x heads), from 0 to 1; NaN where nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    heads: usize,
    values: Vec<f32>,
}

impl Targets {
    /// Takes rows x heads values, row after row. At least one head.
    ///
    /// # Errors
    /// [`Error::Malformed`] when they do not fill whole rows.
    pub fn new(heads: usize, values: Vec<f32>) -> Result<Self, Error> {
        if heads == 0 || !values.len().is_multiple_of(heads) {
            return Err(Error::Malformed(format!("{} targets for {heads} heads", values.len())));
        }
        Ok(Self { heads, values })
    }

    /// How many heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// One target for each head.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.heads..(row + 1) * self.heads]
    }

    /// For each head the logit of its mean target, drawn half an observation towards 1/2 so that it is finite: where a
    /// network should begin.
    pub fn prior_logits(&self) -> Vec<f32> {
        let mut sums = vec![(0.5_f64, 1.0_f64); self.heads];
        for row in self.values.chunks_exact(self.heads) {
            for (sum, value) in sums.iter_mut().zip(row).filter(|(_, value)| !value.is_nan()) {
                *sum = (sum.0 + f64::from(*value), sum.1 + 1.0);
            }
        }
        sums.into_iter().map(|(sum, count)| (sum / (count - sum)).ln() as f32).collect()
    }
}

/// A network over reduced embeddings, learned.
#[derive(Debug)]
pub struct Heads<N> {
    reducer: Reducer,
    /// The network itself.
    pub network: N,
    heads: usize,
}

impl<N: Network> Heads<N> {
    /// Learns by binary cross-entropy against graded targets. `new` makes the network from the width of the reduced
    /// embeddings. The epochs are those after which the loss on validation is least; without validation as many as the schedule says for that case.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are no embeddings or no rows.
    pub fn fit(
        (train, targets): (&TrainingSet<'_>, &Targets),
        (validation, validation_targets): (&TrainingSet<'_>, &Targets),
        width: usize,
        schedule: &Schedule,
        random: &mut Random,
        new: impl FnOnce(usize, &mut Random) -> N,
    ) -> Result<Self, Error> {
        let reducer = Reducer::fit(train.queries(), width)?;
        let network = new(reducer.width(), random);
        let mut learning = Learning {
            network,
            width: reducer.width(),
            train: reducer.reduce(train.queries())?,
            targets,
            validation: reducer.reduce(validation.queries())?,
            validation_targets,
            hidden: Vec::new(),
            logits: vec![0.0; targets.heads()],
        };
        fit(&mut learning, train.rows(), schedule, random)?;
        Ok(Self { reducer, network: learning.network, heads: targets.heads() })
    }

    /// How many heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// queries x heads probabilities, row after row.
    ///
    /// # Errors
    /// As [`Reducer::reduce`].
    pub fn probabilities(&self, queries: &QuerySet<'_>) -> Result<Vec<f32>, Error> {
        let inputs = self.reducer.reduce(queries)?;
        let (mut hidden, mut logits) = (Vec::new(), vec![0.0; self.heads]);
        let mut probabilities = Vec::with_capacity(queries.rows() * self.heads);
        for input in inputs.chunks_exact(self.reducer.width()) {
            self.network.forward(input, &mut hidden, &mut logits);
            probabilities.extend(logits.iter().map(|logit| sigmoid(*logit)));
        }
        Ok(probabilities)
    }

    /// Adds everything to a state; the matrix stays with the host.
    #[must_use]
    pub fn write(self, writer: StateWriter) -> (StateWriter, routerlab_sdk::Matrix) {
        let writer = self.network.write(writer.u32(self.heads as u32));
        self.reducer.write(writer)
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the parts do not fit together.
    pub fn read(reader: &mut StateReader<'_>, matrix: routerlab_sdk::Matrix) -> Result<Self, Error> {
        let heads = reader.u32()? as usize;
        let network = N::read(reader, matrix.cols(), heads)?;
        if heads == 0 {
            return Err(Error::malformed("a network without heads"));
        }
        Ok(Self { reducer: Reducer::read(reader, matrix)?, network, heads })
    }
}

struct Learning<'a, N> {
    network: N,
    width: usize,
    train: Vec<f32>,
    targets: &'a Targets,
    validation: Vec<f32>,
    validation_targets: &'a Targets,
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

impl<N: Network> Learner for Learning<'_, N> {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.network.parameters()
    }

    fn learn(&mut self, rows: &[u32], random: &mut Random) -> Result<usize, Error> {
        let mut terms = 0;
        let mut input = vec![0.0; self.width];
        let mut slopes = vec![0.0; self.logits.len()];
        for &row in rows {
            let row = row as usize;
            input.copy_from_slice(&self.train[row * self.width..(row + 1) * self.width]);
            self.network.disturb(&mut input, random);
            self.network.forward(&input, &mut self.hidden, &mut self.logits);
            for ((slope, logit), target) in slopes.iter_mut().zip(&self.logits).zip(self.targets.row(row)) {
                // What is not known teaches nothing.
                *slope = if target.is_nan() { 0.0 } else { binary_cross_entropy(*logit, *target).1 };
                terms += usize::from(!target.is_nan());
            }
            self.network.backward(&input, &self.hidden, &slopes);
        }
        Ok(terms)
    }

    fn judge(&mut self) -> Result<Option<f64>, Error> {
        let (mut loss, mut terms) = (0.0, 0_u64);
        for (row, input) in self.validation.chunks_exact(self.width).enumerate() {
            self.network.forward(input, &mut self.hidden, &mut self.logits);
            for (logit, target) in self.logits.iter().zip(self.validation_targets.row(row)) {
                if !target.is_nan() {
                    loss += f64::from(binary_cross_entropy(*logit, *target).0);
                    terms += 1;
                }
            }
        }
        Ok((terms > 0).then(|| -loss / terms as f64))
    }
}
