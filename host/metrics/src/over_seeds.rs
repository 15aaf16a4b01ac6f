//! Seeds that partition the same queries again are no independent repetitions.

use crate::distributions::{student_quantile, student_two_sided};

/// A mean over seeds and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverSeeds {
    /// Mean.
    pub mean: f64,
    /// Corrected standard error.
    pub standard_error: f64,
    /// Half-width of the 95 % interval, from Student's t with one degree of freedom less than there are seeds.
    pub half_width: f64,
    /// Two-sided p-value of the mean being 0: of use where the values are differences.
    pub p_value: f64,
}

impl OverSeeds {
    /// Lower and upper end of the 95 % interval.
    pub fn interval(&self) -> (f64, f64) {
        (self.mean - self.half_width, self.mean + self.half_width)
    }
}

/// The corrected resampled t-test of Nadeau and Bengio (*Inference for the Generalization Error*, Machine Learning 52,
/// 2003, section 3) for repeated partitions of the same queries: the variance over `J` seeds is multiplied by
/// `1/J + n_test/n_train` instead of `1/J`, because the partitions overlap.
///
/// `values` has one metric, or one difference of two strategies, per seed, in any unit; `n_train` and `n_test` are the
/// numbers of queries in the two parts. `None` for fewer than two values, a value that is not finite, or an empty train
/// part.
pub fn over_seeds(values: &[f64], n_train: usize, n_test: usize) -> Option<OverSeeds> {
    if values.len() < 2 || n_train == 0 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let standard_error = (variance * (1.0 / count + n_test as f64 / n_train as f64)).sqrt();
    let degrees = count - 1.0;
    // Seeds that all agree leave no doubt, unless they agree on 0.
    let t = if mean == 0.0 { 0.0 } else { mean / standard_error };
    let half_width = student_quantile(0.975, degrees) * standard_error;
    Some(OverSeeds { mean, standard_error, half_width, p_value: student_two_sided(t, degrees) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_partitions_have_a_larger_standard_error() {
        let of_seeds = over_seeds(&[67.9, 67.7, 70.9, 68.4, 68.6], 7, 3).unwrap();
        // Variance 1.645; 1/5 + 3/7 of it.
        assert!((of_seeds.mean - 68.7).abs() < 1e-9);
        assert!((of_seeds.standard_error - (1.645_f64 * (0.2 + 3.0 / 7.0)).sqrt()).abs() < 1e-9);
        assert!((of_seeds.half_width / of_seeds.standard_error - 2.776_445_105).abs() < 1e-8);
        let (low, high) = of_seeds.interval();
        assert!((low + high - 2.0 * 68.7).abs() < 1e-9);
        assert_eq!((over_seeds(&[1.0], 7, 3), over_seeds(&[1.0, 2.0], 0, 3)), (None, None));
        assert_eq!(over_seeds(&[1.0, f64::NAN], 7, 3), None);
    }

    #[test]
    fn the_p_value_is_that_of_students_t() {
        // Mean 1, variance 1, J = 2 and equal parts: t = 1 / sqrt(2 * 1.5) = 0.5774 with one degree of freedom, beyond
        // which lie 2/3 of Cauchy's distribution.
        let of_seeds = over_seeds(&[0.0, 2.0], 5, 5).unwrap();
        assert!((of_seeds.standard_error - 3.0_f64.sqrt()).abs() < 1e-12);
        assert!((of_seeds.p_value - 2.0 / 3.0).abs() < 1e-12);
        let edge = over_seeds(&[-1.0, 1.0], 5, 5).unwrap();
        assert_eq!(edge.p_value, 1.0);
        assert_eq!(over_seeds(&[2.0, 2.0], 5, 5).unwrap().p_value, 0.0);
        assert_eq!(over_seeds(&[0.0, 0.0], 5, 5).unwrap().p_value, 1.0);
        // The interval excludes 0 exactly where the p-value is below 5 %.
        for shift in 0..40 {
            let values = [0.3, 0.1, -0.2, 0.4, 0.0].map(|value| value + f64::from(shift) / 40.0);
            let of_seeds = over_seeds(&values, 6, 3).unwrap();
            assert_eq!(of_seeds.interval().0 > 0.0, of_seeds.p_value < 0.05, "{shift}");
        }
    }
}
