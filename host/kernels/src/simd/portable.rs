//! Every other machine: exact, and slow.

use super::{Operands, Tile, Vector, bodies, squares, tile};

/// a x b + c for 32-bit floats, rounded once, without the instruction.
///
/// The product of two 32-bit floats is exact in 64 bits. Their sum with c is not, so it is rounded to odd there, which
/// leaves the second rounding, to 32 bits, with the right digit to look at (Boldo and Melquiond, Emulation of FMA and
/// Correctly Rounded Sums, 2008). The libm function of the same name is not relied on: not every platform's is exact.
#[inline(always)]
pub(crate) fn fma(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    // What the sum lost (Knuth's two-sum); NaN when the sum is not finite, which then stays as it is.
    let part = sum - product;
    let lost = (product - (sum - part)) + (c - part);
    let bits = sum.to_bits();
    let away = (lost > 0.0) == (sum > 0.0);
    let odd = if away { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    let inexact = (lost > 0.0) | (lost < 0.0);
    f64::from_bits(if inexact & (bits & 1 == 0) { odd } else { bits }) as f32
}

impl Vector for [f32; 4] {
    type Scalar = f32;
    const LANES: usize = 4;
    #[inline(always)]
    unsafe fn zero() -> Self {
        [0.0; 4]
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the range; an array has the alignment of its element.
        unsafe { from.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for the range; an array has the alignment of its element.
        unsafe { to.cast::<Self>().write(self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, sum: Self) -> Self {
        std::array::from_fn(|lane| fma(self[lane], factor[lane], sum[lane]))
    }
}

/// For elements that are widened 32-bit floats: their product is exact, so adding it rounds once.
impl Vector for [f64; 2] {
    type Scalar = f64;
    const LANES: usize = 2;
    #[inline(always)]
    unsafe fn zero() -> Self {
        [0.0; 2]
    }
    #[inline(always)]
    unsafe fn splat(value: f64) -> Self {
        [value; 2]
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the caller vouches for the range; an array has the alignment of its element.
        unsafe { from.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the caller vouches for the range; an array has the alignment of its element.
        unsafe { to.cast::<Self>().write(self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, sum: Self) -> Self {
        std::array::from_fn(|lane| self[lane] * factor[lane] + sum[lane])
    }
}

pub(super) static SINGLE: Tile<f32> = bodies!([f32; 4], [1 2 3 4] x 3);
pub(super) static DOUBLE: Tile<f64> = bodies!([f64; 2], [1 2 3 4] x 3);

#[cfg(test)]
mod tests {
    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{Rng, SeedableRng};

    use super::fma;

    fn agrees(a: f32, b: f32, c: f32) {
        let (ours, exact) = (fma(a, b, c), a.mul_add(b, c));
        let same = ours.to_bits() == exact.to_bits() || (ours.is_nan() && exact.is_nan());
        assert!(same, "{a:e} x {b:e} + {c:e}: {ours:e}, exact {exact:e}");
    }

    #[test]
    fn the_software_fma_is_exact_on_any_bits() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        for _ in 0..300_000 {
            let (first, second) = (random.next_u64(), random.next_u64());
            let a = f32::from_bits(first as u32);
            let b = f32::from_bits((first >> 32) as u32);
            agrees(a, b, f32::from_bits(second as u32));
            // A sum near the product, where digits cancel, and one just beyond its last digit.
            agrees(a, b, -(a * b));
            agrees(a, b, a * b * 2f32.powi(-24 - (second >> 62) as i32));
            agrees(a, b, a * b * -(2f32.powi(24 + (second >> 62) as i32)));
        }
    }

    #[test]
    fn the_software_fma_is_exact_at_the_edges() {
        let edges = [
            0.0,
            1.0,
            3.0,
            f32::EPSILON,
            1.0 + f32::EPSILON,
            f32::MIN_POSITIVE,
            1e-45,
            3e-45,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
        ];
        let signed: Vec<f32> = edges.iter().flat_map(|&edge: &f32| [edge, -edge]).collect();
        for &a in &signed {
            for &b in &signed {
                for &c in &signed {
                    agrees(a, b, c);
                }
            }
        }
    }
}
