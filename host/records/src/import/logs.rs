//! What importers of harnesses' logs share: choices among scores, and what is said at the end.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::import::ImportSummary;
use crate::import::staged::Finished;

/// Counted in the parts: calls that failed.
pub(super) const FAILED: &str = "failed";
/// Counted in the parts: answers without a score.
pub(super) const UNSCORED: &str = "unscored";
/// Counted in the parts: answers whose cost follows from tokens and a price list.
pub(super) const PRICED: &str = "priced";
/// Counted in the parts: answers without a known cost.
pub(super) const UNKNOWN_COST: &str = "unknown cost";
/// Counted once in the parts of logs that did not end well.
pub(super) const UNFINISHED: &str = "unfinished";
/// Begins what is counted in the parts for each way of scoring.
const SCORED_BY: &str = "scored by ";
/// Bytes that one record of a log may have.
pub(super) const MAX_RECORD_BYTES: u64 = 1 << 30;

/// A choice among what a log has, for one task or for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChoice {
    /// The task; none for every task that has the name.
    pub task: Option<String>,
    /// What is chosen: a metric, a filter, a scorer.
    pub name: String,
}

impl LogChoice {
    /// Reads `NAME` or `TASK=NAME`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            Some((task, name)) => Self { task: Some(task.to_owned()), name: name.to_owned() },
            None => Self { task: None, name: text.to_owned() },
        }
    }
}

/// The choices as a text, to tell one import from another.
pub(super) fn choices_text(choices: &[LogChoice]) -> String {
    let text = |choice: &LogChoice| match &choice.task {
        Some(task) => format!("{task}={}", choice.name),
        None => choice.name.clone(),
    };
    choices.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The choices that concern a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Named for this task: must be there.
    pub(super) must: Option<String>,
    /// Named for every task that has it, the first first.
    may: Vec<String>,
}

impl Wanted {
    pub(super) fn of(choices: &[LogChoice], task: &str) -> Self {
        let must = choices.iter().rev().find(|choice| choice.task.as_deref() == Some(task));
        let may = choices.iter().filter(|choice| choice.task.is_none());
        Self { must: must.map(|choice| choice.name.clone()), may: may.map(|choice| choice.name.clone()).collect() }
    }

    /// How much a name is wanted, 0 for the most; all that nobody named are equal.
    pub(super) fn rank(&self, name: &str) -> usize {
        match &self.must {
            Some(must) if must == name => 0,
            _ => 1 + self.may.iter().position(|may| may == name).unwrap_or(self.may.len()),
        }
    }

    /// The name that is wanted most among those that are there and were named.
    pub(super) fn among<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let named = |name: &&str| self.must.as_deref() == Some(*name) || self.may.iter().any(|may| may == name);
        names.filter(named).min_by_key(|name| self.rank(name))
    }
}

/// What is counted for an answer that was scored so.
pub(super) fn scored_by(how: &str) -> String {
    format!("{SCORED_BY}{how}")
}

/// The summary of a finished import; `notes` come first.
pub(super) fn summary(finished: Finished, mut notes: Vec<String>) -> ImportSummary {
    notes.extend(counted(&finished.tally));
    finished.summary(notes)
}

fn counted(tally: &BTreeMap<String, u64>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(count) = tally.get(UNFINISHED) {
        notes.push(format!("{count} logs did not end well; what samples they have was taken"));
    }
    for (what, count) in tally {
        if let Some(how) = what.strip_prefix(SCORED_BY) {
            notes.push(format!("the scores of {count} answers are {how}"));
        }
    }
    if let Some(count) = tally.get(FAILED) {
        notes.push(format!("{count} calls had failed: their completions say so and have no score"));
    }
    let of = |what: &str| tally.get(what).filter(|count| **count > 0);
    if let Some(count) = of(UNSCORED) {
        notes.push(format!("{count} answers have no score in the logs"));
    }
    if let Some(count) = of(PRICED) {
        notes.push(format!("{count} answers were priced by their tokens"));
    }
    if let Some(count) = of(UNKNOWN_COST) {
        notes.push(format!("{count} answers have no known cost"));
    }
    notes
}

/// A text of a JSON value: a text is itself, everything else its JSON; none for null.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_for_a_task_goes_before_what_is_named_for_all() {
        let choices: Vec<LogChoice> = ["acc", "gsm8k=em", "f1"].map(LogChoice::parse).to_vec();
        let of =
            |task: &str, names: &[&str]| Wanted::of(&choices, task).among(names.iter().copied()).map(str::to_owned);
        assert_eq!(of("arc", &["f1", "acc", "em"]), Some("acc".to_owned()));
        assert_eq!(of("gsm8k", &["f1", "acc", "em"]), Some("em".to_owned()));
        assert_eq!(of("gsm8k", &["f1"]), Some("f1".to_owned()));
        assert_eq!(of("arc", &["em"]), None);
        assert_eq!(choices_text(&choices), "acc, gsm8k=em, f1");
    }
}
