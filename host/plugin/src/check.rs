//! The contract on answers: lengths, indices, finiteness, ranges. Nothing a plugin says is used before it passes here.

use crate::error::Breach;
use crate::limits::LimitReached;

/// What a router answered for one preference.
#[derive(Debug, Clone, PartialEq)]
pub struct Decisions {
    /// One model per query.
    pub choices: Vec<u32>,
    /// queries x models, larger is better; none when the router gave none.
    pub utilities: Option<Vec<f32>>,
    /// For each query all models that were asked, in their order; the choice is one of them. None when the router answers
    /// at once.
    pub attempts: Option<Vec<Vec<u32>>>,
}

impl Decisions {
    /// What a sequential router decided on no query yet.
    pub(crate) fn sequential() -> Self {
        Self { choices: Vec::new(), utilities: None, attempts: Some(Vec::new()) }
    }
}

/// A matrix as it came from the plugin.
pub(crate) struct RawMatrix {
    pub(crate) rows: u32,
    pub(crate) cols: u32,
    pub(crate) values: Vec<f32>,
}

fn breach<T>(words: String) -> Result<T, Breach> {
    Err(Breach(words))
}

/// Checks one `decisions` against the batch it answers.
pub(crate) fn decisions(
    choices: Vec<u32>,
    utilities: Option<RawMatrix>,
    queries: usize,
    models: usize,
    unavailable: &[u32],
) -> Result<Decisions, Breach> {
    if choices.len() != queries {
        return breach(format!("answered {} choices for {queries} queries", choices.len()));
    }
    for (row, model) in choices.iter().enumerate() {
        available("chose", *model, row, models, unavailable)?;
    }
    let utilities = utilities.map(|matrix| self::utilities(matrix, queries, models)).transpose()?;
    Ok(Decisions { choices, utilities, attempts: None })
}

/// Checks that a model is of the pool and may be used.
fn available(did: &str, model: u32, row: usize, models: usize, unavailable: &[u32]) -> Result<(), Breach> {
    if model as usize >= models {
        let last = models.saturating_sub(1);
        return breach(format!("{did} model {model} for query {row}, but the pool has {models} models (0 to {last})"));
    }
    match unavailable.contains(&model) {
        true => breach(format!("{did} model {model} for query {row}, which is unavailable")),
        false => Ok(()),
    }
}

/// Checks that a sequential router may ask a model, after those that it asked already.
pub(crate) fn asked(
    model: u32,
    before: &[u32],
    row: usize,
    models: usize,
    unavailable: &[u32],
    attempts: &LimitReached,
) -> Result<(), Breach> {
    available("asked", model, row, models, unavailable)?;
    if before.contains(&model) {
        return breach(format!("asked model {model} twice for query {row}"));
    }
    match before.len() as u64 >= attempts.value {
        true => breach(format!("asked another model for query {row}, beyond its {attempts}")),
        false => Ok(()),
    }
}

/// Checks that a sequential router accepts an answer that it has seen; gives the model that answered.
pub(crate) fn accepted(position: u32, asked: &[u32], row: usize) -> Result<u32, Breach> {
    match asked.get(position as usize) {
        Some(model) => Ok(*model),
        None => {
            breach(format!("accepted answer {position} to query {row}, but has asked {} models for one", asked.len()))
        }
    }
}

fn utilities(matrix: RawMatrix, queries: usize, models: usize) -> Result<Vec<f32>, Breach> {
    let RawMatrix { rows, cols, values } = matrix;
    if (rows as usize, cols as usize) != (queries, models) {
        return breach(format!(
            "answered utilities of {rows} x {cols}, but there are {queries} queries x {models} models"
        ));
    }
    if values.len() != queries * models {
        return breach(format!("answered {} utilities for {queries} queries x {models} models", values.len()));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (row, model) = (at / models, at % models);
        return breach(format!(
            "answered a utility of {} for query {row} and model {model}; utilities must be finite",
            values[at]
        ));
    }
    Ok(values)
}

/// Checks the number of `decisions` against the preferences asked.
pub(crate) fn preference_count(answered: usize, asked: usize) -> Result<(), Breach> {
    if answered == asked {
        return Ok(());
    }
    breach(format!("answered {answered} decisions for {asked} preferences"))
}

/// Checks what a plugin says about itself.
pub(crate) fn description(name: &str, version: &str, config_schema: &str) -> Result<(), Breach> {
    let fits = |text: &str| !text.is_empty() && text.len() <= 64;
    if !fits(name) || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return breach(format!(
            "describes itself by the name {:?}; a name has 1 to 64 of a-z, 0-9 and `-`",
            shortened(name)
        ));
    }
    if !fits(version) || !version.bytes().all(|byte| byte.is_ascii_graphic()) {
        return breach(format!(
            "describes itself by the version {:?}; a version has 1 to 64 printable characters",
            shortened(version)
        ));
    }
    if config_schema.len() > 64 << 10 {
        return breach(format!("has a configuration schema of {} bytes; 65536 are allowed", config_schema.len()));
    }
    match serde_json::from_str::<serde_json::Value>(config_schema) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => breach("has a configuration schema that is no JSON object".into()),
        Err(error) => breach(format!("has a configuration schema that is no JSON: {error}")),
    }
}

