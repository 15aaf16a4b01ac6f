//! x86-64: AVX2 with FMA, and AVX-512.

use std::arch::x86_64::*;

use super::{Loop, Operands, Tile, Vector, bodies, squares, tile};

macro_rules! vector {
    ($vector:ty, $scalar:ty, $lanes:literal, $zero:ident, $splat:ident, $load:ident, $store:ident, $add:ident, $fma:ident) => {
        impl Vector for $vector {
            type Scalar = $scalar;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller vouches for the level.
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn splat(value: $scalar) -> Self {
                // SAFETY: the caller vouches for the level.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                // SAFETY: the caller vouches for the level and the range.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: the caller vouches for the level and the range.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller vouches for the level.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn fma(self, factor: Self, sum: Self) -> Self {
                // SAFETY: the caller vouches for the level.
                unsafe { $fma(self, factor, sum) }
            }
        }
    };
}

vector!(
    __m256,
    f32,
    8,
    _mm256_setzero_ps,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_fmadd_ps
);
vector!(
    __m256d,
    f64,
    4,
    _mm256_setzero_pd,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_add_pd,
    _mm256_fmadd_pd
);
vector!(
    __m512,
    f32,
    16,
    _mm512_setzero_ps,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_fmadd_ps
);
vector!(
    __m512d,
    f64,
    8,
    _mm512_setzero_pd,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_add_pd,
    _mm512_fmadd_pd
);

// 6 x 2 accumulators, 2 columns and 1 row leave one of the 16 registers of AVX2 (4 x 3 spill); 8 x 3 leave AVX-512 room.
// Heights of f64 divide the width, because both sides of those products are panels.
pub(super) static SINGLE_AVX2: Tile<f32> = bodies!(__m256, #[target_feature(enable = "avx2,fma")] [1 2 3 4 5 6] x 2);
pub(super) static DOUBLE_AVX2: Tile<f64> = bodies!(__m256d, #[target_feature(enable = "avx2,fma")] [1 2 3 4] x 2);
pub(super) static SINGLE_AVX512: Tile<f32> =
    bodies!(__m512, #[target_feature(enable = "avx512f")] [1 2 3 4 5 6 7 8] x 3);
pub(super) static DOUBLE_AVX512: Tile<f64> =
    bodies!(__m512d, #[target_feature(enable = "avx512f")] [1 2 3 4 5 6 7 8] x 3);

#[target_feature(enable = "avx2,fma")]
pub(super) fn run_avx2<L: Loop>(work: L) -> L::Output {
    work.run()
}

#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn run_avx512<L: Loop>(work: L) -> L::Output {
    work.run()
}

/// Transposes the first `cols` rows and `steps` steps, both multiples of 8, in blocks of 8 x 8.
///
/// # Safety
/// `rows` must hold `cols` rows of `depth`, at least `steps`, and `to` as many steps of `width`, at least `cols`.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn transpose_blocks(
    rows: *const f32,
    depth: usize,
    width: usize,
    to: *mut f32,
    cols: usize,
    steps: usize,
) {
    for col in (0..cols).step_by(8) {
        for step in (0..steps).step_by(8) {
            // SAFETY: the caller vouches for the ranges, and the block is inside them.
            unsafe {
                // The next rows: each is too short a run for the machine to see it coming. Never followed, so it may
                // lie outside.
                for row in 8..16 {
                    _mm_prefetch::<_MM_HINT_T0>(rows.wrapping_add((col + row) * depth + step).cast());
                }
                let line = |row: usize| _mm256_loadu_ps(rows.add((col + row) * depth + step));
                let mut block = [_mm256_setzero_ps(); 8];
                // Halves of rows 0 and 4, 1 and 5, ...: after this only lanes within a half move.
                for row in 0..4 {
                    let (upper, lower) = (line(row), line(row + 4));
                    block[row] = _mm256_permute2f128_ps::<0x20>(upper, lower);
                    block[row + 4] = _mm256_permute2f128_ps::<0x31>(upper, lower);
                }
                for half in 0..2 {
                    let [a, b, c, d] = [0, 1, 2, 3].map(|row| block[half * 4 + row]);
                    let (ab, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                    let (cd, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                    let columns = [
                        _mm256_shuffle_ps::<0x44>(ab, cd),
                        _mm256_shuffle_ps::<0xee>(ab, cd),
                        _mm256_shuffle_ps::<0x44>(ab_high, cd_high),
                        _mm256_shuffle_ps::<0xee>(ab_high, cd_high),
                    ];
                    for (at, column) in columns.into_iter().enumerate() {
                        _mm256_storeu_ps(to.add((step + half * 4 + at) * width + col), column);
                    }
                }
            }
        }
    }
}
