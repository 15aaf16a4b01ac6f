//! Leaves the best single model only where the nearest training queries say so beyond their error.

use std::collections::BTreeMap;

use routerlab_learn::{Expense, Near, counts_up_to, known_rows, nearest, remember, values_of};
use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, ModelIndex, Needs, Preference, QuerySet, Router, State, StateWriter,
    TrainingSet, Unavailable, Utilities, config, export_router, log,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "knn-guard/1";

/// What is chosen from on validation.
const COUNTS: [u32; 4] = [20, 40, 80, 160];
const GUARDS: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];

/// Used when not set and there is no validation to choose on.
const UNCHOSEN: (u32, f64) = (80, 1.0);

/// With fewer neighbours in common a difference has no standard error to speak of.
const FEWEST: u32 = 5;

/// The utility of a model of which nothing is known: below every difference of scores.
const UNKNOWN: f64 = -2.0;

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many neighbours; chosen on validation when not set.
    pub k: Option<u32>,
    /// How many standard errors a difference must exceed (z); chosen on validation when not set.
    pub guard: Option<f64>,
}

/// The training queries, how every model did on them, and how much evidence is asked for.
pub struct KnnGuard {
    /// The queries on which any model has a score: rows x width, each of length 1.
    embeddings: Matrix,
    scores: Vec<f32>,
    /// Mean over groups of each model's mean score; NaN where there is none.
    means: Vec<f32>,
    expense: Expense,
    k: u32,
    guard: f64,
}

