//! Decimal digits as Python's `\d` has them.

/// The zeros of the scripts that count in tens; each is followed by its nine other digits (Unicode 14, category Nd).
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0,
    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
    0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script; none for any other character.
pub fn decimal_digit(char: char) -> Option<u32> {
    if char.is_ascii() {
        return char.to_digit(10);
    }
    let code = u32::from(char);
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let value = code - ZEROS[after.checked_sub(1)?];
    (value < 10).then_some(value)
}

/// The digits that a text begins with: how many bytes they take and their value, which stops growing at `u64::MAX`.
pub fn leading_integer(text: &str) -> Option<(usize, u64)> {
    let mut value = 0_u64;
    let mut end = 0;
    for (at, char) in text.char_indices() {
        let Some(digit) = decimal_digit(char) else { break };
        value = value.saturating_mul(10).saturating_add(u64::from(digit));
        end = at + char.len_utf8();
    }
    (end > 0).then_some((end, value))
}

#[cfg(test)]
mod tests {
    use super::{decimal_digit, leading_integer};

    #[test]
    fn digits_of_every_script_count_and_fractions_do_not() {
        let cases = [('7', Some(7)), ('\u{663}', Some(3)), ('\u{ff19}', Some(9)), ('\u{b2}', None), ('\u{bd}', None)];
        for (char, expected) in cases {
            assert_eq!(decimal_digit(char), expected, "{char}");
        }
        assert_eq!((decimal_digit('a'), decimal_digit('\u{3a}'), decimal_digit('\u{1fbfa}')), (None, None, None));
    }

    #[test]
    fn a_number_too_large_stays_the_largest() {
        assert_eq!(leading_integer("042%"), Some((3, 42)));
        assert_eq!(leading_integer("\u{661}\u{662}x"), Some((4, 12)));
        assert_eq!(leading_integer(&"9".repeat(40)), Some((40, u64::MAX)));
        assert_eq!(leading_integer("x1"), None);
    }
}
