//! Means per model over a training set.

use std::collections::BTreeMap;

use crate::{Error, Measure, ModelIndex, TrainingSet};

/// A sum and how many numbers went into it.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f32) {
        if !value.is_nan() {
            self.sum += f64::from(value);
            self.count += 1;
        }
    }

    /// NaN when nothing went into it.
    fn value(self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

impl TrainingSet<'_> {
    /// The mean of each model over all rows in which it is known; NaN where it never is.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn means(&self, measure: Measure) -> Result<Vec<f64>, Error> {
        let mut means = vec![Mean::default(); self.models().len()];
        for (start, count) in self.blocks() {
            let block = self.block(measure, start, count)?;
            for row in 0..block.rows() {
                for (mean, &value) in means.iter_mut().zip(block.row(row)) {
                    mean.add(value);
                }
            }
        }
        Ok(means.into_iter().map(Mean::value).collect())
    }

    /// The mean of each model's group means, so that a large dataset counts no more than a small one. A group in which
    /// the model is never known is left out; NaN where there is none.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn macro_means(&self, measure: Measure) -> Result<Vec<f64>, Error> {
        let models = self.models().len();
        let mut by_group: BTreeMap<u32, Vec<Mean>> = BTreeMap::new();
        for (start, count) in self.blocks() {
            let block = self.block(measure, start, count)?;
            for (row, group) in self.groups(start, count)?.into_iter().enumerate() {
                let means = by_group.entry(group).or_insert_with(|| vec![Mean::default(); models]);
                for (mean, &value) in means.iter_mut().zip(block.row(row)) {
                    mean.add(value);
                }
            }
        }
        let of_model = |model: usize| mean_of(by_group.values().map(|means| means[model].value()).collect());
        Ok((0..models).map(of_model).collect())
    }

    /// What these choices (one model per row) would have scored: the mean of the group means. A choice without a record
    /// scores 0, as in a run. NaN when there are no rows. For choosing settings on a validation set.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there is not one choice per row, or a chosen model does not exist.
    pub fn score_of(&self, choices: &[ModelIndex]) -> Result<f64, Error> {
        if choices.len() != self.rows() {
            return Err(Error::Malformed(format!("{} choices for {} rows", choices.len(), self.rows())));
        }
        if let Some(model) = choices.iter().find(|&&model| model as usize >= self.models().len()) {
            return Err(Error::Malformed(format!("model {model} of a pool of {}", self.models().len())));
        }
        let mut by_group: BTreeMap<u32, Mean> = BTreeMap::new();
        for (start, count) in self.blocks() {
            let block = self.block(Measure::Score, start, count)?;
            for (row, group) in self.groups(start, count)?.into_iter().enumerate() {
                let score = block.row(row)[choices[start + row] as usize];
                by_group.entry(group).or_default().add(if score.is_nan() { 0.0 } else { score });
            }
        }
        Ok(mean_of(by_group.values().map(|mean| mean.value()).collect()))
    }
}

/// The mean of numbers whose order has no meaning, NaN left out: groups are numbered differently in every run, and
/// adding in order of size keeps the last bit the same.
fn mean_of(mut values: Vec<f64>) -> f64 {
    values.retain(|value| !value.is_nan());
    values.sort_by(f64::total_cmp);
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use crate::{Error, InMemory, Measure};

    const NONE: f32 = f32::NAN;

    fn planted() -> InMemory {
        InMemory::new(2).groups(vec![9, 4, 4, 4]).scores(vec![1.0, NONE, 0.0, 1.0, 1.0, NONE, 0.0, 0.0])
    }

    #[test]
    fn missing_cells_are_left_out_of_means() {
        let set = planted().build().unwrap();
        assert_eq!(set.means(Measure::Score), Ok(vec![0.5, 0.5]));
        assert!(set.means(Measure::CostUsd).unwrap().iter().all(|mean| mean.is_nan()));
    }

    #[test]
    fn every_group_counts_alike_in_a_macro_mean() {
        let means = planted().build().unwrap().macro_means(Measure::Score).unwrap();
        assert!((means[0] - (1.0 + 1.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(means[1], 0.5);
    }

    #[test]
    fn choices_are_scored_over_groups_and_a_choice_without_a_record_scores_nothing() {
        let set = planted().build().unwrap();
        assert_eq!(set.score_of(&[0, 1, 0, 1]), Ok((1.0 + 2.0 / 3.0) / 2.0));
        assert_eq!(set.score_of(&[1, 1, 0, 1]), Ok((0.0 + 2.0 / 3.0) / 2.0));
        assert_eq!(set.score_of(&[0]), Err(Error::malformed("1 choices for 4 rows")));
        assert_eq!(set.score_of(&[0, 0, 0, 2]), Err(Error::malformed("model 2 of a pool of 2")));
        assert!(InMemory::new(1).build().unwrap().score_of(&[]).unwrap().is_nan());
    }
}
