//! Whether two expressions are equal.

use crate::evaluation::{Domain, Point};
use crate::expression::{Expr, Function};
use crate::number::Number;
use crate::residue::{self, NoResidue};

/// How many points are tried, and how many must agree, where there are symbols.
const POINTS: u64 = 16;
const NEEDED: usize = 4;

/// A decimal with so many digits that it stands for a number that it is not: only a rational number can be meant by it.
const DIGITS_OF_A_ROUNDED_NUMBER: usize = 10;

/// Whether two expressions have the same value wherever both are defined.
///
/// Rational ones are decided by their residues at fixed pseudo-random points, all others by their approximate values
/// there. Where too few points are defined for both, the answer is no.
pub(crate) fn same(a: &Expr, b: &Expr, domain: Domain) -> bool {
    let has_symbols = |expr: &Expr| expr.any(&|part| matches!(part, Expr::Symbol(_)));
    let constant = !has_symbols(a) && !has_symbols(b);
    match exactly(a, b, constant) {
        Some(verdict) => verdict && (!constant || roughly(a, b)),
        None if is_rounded(a) || is_rounded(b) || !powers_agree(a, b, constant) => false,
        None => approximately(a, b, constant, domain),
    }
}

/// A root can be equal to something only if its radicand is equal to the power of that, which may be decided exactly.
fn powers_agree(a: &Expr, b: &Expr, constant: bool) -> bool {
    let raised = |expr: &Expr, index: i64| expr.clone().raised_to(Expr::Number(Number::small(index as u32)));
    let verdict = match (radicand(a), radicand(b)) {
        (Some((index, a)), Some((other, b))) if index == other => exactly(a, b, constant),
        (Some((index, a)), None) => exactly(a, &raised(b, index), constant),
        (None, Some((index, b))) => exactly(&raised(a, index), b, constant),
        _ => None,
    };
    verdict != Some(false)
}

/// The index of a root and what it is taken of.
fn radicand(expr: &Expr) -> Option<(i64, &Expr)> {
    match expr {
        Expr::Call(Function::Sqrt, arguments) => Some((2, arguments.first()?)),
        Expr::Call(Function::Root, arguments) => match arguments.as_slice() {
            [index, inner] => index.as_whole().filter(|index| (2..=100).contains(index)).map(|index| (index, inner)),
            _ => None,
        },
        _ => None,
    }
}

/// By residues; none where one of them has none.
fn exactly(a: &Expr, b: &Expr, constant: bool) -> Option<bool> {
    let mut agreed = 0;
    for point in 0..if constant { 1 } else { 4 } {
        match (residue::evaluate(a, point), residue::evaluate(b, point)) {
            (Err(NoResidue::NotRational), _) | (_, Err(NoResidue::NotRational)) => return None,
            (Ok(a), Ok(b)) if a != b => return Some(false),
            (Ok(_), Ok(_)) => agreed += 1,
            _ => {}
        }
    }
    Some(agreed > 0)
}

/// A second look at constants, which somebody might have built to have the same residues.
fn roughly(a: &Expr, b: &Expr) -> bool {
    let at = Point { domain: Domain::Constants, number: 0 };
    match (at.evaluate(a), at.evaluate(b)) {
        (Some(a), Some(b)) => {
            (a.re - b.re).hypot(a.im - b.im) <= 1e-6 * a.size().max(b.size()) + 16.0 * (a.error + b.error)
        }
        _ => true, // Out of a double's range.
    }
}

fn approximately(a: &Expr, b: &Expr, constant: bool, domain: Domain) -> bool {
    let imaginary = |expr: &Expr| expr.any(&|part| matches!(part, Expr::Imaginary));
    let domain = match domain {
        Domain::Real if constant => Domain::Constants,
        Domain::Real if imaginary(a) || imaginary(b) => Domain::Complex,
        other => other,
    };
    let (points, needed) = if constant { (1, 1) } else { (POINTS, NEEDED) };
    let mut agreed = 0;
    for number in 0..points {
        let at = Point { domain, number };
        let (Some(a), Some(b)) = (at.evaluate(a), at.evaluate(b)) else { continue };
        if !a.equals(b) {
            return false;
        }
        agreed += 1;
    }
    // What is defined nowhere, or out of range, is equal to what reads alike.
    agreed >= needed || (agreed == 0 && a == b)
}

fn is_rounded(expr: &Expr) -> bool {
    match expr {
        Expr::Number(number) => !number.is_integer && number.digits >= DIGITS_OF_A_ROUNDED_NUMBER,
        Expr::Negative(inner) => is_rounded(inner),
        _ => false,
    }
}
