//! The value of an expression of numbers: what a model wrote is read, never run.

/// Brackets and signs may be nested so deep.
const DEEPEST: u32 = 64;

/// Longer expressions have no value.
const LONGEST: usize = 2_000;

/// What numbers can do. None where there is no result.
pub(crate) trait Number: Copy {
    /// Digits, with a point and a fraction if there is one.
    fn read(text: &str) -> Option<Self>;
    /// Minus this number.
    fn negative(self) -> Option<Self>;
    /// `+`, `-`, `*`, `/`, `%`, and `f` for floor division, `p` for powers.
    fn apply(self, operator: u8, other: Self) -> Option<Self>;
}

/// The value of an expression with the operators, the priorities and the brackets of Python.
pub(crate) fn value<N: Number>(text: &str) -> Option<N> {
    if text.len() > LONGEST {
        return None;
    }
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0, depth: 0 };
    let value = reader.sum()?;
    reader.skip();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n')).count();
    }

    fn next(&mut self) -> Option<u8> {
        self.skip();
        self.bytes.get(self.at).copied()
    }

    fn sum<N: Number>(&mut self) -> Option<N> {
        let mut value: N = self.product()?;
        while let Some(operator @ (b'+' | b'-')) = self.next() {
            self.at += 1;
            value = value.apply(operator, self.product()?)?;
        }
        Some(value)
    }

    fn product<N: Number>(&mut self) -> Option<N> {
        let mut value: N = self.signed()?;
        while let Some(mut operator @ (b'*' | b'/' | b'%')) = self.next() {
            self.at += 1;
            if operator == b'/' && self.bytes.get(self.at) == Some(&b'/') {
                self.at += 1;
                operator = b'f';
            }
            value = value.apply(operator, self.signed()?)?;
        }
        Some(value)
    }

    fn signed<N: Number>(&mut self) -> Option<N> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = match self.next()? {
            b'-' => {
                self.at += 1;
                self.signed::<N>()?.negative()
            }
            b'+' => {
                self.at += 1;
                self.signed()
            }
            _ => self.power(),
        };
        self.depth -= 1;
        value
    }

    fn power<N: Number>(&mut self) -> Option<N> {
        let base: N = self.atom()?;
        self.skip();
        if !self.bytes[self.at..].starts_with(b"**") {
            return Some(base);
        }
        self.at += 2;
        base.apply(b'p', self.signed()?)
    }

    fn atom<N: Number>(&mut self) -> Option<N> {
        if self.next()? == b'(' {
            self.at += 1;
            let value = self.sum()?;
            let closed = self.next() == Some(b')');
            self.at += 1;
            return closed.then_some(value);
        }
        let start = self.at;
        self.at += self.bytes[start..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        N::read(&self.text[start..self.at])
    }
}

/// Numbers as Python has them: integers stay integers but for `/`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Python {
    Int(i128),
    Float(f64),
}

impl Python {
    /// Whether it equals an integer.
    pub(crate) fn is(self, integer: i128) -> bool {
        match self {
            Self::Int(value) => value == integer,
            Self::Float(value) => value == integer as f64,
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl Number for Python {
    fn read(text: &str) -> Option<Self> {
        if text.contains('.') {
            return text.parse().ok().map(Self::Float);
        }
        // A zero in front is a mistake in Python.
        let is_octal = text.starts_with('0') && text.bytes().any(|byte| byte != b'0');
        text.parse().ok().filter(|_| !is_octal).map(Self::Int)
    }

    fn negative(self) -> Option<Self> {
        match self {
            Self::Int(value) => value.checked_neg().map(Self::Int),
            Self::Float(value) => Some(Self::Float(-value)),
        }
    }

    fn apply(self, operator: u8, other: Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other) {
            let whole = match operator {
                b'+' => a.checked_add(b)?,
                b'-' => a.checked_sub(b)?,
                b'*' => a.checked_mul(b)?,
                b'f' | b'%' => {
                    let (quotient, rest) = (a.checked_div(b)?, a.checked_rem(b)?);
                    let is_below = rest != 0 && (rest < 0) != (b < 0);
                    if operator == b'f' { quotient - i128::from(is_below) } else { rest + if is_below { b } else { 0 } }
                }
                b'p' if b >= 0 => a.checked_pow(u32::try_from(b).ok()?)?,
                _ => return floats(a as f64, operator, b as f64),
            };
            return Some(Self::Int(whole));
        }
        floats(self.float(), operator, other.float())
    }
}

fn floats(a: f64, operator: u8, b: f64) -> Option<Python> {
    if matches!(operator, b'/' | b'f' | b'%') && b == 0.0 {
        return None;
    }
    let value = match operator {
        b'+' => a + b,
        b'-' => a - b,
        b'*' => a * b,
        b'/' => a / b,
        b'f' => (a / b).floor(),
        b'%' => a - b * (a / b).floor(),
        _ => a.powf(b),
    };
    value.is_finite().then_some(Python::Float(value))
}

/// A fraction in lowest terms with a positive denominator: what division gives, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fraction {
    above: i128,
    below: i128,
}

impl Fraction {
    fn new(above: i128, below: i128) -> Option<Self> {
        let divisor = greatest_divisor(above.checked_abs()?, below.checked_abs()?);
        if below == 0 || divisor == 0 {
            return None;
        }
        let sign = below.signum();
        Some(Self { above: sign * (above / divisor), below: sign * (below / divisor) })
    }

