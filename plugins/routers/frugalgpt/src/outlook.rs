//! From records, which have gaps, to what asking each model would come to.

use std::collections::BTreeMap;

use routerlab_sdk::{Error, Measure, ModelIndex, Table, TrainingSet};

use crate::as_index;
use crate::cascade::Outlook;

/// What is known of a set.
pub(crate) struct Records {
    pub(crate) scores: Table,
    costs_usd: Table,
    latencies_ms: Table,
    groups: Vec<u32>,
    /// Mean cost and latency of each model; none where never known.
    mean_cost_usd: Vec<Option<f64>>,
    mean_latency_ms: Vec<Option<f64>>,
}

impl Records {
    pub(crate) fn new(set: &TrainingSet<'_>) -> Result<Self, Error> {
        let known = |measure| -> Result<Vec<Option<f64>>, Error> {
            Ok(set.means(measure)?.into_iter().map(|mean| (!mean.is_nan()).then_some(mean)).collect())
        };
        Ok(Self {
            scores: set.table(Measure::Score)?,
            costs_usd: set.table(Measure::CostUsd)?,
            latencies_ms: set.table(Measure::LatencyMs)?,
            groups: set.groups(0, set.rows())?,
            mean_cost_usd: known(Measure::CostUsd)?,
            mean_latency_ms: known(Measure::LatencyMs)?,
        })
    }

    /// The models that a cascade may ask: those with a score and, unless no cost is known at all, a cost.
    pub(crate) fn priced(&self, mean_scores: &[f64]) -> Vec<ModelIndex> {
        let scored = |model: &usize| !mean_scores[*model].is_nan();
        let with_cost = |model: &usize| self.mean_cost_usd[*model].is_some();
        let scored: Vec<usize> = (0..mean_scores.len()).filter(scored).collect();
        let priced: Vec<usize> = scored.iter().copied().filter(with_cost).collect();
        let allowed = if priced.is_empty() { scored } else { priced };
        allowed.into_iter().map(as_index).collect()
    }
}

/// Some rows of a set with how likely the scorer finds each answer right, by row of these and model.
type Judged<'a> = (&'a Records, &'a [u32], &'a dyn Fn(usize) -> f64);

/// What asking each model would come to in the rows of some sets. A model without a record scores 0 and costs what it
/// costs on average in `train`; where answers are texts it can be seen that there is none.
pub(crate) fn outlook(sets: &[Judged<'_>], train: &Records, texts: bool) -> Outlook {
    let models = train.scores.models();
    let mut outlook = Outlook { models, ..Outlook::default() };
    let mut groups = Vec::new();
    // A latency that one model never has would make it look fast.
    let has_latencies = train.mean_latency_ms.iter().all(Option::is_some);
    for (records, rows, probability) in sets {
        for (at, row) in rows.iter().enumerate() {
            let row = *row as usize;
            groups.push(records.groups[row]);
            for model in 0..models {
                let score = f64::from(records.scores.row(row)[model]);
                let unseen = if score.is_nan() && texts { 0.0 } else { probability(at * models + model) };
                let or_mean = |value: f32, mean: Option<f64>| match value.is_nan() {
                    true => mean.unwrap_or(0.0),
                    false => f64::from(value),
                };
                let latency_ms = or_mean(records.latencies_ms.row(row)[model], train.mean_latency_ms[model]);
                outlook.probability.push(unseen);
                outlook.score.push(if score.is_nan() { 0.0 } else { score });
                outlook.cost_usd.push(or_mean(records.costs_usd.row(row)[model], train.mean_cost_usd[model]));
                outlook.latency_s.push(if has_latencies { latency_ms / 1e3 } else { 0.0 });
            }
        }
    }
    outlook.weight = even_weights(&groups);
    outlook
}

/// Every group counts alike, and so does every row of a group.
fn even_weights(groups: &[u32]) -> Vec<f64> {
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    groups.iter().for_each(|group| *sizes.entry(*group).or_default() += 1);
    groups.iter().map(|group| 1.0 / (sizes.len() * sizes[group]) as f64).collect()
}
