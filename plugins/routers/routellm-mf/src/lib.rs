//! Ranks models by a Bradley-Terry model over gated model vectors.

mod network;
mod pair;

use routerlab_learn::{Expense, Reducer, Settings, below_all, fit, training_schema};
use routerlab_sdk::{
    Decisions, Error, Measure, ModelIndex, Needs, Preference, QuerySet, Random, Router, State, StateReader,
    StateWriter, TrainingSet, Unavailable, Utilities, export_router, log,
};
use serde::Deserialize;

use network::{Gated, Pairs};
use pair::{Roles, Thresholds};

/// What the state begins with.
const TAG: &str = "routellm-mf/1";

/// Whom the strengths are to tell apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All models of the pool.
    #[default]
    AllPairs,
    /// A strong and a weak model, with a threshold between them, as published.
    Pair,
}

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whom the strengths are to tell apart.
    pub mode: Mode,
    /// With `pair`: index of the strong model; chosen when not set.
    pub strong: Option<ModelIndex>,
    /// With `pair`: index of the weak model; chosen when not set.
    pub weak: Option<ModelIndex>,
    /// How it is trained.
    pub training: Settings,
}

/// How strengths become choices.
enum Rule {
    /// The largest strength, as a score, less the cost.
    Largest {
        /// Score of the average model.
        mean: f32,
        /// What a unit of strength is worth as a score.
        worth: f32,
        /// Models without any score in training.
        unknown: Vec<ModelIndex>,
    },
    /// The strong model where it leads by a threshold.
    Lead(Thresholds),
}

/// Strength of each model for each query, and how strengths become choices.
pub struct RouteLlm {
    reducer: Reducer,
    gated: Gated,
    models: usize,
    expense: Expense,
    rule: Rule,
}

impl Router for RouteLlm {
    const NAME: &'static str = "routellm-mf";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["all-pairs","pair"],"default":"all-pairs"},"strong":{"type":"integer","minimum":0},"weak":{"type":"integer","minimum":0},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.check()?;
        let means = train.means(Measure::Score)?;
        let models = means.len();
        let unknown: Vec<ModelIndex> = (0..models as u32).filter(|&model| means[model as usize].is_nan()).collect();
        if unknown.len() == models {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let expense = Expense::of(train)?;
        let roles = match config.mode {
            Mode::AllPairs => None,
            Mode::Pair => Some(Roles::choose((config.strong, config.weak), train, validation, &expense)?),
        };
        let reducer = Reducer::fit(train.queries(), config.training.width as usize)?;
        let mut random = Random::new(seed);
        let scores =
            |set: &TrainingSet<'_>| Ok::<_, Error>(only(set.table(Measure::Score)?.into_values(), models, roles));
        let mut pairs = Pairs {
            gated: Gated::new(reducer.width(), models, &mut random),
            inputs: reducer.reduce(train.queries())?,
            scores: scores(train)?,
            validation: reducer.reduce(validation.queries())?,
            validation_scores: scores(validation)?,
        };
        fit(&mut pairs, train.rows(), &config.training.schedule(), &mut random)?;
        let rule = match roles {
            None => {
                let known = means.iter().copied().filter(|mean| !mean.is_nan());
                let mean = (known.sum::<f64>() / (models - unknown.len()) as f64) as f32;
                Rule::Largest { mean, worth: pairs.worth(), unknown }
            }
            Some(roles) => {
                log::info(format!("model {} is the strong one, model {} the weak one", roles.strong, roles.weak));
                let (inputs, set) = match pairs.validation.is_empty() {
                    true => (&pairs.inputs, train),
                    false => (&pairs.validation, validation),
                };
                let leads = leads(&pairs.gated, models, roles, inputs, reducer.width());
                Rule::Lead(Thresholds::judge(roles, &leads, set, &means)?)
            }
        };
        Ok(Self { reducer, gated: pairs.gated, models, expense, rule }.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(TAG)?;
        let models = reader.u32()? as usize;
        let rule = Rule::read(&mut reader, models)?;
        let expense = Expense::read(&mut reader, models)?;
        let gated = Gated::read(&mut reader, matrix.cols(), models)?;
        let reducer = Reducer::read(&mut reader, matrix)?;
        reader.end()?;
        Ok(Self { reducer, gated, models, expense, rule })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let inputs = self.reducer.reduce(queries)?;
        match &self.rule {
            Rule::Largest { mean, worth, unknown } => {
                let scores = self.scores(&inputs, *mean, *worth);
                let decide = |preference: &Preference| {
                    let mut weighed = self.expense.weigh(&scores, self.models, preference);
                    below_all(&mut weighed, unknown);
                    weighed.decide(unavailable)
                };
                preferences.iter().map(decide).collect()
            }
            Rule::Lead(thresholds) => {
                let leads = leads(&self.gated, self.models, thresholds.roles, &inputs, self.reducer.width());
                let decide = |preference: &Preference| {
                    let threshold = thresholds.threshold(&self.expense, preference);
                    let choices = leads.iter().map(|&lead| thresholds.choice(lead, threshold, unavailable));
                    Ok(Decisions::from_choices(choices.collect::<Result<_, Error>>()?))
                };
                preferences.iter().map(decide).collect()
            }
        }
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        for (key, model) in [("strong", self.strong), ("weak", self.weak)] {
            if self.mode != Mode::Pair && model.is_some() {
                return Err(Error::config(key, "has a meaning only with `mode` = `pair`"));
            }
        }
        self.training.check()
    }
}

impl RouteLlm {
    fn into_state(self) -> State {
        let writer = self.rule.write(StateWriter::new(TAG).u32(self.models as u32));
        let (writer, matrix) = self.reducer.write(self.gated.write(self.expense.write(writer)));
        writer.finish(vec![matrix])
    }

