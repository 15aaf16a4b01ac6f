//! Products and neighbours against their definitions, written out.

mod samples;

use routerlab_kernels::{CHAIN, KernelError, Matrix, Metric, Shape, Threads};
use samples::Numbers;

/// The published definition of one element of a product.
fn element(left: &[f32], right: &[f32]) -> f32 {
    let chain = |(left, right): (&[f32], &[f32])| left.iter().zip(right).fold(0f32, |sum, (a, b)| a.mul_add(*b, sum));
    left.chunks(CHAIN).zip(right.chunks(CHAIN)).map(chain).reduce(|sum, next| sum + next).unwrap()
}

fn exact(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[test]
fn every_element_of_a_product_is_its_chain() {
    let mut numbers = Numbers::new(1);
    for (rows, inner, cols) in [(1, 1, 1), (3, 5, 2), (9, 383, 49), (17, 385, 100), (8, 1000, 48), (130, 20, 5000)] {
        let left = numbers.matrix(rows, inner);
        let right = numbers.matrix(cols, inner);
        let columns = (0..inner * cols).map(|at| right.row(at % cols)[at / cols]).collect();
        let turned = Matrix::new(inner, cols, columns).unwrap();
        let product = left.multiply(&right, true, Threads::all()).unwrap();
        assert_eq!(left.multiply(&turned, false, Threads::all()).unwrap(), product);
        for i in 0..rows {
            for j in 0..cols {
                let found = product.row(i)[j];
                assert_eq!(found.to_bits(), element(left.row(i), right.row(j)).to_bits(), "{i}, {j} of {inner}");
                let error = (f64::from(found) - exact(left.row(i), right.row(j))).abs();
                assert!(error < 1e-6 * inner as f64, "{i}, {j} of {inner}: off by {error}");
            }
        }
    }
}

#[test]
fn a_product_without_rows_or_columns_is_empty() {
    let (none, two) = (Matrix::new(0, 3, vec![]).unwrap(), Matrix::new(2, 3, vec![1.0; 6]).unwrap());
    assert_eq!(none.multiply(&two, true, Threads::ONE).unwrap().shape(), Shape { rows: 0, cols: 2 });
    assert_eq!(two.multiply(&none, true, Threads::ONE).unwrap().shape(), Shape { rows: 2, cols: 0 });
}

#[test]
fn a_normalised_row_has_length_one_unless_it_is_zeros() {
    let mut numbers = Numbers::new(2);
    for cols in [1, 7, 16, 100] {
        let mut values = numbers.matrix(5, cols).values().to_vec();
        values[cols..2 * cols].fill(0.0);
        // Far outside of what the squares of 32-bit floats could hold.
        values[2 * cols..3 * cols].iter_mut().for_each(|value| *value *= 1e-30);
        values[3 * cols..4 * cols].iter_mut().for_each(|value| *value *= 1e30);
        let rows = Matrix::new(5, cols, values).unwrap().normalise_rows(Threads::ONE).unwrap();
        for row in [0, 2, 3, 4] {
            let length = exact(rows.row(row), rows.row(row)).sqrt();
            assert!((length - 1.0).abs() < 1e-6, "row {row} of width {cols}: {length}");
        }
        assert!(rows.row(1).iter().all(|&value| value == 0.0));
    }
    assert_eq!(Matrix::new(3, 0, vec![]).unwrap().normalise_rows(Threads::ONE).unwrap().rows(), 3);
}

/// The published distance of two rows.
fn distance(metric: Metric, query: &Matrix, row: &Matrix) -> f32 {
    let unit = |matrix: &Matrix| matrix.normalise_rows(Threads::ONE).unwrap();
    match metric {
        Metric::Euclidean => {
            let squares = element(query.values(), query.values()) + element(row.values(), row.values());
            (squares - 2.0 * element(query.values(), row.values())).max(0.0)
        }
        Metric::Cosine => (1.0 - element(unit(query).values(), unit(row).values())).clamp(0.0, 2.0),
        Metric::Dot => 0.0 - element(query.values(), row.values()),
    }
}

#[test]
fn the_nearest_rows_are_those_of_a_full_sort() {
    let mut numbers = Numbers::new(3);
    for (rows, cols, queries, k) in [(1, 1, 1, 1), (5, 3, 4, 9), (600, 20, 3, 10), (40, 390, 300, 6), (520, 5, 2, 520)]
    {
        // Whole numbers, so that there are ties, and every third row is a copy.
        let mut values: Vec<f32> = (0..rows * cols).map(|_| (numbers.next() * 2.0).round()).collect();
        for at in 0..values.len() {
            if at / cols % 3 == 2 {
                values[at] = values[at - cols];
            }
        }
        let known = Matrix::new(rows, cols, values).unwrap();
        let asked = numbers.matrix(queries, cols);
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::Dot] {
            let found = known.nearest(&asked, k, metric, Threads::all()).unwrap();
            assert_eq!(found.k, k.min(rows));
            for query in 0..queries {
                let one = asked.slice_rows(query, 1).unwrap();
                let mut all: Vec<(f32, u32)> = (0..rows)
                    .map(|row| (distance(metric, &one, &known.slice_rows(row, 1).unwrap()), row as u32))
                    .collect();
                all.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
                for (at, (distance, row)) in all.into_iter().take(found.k).enumerate() {
                    let at = query * found.k + at;
                    assert_eq!((found.distances[at], found.rows[at]), (distance, row), "{metric:?}, query {query}");
                }
            }
        }
    }
}

