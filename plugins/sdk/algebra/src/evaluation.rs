//! The approximate value of an expression at a point.

use std::f64::consts::{E, PI};

use crate::approximate::Approximate;
use crate::expression::{Expr, Function};
use crate::residue::coordinate;

/// Where symbols take their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Real numbers; a step that leaves them makes the point undefined.
    Real,
    /// Complex numbers, all functions on their principal branch.
    Complex,
    /// No symbols: complex intermediate values are welcome, odd roots of negative numbers are real.
    Constants,
}

/// A domain and the number of a point in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) domain: Domain,
    pub(crate) number: u64,
}

impl Point {
    /// The value of a symbol here. Every third point has only positive values, so that roots have somewhere to live.
    fn symbol(self, name: &str) -> Approximate {
        let part = |salt: u64| {
            let bits = coordinate(name, self.number * 4 + salt + 1000) >> 11;
            bits as f64 / (1_u64 << 53) as f64
        };
        let size = 0.25 + 2.5 * part(0);
        let sign = if !self.number.is_multiple_of(3) && part(1) < 0.5 { -1.0 } else { 1.0 };
        match self.domain {
            Domain::Complex if !self.number.is_multiple_of(3) => {
                Approximate::new(sign * size, 2.0 * part(2) - 1.0, 0.0)
            }
            _ => Approximate::new(sign * size, 0.0, 0.0),
        }
    }

    /// The value; none where it is undefined, out of range or drowned in rounding.
    pub(crate) fn evaluate(self, expr: &Expr) -> Option<Approximate> {
        let of = |expr: &Expr| self.evaluate(expr);
        let value = match expr {
            Expr::Number(number) => Approximate::real(number.float),
            Expr::Symbol(name) => self.symbol(name),
            Expr::Pi => Approximate::real(PI),
            Expr::Euler => Approximate::real(E),
            Expr::Imaginary => Approximate { re: 0.0, im: 1.0, error: 0.0 },
            Expr::Infinity | Expr::PlusMinus(..) => return None,
            Expr::Sum(terms) => terms.iter().try_fold(Approximate::real(0.0), |sum, term| Some(sum.plus(of(term)?)))?,
            Expr::Product(factors) => {
                let one = Approximate { re: 1.0, im: 0.0, error: 0.0 };
                factors.iter().try_fold(one, |product, factor| Some(product.times(of(factor)?)))?
            }
            Expr::Negative(inner) => of(inner)?.negated(),
            Expr::Degrees(inner) => of(inner)?,
            Expr::Quotient(parts) => of(&parts.0)?.over(of(&parts.1)?)?,
            Expr::Power(parts) => self.power(&parts.0, &parts.1)?,
            Expr::Call(function, arguments) => self.call(*function, arguments)?,
        };
        self.within_domain(value)
    }

    fn within_domain(self, value: Approximate) -> Option<Approximate> {
        (self.domain != Domain::Real || value.is_real()).then_some(value).and_then(Approximate::checked)
    }

    fn power(self, base: &Expr, exponent: &Expr) -> Option<Approximate> {
        let root = self.evaluate(base)?;
        if let Some(whole) = exponent.as_whole() {
            return root.to_whole(whole);
        }
        // Halves are roots: more exact than logarithms are.
        if let Expr::Quotient(parts) = exponent
            && parts.1.as_whole() == Some(2)
        {
            return root.sqrt().to_whole(parts.0.as_whole()?);
        }
        root.to_the(self.evaluate(exponent)?)
    }

