//! Scores of Inspect as numbers from 0 to 1.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::import::inspect::log::Head;
use crate::import::logs::{LogChoice, Wanted, text_of};
use crate::import::loose::shown;
use crate::outcomes::check_number;

/// What a log says of one score.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ScoreJson {
    value: Value,
    answer: Value,
    explanation: Option<String>,
}

/// A score that was chosen.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen {
    /// None where its value is no number.
    pub(super) score: Option<f64>,
    pub(super) prediction: Option<String>,
    pub(super) explanation: Option<String>,
}

/// Chooses among the scores of a log's samples: once, at the first sample that has any.
pub(super) struct Scorer {
    task: String,
    wanted: Wanted,
    /// Names in the log's own order.
    order: Vec<String>,
    chosen: Option<Name>,
}

/// A scorer, and a key of its values where it gives several.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    scorer: String,
    key: Option<String>,
}

impl Name {
    fn text(&self) -> String {
        match &self.key {
            Some(key) => format!("{}.{key}", self.scorer),
            None => self.scorer.clone(),
        }
    }
}

impl Scorer {
    pub(super) fn new(choices: &[LogChoice], head: &Head) -> Self {
        // A task is named as its log names it or as its dataset is called here.
        let mut wanted = Wanted::of(choices, &head.task);
        if wanted.must.is_none() {
            wanted = Wanted::of(choices, &head.task.replace('/', "-"));
        }
        Self { task: head.task.clone(), wanted, order: head.scorers.clone(), chosen: None }
    }

    /// The chosen score of a sample, with its name; none where the sample does not have it.
    pub(super) fn score(&mut self, scores: &BTreeMap<String, ScoreJson>) -> Result<Option<(String, Chosen)>, String> {
        if scores.is_empty() {
            return Ok(None);
        }
        let name = match &self.chosen {
            Some(name) => name.clone(),
            None => self.chosen.insert(self.choose(scores)?).clone(),
        };
        let Some(score) = scores.get(&name.scorer) else { return Ok(None) };
        let value = match &name.key {
            None => &score.value,
            Some(key) => score.value.get(key).unwrap_or(&Value::Null),
        };
        let field = format!("`scores.{}`", name.text());
        let number = number(value).map_err(|reason| format!("{field}: {reason}"))?;
        let prediction = text_of(&score.answer);
        Ok(Some((name.text(), Chosen { score: number, prediction, explanation: score.explanation.clone() })))
    }

    fn choose(&self, scores: &BTreeMap<String, ScoreJson>) -> Result<Name, String> {
        let mut names = Vec::new();
        for (scorer, score) in scores {
            match &score.value {
                Value::Object(values) => names.extend(values.keys().map(|key| {
                    let key = Some(key.clone());
                    Name { scorer: scorer.clone(), key }
                })),
                _ => names.push(Name { scorer: scorer.clone(), key: None }),
            }
        }
        let texts: Vec<String> = names.iter().map(Name::text).collect();
        let there = || texts.join("`, `");
        if let Some(must) = self.wanted.must.as_ref().filter(|must| !texts.contains(must)) {
            return Err(format!("there is no scorer `{must}`; there are `{}`", there()));
        }
        let wanted = self.wanted.among(texts.iter().map(String::as_str));
        if let Some(name) = wanted.and_then(|wanted| names.iter().find(|name| name.text() == wanted)) {
            return Ok(name.clone());
        }
        // As the log orders them: the first scorer, if it gives one value.
        for first in &self.order {
            let of_first: Vec<&Name> = names.iter().filter(|name| name.scorer == *first).collect();
            match of_first.as_slice() {
                [] => {}
                [only] => return Ok((*only).clone()),
                _ => break,
            }
        }
        match names.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(format!("which of `{}` is the score? choose with `--scorer {}=NAME`", there(), self.task)),
        }
    }
}

/// A value of Inspect as a score; none where it says that there is no number.
fn number(value: &Value) -> Result<Option<f64>, String> {
    let score = match value {
        Value::Null => return Ok(None),
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::String(text) => match text.as_str() {
            "C" => 1.0,
            "P" => 0.5,
            "I" | "N" => 0.0,
            other => match other.trim().to_ascii_lowercase().as_str() {
                "yes" | "true" => 1.0,
                "no" | "false" => 0.0,
                "" | "nan" => return Ok(None),
                digits => {
                    digits.parse().map_err(|_| format!("expected C, P, I, N or a number, found the text `{other}`"))?
                }
            },
        },
        other => return Err(format!("expected C, P, I, N or a number, found {}", shown(other))),
    };
    match check_number(score, 1.0) {
        Ok(()) => Ok(Some(score)),
        Err(reason) => Err(format!("{reason}; choose another with `--scorer`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn letters_truth_values_and_numbers_become_scores() {
        for (value, expected) in [
            (json!("C"), Ok(Some(1.0))),
            (json!("P"), Ok(Some(0.5))),
            (json!("I"), Ok(Some(0.0))),
            (json!("N"), Ok(Some(0.0))),
            (json!(true), Ok(Some(1.0))),
            (json!(0.25), Ok(Some(0.25))),
            (json!("0.25"), Ok(Some(0.25))),
            (json!("yes"), Ok(Some(1.0))),
            (json!(null), Ok(None)),
            (json!(7), Err("7 is above 1; choose another with `--scorer`")),
            (json!("A"), Err("expected C, P, I, N or a number, found the text `A`")),
            (json!([1]), Err("expected C, P, I, N or a number, found a list")),
        ] {
            assert_eq!(number(&value), expected.map_err(str::to_owned), "{value}");
        }
    }

    #[test]
    fn a_score_is_chosen_once_by_name_or_as_the_log_orders_them() {
        let scores: BTreeMap<String, ScoreJson> = serde_json::from_value(
            json!({"a": {"value": "I"}, "b": {"value": {"x": 1, "y": 0.5}}, "c": {"value": "C"}}),
        )
        .unwrap();
        let head = |order: &[&str]| Head {
            task: "t/s".to_owned(),
            scorers: order.iter().map(|name| (*name).to_owned()).collect(),
            ..Head::default()
        };
        let chosen = |choices: &[&str], order: &[&str]| {
            let choices: Vec<LogChoice> = choices.iter().map(|text| LogChoice::parse(text)).collect();
            let found = Scorer::new(&choices, &head(order)).score(&scores);
            found.map(|found| found.map(|(name, chosen)| (name, chosen.score)))
        };
        let is = |name: &str, score: f64| Ok(Some((name.to_owned(), Some(score))));
        assert_eq!(chosen(&["b.y"], &["a"]), is("b.y", 0.5));
        assert_eq!(chosen(&["t/s=c", "a"], &[]), is("c", 1.0));
        assert_eq!(chosen(&["t-s=c"], &[]), is("c", 1.0));
        assert_eq!(chosen(&["nothing"], &["c", "a"]), is("c", 1.0));
        let which = "which of `a`, `b.x`, `b.y`, `c` is the score? choose with `--scorer t/s=NAME`";
        assert_eq!(chosen(&[], &[]), Err(which.to_owned()));
        assert_eq!(chosen(&[], &["b", "a"]), Err(which.to_owned()));
        assert_eq!(chosen(&["t/s=d"], &[]), Err("there is no scorer `d`; there are `a`, `b.x`, `b.y`, `c`".to_owned()));
    }
}
