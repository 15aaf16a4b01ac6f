//! What is known where a router learns: the records of train and validation, shuffled or hidden as controls ask for it.

use std::collections::BTreeSet;

use routerlab_metrics::Observed;

use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::{ColdStart, Labels, Protocol, Weighs};
use crate::partition::Partition;
use crate::shuffle::Key;

/// Which records stand for which query of train and validation under one seed.
#[derive(Debug)]
pub(crate) struct Known {
    /// Row of the data -> the row whose records it is given. Itself, unless labels are shuffled.
    records_of: Vec<u32>,
    hidden: Option<Hidden>,
}

/// A model that joins late.
#[derive(Debug)]
struct Hidden {
    model: u32,
    /// The rows of train whose own records routers get, whichever query they stand for.
    shown: BTreeSet<u32>,
}

impl Known {
    /// `parts` are those of the seed, in the order of the records.
    pub(crate) fn new(data: &Data, protocol: &Protocol, seed: u32, parts: &Partition) -> Result<Self, BenchError> {
        let key = Key { seed, secret: protocol.secret.as_deref() };
        let mut records_of: Vec<u32> = (0..data.rows() as u32).collect();
        if protocol.labels == Labels::Shuffled {
            for (purpose, rows) in [("labels of train", &parts.train), ("labels of validation", &parts.validation)] {
                for dataset in 0..data.datasets.len() as u32 {
                    let of_dataset = || rows.iter().filter(|row| data.dataset[**row as usize] == dataset);
                    let own: Vec<u32> = of_dataset().copied().collect();
                    let order = key.shuffled(purpose, own.iter().map(|row| data.ids[*row as usize].to_string()));
                    own.iter().zip(order).for_each(|(row, at)| records_of[*row as usize] = own[at as usize]);
                }
            }
        }
        let hidden =
            protocol.cold_start.as_ref().map(|asked| Hidden::new(data, asked, key, &parts.train)).transpose()?;
        Ok(Self { records_of, hidden })
    }

    /// The row of the data whose records stand for this one.
    pub(crate) fn records_of(&self, row: u32) -> u32 {
        self.records_of.get(row as usize).copied().unwrap_or(row)
    }

    /// The rows of the data whose records stand for these.
    pub(crate) fn records_of_all(&self, rows: &[u32]) -> Vec<u32> {
        rows.iter().map(|row| self.records_of(*row)).collect()
    }

    /// Whether routers get no record of this model on this row of train or validation.
    pub(crate) fn hides(&self, row: u32, model: u32) -> bool {
        let record = self.records_of(row);
        self.hidden.as_ref().is_some_and(|hidden| hidden.model == model && !hidden.shown.contains(&record))
    }

    /// Whether routers get any of the row's own records, whichever query they stand for.
    pub(crate) fn shows_any(&self, data: &Data, row: u32) -> bool {
        let hides =
            |model| self.hidden.as_ref().is_some_and(|hidden| hidden.model == model && !hidden.shown.contains(&row));
        (0..).zip(data.observed.scores(row as usize)).any(|(model, score)| !score.is_nan() && !hides(model))
    }

    /// Rows of train as they may be learned from: hidden records are missing.
    pub(crate) fn learned(&self, data: &Data, rows: &[u32]) -> Result<Observed<'static>, BenchError> {
        let models = data.models.len();
        let (mut scores, mut costs_usd) =
            (Vec::with_capacity(rows.len() * models), Vec::with_capacity(rows.len() * models));
        for row in rows {
            let record = self.records_of(*row) as usize;
            for model in 0..models {
                let hides = self.hides(*row, model as u32);
                let shown = |value: f64| if hides { f64::NAN } else { value };
                scores.push(shown(data.observed.scores(record)[model]));
                costs_usd.push(shown(data.observed.costs_usd(record)[model]));
            }
        }
        let dataset: Vec<u32> = rows.iter().map(|row| data.dataset[*row as usize]).collect();
        Observed::new(dataset, data.datasets.len(), models, scores, costs_usd)
            .map_err(|error| BenchError::Data { path: data.dir.clone(), reason: error.to_string() })
    }

    /// Rows of validation as choices on them are judged. Who measures an operating point asks the models that were
    /// chosen, so nothing is hidden; shuffled labels are shuffled here too, so that nothing is chosen by true ones.
    pub(crate) fn judged(&self, data: &Data, rows: &[u32], weighs: Weighs) -> Result<Observed<'static>, BenchError> {
        data.weighed(&self.records_of_all(rows), weighs)
    }
}

impl Hidden {
    fn new(data: &Data, asked: &ColdStart, key: Key<'_>, train: &[u32]) -> Result<Self, BenchError> {
        let wrong = |reason: String| BenchError::Data { path: data.dir.clone(), reason };
        let ColdStart { model: name, examples } = asked;
        let model = data.model_index(name).ok_or_else(|| {
            wrong(format!("`protocol.cold_start.model` {name:?} is not in the pool: {}", data.model_list()))
        })?;
        if data.models.len() == 1 {
            return Err(wrong(format!(
                "`protocol.cold_start` hides {name:?}, the only model of the pool; add models to `data.models`"
            )));
        }
        let recorded = |row: &&u32| !data.observed.scores(**row as usize)[model as usize].is_nan();
        let rows: Vec<u32> = train.iter().filter(recorded).copied().collect();
        if rows.len() < *examples {
            return Err(wrong(format!(
                "`protocol.cold_start.examples` must be at most {}, on so many train queries of seed {} {name:?} has a record, found: {examples}",
                rows.len(),
                key.seed
            )));
        }
        let order = key.shuffled("cold start", rows.iter().map(|row| data.ids[*row as usize].to_string()));
        Ok(Self { model, shown: order.into_iter().take(*examples).map(|at| rows[at as usize]).collect() })
    }
}

/// Of each dataset the share of its train rows, rounded up, that comes first in a keyed order of their ids.
pub(crate) fn share_of_train(data: &Data, key: Key<'_>, train: &[u32], share: f64) -> Vec<u32> {
    let mut kept = Vec::new();
    for dataset in 0..data.datasets.len() as u32 {
        let own: Vec<u32> = train.iter().copied().filter(|row| data.dataset[*row as usize] == dataset).collect();
        let order = key.shuffled("train share", own.iter().map(|row| data.ids[*row as usize].to_string()));
        // A product that is whole but for its last bits is not rounded up to the next number.
        let count = (own.len() as f64 * share - 1e-9).ceil().max(0.0) as usize;
        kept.extend(order.into_iter().take(count).map(|at| own[at as usize]));
    }
    // Back into the order of the records.
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests;