    fn call(self, function: Function, arguments: &[Expr]) -> Option<Approximate> {
        let one = Approximate::real(1.0);
        let first = arguments.first()?;
        let second = || self.evaluate(arguments.get(1)?);
        let value = match (function, first) {
            // An angle in degrees is one for these alone.
            (
                Function::Sin | Function::Cos | Function::Tan | Function::Cot | Function::Sec | Function::Csc,
                Expr::Degrees(angle),
            ) => self.evaluate(angle)?.times(Approximate::real(PI / 180.0)),
            _ => self.evaluate(first)?,
        };
        Some(match function {
            Function::Sqrt => value.sqrt(),
            Function::Root => self.root(first.as_whole()?, second()?)?,
            Function::Abs => Approximate { re: value.size(), im: 0.0, error: value.error },
            Function::Exp => value.exp(),
            Function::Ln => value.ln()?,
            Function::Log => second()?.ln()?.over(value.ln()?)?,
            Function::Factorial => match first.as_whole() {
                Some(n @ 0..=170) => Approximate::real((2..=n).map(|k| k as f64).product()).scaled_error(20.0),
                Some(_) => return None,
                None => value.factorial()?,
            },
            Function::DoubleFactorial => match first.as_whole()? {
                n @ 0..=300 => {
                    let factors = (1..=n).rev().step_by(2).map(|k| k as f64);
                    Approximate::real(factors.product()).scaled_error(20.0)
                }
                _ => return None,
            },
            Function::Binomial => match arguments.get(1)?.as_whole() {
                Some(k @ 0..=100) => (0..k).try_fold(one, |product, at| {
                    let above = value.plus(Approximate::real(-at as f64));
                    product.times(above).over(Approximate::real((at + 1) as f64))
                })?,
                _ => {
                    let k = second()?;
                    let rest = value.plus(k.negated()).factorial()?;
                    value.factorial()?.over(k.factorial()?.times(rest))?
                }
            },
            Function::Floor => self.rounded(value, f64::floor)?,
            Function::Ceil => self.rounded(value, f64::ceil)?,
            Function::Sin => value.sin_cos().0,
            Function::Cos => value.sin_cos().1,
            Function::Tan => value.sin_cos().0.over(value.sin_cos().1)?,
            Function::Cot => value.sin_cos().1.over(value.sin_cos().0)?,
            Function::Sec => one.over(value.sin_cos().1)?,
            Function::Csc => one.over(value.sin_cos().0)?,
            Function::Arcsin => real_only(value, f64::asin, |x| (1.0 - x * x).sqrt())?,
            Function::Arccos => real_only(value, f64::acos, |x| (1.0 - x * x).sqrt())?,
            Function::Arctan => real_only(value, f64::atan, |x| 1.0 + x * x)?,
            Function::Sinh => halved(value.exp().plus(value.negated().exp().negated())),
            Function::Cosh => halved(value.exp().plus(value.negated().exp())),
            Function::Tanh => {
                let (up, down) = (value.exp(), value.negated().exp());
                up.plus(down.negated()).over(up.plus(down))?
            }
        })
    }

    fn root(self, index: i64, value: Approximate) -> Option<Approximate> {
        let exponent = one_over(index)?;
        if index == 2 {
            return Some(value.sqrt());
        }
        if index % 2 != 0 && value.is_real() && value.re < 0.0 && self.domain != Domain::Complex {
            return Some(value.negated().to_the(exponent)?.negated());
        }
        value.to_the(exponent)
    }

    /// Rounded, unless the error leaves open which way.
    fn rounded(self, value: Approximate, round: fn(f64) -> f64) -> Option<Approximate> {
        let near = value.re.round();
        let exact = if (value.re - near).abs() <= 16.0 * value.error { near } else { round(value.re) };
        (value.is_real() && value.re.abs() < 1e15).then(|| Approximate::real(exact))
    }
}

impl Approximate {
    fn scaled_error(self, times: f64) -> Self {
        Self { error: self.error * times, ..self }
    }
}

fn one_over(index: i64) -> Option<Approximate> {
    (index != 0).then(|| Approximate::real(1.0 / index as f64))
}

fn halved(value: Approximate) -> Approximate {
    value.times(Approximate::real(0.5))
}

/// An inverse function of a real argument; `steepness` is one over its derivative.
fn real_only(value: Approximate, inverse: fn(f64) -> f64, steepness: fn(f64) -> f64) -> Option<Approximate> {
    let near = value.re.clamp(-1.0, 1.0);
    let at = if (value.re - near).abs() <= 16.0 * value.error { near } else { value.re };
    let result = inverse(at);
    let slope = steepness(at).max(1e-3);
    (value.is_real() && result.is_finite())
        .then(|| Approximate::new(result, 0.0, value.error / slope + 4.0 * f64::EPSILON))
}
