//! The trait that a sequential router implements: one that may look at an answer before it decides whether to ask another
//! model.

use serde::de::DeserializeOwned;

use crate::{Error, ModelIndex, Needs, Preference, QuerySet, State, TrainingSet, Unavailable};

/// One answer that the router has asked for and seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    /// The model that was asked.
    pub model: ModelIndex,
    /// What it answered; empty when it did not, and unless the router's needs name answers and the run has the texts.
    pub answer: String,
    /// Embedding of the answer; empty unless the router's needs name answers and the run has one.
    pub answer_embedding: Vec<f32>,
    /// What the answer cost in US dollars; NaN where unknown.
    pub cost_usd: f64,
    /// How long it took in milliseconds; NaN where unknown.
    pub latency_ms: f64,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask this model. It is paid whether or not its answer is taken. Each model may be asked once for a query.
    Ask(ModelIndex),
    /// Take the answer at this position of the attempts, counted from 0, and stop.
    Accept(usize),
}

/// A router that asks models one after another and sees each answer before it goes on (a cascade).
///
/// Its life is that of a [`Router`](crate::Router), with `next` in place of `route`.
///
/// ```
/// use routerlab_sdk::{
///     Attempt, Error, Needs, NoConfig, Preference, QuerySet, SequentialRouter, State, Step, TrainingSet, Unavailable,
///     export_sequential_router,
/// };
///
/// /// Asks the first model, and the second where the first answered nothing.
/// pub struct Again;
///
/// impl SequentialRouter for Again {
///     const NAME: &'static str = "again";
///     const NEEDS: Needs = Needs::ANSWERS;
///     type Config = NoConfig;
///
///     fn train(_: &TrainingSet, _: &TrainingSet, _: NoConfig, _seed: u64) -> Result<State, Error> {
///         Ok(State::default())
///     }
///
///     fn load(_: State) -> Result<Self, Error> {
///         Ok(Again)
///     }
///
///     fn next(&self, _: &QuerySet, seen: &[Attempt], _: &Preference, _: &Unavailable) -> Result<Step, Error> {
///         Ok(match seen {
///             [] => Step::Ask(0),
///             [only] if only.answer.is_empty() => Step::Ask(1),
///             _ => Step::Accept(seen.len() - 1),
///         })
///     }
/// }
///
/// export_sequential_router!(Again);
/// ```
pub trait SequentialRouter: Sized + 'static {
    /// A short name in lower case with dashes. The version is the package's own.
    const NAME: &'static str;

    /// Whether the router follows the preference. One that does not is asked once, not once per preference.
    const COST_AWARE: bool = false;

    /// What the router wants to see.
    const NEEDS: Needs = Needs::NONE;

    /// JSON Schema of the configuration.
    const CONFIG_SCHEMA: &'static str = "{}";

    /// The configuration, as in [`Router::Config`](crate::Router::Config).
    type Config: DeserializeOwned + Default;

    /// Learns, as [`Router::train`](crate::Router::train) does; here [`TrainingSet::answers`] may hold what the models
    /// answered.
    ///
    /// # Errors
    /// A refusal, reported in the router's own words.
    fn train(
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        config: Self::Config,
        seed: u64,
    ) -> Result<State, Error>;

    /// Makes a router from what `train` left behind.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state cannot be read: it may not be trusted.
    fn load(state: State) -> Result<Self, Error>;

    /// The next step for the only row of `query`, given the attempts so far, oldest first. It may depend neither on other
    /// queries nor on earlier calls.
    ///
    /// # Errors
    /// A refusal, reported in the router's own words.
    fn next(
        &self,
        query: &QuerySet<'_>,
        attempts: &[Attempt],
        preference: &Preference,
        unavailable: &Unavailable,
    ) -> Result<Step, Error>;
}

/// How a sequential router came to an answer: the models that it asked, in their order, and the one that it took.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// All models that were asked, and so are paid.
    pub asked: Vec<ModelIndex>,
    /// The one whose answer was taken.
    pub accepted: ModelIndex,
}

