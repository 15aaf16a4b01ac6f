//! Whether predicted success and predicted cost can be taken at their word.

use crate::Observed;

/// Predictions of success against what came of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Pairs of a prediction and a score that were compared.
    pub pairs: usize,
    /// Pairs left out because the prediction does not lie between 0 and 1; where there are any the numbers were not
    /// meant as probabilities.
    pub outside: usize,
    /// Mean squared difference of prediction and score (Brier, *Verification of Forecasts Expressed in Terms of
    /// Probability*, Monthly Weather Review 78, 1950). 0 is best; always saying 1/2 has 0.25 where scores are 0 or 1.
    pub brier: f64,
    /// Expected calibration error: the mean over bins, weighed by their pairs, of the distance between mean prediction and
    /// mean score (Naeini, Cooper and Hauskrecht, *Obtaining Well Calibrated Probabilities Using Bayesian Binning*, AAAI
    /// 2015), here with bins of equal counts. 0 to 1, 0 is best.
    pub expected_calibration_error: f64,
    /// The bins, from the lowest prediction up: a reliability diagram.
    pub bins: Vec<Bin>,
}

/// Pairs with neighbouring predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Pairs in it.
    pub pairs: usize,
    /// Mean prediction, 0 to 1.
    pub predicted: f64,
    /// Mean score, 0 to 1.
    pub observed: f64,
}

/// How far predicted costs are off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostError {
    /// Mean absolute percentage error: the mean of `|predicted - actual| / actual`, in percent. Ruled by cheap calls.
    pub mape: f64,
    /// Sum of `|predicted - actual|` over the sum of actual costs, in percent. Ruled by dear calls.
    pub weighted: f64,
    /// Pairs that were compared.
    pub pairs: usize,
    /// Pairs left out: a cost that is unknown or 0, or a prediction that is no number.
    pub left_out: usize,
}

/// Calibration of `predicted` success against `score`, pair by pair, in `bins` bins of about equal counts; equal predictions
/// are never divided, so the order of pairs does not matter. The score is the graded one, because that is what a router is
/// trained to predict. Pairs whose score is NaN (no record) are left out. `None` when no pair is left, `bins` is 0 or the
/// lengths differ.
pub fn calibration(predicted: &[f64], score: &[f64], bins: usize) -> Option<Calibration> {
    if predicted.len() != score.len() || bins == 0 {
        return None;
    }
    let recorded = || predicted.iter().copied().zip(score.iter().copied()).filter(|(_, score)| !score.is_nan());
    let mut pairs: Vec<(f64, f64)> = recorded().filter(|(predicted, _)| (0.0..=1.0).contains(predicted)).collect();
    let outside = recorded().count() - pairs.len();
    // By score too, so that sums are the same for every order of pairs. Adding 0 makes the two zeros equal.
    pairs.iter_mut().for_each(|pair| pair.0 += 0.0);
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let count = pairs.len();
    let mut filled: Vec<Bin> = Vec::new();
    let mut start = 0;
    for bin in 1..=bins {
        // At least to the bin's share of the pairs, and on to the end of equal predictions.
        let mut end = (count * bin / bins).max(start);
        while end > start && end < count && pairs[end].0 == pairs[end - 1].0 {
            end += 1;
        }
        let of_bin = &pairs[start..end];
        let mean = |of: fn(&(f64, f64)) -> f64| of_bin.iter().map(of).sum::<f64>() / of_bin.len() as f64;
        if !of_bin.is_empty() {
            filled.push(Bin { pairs: of_bin.len(), predicted: mean(|pair| pair.0), observed: mean(|pair| pair.1) });
        }
        start = end;
    }
    let brier = pairs.iter().map(|(predicted, score)| (predicted - score).powi(2)).sum::<f64>() / count as f64;
    let error = |bin: &Bin| bin.pairs as f64 / count as f64 * (bin.predicted - bin.observed).abs();
    let expected_calibration_error = filled.iter().map(error).sum();
    (count > 0).then_some(Calibration { pairs: count, outside, brier, expected_calibration_error, bins: filled })
}

/// [`calibration`] of a router's utilities at the preference for quality alone (rows x models, row-major) against every
/// score of the pool. `None` also when `utilities` has another shape.
pub fn of_pool(observed: &Observed<'_>, utilities: &[f64], bins: usize) -> Option<Calibration> {
    let score: Vec<f64> = (0..observed.rows()).flat_map(|row| observed.scores(row)).copied().collect();
    calibration(utilities, &score, bins)
}

