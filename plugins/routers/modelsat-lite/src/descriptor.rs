//! What is said of a model: how accurate it is, category by category.

use std::collections::BTreeMap;

use routerlab_sdk::{Error, Measure, TrainingSet};

/// For each model its mean score over all and in every training group (the categories), each as standard deviations
/// above the mean of the models; 0 where the model has no record. models x (1 + groups), row after row.
pub(crate) fn descriptions(train: &TrainingSet<'_>) -> Result<Vec<f32>, Error> {
    let models = train.models().len();
    let scores = train.table(Measure::Score)?;
    let mut sums: BTreeMap<Option<u32>, Vec<(f64, f64)>> = BTreeMap::new();
    for (row, group) in train.groups(0, train.rows())?.into_iter().enumerate() {
        for key in [Some(group), None] {
            let sums = sums.entry(key).or_insert_with(|| vec![(0.0, 0.0); models]);
            for (sum, score) in sums.iter_mut().zip(scores.row(row)).filter(|(_, score)| !score.is_nan()) {
                *sum = (sum.0 + f64::from(*score), sum.1 + 1.0);
            }
        }
    }
    let categories: Vec<Vec<f64>> = sums.into_values().map(standardised).collect();
    let of_model = |model: usize| categories.iter().map(move |category| category[model] as f32);
    Ok((0..models).flat_map(of_model).collect())
}

fn standardised(sums: Vec<(f64, f64)>) -> Vec<f64> {
    let means: Vec<f64> = sums.into_iter().map(|(sum, count)| sum / count).collect();
    let known: Vec<f64> = means.iter().copied().filter(|mean| !mean.is_nan()).collect();
    let centre = known.iter().sum::<f64>() / known.len() as f64;
    let spread = (known.iter().map(|mean| (mean - centre).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
    let place = |mean: f64| if mean.is_nan() || spread < 1e-9 { 0.0 } else { (mean - centre) / spread };
    means.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::InMemory;

    use super::descriptions;

    #[test]
    fn a_model_is_described_by_where_it_stands_in_every_category() {
        let scores = vec![1.0, 0.0, f32::NAN, 1.0, 0.0, f32::NAN, 0.5, 0.5, f32::NAN];
        let set = InMemory::new(3).scores(scores).groups(vec![7, 7, 2]).build().unwrap();
        // Over all, then groups 2 and 7; the third model has no record anywhere.
        assert_eq!(descriptions(&set).unwrap(), [1.0, 0.0, 1.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0]);
    }
}
