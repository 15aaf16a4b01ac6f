//! What choosing a model costs, and the rule that weighs it against the score.

use routerlab_sdk::{Error, Measure, Preference, StateReader, StateWriter, TrainingSet, Utilities, log};

/// The mean cost and latency of each model in training: what a router expects to pay that does not predict it query by
/// query. A measure that is unknown for some model is left out for all: without it that model would look free, or all
/// others too dear.
#[derive(Debug, Clone, PartialEq)]
pub struct Expense {
    /// One per model, US dollars; empty where it is left out.
    costs_usd: Vec<f32>,
    /// One per model, seconds; empty where it is left out.
    latencies_s: Vec<f32>,
}

impl Expense {
    /// Means over training; says in the log what is left out.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn of(train: &TrainingSet<'_>) -> Result<Self, Error> {
        Ok(Self {
            costs_usd: means_of(train, Measure::CostUsd, "cost", 1.0)?,
            latencies_s: means_of(train, Measure::LatencyMs, "latency", 1e-3)?,
        })
    }

    /// Mean costs in US dollars, one per model; none where they are left out.
    pub fn costs_usd(&self) -> Option<&[f32]> {
        (!self.costs_usd.is_empty()).then_some(&self.costs_usd)
    }

    /// What one choice of a model takes away from its score under a preference.
    pub fn price(&self, model: usize, preference: &Preference) -> f32 {
        let of = |values: &[f32], weight: f32| values.get(model).map_or(0.0, |value| value * weight);
        of(&self.costs_usd, preference.cost_weight) + of(&self.latencies_s, preference.latency_weight)
    }

    /// Expected scores (queries x models) less what each model costs: the rule of the contract, and of CARROT (Somerstep et
    /// al., arXiv 2502.03261) with costs that do not depend on the query.
    pub fn weigh(&self, scores: &Utilities, models: usize, preference: &Preference) -> Utilities {
        let prices: Vec<f32> = (0..models).map(|model| self.price(model, preference)).collect();
        let mut weighed = scores.clone();
        for query in 0..scores.rows() {
            weighed.row_mut(query).iter_mut().zip(&prices).for_each(|(utility, price)| *utility -= price);
        }
        weighed
    }

    /// Adds the means to a state.
    #[must_use]
    pub fn write(&self, writer: StateWriter) -> StateWriter {
        writer.f32s(&self.costs_usd).f32s(&self.latencies_s)
    }

    /// Reads what [`Self::write`] wrote for a pool of `models`.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there is not one mean per model.
    pub fn read(reader: &mut StateReader<'_>, models: usize) -> Result<Self, Error> {
        let read = Self { costs_usd: reader.f32s()?, latencies_s: reader.f32s()? };
        let fits = |means: &[f32]| means.is_empty() || means.len() == models;
        if fits(&read.costs_usd) && fits(&read.latencies_s) {
            Ok(read)
        } else {
            Err(Error::malformed("the means of cost and latency do not fit the pool"))
        }
    }
}

/// The means of a measure, or nothing where some model has none.
fn means_of(train: &TrainingSet<'_>, measure: Measure, name: &str, scale: f64) -> Result<Vec<f32>, Error> {
    let means = train.means(measure)?;
    let unknown: Vec<usize> = (0..means.len()).filter(|&model| means[model].is_nan()).collect();
    if unknown.is_empty() {
        return Ok(means.into_iter().map(|mean| (mean * scale).max(0.0) as f32).collect());
    }
    log::warn(format!("{name} is left out of all choices: unknown for model(s) {unknown:?} in training"));
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{InMemory, Preference, StateWriter, Utilities};

    use super::Expense;

    fn planted(costs: Vec<f32>) -> Expense {
        Expense::of(&InMemory::new(2).scores(vec![1.0; 4]).costs_usd(costs).build().unwrap()).unwrap()
    }

    #[test]
    fn a_dear_model_must_be_better_by_what_it_costs_more() {
        let expense = planted(vec![0.01, 0.03, f32::NAN, 0.05]);
        let scores = Utilities::from_values(2, vec![0.5, 0.8]).unwrap();
        for (cost_weight, expected) in [(0.0, [0.5, 0.8]), (10.0, [0.4, 0.4])] {
            let preference = Preference { cost_weight, latency_weight: 7.0 };
            let weighed = expense.weigh(&scores, 2, &preference);
            assert!(weighed.row(0).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{cost_weight}");
        }
    }

    #[test]
    fn costs_that_are_unknown_for_one_model_are_left_out_for_all() {
        let expense = planted(vec![0.01, f32::NAN, 0.01, f32::NAN]);
        assert_eq!(expense.costs_usd(), None);
        let preference = Preference { cost_weight: 100.0, latency_weight: 0.0 };
        assert_eq!(expense.price(0, &preference), 0.0);
    }

    #[test]
    fn means_are_read_back_for_the_pool_they_are_of() {
        let expense = planted(vec![0.01, 0.03, 0.01, 0.03]);
        let state = expense.write(StateWriter::new("toy/1")).finish(vec![]);
        assert_eq!(Expense::read(&mut state.reader("toy/1").unwrap(), 2), Ok(expense));
        assert!(Expense::read(&mut state.reader("toy/1").unwrap(), 3).is_err());
    }
}
