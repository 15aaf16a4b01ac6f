//! The item response model.

use routerlab_learn::{Dense, Network, Parameter, dot, normal, sigmoid};
use routerlab_sdk::{Error, Random, StateReader, StateWriter};

/// Logit of the chance of guessing right that every model begins with, about 1 in 20.
const FIRST_GUESS: f32 = -3.0;

/// P(q, m) = c_m + (1 - c_m) sigmoid(theta_m . a(q) - b(q)): what a query asks of each ability, how hard it is, and how
/// often a model is right that has no idea; c_m is 0 unless guessing is learned.
#[derive(Debug)]
pub(crate) struct Items {
    /// reduced embedding -> a(q), then b(q).
    pub(crate) items: Dense,
    /// theta: models x abilities.
    pub(crate) abilities: Parameter,
    /// One logit of c for each model; empty when there is no guessing.
    pub(crate) guesses: Parameter,
}

impl Items {
    pub(crate) fn new(width: usize, count: usize, guessing: bool, priors: &[f32], random: &mut Random) -> Self {
        let mut items = Dense::new(width, count + 1, random);
        // Every query asks for the first ability, of which each model has what it takes to be right as often as it is.
        items.bias.values[0] = 1.0;
        let mut abilities = Vec::with_capacity(priors.len() * count);
        for prior in priors {
            abilities.push(*prior);
            abilities.extend((1..count).map(|_| 0.1 * normal(random)));
        }
        let guesses = if guessing { vec![FIRST_GUESS; priors.len()] } else { Vec::new() };
        Self { items, abilities: Parameter::new(abilities), guesses: Parameter::new(guesses) }
    }

    fn count(&self) -> usize {
        self.items.outputs() - 1
    }
}

/// The logit of c + (1 - c) sigmoid(x), which is log(c + exp(x)) - log(1 - c), and its derivatives by x and by the logit
/// of c.
fn guessed(x: f32, guess: f32) -> (f32, f32, f32) {
    let chance = sigmoid(guess);
    // log(c + exp(x)) and exp(x) / (c + exp(x)) without overflow at either end.
    let (log, share) = if x > 0.0 {
        let small = chance * (-x).exp();
        (x + small.ln_1p(), 1.0 / (1.0 + small))
    } else {
        let sum = (chance + x.exp()).max(f32::MIN_POSITIVE);
        (sum.ln(), x.exp() / sum)
    };
    // By c: 1 / (c + exp(x)) + 1 / (1 - c); by its logit that times c (1 - c).
    let of_guess = (1.0 - share) * (1.0 - chance) + chance;
    // -log(1 - c).
    let rest = guess.max(0.0) + (-guess.abs()).exp().ln_1p();
    (log + rest, share, of_guess)
}

impl Network for Items {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.items.parameters().into_iter().chain([&mut self.abilities, &mut self.guesses]).collect()
    }

    fn forward(&self, input: &[f32], hidden: &mut Vec<f32>, logits: &mut [f32]) {
        hidden.resize(self.items.outputs(), 0.0);
        self.items.forward(input, hidden);
        let (asked, difficulty) = hidden.split_at(self.count());
        for (logit, ability) in logits.iter_mut().zip(self.abilities.values.chunks_exact(asked.len())) {
            *logit = dot(ability, asked) - difficulty[0];
        }
        for (logit, guess) in logits.iter_mut().zip(&self.guesses.values) {
            *logit = guessed(*logit, *guess).0;
        }
    }

    fn backward(&mut self, input: &[f32], hidden: &[f32], slopes: &[f32]) {
        let count = self.count();
        let (asked, difficulty) = hidden.split_at(count);
        let mut of_hidden = vec![0.0; count + 1];
        let abilities = self.abilities.values.chunks_exact(count).zip(self.abilities.gradient.chunks_exact_mut(count));
        for (model, (&slope, (ability, of_ability))) in slopes.iter().zip(abilities).enumerate() {
            let mut slope = slope;
            if let Some(guess) = self.guesses.values.get(model) {
                let (_, by_x, by_guess) = guessed(dot(ability, asked) - difficulty[0], *guess);
                self.guesses.gradient[model] += slope * by_guess;
                slope *= by_x;
            }
            of_hidden[count] -= slope;
            for k in 0..count {
                of_ability[k] += slope * asked[k];
                of_hidden[k] += slope * ability[k];
            }
        }
        self.items.backward(input, &of_hidden);
    }

    fn write(&self, writer: StateWriter) -> StateWriter {
        self.items.write(writer).f32s(&self.abilities.values).f32s(&self.guesses.values)
    }

    fn read(reader: &mut StateReader<'_>, width: usize, heads: usize) -> Result<Self, Error> {
        let (items, abilities, guesses) = (Dense::read(reader)?, reader.f32s()?, reader.f32s()?);
        let count = items.outputs().saturating_sub(1);
        let fits = count > 0 && items.inputs() == width && heads.checked_mul(count) == Some(abilities.len());
        if !fits || !(guesses.is_empty() || guesses.len() == heads) {
            return Err(Error::malformed("items and abilities do not fit together"));
        }
        Ok(Self { items, abilities: Parameter::new(abilities), guesses: Parameter::new(guesses) })
    }
}

#[cfg(test)]
mod tests {
    use routerlab_learn::{Dense, Network, Parameter, sigmoid, testing::gradient_error};
    use routerlab_sdk::Random;

    use super::{Items, guessed};

    #[test]
    fn a_logit_is_ability_times_what_is_asked_less_difficulty() {
        let mut items = Dense::new(1, 3, &mut Random::new(1));
        items.weights.values = vec![1.0, 2.0, 3.0];
        items.bias.values = vec![0.0, 0.0, 1.0];
        let (abilities, guesses) = (Parameter::new(vec![1.0, 0.0, 0.5, 0.5]), Parameter::default());
        let network = Items { items, abilities, guesses };
        let mut logits = [0.0; 2];
        network.forward(&[2.0], &mut Vec::new(), &mut logits);
        // a = (2, 4), b = 7.
        assert_eq!(logits, [2.0 - 7.0, 3.0 - 7.0]);
    }

    #[test]
    fn who_guesses_is_right_at_least_as_often_as_that() {
        for (x, guess) in [(0.0, -1.0), (3.0, 0.5), (-30.0, -1.1), (-200.0, -3.0), (200.0, -3.0), (0.0, 9.0)] {
            let chance = sigmoid(guess);
            let expected = chance + (1.0 - chance) * sigmoid(x);
            let (logit, ..) = guessed(x, guess);
            assert!(logit.is_finite() && (sigmoid(logit) - expected).abs() < 1e-6, "{x} {guess}: {logit}");
        }
    }

    #[test]
    fn gradients_are_those_of_the_logits() {
        for guessing in [false, true] {
            let mut items = Items::new(3, 2, guessing, &[0.5, -0.5, 1.0], &mut Random::new(4));
            let error = gradient_error(&mut items, 3, 3, 5);
            assert!(error < 0.01, "guessing: {guessing}: {error}");
        }
    }
}
