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

/// One `[[evaluator]]` of a definition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatorEntry {
    /// The evaluator. Applies to queries whose metadata name it under `evaluator`, or name none.
    pub name: PluginName,
    /// Datasets the entry applies to; all when there is no such key.
    #[serde(default)]
    pub datasets: Option<Vec<DatasetId>>,
    /// The modes that the evaluator has.
    #[serde(default)]
    pub modes: Vec<String>,
    /// The evaluator's own settings.
    #[serde(default)]
    pub config: serde_json::Map<String, serde_json::Value>,
}

impl EvaluatorEntry {
    /// The settings as the text of a JSON object, as evaluators receive them.
    pub fn config_text(&self) -> String {
        serde_json::Value::Object(self.config.clone()).to_string()
    }

    fn applies(&self, dataset: &DatasetId, wanted: Option<&str>) -> bool {
        wanted.is_none_or(|wanted| self.name == *wanted)
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
            ("facts", "{}", Some(("exact-match", "{}"))),
        ];
        for (dataset, metadata, expected) in cases {
            let query = query(dataset, metadata);
            let found = definition.evaluator_for(&query).map(|entry| (entry.name.to_string(), entry.config_text()));
            assert_eq!(
                found,
                expected.map(|(name, config)| (name.to_owned(), config.to_owned())),
                "{dataset} {metadata}"
            );
        }
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
