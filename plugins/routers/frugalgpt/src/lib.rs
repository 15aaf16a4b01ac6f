//! A cascade: asks a cheap model, judges its answer by a learned scorer, and asks a dearer one where it is not good enough.

mod cascade;
mod features;
mod outlook;
mod scorer;

use routerlab_sdk::{
    Attempt, Error, Measure, ModelIndex, Needs, Preference, QuerySet, Random, SequentialRouter, State, StateWriter,
    Step, TrainingSet, Unavailable, config, export_sequential_router, log,
};
use serde::Deserialize;

use cascade::{Point, search};
use features::Features;
use outlook::{Records, outlook};
use scorer::{Example, Scorer};

/// What the state begins with.
const TAG: &str = "frugalgpt/1";

/// Parts of the training rows, each judged by a scorer that was trained on the others.
const FOLDS: usize = 5;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directions to which embeddings are reduced; 0 leaves them out.
    pub directions: u32,
    /// The penalty on the scorer's weights.
    pub lambda: f64,
    /// Thresholds that are tried for each model of a cascade.
    pub grid: u32,
    /// Training answers that the scorer is fitted on, at most.
    pub examples: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { directions: 16, lambda: 10.0, grid: 12, examples: 20_000 }
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        config::positive("lambda", self.lambda)?;
        let ranges = [("grid", self.grid, 1, 40), ("examples", self.examples, 1, 200_000)];
        for (key, value, least, most) in ranges.into_iter().chain([("directions", self.directions, 0, 64)]) {
            if !(least..=most).contains(&value) {
                return Err(Error::config(key, format!("must lie between {least} and {most}: {value}")));
            }
        }
        Ok(())
    }
}

/// A scorer, and cascades from cheap to good.
#[derive(Debug, PartialEq)]
pub struct FrugalGpt {
    models: usize,
    features: Features,
    scorer: Scorer,
    points: Vec<Point>,
}

impl SequentialRouter for FrugalGpt {
    const NAME: &'static str = "frugalgpt";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS.and(Needs::ANSWERS);
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"directions":{"type":"integer","minimum":0,"maximum":64},"lambda":{"type":"number","exclusiveMinimum":0},"grid":{"type":"integer","minimum":1,"maximum":40},"examples":{"type":"integer","minimum":1,"maximum":200000}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.check()?;
        let models = train.models().len();
        let means = train.means(Measure::Score)?;
        if means.iter().all(|mean| mean.is_nan()) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let rows = keyed_rows(train.rows(), (config.examples as usize / models).max(1), seed);
        let records = Records::new(train)?;
        let mut features = Features::new(train, config.directions as usize)?;
        if !features.texts && !features.vectors {
            log::info("the run has no answers: they are judged by the query alone");
        }
        let exists = |at: usize| !records.scores.row(rows[at / models] as usize)[at % models].is_nan();
        let numbers = features.fit(train, &rows, exists)?;

        let examples = examples(&records, &rows);
        let untrained = || Scorer::new(features.shared(), features.own(), models);
        // Rows are in a keyed order, so every fifth is a fold; all answers to a query are in one.
        let fold = |at: usize| at / models % FOLDS;
        let scorers: Vec<Scorer> = (0..FOLDS.min(rows.len()))
            .map(|left_out| {
                let others: Vec<Example> = examples.iter().filter(|e| fold(e.at) != left_out).copied().collect();
                untrained().fit(&numbers, &others, config.lambda)
            })
            .collect();
        let scorer = untrained().fit(&numbers, &examples, config.lambda);
        let block = |numbers: &[f32], at: usize| numbers[at * features.len()..][..features.len()].to_vec();
        let unseen = |at: usize| scorers[fold(at)].probability(at % models, &block(&numbers, at));

        let own = outlook(&[(&records, &rows, &unseen)], &records, features.texts);
        let validated = Records::new(validation)?;
        let all: Vec<u32> = (0..validation.rows() as u32).collect();
        let new = features.of(validation, &all)?;
        let judged = |at: usize| scorer.probability(at % models, &block(&new, at));
        let both = outlook(&[(&records, &rows, &unseen), (&validated, &all, &judged)], &records, features.texts);

