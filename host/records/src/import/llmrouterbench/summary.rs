//! What was left out, and why; and what a reader of the tables should know.

use std::collections::BTreeMap;
use std::path::Path;

use crate::import::ImportSummary;
use crate::import::llmrouterbench::WhyNot;
use crate::import::llmrouterbench::record::{FAILED, MORE_OUTPUTS, PRICED, UNKNOWN_COST, UNSCORED};
use crate::import::staged::{Finished, LeftOut};

/// Everything that was left out, and why.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    pub(super) older: LeftOut,
    pub(super) other: LeftOut,
    pub(super) empty: LeftOut,
    demo: LeftOut,
    filtered: LeftOut,
}

impl Reasons {
    pub(super) fn because(&mut self, why: WhyNot, name: &str) {
        match why {
            WhyNot::Demo => self.demo.add(name),
            WhyNot::Older => self.older.add(name),
            WhyNot::Filtered => self.filtered.add(name),
        }
    }

    fn notes(&self) -> impl Iterator<Item = String> {
        [
            self.demo.note("demo runs were left out"),
            self.older.note("runs were left out for newer ones of the same dataset, split and model"),
            self.filtered.note("runs were left out as asked"),
            self.empty.note("runs without records were left out"),
            self.other.note("JSON files are no runs and were left out"),
        ]
        .into_iter()
        .flatten()
    }

    /// The same in brackets, for an error.
    pub(super) fn in_short(&self) -> String {
        let notes: Vec<String> = self.notes().collect();
        if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) }
    }
}

/// The summary of a finished import.
pub(super) fn summary(finished: Finished, left_out: &Reasons, prices: Option<&Path>) -> ImportSummary {
    let mut notes: Vec<String> = left_out.notes().collect();
    notes.extend(counted(&finished.tally, prices));
    finished.summary(notes)
}

fn counted(tally: &BTreeMap<String, u64>, prices: Option<&Path>) -> Vec<String> {
    let of = |what: &str| tally.get(what).copied().filter(|count| *count > 0);
    let mut notes = Vec::new();
    if let Some(count) = of(FAILED) {
        notes.push(format!("{count} calls had failed: their completions say so and have no score"));
    }
    if let Some(count) = of(UNSCORED) {
        notes.push(format!("{count} answers have no score in the results"));
    }
    if let Some((count, list)) = of(PRICED).zip(prices) {
        notes.push(format!("{count} answers whose cost was 0 were priced by `{}`", list.display()));
    }
    if let Some(count) = of(UNKNOWN_COST) {
        let hint = if prices.is_none() { "; `--prices FILE` prices them by their tokens" } else { "" };
        notes.push(format!("{count} answers cost 0 in the results, which says nothing: their cost is unknown{hint}"));
    }
    if let Some(count) = of(MORE_OUTPUTS) {
        notes.push(format!("{count} replies were lists, of which the first text was kept"));
    }
    notes
}
