//! The first centres of k-means: each next one drawn by the squared distance to those already chosen.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::error::KernelError;
use crate::kmeans::Lloyd;

/// The rows that k-means++ chooses (Arthur and Vassilvitskii, 2007), and every row assigned to the nearest of them.
///
/// Draws come from Xoshiro256++ seeded by `seed_from_u64`, one 64-bit number r for each centre. The first centre is
/// row floor(r n / 2^64). For each next one the squared distances are summed in 64 bits in the order of the rows, and
/// the first row at which the running sum is above floor(r / 2^11) / 2^53 of the whole is taken. When every row is at
/// distance 0 the first row that is not yet a centre is.
pub(crate) fn plus_plus(lloyd: &mut Lloyd<'_>, k: usize, seed: u64) -> Result<Vec<u32>, KernelError> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut seeds: Vec<u32> = Vec::with_capacity(k);
    let mut unused = vec![true; lloyd.distances.len()];
    while seeds.len() < k {
        let draw = random.next_u64();
        let row = match seeds.len() {
            0 => ((u128::from(draw) * lloyd.distances.len() as u128) >> 64) as usize,
            _ => weighted(&lloyd.distances, draw).or_else(|| first(&unused)).unwrap_or_default(),
        };
        let centre = lloyd.row(row)?;
        lloyd.assign(&centre, seeds.len() as u32);
        seeds.push(row as u32);
        unused[row] = false;
    }
    Ok(seeds)
}

/// The first row whose running sum of weights is above a share of the whole; none when every weight is 0.
fn weighted(weights: &[f32], draw: u64) -> Option<usize> {
    const UNIT: f64 = 1.0 / (1u64 << 53) as f64;
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let share = (draw >> 11) as f64 * UNIT * total;
    let mut running = 0.0;
    for (row, &weight) in weights.iter().enumerate() {
        running += f64::from(weight);
        if running > share {
            return Some(row);
        }
    }
    None
}

/// The first row that is no centre.
fn first(unused: &[bool]) -> Option<usize> {
    unused.iter().position(|&unused| unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_takes_the_row_in_whose_share_it_falls() {
        let weights = [0.0, 1.0, 0.0, 2.0, 1.0];
        let cases = [(0.0, 1), (0.24, 1), (0.25, 3), (0.74, 3), (0.75, 4), (0.999, 4)];
        for (share, row) in cases {
            let draw = (share * 2f64.powi(53)) as u64;
            assert_eq!(weighted(&weights, draw << 11), Some(row), "{share}");
        }
        assert_eq!(weighted(&weights, u64::MAX), Some(4));
        assert_eq!(weighted(&[0.0, 0.0], 7), None);
    }

    #[test]
    fn without_distances_the_first_row_that_is_no_centre_is_next() {
        assert_eq!(first(&[false, false, true, false, true]), Some(2));
        assert_eq!(first(&[false]), None);
    }
}
