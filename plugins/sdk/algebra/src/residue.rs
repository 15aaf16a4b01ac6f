//! Exact arithmetic modulo two primes.
//!
//! Two rational expressions with different values agree modulo both primes at a fixed point with a chance of about
//! 2^-122 (Schwartz 1980, Zippel 1979), however long their numbers are, and no step costs more than the one before it.
//! Fractions of big integers would be exact too, yet a short text can make them grow without bound.

use crate::expression::{Expr, Function};

/// The two largest primes below 2^61.
pub(crate) const PRIMES: [u64; 2] = [(1 << 61) - 1, (1 << 61) - 31];

/// Why there is no residue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoResidue {
    /// Roots, pi, functions: only an approximation can tell.
    NotRational,
    /// Division by zero.
    Undefined,
}

/// Largest number that factorials and binomials are multiplied out for.
const LARGEST_PRODUCT: i64 = 1000;

/// The sum, each part modulo its prime.
pub(crate) fn add(a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
    [0, 1].map(|at| (a[at] + b[at]) % PRIMES[at])
}

/// The product.
pub(crate) fn multiply(a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
    [0, 1].map(|at| multiply_one(a[at], b[at], PRIMES[at]))
}

/// The additive inverse.
pub(crate) fn negate(a: [u64; 2]) -> [u64; 2] {
    [0, 1].map(|at| (PRIMES[at] - a[at]) % PRIMES[at])
}

/// A whole number.
pub(crate) fn whole(number: i64) -> [u64; 2] {
    let size = [0, 1].map(|at| number.unsigned_abs() % PRIMES[at]);
    if number < 0 { negate(size) } else { size }
}

/// A power with a whole exponent; none for a negative power of zero.
pub(crate) fn power(base: [u64; 2], exponent: i64) -> Option<[u64; 2]> {
    if exponent < 0 && base.contains(&0) {
        return None;
    }
    Some([0, 1].map(|at| {
        let raised = power_one(base[at], exponent.unsigned_abs(), PRIMES[at]);
        if exponent < 0 { power_one(raised, PRIMES[at] - 2, PRIMES[at]) } else { raised }
    }))
}

fn multiply_one(a: u64, b: u64, prime: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(prime)) as u64
}

fn power_one(base: u64, mut exponent: u64, prime: u64) -> u64 {
    let (mut square, mut product) = (base % prime, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = multiply_one(product, square, prime);
        }
        square = multiply_one(square, square, prime);
        exponent >>= 1;
    }
    product
}

/// The value of an expression with the symbols at the point of this number.
pub(crate) fn evaluate(expr: &Expr, point: u64) -> Result<[u64; 2], NoResidue> {
    let of = |expr: &Expr| evaluate(expr, point);
    match expr {
        Expr::Number(number) => Ok(number.residue),
        Expr::Symbol(name) => Ok([0, 1].map(|at| coordinate(name, point * 2 + at as u64) % PRIMES[at])),
        Expr::Sum(terms) => terms.iter().try_fold([0, 0], |sum, term| Ok(add(sum, of(term)?))),
        Expr::Product(factors) => factors.iter().try_fold([1, 1], |product, factor| Ok(multiply(product, of(factor)?))),
        Expr::Negative(inner) => Ok(negate(of(inner)?)),
        Expr::Degrees(inner) => of(inner),
        Expr::Quotient(parts) => {
            let (above, below) = (of(&parts.0)?, of(&parts.1)?);
            Ok(multiply(above, power(below, -1).ok_or(NoResidue::Undefined)?))
        }
        Expr::Power(parts) => {
            let exponent = parts.1.as_whole().ok_or(NoResidue::NotRational)?;
            power(of(&parts.0)?, exponent).ok_or(NoResidue::Undefined)
        }
        Expr::Call(Function::Factorial, arguments) => match arguments.first().and_then(Expr::as_whole) {
            Some(n @ 0..=LARGEST_PRODUCT) => Ok((2..=n).fold([1, 1], |product, k| multiply(product, whole(k)))),
            _ => Err(NoResidue::NotRational),
        },
        Expr::Call(Function::Binomial, arguments) => match arguments.as_slice() {
            [n, k] => binomial(of(n)?, k.as_whole().ok_or(NoResidue::NotRational)?),
            _ => Err(NoResidue::NotRational),
        },
        Expr::Call(..) | Expr::Pi | Expr::Euler | Expr::Imaginary | Expr::Infinity | Expr::PlusMinus(..) => {
            Err(NoResidue::NotRational)
        }
    }
}

/// n (n - 1) ... (n - k + 1) / k!, for any n.
fn binomial(n: [u64; 2], k: i64) -> Result<[u64; 2], NoResidue> {
    match k {
        ..0 => Ok([0, 0]),
        0..=LARGEST_PRODUCT => {
            let above = (0..k).fold([1, 1], |product, at| multiply(product, add(n, whole(-at))));
            let below = (2..=k).fold([1, 1], |product, at| multiply(product, whole(at)));
            Ok(multiply(above, power(below, -1).ok_or(NoResidue::Undefined)?))
        }
        _ => Err(NoResidue::NotRational),
    }
}

/// A fixed pseudo-random number for a name: FNV-1a, then the last step of SplitMix64.
pub(crate) fn coordinate(name: &str, salt: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{PRIMES, multiply, power, power_one, whole};

    #[test]
    fn the_moduli_are_prime() {
        // Miller and Rabin's test, with the bases that decide below 2^64.
        for prime in PRIMES {
            let (twos, odd) = ((prime - 1).trailing_zeros(), (prime - 1) >> (prime - 1).trailing_zeros());
            for base in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] {
                let passes = (0..twos).any(|two| power_one(base, odd << two, prime) == prime - 1);
                assert!(power_one(base, odd, prime) == 1 || passes, "{prime} {base}");
            }
        }
    }

    #[test]
    fn a_number_times_its_inverse_is_one() {
        assert_eq!(power(whole(-7), -1).map(|inverse| multiply(inverse, whole(-7))), Some([1, 1]));
        assert_eq!(power(whole(0), -1), None);
    }
}
