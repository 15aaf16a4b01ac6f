//! Controls against self-deception: keys that take something away from routers, to see what is left of their advantage.

use serde::{Deserialize, Serialize};

use super::{Experiment, Track, Weighs};

/// Whether routers learn from what models really answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Every query has its own records.
    #[default]
    True,
    /// The records of train queries are permuted among the train queries of the same dataset, and those of validation
    /// queries among the validation queries of the same dataset: a whole row (scores, costs, latencies, tokens of all
    /// models) moves. Means by dataset and model stay what they are, so Best Single and the dataset experts do too;
    /// whatever a router gains beyond them it did not learn from the text. The test part is untouched.
    Shuffled,
}

/// What routers get as the text of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// The prompt as models are asked it, with its dataset's template.
    #[default]
    Prompt,
    /// The question as the dataset has it (`origin_query` of table `queries`).
    Query,
    /// The prompt without what at least half of its dataset's train prompts have in common; see README, "Controls".
    Stripped,
}

/// A model that joins late: it has a card, and records on few train queries only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdStart {
    /// The model.
    pub model: String,
    /// On how many train queries its records are shown; a smaller number's queries are among a larger one's.
    pub examples: usize,
}

impl Experiment {
    /// One line for each control that is on, for the head of a report; none when the run hides and changes nothing.
    #[must_use]
    pub fn controls(&self) -> Vec<String> {
        let protocol = &self.protocol;
        let mut lines = Vec::new();
        if protocol.labels == Labels::Shuffled {
            lines.push("labels shuffled within dataset (train and validation)".to_owned());
        }
        match protocol.input {
            Input::Prompt => {}
            Input::Query => lines.push("routers get the original query instead of the prompt".into()),
            Input::Stripped => lines.push("routers get the prompt without its dataset's boiler-plate".into()),
        }
        if let Some(file) = &self.data.embeddings_file {
            lines.push(format!("embeddings from `{}`", file.display()));
        }
        if let Some(width) = protocol.pca_width {
            lines.push(format!("embeddings reduced to {width} principal components of the train part"));
        }
        if protocol.track == Track::Fair && !protocol.masks_models() {
            lines.push("routers see the models' names and a pool in their order".into());
        }
        if let Some(dataset) = &protocol.leave_out {
            lines.push(format!("dataset `{dataset}` left out of train and validation, and tested whole and alone"));
        }
        if let Some(share) = protocol.train_share {
            lines.push(format!("{} % of the train part of each dataset", percent(share)));
        }
        if let Some(ColdStart { model, examples }) = &protocol.cold_start {
            lines.push(format!(
                "cold start: routers get records of `{model}` on {examples} train queries and on no validation query"
            ));
        }
        if self.preferences.weighs == Weighs::Latency {
            lines.push("preferences weigh quality against seconds of waiting: `cost` and what is saved are seconds, not dollars".into());
        }
        if !self.data.models.is_empty() {
            lines.push(format!("pool of {} chosen models", self.data.models.len()));
        }
        if self.data.coverage > 0.0 {
            let share = percent(self.data.coverage);
            lines.push(format!("pool of the models that have a score for {share} % of the queries of every dataset"));
        }
        if !self.data.reference_models.is_empty() {
            lines.push(format!("outside the pool: {}", self.data.reference_models.join(", ")));
        }
        lines
    }
}

/// A share in percent without digits that say nothing.
fn percent(share: f64) -> String {
    let written = format!("{:.6}", share * 100.0);
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(lines: &str, of_data: &str) -> Vec<String> {
        let text = format!("name = 'a'\n{lines}\n[data]\ndir = '.'\n{of_data}\n[[router]]\ncomponent = 'knn.wasm'");
        toml::from_str::<Experiment>(&text).expect("an experiment").controls()
    }

    #[test]
    fn every_control_that_is_on_has_a_line_and_none_other_has() {
        assert_eq!(controls("", ""), Vec::<String>::new());
        let cases = [
            ("protocol.labels = 'shuffled'", "", "labels shuffled within dataset (train and validation)"),
            ("protocol.mask_models = false", "", "routers see the models' names and a pool in their order"),
            (
                "protocol.leave_out = 'b'",
                "",
                "dataset `b` left out of train and validation, and tested whole and alone",
            ),
            ("protocol.train_share = 0.07", "", "7 % of the train part of each dataset"),
            (
                "protocol.cold_start = { model = 'm', examples = 5 }",
                "",
                "cold start: routers get records of `m` on 5 train queries and on no validation query",
            ),
            ("", "embeddings_file = 'e.parquet'", "embeddings from `e.parquet`"),
            ("protocol.pca_width = 64", "", "embeddings reduced to 64 principal components of the train part"),
            ("", "models = ['x', 'y']", "pool of 2 chosen models"),
            ("", "coverage = 0.95", "pool of the models that have a score for 95 % of the queries of every dataset"),
            ("", "reference_models = ['r']", "outside the pool: r"),
            (
                "preferences.weighs = 'latency'",
                "",
                "preferences weigh quality against seconds of waiting: `cost` and what is saved are seconds, not dollars",
            ),
        ];
        for (lines, of_data, expected) in cases {
            assert_eq!(controls(lines, of_data), [expected], "{lines} {of_data}");
        }
        // The reference masks nothing, so not to mask is no choice there.
        assert_eq!(controls("protocol.track = 'compat'", ""), Vec::<String>::new());
    }
}
