//! From records to what a router is given for one seed: the parts, the pool, and nothing else.
//!
//! This is the wall between the host and the plugins. What passes: prompts, embeddings, and for training scores, costs,
//! latencies, lengths and opaque dataset numbers. What does not: ids, dataset names, the order of the records, and
//! anything at all about what the test part was answered; only a sequential router is told, by `answers`, what the models
//! did that it asks and pays. The dataset of each query passes to routers that name it, which are then not ranked.

use std::borrow::Cow;
use std::sync::Arc;

use routerlab_kernels::{KernelError, Threads};
use routerlab_metrics::{Missing, Observed, controls};
use routerlab_plugin::{Answers, Matrix, ModelCard, QuerySet, TrainingSet};

use crate::boilerplate::Boilerplate;
use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::{Input, Protocol, Track, Weighs};
use crate::known::{self, Known};
use crate::partition::{self, Partition};
use crate::shuffle::Key;

/// Everything one seed needs, shared by all routers.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) seed: u32,
    /// The seed that routers are given.
    pub(crate) router_seed: u64,
    /// Rows of the data in the order in which routers see them.
    pub(crate) parts: Partition,
    /// Whose records the rows of train and validation have.
    pub(crate) known: Known,
    /// Position in the routers' pool -> model of the data.
    pub(crate) pool: Vec<u32>,
    pub(crate) train: TrainingSet,
    pub(crate) validation: TrainingSet,
    pub(crate) test: QuerySet,
    /// Mean training cost of the dearest model in US dollars, or where latency is weighed the mean seconds of the slowest:
    /// the unit of preferences. None where nothing of it is known.
    pub(crate) dearest: Option<f64>,
    /// What preferences weigh.
    pub(crate) weighs: Weighs,
    /// What becomes of a choice that has no record.
    pub(crate) missing: Missing,
}

/// The parts of the data for one seed, in record order, with the rows that controls take away taken away.
///
/// # Errors
/// A part that would be empty, or a control about a dataset or model that is not there.
pub fn parts_of(data: &Data, protocol: &Protocol, seed: u32) -> Result<Partition, BenchError> {
    let datasets: Vec<&str> = data.dataset.iter().map(|at| data.datasets[*at as usize].as_str()).collect();
    let keys = match protocol.track {
        Track::Compat => &data.prompts,
        Track::Fair => &data.group_keys,
    };
    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
    let failed =
        |error: partition::PartitionError| BenchError::Data { path: data.dir.clone(), reason: error.to_string() };
    let rows = partition::Rows::new(&datasets, &keys).map_err(failed)?;
    let mut parts = match protocol.track {
        Track::Compat => partition::compat(rows, seed, protocol.train_ratio, &[]).map_err(failed)?,
        Track::Fair => {
            let [train, validation, test] = protocol.shares;
            let shares = partition::Shares::new(train, validation, test).map_err(failed)?;
            partition::fair(rows, seed.into(), protocol.secret.as_deref(), shares)
        }
    };
    take_away(data, protocol, seed, &datasets, &mut parts)?;
    for (name, rows) in [("train", &parts.train), ("test", &parts.test)] {
        if rows.is_empty() {
            let reason =
                format!("{} queries leave the {name} part of seed {seed} empty; use more queries", data.rows());
            return Err(BenchError::Data { path: data.dir.clone(), reason });
        }
    }
    Ok(parts)
}

