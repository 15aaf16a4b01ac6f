//! Training queries that are remembered, and what models did on the nearest of them.

use routerlab_sdk::{Error, Matrix, Metric, QuerySet, Table};

/// The rows on which any model is known, ascending: a row on which nothing is known would only take a neighbour's place.
pub fn known_rows(table: &Table) -> Vec<u32> {
    let known = |&row: &u32| table.row(row as usize).iter().any(|value| !value.is_nan());
    (0..table.rows() as u32).filter(known).collect()
}

/// What a table says of these rows (ascending, each once), row after row.
pub fn values_of(table: Table, rows: &[u32]) -> Vec<f32> {
    if rows.len() == table.rows() {
        return table.into_values();
    }
    rows.iter().flat_map(|&row| table.row(row as usize)).copied().collect()
}

/// The embeddings of these rows (ascending, each once), each brought to length 1.
///
/// # Errors
/// When there are no embeddings.
pub fn remember(queries: &QuerySet<'_>, rows: &[u32]) -> Result<Matrix, Error> {
    let all = queries.embedding_matrix()?.normalise_rows()?;
    if rows.len() == all.rows() { Ok(all) } else { all.gather(rows) }
}

/// For each query its neighbours: row and cosine, nearest first.
pub type Near = Vec<Vec<(usize, f64)>>;

/// The `k` nearest rows of `remembered` (rows of length 1, so that the inner product is the cosine) for each query.
///
/// # Errors
/// When there are no embeddings, or they have another width.
pub fn nearest(remembered: &Matrix, queries: &QuerySet<'_>, k: u32) -> Result<Near, Error> {
    if queries.rows() == 0 {
        return Ok(Vec::new());
    }
    let queries = queries.embedding_matrix()?.normalise_rows()?;
    let found = remembered.nearest(&queries, k as usize, Metric::Dot)?;
    let of_query = |query| {
        let (rows, distances) = found.of(query);
        rows.iter().zip(distances).map(|(&row, &distance)| (row as usize, -f64::from(distance))).collect()
    };
    Ok((0..queries.rows()).map(of_query).collect())
}

/// The mean of a measure over a query's neighbours, drawn towards each model's mean over all training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalMean {
    /// Neighbours weigh exp(beta x cosine); 0 makes all alike.
    pub beta: f64,
    /// How many neighbours the overall mean counts for.
    pub shrink: f64,
}

impl LocalMean {
    /// For each model of a pool, from the first `k` of `neighbours`: with p the weighted mean of the known values and n
    /// their number, (n p + shrink x mean) / (n + shrink). `values` is remembered rows x models, NaN where nothing is
    /// known; `means` has one per model. Where a model's mean is NaN, so is the estimate.
    pub fn of(&self, neighbours: &[(usize, f64)], k: usize, values: &[f32], means: &[f32]) -> Vec<f64> {
        let models = means.len();
        let mut sums = vec![(0.0, 0.0, 0_u32); models];
        for &(row, cosine) in neighbours.iter().take(k) {
            let weight = if self.beta == 0.0 { 1.0 } else { (self.beta * (cosine - 1.0)).exp() };
            for (sum, &value) in sums.iter_mut().zip(&values[row * models..(row + 1) * models]) {
                if !value.is_nan() {
                    *sum = (sum.0 + weight * f64::from(value), sum.1 + weight, sum.2 + 1);
                }
            }
        }
        let estimate = |((sum, weight, count), &mean): ((f64, f64, u32), &f32)| {
            let (mean, count) = (f64::from(mean), f64::from(count));
            match count > 0.0 && weight > 0.0 {
                false => mean,
                true => (count * (sum / weight) + self.shrink * mean) / (count + self.shrink),
            }
        };
        sums.into_iter().zip(means).map(estimate).collect()
    }
}

/// Candidates for a number of neighbours or clusters that `rows` rows can give, ascending and each once.
pub fn counts_up_to(candidates: &[u32], rows: usize) -> Vec<u32> {
    let mut counts: Vec<u32> = candidates.iter().map(|count| (*count).min(rows as u32).max(1)).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{InMemory, Measure};

    use super::{LocalMean, counts_up_to, known_rows, nearest, remember, values_of};

    const NONE: f32 = f32::NAN;

    #[test]
    fn local_means_leave_missing_records_out_and_lean_on_the_overall_mean() {
        // Three rows, three models; the third is known nowhere near, the overall means are 0.5.
        let values = [1.0, 0.0, NONE, 1.0, NONE, NONE, 0.0, 1.0, NONE];
        let near = [(0, 1.0), (1, 0.9), (2, 0.1)];
        let plain = LocalMean { beta: 0.0, shrink: 0.0 };
        assert_eq!(plain.of(&near, 2, &values, &[0.5; 3]), [1.0, 0.0, 0.5]);
        let shrunk = LocalMean { shrink: 2.0, ..plain };
        assert_eq!(shrunk.of(&near, 2, &values, &[0.5; 3])[..2], [0.75, 1.0 / 3.0]);
        assert!(plain.of(&near, 2, &values, &[0.5, 0.5, NONE])[2].is_nan());
        // The third row is far and hardly weighs.
        let sharp = LocalMean { beta: 50.0, ..plain };
        assert!(sharp.of(&near, 3, &values, &[0.5; 3])[0] > 0.999);
    }

    #[test]
    fn a_row_on_which_nothing_is_known_takes_no_neighbours_place() {
        let set = InMemory::new(2).embeddings(2, vec![0.0, 4.0, 3.0, 0.0, 5.0, 0.5]);
        let set = set.scores(vec![0.25, NONE, NONE, NONE, NONE, 0.75]).build().unwrap();
        let table = set.table(Measure::Score).unwrap();
        let rows = known_rows(&table);
        assert_eq!(rows, [0, 2]);
        let remembered = remember(set.queries(), &rows).unwrap();
        let near = nearest(&remembered, &InMemory::new(0).embeddings(2, vec![1.0, 0.0]).queries().unwrap(), 1).unwrap();
        let values = values_of(table, &rows);
        assert!(near[0][0].0 == 1 && values[0] == 0.25 && values[3] == 0.75 && values.len() == 4);
    }

    #[test]
    fn no_more_neighbours_are_asked_for_than_there_are() {
        assert_eq!(counts_up_to(&[1, 3, 10, 40], 5), [1, 3, 5]);
        assert_eq!(counts_up_to(&[10, 40], 1), [1]);
    }
}
