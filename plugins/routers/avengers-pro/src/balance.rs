//! From accuracy and cost in a cluster to one number for each model.

use routerlab_sdk::{Error, Preference, StateReader, StateWriter};
use serde::Deserialize;

/// The score of a model without any score in training, under the plug-in rule: below every score.
const UNKNOWN: f64 = -1.0;

/// How accuracy and cost become one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// As published: alpha x normalised accuracy + (1 - alpha) x normalised cheapness, then 1 / rank.
    #[default]
    Balance,
    /// Mean score, drawn towards the model's mean over all training, less cost weight x mean cost, less latency weight x
    /// mean latency.
    PlugIn,
}

/// What is known of one measure: sums and counts in clusters (clusters x models), and each model's mean over all training,
/// which stands in where a cluster knows nothing.
pub(crate) struct Sums<'a> {
    pub(crate) in_clusters: Vec<(f64, f64)>,
    pub(crate) overall: &'a [f64],
}

impl Sums<'_> {
    /// clusters x models: means in clusters, the overall mean counting for `shrink` queries; NaN for a model without any.
    fn means(&self, shrink: f64) -> Vec<f64> {
        let mean = |(&(sum, count), &overall): (&(f64, f64), &f64)| match count + shrink == 0.0 {
            true => overall,
            false if overall.is_nan() => f64::NAN,
            false => (sum + shrink * overall) / (count + shrink),
        };
        self.in_clusters.iter().zip(self.overall.iter().cycle()).map(mean).collect()
    }

    /// The same, or nothing where the measure is unknown for some model: that model would look free, or all others too dear.
    fn means_if_known(&self) -> Vec<f64> {
        if self.overall.iter().any(|mean| mean.is_nan()) { Vec::new() } else { self.means(0.0) }
    }
}

/// Mean accuracy, cost and latency of each model in each cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Book {
    rule: Rule,
    models: usize,
    /// clusters x models; NaN for a model without any score in training.
    accuracy: Vec<f64>,
    /// clusters x models in US dollars; empty where costs are left out.
    cost_usd: Vec<f64>,
    /// clusters x models in milliseconds; empty where latencies are left out.
    latency_ms: Vec<f64>,
    /// One cost weight at which cost counts as much as accuracy, in 1 / USD: range of the models' mean accuracies over
    /// the largest mean cost, over all training.
    even_weight: f64,
}

