//! Percentiles of times.

/// The `share` quantile (0 to 1) with linear interpolation between neighbours, as numpy's default and R's type 7.
/// `None` when there is no value, a value is NaN, or `share` is no share.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, share)
}

/// [`quantile`] of values that are already ascending.
pub(crate) fn quantile_of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    // In the total order NaN stands at one of the ends.
    let (first, last) = (sorted.first()?, sorted.last()?);
    if first.is_nan() || last.is_nan() || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let value = sorted[below];
    let next = sorted.get(below + 1).unwrap_or(&value);
    Some(value + (next - value) * (place - place.floor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        let values = [4.0, 1.0, 3.0, 2.0];
        for (share, expected) in [(0.0, 1.0), (0.5, 2.5), (1.0, 4.0), (0.25, 1.75)] {
            assert_eq!(quantile(&values, share), Some(expected));
        }
        assert_eq!((quantile(&[], 0.5), quantile(&[1.0, f64::NAN], 0.5), quantile(&values, 1.5)), (None, None, None));
    }
}
