//! A network with one hidden layer, or none.

use routerlab_sdk::{Error, Random, StateReader, StateWriter};

use crate::{Dense, Network, Parameter};

/// Input -> hidden layer with ReLU -> a logit for each head; without a hidden layer it is logistic regression.
#[derive(Debug)]
pub struct Perceptron {
    hidden: Option<Dense>,
    output: Dense,
}

impl Perceptron {
    /// A network that at first says about the same of every input: `priors`, one logit for each head. `hidden` is the
    /// width of the hidden layer, 0 for none.
    pub fn new(width: usize, hidden: usize, priors: &[f32], random: &mut Random) -> Self {
        let layer = (hidden > 0).then(|| Dense::new(width, hidden, random));
        let mut output = Dense::new(if hidden > 0 { hidden } else { width }, priors.len(), random);
        output.weights.values.iter_mut().for_each(|weight| *weight *= 0.1);
        output.bias = Parameter::undecayed(priors.to_vec());
        Self { hidden: layer, output }
    }
}

impl Network for Perceptron {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.hidden.iter_mut().chain([&mut self.output]).flat_map(Dense::parameters).collect()
    }

    fn forward(&self, input: &[f32], hidden: &mut Vec<f32>, logits: &mut [f32]) {
        let Some(layer) = &self.hidden else { return self.output.forward(input, logits) };
        hidden.resize(layer.outputs(), 0.0);
        layer.forward(input, hidden);
        hidden.iter_mut().for_each(|unit| *unit = unit.max(0.0));
        self.output.forward(hidden, logits);
    }

    fn backward(&mut self, input: &[f32], hidden: &[f32], slopes: &[f32]) {
        let Some(layer) = &mut self.hidden else { return self.output.backward(input, slopes) };
        self.output.backward(hidden, slopes);
        let mut of_hidden = vec![0.0; hidden.len()];
        self.output.slope_of_input(slopes, &mut of_hidden);
        of_hidden.iter_mut().zip(hidden).filter(|(_, unit)| **unit == 0.0).for_each(|(slope, _)| *slope = 0.0);
        layer.backward(input, &of_hidden);
    }

    fn write(&self, writer: StateWriter) -> StateWriter {
        let writer = writer.u32(u32::from(self.hidden.is_some()));
        self.hidden.iter().chain([&self.output]).fold(writer, |writer, layer| layer.write(writer))
    }

    fn read(reader: &mut StateReader<'_>, width: usize, heads: usize) -> Result<Self, Error> {
        let hidden = if reader.u32()? == 1 { Some(Dense::read(reader)?) } else { None };
        let output = Dense::read(reader)?;
        let (inputs, middle) =
            hidden.as_ref().map_or((output.inputs(), output.inputs()), |h| (h.inputs(), h.outputs()));
        if (inputs, middle, output.outputs()) != (width, output.inputs(), heads) {
            return Err(Error::malformed("the layers do not fit together"));
        }
        Ok(Self { hidden, output })
    }
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{Random, StateWriter};

    use super::Perceptron;
    use crate::Network;
    use crate::testing::gradient_error;

    #[test]
    fn gradients_are_those_of_the_logits() {
        for width in [0, 5] {
            let mut network = Perceptron::new(4, width, &[0.5, -0.5], &mut Random::new(2));
            network.output.weights.values.iter_mut().for_each(|weight| *weight *= 10.0);
            let error = gradient_error(&mut network, 4, 2, 8);
            assert!(error < 0.01, "hidden layer of {width}: {error}");
        }
    }

    #[test]
    fn a_network_is_read_back_for_the_shape_that_it_has() {
        for width in [0, 5] {
            let network = Perceptron::new(4, width, &[0.0; 3], &mut Random::new(1));
            let state = network.write(StateWriter::new("toy/1")).finish(vec![]);
            let read = |inputs, heads| Perceptron::read(&mut state.reader("toy/1").unwrap(), inputs, heads);
            assert!(read(4, 3).is_ok() && read(5, 3).is_err() && read(4, 2).is_err(), "{width}");
        }
    }
}
