//! What every model of the pool did on every query.

use std::borrow::Cow;

/// Dense scores and costs of some queries under a pool of models, checked once.
///
/// Row-major: the score of row `r` under model `m` is at `r * models + m`. Models stand in byte order of their names,
/// so that "the lower index" and "the first name" are the same tie-break.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<'a> {
    dataset: Cow<'a, [u32]>,
    datasets: usize,
    models: usize,
    score: Cow<'a, [f64]>,
    cost_usd: Cow<'a, [f64]>,
}

/// Why numbers are no observations.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObservedError {
    /// A pool without models.
    #[error("a pool needs at least one model")]
    NoModel,
    /// A column whose length is not rows x models.
    #[error("column `{column}` must hold {expected} values, one per row and model: {found}")]
    Length {
        /// `score` or `cost_usd`.
        column: &'static str,
        /// Rows times models.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A dataset number that is too large.
    #[error("dataset of row {row} must be below {datasets}: {dataset}")]
    Dataset {
        /// The row.
        row: usize,
        /// Its dataset.
        dataset: u32,
        /// How many datasets there are.
        datasets: usize,
    },
    /// A score outside of 0 to 1.
    #[error("score of row {row}, model {model} must lie between 0 and 1: {score}")]
    Score {
        /// The row.
        row: usize,
        /// The model.
        model: usize,
        /// The score as given.
        score: f64,
    },
    /// A cost below zero or without end.
    #[error("cost of row {row}, model {model} must be a number of dollars from 0 up: {cost_usd}")]
    Cost {
        /// The row.
        row: usize,
        /// The model.
        model: usize,
        /// The cost as given.
        cost_usd: f64,
    },
    /// A query that no model answered; neither Random nor Oracle is defined there.
    #[error("no model has a score in row {row}: leave the query out")]
    NoRecord {
        /// The row.
        row: usize,
    },
    /// A selection of a row or model that is not there.
    #[error("{what} {index} does not exist: there are {count}")]
    Selection {
        /// `row` or `model`.
        what: &'static str,
        /// As asked for.
        index: u32,
        /// How many there are.
        count: usize,
    },
}

impl<'a> Observed<'a> {
    /// Checks and holds the columns: `dataset` has one number below `datasets` per row; `score` (NaN = no record) and
    /// `cost_usd` (NaN = unknown) have one value per row and model.
    ///
    /// # Errors
    /// Names the first row that breaks a rule.
    pub fn new(
        dataset: impl Into<Cow<'a, [u32]>>,
        datasets: usize,
        models: usize,
        score: impl Into<Cow<'a, [f64]>>,
        cost_usd: impl Into<Cow<'a, [f64]>>,
    ) -> Result<Self, ObservedError> {
        let (dataset, score, cost_usd) = (dataset.into(), score.into(), cost_usd.into());
        if models == 0 {
            return Err(ObservedError::NoModel);
        }
        for (column, found) in [("score", score.len()), ("cost_usd", cost_usd.len())] {
            let expected = dataset.len() * models;
            if found != expected {
                return Err(ObservedError::Length { column, expected, found });
            }
        }
        for (row, dataset) in dataset.iter().copied().enumerate() {
            if dataset as usize >= datasets {
                return Err(ObservedError::Dataset { row, dataset, datasets });
            }
        }
        for (row, (scores, costs)) in score.chunks_exact(models).zip(cost_usd.chunks_exact(models)).enumerate() {
            for (model, (&score, &cost_usd)) in scores.iter().zip(costs).enumerate() {
                if !score.is_nan() && !(0.0..=1.0).contains(&score) {
                    return Err(ObservedError::Score { row, model, score });
                }
                if !cost_usd.is_nan() && !(0.0..f64::INFINITY).contains(&cost_usd) {
                    return Err(ObservedError::Cost { row, model, cost_usd });
                }
            }
            if scores.iter().all(|score| score.is_nan()) {
                return Err(ObservedError::NoRecord { row });
            }
        }
        Ok(Self { dataset, datasets, models, score, cost_usd })
    }

    /// How many queries there are.
    pub fn rows(&self) -> usize {
        self.dataset.len()
    }

    /// How many models the pool has.
    pub fn models(&self) -> usize {
        self.models
    }

    /// How many datasets are numbered; some may have no row here.
    pub fn datasets(&self) -> usize {
        self.datasets
    }

    /// The dataset of each row.
    pub fn dataset(&self) -> &[u32] {
        &self.dataset
    }

