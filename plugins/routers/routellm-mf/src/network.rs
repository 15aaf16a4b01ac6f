//! The strength of a model for a query, learned from who won.

use routerlab_learn::{Learner, Parameter, binary_cross_entropy, dot, normal};
use routerlab_sdk::{Error, Random, StateReader, StateWriter};

/// u_m(q) = w . (p_m / |p_m| * z(q)), z being the reduced embedding with a 1 behind it. The 1 takes the place of the mean of
/// embeddings, which reducing removes: without it no model could be stronger than another on the average query.
#[derive(Debug)]
pub(crate) struct Gated {
    width: usize,
    /// p: models x (width + 1).
    vectors: Parameter,
    /// w: width + 1.
    gate: Parameter,
}

impl Gated {
    pub(crate) fn new(width: usize, models: usize, random: &mut Random) -> Self {
        let vectors = (0..models * (width + 1)).map(|_| normal(random)).collect();
        let gate = (0..=width).map(|_| 0.1 * normal(random)).collect();
        Self { width, vectors: Parameter::new(vectors), gate: Parameter::new(gate) }
    }

    /// w * p_m / |p_m| for each model: models x (width + 1).
    pub(crate) fn directions(&self) -> Vec<f32> {
        let mut directions = self.vectors.values.clone();
        for vector in directions.chunks_exact_mut(self.width + 1) {
            let length = length(vector);
            vector.iter_mut().zip(&self.gate.values).for_each(|(p, w)| *p *= w / length);
        }
        directions
    }

    pub(crate) fn strengths(&self, directions: &[f32], input: &[f32], strengths: &mut [f32]) {
        for (strength, direction) in strengths.iter_mut().zip(directions.chunks_exact(self.width + 1)) {
            *strength = dot(&direction[..self.width], input) + direction[self.width];
        }
    }

    pub(crate) fn write(&self, writer: StateWriter) -> StateWriter {
        writer.f32s(&self.vectors.values).f32s(&self.gate.values)
    }

    pub(crate) fn read(reader: &mut StateReader<'_>, width: usize, models: usize) -> Result<Self, Error> {
        let (vectors, gate) = (Parameter::new(reader.f32s()?), Parameter::new(reader.f32s()?));
        if gate.values.len() != width + 1 || models.checked_mul(width + 1) != Some(vectors.values.len()) {
            return Err(Error::malformed("the vectors do not fit together"));
        }
        Ok(Self { width, vectors, gate })
    }

    /// From the gradient by each direction to that by vectors and gate.
    fn backward(&mut self, of_directions: &[f32]) {
        let size = self.width + 1;
        let gradients = self.vectors.gradient.chunks_exact_mut(size);
        for ((vector, gradient), slope) in
            self.vectors.values.chunks_exact(size).zip(gradients).zip(of_directions.chunks_exact(size))
        {
            let length = length(vector);
            // d/dp of g . p/|p|, where g = slope * w.
            let gated: Vec<f32> = slope.iter().zip(&self.gate.values).map(|(slope, w)| slope * w).collect();
            let along = dot(&gated, vector) / (length * length);
            for k in 0..size {
                gradient[k] += (gated[k] - along * vector[k]) / length;
                self.gate.gradient[k] += slope[k] * vector[k] / length;
            }
        }
    }
}

fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt().max(1e-6)
}

/// See [`Pairs::worth`].
const LEAST_WORTH: f64 = 1e-4;

/// All pairs of models of a query in which one scored higher; equal scores teach nothing, as published.
pub(crate) struct Pairs {
    pub(crate) gated: Gated,
    pub(crate) inputs: Vec<f32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) validation: Vec<f32>,
    pub(crate) validation_scores: Vec<f32>,
}

impl Pairs {
    fn models(&self) -> usize {
        self.gated.vectors.values.len() / (self.gated.width + 1)
    }