/// Controls that are about rows: a dataset left out, a share of train, queries that only a hidden model has answered.
fn take_away(
    data: &Data,
    protocol: &Protocol,
    seed: u32,
    datasets: &[&str],
    parts: &mut Partition,
) -> Result<(), BenchError> {
    let failed = |reason: String| BenchError::Data { path: data.dir.clone(), reason };
    if let Some(left_out) = &protocol.leave_out {
        // Texts that two datasets share are shared on either track.
        let keys: Vec<&str> = data.group_keys.iter().map(|key| &**key).collect();
        let rows = partition::Rows::new(datasets, &keys).map_err(|error| failed(error.to_string()))?;
        *parts = partition::leave_dataset_out(rows, parts, left_out).map_err(|_| {
            let known: Vec<_> = data.datasets.iter().map(|dataset| dataset.as_str()).collect();
            failed(format!("`protocol.leave_out` names {left_out:?}; there are: {}", known.join(", ")))
        })?;
        if parts.train.is_empty() {
            return Err(failed(format!(
                "`protocol.leave_out` of {left_out:?} leaves nothing to learn from; the run needs another dataset"
            )));
        }
    }
    if let Some(share) = protocol.train_share {
        let key = Key { seed, secret: protocol.secret.as_deref() };
        parts.train = known::share_of_train(data, key, &parts.train, share);
    }
    if protocol.cold_start.is_some() {
        let known = Known::new(data, protocol, seed, parts)?;
        for rows in [&mut parts.train, &mut parts.validation] {
            rows.retain(|row| known.shows_any(data, *row));
        }
    }
    Ok(())
}

impl Prepared {
    pub(crate) fn new(data: &Data, protocol: &Protocol, weighs: Weighs, seed: u32) -> Result<Self, BenchError> {
        let mut parts = parts_of(data, protocol, seed)?;
        let known = Known::new(data, protocol, seed, &parts)?;
        let texts = texts(data, protocol, &parts);
        let missing = missing_rule(data, protocol, &known.learned(data, &parts.train)?)?;
        // With hidden records too, so that a preference means the same with and without them.
        let dearest = dearest(&known.judged(data, &parts.train, weighs)?);
        let key = Key { seed, secret: protocol.secret.as_deref() };
        // Published protocols name the seed itself.
        let router_seed = match protocol.track {
            Track::Compat => seed.into(),
            Track::Fair => key.router_seed(),
        };
        // Records come dataset by dataset: their order would give the dataset away.
        for (name, rows) in
            [("train", &mut parts.train), ("validation", &mut parts.validation), ("test", &mut parts.test)]
        {
            let order = key.shuffled(name, rows.iter().map(|row| data.ids[*row as usize].to_string()));
            *rows = order.into_iter().map(|at| rows[at as usize]).collect();
        }
        let masked = protocol.masks_models();
        let pool = match masked {
            true => key.shuffled("pool", data.models.iter().map(|model| model.as_str())),
            false => (0..data.models.len() as u32).collect(),
        };
        let cards: Arc<[ModelCard]> = pool
            .iter()
            .enumerate()
            .map(|(position, model)| card(&data.cards[*model as usize], position, masked))
            .collect();
        let groups = key.shuffled("groups", data.datasets.iter().map(|dataset| dataset.as_str()));
        let view = View {
            data,
            texts: &texts,
            known: &known,
            pool: &pool,
            cards: &cards,
            groups: &groups,
            track: protocol.track,
            reduced: reduced_for(data, protocol, &parts.train)?,
        };
        let (train, validation, test) =
            (view.set(&parts.train)?, view.set(&parts.validation)?, view.queries(&parts.test)?);
        Ok(Self { seed, router_seed, parts, known, pool, train, validation, test, dearest, weighs, missing })
    }
}

/// What routers get as the text of each row of the data.
fn texts<'a>(data: &'a Data, protocol: &Protocol, parts: &Partition) -> Cow<'a, [Arc<str>]> {
    match protocol.input {
        Input::Prompt => Cow::Borrowed(&data.prompts),
        Input::Query => Cow::Borrowed(&data.origin_queries),
        Input::Stripped => {
            let of_dataset = |dataset: u32| {
                let own = parts.train.iter().filter(|row| data.dataset[**row as usize] == dataset);
                Boilerplate::of(own.map(|row| &*data.prompts[*row as usize]))
            };
            let found: Vec<Boilerplate> = (0..data.datasets.len() as u32).map(of_dataset).collect();
            let strip = |(prompt, dataset): (&Arc<str>, &u32)| Arc::from(found[*dataset as usize].strip(prompt));
            data.prompts.iter().zip(&data.dataset).map(strip).collect()
        }
    }
}

