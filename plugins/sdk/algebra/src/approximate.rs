//! Complex numbers in doubles that know how far off they may be.
//!
//! Every operation carries a bound of its rounding error along (Wilkinson's running error analysis), so that two values
//! count as equal only within what rounding can explain, which is far less than 1e-9 for all but hopeless cases.

use std::f64::consts::PI;

/// A value and the bound of its error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approximate {
    /// Real part.
    pub(crate) re: f64,
    /// Imaginary part.
    pub(crate) im: f64,
    /// Largest distance from the true value.
    pub(crate) error: f64,
}

/// Rounding of one operation, complex products included.
const UNIT: f64 = 4.0 * f64::EPSILON;

impl Approximate {
    /// A value that one operation gave, with what its operands were off.
    pub(crate) fn new(re: f64, im: f64, inherited: f64) -> Self {
        Self { re, im, error: inherited + UNIT * re.hypot(im) }
    }

    /// A real number.
    pub(crate) fn real(re: f64) -> Self {
        Self::new(re, 0.0, 0.0)
    }

    /// The distance from zero.
    pub(crate) fn size(self) -> f64 {
        self.re.hypot(self.im)
    }

    /// Whether it may be a real number.
    pub(crate) fn is_real(self) -> bool {
        self.im.abs() <= 16.0 * self.error
    }

    /// Whether it may be zero.
    pub(crate) fn is_zero(self) -> bool {
        self.size() <= 16.0 * self.error
    }

    /// The value, unless it is out of range or its error swallows it.
    pub(crate) fn checked(self) -> Option<Self> {
        let useful = self.error.is_finite() && self.error <= 1e-10 * self.size().max(1.0);
        (self.re.is_finite() && self.im.is_finite() && useful).then_some(self)
    }

    /// Whether both may be the same.
    pub(crate) fn equals(self, other: Self) -> bool {
        (self.re - other.re).hypot(self.im - other.im) <= 16.0 * (self.error + other.error)
    }

    /// Minus this.
    pub(crate) fn negated(self) -> Self {
        Self { re: -self.re, im: -self.im, ..self }
    }

    /// The sum.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im, self.error + other.error)
    }

    /// The product.
    pub(crate) fn times(self, other: Self) -> Self {
        let (re, im) = (self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re);
        Self::new(re, im, self.size() * other.error + other.size() * self.error)
    }

    /// The quotient; none by what may be zero.
    pub(crate) fn over(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let norm = other.re * other.re + other.im * other.im;
        let re = (self.re * other.re + self.im * other.im) / norm;
        let im = (self.im * other.re - self.re * other.im) / norm;
        Some(Self::new(re, im, (self.error + re.hypot(im) * other.error) / other.size()))
    }

    /// e to this power.
    pub(crate) fn exp(self) -> Self {
        let size = self.re.exp();
        Self::new(size * self.im.cos(), size * self.im.sin(), size * (self.error + UNIT * self.size()))
    }

    /// The principal logarithm.
    pub(crate) fn ln(self) -> Option<Self> {
        let real = self.snapped();
        (!self.is_zero()).then(|| Self::new(self.size().ln(), real.im.atan2(real.re), self.error / self.size() + UNIT))
    }

    /// The principal square root.
    pub(crate) fn sqrt(self) -> Self {
        if self.is_zero() {
            return Self { re: 0.0, im: 0.0, error: self.error.sqrt() };
        }
        let from = self.snapped();
        let (size, angle) = (self.size().sqrt(), from.im.atan2(from.re) / 2.0);
        let inherited = self.error / (2.0 * size);
        if from.im == 0.0 {
            return if from.re < 0.0 { Self::new(0.0, size, inherited) } else { Self::new(size, 0.0, inherited) };
        }
        Self::new(size * angle.cos(), size * angle.sin(), inherited)
    }

    /// The principal power.
    pub(crate) fn to_the(self, exponent: Self) -> Option<Self> {
        if self.is_zero() {
            return (exponent.re > 0.0).then_some(Self { re: 0.0, im: 0.0, error: self.error });
        }
        Some(self.ln()?.times(exponent).exp())
    }

    /// A power with a whole exponent.
    pub(crate) fn to_whole(self, exponent: i64) -> Option<Self> {
        let (mut square, mut product) = (self, Self { re: 1.0, im: 0.0, error: 0.0 });
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                product = product.times(square);
            }
            left >>= 1;
            if left > 0 {
                square = square.times(square);
            }
        }
        if exponent < 0 { Self::real(1.0).over(product) } else { Some(product) }
    }

    /// Sine and cosine.
    pub(crate) fn sin_cos(self) -> (Self, Self) {
        let (sin, cos) = self.re.sin_cos();
        let (sinh, cosh) = (self.im.sinh(), self.im.cosh());
        let inherited = (self.error + UNIT * (1.0 + self.size())) * cosh;
        (Self::new(sin * cosh, cos * sinh, inherited), Self::new(cos * cosh, -sin * sinh, inherited))
    }

    /// Gamma of this plus one, by Lanczos' approximation (1964; coefficients for g = 7, n = 9).
    pub(crate) fn factorial(self) -> Option<Self> {
        const COEFFICIENTS: [f64; 9] = [
            0.999_999_999_999_809_9,
            676.520_368_121_885_1,
            -1_259.139_216_722_402_8,
            771.323_428_777_653_1,
            -176.615_029_162_140_6,
            12.507_343_278_686_905,
            -0.138_571_095_265_720_12,
            9.984_369_578_019_572e-6,
            1.505_632_735_149_311_6e-7,
        ];
        if self.re < -0.5 {
            // Reflection: z! (-z)! = pi z / sin(pi z).
            let turned = self.times(Self::real(PI));
            return turned.over(turned.sin_cos().0)?.over(self.negated().factorial()?);
        }
        let mut sum = Self::real(COEFFICIENTS[0]);
        for (at, coefficient) in COEFFICIENTS.iter().enumerate().skip(1) {
            sum = sum.plus(Self::real(*coefficient).over(self.plus(Self::real(at as f64)))?);
        }
        let base = self.plus(Self::real(7.5));
        let value = base.to_the(self.plus(Self::real(0.5)))?.times(base.negated().exp()).times(sum);
        let value = value.times(Self::real((2.0 * PI).sqrt()));
        Some(Self { error: value.error + 1e-13 * value.size(), ..value })
    }

    /// The same with an imaginary part that may be zero taken as zero: the side of a branch cut is no accident then.
    fn snapped(self) -> Self {
        if self.is_real() { Self { im: 0.0, ..self } } else { self }
    }
}
