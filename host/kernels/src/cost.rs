//! What each operation costs: fuel, and working memory beside its result.
//!
//! Four multiply-adds are one unit of fuel, and so is a byte that is copied; a started unit counts as one. Every pair of
//! rows that is brought together costs [`PAIR`] multiply-adds besides, so that many narrow rows are not cheaper than the
//! work they make. Costs depend on shapes (for ridge also on how many patterns of missing targets there are), never on the
//! machine or the number of threads, so they can be charged before the work is done. Costs that do not fit are `u64::MAX`.

/// What a pair of rows costs whatever its width, in multiply-adds.
pub const PAIR: u64 = 32;

/// Threads for which working memory is reckoned, however many there are.
const THREADS: u64 = 16;

/// Bytes of a 32-bit and of a 64-bit float.
const SINGLE: u64 = 4;
const DOUBLE: u64 = 8;

/// The price of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Units of fuel.
    pub fuel: u64,
    /// Bytes that the operation needs while it runs, without its result.
    pub working_bytes: u64,
}

/// The product of some sizes, or as much as fits.
fn product(sizes: &[u64]) -> u128 {
    sizes.iter().fold(1, |product: u128, &size| product.saturating_mul(u128::from(size)))
}

fn fits(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}

/// Multiply-adds as fuel.
fn units(multiply_adds: u128) -> u64 {
    fits(multiply_adds.div_ceil(4))
}

fn sum(parts: &[u128]) -> u128 {
    parts.iter().fold(0, |sum: u128, part| sum.saturating_add(*part))
}

/// Making a matrix of n rows and d columns: 4 n d, a unit for each byte that is copied.
pub fn matrix(n: u64, d: u64) -> Cost {
    Cost { fuel: fits(product(&[n, d, SINGLE])), working_bytes: 0 }
}

/// Reading `count` rows of d columns: 4 count d.
pub fn read(count: u64, d: u64) -> Cost {
    matrix(count, d)
}

/// Gathering `rows` rows of d columns: rows (4 d + 32).
pub fn gather(rows: u64, d: u64) -> Cost {
    Cost { fuel: fits(product(&[rows, d.saturating_mul(SINGLE).saturating_add(PAIR)])), working_bytes: 0 }
}

/// Normalising n rows of d columns: n (4 d + 32).
pub fn normalise_rows(n: u64, d: u64) -> Cost {
    gather(n, d)
}

/// Multiplying n x d by d x m: n m (d + 32) / 4. Works with up to 4,096 columns packed.
pub fn multiply(n: u64, d: u64, m: u64) -> Cost {
    let packed = product(&[m.min(4096), d, SINGLE]);
    Cost { fuel: units(product(&[n, m, d.saturating_add(PAIR)])), working_bytes: fits(packed) }
}

/// The k nearest of n rows of d columns for q queries: n q (d + 32 b) / 4, where k has b binary digits. Works with up to
/// 1,024 queries and, for each thread, the best of each so far.
pub fn nearest(n: u64, d: u64, q: u64, k: u64) -> Cost {
    let k = k.min(n);
    let digits = u64::from(u64::BITS - k.leading_zeros());
    let together = q.min(1024);
    let best = product(&[together, k.saturating_mul(THREADS).min(n), DOUBLE]);
    let queries = product(&[together, d, SINGLE]);
    Cost { fuel: units(product(&[n, q, d.saturating_add(PAIR * digits)])), working_bytes: fits(sum(&[best, queries])) }
}

/// k-means of n rows of d columns into k clusters (n when there are fewer rows): n k (d + 32) (rounds + 1) / 4. Works with
/// all rows packed.
pub fn kmeans(n: u64, d: u64, k: u64, rounds: u64) -> Cost {
    let k = k.min(n);
    let packed = product(&[n, d, SINGLE]);
    let each_row = product(&[n, 8, SINGLE]);
    let sums = product(&[k, d, DOUBLE]);
    let products = product(&[k, 64, SINGLE, THREADS]);
    Cost {
        fuel: units(product(&[n, k, d.saturating_add(PAIR), rounds.saturating_add(1)])),
        working_bytes: fits(sum(&[packed, each_row, sums, products])),
    }
}

