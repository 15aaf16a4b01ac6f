//! Sums and products of whole numbers with brackets: exact, bounded, and never run as code.

/// A fraction in lowest terms with a denominator above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction(i128, i128);

/// Deepest nesting that is read.
const DEPTH: u32 = 64;

/// Whether both texts have a value, and the same.
pub(super) fn is(expression: &str, result: &str) -> bool {
    matches!((value(expression), value(result)), (Some(a), Some(b)) if a == b)
}

fn value(text: &str) -> Option<Fraction> {
    let marks: Vec<char> = text.chars().filter(|char| !char.is_whitespace()).collect();
    let mut reader = Reader { marks: &marks, at: 0 };
    let value = reader.sum(DEPTH)?;
    (reader.at == marks.len()).then_some(value)
}

struct Reader<'a> {
    marks: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn next_if(&mut self, wanted: &[char]) -> Option<char> {
        let mark = *self.marks.get(self.at)?;
        wanted.contains(&mark).then(|| {
            self.at += 1;
            mark
        })
    }

    fn sum(&mut self, depth: u32) -> Option<Fraction> {
        let mut left = self.product(depth)?;
        while let Some(sign) = self.next_if(&['+', '-', '−']) {
            let right = self.product(depth)?;
            left = if sign == '+' { left.plus(right)? } else { left.plus(Fraction(right.0.checked_neg()?, right.1))? };
        }
        Some(left)
    }

    fn product(&mut self, depth: u32) -> Option<Fraction> {
        let mut left = self.factor(depth)?;
        while let Some(sign) = self.next_if(&['*', '×', '/', '÷']) {
            let right = self.factor(depth)?;
            left = if matches!(sign, '*' | '×') { left.times(right)? } else { left.times(right.inverse()?)? };
        }
        Some(left)
    }

    fn factor(&mut self, depth: u32) -> Option<Fraction> {
        let depth = depth.checked_sub(1)?;
        if self.next_if(&['-', '−']).is_some() {
            let inner = self.factor(depth)?;
            return Some(Fraction(inner.0.checked_neg()?, inner.1));
        }
        if self.next_if(&['(']).is_some() {
            let inner = self.sum(depth)?;
            return self.next_if(&[')']).map(|_| inner);
        }
        let digits = self.marks.get(self.at..)?.iter().take_while(|mark| mark.is_ascii_digit()).count();
        let number: String = self.marks.get(self.at..self.at + digits)?.iter().collect();
        self.at += digits;
        number.parse().ok().map(|number| Fraction(number, 1))
    }
}

impl Fraction {
    fn new(over: i128, under: i128) -> Option<Self> {
        let divisor =
            i128::try_from(gcd(over.unsigned_abs(), under.unsigned_abs())).ok()?.checked_mul(under.signum())?;
        (divisor != 0).then(|| Self(over / divisor, under / divisor))
    }

    fn plus(self, other: Self) -> Option<Self> {
        let over = self.0.checked_mul(other.1)?.checked_add(other.0.checked_mul(self.1)?)?;
        Self::new(over, self.1.checked_mul(other.1)?)
    }

    fn times(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_mul(other.0)?, self.1.checked_mul(other.1)?)
    }

    fn inverse(self) -> Option<Self> {
        Self::new(self.1, self.0)
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn values_are_exact_and_what_has_none_equals_nothing() {
        let cases = [
            ("2+3*4", "14", true),
            ("(2+3)*4", "20", true),
            ("8/3*3", "8", true),
            ("-(1-2)", "1", true),
            ("6÷2×3", "9", true),
            ("1/0", "1/0", false),
            ("2**3", "8", false),
            ("(1", "1", false),
            ("", "", false),
            ("99999999999999999999*99999999999999999999*99999999999999999999", "1", false),
        ];
        for (expression, result, expected) in cases {
            assert_eq!(is(expression, result), expected, "{expression}");
        }
        assert!(!is(&"(".repeat(100_000), "1"));
    }
}
