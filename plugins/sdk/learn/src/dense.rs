//! A layer in which every output depends on every input.

use routerlab_sdk::{Error, Random, StateReader, StateWriter};

use crate::Parameter;

/// y = x W + b for rows x of `inputs` numbers and rows y of `outputs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    inputs: usize,
    outputs: usize,
    /// inputs x outputs, so that the inner loops run along the outputs and need no sum across lanes.
    pub weights: Parameter,
    /// One per output.
    pub bias: Parameter,
}

impl Dense {
    /// Weights drawn evenly from +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010), biases of 0.
    pub fn new(inputs: usize, outputs: usize, random: &mut Random) -> Self {
        let bound = (6.0 / (inputs + outputs).max(1) as f64).sqrt();
        let draw = |_| ((2.0 * random.unit() - 1.0) * bound) as f32;
        let weights = (0..inputs * outputs).map(draw).collect();
        Self { inputs, outputs, weights: Parameter::new(weights), bias: Parameter::undecayed(vec![0.0; outputs]) }
    }

    /// How many numbers a row has that goes in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many numbers a row has that comes out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// One row through the layer; `output` is overwritten.
    pub fn forward(&self, input: &[f32], output: &mut [f32]) {
        output.copy_from_slice(&self.bias.values);
        add_product(input, &self.weights.values, output);
    }

    /// Adds one row's gradients: `input` as it went in, `slope` the derivative of the loss by the row's output.
    pub fn backward(&mut self, input: &[f32], slope: &[f32]) {
        for (gradient, slope) in self.bias.gradient.iter_mut().zip(slope) {
            *gradient += slope;
        }
        for (gradient, &x) in self.weights.gradient.chunks_exact_mut(self.outputs.max(1)).zip(input) {
            for (gradient, slope) in gradient.iter_mut().zip(slope) {
                *gradient += x * slope;
            }
        }
    }

    /// The derivative of the loss by the row's input, added to `into`.
    pub fn slope_of_input(&self, slope: &[f32], into: &mut [f32]) {
        for (into, weights) in into.iter_mut().zip(self.weights.values.chunks_exact(self.outputs.max(1))) {
            *into += dot(weights, slope);
        }
    }

    /// What is learned: weights, then biases.
    pub fn parameters(&mut self) -> [&mut Parameter; 2] {
        [&mut self.weights, &mut self.bias]
    }

    /// Adds the layer to a state.
    #[must_use]
    pub fn write(&self, writer: StateWriter) -> StateWriter {
        writer.u32(self.inputs as u32).u32(self.outputs as u32).f32s(&self.weights.values).f32s(&self.bias.values)
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state is too short or its parts do not fit together.
    pub fn read(reader: &mut StateReader<'_>) -> Result<Self, Error> {
        let (inputs, outputs) = (reader.u32()? as usize, reader.u32()? as usize);
        let (weights, bias) = (reader.f32s()?, reader.f32s()?);
        if inputs.checked_mul(outputs) != Some(weights.len()) || bias.len() != outputs {
            return Err(Error::malformed("the parts of a layer do not fit together"));
        }
        Ok(Self { inputs, outputs, weights: Parameter::new(weights), bias: Parameter::undecayed(bias) })
    }
}

/// output += input x weights (inputs x outputs), four inputs at a time: the output is read and written once for them.
fn add_product(input: &[f32], weights: &[f32], output: &mut [f32]) {
    let outputs = output.len();
    if outputs == 0 {
        return;
    }
    let (fours, rest) = (input.chunks_exact(4), input.chunks_exact(4).remainder());
    let mut rows = weights.chunks_exact(4 * outputs);
    for (x, block) in fours.zip(rows.by_ref()) {
        let (w0, block) = block.split_at(outputs);
        let (w1, block) = block.split_at(outputs);
        let (w2, w3) = block.split_at(outputs);
        for ((((out, w0), w1), w2), w3) in output.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
            *out += (x[0] * w0 + x[1] * w1) + (x[2] * w2 + x[3] * w3);
        }
    }
    for (x, weights) in rest.iter().zip(rows.remainder().chunks_exact(outputs)) {
        for (out, weight) in output.iter_mut().zip(weights) {
            *out += x * weight;
        }
    }
}

