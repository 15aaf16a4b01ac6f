//! What a run that was killed left in its journal, brought into tables before the next one begins.
//!
//! The journal is read twice: once for the keys, which decide which line counts and into which file it goes, and then file
//! by file for the rows, several files at a time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use routerlab_records::{AttemptOutcome, AttemptRow, Provenance, Row};
use serde::Deserialize;

use crate::error::CollectError;
use crate::journal::{Entry, Files, Loc, SentEntry, entry_at, recover, remove, segments};
use crate::shelf::{AttemptKey, Key, Shelved, merge, unfolded};

/// Files that are written at a time, at most.
const THREADS: usize = 4;

/// What a run that was killed left behind, in its tables now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Answers that were in the journal alone.
    pub rows: u64,
    /// Requests that were on their way: sent, and nothing known of them.
    pub lost: u64,
    /// Damaged lines of the journal.
    pub damaged: u64,
}

/// The key of a line, whatever kind it is.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyEntry<K> {
    Sent(AttemptKey),
    Attempt(AttemptKey),
    Row(K),
}

/// A line that may become a row.
struct Line<K> {
    key: K,
    /// False of a request of which nothing but that it was sent is known.
    known: bool,
    loc: Loc,
}

/// A file with the lines that go into it.
enum Job<K> {
    Attempts(PathBuf, Vec<Line<AttemptKey>>),
    Rows(PathBuf, Vec<Line<K>>),
}

/// Brings everything that a journal holds into tables, and removes it.
pub(crate) fn settle<R: Shelved>(
    journal: &Path,
    folder: &Path,
    provenance: &Provenance,
) -> Result<Recovered, CollectError> {
    let (mut rows, mut attempts) = (Vec::new(), Vec::new());
    let found = recover(journal, |entry, loc| match entry {
        KeyEntry::Row(key) => rows.push(Line::<R::Key> { key, known: true, loc }),
        KeyEntry::Attempt(key) => attempts.push(Line { key, known: true, loc }),
        KeyEntry::Sent(key) => attempts.push(Line { key, known: false, loc }),
    })?;
    let attempts =
        by_file(attempts, folder, AttemptRow::TABLE).into_iter().map(|(path, lines)| Job::Attempts(path, lines));
    let rows = by_file(rows, folder, R::Row::TABLE).into_iter().map(|(path, lines)| Job::Rows(path, lines));
    let jobs = Mutex::new(attempts.chain(rows).collect::<Vec<_>>().into_iter());
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let (mut recovered, mut files) = (Recovered::default(), Files::of(journal));
        while let Some(job) = next() {
            match job {
                Job::Attempts(path, lines) => {
                    let each = lines.iter().filter_map(|line| match entry_at::<R>(&mut files, line.loc).transpose() {
                        Some(Ok(Entry::Attempt(row))) => Some(Ok(row)),
                        Some(Ok(Entry::Sent(sent))) => {
                            recovered.lost += 1;
                            Some(Ok(lost(sent)))
                        }
                        Some(Err(error)) => Some(Err(error)),
                        Some(Ok(Entry::Row(_))) | None => damaged(&mut recovered),
                    });
                    merge(&path, each, provenance)?;
                }
                Job::Rows(path, lines) => {
                    let each = lines.iter().filter_map(|line| match entry_at::<R>(&mut files, line.loc).transpose() {
                        Some(Ok(Entry::Row(row))) => Some(Ok(row)),
                        Some(Err(error)) => Some(Err(error)),
                        Some(Ok(_)) | None => damaged(&mut recovered),
                    });
                    let mut rows = 0;
                    merge(&path, unfolded(each).inspect(|_| rows += 1), provenance)?;
                    recovered.rows += rows;
                }
            }
        }
        Ok(recovered)
    };
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(THREADS));
    let parts: Vec<Result<Recovered, CollectError>> = std::thread::scope(|scope| {
        let going: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err(CollectError::journal(journal, "a thread ended badly")))
        };
        going.into_iter().map(ended).collect()
    });
    let mut recovered = Recovered { damaged: found.damaged, ..Recovered::default() };
    for part in parts {
        let Recovered { rows, lost, damaged } = part?;
        recovered.rows += rows;
        recovered.lost += lost;
        recovered.damaged += damaged;
    }
    remove(journal, segments(journal)?)?;
    Ok(recovered)
}

fn damaged<T>(recovered: &mut Recovered) -> Option<T> {
    recovered.damaged += 1;
    None
}

/// The lines of every file in the order of their keys. Of equal keys what came of a request counts before that it was
/// sent, and then the later line.
fn by_file<K: Key>(mut lines: Vec<Line<K>>, folder: &Path, table: &str) -> Vec<(PathBuf, Vec<Line<K>>)> {
    lines.sort_by(|a, b| (&a.key, a.known).cmp(&(&b.key, b.known)));
    lines.reverse();
    lines.dedup_by(|a, b| a.key == b.key);
    lines.reverse();
    let (mut files, mut places, mut file_of_line) = (Vec::new(), HashMap::new(), Vec::with_capacity(lines.len()));
    for Line { key, .. } in &lines {
        let id = key.query_id();
        let place = (id.dataset(), id.split(), key.maker(), id.record_index() / K::RECORDS);
        file_of_line.push(*places.entry(place).or_insert_with(|| {
            files.push((key.file(folder, table), Vec::new()));
            files.len() - 1
        }));
    }
    for (line, file) in lines.into_iter().zip(file_of_line) {
        files[file].1.push(line);
    }
    files
}

fn lost(sent: SentEntry) -> AttemptRow {
    let error = Some("the collector was killed before the answer was written down".into());
    AttemptRow { error, ..sent.ended(AttemptOutcome::Lost) }
}
