//! Numbers as they are written, of any length.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::residue;

/// A number as it was written, in the three forms that a comparison may need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    /// Its residues: exact.
    pub(crate) residue: [u64; 2],
    /// The nearest double.
    pub(crate) float: f64,
    /// The value, when it was written without a point and fits.
    pub(crate) whole: Option<i64>,
    /// Whether it was written without a point.
    pub(crate) is_integer: bool,
    /// How many digits it has, leading zeros left out.
    pub(crate) digits: usize,
}

impl Number {
    /// Reads digits with at most one point and an exponent of at most four digits: `12`, `.5`, `3.`, `6.0e-3`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) if exponent.len() <= 5 => (mantissa, exponent.parse::<i64>().ok()?),
            Some(_) => return None,
            None => (text, 0),
        };
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || before.bytes().chain(after.bytes());
        if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let ten = residue::whole(10);
        let shifted = digits().fold([0, 0], |value, byte| {
            residue::add(residue::multiply(value, ten), residue::whole(i64::from(byte - b'0')))
        });
        let scale = residue::power(ten, exponent - after.len() as i64)?;
        let is_integer = !mantissa.contains('.') && exponent == 0;
        Some(Self {
            residue: residue::multiply(shifted, scale),
            float: text.parse().ok()?,
            whole: if is_integer { mantissa.parse().ok() } else { None },
            is_integer,
            digits: digits().skip_while(|&byte| byte == b'0').count(),
        })
    }

    /// A small whole number.
    pub(crate) fn small(number: u32) -> Self {
        Self {
            residue: residue::whole(number.into()),
            float: number.into(),
            whole: Some(number.into()),
            is_integer: true,
            digits: 1,
        }
    }
}

/// A plain decimal number: sign, digits with well-formed thousands commas or none, fraction.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    negative: bool,
    whole: Cow<'a, str>,
    fraction: &'a str,
}

impl<'a> Plain<'a> {
    /// Reads a text that is nothing but such a number.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (negative, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
        let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
        if size.ends_with('.') || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole = match whole.contains(',') {
            true => Cow::Owned(without_commas(whole)?),
            false => Cow::Borrowed(whole),
        };
        let has_digits = !whole.is_empty() || !fraction.is_empty();
        let plain = whole.bytes().all(|byte| byte.is_ascii_digit());
        (has_digits && plain).then(|| Self { negative, whole, fraction: fraction.trim_end_matches('0') })
    }

    /// Whether both have the same value, exactly.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let (mine, others) = (self.whole.trim_start_matches('0'), other.whole.trim_start_matches('0'));
        let is_zero = mine.is_empty() && self.fraction.is_empty();
        mine.cmp(others) == Ordering::Equal
            && self.fraction == other.fraction
            && (is_zero || self.negative == other.negative)
    }
}

/// `1,234,567` as digits; none when a group has not three digits, or the first has none.
pub(crate) fn without_commas(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()) && !first.starts_with('0'))?;
    let well_formed = groups.all(|group| group.len() == 3);
    (well_formed && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') && !first.is_empty())
        .then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn plain_numbers_are_compared_by_value_at_any_length() {
        let equal = |a, b| Plain::read(a).unwrap().equals(&Plain::read(b).unwrap());
        assert!(equal("073", "73.00") && equal("-0", "0") && equal("1,234,567", "1234567") && equal(".5", "0.50"));
        assert!(!equal("-5", "5") && !equal("100000000000000000000000001", "100000000000000000000000002"));
        for text in ["", "-", ".", "7.", "1,23", "01,234", "1e5", "--1", "+1", "1.2.3", "1,234,", "٣"] {
            assert!(Plain::read(text).is_none(), "{text}");
        }
    }
}
