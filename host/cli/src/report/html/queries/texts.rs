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
    pub(super) prompt: String,
    pub(super) truth: Option<String>,
    /// By model: how the request ended, and what came.
    pub(super) answers: BTreeMap<String, (CompletionStatus, String)>,
}

/// The texts of some queries, each cut to the greatest length that is ever shown.
pub(super) fn read(records: &Records, wanted: &[&QueryId]) -> anyhow::Result<BTreeMap<QueryId, Texts>> {
    let mut texts: BTreeMap<QueryId, Texts> = BTreeMap::new();
    let longest = LENGTHS[0];
    let mut reader = TableReader::<QueryRow>::open(&records.data.dir.join("queries.parquet"))?;
    let mut rows = Vec::new();
    while reader.read_into(&mut rows)? {
        for row in rows.drain(..).filter(|row: &QueryRow| wanted.contains(&&row.query_id)) {
            let truth = row.ground_truth.as_deref().map(|truth| cut(truth, longest.truth));
            let prompt = cut(&row.prompt, longest.prompt);
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
                of.answers.insert(row.model.as_str().to_owned(), (row.status, cut(&said, longest.answer)));
            }
        }
    }
    Ok(texts)
}

/// At most so many characters of a text as it is to be read, with a mark that says how much is missing. A text that was
/// cut before says what was missing then, too.
pub(super) fn cut(words: &str, most: usize) -> String {
    let (body, before) = match words.rsplit_once(MARK).and_then(|(body, rest)| Some((body, rest.strip_suffix(MORE)?))) {
        Some((body, missing)) => (body, missing.parse().unwrap_or(0)),
        None => (words, 0),
    };
    let missing = body.chars().count().saturating_sub(most) + before;
    match missing {
        0 => visible(body),
        _ => {
            let kept: String = body.chars().take(most).collect();
            format!("{}{MARK}{missing}{MORE}", visible(&kept))
        }
    }
}

const MARK: &str = " […cut: ";
const MORE: &str = " characters more]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_says_how_much_is_missing_however_often_it_is_cut() {
        assert_eq!(cut("short", 10), "short");
        let once = cut("äbcdefghij", 8);
        assert_eq!(once, "äbcdefgh […cut: 2 characters more]");
        assert_eq!(cut(&once, 3), "äbc […cut: 7 characters more]");
        assert_eq!(cut(&once, 100), once);
    }

    #[test]
    fn what_nobody_sees_is_named() {
        assert_eq!(cut("a\u{202e}b", 10), "a[U+202E]b");
    }
}