    /// Whether it equals an integer.
    pub(crate) fn is(self, integer: i128) -> bool {
        self.below == 1 && self.above == integer
    }
}

impl Number for Fraction {
    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let below = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        Self::new(digits.parse().ok()?, below)
    }

    fn negative(self) -> Option<Self> {
        Self::new(self.above.checked_neg()?, self.below)
    }

    fn apply(self, operator: u8, other: Self) -> Option<Self> {
        match operator {
            b'+' => {
                let above = self.above.checked_mul(other.below)?.checked_add(other.above.checked_mul(self.below)?)?;
                Self::new(above, self.below.checked_mul(other.below)?)
            }
            b'-' => self.apply(b'+', other.negative()?),
            b'*' => Self::new(self.above.checked_mul(other.above)?, self.below.checked_mul(other.below)?),
            b'/' => Self::new(self.above.checked_mul(other.below)?, self.below.checked_mul(other.above)?),
            b'p' if other.below == 1 && other.above >= 0 => {
                let power = u32::try_from(other.above).ok()?;
                Self::new(self.above.checked_pow(power)?, self.below.checked_pow(power)?)
            }
            _ => None,
        }
    }
}

fn greatest_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::{Fraction, Python, value};

    #[test]
    fn expressions_have_the_value_that_python_gives() {
        let cases = [
            ("(4+8)*(7-5)", Some(Python::Int(24))),
            ("2+3*4", Some(Python::Int(14))),
            ("-2**2", Some(Python::Int(-4))),
            ("2**-1", Some(Python::Float(0.5))),
            ("2**3**2", Some(Python::Int(512))),
            ("7//2 - 7%4", Some(Python::Int(0))),
            ("-7//2", Some(Python::Int(-4))),
            ("-7%4", Some(Python::Int(1))),
            ("6/3", Some(Python::Float(2.0))),
            (" 1.5 * 2 ", Some(Python::Float(3.0))),
            ("1/0", None),
            ("04+1", None),
            ("2(3)", None),
            ("(2", None),
            ("2)", None),
            ("2+", None),
            ("__import__('os')", None),
            ("9**9**9", None),
            ("\u{e9}", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(value::<Python>(text), expected, "{text:?}");
        }
    }

    #[test]
    fn thirds_add_up_where_they_are_fractions() {
        let text = "8/(3-8/3)";
        assert_eq!(value::<Python>(text).map(|value| value.is(24)), Some(false));
        assert_eq!(value::<Fraction>(text).map(|value| value.is(24)), Some(true));
        assert_eq!(value::<Fraction>("0.5 * -4 + 1").map(|value| value.is(-1)), Some(true));
        assert_eq!(value::<Fraction>("1/(2-2)"), None);
        assert_eq!(value::<Fraction>("."), None);
    }

    #[test]
    fn deep_and_long_expressions_have_no_value() {
        for text in
            ["(".repeat(100_000), "-".repeat(1_000), "9*".repeat(900), format!("{}1{}", "(".repeat(80), ")".repeat(80))]
        {
            assert_eq!(value::<Python>(&text), None);
            assert_eq!(value::<Fraction>(&text), None);
        }
    }
}
