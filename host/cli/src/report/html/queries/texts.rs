//! Prompts, reference answers and what models wrote, for the queries that are shown.

use std::collections::BTreeMap;

use routerlab_records::{CompletionRow, CompletionStatus, QueryId, QueryRow, TableReader, completion_files};

use crate::report::html::markup::visible;
use crate::report::html::records::Records;

/// Characters of each text that are shown, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) prompt: usize,
    pub(super) truth: usize,
    pub(super) answer: usize,
}

/// From generous to short: the first that fits into the page is taken.
pub(super) const LENGTHS: [Lengths; 5] = [
    Lengths { prompt: 6000, truth: 1000, answer: 2500 },
    Lengths { prompt: 3000, truth: 600, answer: 1000 },
    Lengths { prompt: 1500, truth: 400, answer: 400 },
    Lengths { prompt: 800, truth: 200, answer: 160 },
    Lengths { prompt: 400, truth: 100, answer: 80 },
];

/// What is known of one query.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) prompt: Kept,
    pub(super) truth: Option<Kept>,
    /// By model: how the request ended, and what came.
    pub(super) answers: BTreeMap<String, (CompletionStatus, Kept)>,
}

/// The texts of some queries, each cut to the greatest length that is ever shown.
pub(super) fn read(records: &Records, wanted: &[&QueryId]) -> anyhow::Result<BTreeMap<QueryId, Texts>> {
    let mut texts: BTreeMap<QueryId, Texts> = BTreeMap::new();
    let longest = LENGTHS[0];
    let mut reader = TableReader::<QueryRow>::open(&records.data.dir.join("queries.parquet"))?;
    let mut rows = Vec::new();
    while reader.read_into(&mut rows)? {
        for row in rows.drain(..).filter(|row: &QueryRow| wanted.contains(&&row.query_id)) {
            let truth = row.ground_truth.as_deref().map(|truth| Kept::of(truth, longest.truth));
            let prompt = Kept::of(&row.prompt, longest.prompt);
            texts.insert(row.query_id, Texts { prompt, truth, answers: BTreeMap::new() });
        }
    }
    // Of two rows of one answer that of the later file counts, as everywhere.
    for file in completion_files(&records.data.dir).unwrap_or_default() {
        let mut reader = TableReader::<CompletionRow>::open(&file)?;
        let mut rows = Vec::new();
        while reader.read_into(&mut rows)? {
            for row in rows.drain(..).filter(|row: &CompletionRow| row.sample_index == 0) {
                let Some(of) = texts.get_mut(&row.query_id) else { continue };
                let said =
                    if row.status == CompletionStatus::Ok { row.raw_output } else { row.error.unwrap_or_default() };
                of.answers.insert(row.model.as_str().to_owned(), (row.status, Kept::of(&said, longest.answer)));
            }
        }
    }
    Ok(texts)
}

/// The beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    words: String,
    /// Characters that the text has beyond these.
    missing: usize,
}

impl Kept {
    /// Keeps so many characters.
    fn of(text: &str, most: usize) -> Self {
        let words: String = text.chars().take(most).collect();
        Self { missing: text.chars().count() - words.chars().count(), words }
    }

    /// At most so many characters as they are to be read, with a mark that says how much of the text is missing.
    pub(super) fn shown(&self, most: usize) -> String {
        let words: String = self.words.chars().take(most).collect();
        match self.missing + self.words.chars().count() - words.chars().count() {
            0 => visible(&words),
            missing => format!("{} […cut: {missing} characters more]", visible(&words)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_says_how_much_of_it_is_missing() {
        assert_eq!(Kept::of("short", 10).shown(10), "short");
        let kept = Kept::of("äbcdefghij", 8);
        assert_eq!(kept.shown(100), "äbcdefgh […cut: 2 characters more]");
        assert_eq!(kept.shown(3), "äbc […cut: 7 characters more]");
    }

    #[test]
    fn what_nobody_sees_is_named() {
        assert_eq!(Kept::of("a\u{202e}b", 10).shown(10), "a[U+202E]b");
    }
}
