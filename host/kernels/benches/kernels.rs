//! The kernels against a straightforward Rust loop with sixteen accumulators, in one run.
//!
//! `cargo bench -p routerlab-kernels`; `numpy_compare.py` beside this file times the same product in numpy.

use std::num::NonZeroUsize;

use divan::Bencher;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_kernels::{Level, Matrix, Metric, Threads};

fn main() {
    divan::main();
}

const COLS: usize = 384;
const THREADS: [usize; 2] = [1, 2];

/// Rows around 64 centres, from a fixed seed.
fn rows(count: usize, seed: u64) -> Matrix {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut next = || (random.next_u64() >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
    let centres: Vec<f32> = (0..64 * COLS).map(|_| next()).collect();
    let values = (0..count * COLS).map(|at| centres[(at / COLS % 64) * COLS + at % COLS] + next()).collect();
    Matrix::new(count, COLS, values).unwrap()
}

fn threads(count: usize) -> Threads {
    Threads::new(NonZeroUsize::new(count).unwrap())
}

/// 2,048 x 384 times 384 x 2,048.
mod multiply {
    use super::*;

    #[divan::bench(args = THREADS, sample_count = 30)]
    fn kernel(bencher: Bencher, count: usize) {
        let (left, right) = (rows(2048, 1), rows(2048, 2));
        let right = Matrix::new(COLS, 2048, right.values().to_vec()).unwrap();
        bencher.bench_local(|| left.multiply(&right, false, threads(count)).unwrap());
    }

    #[divan::bench(args = THREADS, sample_count = 30)]
    fn kernel_transposed(bencher: Bencher, count: usize) {
        let (left, right) = (rows(2048, 1), rows(2048, 2));
        bencher.bench_local(|| left.multiply(&right, true, threads(count)).unwrap());
    }

    /// One thread at every level the machine has.
    #[divan::bench(args = Level::available().iter().map(|level| level.name()), sample_count = 3)]
    fn kernel_at_level(bencher: Bencher, name: &str) {
        let level = Level::available().iter().find(|level| level.name() == name).unwrap();
        let (left, right) = (rows(2048, 1), rows(2048, 2));
        bencher.bench_local(|| level.force(|| left.multiply(&right, true, Threads::ONE).unwrap()));
    }

    #[divan::bench(sample_count = 5)]
    fn sixteen_lanes(bencher: Bencher) {
        let (left, right) = (rows(2048, 1), rows(2048, 2));
        bencher.bench_local(|| {
            let mut out = Vec::with_capacity(2048 * 2048);
            for i in 0..2048 {
                out.extend((0..2048).map(|j| plain::dot(left.row(i), right.row(j))));
            }
            out
        });
    }
}

/// 2,000 queries, the 10 nearest of 20,000 x 384.
mod nearest {
    use super::*;

    #[divan::bench(args = THREADS, sample_count = 10)]
    fn euclidean(bencher: Bencher, count: usize) {
        kernel(bencher, count, Metric::Euclidean);
    }

    #[divan::bench(args = THREADS, sample_count = 10)]
    fn cosine(bencher: Bencher, count: usize) {
        kernel(bencher, count, Metric::Cosine);
    }

    fn kernel(bencher: Bencher, count: usize, metric: Metric) {
        let (known, queries) = (rows(20_000, 1), rows(2_000, 2));
        bencher.bench_local(|| known.nearest(&queries, 10, metric, threads(count)).unwrap());
    }

    /// The same rows for one query, as a router is asked for a single decision.
    #[divan::bench(args = THREADS, sample_count = 100)]
    fn one_query(bencher: Bencher, count: usize) {
        let (known, queries) = (rows(20_000, 1), rows(1, 2));
        bencher.bench_local(|| known.nearest(&queries, 10, Metric::Euclidean, threads(count)).unwrap());
    }

    #[divan::bench(sample_count = 3)]
    fn sixteen_lanes(bencher: Bencher) {
        let (known, queries) = (rows(20_000, 1), rows(2_000, 2));
        bencher.bench_local(|| plain::nearest(&known, &queries, 10));
    }
}

/// 20,000 x 384 in 64 clusters, 10 rounds.
mod kmeans {
    use super::*;

    #[divan::bench(args = THREADS, sample_count = 10)]
    fn kernel(bencher: Bencher, count: usize) {
        let known = rows(20_000, 1);
        bencher.bench_local(|| known.kmeans(64, 10, 7, threads(count)).unwrap());
    }

    #[divan::bench(sample_count = 3)]
    fn sixteen_lanes(bencher: Bencher) {
        let known = rows(20_000, 1);
        bencher.bench_local(|| plain::kmeans(&known, 64, 10, 7));
    }
}

/// 20,000 x 384: 20 targets, and 32 directions.
mod solve {
    use super::*;

    #[divan::bench(args = THREADS, sample_count = 10)]
    fn ridge(bencher: Bencher, count: usize) {
        let known = rows(20_000, 1);
        let targets = Matrix::new(20_000, 20, rows(20_000, 3).values()[..400_000].to_vec()).unwrap();
        bencher.bench_local(|| known.ridge(&targets, 1.0, threads(count)).unwrap());
    }

    #[divan::bench(args = THREADS, sample_count = 10)]
    fn pca(bencher: Bencher, count: usize) {
        let known = rows(20_000, 1);
        bencher.bench_local(|| known.pca(32, threads(count)).unwrap());
    }
}

/// What one writes without kernels: sixteen accumulators that the compiler turns into vectors, one row at a time.
mod plain {
    use super::*;

    pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
        let mut lanes = [0f32; 16];
        for (left, right) in left.chunks_exact(16).zip(right.chunks_exact(16)) {
            for lane in 0..16 {
                lanes[lane] += left[lane] * right[lane];
            }
        }
        lanes.iter().sum()
    }

    fn square_distance(left: &[f32], right: &[f32]) -> f32 {
        let mut lanes = [0f32; 16];
        for (left, right) in left.chunks_exact(16).zip(right.chunks_exact(16)) {
            for lane in 0..16 {
                let apart = left[lane] - right[lane];
                lanes[lane] += apart * apart;
            }
        }
        lanes.iter().sum()
    }

    pub(super) fn nearest(known: &Matrix, queries: &Matrix, k: usize) -> Vec<Vec<(f32, usize)>> {
        let one = |query: &[f32]| {
            let mut best: Vec<(f32, usize)> = Vec::with_capacity(k + 1);
            for row in 0..known.rows() {
                let distance = square_distance(query, known.row(row));
                if best.len() < k || distance < best[k - 1].0 {
                    let at = best.partition_point(|other| other.0 <= distance);
                    best.insert(at, (distance, row));
                    best.truncate(k);
                }
            }
            best
        };
        (0..queries.rows()).map(|query| one(queries.row(query))).collect()
    }

    pub(super) fn kmeans(known: &Matrix, k: usize, rounds: usize, seed: u64) -> Vec<f32> {
        let (count, cols) = (known.rows(), known.cols());
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut distances = vec![f32::INFINITY; count];
        let mut centres = Vec::with_capacity(k * cols);
        for _ in 0..k {
            let share = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let total: f64 = distances.iter().map(|&distance| f64::from(distance)).sum();
            let mut running = 0.0;
            let drawn = distances.iter().position(|&distance| {
                running += f64::from(distance);
                running > share * total
            });
            let row = drawn.unwrap_or((share * count as f64) as usize);
            centres.extend_from_slice(known.row(row));
            for (other, distance) in distances.iter_mut().enumerate() {
                *distance = distance.min(square_distance(known.row(other), known.row(row)));
            }
        }
        for _ in 0..rounds {
            let (mut sums, mut sizes) = (vec![0f32; k * cols], vec![0f32; k]);
            for row in 0..count {
                let mut best = (f32::INFINITY, 0);
                for (cluster, centre) in centres.chunks_exact(cols).enumerate() {
                    let distance = square_distance(known.row(row), centre);
                    if distance < best.0 {
                        best = (distance, cluster);
                    }
                }
                sizes[best.1] += 1.0;
                for (sum, value) in sums[best.1 * cols..][..cols].iter_mut().zip(known.row(row)) {
                    *sum += value;
                }
            }
            for (at, centre) in centres.iter_mut().enumerate() {
                *centre = sums[at] / sizes[at / cols].max(1.0);
            }
        }
        centres
    }
}
