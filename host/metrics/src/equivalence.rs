//! Whether two strategies are the same up to a margin, and what difference a study could have found.

use crate::distributions::{normal_cdf, normal_quantile};

/// The outcome of two one-sided tests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// The difference, in the unit of the quantity (points of percent for AvgAcc).
    pub difference: f64,
    /// Lower end of its 90 % interval: the difference passes at the 5 % level where this interval lies within the margin.
    pub low: f64,
    /// Upper end of its 90 % interval.
    pub high: f64,
    /// The margin, in the unit of the difference.
    pub margin: f64,
    /// The larger of the two one-sided p-values.
    pub p_value: f64,
}

impl Equivalence {
    /// Whether the difference is shown to lie within the margin, at the 5 % level.
    pub fn is_equivalent(&self) -> bool {
        self.p_value < 0.05
    }
}

/// Two one-sided tests (Schuirmann, *A comparison of the Two One-Sided Tests Procedure and the Power Approach for
/// assessing the equivalence of average bioavailability*, 1987) of a difference with a known standard error, both in the
/// unit of `margin`: the hypothesis that the difference is `-margin` or less, and that it is `margin` or more.
///
/// A difference that was not found is no evidence for equivalence; this is. `None` when a number is not finite, the
/// standard error is negative or the margin is not positive.
pub fn equivalence(difference: f64, standard_error: f64, margin: f64) -> Option<Equivalence> {
    let sound = difference.is_finite() && standard_error >= 0.0 && standard_error.is_finite();
    if !(sound && margin > 0.0 && margin.is_finite()) {
        return None;
    }
    // How far the nearer margin is away; without any error the answer is plain.
    let room = margin - difference.abs();
    let p_value = match standard_error {
        0.0 => f64::from(u8::from(room <= 0.0)),
        _ => normal_cdf(-room / standard_error),
    };
    let half_width = normal_quantile(0.95) * standard_error;
    Some(Equivalence { difference, low: difference - half_width, high: difference + half_width, margin, p_value })
}

/// The difference that a study finds with probability `power` if it is there, in a two-sided test at `level`:
/// `(z(1 - level/2) + z(power)) * standard_error`. At 5 % and 80 % that is 2.8 standard errors; say it next to a
/// difference that was not found. `None` unless both probabilities lie between 0 and 1.
pub fn minimal_detectable(standard_error: f64, level: f64, power: f64) -> Option<f64> {
    let inside = |p: f64| p > 0.0 && p < 1.0;
    (inside(level) && inside(power))
        .then(|| (normal_quantile(1.0 - level / 2.0) + normal_quantile(power)) * standard_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equivalence_needs_room_on_both_sides() {
        // Half a point of difference, standard error 0.25: two standard errors to the nearer margin.
        let test = equivalence(0.5, 0.25, 1.0).unwrap();
        assert!((test.p_value - 0.022_750_131_948_179_2).abs() < 1e-12);
        assert!((test.low - (0.5 - 0.411_213_406_737_868)).abs() < 1e-9 && test.is_equivalent());
        assert_eq!(equivalence(-0.5, 0.25, 1.0).unwrap().p_value, test.p_value);
        // No difference found, but too noisy to say so.
        assert!(!equivalence(0.0, 1.0, 1.0).unwrap().is_equivalent());
        assert_eq!(equivalence(1.0, 0.5, 1.0).unwrap().p_value, 0.5);
        assert_eq!(
            (equivalence(0.5, 0.0, 1.0).unwrap().p_value, equivalence(1.0, 0.0, 1.0).unwrap().p_value),
            (0.0, 1.0)
        );
        for (difference, error, margin) in
            [(f64::NAN, 1.0, 1.0), (0.0, -1.0, 1.0), (0.0, 1.0, 0.0), (0.0, 1.0, f64::NAN)]
        {
            assert_eq!(equivalence(difference, error, margin), None);
        }
    }

    #[test]
    fn a_test_passes_exactly_where_its_interval_lies_within_the_margin() {
        for step in 0..200 {
            let test = equivalence(f64::from(step) / 100.0 - 1.0, 0.3, 1.0).unwrap();
            assert_eq!(test.is_equivalent(), test.low > -1.0 && test.high < 1.0, "{test:?}");
        }
    }

    #[test]
    fn the_minimal_detectable_difference_is_2_8_standard_errors() {
        assert!((minimal_detectable(1.0, 0.05, 0.8).unwrap() - 2.801_585_218_113).abs() < 1e-9);
        assert!(minimal_detectable(1.0, 0.05, 0.9) > minimal_detectable(1.0, 0.05, 0.8));
        assert_eq!((minimal_detectable(1.0, 0.0, 0.8), minimal_detectable(1.0, 0.05, 1.0)), (None, None));
    }
}
