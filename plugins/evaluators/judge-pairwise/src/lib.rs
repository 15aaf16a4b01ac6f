//! Asks a judge which of two answers is better, in both orders.

mod label;

use routerlab_answers::judge::{UNPARSABLE, Unparsable, fill, is_failure, metadata, question, short};
use routerlab_answers::thinking::after_thinking;
use routerlab_answers::{Mode, strip};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, config, export_evaluator};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::label::Label;

/// In which orders the answers are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounds {
    /// The baseline first, then the candidate first: what the judge likes about a place cancels.
    #[default]
    Both,
    /// The baseline first, at half the price.
    One,
}

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
    /// In which orders the answers are shown. In compat always both.
    pub rounds: Rounds,
    /// How often each round is played. In compat always once.
    pub votes: u32,
    /// What a round without a readable verdict means. In compat a loss.
    pub unparsable: Unparsable,
    /// Categories that the reference has no baseline answers for: in compat they score 0.
    pub without_baseline: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            rounds: Rounds::default(),
            votes: 1,
            unparsable: Unparsable::default(),
            without_baseline: vec![CREATIVE.to_owned()],
        }
    }
}

/// The category that the judge compares without an answer of its own, and the one with it.
const CREATIVE: &str = "creative_writing";
const HARD: &str = "hard_prompt";

/// More votes than this are a slip of the pen.
const MAX_VOTES: u32 = 25;

/// The evaluator.
pub struct JudgePairwise {
    config: Config,
}

impl Evaluator for JudgePairwise {
    const NAME: &'static str = "judge-pairwise";
    const NEEDS_JUDGE: bool = true;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"},"rounds":{"enum":["both","one"],"default":"both"},"votes":{"type":"integer","minimum":1,"maximum":25,"default":1},"unparsable":{"enum":["wrong","unknown"],"default":"wrong"},"without_baseline":{"type":"array","items":{"type":"string"},"default":["creative_writing"]}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        config::at_least_one("votes", config.votes)?;
        if config.votes > MAX_VOTES {
            return Err(Error::config("votes", format!("must be at most {MAX_VOTES}: {}", config.votes)));
        }
        Ok(Self { config })
    }

    fn judge(&self, item: &Item) -> Vec<String> {
        let metadata = metadata(&item.metadata);
        if self.without_judge(item, metadata.get("category")).is_some() {
            return Vec::new();
        }
        let instructions = if metadata.get("category").and_then(Value::as_str) == Some(CREATIVE) {
            include_str!("prompts/without-own-answer.txt")
        } else {
            include_str!("prompts/with-own-answer.txt")
        };
        let template = [instructions, include_str!("prompts/verdict.txt")].concat();
        let candidate = if self.is_compat() { &item.raw_output } else { strip(after_thinking(&item.raw_output)) };
        let asked = question(&metadata, &item.prompt);
        let round = |first, second| fill(&template, &[("question", asked), ("first", first), ("second", second)]);
        let mut rounds = vec![round(&item.ground_truth, candidate)];
        if self.rounds() == 2 {
            rounds.push(round(candidate, &item.ground_truth));
        }
        let votes = if self.is_compat() { 1 } else { self.config.votes as usize };
        let asked = rounds.len() * votes;
        rounds.into_iter().cycle().take(asked).collect()
    }

    fn score(&self, item: &Item, replies: &[String]) -> Outcome {
        let metadata = metadata(&item.metadata);
        if let Some(outcome) = self.without_judge(item, metadata.get("category")) {
            return outcome;
        }
        let labels: Vec<Option<Label>> = replies.iter().map(|reply| self.label(reply)).collect();
        let named: Vec<Option<&str>> = labels.iter().map(|label| label.as_ref().map(|label| &*label.text)).collect();
        let outcome = self.outcome(&labels, replies);
        outcome.predicted(json!(named).to_string())
    }
}

impl JudgePairwise {
    fn is_compat(&self) -> bool {
        self.config.mode == Mode::Compat
    }

    fn rounds(&self) -> usize {
        if self.is_compat() || self.config.rounds == Rounds::Both { 2 } else { 1 }
    }

    /// The outcome where no judge has to be asked.
    fn without_judge(&self, item: &Item, category: Option<&Value>) -> Option<Outcome> {
        let missing = strip(&item.ground_truth).is_empty();
        if !self.is_compat() {
            return missing.then(|| Outcome::unknown("there is no baseline answer"));
        }
        let category = category.and_then(Value::as_str).unwrap_or_default();
        if missing || self.config.without_baseline.iter().any(|without| without == category) {
            return Some(Outcome::right_if(false).because("there is no baseline answer"));
        }
        let known = category == CREATIVE || category == HARD;
        (!known).then(|| Outcome::unknown(format!("the category is unknown: `{}`", short(category, 40))))
    }

    fn label(&self, reply: &str) -> Option<Label> {
        match self.config.mode {
            Mode::Compat => label::compat(reply),
            Mode::Fixed if is_failure(reply) => None,
            Mode::Fixed => label::fixed(after_thinking(reply)),
        }
    }

    /// The mean over the votes; a vote is all rounds once.
    fn outcome(&self, labels: &[Option<Label>], replies: &[String]) -> Outcome {
        let votes: Vec<Option<i32>> = labels.chunks(self.rounds()).map(|vote| self.points(vote)).collect();
        let read: Vec<i32> = votes.iter().flatten().copied().collect();
        let unread = votes.len() - read.len();
        let counted = match self.config.unparsable {
            Unparsable::Unknown if !self.is_compat() => read.len(),
            _ => votes.len().max(1),
        };
        let unreadable = labels.iter().zip(replies).find(|(label, _)| label.is_none()).map(|(_, reply)| reply);
        let why = match unreadable {
            Some(reply) if read.is_empty() => format!("{UNPARSABLE}: {}", short(reply, 120)),
            None if read.is_empty() => format!("{UNPARSABLE}: none came"),
            _ if unread > 0 => format!("points {read:?}, {unread} of {} votes unreadable", votes.len()),
            _ => format!("points {read:?}"),
        };
        let wins: f64 = read.iter().map(|points| f64::from(points.signum() + 1) / 2.0).sum();
        let score = (counted > 0).then(|| wins / counted as f64);
        Outcome { score, ..Outcome::default() }.because(why)
    }

    /// The candidate's points in one vote; none where a round of it has no verdict.
    fn points(&self, vote: &[Option<Label>]) -> Option<i32> {
        let [first, second @ ..] = vote else { return None };
        if vote.len() < self.rounds() {
            return None;
        }
        // The baseline is A in the first round and B in the second.
        let first = -first.as_ref()?.for_a;
        second.iter().try_fold(first, |sum, label| Some(sum + label.as_ref()?.for_a))
    }
}

export_evaluator!(JudgePairwise);

#[cfg(test)]
mod tests;
