//! `dataset.toml`: how the completions of a dataset are scored, and how its original files become queries.

mod shipped;
mod source;

pub use shipped::{SHIPPED, shipped};
pub use source::{FieldKind, FieldType, Join, Shots, Split};

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::TableError;
use crate::ids::{DatasetId, PluginName};
use crate::queries::QueryRow;
use crate::settings::{parse_toml, read_toml};

/// What `dataset.toml` says. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetDefinition {
    /// The dataset's name.
    pub name: String,
    /// A sentence about it.
    #[serde(default)]
    pub description: String,
    /// Licence of the queries and completions.
    #[serde(default)]
    pub licence: String,
    /// Where the original files are to be had.
    #[serde(default)]
    pub source: String,
    /// Examples that a prompt shows.
    #[serde(default)]
    pub shots: Shots,
    /// The parts of the dataset and their files.
    #[serde(default)]
    pub split: Vec<Split>,
    /// What a row of the original files must have, by name.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldType>,
    /// Rows of other files that belong to a row.
    #[serde(default)]
    pub join: Vec<Join>,
    /// The question as the dataset has it: a template over the fields.
    #[serde(default)]
    pub origin_query: String,
    /// The question as models are asked it: a template over the fields.
    #[serde(default)]
    pub prompt: String,
    /// The reference answer: a template over the fields. One that renders to nothing means that there is none.
    #[serde(default)]
    pub ground_truth: Option<String>,
    /// What evaluators get to see beside the answer, by name: an expression over the fields.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Equal for queries that must not be divided between training and test: a template over the fields; the original
    /// question when there is no such key.
    #[serde(default)]
    pub group: Option<String>,
    /// Who scores what; the first entry that applies to a query wins.
    #[serde(default)]
    pub evaluator: Vec<EvaluatorEntry>,
}

/// Whose rules an evaluator follows, where it has both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The published method with its defects repaired.
    Fixed,
    /// LLMRouterBench's behaviour to the letter, so that its released scores can be reproduced.
    Compat,
}

impl Mode {
    /// `fixed` or `compat`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Compat => "compat",
        }
    }
}

/// One `[[evaluator]]` of a definition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatorEntry {
    /// The evaluator. Applies to queries whose metadata name it under `evaluator`, or name none.
    pub name: PluginName,
    /// Datasets the entry applies to; all when there is no such key.
    #[serde(default)]
    pub datasets: Option<Vec<DatasetId>>,
    /// Applies to queries whose metadata name this evaluator instead: the same answers scored by another method.
    #[serde(default)]
    pub replaces: Option<PluginName>,
    /// The modes that the evaluator has, the one to use by default first; none when there is only one way to score.
    #[serde(default)]
    pub modes: Vec<Mode>,
    /// Fuel for one program that a model wrote, where the default is too little for this dataset's tests.
    #[serde(default)]
    pub run_fuel: Option<u64>,
    /// The evaluator's own settings.
    #[serde(default)]
    pub config: serde_json::Map<String, serde_json::Value>,
}

impl EvaluatorEntry {
    /// The mode that is used when this one is asked for; none when the evaluator has no modes.
    ///
    /// # Errors
    /// When the evaluator has modes, and not this one.
    pub fn mode(&self, wanted: Option<Mode>) -> Result<Option<Mode>, String> {
        match wanted {
            Some(mode) if !self.modes.is_empty() && !self.modes.contains(&mode) => {
                Err(format!("evaluator `{}` has no mode `{}`", self.name, mode.as_str()))
            }
            Some(mode) if !self.modes.is_empty() => Ok(Some(mode)),
            _ => Ok(self.modes.first().copied()),
        }
    }

    /// The settings as the text of a JSON object, as evaluators receive them; the mode is one of them.
    pub fn config_text(&self, mode: Option<Mode>) -> String {
        let mut config = self.config.clone();
        if let Some(mode) = mode {
            config.insert("mode".to_owned(), mode.as_str().into());
        }
        serde_json::Value::Object(config).to_string()
    }

    fn applies(&self, dataset: &DatasetId, wanted: Option<&str>) -> bool {
        wanted.is_none_or(|wanted| *self.replaces.as_ref().unwrap_or(&self.name) == *wanted)
            && self.datasets.as_ref().is_none_or(|datasets| datasets.contains(dataset))
    }
}

