//! What is said of a model: how accurate it is, category by category.

use std::collections::BTreeMap;

use routerlab_sdk::{Error, Measure, TrainingSet};

/// Most rounds of k-means.
const ROUNDS: u32 = 100;

/// The category of every training query: its group, or its cluster where a number of clusters is set.
pub(crate) fn categories(train: &TrainingSet<'_>, clusters: Option<u32>, seed: u64) -> Result<Vec<u32>, Error> {
    match clusters {
        None => train.groups(0, train.rows()),
        Some(clusters) => {
            let embeddings = train.queries().embedding_matrix()?.normalise_rows()?;
            Ok(embeddings.kmeans(clusters as usize, ROUNDS, seed)?.assignment)
        }
    }
}

/// For each model its mean score over all and in every category, each as standard deviations above the mean of the
/// models. A mean over few records is drawn towards the model's mean over all, which counts for one record, so that a
/// model that is hardly known is described by what is known of it; 0 where it has no record at all. models x (1 +
/// categories), row after row.
pub(crate) fn descriptions(train: &TrainingSet<'_>, categories: &[u32]) -> Result<Vec<f32>, Error> {
    let models = train.models().len();
    let scores = train.table(Measure::Score)?;
    let means = train.means(Measure::Score)?;
    let mut sums: BTreeMap<Option<u32>, Vec<(f64, f64)>> = BTreeMap::new();
    for (row, &category) in categories.iter().enumerate() {
        for key in [Some(category), None] {
            let sums = sums.entry(key).or_insert_with(|| vec![(0.0, 0.0); models]);
            for (sum, score) in sums.iter_mut().zip(scores.row(row)).filter(|(_, score)| !score.is_nan()) {
                *sum = (sum.0 + f64::from(*score), sum.1 + 1.0);
            }
        }
    }
    let columns: Vec<Vec<f64>> = sums.into_values().map(|sums| standardised(sums, &means)).collect();
    let of_model = |model: usize| columns.iter().map(move |category| category[model] as f32);
    Ok((0..models).flat_map(of_model).collect())
}

fn standardised(sums: Vec<(f64, f64)>, means: &[f64]) -> Vec<f64> {
    let means: Vec<f64> =
        sums.into_iter().zip(means).map(|((sum, count), mean)| (sum + mean) / (count + 1.0)).collect();
    let known: Vec<f64> = means.iter().copied().filter(|mean| !mean.is_nan()).collect();
    let centre = known.iter().sum::<f64>() / known.len() as f64;
    let spread = (known.iter().map(|mean| (mean - centre).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
    let place = |mean: f64| if mean.is_nan() || spread < 1e-9 { 0.0 } else { (mean - centre) / spread };
    means.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::InMemory;

    use super::{categories, descriptions};

    const NONE: f32 = f32::NAN;

    #[test]
    fn a_model_is_described_by_where_it_stands_in_every_category() {
        let scores = vec![1.0, 0.0, NONE, 1.0, 0.0, NONE, 0.5, 0.5, NONE];
        let set = InMemory::new(3).scores(scores).build().unwrap();
        let described = descriptions(&set, &[7, 7, 2]).unwrap();
        // Over all, then categories 2 and 7; the third model has no record anywhere, and in category 2 the first two differ
        // by what is known of them elsewhere.
        assert_eq!(described, [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_model_that_is_hardly_known_is_described_by_its_mean() {
        // Model 1 has one record, in category 0, and is right; model 2 is right on all.
        let scores = vec![0.0, 1.0, 1.0, 0.0, NONE, 1.0];
        let set = InMemory::new(3).scores(scores).build().unwrap();
        let described = descriptions(&set, &[0, 1]).unwrap();
        assert_eq!(described[3..6], described[6..9]);
    }

    #[test]
    fn categories_are_groups_or_clusters() {
        let embeddings = vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.1, 0.1, 1.0];
        let set = InMemory::new(1).embeddings(2, embeddings).groups(vec![3, 3, 5, 5]).build().unwrap();
        assert_eq!(categories(&set, None, 1), Ok(vec![3, 3, 5, 5]));
        let clusters = categories(&set, Some(2), 1).unwrap();
        assert!(clusters[0] == clusters[2] && clusters[1] == clusters[3] && clusters[0] != clusters[1]);
    }
}
