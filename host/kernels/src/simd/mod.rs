//! The only unsafe code of the crate: one body for the inner loops, compiled once for each level.
//!
//! The outside is safe: a [`Level`] exists only where its instructions do, and [`Tile::run`] checks every range before
//! a pointer is followed.

#![allow(unsafe_code, reason = "vector instructions and the loops over them work on pointers")]

#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::level::{Kind, Level};

/// A register of lanes. All bodies that use it are inlined into a function compiled for the level it belongs to.
///
/// # Safety
/// Every method may only run on a CPU that has the level's instructions; `load` and `store` follow their pointer for
/// [`Vector::LANES`] scalars, aligned or not.
trait Vector: Copy {
    type Scalar: Copy;
    const LANES: usize;
    unsafe fn zero() -> Self;
    unsafe fn splat(value: Self::Scalar) -> Self;
    unsafe fn load(from: *const Self::Scalar) -> Self;
    unsafe fn store(self, to: *mut Self::Scalar);
    unsafe fn add(self, other: Self) -> Self;
    /// self x factor + sum, rounded once.
    unsafe fn fma(self, factor: Self, sum: Self) -> Self;
}

/// What one tile is computed from; all pointers were checked by [`Tile::run`].
struct Operands<T> {
    a: *const T,
    a_row: usize,
    a_step: usize,
    b: *const T,
    depth: usize,
    c: *mut T,
    c_row: usize,
    add: bool,
}

/// Rows of the left matrix: element (row, step) is `values[row * row_stride + step * step_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) rows: usize,
    pub(crate) row_stride: usize,
    pub(crate) step_stride: usize,
}

impl<'a, T> Left<'a, T> {
    /// All rows of a matrix: `values` holds them one after the other, `depth` values each.
    pub(crate) fn whole(values: &'a [T], depth: usize) -> Self {
        Self { values, rows: values.len() / depth, row_stride: depth, step_stride: 1 }
    }
}

/// Where a tile goes: `width` columns in rows that are `row_stride` apart, replaced or, with `add`, added to.
pub(crate) struct Place<'a, T> {
    pub(crate) tile: &'a mut [T],
    pub(crate) row_stride: usize,
    pub(crate) width: usize,
    pub(crate) add: bool,
}

/// A tile of a product: up to [`Tile::rows`] rows times [`Tile::width`] columns, each element one chain
/// of fused multiply-adds from 0 over the steps in order.
pub(crate) struct Tile<T: 'static> {
    lanes: usize,
    /// By rows less one, then by vectors less one.
    bodies: &'static [&'static [Body<T>]],
    /// By vectors less one.
    squares: &'static [Body<T>],
}

/// A function compiled for one level.
type Body<T> = unsafe fn(&Operands<T>);

impl<T: Copy> Tile<T> {
    /// Columns in one vector.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// Columns in the widest tile.
    pub(crate) fn width(&self) -> usize {
        self.lanes * self.squares.len()
    }

    /// Rows in the tallest tile.
    pub(crate) fn rows(&self) -> usize {
        self.bodies.len()
    }

    /// Computes the chains over `depth` steps and puts them into the tile. `b` holds the columns of one step after the
    /// other.
    pub(crate) fn run(&self, a: Left<'_, T>, b: &[T], depth: usize, c: Place<'_, T>) {
        let Place { tile: c, row_stride: c_row, width, add } = c;
        let vectors = width / self.lanes;
        assert!(vectors * self.lanes == width && depth > 0 && a.rows > 0, "a tile of whole vectors that is not empty");
        assert!((a.rows - 1) * a.row_stride + (depth - 1) * a.step_stride < a.values.len(), "rows are inside");
        assert!(depth * width <= b.len(), "columns are inside");
        assert!((a.rows - 1) * c_row + width <= c.len(), "the tile is inside");
        let operands = Operands {
            a: a.values.as_ptr(),
            a_row: a.row_stride,
            a_step: a.step_stride,
            b: b.as_ptr(),
            depth,
            c: c.as_mut_ptr(),
            c_row,
            add,
        };
        // SAFETY: the ranges were checked above, and tables are handed out by `single` and `double` only, for a level
        // that was detected.
        unsafe { self.bodies[a.rows - 1][vectors - 1](&operands) }
    }

