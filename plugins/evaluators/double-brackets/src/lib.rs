//! Compares the text in double brackets with the key, by the rule that belongs to its question.

mod algebra;
mod arithmetic;
mod brackets;
mod compat;
mod fixed;
mod rule;
mod text;

use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;
use serde_json::Value;

use crate::rule::Rule;

/// What may be set.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
pub struct DoubleBrackets {
    mode: Mode,
}

impl Evaluator for DoubleBrackets {
    const NAME: &'static str = "double-brackets";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { mode: config.mode })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        if item.ground_truth.trim().is_empty() {
            return Outcome::unknown("there is no key");
        }
        let question = match serde_json::from_str::<Question>(&item.metadata) {
            Ok(question) => question,
            Err(error) => return Outcome::unknown(format!("the metadata cannot be read: {error}")),
        };
        let (kind, rule_id, idx) = (text(&question.question_type), text(&question.rule_id), text(&question.idx));
        if kind.is_empty() {
            return Outcome::unknown("the metadata has no `question_type`");
        }
        let rule = Rule::of(&kind, &rule_id, &idx, &item.ground_truth);
        match self.mode {
            Mode::Compat => compat::score(rule, &item.raw_output, &item.ground_truth),
            Mode::Fixed => fixed::score(rule, &item.raw_output, &item.ground_truth),
        }
    }
}

/// What the metadata says about the question; other keys are not looked at.
#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    question_type: Value,
    #[serde(default)]
    rule_id: Value,
    #[serde(default)]
    idx: Value,
}

/// A text, or a number as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

export_evaluator!(DoubleBrackets);

#[cfg(test)]
mod tests;
