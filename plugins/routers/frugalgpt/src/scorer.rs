//! The scorer: how likely an answer is right, by logistic regression.

use routerlab_sdk::{Error, StateReader, StateWriter};

/// Newton steps at most; a dozen are enough where there is something to find.
const STEPS: usize = 25;

/// The penalty on the constant of each model: only so much that a model which is always right has a finite one.
const CONSTANT_PENALTY: f64 = 1e-3;

/// One answer of the training rows: the model, its numbers in a table, and whether it is right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Example {
    /// The model that answered.
    pub(crate) model: usize,
    /// Which block of numbers is its own.
    pub(crate) at: usize,
    /// Whether the score is 0.5 or more.
    pub(crate) right: bool,
}

/// One weight for every shared number, then those of each model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scorer {
    shared: usize,
    own: usize,
    weights: Vec<f64>,
}

impl Scorer {
    /// A scorer that finds everything as likely as not.
    pub(crate) fn new(shared: usize, own: usize, models: usize) -> Self {
        Self { shared, own, weights: vec![0.0; shared + own * models] }
    }

    /// The weight that belongs to a number of one model's answer.
    fn place(&self, model: usize, number: usize) -> usize {
        if number < self.shared { number } else { number + model * self.own }
    }

    fn logit(&self, weights: &[f64], model: usize, numbers: &[f32]) -> f64 {
        let (shared, own) = numbers.split_at(self.shared);
        let of_model = &weights[self.place(model, self.shared)..][..self.own];
        let sum = |numbers: &[f32], weights: &[f64]| -> f64 {
            numbers.iter().zip(weights).map(|(number, weight)| f64::from(*number) * weight).sum()
        };
        sum(shared, weights) + sum(own, of_model)
    }

    /// How likely the answer with these numbers is right.
    pub(crate) fn probability(&self, model: usize, numbers: &[f32]) -> f64 {
        logistic(self.logit(&self.weights, model, numbers))
    }

    fn penalty(&self, weight: usize, strength: f64) -> f64 {
        let constant = weight >= self.shared && (weight - self.shared).is_multiple_of(self.own);
        if constant { CONSTANT_PENALTY } else { strength }
    }

    /// Minus the penalised log-likelihood.
    fn loss(&self, weights: &[f64], numbers: &[f32], examples: &[Example], strength: f64) -> f64 {
        let len = self.shared + self.own;
        let of_example = |example: &Example| {
            let logit = self.logit(weights, example.model, &numbers[example.at * len..][..len]);
            softplus(if example.right { -logit } else { logit })
        };
        let penalty = |(at, weight): (usize, &f64)| 0.5 * self.penalty(at, strength) * weight * weight;
        examples.iter().map(of_example).sum::<f64>() + weights.iter().enumerate().map(penalty).sum::<f64>()
    }

    /// Finds the weights by Newton's method with halved steps; the loss is convex, so there is one answer. `numbers` are
    /// blocks as long as an answer has numbers.
    pub(crate) fn fit(mut self, numbers: &[f32], examples: &[Example], strength: f64) -> Self {
        let mut loss = self.loss(&self.weights, numbers, examples, strength);
        for _ in 0..STEPS {
            let (gradient, mut curvature) = self.derivatives(numbers, examples, strength);
            let Some(step) = solved(&mut curvature, gradient) else { return self };
            let mut scale = 1.0;
            let better = loop {
                let tried: Vec<f64> =
                    self.weights.iter().zip(&step).map(|(weight, step)| weight - scale * step).collect();
                let tried_loss = self.loss(&tried, numbers, examples, strength);
                if tried_loss < loss {
                    break Some((tried, tried_loss));
                }
                scale *= 0.5;
                if scale < 1e-4 {
                    break None;
                }
            };
            let Some((weights, least)) = better else { return self };
            let gained = loss - least;
            (self.weights, loss) = (weights, least);
            if gained <= 1e-7 * (1.0 + loss) {
                return self;
            }
        }
        self
    }

    /// The first derivative of the loss, and the second (weights x weights, its lower triangle).
    fn derivatives(&self, numbers: &[f32], examples: &[Example], strength: f64) -> (Vec<f64>, Vec<f64>) {
        let (size, len) = (self.weights.len(), self.shared + self.own);
        let penalty = |at| self.penalty(at, strength);
        let mut gradient: Vec<f64> = self.weights.iter().enumerate().map(|(at, w)| penalty(at) * w).collect();
        let mut curvature = vec![0.0; size * size];
        (0..size).for_each(|at| curvature[at * size + at] = penalty(at));
        for example in examples {
            let block = &numbers[example.at * len..][..len];
            let probability = self.probability(example.model, block);
            let error = probability - f64::from(u8::from(example.right));
            let weight = probability * (1.0 - probability);
            for (i, number) in block.iter().enumerate() {
                let (number, row) = (f64::from(*number), self.place(example.model, i));
                gradient[row] += error * number;
                let scaled = weight * number;
                for (j, other) in block[..=i].iter().enumerate() {
                    curvature[row * size + self.place(example.model, j)] += scaled * f64::from(*other);
                }
            }
        }
        (gradient, curvature)
    }

