//! Tests of differences: sign flips, Holm's correction, ranks, and seeds that share their queries.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::bootstrap::Part;
pub use crate::over_seeds::{OverSeeds, over_seeds};

/// What each unit adds to the difference in AvgAcc (points of percent, mean over seeds) between strategies `a` and `b`;
/// the contributions add up to that difference. Rows of one unit, in whichever part, are one contribution.
///
/// Parts without both strategies are ignored.
pub fn contributions(parts: &[Part<'_>], a: usize, b: usize) -> Vec<f64> {
    let mut of_unit: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let taking = parts.iter().filter(|part| part.both(a, b).is_some()).count();
    for part in parts {
        let Some((left, right)) = part.both(a, b) else { continue };
        let mut rows: BTreeMap<u32, f64> = BTreeMap::new();
        for dataset in part.dataset {
            *rows.entry(*dataset).or_default() += 1.0;
        }
        let share = 100.0 / (taking * rows.len()) as f64;
        let keys = part.dataset.iter().zip(part.unit);
        for ((dataset, unit), (left, right)) in keys.zip(left.score.iter().zip(&right.score)) {
            *of_unit.entry((*dataset, *unit)).or_default() += share * (left - right) / rows[dataset];
        }
    }
    of_unit.into_values().collect()
}

/// Two-sided paired sign-flip test: how often a difference as large as the observed one arises when the sign of every
/// contribution is tossed. The observed signs count as one of the draws, so the value is never 0.
pub fn sign_flip(contributions: &[f64], flips: usize, seed: u64) -> f64 {
    let observed = contributions.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order of signs may differ by rounding alone.
    let bar = observed - 1e-9 * (1.0 + observed);
    // Zeros never move a sum. Eight values have 256 sums, which are made once and then looked up.
    let moving: Vec<f64> = contributions.iter().copied().filter(|value| *value != 0.0).collect();
    let tables: Vec<[f64; 256]> = moving.chunks(8).map(signed_sums).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut as_large = 1usize;
    for _ in 0..flips {
        let mut sum = 0.0;
        for tables in tables.chunks(8) {
            for (table, signs) in tables.iter().zip(random.next_u64().to_le_bytes()) {
                sum += table[usize::from(signs)];
            }
        }
        as_large += usize::from(sum.abs() >= bar);
    }
    as_large as f64 / (flips + 1) as f64
}

/// The sum of at most eight values under each pattern of signs; a bit that is set turns its value round.
fn signed_sums(values: &[f64]) -> [f64; 256] {
    let mut sums = [0.0; 256];
    for (pattern, sum) in sums.iter_mut().enumerate() {
        *sum =
            values.iter().enumerate().map(|(bit, value)| if pattern >> bit & 1 == 0 { *value } else { -value }).sum();
    }
    sums
}

/// Holm's correction (1979) of p-values for being many; in the order given, capped at 1.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (step, index) in order.into_iter().enumerate() {
        largest = largest.max((p_values.len() - step) as f64 * p_values[index]).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

/// How strategies are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankSettings {
    /// Of the sign flips; each pair has a stream of its own, so the result does not depend on `threads`.
    pub seed: u64,
    /// How many threads to use.
    pub threads: NonZeroUsize,
}

/// From this corrected p-value on two strategies cannot be told apart.
pub const LEVEL: f64 = 0.05;

/// Sign flips for each of `pairs` comparisons: enough that the least possible p-value, corrected for all pairs, stays
/// five times below [`LEVEL`].
pub fn flips_for(pairs: usize) -> usize {
    pairs.saturating_mul(100).max(10_000)
}

