//! The network that judges whether a described model can answer a query.

use routerlab_learn::{Dense, Network, Parameter};
use routerlab_sdk::{Error, Random, StateReader, StateWriter};

/// logit(q, m) = MLP([W e(q); V g_m; W e(q) * V g_m]) with one hidden layer of ReLU. Nothing in it belongs to a single
/// model but the description g_m.
#[derive(Debug)]
pub(crate) struct Judge {
    /// W.
    query: Dense,
    /// V.
    model: Dense,
    /// The hidden layer, in the three parts of its input.
    from_query: Dense,
    from_model: Dense,
    from_product: Dense,
    output: Dense,
    /// models x description.
    descriptions: Vec<f32>,
}

/// Where the parts of the working memory begin: the query, what the hidden layer gets of it, and for each model its
/// projected description, the product and the hidden units.
struct Places {
    meeting: usize,
    hidden: usize,
}

impl Places {
    fn query(&self) -> std::ops::Range<usize> {
        0..self.meeting
    }

    fn of_query(&self) -> std::ops::Range<usize> {
        self.meeting..self.meeting + self.hidden
    }

    fn of_model(&self, model: usize) -> std::ops::Range<usize> {
        let each = 2 * self.meeting + self.hidden;
        let start = self.meeting + self.hidden + model * each;
        start..start + each
    }
}

impl Judge {
    /// Descriptions: models x description, row after row.
    pub(crate) fn new(
        (width, meeting, hidden): (usize, usize, usize),
        descriptions: Vec<f32>,
        priors: &[f32],
        random: &mut Random,
    ) -> Self {
        let mut output = Dense::new(hidden, 1, random);
        output.bias.values[0] = priors.iter().sum::<f32>() / priors.len() as f32;
        Self {
            query: Dense::new(width, meeting, random),
            model: Dense::new(descriptions.len() / priors.len(), meeting, random),
            from_query: Dense::new(meeting, hidden, random),
            from_model: Dense::new(meeting, hidden, random),
            from_product: Dense::new(meeting, hidden, random),
            output,
            descriptions,
        }
    }

    fn places(&self) -> Places {
        Places { meeting: self.query.outputs(), hidden: self.output.inputs() }
    }

    fn description(&self, model: usize) -> &[f32] {
        let width = self.model.inputs();
        &self.descriptions[model * width..(model + 1) * width]
    }

    fn layers(&mut self) -> [&mut Dense; 6] {
        [
            &mut self.query,
            &mut self.model,
            &mut self.from_query,
            &mut self.from_model,
            &mut self.from_product,
            &mut self.output,
        ]
    }
}

impl Network for Judge {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.layers().into_iter().flat_map(Dense::parameters).collect()
    }

    fn forward(&self, input: &[f32], memory: &mut Vec<f32>, logits: &mut [f32]) {
        let places = self.places();
        let (meeting, hidden) = (places.meeting, places.hidden);
        memory.clear();
        memory.resize(places.of_model(logits.len()).start, 0.0);
        let (shared, rest) = memory.split_at_mut(places.of_query().end);
        let (query, from_query) = shared.split_at_mut(meeting);
        self.query.forward(input, query);
        self.from_query.forward(query, from_query);
        let mut part = vec![0.0; hidden];
        for (model, (logit, own)) in logits.iter_mut().zip(rest.chunks_exact_mut(2 * meeting + hidden)).enumerate() {
            let (projected, own) = own.split_at_mut(meeting);
            let (product, units) = own.split_at_mut(meeting);
            self.model.forward(self.description(model), projected);
            for ((product, q), g) in product.iter_mut().zip(&*query).zip(&*projected) {
                *product = q * g;
            }
            self.from_product.forward(product, units);
            self.from_model.forward(projected, &mut part);
            for ((unit, a), b) in units.iter_mut().zip(&*from_query).zip(&part) {
                *unit = (*unit + a + b).max(0.0);
            }
            let mut out = [0.0];
            self.output.forward(units, &mut out);
            *logit = out[0];
        }
    }

    fn backward(&mut self, input: &[f32], memory: &[f32], slopes: &[f32]) {
        let places = self.places();
        let (meeting, hidden) = (places.meeting, places.hidden);
        let query = &memory[places.query()];
        let (mut of_query, mut of_shared) = (vec![0.0; meeting], vec![0.0; hidden]);
        for (model, &slope) in slopes.iter().enumerate().filter(|(_, slope)| **slope != 0.0) {
            let own = &memory[places.of_model(model)];
            let (projected, product, units) = (&own[..meeting], &own[meeting..2 * meeting], &own[2 * meeting..]);
            self.output.backward(units, &[slope]);
            let mut of_units = vec![0.0; hidden];
            self.output.slope_of_input(&[slope], &mut of_units);
            of_units.iter_mut().zip(units).filter(|(_, unit)| **unit == 0.0).for_each(|(slope, _)| *slope = 0.0);
            of_shared.iter_mut().zip(&of_units).for_each(|(sum, slope)| *sum += slope);
            let (mut of_product, mut of_projected) = (vec![0.0; meeting], vec![0.0; meeting]);
            self.from_product.backward(product, &of_units);
            self.from_product.slope_of_input(&of_units, &mut of_product);
            self.from_model.backward(projected, &of_units);
            self.from_model.slope_of_input(&of_units, &mut of_projected);
            for k in 0..meeting {
                of_query[k] += of_product[k] * projected[k];
                of_projected[k] += of_product[k] * query[k];
            }
            let width = self.model.inputs();
            let description = &self.descriptions[model * width..(model + 1) * width];
            self.model.backward(description, &of_projected);
        }
        self.from_query.backward(query, &of_shared);
        self.from_query.slope_of_input(&of_shared, &mut of_query);
        self.query.backward(input, &of_query);
    }

    fn write(&self, writer: StateWriter) -> StateWriter {
        let layers = [&self.query, &self.model, &self.from_query, &self.from_model, &self.from_product, &self.output];
        layers.into_iter().fold(writer, |writer, layer| layer.write(writer)).f32s(&self.descriptions)
    }

    fn read(reader: &mut StateReader<'_>, width: usize, heads: usize) -> Result<Self, Error> {
        let mut layer = || Dense::read(reader);
        let [query, model, from_query, from_model, from_product, output] =
            [layer()?, layer()?, layer()?, layer()?, layer()?, layer()?];
        let (meeting, hidden) = (query.outputs(), output.inputs());
        let descriptions = reader.f32s()?;
        let middle = [&from_query, &from_model, &from_product];
        let fits = query.inputs() == width
            && model.outputs() == meeting
            && middle.iter().all(|layer| (layer.inputs(), layer.outputs()) == (meeting, hidden))
            && output.outputs() == 1
            && heads.checked_mul(model.inputs()) == Some(descriptions.len());
        if !fits {
            return Err(Error::malformed("the layers do not fit together"));
        }
        Ok(Self { query, model, from_query, from_model, from_product, output, descriptions })
    }
}

#[cfg(test)]
mod tests {
    use routerlab_learn::testing::gradient_error;
    use routerlab_sdk::Random;

    use super::Judge;

    #[test]
    fn gradients_are_those_of_the_logits() {
        let descriptions = vec![1.0, -0.5, 0.3, -1.0, 0.2, 0.7];
        let mut judge = Judge::new((4, 3, 5), descriptions, &[0.2, -0.2], &mut Random::new(3));
        let error = gradient_error(&mut judge, 4, 2, 6);
        assert!(error < 0.01, "{error}");
    }
}
