//! Predicts each model's score, cost and latency from the nearest training queries and weighs them.

use routerlab_learn::{LocalMean, Near, counts_up_to, known_rows, nearest, remember, values_of};
use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, Needs, Preference, QuerySet, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, config, export_router, log,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "carrot-knn/1";

/// The numbers of neighbours to choose from on validation.
const CANDIDATES: [u32; 7] = [3, 5, 10, 20, 40, 80, 160];

/// The number of neighbours when it is not set and there is no validation to choose it on.
const UNCHOSEN: u32 = 40;

/// The score of a model without any score in training: below every score, so that it is never preferred.
const UNKNOWN: f64 = -1.0;

/// What is predicted.
const MEASURES: [Measure; 3] = [Measure::Score, Measure::CostUsd, Measure::LatencyMs];

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many neighbours; chosen on validation, for each measure by itself, when not set.
    pub k: Option<u32>,
    /// How many neighbours a model's mean over all training counts for.
    pub shrink: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { k: None, shrink: 1.0 }
    }
}

/// One measure of every model on every training query.
struct Remembered {
    /// How many neighbours.
    k: u32,
    /// One per model; empty where the measure is left out.
    means: Vec<f32>,
    /// rows x models; empty where the measure is left out.
    values: Vec<f32>,
}

/// The training queries and what every model did on them.
pub struct CarrotKnn {
    /// The queries on which any model has a score: rows x width, each of length 1.
    embeddings: Matrix,
    models: usize,
    local: LocalMean,
    /// Score, cost, latency.
    measures: [Remembered; 3],
}

impl Router for CarrotKnn {
    const NAME: &'static str = "carrot-knn";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"k":{"type":"integer","minimum":1},"shrink":{"type":"number","minimum":0,"default":1}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, _: u64) -> Result<State, Error> {
        let k = config.k.unwrap_or(UNCHOSEN);
        config::at_least_one("k", k)?;
        config::not_negative("shrink", config.shrink)?;
        let known = known_rows(&train.table(Measure::Score)?);
        if known.is_empty() {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let remembered = |measure, name: &str| {
            let means: Vec<f32> = train.means(measure)?.into_iter().map(|mean| mean as f32).collect();
            // Without it a model would look free, or all others too dear.
            if measure != Measure::Score && means.iter().any(|mean| mean.is_nan()) {
                log::warn(format!("{name} is left out of all choices: unknown for some model in training"));
                return Ok(Remembered { k, means: Vec::new(), values: Vec::new() });
            }
            Ok::<_, Error>(Remembered { k, means, values: values_of(train.table(measure)?, &known) })
        };
        let measures = [
            remembered(Measure::Score, "score")?,
            remembered(Measure::CostUsd, "cost")?,
            remembered(Measure::LatencyMs, "latency")?,
        ];
        let embeddings = remember(train.queries(), &known)?;
        let local = LocalMean { beta: 0.0, shrink: config.shrink };
        let mut carrot = Self { embeddings, models: train.models().len(), local, measures };
        if config.k.is_none() && validation.rows() > 0 {
            carrot.choose_counts(validation)?;
        }
        Ok(carrot.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (models, shrink) = (reader.u32()? as usize, reader.f64()?);
        let mut measure =
            || Ok::<_, Error>(Remembered { k: reader.u32()?, means: reader.f32s()?, values: reader.f32s()? });
        let measures = [measure()?, measure()?, measure()?];
        reader.end()?;
        let [embeddings] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        let whole = |kept: &Remembered| {
            kept.k > 0 && kept.means.len() == models && Some(kept.values.len()) == embeddings.rows().checked_mul(models)
        };
        let left_out = |kept: &Remembered| kept.means.is_empty() && kept.values.is_empty();
        if !whole(&measures[0]) || !measures[1..].iter().all(|kept| whole(kept) || left_out(kept)) {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { embeddings, models, local: LocalMean { beta: 0.0, shrink }, measures })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let most = self.measures.iter().map(|kept| kept.k).max().unwrap_or(UNCHOSEN);
        let near = nearest(&self.embeddings, queries, most)?;
        let [scores, costs, latencies] = [0, 1, 2].map(|measure| self.predicted(measure, &near));
        let decide = |wish: &Preference| {
            let mut utilities = Utilities::new(near.len(), self.models);
            for query in 0..near.len() {
                for (model, utility) in utilities.row_mut(query).iter_mut().enumerate() {
                    let of = |values: &[f64]| values.get(query * self.models + model).copied().unwrap_or(0.0);
                    let price = f64::from(wish.cost_weight) * of(&costs);
                    let delay = f64::from(wish.latency_weight) * of(&latencies) / 1000.0;
                    *utility = (of(&scores) - price - delay) as f32;
                }
            }
            utilities.decide(unavailable)
        };
        preferences.iter().map(decide).collect()
    }
}

impl CarrotKnn {
    fn into_state(self) -> State {
        let mut writer = StateWriter::new(TAG).u32(self.models as u32).f64(self.local.shrink);
        for Remembered { k, means, values } in &self.measures {
            writer = writer.u32(*k).f32s(means).f32s(values);
        }
        writer.finish(vec![self.embeddings])
    }

    /// queries x models; empty where the measure is left out.
    fn predicted(&self, measure: usize, near: &Near) -> Vec<f64> {
        let Remembered { k, means, values } = &self.measures[measure];
        let of_query = |neighbours: &Vec<(usize, f64)>| self.local.of(neighbours, *k as usize, values, means);
        let all = near.iter().flat_map(of_query);
        all.map(|value| if value.is_nan() { UNKNOWN } else { value }).collect()
    }

    /// For each measure the number of neighbours with the least squared error on validation; of equals the largest.
    fn choose_counts(&mut self, validation: &TrainingSet<'_>) -> Result<(), Error> {
        let candidates = counts_up_to(&CANDIDATES, self.embeddings.rows());
        let near = nearest(&self.embeddings, validation.queries(), candidates.last().copied().unwrap_or(UNCHOSEN))?;
        for (at, measure) in MEASURES.into_iter().enumerate() {
            let truth = validation.table(measure)?;
            let mut best = (f64::INFINITY, self.measures[at].k);
            for &k in &candidates {
                self.measures[at].k = k;
                let error: f64 = self
                    .predicted(at, &near)
                    .iter()
                    .zip(truth.values())
                    .filter(|(_, truth)| !truth.is_nan())
                    .map(|(predicted, truth)| (predicted - f64::from(*truth)).powi(2))
                    .sum();
                if error <= best.0 {
                    best = (error, k);
                }
            }
            self.measures[at].k = best.1;
        }
        let [score, cost, latency] = [0, 1, 2].map(|measure| self.measures[measure].k);
        log::info(format!("k = {score} (score), {cost} (cost), {latency} (latency)"));
        Ok(())
    }
}

export_router!(CarrotKnn);

#[cfg(test)]
mod tests;
