//! Clusters, regression and components find what was planted, and are what their definitions say.

mod samples;

use routerlab_kernels::{Clusters, Matrix, Metric, Threads};
use samples::Numbers;

/// Rows around `centres` points that lie far apart; row r belongs to point r % centres.
fn planted(rows: usize, cols: usize, centres: usize) -> Matrix {
    let mut numbers = Numbers::new(7);
    let points = numbers.matrix(centres, cols);
    let values = (0..rows * cols).map(|at| {
        let (row, col) = (at / cols, at % cols);
        100.0 * points.row(row % centres)[col] + numbers.next()
    });
    Matrix::new(rows, cols, values.collect()).unwrap()
}

/// The mean of each cluster's rows, in 64 bits, in the order of the rows.
fn means(rows: &Matrix, assignment: &[u32], k: usize) -> Matrix {
    let cols = rows.cols();
    let (mut sums, mut sizes) = (vec![0f64; k * cols], vec![0f64; k]);
    for (row, &cluster) in assignment.iter().enumerate() {
        sizes[cluster as usize] += 1.0;
        for (col, &value) in rows.row(row).iter().enumerate() {
            sums[cluster as usize * cols + col] += f64::from(value);
        }
    }
    let values = sums.iter().enumerate().map(|(at, sum)| (sum / sizes[at / cols]) as f32).collect();
    Matrix::new(k, cols, values).unwrap()
}

fn nearest_centres(rows: &Matrix, centres: &Matrix) -> Vec<u32> {
    centres.nearest(rows, 1, Metric::Euclidean, Threads::ONE).unwrap().rows
}

#[test]
fn clusters_that_lie_apart_are_found() {
    let (rows, centres) = (planted(600, 12, 5), 5);
    let found = rows.kmeans(centres, 50, 3, Threads::all()).unwrap();
    for row in 0..600 {
        assert_eq!(found.assignment[row], found.assignment[row % centres], "row {row}");
    }
    let mut numbers: Vec<u32> = found.assignment[..centres].to_vec();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(found.rounds < 50, "the rounds end when nothing changes");
}

#[test]
fn a_round_moves_every_centre_to_the_mean_of_the_rows_nearest_to_it() {
    let rows = Numbers::new(8).matrix(500, 30);
    let seeds = rows.kmeans(8, 0, 11, Threads::all()).unwrap();
    let (mut centres, mut assignment) = (seeds.centroids.clone(), seeds.assignment.clone());
    assert_eq!(seeds.rounds, 0);
    assert_eq!(nearest_centres(&rows, &centres), assignment);
    for rounds in 1..6 {
        assignment = nearest_centres(&rows, &centres);
        centres = means(&rows, &assignment, 8);
        let Clusters { centroids, assignment: found, inertia, rounds: done } =
            rows.kmeans(8, rounds, 11, Threads::all()).unwrap();
        assert_eq!((&centroids, &found, done), (&centres, &assignment, rounds));
        let square = |row: usize| {
            let centre = centroids.row(found[row] as usize);
            rows.row(row).iter().zip(centre).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>()
        };
        let expected: f64 = (0..500).map(square).sum();
        assert!((inertia - expected).abs() < 1e-9 * expected, "{inertia} instead of {expected}");
    }
}

#[test]
fn more_rounds_never_make_the_inertia_worse() {
    let rows = Numbers::new(9).matrix(400, 10);
    let inertia = |rounds| rows.kmeans(6, rounds, 2, Threads::ONE).unwrap().inertia;
    for rounds in 0..8 {
        assert!(inertia(rounds + 1) <= inertia(rounds), "round {}", rounds + 1);
    }
}

#[test]
fn seeds_differ_between_seeds_and_never_repeat_a_row_while_others_are_farther() {
    let rows = Numbers::new(10).matrix(50, 4);
    let seeds = |seed| rows.kmeans(50, 0, seed, Threads::ONE).unwrap();
    assert_ne!(seeds(1).centroids, seeds(2).centroids);
    assert_eq!(seeds(1).inertia, 0.0);
    let mut all = seeds(1).assignment;
    all.sort_unstable();
    assert_eq!(all, (0..50).collect::<Vec<u32>>());
}

