//! Tables of positions, the same for every device.

use crate::architecture::Architecture;

/// Rotary positions (Su et al. 2021): pair (i, i + head width / 2) of a head is turned by the angle
/// position x base^(-2 i / head width). For each position head width / 2 cosines, then as many sines.
pub(crate) fn rotary_table(base: f64, head_width: usize, positions: usize) -> Vec<f32> {
    let pairs = head_width / 2;
    let mut table = Vec::with_capacity(positions * 2 * pairs);
    let speeds: Vec<f64> = (0..pairs).map(|pair| base.powf(-2.0 * pair as f64 / head_width as f64)).collect();
    for position in 0..positions {
        table.extend(speeds.iter().map(|speed| (position as f64 * speed).cos() as f32));
        table.extend(speeds.iter().map(|speed| (position as f64 * speed).sin() as f32));
    }
    table
}

/// Turns every head of a row. `at` is the row's position in the table of [`rotary_table`].
pub(crate) fn turn(heads: &mut [f32], head_width: usize, at: &[f32]) {
    let (cosines, sines) = at.split_at(head_width / 2);
    for head in heads.chunks_exact_mut(head_width) {
        let (first, second) = head.split_at_mut(head_width / 2);
        for (((a, b), cosine), sine) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
            (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
        }
    }
}

/// What MPNet adds to the product of a query and a key, by how far they are apart: heads x (2 x max_tokens - 1), by the key's
/// place less the query's, from -(max_tokens - 1) on. `buckets` is relative_buckets x heads.
///
/// Half of the buckets are for keys behind the query. Of each half, half are for one distance each, the others for ranges
/// that grow with the logarithm of the distance up to 128 (Raffel et al. 2020, section 2.1).
pub(crate) fn relative_bias(buckets: &[f32], architecture: &Architecture) -> Vec<f32> {
    const FARTHEST: f64 = 128.0;
    let (heads, tokens) = (architecture.heads, architecture.max_tokens);
    let half = architecture.relative_buckets / 2;
    let exact = half / 2;
    let bucket = |apart: isize| {
        let distance = apart.unsigned_abs();
        let within = match distance < exact {
            true => distance,
            false => {
                let share = (distance as f64 / exact as f64).ln() / (FARTHEST / exact as f64).ln();
                (exact + (share * (half - exact) as f64) as usize).min(half - 1)
            }
        };
        within + if apart > 0 { half } else { 0 }
    };
    let last = tokens as isize - 1;
    let by_distance: Vec<usize> = (-last..=last).map(bucket).collect();
    (0..heads).flat_map(|head| by_distance.iter().map(move |bucket| buckets[bucket * heads + head])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_keeps_lengths_and_depends_on_the_distance_of_two_tokens_alone() {
        let table = rotary_table(10_000.0, 4, 50);
        let product = |one: usize, other: usize| {
            let (mut query, mut key) = ([0.3, -1.0, 0.5, 2.0], [1.0, 0.25, -0.5, 1.5]);
            turn(&mut query, 4, &table[one * 4..][..4]);
            turn(&mut key, 4, &table[other * 4..][..4]);
            let length: f32 = query.iter().map(|value| value * value).sum();
            assert!((length - 5.34).abs() < 1e-5);
            query.iter().zip(key).map(|(q, k)| q * k).sum::<f32>()
        };
        assert!((product(3, 7) - product(40, 44)).abs() < 1e-5);
        assert!((product(3, 7) - product(7, 3)).abs() > 0.1);
    }

    #[test]
    fn near_keys_have_a_bucket_each_and_far_ones_share() {
        let architecture =
            Architecture { heads: 1, max_tokens: 300, relative_buckets: 32, ..Architecture::for_tests() };
        let buckets: Vec<f32> = (0..32).map(|bucket| bucket as f32).collect();
        let bias = relative_bias(&buckets, &architecture);
        let at = |apart: isize| bias[(299 + apart) as usize];
        let cases = [(0, 0.0), (-1, 1.0), (-7, 7.0), (-8, 8.0), (-11, 8.0), (-12, 9.0), (-16, 10.0), (-128, 15.0)];
        for (apart, bucket) in cases {
            assert_eq!(at(apart), bucket, "{apart}");
            assert!(apart == 0 || at(-apart) == bucket + 16.0, "{apart}");
        }
        assert_eq!((at(-299), at(299)), (15.0, 31.0));
    }
}
