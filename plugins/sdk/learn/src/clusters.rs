//! Training queries in clusters, and what models did in each.

use routerlab_sdk::{Clusters, Decisions, Error, Matrix, Metric, QuerySet, Random, Table, TrainingSet, log};
use serde::Deserialize;

use crate::counts_up_to;

/// From this many rows on, seedings are tried on a sample of as many: the centres hardly move, and the time no longer
/// grows with restarts x rows.
const SAMPLE: usize = 50_000;

/// The clusters with the least inertia of several seedings of k-means.
///
/// # Errors
/// When there are no rows.
pub fn tightest(rows: &Matrix, clusters: u32, restarts: u32, rounds: u32, seed: u64) -> Result<Clusters, Error> {
    let mut random = Random::new(seed);
    let sample = match rows.rows() > SAMPLE {
        true => Some(rows.gather(&sampled(rows.rows(), &mut random))?),
        false => None,
    };
    let tried = sample.as_ref().unwrap_or(rows);
    let mut best = tried.kmeans(clusters as usize, rounds, random.next_u64())?;
    for _ in 1..restarts {
        let found = tried.kmeans(clusters as usize, rounds, random.next_u64())?;
        if found.inertia < best.inertia {
            best = found;
        }
    }
    if sample.is_some() {
        log::info(format!("clusters are those of {SAMPLE} of {} rows", rows.rows()));
        best.assignment = best.centroids.nearest(rows, 1, Metric::Euclidean)?.rows;
    }
    Ok(best)
}

/// Rows without repetition, ascending.
fn sampled(rows: usize, random: &mut Random) -> Vec<u32> {
    let mut all: Vec<u32> = (0..rows as u32).collect();
    for at in 0..SAMPLE {
        let other = at + random.below((rows - at) as u32) as usize;
        all.swap(at, other);
    }
    all.truncate(SAMPLE);
    all.sort_unstable();
    all
}

/// For each query the `top_k` nearest clusters by inner product with their centroids, and weights that fall with the
/// distance 1 - e.c and add up to 1: softmax(-beta x distance).
///
/// # Errors
/// When there are no embeddings, or they have another width.
pub fn cluster_weights(
    centroids: &Matrix,
    queries: &QuerySet<'_>,
    top_k: u32,
    beta: f64,
) -> Result<Vec<Vec<(usize, f64)>>, Error> {
    if queries.rows() == 0 {
        return Ok(Vec::new());
    }
    let queries = queries.embedding_matrix()?.normalise_rows()?;
    // With centroids that are not normalised, unlike in training: as Avengers has it, and it favours tight clusters,
    // whose centroids are longer.
    let near = centroids.nearest(&queries, top_k as usize, Metric::Dot)?;
    let of_query = |query| {
        let (clusters, distances) = near.of(query);
        clusters.iter().map(|cluster| *cluster as usize).zip(softmax(distances, beta)).collect()
    };
    Ok((0..queries.rows()).map(of_query).collect())
}

/// Only differences of distances matter, so `1 - e.c` and `-e.c` give the same.
fn softmax(distances: &[f32], beta: f64) -> Vec<f64> {
    let nearest = distances.first().copied().map_or(0.0, f64::from);
    let weights: Vec<f64> = distances.iter().map(|&distance| (beta * (nearest - f64::from(distance))).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Of several numbers of clusters the one whose choices score best on validation, of equals the fewest; says so in the
/// log. `fit` makes a router of a number of clusters, `decide` asks it about the validation queries.
///
/// # Errors
/// What `fit` or `decide` fails with.
pub fn best_clusters<R>(
    candidates: &[u32],
    rows: usize,
    validation: &TrainingSet<'_>,
    fit: impl Fn(u32) -> Result<R, Error>,
    decide: impl Fn(&R) -> Result<Decisions, Error>,
) -> Result<R, Error> {
    let mut best: Option<(f64, u32, R)> = None;
    for clusters in counts_up_to(candidates, rows) {
        let fitted = fit(clusters)?;
        let score = validation.score_of(decide(&fitted)?.choices())?;
        if best.as_ref().is_none_or(|(best, _, _)| score > *best) {
            best = Some((score, clusters, fitted));
        }
    }
    let (_, clusters, best) = best.ok_or_else(|| Error::other("no number of clusters to choose from"))?;
    log::info(format!("{clusters} clusters were best on validation"));
    Ok(best)
}

/// What a missing record is in the mean of a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Left out.
    #[default]
    LeaveOut,
    /// Zero, as in LLMRouterBench: a wrong answer, or a free one.
    Zero,
}

/// Sum and count of a measure for every cluster and model (clusters x models, row after row).
pub fn cluster_sums(assignment: &[u32], clusters: usize, table: &Table, missing: Missing) -> Vec<(f64, f64)> {
    let models = table.models();
    let mut sums = vec![(0.0, 0.0); clusters * models];
    for (row, &cluster) in assignment.iter().enumerate() {
        let start = cluster as usize * models;
        for (sum, &value) in sums[start..start + models].iter_mut().zip(table.row(row)) {
            match (value.is_nan(), missing) {
                (true, Missing::LeaveOut) => {}
                (true, Missing::Zero) => sum.1 += 1.0,
                (false, _) => *sum = (sum.0 + f64::from(value), sum.1 + 1.0),
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{InMemory, Matrix, Measure};

    use super::{Missing, cluster_sums, cluster_weights, softmax, tightest};

    #[test]
    fn separable_clusters_are_found_and_weighed_by_distance() {
        let rows: Vec<f32> = [[1.0, 0.0], [0.0, 1.0]].into_iter().cycle().take(20).flatten().collect();
        let found = tightest(&Matrix::new(20, 2, rows).unwrap(), 2, 3, 50, 1).unwrap();
        assert!(found.inertia < 1e-6 && found.assignment[0] != found.assignment[1]);
        let queries = InMemory::new(1).embeddings(2, vec![3.0, 0.0]).queries().unwrap();
        let weights = cluster_weights(&found.centroids, &queries, 2, 9.0).unwrap();
        assert_eq!(weights[0][0].0, found.assignment[0] as usize);
        assert!((weights[0][0].1 - 1.0 / (1.0 + (-9.0_f64).exp())).abs() < 1e-9);
    }

    #[test]
    fn equally_near_clusters_weigh_alike() {
        assert_eq!(softmax(&[0.3, 0.3], 9.0), [0.5, 0.5]);
        assert_eq!(softmax(&[0.1, 0.9], 0.0), [0.5, 0.5]);
    }

    #[test]
    fn a_missing_record_is_left_out_unless_the_reference_is_followed() {
        let set = InMemory::new(2).scores(vec![1.0, f32::NAN, 0.5, 1.0]).build().unwrap();
        let table = set.table(Measure::Score).unwrap();
        assert_eq!(cluster_sums(&[0, 0], 1, &table, Missing::LeaveOut), [(1.5, 2.0), (1.0, 1.0)]);
        assert_eq!(cluster_sums(&[0, 0], 1, &table, Missing::Zero), [(1.5, 2.0), (1.0, 2.0)]);
    }
}