    /// Scores of one row, one per model; NaN where there is no record. Empty for a row that does not exist.
    pub fn scores(&self, row: usize) -> &[f64] {
        self.score.get(row * self.models..(row + 1) * self.models).unwrap_or_default()
    }

    /// Costs of one row in USD, one per model; NaN where unknown. Empty for a row that does not exist.
    pub fn costs_usd(&self, row: usize) -> &[f64] {
        self.cost_usd.get(row * self.models..(row + 1) * self.models).unwrap_or_default()
    }

    /// The rows that are asked for, in the order asked for: how a partition's part is taken.
    ///
    /// # Errors
    /// When a row does not exist.
    pub fn select(&self, rows: &[u32]) -> Result<Observed<'static>, ObservedError> {
        let mut dataset = Vec::with_capacity(rows.len());
        let mut score = Vec::with_capacity(rows.len() * self.models);
        let mut cost_usd = Vec::with_capacity(rows.len() * self.models);
        for &row in rows {
            let missing = ObservedError::Selection { what: "row", index: row, count: self.rows() };
            dataset.push(*self.dataset.get(row as usize).ok_or(missing)?);
            score.extend_from_slice(self.scores(row as usize));
            cost_usd.extend_from_slice(self.costs_usd(row as usize));
        }
        let (datasets, models) = (self.datasets, self.models);
        Ok(Observed { dataset: dataset.into(), datasets, models, score: score.into(), cost_usd: cost_usd.into() })
    }

    /// The models that are asked for, in the order asked for: how a sub-pool is taken.
    ///
    /// # Errors
    /// When a model does not exist, none is asked for, or a row is left without any record.
    pub fn select_models(&self, models: &[u32]) -> Result<Observed<'static>, ObservedError> {
        if let Some(&index) = models.iter().find(|model| **model as usize >= self.models) {
            return Err(ObservedError::Selection { what: "model", index, count: self.models });
        }
        let take = |values: &[f64]| -> Vec<f64> {
            values.chunks_exact(self.models).flat_map(|row| models.iter().map(|model| row[*model as usize])).collect()
        };
        let (score, cost_usd) = (take(&self.score), take(&self.cost_usd));
        Observed::new(self.dataset.to_vec(), self.datasets, models.len(), score, cost_usd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_observation_is_refused_by_row_and_model() {
        type Case<'a> = (Vec<u32>, usize, Vec<f64>, Vec<f64>, &'a str);
        let nan = f64::NAN;
        let cases: [Case<'_>; 8] = [
            (vec![0], 0, vec![], vec![], "a pool needs at least one model"),
            (vec![0], 2, vec![1.0], vec![0.0; 2], "column `score` must hold 2 values, one per row and model: 1"),
            (vec![0], 2, vec![1.0; 2], vec![], "column `cost_usd` must hold 2 values, one per row and model: 0"),
            (vec![0, 3], 1, vec![1.0; 2], vec![0.0; 2], "dataset of row 1 must be below 3: 3"),
            (vec![0], 2, vec![1.0, 1.5], vec![0.0; 2], "score of row 0, model 1 must lie between 0 and 1: 1.5"),
            (
                vec![0],
                2,
                vec![1.0, nan],
                vec![-1.0, nan],
                "cost of row 0, model 0 must be a number of dollars from 0 up: -1",
            ),
            (
                vec![0],
                1,
                vec![1.0],
                vec![f64::INFINITY],
                "cost of row 0, model 0 must be a number of dollars from 0 up: inf",
            ),
            (vec![0], 2, vec![nan; 2], vec![0.0; 2], "no model has a score in row 0: leave the query out"),
        ];
        for (dataset, models, score, cost_usd, expected) in cases {
            let error = Observed::new(dataset, 3, models, score, cost_usd).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn rows_and_models_are_taken_in_the_order_asked_for() {
        let score: Vec<f64> = (0..6).map(|i| f64::from(i) / 10.0).collect();
        let observed = Observed::new(vec![0, 1, 1], 2, 2, score, vec![0.0; 6]).unwrap();
        let taken = observed.select(&[2, 0]).unwrap().select_models(&[1]).unwrap();
        assert_eq!((taken.dataset(), taken.scores(0), taken.scores(1)), (&[1, 0][..], &[0.5][..], &[0.1][..]));
        assert_eq!(observed.select(&[3]).unwrap_err().to_string(), "row 3 does not exist: there are 3");
        assert_eq!(observed.select_models(&[2]).unwrap_err().to_string(), "model 2 does not exist: there are 2");
    }
}