impl Book {
    /// From scores, costs in US dollars and latencies in milliseconds.
    pub(crate) fn new([scores, costs, latencies]: [Sums<'_>; 3], rule: Rule, shrink: f64) -> Self {
        let known = || scores.overall.iter().copied().filter(|mean| !mean.is_nan());
        let range = known().fold(f64::NEG_INFINITY, f64::max) - known().fold(f64::INFINITY, f64::min);
        let dearest = costs.overall.iter().copied().fold(0.0, f64::max);
        let cost_usd = costs.means_if_known();
        // Models that are all as good differ in cost alone: any price of money turns to the cheap one.
        let even_weight = if !cost_usd.is_empty() && dearest > 0.0 { range.max(1e-6) / dearest } else { f64::INFINITY };
        Self {
            rule,
            models: scores.overall.len(),
            accuracy: scores.means(if rule == Rule::PlugIn { shrink } else { 0.0 }),
            cost_usd,
            latency_ms: latencies.means_if_known(),
            even_weight,
        }
    }

    pub(crate) fn rule(&self) -> Rule {
        self.rule
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
        match self.rule {
            Rule::PlugIn => {
                let latencies = if self.latency_ms.is_empty() { &none } else { &self.latency_ms };
                let (cost_weight, latency_weight) =
                    (f64::from(preference.cost_weight), f64::from(preference.latency_weight) / 1000.0);
                let plug = |((accuracy, cost), latency): ((&f64, &f64), &f64)| {
                    let accuracy = if accuracy.is_nan() { UNKNOWN } else { *accuracy };
                    accuracy - cost_weight * cost - latency_weight * latency
                };
                self.accuracy.iter().zip(costs).zip(latencies).map(plug).collect()
            }
            Rule::Balance => {
                let alpha = self.alpha(preference);
                let clusters = self.accuracy.chunks_exact(self.models).zip(costs.chunks_exact(self.models));
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
            .f32s(&floats(&self.latency_ms))
    }

    pub(crate) fn read(reader: &mut StateReader<'_>) -> Result<Self, Error> {
        let rule = if reader.u32()? == 1 { Rule::PlugIn } else { Rule::Balance };
        let (models, even_weight) = (reader.u32()? as usize, reader.f64()?);
        let mut table = || Ok::<Vec<f64>, Error>(reader.f32s()?.into_iter().map(f64::from).collect());
        let (accuracy, cost_usd, latency_ms) = (table()?, table()?, table()?);
        let whole = models > 0 && !accuracy.is_empty() && accuracy.len().is_multiple_of(models);
        let fits = |values: &[f64]| values.is_empty() || values.len() == accuracy.len();
        if !whole || !fits(&cost_usd) || !fits(&latency_ms) || even_weight.is_nan() || even_weight <= 0.0 {
            return Err(Error::malformed("the means of the clusters do not fit together"));
        }
        Ok(Self { rule, models, accuracy, cost_usd, latency_ms, even_weight })
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

    use super::{Book, Rule, Sums, balances, reciprocal_ranks};

    fn wish(cost_weight: f32) -> Preference {
        Preference { cost_weight, latency_weight: 0.0 }
    }

    /// Ten queries in one cluster.
    fn sums(means: &[f64; 3]) -> Sums<'_> {
        Sums { in_clusters: means.map(|mean| (10.0 * mean, 10.0)).to_vec(), overall: means }
    }

    fn book(rule: Rule) -> Book {
        // A poor cheap model, a middling one, a good dear and slow one.
        let (accuracy, cost, latency) = ([0.5, 0.7, 0.9], [0.0, 0.004, 0.01], [500.0, 500.0, 2500.0]);
        Book::new([sums(&accuracy), sums(&cost), sums(&latency)], rule, 0.0)
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
        // Two seconds more at 0.15 a second.
        let worth = book(Rule::PlugIn).worth(&Preference { cost_weight: 0.0, latency_weight: 0.15 });
        assert!(worth.iter().zip([0.425, 0.625, 0.525]).all(|(a, b)| (a - b).abs() < 1e-6), "{worth:?}");
    }

    #[test]
    fn a_cluster_that_knows_nothing_of_a_model_takes_its_mean_and_a_small_one_is_drawn_towards_it() {
        let sums =
            Sums { in_clusters: vec![(2.0, 2.0), (0.0, 0.0), (0.0, 2.0), (0.0, 0.0)], overall: &[0.5, f64::NAN] };
        let (plain, shrunk) = (sums.means(0.0), sums.means(2.0));
        assert_eq!([plain[0], plain[2], shrunk[0], shrunk[2]], [1.0, 0.0, 0.75, 0.25]);
        assert!(plain[1].is_nan() && shrunk[3].is_nan() && sums.means_if_known().is_empty());
        let empty = Sums { in_clusters: vec![(0.0, 0.0)], overall: &[0.3] };
        assert_eq!(empty.means(0.0), [0.3]);
    }

    #[test]
    fn costs_that_are_unknown_for_one_model_move_nothing() {
        let zero = Sums { in_clusters: vec![(1.0, 1.0); 2], overall: &[1.0, 1.0] };
        let scores = Sums { in_clusters: vec![(0.5, 1.0), (0.9, 1.0)], overall: &[0.5, 0.9] };
        let costs = Sums { in_clusters: vec![(1.0, 1.0), (0.0, 0.0)], overall: &[1.0, f64::NAN] };
        let book = Book::new([scores, costs, zero], Rule::Balance, 0.0);
        assert_eq!(book.worth(&wish(1e6)), book.worth(&wish(0.0)));
    }
}
