//! From accuracy and cost in a cluster to one number for each model.

use routerlab_sdk::{Error, Preference, StateReader, StateWriter};
use serde::Deserialize;

/// How accuracy and cost become one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// As published: alpha x normalised accuracy + (1 - alpha) x normalised cheapness, then 1 / rank.
    #[default]
    Balance,
    /// Mean score, drawn towards the model's mean over all training, less cost weight x mean cost.
    PlugIn,
}

/// Mean accuracy and mean cost of each model in each cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Book {
    rule: Rule,
    models: usize,
    /// clusters x models; NaN for a model without any score in training.
    accuracy: Vec<f64>,
    /// clusters x models in US dollars; empty where costs are left out.
    cost_usd: Vec<f64>,
    /// One cost weight at which cost counts as much as accuracy, in 1 / USD: range of the models' mean accuracies over
    /// the largest mean cost, over all training.
    even_weight: f64,
}

impl Book {
    /// From sums and counts in clusters, and from means over all training, which stand in where a cluster knows nothing.
    pub(crate) fn new(
        scores: &[(f64, f64)],
        costs: &[(f64, f64)],
        (accuracy, cost): (&[f64], &[f64]),
        rule: Rule,
        shrink: f64,
    ) -> Self {
        let models = accuracy.len();
        let shrink = if rule == Rule::PlugIn { shrink } else { 0.0 };
        let means = |sums: &[(f64, f64)], overall: &[f64], shrink: f64| -> Vec<f64> {
            let overall = overall.iter().cycle();
            let mean = |(&(sum, count), &overall): (&(f64, f64), &f64)| match count + shrink == 0.0 {
                true => overall,
                false if overall.is_nan() => f64::NAN,
                false => (sum + shrink * overall) / (count + shrink),
            };
            sums.iter().zip(overall).map(mean).collect()
        };
        // Without the cost of one model it would look free, or all others too dear.
        let priced = cost.iter().all(|cost| !cost.is_nan());
        let known = || accuracy.iter().copied().filter(|mean| !mean.is_nan());
        let range = known().fold(f64::NEG_INFINITY, f64::max) - known().fold(f64::INFINITY, f64::min);
        let dearest = cost.iter().copied().fold(0.0, f64::max);
        // Models that are all as good differ in cost alone: any price of money turns to the cheap one.
        let even_weight = if priced && dearest > 0.0 { range.max(1e-6) / dearest } else { f64::INFINITY };
        Self {
            rule,
            models,
            accuracy: means(scores, accuracy, shrink),
            cost_usd: if priced { means(costs, cost, 0.0) } else { Vec::new() },
            even_weight,
        }
    }

    pub(crate) fn models(&self) -> usize {
        self.models
    }

    pub(crate) fn clusters(&self) -> usize {
        self.accuracy.len() / self.models
    }

    /// The published weight of accuracy: 1 where quality alone counts, 1/2 at the even weight, towards 0 as money is
    /// everything.
    pub(crate) fn alpha(&self, preference: &Preference) -> f64 {
        1.0 / (1.0 + f64::from(preference.cost_weight) / self.even_weight)
    }

    /// clusters x models.
    pub(crate) fn worth(&self, preference: &Preference) -> Vec<f64> {
        let none = vec![0.0; self.accuracy.len()];
        let costs = if self.cost_usd.is_empty() { &none } else { &self.cost_usd };
        let clusters = self.accuracy.chunks_exact(self.models).zip(costs.chunks_exact(self.models));
        match self.rule {
            Rule::PlugIn => {
                let weight = f64::from(preference.cost_weight);
                let plug = |(accuracy, cost): (&f64, &f64)| match accuracy.is_nan() {
                    true => -1.0 - weight * cost,
                    false => accuracy - weight * cost,
                };
                clusters.flat_map(|(accuracy, costs)| accuracy.iter().zip(costs).map(plug)).collect()
            }
            Rule::Balance => {
                let alpha = self.alpha(preference);
                clusters.flat_map(|(accuracy, costs)| reciprocal_ranks(&balances(accuracy, costs, alpha))).collect()
            }
        }
    }

    pub(crate) fn write(&self, writer: StateWriter) -> StateWriter {
        let floats = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
        writer
            .u32(u32::from(self.rule == Rule::PlugIn))
            .u32(self.models as u32)
            .f64(self.even_weight)
            .f32s(&floats(&self.accuracy))
            .f32s(&floats(&self.cost_usd))
    }