/// Finding out which rows n x t targets miss: 4 n t. Works with a list for each column and the numbers of the missing rows.
pub fn missing_rows(n: u64, t: u64) -> Cost {
    let list = (size_of::<Vec<u32>>() + size_of::<usize>()) as u64;
    let working_bytes = fits(product(&[t, n.saturating_mul(SINGLE).saturating_add(list)]));
    Cost { fuel: fits(product(&[n, t, SINGLE])), working_bytes }
}

/// Ridge regression of t targets with p patterns of missing rows on n rows of d columns:
/// n (d + 32) (p d + t) / 4 + p d d d / 6 + t d d. Works with the centred rows and a few d x d sums.
pub fn ridge(n: u64, d: u64, t: u64, p: u64) -> Cost {
    let sums = units(product(&[n, d.saturating_add(PAIR)]).saturating_mul(sum(&[product(&[p, d]), t.into()])));
    let factors = fits(product(&[p, d, d, d]).div_ceil(6));
    let solutions = fits(product(&[t, d, d]));
    let rows = product(&[2, n, d.saturating_add(t), SINGLE]);
    let squares = sum(&[product(&[2, d, d.saturating_add(t), DOUBLE]), product(&[5, d, d, DOUBLE])]);
    Cost { fuel: sums.saturating_add(factors).saturating_add(solutions), working_bytes: fits(sum(&[rows, squares])) }
}

/// Principal components of n rows of d columns: n d (d + 32) / 4 + 4 d d d. Works with the centred rows and a few d x d
/// matrices.
pub fn pca(n: u64, d: u64) -> Cost {
    let covariance = units(product(&[n, d, d.saturating_add(PAIR)]));
    let rows = product(&[n, d, SINGLE]);
    Cost {
        fuel: covariance.saturating_add(fits(product(&[4, d, d, d]))),
        working_bytes: fits(sum(&[rows, product(&[6, d, d, DOUBLE])])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_formulas_hold() {
        let cases = [
            ("matrix", matrix(20_000, 384), 30_720_000),
            ("read", read(10, 384), 15_360),
            ("gather", gather(3, 2), 3 * 40),
            ("normalise_rows", normalise_rows(20_000, 384), 20_000 * 1_568),
            ("multiply", multiply(2_048, 384, 2_048), 2_048 * 2_048 * 416 / 4),
            ("nearest", nearest(20_000, 384, 2_000, 10), 20_000 * 2_000 * (384 + 4 * 32) / 4),
            ("more neighbours than rows", nearest(100, 4, 10, 1 << 40), 100 * 10 * (4 + 7 * 32) / 4),
            ("kmeans", kmeans(20_000, 384, 64, 10), 20_000 * 64 * 416 * 11 / 4),
            ("more clusters than rows", kmeans(10, 4, 1 << 40, 0), 10 * 10 * 36 / 4),
            ("ridge", ridge(1_000, 10, 5, 1), 1_000 * 42 * 15 / 4 + 167 + 500),
            ("ridge with holes", ridge(1_000, 10, 5, 3), 1_000 * 42 * 35 / 4 + 500 + 500),
            ("pca", pca(1_000, 10), 1_000 * 10 * 42 / 4 + 4_000),
            ("nothing", multiply(0, 384, 2_048), 0),
            ("one value", matrix(1, 1), 4),
            ("too much", kmeans(u64::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX),
            ("too much in two parts", ridge(u64::MAX, 1, u64::MAX, 1), u64::MAX),
        ];
        for (operation, cost, expected) in cases {
            assert_eq!(cost.fuel, expected, "{operation}");
        }
    }

    #[test]
    fn working_memory_grows_with_what_is_worked_on() {
        let mib = |cost: Cost| cost.working_bytes >> 20;
        assert_eq!(mib(kmeans(20_000, 384, 64, 10)), 30);
        assert_eq!(mib(nearest(20_000, 384, 2_000, 10)), 2);
        assert_eq!(mib(nearest(1_000_000, 1, 1_000, 1_000_000)), 7_629);
        // What one row of very many columns would need.
        assert_eq!(mib(missing_rows(1, 1 << 25)), 1152);
        assert_eq!(mib(ridge(1, 30_000, 1, 1)), 48_065);
        assert_eq!(mib(pca(1, 30_000)), 41_198);
    }
}