/// Ranks by AvgAcc of the given strategies, in their order: one more than the number of them that are above and can be
/// told apart. Two strategies are told apart where the p-value of a paired sign-flip test over units, corrected for all
/// pairs by Holm (1979), is below [`LEVEL`]. The rule looks at each pair by itself, so it needs no chain of "not
/// different" to hold.
pub fn ranks(parts: &[Part<'_>], strategies: &[usize], settings: RankSettings) -> Vec<usize> {
    let count = strategies.len();
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j))).collect();
    let flips = flips_for(pairs.len());
    // The difference in AvgAcc of each pair and its p-value.
    let mut tested = vec![(0.0, 1.0); pairs.len()];
    let per_thread = pairs.len().div_ceil(settings.threads.get()).max(1);
    std::thread::scope(|scope| {
        for (index, (pairs, tested)) in pairs.chunks(per_thread).zip(tested.chunks_mut(per_thread)).enumerate() {
            scope.spawn(move || {
                for (offset, ((i, j), tested)) in pairs.iter().zip(tested).enumerate() {
                    let contributions = contributions(parts, strategies[*i], strategies[*j]);
                    let seed = settings.seed.wrapping_add((index * per_thread + offset) as u64);
                    *tested = (contributions.iter().sum(), sign_flip(&contributions, flips, seed));
                }
            });
        }
    });
    let corrected = holm(&tested.iter().map(|(_, p)| *p).collect::<Vec<f64>>());
    let mut ranks = vec![1; count];
    for (((i, j), (difference, _)), p) in pairs.iter().zip(&tested).zip(&corrected) {
        if *p < LEVEL {
            ranks[if *difference > 0.0 { *j } else { *i }] += 1;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accuracy, Answers};

    #[test]
    fn contributions_add_up_to_the_difference_in_avg_acc() {
        let dataset = [0, 0, 0, 1, 1];
        let answers = |score: [f64; 5]| Answers { score: score.to_vec(), cost_usd: vec![0.0; 5] };
        let (a, b) = (answers([1.0, 1.0, 0.0, 0.5, 1.0]), answers([0.0, 1.0, 1.0, 0.0, 0.0]));
        let part = |unit| Part { dataset: &dataset, unit, hard: &[], answers: vec![Some(&a), Some(&b)] };
        let parts = [part(&[1, 2, 3, 4, 4]), part(&[1, 2, 5, 6, 7])];
        let accuracy = |answers: &Answers| Accuracy::new(&answers.score, &dataset, 2);
        let contributions = contributions(&parts, 0, 1);
        // Units 1, 2, 3 and 5 of dataset 0, and 4, 6 and 7 of dataset 1.
        assert_eq!(contributions.len(), 7);
        let expected = accuracy(&a).difference(&accuracy(&b));
        assert!((contributions.iter().sum::<f64>() - expected).abs() < 1e-9);
    }

    #[test]
    fn sign_flips_equal_the_exact_count() {
        // All ten differences point one way: of 1024 sign patterns two are as large.
        let p = sign_flip(&[1.0; 10], 200_000, 1);
        assert!((p - 2.0 / 1024.0).abs() < 4e-4, "{p}");
        // 8 against 2: a binomial tail of 112 patterns of 1024.
        let mixed = [[1.0; 8].as_slice(), &[-1.0; 2]].concat();
        let p = sign_flip(&mixed, 200_000, 1);
        assert!((p - 112.0 / 1024.0).abs() < 4e-3, "{p}");
        assert_eq!((sign_flip(&[0.0; 5], 99, 1), sign_flip(&[], 99, 1)), (1.0, 1.0));
        assert_eq!(sign_flip(&mixed, 500, 3), sign_flip(&mixed, 500, 3));
    }

    #[test]
    fn ranks_are_shared_unless_the_corrected_p_value_is_small() {
        // Of 100 rows, each its own unit, strategy k is right on the first `right[k]`.
        let dataset = [0; 100];
        let unit: Vec<u32> = (0..100).collect();
        let cases: [(&[usize], &[usize]); 6] = [
            (&[90, 40, 60], &[1, 3, 2]),
            // Six rows more are p = 2 / 64 for one pair alone: enough by itself, too little as one of three.
            (&[50, 44], &[1, 2]),
            (&[50, 44, 50], &[1, 1, 1]),
            (&[50, 45], &[1, 1]),
            (&[50], &[1]),
            (&[], &[]),
        ];
        for (right, expected) in cases {
            let scores = |right: &usize| (0..100).map(|row| f64::from(u8::from(row < *right))).collect();
            let answers: Vec<Answers> =
                right.iter().map(|right| Answers { score: scores(right), cost_usd: vec![0.0; 100] }).collect();
            let parts =
                [Part { dataset: &dataset, unit: &unit, hard: &[], answers: answers.iter().map(Some).collect() }];
            let all: Vec<usize> = (0..right.len()).collect();
            let of = |threads| {
                let threads = NonZeroUsize::new(threads).unwrap();
                ranks(&parts, &all, RankSettings { seed: 1, threads })
            };
            assert_eq!(of(1), expected, "{right:?}");
            assert_eq!(of(3), expected, "{right:?} on three threads");
        }
    }

    #[test]
    fn holm_equals_the_correction_worked_by_hand() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (value, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((value - expected).abs() < 1e-12, "{corrected:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }
}
