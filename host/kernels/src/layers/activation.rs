//! Functions of single numbers. Each is a fixed sequence of fused multiply-adds, multiplications and one division, so it has
//! the same bits at every level; the compiler makes vectors of the loops.

use crate::simd::Loop;

/// What is done to every number between two products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x times the normal distribution function of x (Hendrycks and Gimpel 2016). The distribution function is off by at
    /// most 3e-7.
    Gelu,
    /// The same, the distribution function approximated by a hyperbolic tangent.
    GeluTanh,
    /// The greater of x and 0.
    Relu,
    /// x / (1 + exp(-x)) (Elfwing et al. 2018).
    Silu,
}

impl Activation {
    /// gate becomes activation(gate) x up, where each of `rows` is `2 x width` numbers: gate, then up. The results are
    /// written to `to`, rows x width.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn gate(self, rows: &[f32], width: usize, to: &mut [f32]) {
        assert!(width > 0 && rows.len() == 2 * to.len() && to.len().is_multiple_of(width), "rows of gate and up");
        crate::simd::run(crate::level::Level::current(), Gate { activation: self, rows, width, to });
    }
}

/// Adds the bias to every row and applies the activation.
pub(super) struct Apply<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) width: usize,
    pub(super) activation: Option<Activation>,
}

impl Loop for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.activation {
            None => self.each(|x| x),
            Some(Activation::Gelu) => self.each(gelu),
            Some(Activation::GeluTanh) => self.each(gelu_tanh),
            Some(Activation::Relu) => self.each(relu),
            Some(Activation::Silu) => self.each(silu),
        }
    }
}

impl Apply<'_> {
    #[inline(always)]
    fn each(self, function: impl Fn(f32) -> f32) {
        for row in self.rows.chunks_exact_mut(self.width) {
            match self.bias {
                Some(bias) => row.iter_mut().zip(bias).for_each(|(value, bias)| *value = function(*value + bias)),
                None => row.iter_mut().for_each(|value| *value = function(*value)),
            }
        }
    }
}

struct Gate<'a> {
    activation: Activation,
    rows: &'a [f32],
    width: usize,
    to: &'a mut [f32],
}

impl Loop for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.activation {
            Activation::Gelu => self.each(gelu),
            Activation::GeluTanh => self.each(gelu_tanh),
            Activation::Relu => self.each(relu),
            Activation::Silu => self.each(silu),
        }
    }
}

impl Gate<'_> {
    #[inline(always)]
    fn each(self, function: impl Fn(f32) -> f32) {
        for (row, to) in self.rows.chunks_exact(2 * self.width).zip(self.to.chunks_exact_mut(self.width)) {
            let (gate, up) = row.split_at(self.width);
            for ((to, gate), up) in to.iter_mut().zip(gate).zip(up) {
                *to = function(*gate) * up;
            }
        }
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

#[inline(always)]
fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// By Abramowitz and Stegun (1964), 7.1.26: one minus the error function of z is a polynomial in 1 / (1 + 0.3275911 z) times
/// exp(-z x z), off by at most 1.5e-7.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    const COEFFICIENTS: [f32; 5] = [0.254_829_6, -0.284_496_72, 1.421_413_8, -1.453_152, 1.061_405_4];
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / z.mul_add(0.327_591_1, 1.0);
    let [a, b, c, d, e] = COEFFICIENTS;
    let series = t * e.mul_add(t, d).mul_add(t, c).mul_add(t, b).mul_add(t, a);
    let tail = series * exp(-z * z) * 0.5;
    let share = if x > 0.0 { 1.0 - tail } else { tail };
    x * share
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    let inner = SQRT_2_OVER_PI * (0.044_715 * x * x).mul_add(x, x);
    // (1 + tanh(y)) / 2 = 1 / (1 + exp(-2 y)).
    x / (1.0 + exp(-2.0 * inner))
}

/// The exponential, to within 2 units in the last place; below -87 and above 88 that of the nearer end.
///
/// exp(x) = 2^n exp(r), n the integer nearest to x / ln 2 and |r| at most ln 2 / 2, where Taylor's series to the seventh
/// power is off by 5e-9.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to an integer and leaves that, plus the exponent's bias, in the lowest bits.
    const ROUND: f32 = 12_582_912.0 + 127.0;
    /// ln 2 in two parts; the first has so few digits that its products with n are exact.
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    /// From the sixth power to none.
    const SERIES: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let x = if x > -87.0 { x } else { -87.0 };
    let x = if x < 88.0 { x } else { 88.0 };
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN_2.1, n.mul_add(-LN_2.0, x));
    let series = SERIES.iter().fold(1.0 / 5040.0, |sum: f32, term| sum.mul_add(r, *term));
    f32::from_bits(rounded.to_bits() << 23) * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::simd;

    /// The distribution function by its series and, in the tails, by its continued fraction, in 64 bits.
    fn normal(x: f64) -> f64 {
        let z = x.abs();
        let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let tail = if z < 3.0 {
            let (mut term, mut sum) = (z, z);
            for k in 1..200 {
                term *= z * z / f64::from(2 * k + 1);
                sum += term;
            }
            0.5 - density * sum
        } else {
            density / (1..200).rev().fold(z, |rest, k| z + f64::from(k) / rest)
        };
        if x > 0.0 { 1.0 - tail } else { tail }
    }

    fn grid() -> impl Iterator<Item = f32> {
        (-40_000..=40_000).map(|step| step as f32 / 4_000.0)
    }

    #[test]
    fn functions_are_as_close_as_they_say() {
        for x in grid() {
            let wide = f64::from(x);
            let exact = wide.exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2.4e-7 * exact, "exp({x})");
            let exact = wide * normal(wide);
            assert!((f64::from(gelu(x)) - exact).abs() <= 3e-7 * wide.abs() + 1e-12, "gelu({x}) {} {exact}", gelu(x));
            let exact = wide / (1.0 + (-wide).exp());
            assert!((f64::from(silu(x)) - exact).abs() <= 5e-7 * exact.abs() + 1e-12, "silu({x})");
            let y = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044715 * wide.powi(3));
            let exact = wide * 0.5 * (1.0 + y.tanh());
            assert!((f64::from(gelu_tanh(x)) - exact).abs() <= 2e-6 * wide.abs() + 1e-12, "gelu_tanh({x})");
        }
        assert_eq!((exp(0.0), relu(-1.0), relu(2.5), gelu(0.0)), (1.0, 0.0, 2.5, 0.0));
        assert!(exp(-1000.0) < 2e-38 && exp(1000.0).is_finite());
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Relu, Activation::Silu] {
            let of = |level: Level| {
                let mut rows: Vec<f32> = grid().collect();
                let width = rows.len();
                simd::run(level, Apply { rows: &mut rows, bias: None, width, activation: Some(activation) });
                rows.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let portable = of(Level::available()[0]);
            for level in &Level::available()[1..] {
                assert_eq!(of(*level), portable, "{activation:?} {}", level.name());
            }
        }
    }

    #[test]
    fn a_gate_multiplies_what_stands_beside_it() {
        let mut to = [0.0; 4];
        Activation::Relu.gate(&[1.0, -2.0, 3.0, 4.0, 0.5, 2.0, -1.0, 10.0], 2, &mut to);
        assert_eq!(to, [3.0, 0.0, -0.5, 20.0]);
    }
}