    /// The sums of the squares of `width` columns over `depth` steps, each the chain that [`Tile::run`] would do for
    /// the product of the column with itself; stored in `c`, or added to what is there.
    pub(crate) fn squares(&self, b: &[T], depth: usize, width: usize, c: &mut [T], add: bool) {
        let vectors = width / self.lanes;
        assert!(vectors * self.lanes == width && depth > 0, "whole vectors");
        assert!(depth * width <= b.len(), "columns are inside");
        assert!(width <= c.len(), "the sums are inside");
        let (b, c) = (b.as_ptr(), c.as_mut_ptr());
        let operands = Operands { a: b, a_row: 0, a_step: 0, b, depth, c, c_row: 0, add };
        // SAFETY: as for `run`; `squares` does not read `a`.
        unsafe { self.squares[vectors - 1](&operands) }
    }
}

/// The body of every tile: M x N accumulators that live in registers.
///
/// # Safety
/// As for [`Vector`], and the operands must be inside their slices.
#[allow(clippy::needless_range_loop, reason = "the constant bounds are what unrolls the loops into registers")]
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize>(operands: &Operands<V::Scalar>) {
    let &Operands { mut a, a_row, a_step, mut b, depth, c, c_row, add } = operands;
    // SAFETY: the caller vouches for the level and the ranges; `wrapping_add` only because the pointers step one past
    // the last element at the end.
    unsafe {
        let mut sums = [[V::zero(); N]; M];
        for _ in 0..depth {
            let mut columns = [V::zero(); N];
            for n in 0..N {
                columns[n] = V::load(b.add(n * V::LANES));
            }
            for m in 0..M {
                let row = V::splat(*a.add(m * a_row));
                for n in 0..N {
                    sums[m][n] = row.fma(columns[n], sums[m][n]);
                }
            }
            a = a.wrapping_add(a_step);
            b = b.wrapping_add(N * V::LANES);
        }
        for m in 0..M {
            for n in 0..N {
                let to = c.add(m * c_row + n * V::LANES);
                let sum = if add { V::load(to).add(sums[m][n]) } else { sums[m][n] };
                sum.store(to);
            }
        }
    }
}

/// The body of [`Tile::squares`].
///
/// # Safety
/// As for [`tile`]; the left operand is not read.
#[allow(clippy::needless_range_loop, reason = "the constant bounds are what unrolls the loops into registers")]
#[inline(always)]
unsafe fn squares<V: Vector, const N: usize>(operands: &Operands<V::Scalar>) {
    let &Operands { mut b, depth, c, add, .. } = operands;
    // SAFETY: as for `tile`.
    unsafe {
        let mut sums = [V::zero(); N];
        for _ in 0..depth {
            for n in 0..N {
                let column = V::load(b.add(n * V::LANES));
                sums[n] = column.fma(column, sums[n]);
            }
            b = b.wrapping_add(N * V::LANES);
        }
        for n in 0..N {
            let to = c.add(n * V::LANES);
            let sum = if add { V::load(to).add(sums[n]) } else { sums[n] };
            sum.store(to);
        }
    }
}