/// What becomes of a choice that has no record: the reference calls it wrong and free (metrics.md 3), the fair track
/// makes the router pay the fallback.
pub(crate) fn missing_rule(data: &Data, protocol: &Protocol, train: &Observed<'_>) -> Result<Missing, BenchError> {
    if protocol.track == Track::Compat {
        return Ok(Missing::ZeroAndFree);
    }
    let fallback = match &protocol.fallback_model {
        Some(name) => data.model_index(name).ok_or_else(|| BenchError::Data {
            path: data.dir.clone(),
            reason: format!("`protocol.fallback_model` {name:?} is not in the pool: {}", data.model_list()),
        })?,
        None => controls::best_single(train),
    };
    Ok(Missing::Fallback(fallback))
}

/// The mean training cost of the dearest model; a model without any known cost does not count.
fn dearest(train: &Observed<'_>) -> Option<f64> {
    let mean = |model: usize| {
        let known = (0..train.rows()).map(|row| train.costs_usd(row)[model]).filter(|cost| cost.is_finite());
        let (sum, count) = known.fold((0.0, 0_u64), |(sum, count), cost| (sum + cost, count + 1));
        (count > 0).then(|| sum / count as f64)
    };
    (0..train.models()).filter_map(mean).reduce(f64::max).filter(|cost| *cost > 0.0)
}

/// The embeddings as a run wants them reduced, if it does.
fn reduced_for(data: &Data, protocol: &Protocol, train: &[u32]) -> Result<Option<Matrix>, BenchError> {
    let Some(width) = protocol.pca_width else { return Ok(None) };
    let failed = |reason: String| BenchError::Data {
        path: data.dir.clone(),
        reason: format!("`protocol.pca_width` of {width}: {reason}"),
    };
    let Some(all) = &data.embeddings else { return Err(failed("the data has no embeddings".into())) };
    reduced(all, width, train).map(Some).map_err(|error| failed(error.to_string()))
}

/// All embeddings, projected on the principal components of those of the train part. What the other parts' queries are like
/// has no effect on the components.
fn reduced(all: &Matrix, width: usize, train: &[u32]) -> Result<Matrix, KernelError> {
    let found = all.gather(train)?.pca(width, Threads::all())?;
    let mean = found.mean.row(0);
    let centred = all.values().chunks_exact(all.cols()).flat_map(|row| row.iter().zip(mean).map(|(x, mean)| x - mean));
    let centred = Matrix::new(all.rows(), all.cols(), centred.collect())?;
    centred.multiply(&found.components, true, Threads::all())
}

fn card(known: &ModelCard, position: usize, masked: bool) -> ModelCard {
    match masked {
        true => ModelCard { name: format!("model-{position}"), description: None, ..known.clone() },
        false => known.clone(),
    }
}

/// How a router sees the data of one seed.
struct View<'a> {
    data: &'a Data,
    /// The text of each row of the data.
    texts: &'a [Arc<str>],
    known: &'a Known,
    pool: &'a [u32],
    cards: &'a Arc<[ModelCard]>,
    groups: &'a [u32],
    track: Track,
    /// All embeddings, where they are reduced.
    reduced: Option<Matrix>,
}