/// [`calibration`] of the utilities of the chosen models alone: a router that picks the highest prediction picks the
/// luckiest too, so it can be calibrated over the pool and still promise too much. `choices` has one model per row.
/// `None` also when a shape does not fit or a choice is not in the pool.
pub fn of_choices(observed: &Observed<'_>, utilities: &[f64], choices: &[u32], bins: usize) -> Option<Calibration> {
    let models = observed.models();
    if utilities.len() != observed.rows() * models || choices.len() != observed.rows() {
        return None;
    }
    let pair = |(row, choice): (usize, &u32)| {
        let score = observed.scores(row).get(*choice as usize)?;
        Some((utilities[row * models + *choice as usize], *score))
    };
    let (predicted, score): (Vec<f64>, Vec<f64>) = choices.iter().enumerate().map(pair).collect::<Option<_>>()?;
    calibration(&predicted, &score, bins)
}

/// Error of predicted costs, both in USD, pair by pair. `None` when no pair is left or the lengths differ.
pub fn cost_error(predicted_usd: &[f64], actual_usd: &[f64]) -> Option<CostError> {
    if predicted_usd.len() != actual_usd.len() {
        return None;
    }
    let (mut ratios, mut off, mut paid, mut pairs) = (0.0, 0.0, 0.0, 0usize);
    for (predicted, actual) in predicted_usd.iter().zip(actual_usd) {
        if predicted.is_finite() && actual.is_finite() && *actual > 0.0 {
            ratios += (predicted - actual).abs() / actual;
            off += (predicted - actual).abs();
            paid += actual;
            pairs += 1;
        }
    }
    let left_out = actual_usd.len() - pairs;
    (pairs > 0).then(|| CostError {
        mape: 100.0 * ratios / pairs as f64,
        weighted: 100.0 * off / paid,
        pairs,
        left_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    #[test]
    fn brier_and_calibration_error_equal_those_worked_by_hand() {
        let predicted = [0.9, 0.1, 0.3, 0.7, 1.5, 0.5];
        let score = [1.0, 0.0, 1.0, 0.5, 1.0, NAN];
        let found = calibration(&predicted, &score, 2).unwrap();
        assert_eq!((found.pairs, found.outside), (4, 1));
        // 0.01 + 0.01 + 0.49 + 0.04 over 4.
        assert!((found.brier - 0.1375).abs() < 1e-12);
        // 0.1 and 0.3 say 0.2 of 0.5; 0.7 and 0.9 say 0.8 of 0.75.
        assert!((found.expected_calibration_error - (0.5 * 0.3 + 0.5 * 0.05)).abs() < 1e-12);
        assert_eq!(found.bins.iter().map(|bin| bin.pairs).collect::<Vec<_>>(), [2, 2]);
        let perfect = calibration(&[0.0, 1.0, 1.0], &[0.0, 1.0, 1.0], 10).unwrap();
        assert_eq!((perfect.brier, perfect.expected_calibration_error), (0.0, 0.0));
        for (predicted, score, bins) in [(&[0.5][..], &[NAN][..], 5), (&[0.5], &[1.0], 0), (&[0.5], &[], 5)] {
            assert_eq!(calibration(predicted, score, bins), None);
        }
    }

    #[test]
    fn equal_predictions_share_a_bin() {
        let found = calibration(&[0.5, 0.5, 0.5, 0.5, 0.9], &[1.0, 0.0, 1.0, 0.0, 1.0], 5).unwrap();
        assert_eq!(found.bins.iter().map(|bin| (bin.pairs, bin.observed)).collect::<Vec<_>>(), [(4, 0.5), (1, 1.0)]);
        assert!((found.expected_calibration_error - 0.02).abs() < 1e-12);
    }

    #[test]
    fn the_chosen_may_promise_more_than_the_pool() {
        let observed = Observed::new(vec![0, 0], 1, 2, vec![1.0, 0.0, 0.0, 1.0], vec![0.0; 4]).unwrap();
        let utilities = [0.5, 0.6, 0.6, 0.5];
        assert!((of_pool(&observed, &utilities, 1).unwrap().expected_calibration_error - 0.05).abs() < 1e-12);
        let chosen = of_choices(&observed, &utilities, &[1, 0], 1).unwrap();
        assert!((chosen.expected_calibration_error - 0.6).abs() < 1e-12);
        assert_eq!(of_choices(&observed, &utilities, &[1, 2], 1), None);
        assert_eq!((of_pool(&observed, &utilities[1..], 1), of_choices(&observed, &[], &[1, 0], 1)), (None, None));
    }

    #[test]
    fn cost_errors_equal_those_worked_by_hand() {
        let found = cost_error(&[2.0, 5.0, 1.0, 1.0, NAN], &[1.0, 10.0, NAN, 0.0, 1.0]).unwrap();
        // 100 % and 50 %; 6 of 11 dollars.
        assert_eq!((found.mape, found.pairs, found.left_out), (75.0, 2, 3));
        assert!((found.weighted - 600.0 / 11.0).abs() < 1e-9);
        assert_eq!((cost_error(&[1.0], &[NAN]), cost_error(&[1.0], &[])), (None, None));
    }
}
