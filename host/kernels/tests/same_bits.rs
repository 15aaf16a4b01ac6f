//! The promise of the crate: a result is a fact about its input, not about the machine.

mod samples;

use std::num::NonZeroUsize;

use routerlab_kernels::{Level, Matrix, Metric, Threads};
use samples::Numbers;

/// A digest of results: FNV-1a over the bits of every number, in order.
struct Digest(u64);

impl Digest {
    fn new() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }

    fn number(&mut self, bits: u64) {
        for byte in bits.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn floats(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.number(u64::from(value.to_bits())));
    }

    fn matrix(&mut self, matrix: &Matrix) {
        self.floats(matrix.values());
    }
}

/// Everything an operation gives, for one shape: rows, columns, queries.
type Operation = fn(&mut Digest, &Shape, Threads);

struct Shape {
    rows: Matrix,
    queries: Matrix,
    targets: Matrix,
}

const OPERATIONS: [(&str, Operation); 8] = [
    ("normalise_rows", |digest, shape, threads| digest.matrix(&shape.rows.normalise_rows(threads).unwrap())),
    ("multiply", |digest, shape, threads| {
        let cols = shape.rows.cols();
        let right = Matrix::new(cols, shape.queries.rows(), shape.queries.values().to_vec()).unwrap();
        digest.matrix(&shape.rows.multiply(&right, false, threads).unwrap());
    }),
    ("multiply transposed", |digest, shape, threads| {
        digest.matrix(&shape.rows.multiply(&shape.queries, true, threads).unwrap());
    }),
    ("nearest", |digest, shape, threads| {
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::Dot] {
            let found = shape.rows.nearest(&shape.queries, 7, metric, threads).unwrap();
            found.rows.iter().for_each(|&row| digest.number(u64::from(row)));
            digest.floats(&found.distances);
        }
    }),
    ("kmeans", |digest, shape, threads| {
        for rounds in [0, 1, 6] {
            let found = shape.rows.kmeans(9, rounds, 5, threads).unwrap();
            digest.matrix(&found.centroids);
            found.assignment.iter().for_each(|&cluster| digest.number(u64::from(cluster)));
            digest.number(found.inertia.to_bits());
            digest.number(u64::from(found.rounds));
        }
    }),
    ("ridge", |digest, shape, threads| digest.matrix(&shape.rows.ridge(&shape.targets, 0.5, threads).unwrap())),
    ("pca", |digest, shape, threads| {
        let found = shape.rows.pca(shape.rows.cols().min(5), threads).unwrap();
        digest.matrix(&found.mean);
        digest.matrix(&found.components);
        digest.floats(&found.variances);
    }),
    ("pca of dependent columns", |digest, shape, threads| {
        let few = shape.rows.slice_rows(0, shape.rows.rows().min(3)).unwrap();
        digest.floats(&few.pca(shape.rows.cols().min(2), threads).unwrap().variances);
    }),
];

/// (rows, columns, queries) on both sides of every block: one value, less than a vector, a tile and a bit, more than
/// a chain, more than a block of rows, enough for several threads.
const SHAPES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (2, 3, 5), (9, 17, 50), (49, 16, 7), (100, 385, 33), (700, 40, 3), (1100, 20, 1030), (400, 400, 60)];

fn shape(rows: usize, cols: usize, queries: usize) -> Shape {
    let mut numbers = Numbers::new((rows * 1_000_003 + cols * 1009 + queries) as u64);
    let targets = numbers.matrix(rows, 6);
    // Three columns miss rows: few, most, and all.
    let missing = |at: usize| match (at % 6, at / 6) {
        (1, row) => row % 7 == 3,
        (2, row) => row % 5 != 0,
        (3, _) => true,
        _ => false,
    };
    let holes = (0..).zip(targets.values()).map(|(at, &target)| if missing(at) { f32::NAN } else { target });
    Shape {
        rows: numbers.matrix(rows, cols),
        queries: numbers.matrix(queries, cols),
        targets: Matrix::new(rows, 6, holes.collect()).unwrap(),
    }
}

fn digest(operation: Operation, shape: &Shape, threads: Threads) -> u64 {
    let mut digest = Digest::new();
    operation(&mut digest, shape, threads);
    digest.0
}

#[test]
fn every_operation_gives_the_same_bits_at_every_level_and_for_every_number_of_threads() {
    for (rows, cols, queries) in SHAPES {
        let shape = shape(rows, cols, queries);
        for (name, operation) in OPERATIONS {
            let expected = Level::available()[0].force(|| digest(operation, &shape, Threads::ONE));
            for level in Level::available() {
                for count in [1, 2, 3, 7].map(|count| NonZeroUsize::new(count).unwrap()) {
                    let found = level.force(|| digest(operation, &shape, Threads::new(count)));
                    let level = level.name();
                    assert_eq!(found, expected, "{name} of {rows} x {cols}, {queries}, {level}, {count} threads");
                }
            }
        }
    }
}

/// Holds machines of different kinds to each other: these digests were computed once and must come out everywhere.
#[test]
fn every_operation_gives_the_published_bits() {
    const PUBLISHED: [(&str, u64); 8] = [
        ("normalise_rows", 0x9ae2_8435_3e65_4a62),
        ("multiply", 0x618b_e005_6905_4a4f),
        ("multiply transposed", 0x1951_b653_ee8d_f022),
        ("nearest", 0xe9c8_1d35_1033_0ec5),
        ("kmeans", 0xcca4_4986_8ea0_6d20),
        ("ridge", 0xd8e3_83ff_951e_cfcc),
        ("pca", 0x0b73_3c50_80e4_c8fa),
        ("pca of dependent columns", 0x21b9_fc75_58cd_d187),
    ];
    let shape = shape(300, 400, 20);
    let found = OPERATIONS.map(|(name, operation)| (name, digest(operation, &shape, Threads::all())));
    assert_eq!(found, PUBLISHED);
}
