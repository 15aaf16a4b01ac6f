//! 64-bit ARM.

use std::arch::aarch64::*;

use super::{Operands, Tile, Vector, bodies, squares, tile};

macro_rules! vector {
    ($vector:ty, $scalar:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $fma:ident) => {
        impl Vector for $vector {
            type Scalar = $scalar;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: every 64-bit ARM has these instructions.
                unsafe { $splat(0.0) }
            }
            #[inline(always)]
            unsafe fn splat(value: $scalar) -> Self {
                // SAFETY: every 64-bit ARM has these instructions.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                // SAFETY: the caller vouches for the range.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: the caller vouches for the range.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: every 64-bit ARM has these instructions.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn fma(self, factor: Self, sum: Self) -> Self {
                // SAFETY: every 64-bit ARM has these instructions.
                unsafe { $fma(sum, self, factor) }
            }
        }
    };
}

vector!(float32x4_t, f32, 4, vdupq_n_f32, vld1q_f32, vst1q_f32, vaddq_f32, vfmaq_f32);
vector!(float64x2_t, f64, 2, vdupq_n_f64, vld1q_f64, vst1q_f64, vaddq_f64, vfmaq_f64);

// 8 x 3 accumulators of the 32 registers.
pub(super) static SINGLE: Tile<f32> = bodies!(float32x4_t, [1 2 3 4 5 6 7 8] x 3);
pub(super) static DOUBLE: Tile<f64> = bodies!(float64x2_t, [1 2 3 4 5 6 7 8] x 3);