/// The inner product, in sixteen lanes: sums of floats are not reordered by the compiler.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (whole_left, whole_right) = (left.chunks_exact(16), right.chunks_exact(16));
    let rest = whole_left.remainder().iter().zip(whole_right.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    for (left, right) in whole_left.zip(whole_right) {
        for ((lane, a), b) in lanes.iter_mut().zip(left).zip(right) {
            *lane += a * b;
        }
    }
    let mut width = 8;
    while width > 0 {
        for at in 0..width {
            lanes[at] += lanes[at + width];
        }
        width /= 2;
    }
    lanes[0] + rest
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{Random, StateWriter};

    use super::{Dense, dot};

    fn drawn(count: usize, random: &mut Random) -> Vec<f32> {
        (0..count).map(|_| random.unit() as f32 - 0.5).collect()
    }

    /// Sum of squares of the outputs.
    fn loss(layer: &Dense, input: &[f32]) -> f32 {
        let mut output = vec![0.0; layer.outputs()];
        layer.forward(input, &mut output);
        output.iter().map(|y| y * y).sum()
    }

    #[test]
    fn a_layer_is_a_product_and_a_sum() {
        let mut layer = Dense::new(5, 2, &mut Random::new(1));
        layer.weights.values = (0..10).map(|value| value as f32).collect();
        layer.bias.values = vec![0.5, -0.5];
        let mut output = [0.0; 2];
        layer.forward(&[1.0, 0.0, 2.0, 0.0, 1.0], &mut output);
        assert_eq!(output, [16.5, 19.5]);
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        let mut random = Random::new(3);
        for (inputs, outputs) in [(1, 1), (7, 3), (33, 18)] {
            let mut layer = Dense::new(inputs, outputs, &mut random);
            let mut input = drawn(inputs, &mut random);
            let mut output = vec![0.0; outputs];
            layer.forward(&input, &mut output);
            let slope: Vec<f32> = output.iter().map(|y| 2.0 * y).collect();
            layer.backward(&input, &slope);
            let mut of_input = vec![0.0; inputs];
            layer.slope_of_input(&slope, &mut of_input);
            let step = 1e-2;
            for at in [0, inputs - 1] {
                let kept = input[at];
                input[at] = kept + step;
                let above = loss(&layer, &input);
                input[at] = kept - step;
                let rise = above - loss(&layer, &input);
                input[at] = kept;
                assert!((rise / (2.0 * step) - of_input[at]).abs() < 1e-2, "input {at} of {inputs} x {outputs}");
            }
            for at in [0, inputs * outputs - 1] {
                let gradient = layer.weights.gradient[at];
                layer.weights.values[at] += step;
                let above = loss(&layer, &input);
                layer.weights.values[at] -= 2.0 * step;
                let rise = above - loss(&layer, &input);
                layer.weights.values[at] += step;
                assert!((rise / (2.0 * step) - gradient).abs() < 1e-2, "weight {at} of {inputs} x {outputs}");
            }
        }
    }

    #[test]
    fn a_layer_is_read_back_as_it_was_written() {
        let layer = Dense::new(3, 2, &mut Random::new(9));
        let state = layer.write(StateWriter::new("toy/1")).finish(vec![]);
        let mut reader = state.reader("toy/1").unwrap();
        assert_eq!(Dense::read(&mut reader).unwrap(), layer);
        let lies = StateWriter::new("toy/1").u32(3).u32(2).f32s(&[0.0; 5]).f32s(&[0.0; 2]).finish(vec![]);
        assert!(Dense::read(&mut lies.reader("toy/1").unwrap()).is_err());
    }

    #[test]
    fn inner_products_of_any_length_are_whole() {
        for length in [0, 1, 15, 16, 17, 50] {
            let ones = vec![1.0; length];
            assert_eq!(dot(&ones, &ones), length as f32);
        }
    }
}
