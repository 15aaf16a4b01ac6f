//! The letter of an option, behind a label or in a box.

use routerlab_answers::labelled::{Payload, labelled};
use routerlab_answers::{Mode, letter};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;
use serde_json::Value;

/// What can be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
    /// The last letter of the range that begins with A.
    pub last: char,
}

impl Default for Config {
    fn default() -> Self {
        Self { mode: Mode::Fixed, last: 'D' }
    }
}

/// The evaluator.
#[derive(Debug)]
pub struct LabelledLetter(Config);

impl Evaluator for LabelledLetter {
    const NAME: &'static str = "labelled-letter";
    const CONFIG_SCHEMA: &'static str = r#"{
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "mode": { "enum": ["fixed", "compat"], "default": "fixed" },
            "last": { "type": "string", "pattern": "^[A-Z]$", "default": "D" }
        }
    }"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        if config.last.is_ascii_uppercase() {
            Ok(Self(config))
        } else {
            Err(Error::config("last", format!("must be a letter from A to Z: `{}`", config.last)))
        }
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        match self.0.mode {
            Mode::Compat => {
                let found = labelled(&item.raw_output, Payload::LetterTo(self.0.last));
                Outcome::right_if(found == item.ground_truth).predicted(found)
            }
            Mode::Fixed => self.score_fixed(item),
        }
    }
}

impl LabelledLetter {
    fn score_fixed(&self, item: &Item) -> Outcome {
        let Some(wanted) = key(&item.ground_truth, self.0.last) else {
            let range = format!("a letter from A to {} or its number", self.0.last);
            return Outcome::unknown(format!("the ground truth `{}` is not {range}", item.ground_truth));
        };
        match letter::answer(&item.raw_output, self.0.last, &options(&item.metadata)) {
            Some(found) => Outcome::right_if(found == wanted).predicted(found),
            None => Outcome::right_if(false).because("no letter in the output"),
        }
    }
}

/// The letter of a key, which some datasets give as the option's number.
fn key(truth: &str, last: char) -> Option<char> {
    let inner = truth.trim().trim_matches(['(', ')', '[', ']', '.']);
    let mut chars = inner.chars();
    let (key, None) = (chars.next()?, chars.next()) else { return None };
    let letter = match key.to_digit(10) {
        Some(0) => return None,
        Some(number) => char::from_u32('A' as u32 + number - 1)?,
        None => key.to_ascii_uppercase(),
    };
    ('A'..=last).contains(&letter).then_some(letter)
}

/// The texts of the options in order, where the dataset's definition gives them; read only where the word is there,
/// because most items need none.
fn options(metadata: &str) -> Vec<String> {
    if !metadata.contains("\"options\"") {
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match serde_json::from_str::<Value>(metadata).ok().as_mut().and_then(|all| all.get_mut("options")) {
        Some(Value::Array(options)) => options.iter().map(text).collect(),
        // In the order of their letters.
        Some(Value::Object(options)) => {
            options.sort_keys();
            options.values().map(text).collect()
        }
        _ => Vec::new(),
    }
}

export_evaluator!(LabelledLetter);

#[cfg(test)]
mod tests {
    use super::{Config, LabelledLetter};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item};

    fn score(mode: Mode, output: &str, truth: &str, metadata: &str) -> Option<f64> {
        let evaluator = LabelledLetter::new(Config { mode, last: 'E' }).unwrap();
        let item = Item {
            raw_output: output.into(),
            ground_truth: truth.into(),
            metadata: metadata.into(),
            ..Item::default()
        };
        evaluator.score(&item, &[]).score
    }

    #[test]
    fn compat_keeps_the_quirks_and_fixed_does_not_have_them() {
        // Reply, key, score in compat, score in fixed.
        let cases = [
            ("Let me see.\nAnswer: C", "C", 1.0, 1.0),
            ("Well then, **Answer:** C", "C", 0.0, 1.0),
            ("Answer: Certainly not", "C", 1.0, 0.0),
            ("Answer: c", "C", 0.0, 1.0),
            ("C.", "C", 0.0, 1.0),
            ("Answer: A", "1", 0.0, 1.0),
            ("nothing at all", "C", 0.0, 0.0),
        ];
        for (output, truth, compat, fixed) in cases {
            assert_eq!(score(Mode::Compat, output, truth, "{}"), Some(compat), "{output:?}");
            assert_eq!(score(Mode::Fixed, output, truth, "{}"), Some(fixed), "{output:?}");
        }
    }

    #[test]
    fn an_option_may_be_given_by_its_text() {
        let list = r#"{"options":["Paris","Rome"]}"#;
        let map = r#"{"options":{"B":"Rome","A":"Paris"}}"#;
        for metadata in [list, map] {
            assert_eq!(score(Mode::Fixed, "Answer: Rome", "B", metadata), Some(1.0));
            assert_eq!(score(Mode::Fixed, "Answer: Paris", "B", metadata), Some(0.0));
        }
        assert_eq!(score(Mode::Fixed, "Answer: Rome", "B", r#"{"options":7}"#), Some(0.0));
    }

    #[test]
    fn a_key_that_is_no_option_gives_no_score() {
        for truth in ["", "F", "AB", "0", "é"] {
            assert_eq!(score(Mode::Fixed, "Answer: A", truth, "{}"), None, "{truth}");
        }
    }

    #[test]
    fn the_last_letter_is_a_letter() {
        let message = LabelledLetter::new(Config { mode: Mode::Fixed, last: 'é' }).unwrap_err().to_string();
        assert!(message.contains("`last`"), "{message}");
    }
}
