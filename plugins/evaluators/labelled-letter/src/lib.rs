//! Compares the letter behind the label ("Answer: C") with the key.

mod options;

use routerlab_answers::boxed::last_box;
use routerlab_answers::labelled::{Payload, labelled, labelled_texts, said_to_be};
use routerlab_answers::letter::{concluded, headed, stated};
use routerlab_answers::markdown::plain;
use routerlab_answers::thinking::after_thinking;
use routerlab_answers::{Mode, strip};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

use crate::options::Options;

/// How many labels are looked at. A reply has a few; one that has thousands is not worth the work.
const LABELS: usize = 64;

/// What may be set.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
    /// The last letter of the options, a capital.
    pub last: char,
    /// Whether a key that is a digit means the letter of that rank; in the mode `fixed` only.
    pub digit_keys: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { mode: Mode::Fixed, last: 'D', digit_keys: true }
    }
}

/// The evaluator.
pub struct LabelledLetter {
    config: Config,
}

impl Evaluator for LabelledLetter {
    const NAME: &'static str = "labelled-letter";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"},"last":{"type":"string","pattern":"^[A-Z]$","default":"D"},"digit_keys":{"type":"boolean","default":true}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        if !config.last.is_ascii_uppercase() {
            return Err(Error::config("last", format!("must be a capital from A to Z: `{}`", config.last)));
        }
        Ok(Self { config })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        if item.ground_truth.trim().is_empty() {
            return Outcome::unknown("there is no key");
        }
        match self.config.mode {
            Mode::Compat => self.compat(item),
            Mode::Fixed => self.fixed(item),
        }
    }
}

impl LabelledLetter {
    fn compat(&self, item: &Item) -> Outcome {
        match labelled(&item.raw_output, Payload::LetterTo(self.config.last)) {
            "" => Outcome::right_if(false).because("no letter behind a label"),
            found => Outcome::right_if(found == item.ground_truth).predicted(found),
        }
    }

    fn fixed(&self, item: &Item) -> Outcome {
        let Some(key) = self.key(&item.ground_truth) else {
            let (last, truth) = (self.config.last, strip(&item.ground_truth));
            return Outcome::unknown(format!("the key is no letter from A to {last}: `{truth}`"));
        };
        match self.chosen(item) {
            Some((letter, why)) => Outcome::right_if(letter == key).predicted(letter).because(why),
            None => Outcome::right_if(false).because("no letter that stands alone"),
        }
    }

    /// The key as a capital of the range.
    fn key(&self, truth: &str) -> Option<char> {
        let mut chars = strip(truth).chars();
        let (typed, None) = (chars.next()?, chars.next()) else { return None };
        let letter = match typed {
            '1'..='9' if self.config.digit_keys => char::from(b'A' + (typed as u8 - b'1')),
            typed => typed.to_ascii_uppercase(),
        };
        ('A'..=self.config.last).contains(&letter).then_some(letter)
    }

    /// The letter that the reply comes to, and where it was found.
    fn chosen(&self, item: &Item) -> Option<(char, &'static str)> {
        let last = self.config.last;
        let reply = after_thinking(&item.raw_output);
        let text = plain(reply);
        let options = Options::of(&item.metadata, last);
        for behind in labelled_texts(&text).take(LABELS) {
            // Before the letter, because the text of an option may look like one: "E. coli".
            if let Some(letter) = options.with_text(behind) {
                return Some((letter, "option text behind the label"));
            }
            if let Some(letter) = stated(behind, last) {
                return Some((letter, "behind the label"));
            }
        }
        if let Some(content) = last_box(reply) {
            let content = plain(content);
            if let Some(letter) = stated(&content, last).or_else(|| options.with_text(&content)) {
                return Some((letter, "in the last box"));
            }
        }
        let mut lines = text.lines().rev().map(strip).filter(|line| !line.is_empty());
        let line = lines.next()?;
        let only = if lines.next().is_none() { headed(line, last) } else { None };
        if let Some(letter) = concluded(line, last).or(only) {
            return Some((letter, "on the last line"));
        }
        if let Some(letter) = said_to_be(&text).take(LABELS).find_map(|said| stated(said, last)) {
            return Some((letter, "said to be the answer"));
        }
        options.with_text(line).map(|letter| (letter, "option text on the last line"))
    }
}

export_evaluator!(LabelledLetter);

#[cfg(test)]
mod tests;