impl Router for KnnGuard {
    const NAME: &'static str = "knn-guard";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"k":{"type":"integer","minimum":1},"guard":{"type":"number","minimum":0}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, _: u64) -> Result<State, Error> {
        config.k.map_or(Ok(()), |k| config::at_least_one("k", k))?;
        config::not_negative("guard", config.guard.unwrap_or_default())?;
        let means: Vec<f32> = train.macro_means(Measure::Score)?.into_iter().map(|mean| mean as f32).collect();
        let table = train.table(Measure::Score)?;
        let known = known_rows(&table);
        if known.is_empty() {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let mut router = Self {
            embeddings: remember(train.queries(), &known)?,
            scores: values_of(table, &known),
            means,
            expense: Expense::of(train)?,
            k: config.k.unwrap_or(UNCHOSEN.0),
            guard: config.guard.unwrap_or(UNCHOSEN.1),
        };
        if validation.rows() > 0 && (config.k.is_none() || config.guard.is_none()) {
            router.choose(validation, &config)?;
        }
        Ok(router.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (k, guard) = (reader.u32()?, reader.f64()?);
        let (means, scores) = (reader.f32s()?, reader.f32s()?);
        let expense = Expense::read(&mut reader, means.len())?;
        reader.end()?;
        let [embeddings] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        if k == 0 || means.is_empty() || Some(scores.len()) != embeddings.rows().checked_mul(means.len()) {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { embeddings, scores, means, expense, k, guard })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let near = nearest(&self.embeddings, queries, self.k)?;
        self.decide(&near, preferences, unavailable)
    }
}

impl KnnGuard {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.k).f64(self.guard).f32s(&self.means).f32s(&self.scores);
        self.expense.write(writer).finish(vec![self.embeddings])
    }

    /// The available model that is best everywhere under a preference; of equals the one with the lower index.
    fn single(&self, preference: &Preference, available: &[ModelIndex]) -> usize {
        let worth = |model: usize| match self.means[model] {
            mean if mean.is_nan() => f32::NEG_INFINITY,
            mean => mean - self.expense.price(model, preference),
        };
        let all = available.iter().map(|model| *model as usize);
        all.reduce(|best, model| if worth(model) > worth(best) { model } else { best }).unwrap_or(0)
    }

    /// One [`Decisions`] for each preference. What can be chosen is measured against the best of what can be chosen; many
    /// preferences have the same best single model, and what is sure against it is found once.
    fn decide(
        &self,
        near: &Near,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let available = unavailable.rest(self.means.len())?;
        let mut sure: BTreeMap<usize, Utilities> = BTreeMap::new();
        let of_preference = |wish: &Preference| {
            let single = self.single(wish, &available);
            let sure = sure.entry(single).or_insert_with(|| self.sure(near, single));
            self.priced(sure, single, wish).decide(unavailable)
        };
        preferences.iter().map(of_preference).collect()
    }

    /// For each model what is sure of its advantage over a single one: the mean paired difference over the neighbours
    /// with both, less `guard` standard errors of it; NaN where too few neighbours have both.
    fn sure(&self, near: &Near, single: usize) -> Utilities {
        let models = self.means.len();
        let mut advantages = Utilities::new(near.len(), models);
        let mut sums = vec![(0.0, 0.0, 0_u32); models];
        for (query, neighbours) in near.iter().enumerate() {
            sums.fill((0.0, 0.0, 0));
            for &(row, _) in neighbours.iter().take(self.k as usize) {
                let row = &self.scores[row * models..(row + 1) * models];
                for (sum, score) in sums.iter_mut().zip(row) {
                    let difference = f64::from(score - row[single]);
                    if !difference.is_nan() {
                        *sum = (sum.0 + difference, sum.1 + difference * difference, sum.2 + 1);
                    }
                }
            }
            for (advantage, &(sum, squares, count)) in advantages.row_mut(query).iter_mut().zip(&sums) {
                let enough = count >= FEWEST;
                let count = f64::from(count);
                let mean = sum / count;
                let variance = (squares - count * mean * mean).max(0.0) / (count - 1.0);
                *advantage = if enough { (mean - self.guard * (variance / count).sqrt()) as f32 } else { f32::NAN };
            }
        }
        advantages
    }

    /// What is sure, less what each model costs more than the single one. That itself stands a hair above 0, so that it
    /// is left only for an advantage.
    fn priced(&self, sure: &Utilities, single: usize, preference: &Preference) -> Utilities {
        let prices: Vec<f32> = (0..self.means.len()).map(|model| self.expense.price(model, preference)).collect();
        let mut utilities = sure.clone();
        for query in 0..utilities.rows() {
            let row = utilities.row_mut(query);
            for (utility, price) in row.iter_mut().zip(&prices) {
                *utility = match utility.is_nan() {
                    true => UNKNOWN as f32 - price,
                    false => *utility - (price - prices[single]),
                };
            }
            row[single] = f32::MIN_POSITIVE;
        }
        utilities
    }

    /// What is not set, by the choices' score on validation; of equals the strongest guard, then the most neighbours.
    fn choose(&mut self, validation: &TrainingSet<'_>, config: &Config) -> Result<(), Error> {
        let rows = self.embeddings.rows();
        let counts = config.k.map_or_else(|| counts_up_to(&COUNTS, rows), |k| vec![k]);
        let guards = config.guard.map_or_else(|| GUARDS.to_vec(), |guard| vec![guard]);
        let near = nearest(&self.embeddings, validation.queries(), counts.last().copied().unwrap_or(UNCHOSEN.0))?;
        let mut best: Option<(f64, f64, u32)> = None;
        for &guard in &guards {
            for &k in &counts {
                (self.k, self.guard) = (k, guard);
                let decided = self.decide(&near, &[Preference::QUALITY], &Unavailable::NONE)?;
                let score = validation.score_of(decided[0].choices())?;
                if best.is_none_or(|(most, _, _)| score >= most) {
                    best = Some((score, guard, k));
                }
            }
        }
        if let Some((_, guard, k)) = best {
            (self.k, self.guard) = (k, guard);
            log::info(format!("k = {k} and a guard of {guard} standard errors were best on validation"));
        }
        Ok(())
    }
}

export_router!(KnnGuard);

#[cfg(test)]
mod tests;
