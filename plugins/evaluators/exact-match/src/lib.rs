//! Compares the labelled answer with the ground truth as text.

use routerlab_sdk::answer::{in_word, labelled_rest, strip};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

/// Whether upper and lower case differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// They do not.
    #[default]
    Ignore,
    /// They do.
    Keep,
}

/// Whether a full stop at the end belongs to the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FullStop {
    /// It does not.
    #[default]
    Drop,
    /// It does.
    Keep,
}

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether upper and lower case differ.
    pub case: Case,
    /// Whether a full stop at the end belongs to the answer.
    pub full_stop: FullStop,
    /// When the answer as a whole is wrong, the first of these words in it counts.
    pub labels: Vec<String>,
    /// When the answer as a whole is wrong, what follows its last verb or colon counts.
    pub after_verb: bool,
}

/// After these words an answer often begins.
const VERBS: [&str; 7] = ["is", "are", "was", "be", "prints", "print", "outputs"];

/// The evaluator.
pub struct ExactMatch {
    config: Config,
}

impl Evaluator for ExactMatch {
    const NAME: &'static str = "exact-match";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"case":{"enum":["ignore","keep"],"default":"ignore"},"full_stop":{"enum":["drop","keep"],"default":"drop"},"labels":{"type":"array","items":{"type":"string"},"default":[]},"after_verb":{"type":"boolean","default":false}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        if config.labels.iter().any(|label| label.trim().is_empty()) {
            return Err(Error::config("labels", "holds an empty word"));
        }
        Ok(Self { config })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        // Nobody can be right or wrong about an answer that is not known.
        if item.ground_truth.trim().is_empty() {
            return Outcome::unknown("there is no reference answer");
        }
        let Some(answer) = candidate(&item.raw_output) else {
            return Outcome::right_if(false).because("the output is empty");
        };
        let found = self.normal(&answer);
        let wanted = self.normal(&strip(&item.ground_truth));
        if found == wanted {
            return Outcome::right_if(true).predicted(answer);
        }
        if let Some(label) = self.first_label(&found) {
            return Outcome::right_if(label == wanted).predicted(label).because("first label in the answer");
        }
        if self.config.after_verb
            && let Some(rest) = after_last_verb(&found)
        {
            let rest = strip(rest);
            return Outcome::right_if(rest == wanted).predicted(rest).because("after the last verb or colon");
        }
        Outcome::right_if(false).predicted(answer)
    }
}

impl ExactMatch {
    /// The text as it is compared.
    fn normal(&self, text: &str) -> String {
        let without_stop = match self.config.full_stop {
            FullStop::Drop => text.strip_suffix('.').unwrap_or(text),
            FullStop::Keep => text,
        };
        match self.config.case {
            Case::Ignore => strip(&without_stop.to_lowercase()),
            Case::Keep => strip(without_stop),
        }
    }

    /// The label that comes first as a whole word of `text`, in its normal form.
    fn first_label(&self, text: &str) -> Option<String> {
        let places = self.config.labels.iter().filter_map(|label| {
            let label = self.normal(label);
            let place = words_at(text, &label).next()?;
            Some((place, label))
        });
        places.min_by_key(|&(place, _)| place).map(|(_, label)| label)
    }
}

/// The labelled rest, or without one the first line that is neither empty nor a code fence; stripped.
fn candidate(output: &str) -> Option<String> {
    if let Some(rest) = labelled_rest(output) {
        return Some(strip(rest));
    }
    let line = output.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("```"))?;
    Some(strip(line))
}

/// Where `word` stands in `text` as a whole word.
fn words_at<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(place, _)| place).filter(move |&place| {
        let before = text[..place].chars().next_back();
        let after = text[place + word.len()..].chars().next();
        !before.is_some_and(in_word) && !after.is_some_and(in_word)
    })
}

/// What follows the last verb or colon.
fn after_last_verb(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let verbs = VERBS.iter().flat_map(|verb| words_at(&lower, verb).map(|place| place + verb.len()));
    let colons = lower.match_indices(':').map(|(place, _)| place + 1);
    verbs.chain(colons).max().map(|end| &text[end..])
}

export_evaluator!(ExactMatch);

#[cfg(test)]
mod tests {
    use super::{Case, Config, ExactMatch, FullStop};
    use routerlab_sdk::{Evaluator, Item, Outcome};

    fn score(config: Config, output: &str, truth: &str) -> (f64, Option<String>) {
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        let outcome = ExactMatch::new(config).unwrap().score(&item, &[]);
        (outcome.score.unwrap(), outcome.prediction)
    }

    #[test]
    fn by_default_case_and_one_full_stop_do_not_matter() {
        let cases = [
            ("Paris", "paris", 1.0),
            ("Answer: **PARIS.**", "Paris", 1.0),
            ("```python\n Paris \n```", "Paris.", 1.0),
            ("Paris..", "Paris", 0.0),
            ("It is Paris", "Paris", 0.0),
            ("Answer: Rome\nParis", "Paris", 0.0),
            ("", "Paris", 0.0),
        ];
        for (output, truth, expected) in cases {
            assert_eq!(score(Config::default(), output, truth).0, expected, "{output:?}");
        }
    }

    #[test]
    fn without_a_reference_answer_there_is_no_score() {
        let evaluator = ExactMatch::new(Config::default()).unwrap();
        for (output, truth) in [("Paris", ""), ("", ""), ("\"\"", " \n")] {
            let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
            let outcome = evaluator.score(&item, &[]);
            assert_eq!(outcome, Outcome::unknown("there is no reference answer"), "{output:?}");
        }
    }

    #[test]
    fn strict_comparison_keeps_case_and_full_stop() {
        let strict = || Config { case: Case::Keep, full_stop: FullStop::Keep, ..Config::default() };
        assert_eq!(score(strict(), "\"A dog.\"", "A dog.").0, 1.0);
        assert_eq!(score(strict(), "A dog", "A dog.").0, 0.0);
        assert_eq!(score(strict(), "a dog.", "A dog.").0, 0.0);
    }

    #[test]
    fn the_first_label_counts_as_a_whole_word() {
        let labels = || Config { labels: ["Positive", "negative"].map(String::from).into(), ..Config::default() };
        assert_eq!(score(labels(), "It is negative, not positive", "negative"), (1.0, Some("negative".into())));
        assert_eq!(score(labels(), "POSITIVE!", "positive"), (1.0, Some("positive".into())));
        assert_eq!(score(labels(), "seronegative", "negative").0, 0.0);
        assert!(ExactMatch::new(Config { labels: vec![" ".into()], ..Config::default() }).is_err());
    }

    #[test]
    fn what_follows_the_last_verb_or_colon_counts() {
        let after = || Config { after_verb: true, ..Config::default() };
        assert_eq!(score(after(), "The capital is `Paris`.", "Paris").0, 1.0);
        assert_eq!(score(after(), "It prints: 7", "7").0, 1.0);
        assert_eq!(score(after(), "This island", "island").0, 0.0);
    }
}