    /// What a unit of strength is worth as a score: least squares of the scores on the strengths, both less their means
    /// over the models of the same query, over validation, or over training where there is none. Only differences between
    /// the models of a query mean anything, so how hard queries are has no say. At least a little, which keeps the order of
    /// strengths where scores do not tell.
    pub(crate) fn worth(&self) -> f32 {
        let (inputs, scores) = match self.validation.is_empty() {
            true => (&self.inputs, &self.scores),
            false => (&self.validation, &self.validation_scores),
        };
        let directions = self.gated.directions();
        let mut strengths = vec![0.0; self.models()];
        let (mut spread, mut together) = (0.0, 0.0);
        for (input, scores) in inputs.chunks_exact(self.gated.width).zip(scores.chunks_exact(strengths.len())) {
            self.gated.strengths(&directions, input, &mut strengths);
            let known = || strengths.iter().zip(scores).filter(|(_, score)| !score.is_nan());
            let count = known().count().max(1) as f64;
            let (mut x, mut y) = (0.0, 0.0);
            known().for_each(|(&strength, &score)| (x, y) = (x + f64::from(strength), y + f64::from(score)));
            for (&strength, &score) in known() {
                let (strength, score) = (f64::from(strength) - x / count, f64::from(score) - y / count);
                spread += strength * strength;
                together += strength * score;
            }
        }
        if spread > 1e-12 { (together / spread).max(LEAST_WORTH) as f32 } else { LEAST_WORTH as f32 }
    }
}

impl Learner for Pairs {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.gated.vectors, &mut self.gated.gate]
    }

    fn learn(&mut self, rows: &[u32], random: &mut Random) -> Result<usize, Error> {
        let (width, models) = (self.gated.width, self.models());
        let directions = self.gated.directions();
        let mut of_directions = vec![0.0; directions.len()];
        let (mut strengths, mut slopes) = (vec![0.0; models], vec![0.0; models]);
        let mut terms = 0;
        for &row in rows {
            let row = row as usize;
            let input = &self.inputs[row * width..(row + 1) * width];
            self.gated.strengths(&directions, input, &mut strengths);
            slopes.fill(0.0);
            let decided = each_pair(&self.scores[row * models..(row + 1) * models], random, |winner, loser| {
                let (_, slope) = binary_cross_entropy(strengths[winner] - strengths[loser], 1.0);
                slopes[winner] += slope;
                slopes[loser] -= slope;
            });
            // A query counts once, however many of its pairs are decided.
            let share = if decided > 0 { 1.0 / decided as f32 } else { 0.0 };
            terms += usize::from(decided > 0);
            for (slope, gradient) in slopes.iter().zip(of_directions.chunks_exact_mut(width + 1)) {
                let slope = slope * share;
                gradient[..width].iter_mut().zip(input).for_each(|(gradient, z)| *gradient += slope * z);
                gradient[width] += slope;
            }
        }
        self.gated.backward(&of_directions);
        Ok(terms)
    }

    /// The share of validation pairs that are in the right order, ties counting half, less a little of the loss, so that
    /// epochs that order equally are told apart.
    fn judge(&mut self) -> Result<Option<f64>, Error> {
        let directions = self.gated.directions();
        let mut strengths = vec![0.0; self.models()];
        let (mut right, mut loss, mut pairs) = (0.0, 0.0, 0_usize);
        // The same pairs in every epoch.
        let mut random = Random::new(0);
        let rows = self.validation.chunks_exact(self.gated.width);
        for (input, scores) in rows.zip(self.validation_scores.chunks_exact(strengths.len())) {
            self.gated.strengths(&directions, input, &mut strengths);
            pairs += each_pair(scores, &mut random, |winner, loser| {
                let ahead = strengths[winner] - strengths[loser];
                right += if ahead > 0.0 { 1.0 } else { 0.5 * f64::from(u8::from(ahead == 0.0)) };
                loss += f64::from(binary_cross_entropy(ahead, 1.0).0);
            });
        }
        Ok((pairs > 0).then(|| (right - 1e-3 * loss) / pairs as f64))
    }
}

/// Up to this many models every pair is looked at; of more, a query shows [`DRAWN`] pairs at a time.
const ALL_PAIRS: usize = 32;
const DRAWN: usize = 512;

/// Calls with winner and loser of the pairs that are decided, and counts them.
fn each_pair(scores: &[f32], random: &mut Random, mut call: impl FnMut(usize, usize)) -> usize {
    let mut decided = 0;
    let mut look = |a: usize, b: usize| {
        // False where one of the two is NaN.
        if scores[a] > scores[b] {
            call(a, b);
            decided += 1;
        }
    };
    let models = scores.len();
    if models <= ALL_PAIRS {
        (0..models).for_each(|a| (0..models).for_each(|b| look(a, b)));
    } else {
        (0..DRAWN).for_each(|_| look(random.below(models as u32) as usize, random.below(models as u32) as usize));
    }
    decided
}
