//! Lines of the journal.

use routerlab_records::{AttemptOutcome, AttemptRow, ModelName, QueryId};
use serde::{Deserialize, Serialize};

/// One line. `R` is the row of the table that is collected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Entry<R> {
    /// A request is about to be sent.
    Sent(SentEntry),
    /// What came of it.
    Attempt(AttemptRow),
    /// What is known in the end.
    Row(R),
}

/// What was sent: the key of the attempt that will follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentEntry {
    pub(crate) query_id: QueryId,
    pub(crate) model: ModelName,
    pub(crate) sample_index: u32,
    pub(crate) about: String,
    pub(crate) attempt: u32,
    pub(crate) started_at: String,
}

/// Bytes of a line before its JSON.
pub(super) const SUM: usize = 9;

impl SentEntry {
    /// The attempt, of which nothing is known but how it ended.
    pub(crate) fn ended(self, outcome: AttemptOutcome) -> AttemptRow {
        AttemptRow {
            query_id: self.query_id,
            model: self.model,
            sample_index: self.sample_index,
            about: self.about,
            attempt: self.attempt,
            outcome,
            started_at: self.started_at,
            queue_ms: None,
            ttft_ms: None,
            latency_ms: None,
            http_status: None,
            retry_after_ms: None,
            prompt_tokens: None,
            completion_tokens: None,
            cost_usd: None,
            error: None,
        }
    }
}

/// A line as it is written, with its end.
pub(super) fn encode<R: Serialize>(entry: &Entry<R>, line: &mut Vec<u8>) -> serde_json::Result<()> {
    let start = line.len();
    line.extend_from_slice(b"00000000 ");
    serde_json::to_writer(&mut *line, entry)?;
    let sum = crc32fast::hash(&line[start + SUM..]);
    line[start..start + 8].copy_from_slice(format!("{sum:08x}").as_bytes());
    line.push(b'\n');
    Ok(())
}

/// The JSON of a line without its end; none when the sum does not fit.
pub(super) fn content(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.split_at_checked(SUM)?;
    let sum = std::str::from_utf8(sum.strip_suffix(b" ")?).ok()?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    (crc32fast::hash(rest) == sum).then_some(rest)
}
