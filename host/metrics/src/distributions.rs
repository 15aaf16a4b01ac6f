//! Normal, Student's t and binomial probabilities, as far as the tests of this crate need them.
//!
//! Each is computed from a series or a continued fraction to about 1e-13, relative in the tails; quantiles are found by
//! halving an interval on the probability of the tail, where no digits are lost.

use std::f64::consts::PI;

/// Probability that a standard normal value is at most `x`.
///
/// The series of Marsaglia (*Evaluating the Normal Distribution*, Journal of Statistical Software 11(4), 2004) near 0 and
/// Laplace's continued fraction in the tails.
pub fn normal_cdf(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    if x.abs() < 2.5 {
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while sum + term != sum {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    // From the inside out; 120 terms are enough from 2.5 on.
    let fraction = (1..=120u32).rev().fold(x.abs(), |inner, term| x.abs() + f64::from(term) / inner);
    let tail = density / fraction;
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// The value that a standard normal value does not exceed with probability `p`; infinite at 0 and 1, NaN beyond.
pub fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    match p {
        0.0 => f64::NEG_INFINITY,
        _ if p > 0.0 => -halve(0.0, 40.0, |x| normal_cdf(-x) > p),
        _ => f64::NAN,
    }
}

/// Probability that Student's t with `degrees` of freedom is at least `t` away from 0, on either side.
pub fn student_two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    incomplete_beta(degrees / (degrees + t * t), 0.5 * degrees, 0.5)
}

/// The value that Student's t with `degrees` of freedom does not exceed with probability `p`.
pub fn student_quantile(p: f64, degrees: f64) -> f64 {
    if p < 0.5 {
        return -student_quantile(1.0 - p, degrees);
    }
    let beyond = |t: f64| 0.5 * student_two_sided(t, degrees) > 1.0 - p;
    let mut high = 2.0;
    while beyond(high) && high < 1e300 {
        high *= 2.0;
    }
    halve(0.0, high, beyond)
}

/// Probability of at most `k` heads in `n` tosses of a coin that shows them with probability `p`.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { incomplete_beta(1.0 - p, (n - k) as f64, (k + 1) as f64) }
}

/// Probabilities of 0, 1, ... `at_most` heads in `n` tosses of a coin that shows them with probability `p`.
pub fn binomial_pmf(at_most: u32, n: u32, p: f64) -> Vec<f64> {
    let of = |k: u32| match (k, p) {
        _ if k > n => 0.0,
        (_, 0.0) => f64::from(u8::from(k == 0)),
        (_, 1.0) => f64::from(u8::from(k == n)),
        _ => {
            let (k, n) = (f64::from(k), f64::from(n));
            let ways = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
            (ways + k * p.ln() + (n - k) * (-p).ln_1p()).exp()
        }
    };
    (0..=at_most).map(of).collect()
}

/// Where a condition that holds at `low` and not at `high` stops to hold.
fn halve(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if holds(middle) { low = middle } else { high = middle }
    }
}

/// Regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8) in Lentz's form.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return f64::from(u8::from(x >= 1.0));
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    // The fraction needs about as many terms as the root of the larger parameter.
    for term in 1..20_000u32 {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for step in [even, odd] {
            d = 1.0 / away(1.0 + step * d);
            c = away(1.0 + step / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Logarithm of the gamma function of a positive number, by Lanczos' approximation with g = 7 and nine terms.
fn ln_gamma(x: f64) -> f64 {
    const FIRST: f64 = 0.999_999_999_999_809_9;
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return (PI / (PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = (1u32..).zip(TERMS).fold(FIRST, |sum, (index, term)| sum + term / (x + f64::from(index)));
    let t = x + 7.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(value: f64, expected: f64) -> f64 {
        (value / expected - 1.0).abs()
    }

    #[test]
    fn normal_probabilities_equal_those_of_the_tables() {
        for (x, expected) in [
            (-8.0, 6.220_960_574_271_784e-16),
            (-3.0, 1.349_898_031_630_094_6e-3),
            (-1.0, 0.158_655_253_931_457_05),
            (0.5, 0.691_462_461_274_013_1),
            (1.959_963_984_540_054, 0.975),
            (4.0, 0.999_968_328_758_166_9),
        ] {
            assert!(relative(normal_cdf(x), expected) < 1e-12, "{x}: {}", normal_cdf(x));
        }
        assert_eq!(normal_cdf(0.0), 0.5);
        // The two ways of computing it meet where they change.
        assert!(relative(normal_cdf(-2.500_000_000_1), normal_cdf(-2.499_999_999_9)) < 1e-8);
    }

    #[test]
    fn normal_quantiles_equal_those_of_the_tables() {
        for (p, expected) in [
            (0.975, 1.959_963_984_540_054),
            (0.95, 1.644_853_626_951_472_2),
            (0.8, 0.841_621_233_572_914_2),
            (0.005, -2.575_829_303_548_901),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!(relative(normal_quantile(p), expected) < 1e-12, "{p}: {}", normal_quantile(p));
        }
        assert!(normal_quantile(0.5).abs() < 1e-15);
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(normal_quantile(1.5).is_nan() && normal_quantile(f64::NAN).is_nan());
    }

    #[test]
    fn students_quantiles_equal_those_of_the_tables() {
        for (p, degrees, expected) in [
            (0.975, 1.0, 12.706_204_736_174_7),
            (0.975, 2.0, 4.302_652_729_749_46),
            (0.975, 4.0, 2.776_445_105_197_79),
            (0.975, 9.0, 2.262_157_162_798_2),
            (0.95, 10.0, 1.812_461_122_811_68),
            (0.975, 30.0, 2.042_272_456_301_24),
            (0.995, 120.0, 2.617_421_145_108_48),
            (0.025, 4.0, -2.776_445_105_197_79),
        ] {
            let value = student_quantile(p, degrees);
            assert!(relative(value, expected) < 1e-11, "{p}, {degrees}: {value}");
            assert!(relative(student_two_sided(value, degrees), 2.0 * p.min(1.0 - p)) < 1e-11);
        }
        // One degree of freedom is Cauchy's distribution: a quarter lies beyond 1.
        assert!((student_two_sided(1.0, 1.0) - 0.5).abs() < 1e-13);
        assert_eq!((student_two_sided(0.0, 3.0), student_two_sided(f64::INFINITY, 3.0)), (1.0, 0.0));
    }

    #[test]
    fn binomial_probabilities_equal_counts() {
        // Of 1024 sequences of ten tosses 56 have at most two heads, 176 at most three.
        assert!(relative(binomial_cdf(2, 10, 0.5), 56.0 / 1024.0) < 1e-12);
        assert!(relative(binomial_cdf(3, 10, 0.5), 176.0 / 1024.0) < 1e-12);
        assert!(relative(binomial_cdf(0, 5, 0.25), 0.75_f64.powi(5)) < 1e-12);
        assert_eq!((binomial_cdf(5, 5, 0.5), binomial_cdf(0, 0, 0.5)), (1.0, 1.0));
        for (value, expected) in binomial_pmf(4, 3, 0.5).iter().zip([0.125, 0.375, 0.375, 0.125, 0.0]) {
            assert!((value - expected).abs() < 1e-12);
        }
        assert_eq!((binomial_pmf(1, 2, 0.0), binomial_pmf(2, 2, 1.0)), (vec![1.0, 0.0], vec![0.0, 0.0, 1.0]));
        // Many tosses: nothing under- or overflows.
        let half = binomial_cdf(5_000, 10_001, 0.5);
        assert!((half - 0.5).abs() < 1e-9, "{half}");
    }
}