impl DatasetDefinition {
    /// Reads a definition.
    ///
    /// # Errors
    /// When the file is missing, is no TOML, or has an unknown key; the message names file and line.
    pub fn read(path: &Path) -> Result<Self, TableError> {
        read_toml(path)
    }

    /// Reads a definition from its text.
    ///
    /// # Errors
    /// What is wrong with the text, with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse_toml(text)
    }

    /// The entry that scores a query: the first that applies.
    pub fn evaluator_for(&self, query: &QueryRow) -> Option<&EvaluatorEntry> {
        let wanted = query.metadata_text("evaluator");
        self.evaluator.iter().find(|entry| entry.applies(&query.dataset, wanted.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::QueryId;

    const TEXT: &str = r#"
name = "small"

[[evaluator]]
name = "exact-match"
datasets = ["instruction"]
config = { case = "keep" }

[[evaluator]]
name = "exact-match"

[[evaluator]]
name = "number"

[[evaluator]]
name = "letter"
replaces = "choice"
"#;

    fn query(dataset: &str, metadata: &str) -> QueryRow {
        QueryRow {
            query_id: QueryId::new(dataset, "test", 1).unwrap(),
            dataset: dataset.into(),
            split: "test".into(),
            record_index: 1,
            origin_query: String::new(),
            prompt: String::new(),
            ground_truth: None,
            metadata: metadata.to_owned(),
            group_key: String::new(),
        }
    }

    #[test]
    fn the_first_entry_that_applies_scores_a_query() {
        let definition = DatasetDefinition::parse(TEXT).unwrap();
        let cases = [
            ("instruction", r#"{"evaluator":"exact-match"}"#, Some(("exact-match", r#"{"case":"keep"}"#))),
            ("facts", r#"{"evaluator":"exact-match"}"#, Some(("exact-match", "{}"))),
            ("instruction", r#"{"evaluator":"number"}"#, Some(("number", "{}"))),
            ("instruction", r#"{"evaluator":"judge"}"#, None),
            ("instruction", r#"{"evaluator":"choice"}"#, Some(("letter", "{}"))),
            ("instruction", r#"{"evaluator":"letter"}"#, None),
            ("facts", "{}", Some(("exact-match", "{}"))),
        ];
        for (dataset, metadata, expected) in cases {
            let query = query(dataset, metadata);
            let found = definition.evaluator_for(&query).map(|entry| (entry.name.to_string(), entry.config_text(None)));
            assert_eq!(
                found,
                expected.map(|(name, config)| (name.to_owned(), config.to_owned())),
                "{dataset} {metadata}"
            );
        }
    }

    #[test]
    fn a_mode_is_a_setting_of_those_that_have_it() {
        let entry = |modes: &str| {
            let text = format!(
                "name = \"small\"\n[[evaluator]]\nname = \"letter\"\nmodes = {modes}\nconfig = {{ last = \"J\" }}"
            );
            DatasetDefinition::parse(&text).unwrap().evaluator.remove(0)
        };
        let config = |modes: &str, wanted| {
            let entry = entry(modes);
            entry.mode(wanted).map(|mode| entry.config_text(mode))
        };
        let with = |mode: &str| Ok(format!(r#"{{"last":"J","mode":"{mode}"}}"#));
        assert_eq!(config(r#"["fixed", "compat"]"#, None), with("fixed"));
        assert_eq!(config(r#"["fixed", "compat"]"#, Some(Mode::Compat)), with("compat"));
        assert_eq!(config("[]", Some(Mode::Compat)), Ok(r#"{"last":"J"}"#.to_owned()));
        assert_eq!(
            config(r#"["fixed"]"#, Some(Mode::Compat)),
            Err("evaluator `letter` has no mode `compat`".to_owned())
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let message = DatasetDefinition::parse("name = \"small\"\nevaluators = []\n").unwrap_err();
        assert_eq!(
            message,
            "line 2: unknown field `evaluators`, expected one of `name`, `description`, `licence`, `source`, `shots`, \
             `split`, `fields`, `join`, `origin_query`, `prompt`, `ground_truth`, `metadata`, `group`, `evaluator`"
        );
    }
}
