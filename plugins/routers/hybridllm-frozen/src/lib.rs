//! Sends a query to the small model where that is good enough, else to the large one.

use routerlab_learn::{
    Expense, Heads, Match, Perceptron, Reducer, Settings, best_model, cheapest_first, training_schema,
};
use routerlab_sdk::{
    Decisions, Error, Measure, Needs, Preference, QuerySet, Random, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, config, export_router, log,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "hybridllm-frozen/1";

/// A model that is neither small nor large stands this far below both: it is chosen only where neither is available.
const OUTSIDE: f32 = 2.0;

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Index of the large model; the one with the highest mean score in training when not set.
    pub large: Option<u32>,
    /// Index of the small model; the most accurate of those that cost at most half of the large one when not set.
    pub small: Option<u32>,
    /// How much worse than the large one the small one may be and still be good enough (t).
    pub slack: f32,
    /// Width of a hidden layer; none, which is logistic regression, when 0.
    pub hidden: u32,
    /// How it is trained.
    pub training: Settings,
}

/// The probability that the small model is good enough, and what follows from it.
pub struct HybridLlm {
    heads: Heads<Perceptron>,
    expense: Expense,
    large: usize,
    small: usize,
    worth: Match,
    /// Mean score of each model, below all others where it has none.
    means: Vec<f32>,
}

impl Router for HybridLlm {
    const NAME: &'static str = "hybridllm-frozen";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"large":{"type":"integer","minimum":0},"small":{"type":"integer","minimum":0},"slack":{"type":"number","minimum":0,"default":0},"hidden":{"type":"integer","minimum":0,"default":0},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.check(train.models().len())?;
        let expense = Expense::of(train)?;
        let means = train.means(Measure::Score)?;
        let large = config.large.map_or_else(|| best_model(train), |model| Ok(model as usize))?;
        let small = config.small.map_or_else(|| small_beside(large, &means, &expense), |model| model as usize);
        log::info(format!("model {small} is the small one, model {large} the large one"));
        let labelled = |set: &TrainingSet<'_>| Match::of(&set.table(Measure::Score)?, large, &[small], config.slack);
        let ((targets, worth), (validation_targets, _)) = (labelled(train)?, labelled(validation)?);
        let heads = Heads::fit(
            (train, &targets),
            (validation, &validation_targets),
            config.training.width as usize,
            &config.training.schedule(),
            &mut Random::new(seed),
            |width, random| Perceptron::new(width, config.hidden as usize, &targets.prior_logits(), random),
        )?;
        let means = means.into_iter().map(|mean| if mean.is_nan() { -1.0 } else { mean as f32 }).collect();
        Ok(Self { heads, expense, large, small, worth: worth[0], means }.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(TAG)?;
        let (large, small) = (reader.u32()? as usize, reader.u32()? as usize);
        let worth = Match { gain: reader.f32()?, loss: reader.f32()? };
        let means = reader.f32s()?;
        let expense = Expense::read(&mut reader, means.len())?;
        let heads = Heads::read(&mut reader, matrix)?;
        reader.end()?;
        if large >= means.len() || small >= means.len() || heads.heads() != 1 {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { heads, expense, large, small, worth, means })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let enough = self.heads.probabilities(queries)?;
        preferences.iter().map(|wish| self.weigh(&enough, wish).decide(unavailable)).collect()
    }
}

impl Config {
    fn check(&self, models: usize) -> Result<(), Error> {
        self.training.check()?;
        for (key, model) in [("large", self.large), ("small", self.small)] {
            if let Some(model) = model.filter(|&model| model as usize >= models) {
                return Err(Error::config(key, format!("is model {model} of a pool of {models}")));
            }
        }
        config::not_negative("slack", self.slack)?;
        Ok(())
    }
}

impl HybridLlm {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.large as u32).u32(self.small as u32);
        let writer = writer.f32(self.worth.gain).f32(self.worth.loss).f32s(&self.means);
        let (writer, matrix) = self.heads.write(self.expense.write(writer));
        writer.finish(vec![matrix])
    }

    /// Expected score less cost of the two models, and all others below both.
    fn weigh(&self, enough: &[f32], preference: &Preference) -> Utilities {
        let price = |model| self.expense.price(model, preference);
        let large = self.means[self.large] - price(self.large);
        let mut utilities = Utilities::new(enough.len(), self.means.len());
        for (query, &enough) in enough.iter().enumerate() {
            let small = self.means[self.large] + self.worth.expected(enough) - price(self.small);
            let row = utilities.row_mut(query);
            row.iter_mut().zip(&self.means).for_each(|(utility, mean)| *utility = small.min(large) + mean - OUTSIDE);
            row[self.small] = small;
            row[self.large] = large;
        }
        utilities
    }
}

/// The most accurate model that costs at most half of what the large one does; the cheapest where there is none; the
/// next best where costs are not known; the large one itself where it is alone.
fn small_beside(large: usize, means: &[f64], expense: &Expense) -> usize {
    let others = || (0..means.len()).filter(|&model| model != large && !means[model].is_nan());
    let best_of = |models: &mut dyn Iterator<Item = usize>| {
        models.reduce(|best, model| if means[model] > means[best] { model } else { best })
    };
    let Some(costs) = expense.costs_usd() else { return best_of(&mut others()).unwrap_or(large) };
    let cheap = best_of(&mut others().filter(|&model| costs[model] <= 0.5 * costs[large]));
    let cheapest = || cheapest_first(expense, means.len()).into_iter().find(|&model| model != large);
    cheap.or_else(cheapest).unwrap_or(large)
}

export_router!(HybridLlm);

#[cfg(test)]
mod tests;
