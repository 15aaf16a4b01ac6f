//! One model measured against another: is it good enough, and what does it mean if it is not?

use routerlab_sdk::{Error, Measure, Table, TrainingSet};

use crate::{Expense, Targets};

/// The model with the highest mean score in training; of equals the one with the lower index.
///
/// # Errors
/// [`Error::Unsupported`] when no model has a score.
pub fn best_model(train: &TrainingSet<'_>) -> Result<usize, Error> {
    let means = train.means(Measure::Score)?;
    let better = |best: Option<usize>, model: usize| match best {
        Some(best) if means[best] >= means[model] => Some(best),
        _ => Some(model),
    };
    let best = (0..means.len()).filter(|&model| !means[model].is_nan()).fold(None, better);
    best.ok_or_else(|| Error::unsupported("no model has a score in training"))
}

/// What it means for a candidate to match a reference model within a slack, on average over training queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Mean score that is won where it matches; at least minus the slack.
    pub gain: f32,
    /// Mean score that is lost where it does not; at least 0.
    pub loss: f32,
}

impl Match {
    /// Labels 1 where the candidate's score is at least the reference's less `slack`, 0 where it is not, NaN where one of
    /// the two has no record (rows x candidates), and what each label is worth. The label rule is HybridLLM's (Ding et al.,
    /// arXiv 2404.14618, deterministic labels).
    ///
    /// # Errors
    /// None that a caller could cause; at least one candidate is needed.
    pub fn of(
        scores: &Table,
        reference: usize,
        candidates: &[usize],
        slack: f32,
    ) -> Result<(Targets, Vec<Self>), Error> {
        let mut labels = Vec::with_capacity(scores.rows() * candidates.len());
        // Sum and count where it matches, sum and count where it does not.
        let mut sums = vec![[0.0_f64; 4]; candidates.len()];
        for row in 0..scores.rows() {
            let row = scores.row(row);
            for (&candidate, sums) in candidates.iter().zip(&mut sums) {
                let more = row[candidate] - row[reference];
                if more.is_nan() {
                    labels.push(f32::NAN);
                    continue;
                }
                let (at, label) = if more >= -slack { (0, 1.0) } else { (2, 0.0) };
                sums[at] += f64::from(more);
                sums[at + 1] += 1.0;
                labels.push(label);
            }
        }
        let mean = |sum: f64, count: f64| if count > 0.0 { (sum / count) as f32 } else { 0.0 };
        let worth =
            |[gain, matches, loss, misses]: [f64; 4]| Self { gain: mean(gain, matches), loss: -mean(loss, misses) };
        Ok((Targets::new(candidates.len(), labels)?, sums.into_iter().map(worth).collect()))
    }

    /// Expected score above the reference's when the candidate matches with this probability.
    pub fn expected(&self, probability: f32) -> f32 {
        probability * self.gain - (1.0 - probability) * self.loss
    }
}

/// Models from the cheapest to the dearest by mean cost; in pool order where costs are not known.
pub fn cheapest_first(expense: &Expense, models: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..models).collect();
    if let Some(costs) = expense.costs_usd() {
        order.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]));
    }
    order
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{InMemory, Measure};

    use super::{Match, best_model};

    const NONE: f32 = f32::NAN;

    #[test]
    fn labels_follow_the_published_rule_and_missing_records_have_none() {
        let scores = vec![1.0, 1.0, 0.0, 1.0, 1.0, 0.0, NONE, 1.0, 0.5, 1.0];
        let set = InMemory::new(2).scores(scores).build().unwrap();
        let (labels, worth) = Match::of(&set.table(Measure::Score).unwrap(), 1, &[0], 0.0).unwrap();
        let found: Vec<f32> = (0..5).map(|row| labels.row(row)[0]).collect();
        assert_eq!(found[..3], [1.0, 0.0, 1.0]);
        assert!(found[3].is_nan() && found[4] == 0.0);
        assert_eq!(worth, [Match { gain: 0.5, loss: 0.75 }]);
        assert_eq!((worth[0].expected(1.0), worth[0].expected(0.0)), (0.5, -0.75));
    }

    #[test]
    fn the_best_model_has_the_highest_mean_and_of_equals_the_lowest_index() {
        let best = |scores: Vec<f32>| best_model(&InMemory::new(2).scores(scores).build().unwrap());
        assert_eq!(best(vec![0.0, 1.0, 1.0, 1.0]), Ok(1));
        assert_eq!(best(vec![1.0, 1.0]), Ok(0));
        assert_eq!(best(vec![NONE, 0.0]), Ok(1));
        assert!(best(vec![NONE, NONE]).is_err());
    }
}
