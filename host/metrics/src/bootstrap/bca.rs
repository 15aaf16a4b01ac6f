//! Intervals that are corrected for bias and skewness.

use super::{Bootstrap, Interval, Jackknife, Population, Quantity};
use crate::distributions::{normal_cdf, normal_quantile};
use crate::latency::quantile_of_sorted;

impl Bootstrap {
    /// 95 % interval of a strategy's value, corrected for bias and acceleration (BCa; Efron, *Better Bootstrap Confidence
    /// Intervals*, JASA 82, 1987, section 3). `jackknife` is of the same parts. `None` where there is no percentile
    /// interval either, where `jackknife` lacks the quantity, where all replicates lie on one side of the value, or for new datasets:
    /// `jackknife` knows how queries vary, not how datasets do.
    pub fn interval_bca(&self, jackknife: &Jackknife, strategy: usize, quantity: Quantity) -> Option<Interval> {
        let plain = self.interval(strategy, quantity).filter(|_| self.population == Population::NewQueries)?;
        let column = self.column(strategy, quantity)?;
        let draws = self.replicates().map(|draw| draw[column]).collect();
        corrected(plain, draws, jackknife.acceleration(strategy, None, quantity)?)
    }

    /// 95 % BCa interval of a value of `a` minus that of `b` under the same draws, as [`Self::interval_bca`].
    pub fn difference_bca(&self, jackknife: &Jackknife, a: usize, b: usize, quantity: Quantity) -> Option<Interval> {
        let plain = self.difference(a, b, quantity).filter(|_| self.population == Population::NewQueries)?;
        let (left, right) = (self.column(a, quantity)?, self.column(b, quantity)?);
        let draws = self.replicates().map(|draw| draw[left] - draw[right]).collect();
        corrected(plain, draws, jackknife.acceleration(a, Some(b), quantity)?)
    }
}

/// Moves the ends of an interval to the corrected quantiles of its draws.
fn corrected(plain: Interval, mut draws: Vec<f64>, acceleration: f64) -> Option<Interval> {
    // Draws that equal the value up to rounding are half below it: scores are few and sums of them often tie.
    let tolerance = 1e-9 * (1.0 + plain.value.abs());
    let below = draws.iter().filter(|draw| **draw < plain.value - tolerance).count() as f64;
    let equal = draws.iter().filter(|draw| (**draw - plain.value).abs() <= tolerance).count() as f64;
    let bias = normal_quantile((below + 0.5 * equal) / draws.len() as f64);
    if bias.is_infinite() {
        return None;
    }
    draws.sort_unstable_by(f64::total_cmp);
    let end = |share: f64| {
        let z = bias + normal_quantile(share);
        let room = 1.0 - acceleration * z;
        // Beyond this point the correction turns round; the outermost draw is the end then.
        let share = if room > 0.0 { normal_cdf(bias + z / room) } else { f64::from(u8::from(z > 0.0)) };
        quantile_of_sorted(&draws, share)
    };
    Some(Interval { low: end(0.025)?, high: end(0.975)?, ..plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_bias_and_skewness_the_interval_is_the_percentile_interval() {
        let draws: Vec<f64> = (0..=1_000).map(f64::from).collect();
        let plain = Interval { value: 500.0, low: 25.0, high: 975.0, standard_error: 289.0 };
        let same = corrected(plain, draws.clone(), 0.0).unwrap();
        assert!((same.low - 25.0).abs() < 1e-6 && (same.high - 975.0).abs() < 1e-6, "{same:?}");
        // Three quarters of the draws are below: z0 = 0.67449, so the ends are Phi(2 z0 -+ 1.95996) = 0.2706 and 0.9995.
        let biased = corrected(Interval { value: 750.75, ..plain }, draws.clone(), 0.0).unwrap();
        assert!((biased.low - 270.6).abs() < 1.0 && (biased.high - 999.5).abs() < 0.5, "{biased:?}");
        // a = 0.1: Phi(-1.95996 / 1.195996) = 0.05062 and Phi(1.95996 / 0.804004) = 0.99261.
        let skewed = corrected(plain, draws.clone(), 0.1).unwrap();
        assert!((skewed.low - 50.6).abs() < 0.1 && (skewed.high - 992.6).abs() < 0.1, "{skewed:?}");
        assert_eq!(corrected(Interval { value: 2_000.0, ..plain }, draws, 0.0), None);
    }
}
