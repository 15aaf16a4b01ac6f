//! The difference of two strategies on the same rows and its standard error, in closed form.

use std::collections::BTreeMap;

use crate::bootstrap::Part;
use crate::equivalence::{Equivalence, equivalence, minimal_detectable};

/// A difference in AvgAcc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// AvgAcc of the first less that of the second, points of percent, mean over the parts that have both.
    pub difference: f64,
    /// Its standard error, points of percent.
    pub standard_error: f64,
}

impl PairedDifference {
    /// The difference that these rows would have shown four times out of five, at the 5 % level; points of percent.
    pub fn minimal_detectable(&self) -> f64 {
        minimal_detectable(self.standard_error, 0.05, 0.80).unwrap_or(f64::NAN)
    }

    /// Whether the two are the same up to `margin` points of percent, see [`equivalence`].
    pub fn equivalence(&self, margin: f64) -> Option<Equivalence> {
        equivalence(self.difference, self.standard_error, margin)
    }
}

/// The difference between strategies `a` and `b` of [`Part::answers`] and its standard error over new queries of the same
/// datasets: what [`bootstrap`](crate::bootstrap) finds by drawing, without drawing.
///
/// The variance of a dataset's mean is that of its units' influences (Cochran, *Sampling Techniques*, 1977, section 6.3:
/// a mean over rows is a ratio when units differ in size); datasets are strata and add up. Rows of one unit, in whichever
/// part, are one influence, so seeds that test the same rows are no new evidence. `None` when no part has both
/// strategies or a dataset has a single unit.
pub fn paired_difference(parts: &[Part<'_>], a: usize, b: usize) -> Option<PairedDifference> {
    let taking = parts.iter().filter(|part| part.both(a, b).is_some() && !part.dataset.is_empty()).count() as f64;
    let mut influence: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut difference = 0.0;
    for part in parts {
        let Some((left, right)) = part.both(a, b) else { continue };
        let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let rows = || part.dataset.iter().zip(left.score.iter().zip(&right.score).map(|(left, right)| left - right));
        for (dataset, value) in rows() {
            let (sum, count) = sums.entry(*dataset).or_default();
            *sum += value;
            *count += 1.0;
        }
        let share = 100.0 / (taking * sums.len() as f64);
        difference += sums.values().map(|(sum, count)| share * sum / count).sum::<f64>();
        for ((dataset, value), unit) in rows().zip(part.unit) {
            let (sum, count) = sums[dataset];
            *influence.entry((*dataset, *unit)).or_default() += share * (value - sum / count) / count;
        }
    }
    let mut variance = 0.0;
    let mut influences = influence.into_iter().peekable();
    while let Some(((dataset, _), first)) = influences.next() {
        let (mut units, mut sum, mut squares) = (1.0, first, first * first);
        while let Some((_, next)) = influences.next_if(|((of, _), _)| *of == dataset) {
            units += 1.0;
            sum += next;
            squares += next * next;
        }
        if units < 2.0 {
            return None;
        }
        variance += units / (units - 1.0) * (squares - sum * sum / units).max(0.0);
    }
    (taking > 0.0).then(|| PairedDifference { difference, standard_error: variance.sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Answers;

    fn scored(score: &[f64]) -> Answers {
        Answers { score: score.to_vec(), cost_usd: vec![0.0; score.len()] }
    }

    #[test]
    fn the_standard_error_equals_the_one_worked_by_hand() {
        let (a, b) = (scored(&[1.0, 1.0, 0.0, 1.0, 1.0, 0.0]), scored(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]));
        let dataset = [0, 0, 0, 0, 1, 1];
        let part = |unit| Part { dataset: &dataset, unit, hard: &[], answers: vec![Some(&a), Some(&b), None] };
        let paired = paired_difference(&[part(&[1, 2, 3, 4, 5, 6])], 0, 1).unwrap();
        // Differences 1 0 0 0 and 1 -1: means 1/4 and 0, variances 1/4 and 2; SE = sqrt(1/16 + 1) / 2.
        assert!((paired.difference - 12.5).abs() < 1e-12);
        assert!((paired.standard_error - 50.0 * 1.0625_f64.sqrt()).abs() < 1e-9);
        assert!((paired.minimal_detectable() / paired.standard_error - 2.8016).abs() < 1e-4);
        assert!(!paired.equivalence(1.0).unwrap().is_equivalent());
        // The same rows in a second part are no new evidence; equal rows of one unit are one.
        let twice = paired_difference(&[part(&[1, 2, 3, 4, 5, 6]), part(&[1, 2, 3, 4, 5, 6])], 0, 1).unwrap();
        assert!((twice.standard_error - paired.standard_error).abs() < 1e-9);
        assert_eq!(paired_difference(&[part(&[1, 2, 3, 4, 5, 5])], 0, 1), None, "dataset 1 has a single unit");
        assert_eq!(paired_difference(&[part(&[1, 2, 3, 4, 5, 6])], 0, 2), None, "one does not take part");
        assert_eq!(paired_difference(&[part(&[1, 2, 3, 4, 5, 6])], 0, 0).unwrap().standard_error, 0.0);
    }
}