        let points = search(&own, &both, &records.priced(&means), config.grid as usize);
        Ok(Self { models, features, scorer, points }.into_state())
    }

    fn load(state: State) -> Result<Self, Error> {
        let mut reader = state.reader(TAG)?;
        let models = reader.u32()? as usize;
        let features = Features::read(&mut reader)?;
        let scorer = Scorer::read(&mut reader, features.shared(), features.own(), models)?;
        let count = reader.u32()?;
        let points = (0..count).map(|_| Point::read(&mut reader, models)).collect::<Result<Vec<_>, _>>()?;
        reader.end()?;
        if points.is_empty() {
            return Err(Error::malformed("the state has no cascade"));
        }
        Ok(Self { models, features, scorer, points })
    }

    fn next(
        &self,
        query: &QuerySet<'_>,
        attempts: &[Attempt],
        preference: &Preference,
        unavailable: &Unavailable,
    ) -> Result<Step, Error> {
        let mut order = self.preferred(preference).cascade.available(unavailable);
        let Some(last) = attempts.last() else {
            let first = order.next().map(|(model, _)| model);
            // A cascade of which no model is to be had gives way to any model.
            return match first {
                Some(model) => Ok(Step::Ask(model)),
                None => Ok(Step::Ask(unavailable.rest(self.models)?[0])),
            };
        };
        let asked = order.nth(attempts.len() - 1);
        match (asked, order.next()) {
            (Some((_, Some(threshold))), Some((next, _))) if self.judge(query, last)? < threshold => {
                Ok(Step::Ask(next))
            }
            _ => Ok(Step::Accept(attempts.len() - 1)),
        }
    }
}

impl FrugalGpt {
    /// The cascade that is worth most under a preference; of equals the cheaper.
    fn preferred(&self, preference: &Preference) -> &Point {
        let value = |point: &Point| {
            point.worth.score
                - f64::from(preference.cost_weight) * point.worth.cost_usd
                - f64::from(preference.latency_weight) * point.worth.latency_s
        };
        let better = |best, point| if value(point) > value(best) { point } else { best };
        self.points.iter().fold(&self.points[0], better)
    }

    /// How likely an answer is right. Where answers are texts an empty one is none.
    fn judge(&self, query: &QuerySet<'_>, attempt: &Attempt) -> Result<f64, Error> {
        if (self.features.texts && attempt.answer.is_empty()) || attempt.model as usize >= self.models {
            return Ok(0.0);
        }
        Ok(self.scorer.probability(attempt.model as usize, &self.features.of_attempt(query, attempt)?))
    }

    fn into_state(self) -> State {
        let writer = self.features.write(StateWriter::new(TAG).u32(self.models as u32));
        let writer = self.scorer.write(writer).u32(self.points.len() as u32);
        self.points.iter().fold(writer, |writer, point| point.write(writer)).finish(Vec::new())
    }
}

/// At most `most` rows, in an order that the seed decides.
fn keyed_rows(rows: usize, most: usize, seed: u64) -> Vec<u32> {
    let key = |row: &u32| (Random::for_content(seed, &row.to_le_bytes()).next_u64(), *row);
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.sort_by_key(key);
    order.truncate(most);
    order
}

/// The answers that have a score; `at` counts rows of the order times models.
fn examples(records: &Records, rows: &[u32]) -> Vec<Example> {
    let models = records.scores.models();
    let of_row = |(at, row): (usize, &u32)| {
        let scores = records.scores.row(*row as usize).to_vec();
        let known = scores.into_iter().enumerate().filter(|(_, score)| !score.is_nan());
        known.map(move |(model, score)| Example { model, at: at * models + model, right: score >= 0.5 })
    };
    rows.iter().enumerate().flat_map(of_row).collect()
}

/// A model by its position, as the contract counts.
fn as_index(model: usize) -> ModelIndex {
    model as ModelIndex
}

export_sequential_router!(FrugalGpt);

#[cfg(test)]
mod tests;