/// Makes the table of tile bodies of one level: every height up to the given ones times one to so many vectors.
macro_rules! bodies {
    ($vector:ty, $(#[$feature:meta])? [$($m:literal)*] x 2) => {
        bodies!($vector, $(#[$feature])? body, square, [$([body::<$m, 1>, body::<$m, 2>]),*], [square::<1>, square::<2>])
    };
    ($vector:ty, $(#[$feature:meta])? [$($m:literal)*] x 3) => {
        bodies!(
            $vector, $(#[$feature])? body, square,
            [$([body::<$m, 1>, body::<$m, 2>, body::<$m, 3>]),*], [square::<1>, square::<2>, square::<3>]
        )
    };
    ($vector:ty, $(#[$feature:meta])? $body:ident, $square:ident, [$($bodies:expr),*], $squares:expr) => {{
        /// # Safety
        /// As for [`tile`](super::tile).
        $(#[$feature])?
        unsafe fn $body<const M: usize, const N: usize>(operands: &Operands<<$vector as Vector>::Scalar>) {
            // SAFETY: the caller's promise, passed on.
            unsafe { tile::<$vector, M, N>(operands) }
        }
        /// # Safety
        /// As for [`squares`](super::squares).
        $(#[$feature])?
        unsafe fn $square<const N: usize>(operands: &Operands<<$vector as Vector>::Scalar>) {
            // SAFETY: the caller's promise, passed on.
            unsafe { squares::<$vector, N>(operands) }
        }
        Tile { lanes: <$vector as Vector>::LANES, bodies: &[$(&$bodies),*], squares: &$squares }
    }};
}
use bodies;

/// The tiles of f32 of a level.
pub(crate) fn single(level: Level) -> &'static Tile<f32> {
    match level.kind() {
        Kind::Portable => &portable::SINGLE,
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => &x86::SINGLE_AVX2,
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => &x86::SINGLE_AVX512,
        #[cfg(target_arch = "aarch64")]
        Kind::Neon => &neon::SINGLE,
    }
}

/// The tiles of f64 of a level. The elements of both operands must be 32-bit floats, widened: then every product is
/// exact, and a level without the instruction may multiply and add instead.
pub(crate) fn double(level: Level) -> &'static Tile<f64> {
    match level.kind() {
        Kind::Portable => &portable::DOUBLE,
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => &x86::DOUBLE_AVX2,
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => &x86::DOUBLE_AVX512,
        #[cfg(target_arch = "aarch64")]
        Kind::Neon => &neon::DOUBLE,
    }
}

/// Turns rows of `depth` values each into the columns of one panel of `width`: value `step` of row `col` goes to
/// `to[step * width + col]`. Columns for which there is no row become 0.
pub(crate) fn transpose(level: Level, rows: &[f32], depth: usize, width: usize, to: &mut [f32]) {
    let count = rows.len() / depth;
    assert!(count <= width && rows.len() == count * depth && to.len() == width * depth, "the rows fit the panel");
    let (mut cols, mut steps) = (0, 0);
    match level.kind() {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 | Kind::Avx512 => {
            (cols, steps) = (count - count % 8, depth - depth % 8);
            // SAFETY: the level was detected; the blocks end inside the rows and the panel, whose sizes were checked.
            unsafe { x86::transpose_blocks(rows.as_ptr(), depth, width, to.as_mut_ptr(), cols, steps) }
        }
        _ => {}
    }
    // What is left, in blocks so that every cache line is touched once.
    for left in (0..width).step_by(16) {
        for top in (0..depth).step_by(16) {
            for step in top..(top + 16).min(depth) {
                let first = if step < steps { left.max(cols) } else { left };
                for col in first..(left + 16).min(width) {
                    to[step * width + col] = if col < count { rows[col * depth + step] } else { 0.0 };
                }
            }
        }
    }
}

/// A loop that the compiler vectorises for whichever level runs it. Implement `run` with
/// `#[inline(always)]`: it is compiled into the level's own function.
pub(crate) trait Loop {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs a loop as compiled for the level. The compiler neither fuses nor reorders float operations, so the bits are
/// those of the source; what the source fuses is fused at every level, by slow software where there is no instruction.
pub(crate) fn run<L: Loop>(level: Level, work: L) -> L::Output {
    match level.kind() {
        Kind::Portable => work.run(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level was detected.
        Kind::Avx2 => unsafe { x86::run_avx2(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level was detected.
        Kind::Avx512 => unsafe { x86::run_avx512(work) },
        #[cfg(target_arch = "aarch64")]
        Kind::Neon => work.run(),
    }
}
