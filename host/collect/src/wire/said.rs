//! What an answer says about itself, read so that an odd value is no more than an absent one.

use serde_json::Value;

/// More tokens than any request takes: a number beyond it is a slip.
const TOKENS_AT_MOST: u64 = 1_000_000_000;
/// More dollars than any request costs.
const DOLLARS_AT_MOST: f64 = 10_000.0;

/// A count of tokens, where there is a credible one.
pub(super) fn tokens(value: &Value) -> Option<u64> {
    let count = match value.as_u64() {
        Some(count) => count,
        // Some gateways write every number with a point.
        None => value.as_f64().filter(|count| *count >= 0.0 && count.fract() == 0.0).map(|count| count as u64)?,
    };
    (count <= TOKENS_AT_MOST).then_some(count)
}

/// A cost in dollars, where there is a credible one.
pub(super) fn dollars(value: &Value) -> Option<f64> {
    value.as_f64().filter(|cost| (0.0..=DOLLARS_AT_MOST).contains(cost))
}

/// A text that is not empty.
pub(super) fn words(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Replaces what was said by what is said now, if anything is.
pub(super) fn update<T>(known: &mut Option<T>, said: Option<T>) {
    if said.is_some() {
        *known = said;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_count_that_cannot_be_one_was_not_said() {
        for (value, expected) in [
            (json!(0), Some(0)),
            (json!(17), Some(17)),
            (json!(17.0), Some(17)),
            (json!(1_000_000_000), Some(1_000_000_000)),
            (json!(1_000_000_001), None),
            (json!(u64::MAX), None),
            (json!(1e300), None),
            (json!(-1), None),
            (json!(1.5), None),
            (json!("17"), None),
            (json!(null), None),
            (json!({}), None),
        ] {
            assert_eq!(tokens(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_cost_that_cannot_be_one_was_not_said() {
        for (value, expected) in [
            (json!(0), Some(0.0)),
            (json!(0.00042), Some(0.00042)),
            (json!(-0.1), None),
            (json!(1e9), None),
            (json!("0.1"), None),
            (json!(null), None),
        ] {
            assert_eq!(dollars(&value), expected, "{value}");
        }
    }
}