#[test]
fn a_cluster_that_loses_its_rows_gets_the_farthest_row() {
    // All rows but the last are equal, so whichever is drawn first, two of the three centres are equal and the second
    // of those two has no rows of its own.
    let mut values = vec![1.0; 12];
    values[10] = 5.0;
    let rows = Matrix::new(6, 2, values).unwrap();
    for seed in 0..10 {
        let found = rows.kmeans(3, 10, seed, Threads::ONE).unwrap();
        let mut sizes = [0; 3];
        found.assignment.iter().for_each(|&cluster| sizes[cluster as usize] += 1);
        assert!(sizes.iter().all(|&size| size > 0), "seed {seed}: {sizes:?}");
        assert_eq!(found.inertia, 0.0);
        // The last row is alone in its cluster, and the first of the equal rows was moved.
        assert_eq!(sizes[found.assignment[5] as usize], 1, "seed {seed}");
        assert_eq!(sizes[found.assignment[0] as usize], 1, "seed {seed}");
    }
}

#[test]
fn there_are_no_more_clusters_than_rows() {
    let rows = Numbers::new(11).matrix(3, 4);
    let found = rows.kmeans(10, 5, 1, Threads::ONE).unwrap();
    assert_eq!((found.centroids.rows(), found.inertia), (3, 0.0));
    let found = rows.slice_rows(0, 0).unwrap().kmeans(10, 5, 1, Threads::ONE).unwrap();
    assert_eq!((found.centroids.rows(), found.assignment.len(), found.rounds), (0, 0, 0));
}

/// Weights and intercepts, targets that follow them exactly.
fn planted_targets(rows: &Matrix, targets: usize) -> (Matrix, Matrix) {
    let weights = Numbers::new(12).matrix(targets, rows.cols() + 1);
    let values = (0..rows.rows() * targets).map(|at| {
        let weights = weights.row(at % targets);
        let sum: f64 = rows.row(at / targets).iter().zip(weights).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        (sum + f64::from(weights[rows.cols()])) as f32
    });
    (Matrix::new(rows.rows(), targets, values.collect()).unwrap(), weights)
}

#[test]
fn ridge_recovers_planted_weights_also_where_targets_are_missing() {
    // Columns of very different size and place, so that centring matters.
    let mut numbers = Numbers::new(13);
    let values = (0..900 * 20).map(|at| numbers.next() * (1 + at % 20) as f32 + 50.0 * (at % 3) as f32).collect();
    let rows = Matrix::new(900, 20, values).unwrap();
    let (targets, weights) = planted_targets(&rows, 4);
    let keep = |at: usize| match at % 4 {
        1 => !(at / 4).is_multiple_of(10),
        2 => (at / 4).is_multiple_of(10),
        3 => at / 4 < 450,
        _ => true,
    };
    let holed = (0..).zip(targets.values()).map(|(at, &value)| if keep(at) { value } else { f32::NAN }).collect();
    let holed = Matrix::new(900, 4, holed).unwrap();
    let found = rows.ridge(&holed, 1e-4, Threads::all()).unwrap();
    for col in 0..4 {
        for weight in 0..20 {
            let (found, planted) = (found.row(weight)[col], weights.row(col)[weight]);
            assert!((found - planted).abs() < 1e-4, "column {col}, weight {weight}: {found} instead of {planted}");
        }
        let (found, planted) = (found.row(20)[col], weights.row(col)[20]);
        assert!((found - planted).abs() < 1e-2, "column {col}, intercept: {found} instead of {planted}");
    }
}

