//! Compares the letter that was chosen with the ground truth.

use routerlab_sdk::answer::{labelled_rest, strip};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The letters of the options, in capitals.
    pub letters: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { letters: "ABCD".into() }
    }
}

/// The evaluator.
pub struct MultipleChoice {
    letters: String,
}

impl Evaluator for MultipleChoice {
    const NAME: &'static str = "multiple-choice";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"letters":{"type":"string","pattern":"^[A-Z]+$","default":"ABCD"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        if config.letters.is_empty() || !config.letters.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(Error::config("letters", format!("must be capitals from A to Z: `{}`", config.letters)));
        }
        Ok(Self { letters: config.letters })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        let wanted = item.ground_truth.trim();
        if wanted.chars().count() != 1 || !self.letters.contains(wanted) {
            return Outcome::unknown(format!("the ground truth is none of the letters {}: `{wanted}`", self.letters));
        }
        let in_rest = labelled_rest(&item.raw_output).and_then(|rest| self.letter(&strip(rest)));
        match in_rest.or_else(|| self.letter(&strip(&item.raw_output))) {
            Some(letter) => Outcome::right_if(wanted.starts_with(letter)).predicted(letter),
            None => Outcome::right_if(false).because("no letter in the output"),
        }
    }
}

impl MultipleChoice {
    /// The first letter that stands alone and is no article.
    fn letter(&self, text: &str) -> Option<char> {
        let alone = |neighbour: Option<char>| {
            !neighbour.is_some_and(|character| character.is_alphanumeric() || matches!(character, '\'' | '\u{2019}'))
        };
        text.char_indices().filter(|&(_, letter)| self.letters.contains(letter)).find_map(|(place, letter)| {
            let before = text[..place].chars().next_back();
            let mut after = text[place + 1..].chars();
            let next = after.next();
            let is_article = letter == 'A' && next == Some(' ') && after.next().is_some_and(char::is_lowercase);
            (alone(before) && alone(next) && !is_article).then_some(letter)
        })
    }
}

export_evaluator!(MultipleChoice);

#[cfg(test)]
mod tests {
    use super::{Config, MultipleChoice};
    use routerlab_sdk::{Error, Evaluator, Item};

    fn score(letters: &str, output: &str, truth: &str) -> Option<f64> {
        let evaluator = MultipleChoice::new(Config { letters: letters.into() }).unwrap();
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        evaluator.score(&item, &[]).score
    }

    #[test]
    fn the_first_letter_that_stands_alone_counts() {
        let cases = [
            ("B", "B", 1.0),
            ("(C) because A is wrong", "C", 1.0),
            ("A dog has B", "B", 1.0),
            ("A Dog", "A", 1.0),
            ("Answer: the last one\nD", "D", 1.0),
            ("B. no\nAnswer: C", "C", 1.0),
            ("A's house, B", "B", 1.0),
            ("ABBA", "A", 0.0),
            ("b", "B", 0.0),
            ("", "B", 0.0),
        ];
        for (output, truth, expected) in cases {
            assert_eq!(score("ABCD", output, truth), Some(expected), "{output:?}");
        }
    }

    #[test]
    fn other_letters_can_be_set() {
        assert_eq!(score("ABCDEFGHIJ", "J", "J"), Some(1.0));
        assert_eq!(score("ABCD", "J", "J"), None);
        assert_eq!(score("ABCD", "A", ""), None);
        let refused = MultipleChoice::new(Config { letters: "abc".into() }).err();
        assert_eq!(refused, Some(Error::config("letters", "must be capitals from A to Z: `abc`")));
    }
}
