//! Eigenvalues and eigenvectors of a symmetric matrix in 64 bits, by additions, multiplications, divisions and square
//! roots alone, which every machine rounds alike.
//!
//! Householder reflections make the matrix tridiagonal, implicit QL rotations make it diagonal (Golub and Van Loan,
//! Matrix Computations, chapter 8). Vectors are kept as rows, so that every inner loop runs along memory.

use crate::lanes::inner;
use crate::level::Level;
use crate::simd;

/// Rotations sweep the matrix two or three times for each eigenvalue; this many is never.
const SWEEPS: usize = 60;

/// Eigenvalues, the largest first, and the unit vector of each as a row.
pub(crate) struct Eigen {
    pub(crate) values: Vec<f64>,
    pub(crate) vectors: Vec<f64>,
}

impl Eigen {
    /// Decomposes a symmetric matrix, given row after row. The error is the number of an eigenvalue that did not
    /// settle.
    pub(crate) fn new(level: Level, matrix: Vec<f64>, size: usize) -> Result<Eigen, usize> {
        let Tridiagonal { mut diagonal, mut beside, mut vectors } = simd::run(level, Reduce { matrix, size });
        let (diagonal_mut, beside_mut, vectors_mut) = (&mut diagonal, &mut beside, &mut vectors);
        simd::run(level, Rotate { diagonal: diagonal_mut, beside: beside_mut, vectors: vectors_mut })?;
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|&left, &right| diagonal[right].total_cmp(&diagonal[left]));
        Ok(Eigen {
            values: order.iter().map(|&at| diagonal[at]).collect(),
            vectors: order.iter().flat_map(|&at| &vectors[at * size..][..size]).copied().collect(),
        })
    }
}

/// A tridiagonal matrix T and, as rows of `vectors`, the basis in which the original is T.
struct Tridiagonal {
    diagonal: Vec<f64>,
    /// Element i couples i and i + 1; the last is 0.
    beside: Vec<f64>,
    vectors: Vec<f64>,
}

struct Reduce {
    matrix: Vec<f64>,
    size: usize,
}

impl simd::Loop for Reduce {
    type Output = Tridiagonal;

    #[inline(always)]
    fn run(self) -> Tridiagonal {
        let Reduce { mut matrix, size } = self;
        let mut beside = vec![0.0; size];
        // Row k of the matrix, once done with, holds the reflection that cleared it; its scale is kept here.
        let mut scales = vec![0.0; size];
        let mut diagonal = vec![0.0; size];
        for k in 0..size {
            let (done, rest) = matrix.split_at_mut((k + 1) * size);
            let row = &mut done[k * size..];
            diagonal[k] = row[k];
            let vector = &mut row[k + 1..];
            let Some(&first) = vector.first() else { break };
            let tail = inner(&vector[1..], &vector[1..]);
            beside[k] = first;
            if tail == 0.0 {
                continue;
            }
            let length = (first * first + tail).sqrt();
            // The sign that does not cancel.
            let target = if first > 0.0 { -length } else { length };
            vector[0] = first - target;
            let scale = 2.0 / (vector[0] * vector[0] + tail);
            (beside[k], scales[k]) = (target, scale);

            // Both sides at once: A - v w' - w v' with w = s A v - (s/2) (v' s A v) v.
            let mut other: Vec<f64> = rest.chunks_exact(size).map(|row| scale * inner(&row[k + 1..], vector)).collect();
            let half = 0.5 * scale * inner(&other, vector);
            for (other, value) in other.iter_mut().zip(&*vector) {
                *other -= half * value;
            }
            for (i, row) in rest.chunks_exact_mut(size).enumerate() {
                let (left, right) = (vector[i], other[i]);
                for ((to, &v), &w) in row[k + 1..].iter_mut().zip(&*vector).zip(&other) {
                    *to -= left * w + right * v;
                }
            }
        }

        // The basis is the product of the reflections, built from the last so that only its end is touched.
        let mut basis = vec![0.0; size * size];
        for i in 0..size {
            basis[i * size + i] = 1.0;
        }
        let mut sums = vec![0.0; size];
        for k in (0..size).rev() {
            let vector = &matrix[k * size + k + 1..(k + 1) * size];
            if scales[k] == 0.0 {
                continue;
            }
            let sums = &mut sums[k + 1..];
            sums.fill(0.0);
            for (row, &v) in basis.chunks_exact(size).skip(k + 1).zip(vector) {
                for (sum, value) in sums.iter_mut().zip(&row[k + 1..]) {
                    *sum += v * value;
                }
            }
            for (row, &v) in basis.chunks_exact_mut(size).skip(k + 1).zip(vector) {
                let factor = scales[k] * v;
                for (value, sum) in row[k + 1..].iter_mut().zip(&*sums) {
                    *value -= factor * sum;
                }
            }
        }
        let vectors = (0..size * size).map(|at| basis[at % size * size + at / size]).collect();
        Tridiagonal { diagonal, beside, vectors }
    }
}

