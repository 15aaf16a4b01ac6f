//! Takes the cheapest model that matches a reference model often enough.

use routerlab_learn::{
    Expense, Heads, Match, Perceptron, Reducer, Settings, best_model, cheapest_first, training_schema,
};
use routerlab_sdk::{
    Decisions, Error, Measure, ModelIndex, Needs, Preference, QuerySet, Random, Router, State, StateWriter,
    TrainingSet, Unavailable, Utilities, config, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "bestroute-heads/1";

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Index of the reference model; the one with the highest mean score in training when not set.
    pub reference: Option<u32>,
    /// How much worse than the reference a model may be and still match it (t).
    pub slack: f32,
    /// The match probability from which a model is taken, at every preference; when not set, a model is taken where its
    /// expected score less its cost is above the reference's.
    pub threshold: Option<f32>,
    /// Width of a hidden layer; none, which is logistic regression, when 0.
    pub hidden: u32,
    /// How it is trained.
    pub training: Settings,
}

/// For every candidate the probability that it matches the reference.
pub struct BestRoute {
    heads: Heads<Perceptron>,
    expense: Expense,
    reference: usize,
    /// The models that have a head, cheapest first.
    candidates: Vec<u32>,
    worth: Vec<Match>,
    threshold: Option<f32>,
    /// Mean score of each model; those without one below all others.
    means: Vec<f32>,
}

impl Router for BestRoute {
    const NAME: &'static str = "bestroute-heads";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"reference":{"type":"integer","minimum":0},"slack":{"type":"number","minimum":0,"default":0},"threshold":{"type":"number","minimum":0,"maximum":1},"hidden":{"type":"integer","minimum":0,"default":0},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        let models = train.models().len();
        config.check(models)?;
        let expense = Expense::of(train)?;
        let means = train.means(Measure::Score)?;
        let reference = config.reference.map_or_else(|| best_model(train), |model| Ok(model as usize))?;
        let mut candidates = cheapest_first(&expense, models);
        // A pool of one has no candidate but the reference itself, which always matches.
        candidates.retain(|&model| models == 1 || (model != reference && !means[model].is_nan()));
        if candidates.is_empty() {
            candidates.push(reference);
        }
        let labelled =
            |set: &TrainingSet<'_>| Match::of(&set.table(Measure::Score)?, reference, &candidates, config.slack);
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
        let candidates = candidates.into_iter().map(|model| model as u32).collect();
        let threshold = config.threshold;
        Ok(Self { heads, expense, reference, candidates, worth, threshold, means }.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(TAG)?;
        let (reference, threshold) = (reader.u32()? as usize, reader.f32()?);
        let (candidates, gains, losses) = (reader.u32s()?, reader.f32s()?, reader.f32s()?);
        let means = reader.f32s()?;
        let expense = Expense::read(&mut reader, means.len())?;
        let heads = Heads::read(&mut reader, matrix)?;
        reader.end()?;
        let counts = [gains.len(), losses.len(), heads.heads()];
        let exists = |model: usize| model < means.len();
        if !exists(reference)
            || candidates.iter().any(|&model| !exists(model as usize))
            || counts.iter().any(|count| *count != candidates.len())
        {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        let worth = gains.into_iter().zip(losses).map(|(gain, loss)| Match { gain, loss }).collect();
        let threshold = (!threshold.is_nan()).then_some(threshold);
        Ok(Self { heads, expense, reference, candidates, worth, threshold, means })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let matches = self.heads.probabilities(queries)?;
        preferences.iter().map(|wish| self.decide(&matches, wish, unavailable)).collect()
    }
}

impl Config {
    fn check(&self, models: usize) -> Result<(), Error> {
        self.training.check()?;
        if let Some(model) = self.reference.filter(|&model| model as usize >= models) {
            return Err(Error::config("reference", format!("is model {model} of a pool of {models}")));
        }
        config::not_negative("slack", self.slack)?;
        if let Some(threshold) = self.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
            return Err(Error::config("threshold", format!("must lie between 0 and 1: {threshold}")));
        }
        Ok(())
    }
}

impl BestRoute {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.reference as u32).f32(self.threshold.unwrap_or(f32::NAN));
        let of = |part: fn(&Match) -> f32| self.worth.iter().map(part).collect::<Vec<f32>>();
        let writer = writer.u32s(&self.candidates).f32s(&of(|worth| worth.gain)).f32s(&of(|worth| worth.loss));
        let (writer, matrix) = self.heads.write(self.expense.write(writer.f32s(&self.means)));
        writer.finish(vec![matrix])
    }

    /// The first candidate that passes, cheapest first, else the reference; where that is not available, the best of what
    /// is.
    fn decide(&self, matches: &[f32], preference: &Preference, unavailable: &Unavailable) -> Result<Decisions, Error> {
        let queries = matches.len() / self.candidates.len();
        let mut utilities = Utilities::new(queries, self.means.len());
        let of_reference = self.means[self.reference] - self.expense.price(self.reference, preference);
        let mut passing: Vec<Option<ModelIndex>> = Vec::with_capacity(queries);
        for (query, matches) in matches.chunks_exact(self.candidates.len()).enumerate() {
            let row = utilities.row_mut(query);
            // A model without a head has no score in training: below all others.
            row.iter_mut().zip(&self.means).for_each(|(utility, mean)| *utility = *mean);
            row[self.reference] = of_reference;
            let mut first = None;
            for ((&model, worth), &probability) in self.candidates.iter().zip(&self.worth).zip(matches) {
                let index = model as usize;
                let price = self.expense.price(index, preference);
                row[index] = self.means[self.reference] + worth.expected(probability) - price;
                let passes = self.threshold.map_or(row[index] > of_reference, |threshold| probability >= threshold);
                if passes && first.is_none() && !unavailable.contains(model) {
                    first = Some(model);
                }
            }
            let reference = self.reference as ModelIndex;
            passing.push(first.or_else(|| (!unavailable.contains(reference)).then_some(reference)));
        }
        let best = utilities.decide(unavailable)?;
        let choices = passing.iter().zip(best.choices()).map(|(first, best)| first.unwrap_or(*best)).collect();
        let utilities = best.utilities().cloned();
        let decided = Decisions::from_choices(choices);
        Ok(match utilities {
            Some(utilities) => decided.with_utilities(utilities),
            None => decided,
        })
    }
}

export_router!(BestRoute);

#[cfg(test)]
mod tests;
