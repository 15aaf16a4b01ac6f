//! The records of a pool as they are: counts and means that show what is wrong with data before a router does.

use std::collections::BTreeSet;

use routerlab_metrics::CORRECT;
use routerlab_metrics::hard::RightModels;

use crate::data::Data;

/// One model on one dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRecords {
    /// Position in the data's models.
    pub model: usize,
    /// Position in the data's datasets.
    pub dataset: usize,
    /// Queries of the dataset that this model has a score for.
    pub recorded: usize,
    /// Queries of the dataset that it has none for.
    pub missing: usize,
    /// Mean score of those recorded, in percent. None without any.
    pub accuracy: Option<f64>,
    /// Total cost in US dollars of those recorded. None where one of them is unknown.
    pub cost_usd: Option<f64>,
}

/// Two models that are compared on the queries that both have a score for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Position of the first model in the data's models.
    pub first: usize,
    /// Position of the second.
    pub second: usize,
    /// On how many queries both have a score.
    pub both: usize,
    /// Percent of these on which both are right or both wrong.
    pub agreement: f64,
    /// Percent of these on which at least one is right, above the better of the two: what choosing between them could
    /// give at most, in points.
    pub complement: f64,
}

/// The records of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRecords {
    /// Dataset by dataset, model by model.
    pub cells: Vec<ModelRecords>,
    /// All pairs of models, those that agree most first; pairs without a common query are left out.
    pub pairs: Vec<Pair>,
    /// Queries by the number of models that are right (score of at least 0.5), from none to all.
    pub right: Vec<usize>,
    /// For each dataset the queries that no model gets right.
    pub unsolved: Vec<usize>,
    /// Queries whose text an earlier query has too.
    pub duplicates: usize,
}

/// Looks at every record of the data.
#[must_use]
pub fn records(data: &Data) -> PoolRecords {
    let right = RightModels::new(&data.observed);
    let mut of_number = vec![0; data.models.len() + 1];
    let mut unsolved = vec![0; data.datasets.len()];
    for (count, dataset) in right.counts().iter().zip(&data.dataset) {
        of_number[*count as usize] += 1;
        unsolved[*dataset as usize] += usize::from(*count == 0);
    }
    let texts: BTreeSet<&str> = data.group_keys.iter().map(|key| &**key).collect();
    let cells = (0..data.datasets.len()).flat_map(|dataset| {
        let rows: Vec<usize> = (0..data.rows()).filter(|row| data.dataset[*row] as usize == dataset).collect();
        (0..data.models.len()).map(move |model| of_cell(data, dataset, model, &rows))
    });
    PoolRecords {
        cells: cells.collect(),
        pairs: pairs(data),
        right: of_number,
        unsolved,
        duplicates: data.rows() - texts.len(),
    }
}

fn of_cell(data: &Data, dataset: usize, model: usize, rows: &[usize]) -> ModelRecords {
    let score = |row: &usize| data.observed.scores(*row)[model];
    let recorded: Vec<usize> = rows.iter().copied().filter(|row| !score(row).is_nan()).collect();
    let cost: f64 = recorded.iter().map(|row| data.observed.costs_usd(*row)[model]).sum();
    let total: f64 = recorded.iter().map(score).sum();
    ModelRecords {
        model,
        dataset,
        recorded: recorded.len(),
        missing: rows.len() - recorded.len(),
        accuracy: (!recorded.is_empty()).then(|| 100.0 * total / recorded.len() as f64),
        cost_usd: (!recorded.is_empty()).then_some(cost).filter(|cost| !cost.is_nan()),
    }
}

fn pairs(data: &Data) -> Vec<Pair> {
    let models = data.models.len();
    let mut pairs: Vec<Pair> = Vec::new();
    for (first, second) in (0..models).flat_map(|first| (first + 1..models).map(move |second| (first, second))) {
        let (mut both, mut same, mut either, mut right) = (0_usize, 0_usize, 0_usize, [0_usize; 2]);
        for row in 0..data.rows() {
            let (a, b) = (data.observed.scores(row)[first], data.observed.scores(row)[second]);
            if a.is_nan() || b.is_nan() {
                continue;
            }
            let (a, b) = (a >= CORRECT, b >= CORRECT);
            both += 1;
            same += usize::from(a == b);
            either += usize::from(a || b);
            right = [right[0] + usize::from(a), right[1] + usize::from(b)];
        }
        if both > 0 {
            let percent = |count: usize| 100.0 * count as f64 / both as f64;
            let complement = percent(either - right[0].max(right[1]));
            pairs.push(Pair { first, second, both, agreement: percent(same), complement });
        }
    }
    // Stable, so that equals keep the order of the models.
    pairs.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
    pairs
}
