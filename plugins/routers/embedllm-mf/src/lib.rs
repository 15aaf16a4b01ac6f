//! Predicts each model's score by matrix factorisation over projected embeddings.

use routerlab_learn::{Dense, Network, Parameter, Settings, Success, normal, training_schema};
use routerlab_sdk::{
    Decisions, Error, Needs, Preference, QuerySet, Random, Router, State, StateReader, StateWriter, TrainingSet,
    Unavailable, config, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "embedllm-mf/1";

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Length of a model's vector (k).
    pub factors: u32,
    /// Standard deviation of the noise on each reduced number in training, whose own root mean square is 1; none when
    /// routing.
    pub noise: f32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { factors: 64, noise: 0.25, training: Settings::default() }
    }
}

/// logit(q, m) = w . (p_m * (A e(q) + a)) + c. The published form has two outputs and takes their difference, which is one
/// output whose weights are the difference of the two.
#[derive(Debug)]
pub struct Factors {
    /// A and a.
    projection: Dense,
    /// models x factors.
    vectors: Parameter,
    /// w, then c.
    classifier: Parameter,
    noise: f32,
}

impl Network for Factors {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.projection.parameters().into_iter().chain([&mut self.vectors, &mut self.classifier]).collect()
    }

    fn forward(&self, input: &[f32], hidden: &mut Vec<f32>, logits: &mut [f32]) {
        let factors = self.projection.outputs();
        hidden.resize(factors, 0.0);
        self.projection.forward(input, hidden);
        let (weights, bias) = self.classifier.values.split_at(factors);
        for (logit, vector) in logits.iter_mut().zip(self.vectors.values.chunks_exact(factors)) {
            *logit = bias[0] + hidden.iter().zip(vector).zip(weights).map(|((z, p), w)| z * p * w).sum::<f32>();
        }
    }

    fn backward(&mut self, input: &[f32], hidden: &[f32], slopes: &[f32]) {
        let factors = hidden.len();
        let (weights, _) = self.classifier.values.split_at(factors);
        let (of_weights, of_bias) = self.classifier.gradient.split_at_mut(factors);
        let mut of_hidden = vec![0.0; factors];
        let vectors = self.vectors.values.chunks_exact(factors).zip(self.vectors.gradient.chunks_exact_mut(factors));
        for (&slope, (vector, of_vector)) in slopes.iter().zip(vectors) {
            of_bias[0] += slope;
            for k in 0..factors {
                of_vector[k] += slope * weights[k] * hidden[k];
                of_weights[k] += slope * vector[k] * hidden[k];
                of_hidden[k] += slope * weights[k] * vector[k];
            }
        }
        self.projection.backward(input, &of_hidden);
    }

    /// One draw for a prompt and step, shared by all models.
    fn disturb(&self, input: &mut [f32], random: &mut Random) {
        if self.noise > 0.0 {
            input.iter_mut().for_each(|value| *value += self.noise * normal(random));
        }
    }

    fn write(&self, writer: StateWriter) -> StateWriter {
        self.projection.write(writer).f32s(&self.vectors.values).f32s(&self.classifier.values)
    }

    fn read(reader: &mut StateReader<'_>, width: usize, heads: usize) -> Result<Self, Error> {
        let projection = Dense::read(reader)?;
        let (vectors, classifier) = (reader.f32s()?, reader.f32s()?);
        let factors = projection.outputs();
        let fits = projection.inputs() == width && factors > 0 && classifier.len() == factors + 1;
        if !fits || heads.checked_mul(factors) != Some(vectors.len()) {
            return Err(Error::malformed("the factors do not fit together"));
        }
        let (vectors, classifier) = (Parameter::new(vectors), Parameter::new(classifier));
        Ok(Self { projection, vectors, classifier, noise: 0.0 })
    }
}

/// The trained router.
pub struct EmbedLlm(Success<Factors>);

impl Router for EmbedLlm {
    const NAME: &'static str = "embedllm-mf";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"factors":{"type":"integer","minimum":1,"default":64},"noise":{"type":"number","minimum":0,"default":0.25},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config::at_least_one("factors", config.factors)?;
        config::not_negative("noise", config.noise)?;
        let factors = config.factors as usize;
        let new = |width: usize, priors: &[f32], random: &mut Random| {
            let projection = Dense::new(width, factors, random);
            let vectors = (0..priors.len() * factors).map(|_| normal(random)).collect();
            let scale = (factors as f32).sqrt().recip();
            let mut classifier: Vec<f32> = (0..factors).map(|_| scale * normal(random)).collect();
            classifier.push(priors.iter().sum::<f32>() / priors.len() as f32);
            let (vectors, classifier) = (Parameter::new(vectors), Parameter::new(classifier));
            Factors { projection, vectors, classifier, noise: config.noise }
        };
        Ok(Success::fit(train, validation, &config.training, seed, new)?.into_state(TAG))
    }

    fn load(state: State) -> Result<Self, Error> {
        Success::from_state(TAG, state).map(Self)
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        self.0.route(queries, preferences, unavailable)
    }
}

export_router!(EmbedLlm);

#[cfg(test)]
mod tests;
