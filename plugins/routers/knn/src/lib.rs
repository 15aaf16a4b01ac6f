//! Predicts each model's score from the nearest training queries.

use routerlab_learn::{LocalMean, Near, counts_up_to, known_rows, nearest, remember, values_of};
use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, Needs, Preference, QuerySet, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, config, export_router, log,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "knn/1";

/// The numbers of neighbours to choose from on validation.
const CANDIDATES: [u32; 8] = [1, 3, 5, 10, 20, 40, 80, 160];

/// The number of neighbours when it is not set and there is no validation to choose it on.
const UNCHOSEN: u32 = 40;

/// The estimate for a model without any score in training: below every score, so that it is never preferred.
const UNKNOWN: f32 = -1.0;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many neighbours; chosen on validation when not set.
    pub k: Option<u32>,
    /// Neighbours weigh exp(beta x cosine); 0 makes all alike.
    pub beta: f64,
    /// How many neighbours the model's mean over all training counts for.
    pub shrink: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { k: None, beta: 0.0, shrink: 1.0 }
    }
}

/// The training queries and how every model did on them.
pub struct Knn {
    /// rows x width, each of length 1.
    embeddings: Matrix,
    scores: Vec<f32>,
    /// Mean score of each model.
    means: Vec<f32>,
    k: u32,
    local: LocalMean,
}

impl Router for Knn {
    const NAME: &'static str = "knn";
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"k":{"type":"integer","minimum":1},"beta":{"type":"number","minimum":0,"default":0},"shrink":{"type":"number","minimum":0,"default":1}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, _: u64) -> Result<State, Error> {
        config.check()?;
        let table = train.table(Measure::Score)?;
        let known = known_rows(&table);
        if known.is_empty() {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let mut knn = Self {
            embeddings: remember(train.queries(), &known)?,
            scores: values_of(table, &known),
            means: train.means(Measure::Score)?.into_iter().map(|mean| mean as f32).collect(),
            k: config.k.unwrap_or(UNCHOSEN),
            local: LocalMean { beta: config.beta, shrink: config.shrink },
        };
        if config.k.is_none() && validation.rows() > 0 {
            knn.k = knn.best_k(validation)?;
            log::info(format!("k = {} was best on validation", knn.k));
        }
        Ok(knn.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (k, local) = (reader.u32()?, LocalMean { beta: reader.f64()?, shrink: reader.f64()? });
        let (means, scores) = (reader.f32s()?, reader.f32s()?);
        reader.end()?;
        let [embeddings] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        if k == 0 || means.is_empty() || scores.len() != embeddings.rows() * means.len() {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { embeddings, scores, means, k, local })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        _: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let near = nearest(&self.embeddings, queries, self.k)?;
        Ok(vec![self.utilities(&near, self.k as usize).decide(unavailable)?])
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        config::at_least_one("k", self.k.unwrap_or(UNCHOSEN))?;
        for (key, value) in [("beta", self.beta), ("shrink", self.shrink)] {
            config::not_negative(key, value)?;
        }
        Ok(())
    }
}

impl Knn {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.k).f64(self.local.beta).f64(self.local.shrink);
        writer.f32s(&self.means).f32s(&self.scores).finish(vec![self.embeddings])
    }

    fn utilities(&self, near: &Near, k: usize) -> Utilities {
        let mut utilities = Utilities::new(near.len(), self.means.len());
        for (query, neighbours) in near.iter().enumerate() {
            let estimates = self.local.of(neighbours, k, &self.scores, &self.means);
            for (utility, estimate) in utilities.row_mut(query).iter_mut().zip(estimates) {
                *utility = if estimate.is_nan() { UNKNOWN } else { estimate as f32 };
            }
        }
        utilities
    }

    /// The candidate whose choices score best on validation; of equals the largest, the smoothest.
    fn best_k(&self, validation: &TrainingSet<'_>) -> Result<u32, Error> {
        let candidates = counts_up_to(&CANDIDATES, self.embeddings.rows());
        let near = nearest(&self.embeddings, validation.queries(), candidates.last().copied().unwrap_or(UNCHOSEN))?;
        let mut best = (f64::NEG_INFINITY, UNCHOSEN);
        for k in candidates {
            let decided = self.utilities(&near, k as usize).decide(&Unavailable::NONE)?;
            let score = validation.score_of(decided.choices())?;
            if score >= best.0 {
                best = (score, k);
            }
        }
        Ok(best.1)
    }
}

export_router!(Knn);

#[cfg(test)]
mod tests;