/// What an evaluator made of one completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// 0 to 1; none when the evaluator cannot tell.
    pub score: Option<f64>,
    /// The answer found in the completion.
    pub prediction: Option<String>,
    /// Why, in a few words.
    pub explanation: Option<String>,
}

/// Checks the outcomes of one batch.
pub(crate) fn outcomes(outcomes: &[Outcome], items: usize) -> Result<(), Breach> {
    if outcomes.len() != items {
        return breach(format!("answered {} outcomes for {items} items", outcomes.len()));
    }
    for (item, outcome) in outcomes.iter().enumerate() {
        if let Some(score) = outcome.score.filter(|score| !(0.0..=1.0).contains(score)) {
            return breach(format!("answered a score of {score} for item {item}; scores lie between 0 and 1"));
        }
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limit;

    fn matrix(rows: u32, cols: u32, values: &[f32]) -> Option<RawMatrix> {
        Some(RawMatrix { rows, cols, values: values.to_vec() })
    }

    #[test]
    fn decisions_outside_the_contract_are_named_exactly() {
        let cases = [
            (vec![0], None, "answered 1 choices for 2 queries"),
            (vec![0, 1, 0], None, "answered 3 choices for 2 queries"),
            (vec![0, 7], None, "chose model 7 for query 1, but the pool has 3 models (0 to 2)"),
            (vec![0, 2], None, "chose model 2 for query 1, which is unavailable"),
            (vec![0, 1], matrix(1, 3, &[0.0; 3]), "answered utilities of 1 x 3, but there are 2 queries x 3 models"),
            (vec![0, 1], matrix(2, 3, &[0.0; 5]), "answered 5 utilities for 2 queries x 3 models"),
            (
                vec![0, 1],
                matrix(2, 3, &[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0]),
                "answered a utility of NaN for query 1 and model 1; utilities must be finite",
            ),
        ];
        for (choices, utilities, message) in cases {
            assert_eq!(decisions(choices, utilities, 2, 3, &[2]), Err(Breach(message.into())));
        }
    }

    #[test]
    fn decisions_within_the_contract_pass_unchanged() {
        let answer = decisions(vec![0, 1], matrix(2, 2, &[0.5, 0.25, -1.0, 3.0]), 2, 2, &[]);
        let utilities = Some(vec![0.5, 0.25, -1.0, 3.0]);
        assert_eq!(answer, Ok(Decisions { choices: vec![0, 1], utilities, attempts: None }));
    }

    #[test]
    fn steps_outside_the_contract_are_named_exactly() {
        let cap = LimitReached { limit: Limit::Attempts, value: 2 };
        let ask = |model, before: &[u32]| asked(model, before, 4, 5, &[3], &cap).map_err(|breach| breach.0);
        let beyond = "asked another model for query 4, beyond its attempt limit of 2 attempts (`limits.attempts`)";
        let cases: [(u32, &[u32], &str); 4] = [
            (5, &[], "asked model 5 for query 4, but the pool has 5 models (0 to 4)"),
            (3, &[], "asked model 3 for query 4, which is unavailable"),
            (1, &[0, 1], "asked model 1 twice for query 4"),
            (2, &[0, 1], beyond),
        ];
        for (model, before, message) in cases {
            assert_eq!(ask(model, before), Err(message.into()));
        }
        assert_eq!(ask(1, &[0]), Ok(()));
        let accept = |position, asked: &[u32]| accepted(position, asked, 4).map_err(|breach| breach.0);
        assert_eq!(accept(1, &[7, 9]), Ok(9));
        assert_eq!(accept(2, &[7, 9]), Err("accepted answer 2 to query 4, but has asked 2 models for one".into()));
        assert_eq!(accept(0, &[]), Err("accepted answer 0 to query 4, but has asked 0 models for one".into()));
    }

    #[test]
    fn scores_outside_0_to_1_and_missing_outcomes_are_breaches() {
        let outcome = |score| Outcome { score, prediction: None, explanation: None };
        assert_eq!(outcomes(&[outcome(Some(1.0)), outcome(None)], 2), Ok(()));
        assert!(outcomes(&[outcome(None)], 2).is_err());
        for score in [1.5, -0.1, f64::NAN, f64::INFINITY] {
            assert!(outcomes(&[outcome(Some(score))], 1).is_err(), "{score}");
        }
    }

    #[test]
    fn a_description_has_a_plain_name_a_version_and_a_json_schema() {
        assert_eq!(description("best-single", "0.1.0", "{}"), Ok(()));
        for (name, version, schema) in [
            ("", "1", "{}"),
            ("Has Space", "1", "{}"),
            ("a\u{1b}[31m", "1", "{}"),
            ("a", "", "{}"),
            ("a", "1", "nothing"),
            ("a", "1", "[]"),
        ] {
            assert!(description(name, version, schema).is_err(), "{name:?} {version:?} {schema:?}");
        }
    }
}