    /// Expected scores, up to how hard each query is, which no pair tells: queries x models.
    fn scores(&self, inputs: &[f32], mean: f32, worth: f32) -> Utilities {
        let width = self.reducer.width();
        let mut scores = Utilities::new(inputs.len() / width, self.models);
        let directions = self.gated.directions();
        for (query, input) in inputs.chunks_exact(width).enumerate() {
            let row = scores.row_mut(query);
            self.gated.strengths(&directions, input, row);
            let middle = row.iter().sum::<f32>() / row.len() as f32;
            row.iter_mut().for_each(|strength| *strength = mean + worth * (*strength - middle));
        }
        scores
    }
}

impl Rule {
    fn write(&self, writer: StateWriter) -> StateWriter {
        match self {
            Self::Largest { mean, worth, unknown } => writer.u32(0).f32(*mean).f32(*worth).u32s(unknown),
            Self::Lead(thresholds) => thresholds.write(writer.u32(1)),
        }
    }

    fn read(reader: &mut StateReader<'_>, models: usize) -> Result<Self, Error> {
        if reader.u32()? == 1 {
            return Thresholds::read(reader, models).map(Self::Lead);
        }
        let (mean, worth, unknown) = (reader.f32()?, reader.f32()?, reader.u32s()?);
        if unknown.iter().any(|&model| model as usize >= models) {
            return Err(Error::malformed("the state names models that the pool does not have"));
        }
        Ok(Self::Largest { mean, worth, unknown })
    }
}

/// rows x models scores; with roles only those of the two models.
fn only(mut scores: Vec<f32>, models: usize, roles: Option<Roles>) -> Vec<f32> {
    let Some(Roles { strong, weak }) = roles else { return scores };
    for row in scores.chunks_exact_mut(models) {
        for (model, score) in row.iter_mut().enumerate() {
            if ![strong, weak].contains(&(model as ModelIndex)) {
                *score = f32::NAN;
            }
        }
    }
    scores
}

/// By how much the strong model is stronger than the weak one, for each row of inputs.
fn leads(gated: &Gated, models: usize, roles: Roles, inputs: &[f32], width: usize) -> Vec<f32> {
    let directions = gated.directions();
    let mut strengths = vec![0.0; models];
    let lead = |input: &[f32]| {
        gated.strengths(&directions, input, &mut strengths);
        strengths[roles.strong as usize] - strengths[roles.weak as usize]
    };
    inputs.chunks_exact(width).map(lead).collect()
}

export_router!(RouteLlm);

#[cfg(test)]
mod tests;