/// Replays what is recorded in one row of a set to a router, as the host does; for tests of a router (native builds only).
///
/// # Errors
/// What the router refuses with, and [`Error::Malformed`] for a row that does not exist and a step outside the contract.
#[cfg(not(target_arch = "wasm32"))]
pub fn replay<R: SequentialRouter>(
    router: &R,
    set: &TrainingSet<'_>,
    row: usize,
    preference: &Preference,
) -> Result<Replayed, Error> {
    use crate::{InMemory, Measure};
    let queries = set.queries();
    let query = InMemory::new(0)
        .rows(1)
        .prompts(queries.prompts(row, 1)?)
        .prompt_tokens(queries.prompt_tokens(row, 1)?)
        .groups(queries.groups(row, 1)?)
        .embeddings(queries.embedding_width(), queries.embeddings(row, 1)?)
        .queries()?;
    let (costs, latencies) = (set.block(Measure::CostUsd, row, 1)?, set.block(Measure::LatencyMs, row, 1)?);
    let mut seen: Vec<Attempt> = Vec::new();
    loop {
        let asked = || seen.iter().map(|attempt| attempt.model);
        match router.next(&query, &seen, preference, &Unavailable::NONE)? {
            Step::Accept(position) => {
                let taken = seen.get(position).ok_or_else(|| Error::malformed("an answer that nobody gave"))?;
                return Ok(Replayed { accepted: taken.model, asked: asked().collect() });
            }
            Step::Ask(model) if asked().any(|before| before == model) => {
                return Err(Error::Malformed(format!("model {model} is asked twice")));
            }
            Step::Ask(model) => {
                let at = model as usize;
                let answer = set.answers(model, row, 1)?.into_iter().next().unwrap_or_default();
                let embedding = set.answer_matrix(model)?.map(|matrix| matrix.read(row, 1)).transpose()?;
                seen.push(Attempt {
                    model,
                    answer,
                    answer_embedding: embedding.unwrap_or_default(),
                    cost_usd: costs.row(0)[at].into(),
                    latency_ms: latencies.row(0)[at].into(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InMemory, NoConfig};

    /// Asks models in their order until one answers; takes the last.
    struct UntilAnswered;

    impl SequentialRouter for UntilAnswered {
        const NAME: &'static str = "until-answered";
        type Config = NoConfig;

        fn train(_: &TrainingSet<'_>, _: &TrainingSet<'_>, _: NoConfig, _: u64) -> Result<State, Error> {
            Ok(State::default())
        }

        fn load(_: State) -> Result<Self, Error> {
            Ok(Self)
        }

        fn next(&self, _: &QuerySet<'_>, seen: &[Attempt], _: &Preference, _: &Unavailable) -> Result<Step, Error> {
            Ok(match seen.last() {
                Some(last) if !last.answer.is_empty() => Step::Accept(seen.len() - 1),
                _ => Step::Ask(seen.len() as u32),
            })
        }
    }

    #[test]
    fn recorded_answers_are_replayed_one_after_another() {
        let texts = ["a", "b", "", "c"].map(String::from).to_vec();
        let set = InMemory::new(2).scores(vec![1.0; 4]).answers(texts).build().unwrap();
        let of = |row| replay(&UntilAnswered, &set, row, &Preference::QUALITY);
        assert_eq!(of(0), Ok(Replayed { asked: vec![0], accepted: 0 }));
        assert_eq!(of(1), Ok(Replayed { asked: vec![0, 1], accepted: 1 }));
        let silent = InMemory::new(2).scores(vec![1.0; 2]).build().unwrap();
        let beyond = replay(&UntilAnswered, &silent, 0, &Preference::QUALITY);
        assert_eq!(beyond, Err(Error::malformed("model 2 of a pool of 2")));
    }

    #[test]
    fn needs_add_up() {
        let both = Needs::EMBEDDINGS.and(Needs::ANSWERS);
        assert!(both.embeddings && both.answers && !both.prompts && !both.groups);
        assert_eq!(Needs::PROMPTS.and(Needs::EMBEDDINGS), Needs::ALL);
    }
}