struct Rotate<'a> {
    diagonal: &'a mut [f64],
    beside: &'a mut [f64],
    vectors: &'a mut [f64],
}

impl simd::Loop for Rotate<'_> {
    type Output = Result<(), usize>;

    #[inline(always)]
    fn run(self) -> Result<(), usize> {
        let Rotate { diagonal, beside, vectors } = self;
        let size = diagonal.len();
        // What is below the rounding of the whole matrix is 0.
        let largest = diagonal.iter().zip(&*beside).map(|(d, e)| d.abs() + e.abs()).fold(0.0, f64::max);
        let negligible = f64::EPSILON * largest;
        for start in 0..size {
            for sweep in 0.. {
                // The block that is still coupled to `start` ends here.
                let end = (start..size - 1).find(|&at| beside[at].abs() <= negligible).unwrap_or(size - 1);
                if end == start {
                    break;
                }
                if sweep == SWEEPS {
                    return Err(start);
                }
                // Wilkinson's shift: the eigenvalue of the first two rows that is nearer to the first.
                let half = (diagonal[start + 1] - diagonal[start]) / (2.0 * beside[start]);
                let root = (half * half + 1.0).sqrt();
                let away = if half < 0.0 { half - root } else { half + root };
                let shift = diagonal[start] - beside[start] / away;
                let mut bulge = diagonal[end] - shift;
                let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
                let mut split = false;
                for at in (start..end).rev() {
                    let (off, kept) = (sine * beside[at], cosine * beside[at]);
                    let length = (off * off + bulge * bulge).sqrt();
                    beside[at + 1] = length;
                    if length == 0.0 {
                        // The block falls apart here; the next sweep takes the parts one by one.
                        diagonal[at + 1] -= moved;
                        beside[end] = 0.0;
                        split = true;
                        break;
                    }
                    (sine, cosine) = (off / length, bulge / length);
                    let base = diagonal[at + 1] - moved;
                    let turned = (diagonal[at] - base) * sine + 2.0 * cosine * kept;
                    moved = sine * turned;
                    diagonal[at + 1] = base + moved;
                    bulge = cosine * turned - kept;
                    let (upper, lower) = vectors[at * size..(at + 2) * size].split_at_mut(size);
                    for (upper, lower) in upper.iter_mut().zip(lower) {
                        let (u, l) = (*upper, *lower);
                        *upper = cosine * u - sine * l;
                        *lower = sine * u + cosine * l;
                    }
                }
                if !split {
                    diagonal[start] -= moved;
                    beside[start] = bulge;
                    beside[end] = 0.0;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric matrix with no pattern.
    fn symmetric(size: usize) -> Vec<f64> {
        let value = |i: usize, j: usize| (((i * j + 3 * (i + j)) * 7919) % 101) as f64 - 50.0;
        (0..size * size).map(|at| value(at / size, at % size)).collect()
    }

    fn check(name: &str, matrix: Vec<f64>, size: usize) {
        let found = Eigen::new(Level::current(), matrix.clone(), size).unwrap();
        let scale = matrix.iter().fold(1.0f64, |scale, value| scale.max(value.abs())) * size as f64;
        let row = |i: usize| &found.vectors[i * size..][..size];
        for i in 0..size {
            assert!(i == 0 || found.values[i - 1] >= found.values[i], "{name}: values descend");
            for j in 0..=i {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!(
                    (inner(row(i), row(j)) - expected).abs() < 1e-12 * size as f64,
                    "{name}: {i} and {j} at right angles"
                );
            }
            for (at, vector) in matrix.chunks_exact(size).zip(row(i)) {
                assert!((inner(at, row(i)) - found.values[i] * vector).abs() < 1e-13 * scale, "{name}: vector {i}");
            }
        }
    }

    #[test]
    fn every_vector_is_turned_into_its_multiple() {
        for size in [1, 2, 3, 10, 33, 64] {
            check("no pattern", symmetric(size), size);
            check("zeros", vec![0.0; size * size], size);
            check("ones", vec![1.0; size * size], size);
            let diagonal = (0..size * size).map(|at| if at % (size + 1) == 0 { (at % 5) as f64 } else { 0.0 });
            check("diagonal", diagonal.collect(), size);
        }
    }
}
