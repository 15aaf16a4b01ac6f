//! AvgAcc, Gain@R, Gain@B, Gap@O and their companions that are no ratios.

/// Mean score of one strategy on each dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    per_dataset: Vec<f64>,
    rows: Vec<usize>,
}

/// A mean of ratios over datasets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The mean in percent; `None` when no dataset has a ratio.
    pub percent: Option<f64>,
    /// Datasets left out because their denominator is 0.
    pub left_out: usize,
}

/// One strategy's accuracy under the three weightings of datasets, in percent; NaN when there is no row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    /// Every dataset alike: AvgAcc.
    pub macro_mean: f64,
    /// Every row alike.
    pub micro: f64,
    /// By [`precision_weights`] of one reference for all strategies.
    pub precision: f64,
}

impl Accuracy {
    /// Means by dataset. `score` and `dataset` have one entry per row; a dataset number of `datasets` or more is
    /// ignored.
    pub fn new(score: &[f64], dataset: &[u32], datasets: usize) -> Self {
        let mut sums = vec![0.0; datasets];
        let mut rows = vec![0usize; datasets];
        for (score, dataset) in score.iter().zip(dataset) {
            if let Some(sum) = sums.get_mut(*dataset as usize) {
                *sum += score;
                rows[*dataset as usize] += 1;
            }
        }
        // 0 / 0 is NaN: a dataset without rows has no accuracy.
        let per_dataset = sums.iter().zip(&rows).map(|(sum, rows)| sum / *rows as f64).collect();
        Self { per_dataset, rows }
    }

    /// Mean score of each dataset, 0 to 1; NaN for a dataset without rows.
    pub fn per_dataset(&self) -> &[f64] {
        &self.per_dataset
    }

    /// How many rows each dataset has.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// AvgAcc in percent: every dataset weighs the same whatever its size. NaN when there is no row.
    pub fn avg_acc(&self) -> f64 {
        self.weighted(&vec![1.0; self.rows.len()])
    }

    /// Mean over all rows in percent, so that large datasets weigh more. NaN when there is no row.
    pub fn micro(&self) -> f64 {
        self.weighted(&self.rows.iter().map(|rows| *rows as f64).collect::<Vec<f64>>())
    }

    /// Mean over datasets in percent under the given weights, such as those of [`precision_weights`].
    pub fn weighted(&self, weights: &[f64]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (accuracy, weight) in self.per_dataset.iter().zip(weights).filter(|(accuracy, _)| !accuracy.is_nan()) {
            sum += accuracy * weight;
            total += weight;
        }
        100.0 * sum / total
    }

    /// The macro, micro and precision-weighted means side by side (critique.md 1.1 S2): where they disagree, few small or
    /// few large datasets decide. `reference` gives the precision weights.
    pub fn means(&self, reference: &Accuracy) -> Means {
        let precision = self.weighted(&precision_weights(reference));
        Means { macro_mean: self.avg_acc(), micro: self.micro(), precision }
    }

    /// Gain@R, or Gain@B with Best Single as `reference`: the mean over datasets of `Acc / Acc(reference) - 1`.
    ///
    /// Where the reference is almost always wrong one dataset decides the mean; [`Self::difference`] does not have
    /// that weakness.
    pub fn gain_over(&self, reference: &Accuracy) -> Ratio {
        self.mean_ratio(reference, |ratio| ratio - 1.0)
    }

    /// Gap@O: the mean over datasets of `1 - Acc / Acc(Oracle)`.
    pub fn gap_to(&self, oracle: &Accuracy) -> Ratio {
        self.mean_ratio(oracle, |ratio| 1.0 - ratio)
    }

    /// `AvgAcc / AvgAcc(reference) - 1` in percent, a ratio of averages: what the draft of LLMRouterBench (its Table 7)
    /// prints, and no single dataset can decide. Against the Oracle its negative is the gap. `None` where the reference is
    /// never right.
    pub fn gain_of_averages(&self, reference: &Accuracy) -> Option<f64> {
        let base = reference.avg_acc();
        (base > 0.0).then(|| 100.0 * (self.avg_acc() / base - 1.0))
    }

    /// AvgAcc minus that of `reference`, in points of percent.
    pub fn difference(&self, reference: &Accuracy) -> f64 {
        self.avg_acc() - reference.avg_acc()
    }

    /// How much of the way from Random to Oracle the strategy goes, in percent of that way: a ratio of differences of
    /// AvgAcc, so that no single dataset can decide it. `None` where Random is as good as Oracle.
    pub fn normalised_gain(&self, random: &Accuracy, oracle: &Accuracy) -> Option<f64> {
        let way = oracle.difference(random);
        (way > 0.0).then(|| 100.0 * self.difference(random) / way)
    }

    fn mean_ratio(&self, reference: &Accuracy, of: impl Fn(f64) -> f64) -> Ratio {
        let pairs = self.per_dataset.iter().zip(&reference.per_dataset);
        mean_of_ratios(pairs.map(|(accuracy, reference)| (*accuracy, *reference, 1.0)), of)
    }
}

/// Weighted mean of `of(accuracy / reference)` over the triples (accuracy, reference, weight) of which both values exist
/// and the second is not 0.
pub(crate) fn mean_of_ratios(triples: impl Iterator<Item = (f64, f64, f64)>, of: impl Fn(f64) -> f64) -> Ratio {
    let (mut sum, mut total, mut left_out) = (0.0, 0.0, 0);
    for (accuracy, reference, weight) in triples {
        if reference == 0.0 {
            left_out += 1;
        } else if !accuracy.is_nan() && !reference.is_nan() {
            sum += weight * of(accuracy / reference);
            total += weight;
        }
    }
    Ratio { percent: (total > 0.0).then(|| 100.0 * sum / total), left_out }
}

