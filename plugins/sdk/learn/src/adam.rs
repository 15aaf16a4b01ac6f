//! Numbers that are learned, and the rule by which they are.

/// Numbers that are learned, with the sum of their gradients and Adam's moments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameter {
    /// The numbers.
    pub values: Vec<f32>,
    /// The gradient of the loss, summed since the last step.
    pub gradient: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    /// Biases are levels, not slopes: decay would draw every prediction towards a level that nobody chose.
    undecayed: bool,
}

impl Parameter {
    /// A parameter that begins with these numbers.
    pub fn new(values: Vec<f32>) -> Self {
        let zeros = vec![0.0; values.len()];
        Self { gradient: zeros.clone(), first: zeros.clone(), second: zeros, values, undecayed: false }
    }

    /// A parameter that weight decay leaves alone.
    pub fn undecayed(values: Vec<f32>) -> Self {
        Self { undecayed: true, ..Self::new(values) }
    }
}

/// Adam with decoupled weight decay (Kingma and Ba, 2015; Loshchilov and Hutter, 2019).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Step size.
    pub rate: f32,
    /// Decay of the mean of gradients.
    pub beta1: f32,
    /// Decay of the mean of squared gradients.
    pub beta2: f32,
    /// Added to the root of the mean of squares.
    pub epsilon: f32,
    /// Share of each number that a step of size 1 would take away.
    pub weight_decay: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Self { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

impl Adam {
    /// Moves every number against its gradient, divided by `count` (the rows that the sum is over), and clears the
    /// gradients. `step` counts from 1.
    pub fn step<'a>(&self, parameters: impl IntoIterator<Item = &'a mut Parameter>, count: usize, step: u32) {
        let share = 1.0 / count.max(1) as f32;
        let power = step.min(i32::MAX as u32) as i32;
        let (unbias1, unbias2) = (1.0 - self.beta1.powi(power), 1.0 - self.beta2.powi(power));
        for Parameter { values, gradient, first, second, undecayed } in parameters {
            let keep = if *undecayed { 1.0 } else { 1.0 - self.rate * self.weight_decay };
            for (((value, gradient), first), second) in
                values.iter_mut().zip(gradient.iter_mut()).zip(first.iter_mut()).zip(second.iter_mut())
            {
                let slope = *gradient * share;
                *first = self.beta1 * *first + (1.0 - self.beta1) * slope;
                *second = self.beta2 * *second + (1.0 - self.beta2) * slope * slope;
                let towards = (*first / unbias1) / ((*second / unbias2).sqrt() + self.epsilon);
                *value = keep * *value - self.rate * towards;
                *gradient = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Adam, Parameter};

    #[test]
    fn the_first_step_has_the_size_of_the_rate_whatever_the_gradient() {
        for slope in [1e-3_f32, 1.0, -250.0] {
            let mut parameter = Parameter::new(vec![2.0]);
            parameter.gradient[0] = 4.0 * slope;
            Adam { rate: 0.1, ..Adam::default() }.step([&mut parameter], 4, 1);
            assert!((parameter.values[0] - (2.0 - 0.1 * slope.signum())).abs() < 1e-4, "{slope}");
            assert_eq!(parameter.gradient, [0.0]);
        }
    }

    #[test]
    fn weight_decay_shrinks_what_has_no_gradient() {
        let mut parameter = Parameter::new(vec![2.0]);
        Adam { rate: 0.1, weight_decay: 0.5, ..Adam::default() }.step([&mut parameter], 1, 1);
        assert!((parameter.values[0] - 1.9).abs() < 1e-6);
        let mut bias = Parameter::undecayed(vec![2.0]);
        Adam { rate: 0.1, weight_decay: 0.5, ..Adam::default() }.step([&mut bias], 1, 1);
        assert_eq!(bias.values, [2.0]);
    }

    #[test]
    fn the_minimum_of_a_parabola_is_found() {
        let mut parameter = Parameter::new(vec![5.0, -3.0]);
        for step in 1..=2000 {
            for at in 0..2 {
                parameter.gradient[at] = 2.0 * (parameter.values[at] - 1.0);
            }
            Adam { rate: 0.02, ..Adam::default() }.step([&mut parameter], 1, step);
        }
        assert!(parameter.values.iter().all(|value| (value - 1.0).abs() < 1e-3), "{:?}", parameter.values);
    }
}