#[test]
fn equal_rows_are_at_distance_zero_and_come_in_their_order() {
    let row = Numbers::new(4).matrix(1, 500);
    let known = row.gather(&[0; 60]).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Dot] {
        let found = known.nearest(&row, 50, metric, Threads::all()).unwrap();
        assert_eq!(found.rows, (0..50).collect::<Vec<u32>>(), "{metric:?}");
    }
    assert_eq!(known.nearest(&row, 1, Metric::Euclidean, Threads::ONE).unwrap().distances, [0.0]);
}

#[test]
fn a_row_of_zeros_is_at_cosine_distance_one_from_everything() {
    let known = Matrix::new(3, 2, vec![0.0, 0.0, 1.0, 1.0, -1.0, -1.0]).unwrap();
    let queries = Matrix::new(2, 2, vec![0.0, 0.0, 3.0, 3.0]).unwrap();
    let found = known.nearest(&queries, 3, Metric::Cosine, Threads::ONE).unwrap();
    assert_eq!(found.rows, [0, 1, 2, 1, 0, 2]);
    assert_eq!(found.distances[..3], [1.0; 3]);
    assert_eq!(found.distances[4], 1.0);
}

#[test]
fn no_rows_have_no_neighbours_and_no_queries_get_none() {
    let (none, two) = (Matrix::new(0, 3, vec![]).unwrap(), Matrix::new(2, 3, vec![1.0; 6]).unwrap());
    let found = none.nearest(&two, 5, Metric::Dot, Threads::ONE).unwrap();
    assert_eq!((found.k, found.rows.len()), (0, 0));
    let found = two.nearest(&none, 5, Metric::Dot, Threads::ONE).unwrap();
    assert_eq!((found.k, found.rows.len()), (2, 0));
}

#[test]
fn requests_that_cannot_be_met_are_refused_by_name() {
    let threads = Threads::ONE;
    let matrix = |rows, cols, value| Matrix::new(rows, cols, vec![value; rows * cols]).unwrap();
    let (small, wide, holed, large) =
        (matrix(2, 3, 1.0), matrix(5, 4, 1.0), matrix(2, 3, f32::NAN), matrix(2, 3, 1e38));
    let cases: [(Option<KernelError>, &str); 20] = [
        (
            small.multiply(&wide, false, threads).err(),
            "the shapes of the two matrices of `multiply` do not fit: 2 x 3 and 5 x 4",
        ),
        (
            small.multiply(&holed, true, threads).err(),
            "`multiply` needs finite numbers, but `other` has at row 0, column 0: NaN",
        ),
        (
            holed.multiply(&small, true, threads).err(),
            "`multiply` needs finite numbers, but the matrix has at row 0, column 0: NaN",
        ),
        (large.multiply(&large, true, threads).err(), "the result of `multiply` overflows 32-bit floats in row 0"),
        (
            matrix(70_000, 0, 0.0).multiply(&matrix(70_000, 0, 0.0), true, threads).err(),
            "`multiply` needs a matrix with at least one column",
        ),
        (small.nearest(&small, 0, Metric::Dot, threads).err(), "`k` of `nearest` must be at least 1"),
        (
            small.nearest(&wide, 1, Metric::Dot, threads).err(),
            "the shapes of the two matrices of `nearest` do not fit: 2 x 3 and 5 x 4",
        ),
        (
            small.nearest(&holed, 1, Metric::Dot, threads).err(),
            "`nearest` needs finite numbers, but `queries` has at row 0, column 0: NaN",
        ),
        (
            small.nearest(&large, 1, Metric::Dot, threads).err(),
            "the distances of `nearest` overflow 32-bit floats in row 0 of `queries`",
        ),
        (
            large.nearest(&small, 1, Metric::Dot, threads).err(),
            "the distances of `nearest` overflow 32-bit floats in row 0 of the matrix",
        ),
        (small.kmeans(0, 1, 1, threads).err(), "`k` of `kmeans` must be at least 1"),
        (
            large.kmeans(1, 1, 1, threads).err(),
            "the distances of `kmeans` overflow 32-bit floats in row 0 of the matrix",
        ),
        (small.ridge(&small, 0.0, threads).err(), "`lambda` of `ridge` must be positive and finite: 0"),
        (small.ridge(&small, f32::NAN, threads).err(), "`lambda` of `ridge` must be positive and finite: NaN"),
        (
            small.ridge(&wide, 1.0, threads).err(),
            "the shapes of the two matrices of `ridge` do not fit: 2 x 3 and 5 x 4",
        ),
        (
            small.ridge(&matrix(2, 1, f32::INFINITY), 1.0, threads).err(),
            "`ridge` needs finite numbers, but `targets` has at row 0, column 0: inf",
        ),
        (small.pca(4, threads).err(), "`width` of `pca` must be between 1 and the number of columns, 3: 4"),
        (
            matrix(1, 20_000_000, 1.0).ridge(&matrix(1, 1, 1.0), 1.0, threads).err(),
            "there is no memory for a matrix of 20000000 x 20000001",
        ),
        (matrix(0, 3, 0.0).pca(1, threads).err(), "`pca` needs a matrix with at least one row"),
        (matrix(3, 0, 0.0).pca(1, threads).err(), "`pca` needs a matrix with at least one column"),
    ];
    for (error, expected) in cases {
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(expected));
    }
}