/// Solves the normal equations with an unpenalised column of ones, by elimination in 64 bits.
fn naive_ridge(rows: &Matrix, target: &[f32], lambda: f64) -> Vec<f64> {
    let size = rows.cols() + 1;
    let feature = |row: usize, col: usize| rows.row(row).get(col).map_or(1.0, |&value| f64::from(value));
    let mut system = vec![vec![0.0; size + 1]; size];
    for row in (0..rows.rows()).filter(|&row| !target[row].is_nan()) {
        for (i, sums) in system.iter_mut().enumerate() {
            for (j, sum) in sums[..size].iter_mut().enumerate() {
                *sum += feature(row, i) * feature(row, j);
            }
            sums[size] += feature(row, i) * f64::from(target[row]);
        }
    }
    for (i, sums) in system[..size - 1].iter_mut().enumerate() {
        sums[i] += lambda;
    }
    for i in 0..size {
        let best = (i..size).max_by(|&a, &b| system[a][i].abs().total_cmp(&system[b][i].abs())).unwrap();
        system.swap(i, best);
        let pivot = system[i].clone();
        for (_, row) in system.iter_mut().enumerate().filter(|(at, _)| *at != i) {
            let factor = row[i] / pivot[i];
            row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
    (0..size).map(|i| system[i][size] / system[i][i]).collect()
}

#[test]
fn ridge_solves_the_penalised_equations() {
    let mut numbers = Numbers::new(14);
    for (rows, cols, lambda) in [(50, 6, 1.0), (4, 6, 0.5), (1, 3, 2.0), (300, 1, 100.0)] {
        let features = numbers.matrix(rows, cols);
        let targets = numbers.matrix(rows, 3);
        let holed =
            (0..).zip(targets.values()).map(|(at, &value)| if at % 9 == 4 { f32::NAN } else { value }).collect();
        let targets = Matrix::new(rows, 3, holed).unwrap();
        let found = features.ridge(&targets, lambda, Threads::ONE).unwrap();
        for col in 0..3 {
            let target: Vec<f32> = (0..rows).map(|row| targets.row(row)[col]).collect();
            if target.iter().all(|value| value.is_nan()) {
                continue;
            }
            for (at, expected) in naive_ridge(&features, &target, f64::from(lambda)).into_iter().enumerate() {
                let found = f64::from(found.row(at)[col]);
                assert!((found - expected).abs() < 1e-5, "{rows} x {cols}, weight {at}: {found} instead of {expected}");
            }
        }
    }
}

#[test]
fn a_target_without_observations_gets_weights_of_zero() {
    let rows = Numbers::new(15).matrix(5, 3);
    let targets = (0..10).map(|at| if at % 2 == 0 { f32::NAN } else { 2.5 }).collect();
    let found = rows.ridge(&Matrix::new(5, 2, targets).unwrap(), 1.0, Threads::ONE).unwrap();
    for weight in 0..4 {
        assert_eq!(found.row(weight)[0].to_bits(), 0);
        // A constant target is its intercept.
        assert_eq!(found.row(weight)[1], if weight == 3 { 2.5 } else { 0.0 });
    }
    let nothing = Matrix::new(0, 3, vec![]).unwrap();
    let found = nothing.ridge(&Matrix::new(0, 2, vec![]).unwrap(), 1.0, Threads::ONE).unwrap();
    assert_eq!(found.values(), [0.0; 8]);
}

#[test]
fn components_are_the_planted_directions() {
    // Three directions at right angles with variances 100, 25 and 4 (times that of the numbers), and a little noise.
    let mut numbers = Numbers::new(16);
    let directions = [[0.5f32, 0.5, 0.5, 0.5, 0.0], [-0.5, 0.5, -0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]];
    let mut values = Vec::new();
    for _ in 0..4000 {
        let along = [10.0 * numbers.next(), 5.0 * numbers.next(), 2.0 * numbers.next()];
        values.extend((0..5).map(|col| {
            let sum: f32 = along.iter().zip(directions).map(|(along, direction)| along * direction[col]).sum();
            1000.0 + sum + 0.01 * numbers.next()
        }));
    }
    let rows = Matrix::new(4000, 5, values).unwrap();
    let found = rows.pca(3, Threads::all()).unwrap();
    for (at, (direction, variance)) in directions.iter().zip([100.0, 25.0, 4.0]).enumerate() {
        let component = found.components.row(at);
        let cosine: f32 = component.iter().zip(direction).map(|(a, b)| a * b).sum();
        assert!(cosine.abs() > 0.999, "component {at}: {cosine}");
        let largest = component.iter().fold(0f32, |best, &value| if value.abs() > best.abs() { value } else { best });
        assert!(largest > 0.0, "the largest entry of component {at} is positive");
        // Numbers between -1 and 1 have variance 1/3.
        let ratio = found.variances[at] * 3.0 / variance;
        assert!((0.9..1.1).contains(&ratio), "variance {at}: {}", found.variances[at]);
    }
    assert!(found.mean.values().iter().all(|mean| (mean - 1000.0).abs() < 1.0));
}

#[test]
fn projections_on_all_components_have_the_variances_and_no_covariance() {
    let rows = Numbers::new(17).matrix(200, 40);
    let found = rows.pca(40, Threads::ONE).unwrap();
    let project = |row: usize, component: usize| -> f64 {
        let along = found.components.row(component).iter();
        let from_mean = rows.row(row).iter().zip(found.mean.values()).map(|(a, b)| f64::from(a - b));
        from_mean.zip(along).map(|(a, &b)| a * f64::from(b)).sum()
    };
    for i in 0..40 {
        for j in 0..=i {
            let covariance = (0..200).map(|row| project(row, i) * project(row, j)).sum::<f64>() / 199.0;
            let expected = if i == j { f64::from(found.variances[i]) } else { 0.0 };
            assert!((covariance - expected).abs() < 1e-6, "{i}, {j}: {covariance} instead of {expected}");
        }
    }
}

#[test]
fn a_single_row_has_no_variance() {
    let found = Matrix::new(1, 3, vec![1.0, 2.0, 3.0]).unwrap().pca(2, Threads::ONE).unwrap();
    assert_eq!(found.mean.values(), [1.0, 2.0, 3.0]);
    assert_eq!(found.variances, [0.0, 0.0]);
}
