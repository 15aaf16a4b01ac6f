//! What each operation costs: four multiply-adds are one unit of fuel. A started unit counts as one.
//!
//! The cost depends on the shapes alone, never on the values, the machine or an early end, so it can be charged before
//! the work is done. Costs that do not fit are `u64::MAX`.

/// The product of the sizes, divided by `divisor` and rounded up.
fn units(sizes: &[u64], divisor: u64) -> u64 {
    let product = sizes.iter().fold(1u128, |product, &size| product.saturating_mul(u128::from(size)));
    u64::try_from(product.div_ceil(u128::from(divisor))).unwrap_or(u64::MAX)
}

/// Making a matrix of n rows and d columns: n d / 4.
pub fn matrix(n: u64, d: u64) -> u64 {
    units(&[n, d], 4)
}

/// Reading `count` rows of d columns: count d / 4.
pub fn read(count: u64, d: u64) -> u64 {
    units(&[count, d], 4)
}

/// Gathering `rows` rows of d columns: rows d / 4.
pub fn gather(rows: u64, d: u64) -> u64 {
    units(&[rows, d], 4)
}

/// Normalising n rows of d columns: n d / 2.
pub fn normalise_rows(n: u64, d: u64) -> u64 {
    units(&[n, d], 2)
}

/// Multiplying n x d by d x m: n d m / 4.
pub fn multiply(n: u64, d: u64, m: u64) -> u64 {
    units(&[n, d, m], 4)
}

/// The nearest of n rows of d columns for q queries: n d q / 4.
pub fn nearest(n: u64, d: u64, q: u64) -> u64 {
    units(&[n, d, q], 4)
}

/// k-means of n rows of d columns, `k` and `rounds` as asked for: n d k (rounds + 1) / 4.
pub fn kmeans(n: u64, d: u64, k: u64, rounds: u64) -> u64 {
    units(&[n, d, k, rounds.saturating_add(1)], 4)
}

/// Ridge regression of t targets on n rows of d columns: n d (d + t) / 4 + t d d d / 24.
pub fn ridge(n: u64, d: u64, t: u64) -> u64 {
    units(&[n, d, d.saturating_add(t)], 4).saturating_add(units(&[t, d, d, d], 24))
}

/// Principal components of n rows of d columns: n d d / 4 + 4 d d d.
pub fn pca(n: u64, d: u64) -> u64 {
    units(&[n, d, d], 4).saturating_add(units(&[4, d, d, d], 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_formulas_hold() {
        let cases = [
            ("matrix", matrix(20_000, 384), 1_920_000),
            ("read", read(10, 384), 960),
            ("gather", gather(3, 2), 2),
            ("normalise_rows", normalise_rows(20_000, 384), 3_840_000),
            ("multiply", multiply(2_048, 384, 2_048), 402_653_184),
            ("nearest", nearest(20_000, 384, 2_000), 3_840_000_000),
            ("kmeans", kmeans(20_000, 384, 64, 10), 1_351_680_000),
            ("ridge", ridge(1_000, 10, 5), 37_500 + 209),
            ("pca", pca(1_000, 10), 25_000 + 4_000),
            ("nothing", multiply(0, 384, 2_048), 0),
            ("one value", matrix(1, 1), 1),
            ("too much", kmeans(u64::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX),
            ("too much in two parts", ridge(u64::MAX, 1, u64::MAX), u64::MAX),
        ];
        for (operation, cost, expected) in cases {
            assert_eq!(cost, expected, "{operation}");
        }
    }
}
