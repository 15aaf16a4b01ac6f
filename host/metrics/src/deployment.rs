//! Accuracy and cost under a user's own mix of datasets.

use crate::{Accuracy, Answers};

/// How much of the traffic each dataset stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetWeights {
    share: Vec<f64>,
}

/// Why weights cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WeightError {
    /// A weight below zero or without end.
    #[error("the weight of dataset {dataset} must be a number from 0 up: {weight}")]
    Weight {
        /// Number of the dataset.
        dataset: usize,
        /// As given.
        weight: f64,
    },
    /// Weights that are all zero, or none.
    #[error("at least one dataset must have a weight above 0")]
    Nothing,
}

impl DatasetWeights {
    /// One weight per dataset, in any unit: queries per day, or shares.
    ///
    /// # Errors
    /// When a weight is negative or not finite, or none is above 0.
    pub fn new(weights: &[f64]) -> Result<Self, WeightError> {
        if let Some((dataset, weight)) =
            weights.iter().enumerate().find(|(_, weight)| !(0.0..f64::INFINITY).contains(*weight))
        {
            return Err(WeightError::Weight { dataset, weight: *weight });
        }
        let total: f64 = weights.iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            return Err(WeightError::Nothing);
        }
        Ok(Self { share: weights.iter().map(|weight| weight / total).collect() })
    }

    /// Share of the traffic of each dataset; they add up to 1.
    pub fn share(&self) -> &[f64] {
        &self.share
    }

    /// Deployment-weighted accuracy in percent (critique.md 1.4 C3): `sum_d share_d * Acc(a,d)`. `None` when a dataset
    /// that counts has no row: what is not measured is not 0, and leaving it out would answer for another mix.
    pub fn accuracy(&self, accuracy: &Accuracy) -> Option<f64> {
        self.mean(accuracy.per_dataset()).map(|mean| 100.0 * mean)
    }

    /// Expected cost of a query in USD under the same mix. `None` when a dataset that counts has no row or a cost in it is
    /// unknown. `dataset` has one number per row.
    pub fn cost_usd(&self, answers: &Answers, dataset: &[u32]) -> Option<f64> {
        self.mean(Accuracy::new(&answers.cost_usd, dataset, self.share.len()).per_dataset())
    }

    fn mean(&self, per_dataset: &[f64]) -> Option<f64> {
        let of = |(dataset, share): (usize, &f64)| share * per_dataset.get(dataset).copied().unwrap_or(f64::NAN);
        let sum: f64 = self.share.iter().enumerate().filter(|(_, share)| **share > 0.0).map(of).sum();
        (!sum.is_nan()).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_weighs_datasets_as_its_user_says() {
        let weights = DatasetWeights::new(&[3.0, 1.0, 0.0]).unwrap();
        assert_eq!(weights.share(), [0.75, 0.25, 0.0]);
        let dataset = [0, 0, 1];
        let answers = Answers { score: vec![1.0, 0.0, 1.0], cost_usd: vec![2.0, 4.0, 1.0] };
        let accuracy = Accuracy::new(&answers.score, &dataset, 3);
        // Dataset 2 has no row and does not count.
        assert_eq!(weights.accuracy(&accuracy), Some(62.5));
        assert_eq!(weights.cost_usd(&answers, &dataset), Some(2.5));
        let wants_all = DatasetWeights::new(&[1.0, 1.0, 1.0]).unwrap();
        assert_eq!((wants_all.accuracy(&accuracy), wants_all.cost_usd(&answers, &dataset)), (None, None));
        let unknown = Answers { cost_usd: vec![2.0, f64::NAN, 1.0], ..answers };
        assert_eq!(weights.cost_usd(&unknown, &dataset), None);
        // Equal weights are AvgAcc.
        assert_eq!(DatasetWeights::new(&[1.0, 1.0]).unwrap().accuracy(&accuracy), Some(accuracy.avg_acc()));
    }

    #[test]
    fn weights_that_are_no_mix_are_refused() {
        for (weights, expected) in [
            (&[1.0, -1.0][..], "the weight of dataset 1 must be a number from 0 up: -1"),
            (&[f64::NAN], "the weight of dataset 0 must be a number from 0 up: NaN"),
            (&[0.0, 0.0], "at least one dataset must have a weight above 0"),
            (&[], "at least one dataset must have a weight above 0"),
        ] {
            assert_eq!(DatasetWeights::new(weights).unwrap_err().to_string(), expected);
        }
    }
}