impl View<'_> {
    fn queries(&self, rows: &[u32]) -> Result<QuerySet, BenchError> {
        let data = self.data;
        let all = self.reduced.as_ref().or(data.embeddings.as_ref());
        let embeddings = all.map(|matrix| matrix.gather(rows)).transpose();
        let embeddings: Option<Matrix> = embeddings
            .map_err(|error| BenchError::Data { path: data.dir.clone(), reason: format!("embeddings: {error}") })?;
        Ok(QuerySet {
            prompts: rows.iter().map(|row| Arc::clone(&self.texts[*row as usize])).collect(),
            prompt_tokens: rows.iter().map(|row| data.prompt_tokens[*row as usize]).collect(),
            embeddings,
            groups: self.groups_of(rows),
        })
    }

    fn groups_of(&self, rows: &[u32]) -> Arc<[u32]> {
        rows.iter().map(|row| self.groups[self.data.dataset[*row as usize] as usize]).collect()
    }

    fn set(&self, rows: &[u32]) -> Result<TrainingSet, BenchError> {
        let data = self.data;
        let models = self.pool.len();
        let observed = &data.observed;
        // The reference trains on missing records as wrong and free (metrics.md 3); the fair track leaves them out. An
        // answer whose cost is unknown is free on neither.
        let missing = if self.track == Track::Compat { 0.0 } else { f64::NAN };
        let missing_cost = if data.has_costs() { missing } else { f64::NAN };
        let score = |row: usize, model: usize| match observed.scores(row)[model] {
            score if score.is_nan() => missing,
            score => score,
        };
        let cost = |row: usize, model: usize| match observed.costs_usd(row)[model] {
            _ if self.track == Track::Compat && observed.scores(row)[model].is_nan() => missing_cost,
            cost => cost,
        };
        Ok(TrainingSet {
            queries: self.queries(rows)?,
            models: Arc::clone(self.cards),
            groups: self.groups_of(rows),
            scores: self.table(rows, score),
            costs_usd: self.table(rows, cost),
            latencies_ms: self.table(rows, |row, model| data.latency_ms[row * models + model]),
            completion_tokens: self.table(rows, |row, model| data.completion_tokens[row * models + model]),
            answers: Answers::default(),
        })
    }

    /// rows x pool, models in the order of the pool. `value` gets the row of the records; where they are hidden it is not
    /// asked.
    fn table(&self, rows: &[u32], value: impl Fn(usize, usize) -> f64) -> Arc<[f32]> {
        let of_row = |row: &u32| {
            let (row, record, value) = (*row, self.known.records_of(*row) as usize, &value);
            self.pool.iter().map(move |model| match self.known.hides(row, *model) {
                true => f32::NAN,
                false => value(record, *model as usize) as f32,
            })
        };
        rows.iter().flat_map(of_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_those_of_the_train_part_alone() {
        let (rows, cols) = (40, 6);
        let value = |at: usize| ((at * 7919 % 101) as f32 - 50.0) / 20.0;
        let values: Vec<f32> = (0..rows * cols).map(value).collect();
        let train: Vec<u32> = (0..30).collect();
        let of = |values: &[f32]| {
            reduced(&Matrix::new(rows, cols, values.to_vec()).unwrap(), 3, &train).unwrap().values().to_vec()
        };
        let before = of(&values);
        // Another test part: its own rows change, those of train do not.
        let mut other = values.clone();
        other[35 * cols..].iter_mut().for_each(|value| *value = *value * 9.0 + 4.0);
        let after = of(&other);
        assert_eq!(before[..35 * 3], after[..35 * 3]);
        assert_ne!(before[35 * 3..], after[35 * 3..]);
        let mut other = values;
        other[0] += 5.0;
        assert_ne!(before[35 * 3..], of(&other)[35 * 3..]);
        // Components have variances that fall, and a mean of 0, over the train part.
        let variance = |column: usize| (0..30).map(|row| f64::from(before[row * 3 + column]).powi(2)).sum::<f64>();
        let mean = |column: usize| (0..30).map(|row| f64::from(before[row * 3 + column])).sum::<f64>();
        assert!(variance(0) >= variance(1) && variance(1) >= variance(2));
        assert!((0..3).all(|column| mean(column).abs() < 1e-4));
    }
}
