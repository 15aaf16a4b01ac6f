//! Whether two rankings agree.

/// Kendall's tau-b of two lists of values for the same things: 1 where every pair stands in the same order, -1 where every
/// pair is turned round; ties count for neither. None below two things, or when one list is all ties.
///
/// Kendall (1945), "The treatment of ties in ranking problems", Biometrika 33.
///
/// # Panics
/// Never: values beyond the shorter list are left out.
pub fn kendall_tau_b(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len().min(b.len());
    let (mut same, mut turned, mut tied_a, mut tied_b) = (0_u64, 0_u64, 0_u64, 0_u64);
    for i in 0..n {
        for j in i + 1..n {
            let (x, y) = (a[i].total_cmp(&a[j]), b[i].total_cmp(&b[j]));
            tied_a += u64::from(x.is_eq());
            tied_b += u64::from(y.is_eq());
            if x.is_ne() && y.is_ne() {
                if x == y { same += 1 } else { turned += 1 }
            }
        }
    }
    let pairs = (n * n.saturating_sub(1) / 2) as u64;
    let spread = ((pairs - tied_a) as f64 * (pairs - tied_b) as f64).sqrt();
    (spread > 0.0).then(|| (same as f64 - turned as f64) / spread)
}

#[cfg(test)]
mod tests {
    use super::kendall_tau_b;

    #[test]
    fn pairs_in_the_same_order_count_for_and_turned_pairs_against() {
        let cases: [(&[f64], &[f64], Option<f64>); 5] = [
            (&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0], Some(1.0)),
            (&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], Some(-1.0)),
            // Five of six pairs agree.
            (&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 3.0], Some(4.0 / 6.0)),
            // One tie in b: (2 - 0) / sqrt(3 * 2).
            (&[1.0, 2.0, 3.0], &[1.0, 2.0, 2.0], Some(2.0 / 6.0_f64.sqrt())),
            (&[1.0, 1.0], &[1.0, 2.0], None),
        ];
        for (a, b, expected) in cases {
            assert_eq!(kendall_tau_b(a, b), expected, "{a:?} {b:?}");
        }
    }
}