    pub(crate) fn write(&self, mut writer: StateWriter) -> StateWriter {
        writer = writer.u32(self.weights.len() as u32);
        self.weights.iter().fold(writer, |writer, weight| writer.f64(*weight))
    }

    pub(crate) fn read(reader: &mut StateReader<'_>, shared: usize, own: usize, models: usize) -> Result<Self, Error> {
        let misfit = || Error::malformed("the parts of the state do not fit together");
        let count = models.checked_mul(own).and_then(|own| own.checked_add(shared)).ok_or_else(misfit)?;
        if reader.u32()? as usize != count {
            return Err(misfit());
        }
        // One after another: a false length ends with the bytes.
        let weights = (0..count).map(|_| reader.f64()).collect::<Result<_, _>>()?;
        Ok(Self { shared, own, weights })
    }
}

fn logistic(logit: f64) -> f64 {
    (1.0 + (-logit).exp()).recip()
}

/// The logarithm of 1 + e^x, for any x.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Solves a symmetric positive system in place by Cholesky's method; none where it is not positive.
fn solved(matrix: &mut [f64], mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for i in 0..size {
        for j in 0..=i {
            let (above, row) = matrix.split_at(i * size);
            let other = if i == j { &row[..j] } else { &above[j * size..j * size + j] };
            let rest = row[j] - row[..j].iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
            let value = if i == j { rest.sqrt() } else { rest / above[j * size + j] };
            if !value.is_finite() || (i == j && value <= 0.0) {
                return None;
            }
            matrix[i * size + j] = value;
        }
    }
    for i in 0..size {
        let known: f64 = (0..i).map(|j| matrix[i * size + j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i * size + i];
    }
    for i in (0..size).rev() {
        let known: f64 = (i + 1..size).map(|j| matrix[j * size + i] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i * size + i];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_system_is_solved() {
        let mut matrix = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 2.0, 6.0];
        let solution = solved(&mut matrix, vec![11.0, 18.0, 23.0]).unwrap();
        for (value, expected) in solution.iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-12, "{solution:?}");
        }
        assert_eq!(solved(&mut [0.0], vec![1.0]), None);
    }

    #[test]
    fn constants_become_the_rates_of_the_models() {
        // Model 0 is right in 3 of 4 answers, model 1 in 1 of 4; the shared number tells nothing.
        let answer = |at: usize| Example { model: at / 4 % 2, at: 0, right: at.is_multiple_of(4) == (at / 4 % 2 == 1) };
        let examples: Vec<Example> = (0..80).map(answer).collect();
        let scorer = Scorer::new(1, 1, 2).fit(&[0.0, 1.0], &examples, 1.0);
        for (model, rate) in [(0, 0.75), (1, 0.25)] {
            let probability = scorer.probability(model, &[0.0, 1.0]);
            assert!((probability - rate).abs() < 1e-3, "{model}: {probability}");
        }
    }

    #[test]
    fn the_weights_are_where_the_loss_is_flat() {
        let numbers: Vec<f32> =
            (0..30).flat_map(|i| [(i as f32).sin(), (i as f32 * 0.7).cos(), 1.0, i as f32 / 30.0]).collect();
        let example = |at: usize| Example { model: at % 3, at, right: (at * at) % 7 < 3 };
        let examples: Vec<Example> = (0..30).map(example).collect();
        let scorer = Scorer::new(2, 2, 3).fit(&numbers, &examples, 0.5);
        let loss = |weights: &[f64]| scorer.loss(weights, &numbers, &examples, 0.5);
        for at in 0..scorer.weights.len() {
            let mut moved = scorer.weights.clone();
            let slope = [1e-4, -1e-4].map(|step| {
                moved[at] = scorer.weights[at] + step;
                loss(&moved)
            });
            assert!((slope[0] - slope[1]).abs() / 2e-4 < 5e-3, "weight {at}: {slope:?}");
        }
    }

    #[test]
    fn a_model_that_is_always_right_and_no_example_at_all_have_finite_weights() {
        let examples = vec![Example { model: 0, at: 0, right: true }; 50];
        let scorer = Scorer::new(0, 1, 1).fit(&[1.0], &examples, 1.0);
        assert!(scorer.probability(0, &[1.0]) > 0.97 && scorer.weights[0].is_finite());
        assert_eq!(Scorer::new(0, 1, 1).fit(&[], &[], 1.0).probability(0, &[1.0]), 0.5);
    }
}
