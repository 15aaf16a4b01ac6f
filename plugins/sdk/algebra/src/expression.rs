//! Expressions: what both readers make of a text.

use crate::number::Number;

/// A function that has a value here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// Two arguments: index and radicand. An odd root of a negative number is the real one.
    Root,
    /// The square root.
    Sqrt,
    /// Absolute value.
    Abs,
    /// e to the power of the argument.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Two arguments: base and number.
    Log,
    /// n!
    Factorial,
    /// n!!
    DoubleFactorial,
    /// Two arguments.
    Binomial,
    /// Largest integer not above.
    Floor,
    /// Smallest integer not below.
    Ceil,
    /// Trigonometric functions, hyperbolic ones and their inverses.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Cotangent.
    Cot,
    /// Secant.
    Sec,
    /// Cosecant.
    Csc,
    /// Inverse sine.
    Arcsin,
    /// Inverse cosine.
    Arccos,
    /// Inverse tangent.
    Arctan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
}

/// An expression. Sums and products are flat, and readers bound how deep the rest is, so recursion is safe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// A number as it was written.
    Number(Number),
    /// Anything with a name.
    Symbol(Box<str>),
    /// The circle's number.
    Pi,
    /// The base of natural logarithms.
    Euler,
    /// The square root of -1.
    Imaginary,
    /// Only as an end of an interval, or alone.
    Infinity,
    /// Terms.
    Sum(Vec<Expr>),
    /// Factors.
    Product(Vec<Expr>),
    /// Above and below the line.
    Quotient(Box<(Expr, Expr)>),
    /// Base and exponent.
    Power(Box<(Expr, Expr)>),
    /// Minus the inner one.
    Negative(Box<Expr>),
    /// Two values at once; flipped for the one with minus on top.
    PlusMinus(Box<Expr>, bool),
    /// An angle in degrees.
    Degrees(Box<Expr>),
    /// A function and its arguments.
    Call(Function, Vec<Expr>),
}

impl Expr {
    /// The sum of two.
    pub(crate) fn plus(self, other: Expr) -> Expr {
        Expr::Sum(vec![self, other])
    }

    /// The first over the second.
    pub(crate) fn over(self, other: Expr) -> Expr {
        Expr::Quotient(Box::new((self, other)))
    }

    /// The first to the power of the second.
    pub(crate) fn raised_to(self, other: Expr) -> Expr {
        Expr::Power(Box::new((self, other)))
    }

    /// Minus this.
    pub(crate) fn negated(self) -> Expr {
        Expr::Negative(Box::new(self))
    }

    /// The value, where whole numbers of moderate size give a whole number.
    pub(crate) fn as_whole(&self) -> Option<i64> {
        match self {
            Expr::Number(number) => number.whole,
            Expr::Negative(inner) => inner.as_whole()?.checked_neg(),
            Expr::Sum(terms) => terms.iter().try_fold(0_i64, |sum, term| sum.checked_add(term.as_whole()?)),
            Expr::Product(factors) => {
                factors.iter().try_fold(1_i64, |product, factor| product.checked_mul(factor.as_whole()?))
            }
            Expr::Quotient(parts) => {
                let (above, below) = (parts.0.as_whole()?, parts.1.as_whole()?);
                (above.checked_rem(below)? == 0).then(|| above / below)
            }
            Expr::Power(parts) => {
                let exponent = u32::try_from(parts.1.as_whole()?).ok()?;
                parts.0.as_whole()?.checked_pow(exponent)
            }
            _ => None,
        }
    }

    /// The expressions that this one is made of.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Expr> {
        let (many, pair, one): (&[Expr], Option<&(Expr, Expr)>, Option<&Expr>) = match self {
            Expr::Sum(many) | Expr::Product(many) | Expr::Call(_, many) => (many, None, None),
            Expr::Quotient(pair) | Expr::Power(pair) => (&[], Some(pair), None),
            Expr::Negative(one) | Expr::PlusMinus(one, _) | Expr::Degrees(one) => (&[], None, Some(one)),
            _ => (&[], None, None),
        };
        many.iter().chain(pair.into_iter().flat_map(|pair| [&pair.0, &pair.1])).chain(one)
    }

    /// Whether this or anything in it is so.
    pub(crate) fn any(&self, is: &dyn Fn(&Expr) -> bool) -> bool {
        is(self) || self.parts().any(|part| part.any(is))
    }

    /// With every plus-minus read as its upper sign, or as its lower one.
    pub(crate) fn with_sign(&self, upper: bool) -> Expr {
        let of = |expr: &Expr| expr.with_sign(upper);
        let pair = |pair: &(Expr, Expr)| Box::new((of(&pair.0), of(&pair.1)));
        match self {
            Expr::Sum(terms) => Expr::Sum(terms.iter().map(of).collect()),
            Expr::Product(factors) => Expr::Product(factors.iter().map(of).collect()),
            Expr::Call(function, arguments) => Expr::Call(*function, arguments.iter().map(of).collect()),
            Expr::Quotient(parts) => Expr::Quotient(pair(parts)),
            Expr::Power(parts) => Expr::Power(pair(parts)),
            Expr::Negative(inner) => of(inner).negated(),
            Expr::Degrees(inner) => Expr::Degrees(Box::new(of(inner))),
            Expr::PlusMinus(inner, flipped) if upper == *flipped => of(inner).negated(),
            Expr::PlusMinus(inner, _) => of(inner),
            leaf => leaf.clone(),
        }
    }
}