/// Weights by which noisy datasets count less: the inverse of the variance of each dataset's accuracy.
///
/// `reference` is one strategy for all that are compared, usually Best Single; weights that followed each strategy's
/// own accuracy would compare means of different things. The variance is that of a proportion with one right and one
/// wrong answer added, so that a dataset without an error does not take all the weight. A dataset without rows weighs
/// 0.
pub fn precision_weights(reference: &Accuracy) -> Vec<f64> {
    let weight = |(accuracy, rows): (&f64, &usize)| {
        if *rows == 0 {
            return 0.0;
        }
        let rows = *rows as f64;
        let share = (accuracy * rows + 1.0) / (rows + 2.0);
        rows / (share * (1.0 - share))
    };
    reference.per_dataset.iter().zip(&reference.rows).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three rows of dataset 0, one of dataset 1, none of dataset 2, two of dataset 3.
    const DATASET: [u32; 6] = [0, 0, 0, 1, 3, 3];

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn means_equal_those_worked_by_hand() {
        let accuracy = Accuracy::new(&[1.0, 0.0, 0.5, 1.0, 0.0, 0.5], &DATASET, 4);
        assert_eq!(accuracy.rows(), [3, 1, 0, 2]);
        assert_eq!((accuracy.per_dataset()[0], accuracy.per_dataset()[3]), (0.5, 0.25));
        assert!(accuracy.per_dataset()[2].is_nan());
        // (0.5 + 1 + 0.25) / 3 and 3 / 6.
        assert!(close(accuracy.avg_acc(), 175.0 / 3.0));
        assert!(close(accuracy.micro(), 50.0));
        assert!(close(accuracy.weighted(&[2.0, 0.0, 9.0, 2.0]), 37.5));
    }

    #[test]
    fn gains_are_means_of_ratios_and_zero_denominators_are_counted() {
        let accuracy = Accuracy::new(&[1.0, 1.0, 1.0, 0.5, 0.5, 0.5], &DATASET, 4);
        let reference = Accuracy::new(&[0.5, 0.5, 0.5, 0.0, 1.0, 1.0], &DATASET, 4);
        // Ratios 2 and 1/2; dataset 1 is left out, dataset 2 has no rows and is not counted.
        assert_eq!(accuracy.gain_over(&reference), Ratio { percent: Some(25.0), left_out: 1 });
        assert_eq!(accuracy.gap_to(&reference), Ratio { percent: Some(-25.0), left_out: 1 });
        let none = Accuracy::new(&[0.0; 6], &DATASET, 4);
        assert_eq!(accuracy.gain_over(&none), Ratio { percent: None, left_out: 3 });
    }

    #[test]
    fn a_ratio_of_averages_is_not_an_average_of_ratios() {
        let accuracy = Accuracy::new(&[1.0, 1.0, 1.0, 0.5, 0.5, 0.5], &DATASET, 4);
        let reference = Accuracy::new(&[0.5, 0.5, 0.5, 0.5, 1.0, 1.0], &DATASET, 4);
        // Means of 1, 1/2, 1/2 and 1/2, 1/2, 1: the same; ratios of 2, 1 and 1/2.
        assert!(close(accuracy.gain_of_averages(&reference).unwrap(), 0.0));
        assert!(close(accuracy.gain_over(&reference).percent.unwrap(), 100.0 / 6.0));
        assert_eq!(accuracy.gain_of_averages(&Accuracy::new(&[0.0; 6], &DATASET, 4)), None);
    }

    #[test]
    fn the_three_means_differ_by_weights_alone() {
        let accuracy = Accuracy::new(&[1.0, 0.0, 0.5, 1.0, 0.0, 0.5], &DATASET, 4);
        // Of three, one and two rows with one right and one wrong added: shares 1/2, 2/3 and 3/8.
        let weights = [3.0 / 0.25, 1.0 / (2.0 / 9.0), 0.0, 2.0 / (15.0 / 64.0)];
        let means = accuracy.means(&accuracy);
        assert!(close(means.macro_mean, accuracy.avg_acc()) && close(means.micro, 50.0));
        assert!(close(means.precision, accuracy.weighted(&weights)));
    }

    #[test]
    fn normalised_gain_runs_from_random_to_oracle() {
        let all = |score| Accuracy::new(&[score; 6], &DATASET, 4);
        let (random, oracle) = (all(0.2), all(0.8));
        for (score, expected) in [(0.2, 0.0), (0.8, 100.0), (0.5, 50.0), (0.0, -100.0 / 3.0)] {
            assert!(close(all(score).normalised_gain(&random, &oracle).unwrap(), expected));
        }
        assert_eq!(oracle.normalised_gain(&oracle, &oracle), None);
    }

    #[test]
    fn precision_weights_shrink_with_variance() {
        let mut score = vec![1.0; 98];
        score.extend([0.5; 98]);
        let dataset: Vec<u32> = [vec![0; 98], vec![1; 98]].concat();
        let weights = precision_weights(&Accuracy::new(&score, &dataset, 3));
        // 98 of 98 counts as 99 of 100: variance 0.0099 / 98; half right: 0.25 / 98.
        assert!(close(weights[0], 98.0 / 0.0099) || (weights[0] - 98.0 / 0.0099).abs() < 1e-6);
        assert!(close(weights[1], 98.0 / 0.25));
        assert_eq!(weights[2], 0.0);
    }
}