    pub(crate) fn read(reader: &mut StateReader<'_>) -> Result<Self, Error> {
        let rule = if reader.u32()? == 1 { Rule::PlugIn } else { Rule::Balance };
        let (models, even_weight) = (reader.u32()? as usize, reader.f64()?);
        let mut table = || Ok::<Vec<f64>, Error>(reader.f32s()?.into_iter().map(f64::from).collect());
        let (accuracy, cost_usd) = (table()?, table()?);
        let whole = models > 0 && !accuracy.is_empty() && accuracy.len().is_multiple_of(models);
        if !whole || !(cost_usd.is_empty() || cost_usd.len() == accuracy.len()) || even_weight.is_nan() {
            return Err(Error::malformed("the means of the clusters do not fit together"));
        }
        Ok(Self { rule, models, accuracy, cost_usd, even_weight })
    }
}

/// alpha x (acc - min) / (max - min) + (1 - alpha) x (1 - cost / max); NaN for a model of which nothing is known. Equal
/// accuracies are all 1, and free models all fully cheap.
fn balances(accuracy: &[f64], costs: &[f64], alpha: f64) -> Vec<f64> {
    let known = || accuracy.iter().copied().filter(|value| !value.is_nan());
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let dearest = costs.iter().copied().fold(0.0, f64::max);
    let balance = |(&accuracy, &cost): (&f64, &f64)| {
        let good = if most > least { (accuracy - least) / (most - least) } else { accuracy * 0.0 + 1.0 };
        let cheap = if dearest > 0.0 { 1.0 - cost / dearest } else { 1.0 };
        alpha * good + (1.0 - alpha) * cheap
    };
    accuracy.iter().zip(costs).map(balance).collect()
}

/// 1 / rank, the largest balance having rank 1; ties keep the order of the pool, unknown models come last.
fn reciprocal_ranks(balances: &[f64]) -> Vec<f64> {
    let key = |model: usize| if balances[model].is_nan() { f64::NEG_INFINITY } else { balances[model] };
    let mut order: Vec<usize> = (0..balances.len()).collect();
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    let mut ranks = vec![0.0; balances.len()];
    for (rank, model) in order.into_iter().enumerate() {
        ranks[model] = 1.0 / (rank as f64 + 1.0);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::Preference;

    use super::{Book, Rule, balances, reciprocal_ranks};

    fn wish(cost_weight: f32) -> Preference {
        Preference { cost_weight, latency_weight: 0.0 }
    }

    fn book(rule: Rule) -> Book {
        // One cluster of ten queries; a poor cheap model, a middling one, a good dear one.
        let (accuracy, cost) = ([0.5, 0.7, 0.9], [0.0, 0.004, 0.01]);
        let sums = |means: [f64; 3]| means.map(|mean| (10.0 * mean, 10.0));
        Book::new(&sums(accuracy), &sums(cost), (&accuracy, &cost), rule, 0.0)
    }

    #[test]
    fn the_balance_is_the_published_one() {
        let found = balances(&[0.5, 0.7, 0.9], &[0.0, 0.004, 0.01], 0.7);
        assert!(found.iter().zip([0.3, 0.35 + 0.18, 0.7]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(balances(&[0.5, 0.5], &[0.0, 0.0], 0.7), [1.0, 1.0]);
        assert_eq!(reciprocal_ranks(&[0.3, f64::NAN, 0.7, 0.3]), [0.5, 0.25, 1.0, 1.0 / 3.0]);
    }

    #[test]
    fn the_preference_sweeps_alpha_from_one_end_to_the_other() {
        let book = book(Rule::Balance);
        assert_eq!(book.alpha(&wish(0.0)), 1.0);
        // Range of accuracies 0.4 over the dearest 0.01 USD.
        assert!((book.alpha(&wish(40.0)) - 0.5).abs() < 1e-6);
        assert!(book.alpha(&wish(1e7)) < 1e-4);
        assert_eq!(book.worth(&wish(0.0)), [1.0 / 3.0, 0.5, 1.0]);
        assert_eq!(book.worth(&wish(1e7)), [1.0, 0.5, 1.0 / 3.0]);
    }

    #[test]
    fn the_plug_in_rule_takes_money_at_its_price() {
        let worth = book(Rule::PlugIn).worth(&wish(50.0));
        assert!(worth.iter().zip([0.5, 0.5, 0.4]).all(|(a, b)| (a - b).abs() < 1e-6), "{worth:?}");
    }
}
