//! Which lines of the journal belong to which file, and when a file can be written.
//!
//! A file is written as soon as everything that was wanted of it is known, and what is left when the run ends. A segment
//! of the journal goes when none of its lines waits for a file any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use routerlab_records::{AttemptRow, Provenance, Row};

use crate::error::CollectError;
use crate::journal::{Entry, Files, Loc, Noted, line_at, remove};
use crate::shelf::{Shelved, merge, unfolded};

/// What a line of the journal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) shard: u32,
    pub(crate) item: u32,
    pub(crate) kind: Kind,
}

/// Which kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sent,
    Attempt,
    Row,
}

/// Two files: rows and attempts.
pub(crate) type ShardFiles = (PathBuf, PathBuf);

#[derive(Debug, Default)]
struct Pending {
    rows: Vec<(u32, Loc)>,
    attempts: Vec<Loc>,
    segments: BTreeSet<u32>,
}

#[derive(Debug)]
struct State {
    /// Rows that are still to come, for every shard.
    open: Vec<u32>,
    pending: BTreeMap<u32, Pending>,
    /// For every segment the shards that have lines in it.
    waiting: BTreeMap<u32, BTreeSet<u32>>,
    ready: Option<Sender<u32>>,
}

/// The files of one run.
pub(crate) struct Shelves {
    state: Arc<Mutex<State>>,
    folding: Mutex<Option<JoinHandle<Result<(), CollectError>>>>,
}

impl Shelves {
    /// `open` says how many rows are wanted of every shard. Files are written on a thread of their own.
    pub(crate) fn begin<R: Shelved>(
        journal: &Path,
        open: Vec<u32>,
        files: Arc<dyn Fn(u32) -> ShardFiles + Send + Sync>,
        provenance: Provenance,
    ) -> Result<Self, CollectError> {
        let (ready, waiting) = channel();
        let state = State { open, pending: BTreeMap::new(), waiting: BTreeMap::new(), ready: Some(ready) };
        let state = Arc::new(Mutex::new(state));
        let (shared, folder) = (Arc::clone(&state), journal.to_owned());
        let folding = std::thread::Builder::new()
            .name("shelves".into())
            .spawn(move || fold_all::<R>(&folder, &shared, &waiting, &*files, &provenance))
            .map_err(|error| CollectError::journal(journal, error))?;
        Ok(Self { state, folding: Mutex::new(Some(folding)) })
    }

    /// Lines that are durable now.
    pub(crate) fn noted(&self, lines: &[Noted<Tag>]) {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        for Noted { tag, loc } in lines {
            let pending = state.pending.entry(tag.shard).or_default();
            if pending.segments.insert(loc.segment) {
                state.waiting.entry(loc.segment).or_default().insert(tag.shard);
            }
            match tag.kind {
                Kind::Sent => {}
                Kind::Attempt => pending.attempts.push(*loc),
                Kind::Row => {
                    pending.rows.push((tag.item, *loc));
                    if let Some(open) = state.open.get_mut(tag.shard as usize) {
                        *open = open.saturating_sub(1);
                        if *open == 0
                            && let Some(ready) = &state.ready
                        {
                            // A thread that has ended left an error, which is told at the end.
                            let _ = ready.send(tag.shard);
                        }
                    }
                }
            }
        }
    }

    /// Whether files are still being written; false after an error.
    pub(crate) fn is_well(&self) -> bool {
        let folding = self.folding.lock().unwrap_or_else(PoisonError::into_inner);
        folding.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Writes whatever is left. The journal must have ended.
    pub(crate) fn end(&self) -> Result<(), CollectError> {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let left: Vec<u32> = state.pending.keys().copied().collect();
            if let Some(ready) = state.ready.take() {
                for shard in left {
                    let _ = ready.send(shard);
                }
            }
        }
        let thread = self.folding.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.map_or(Ok(()), |thread| {
            thread.join().unwrap_or_else(|_| Err(CollectError::journal(Path::new(""), "writing tables ended badly")))
        })
    }
}

fn fold_all<R: Shelved>(
    folder: &Path,
    state: &Mutex<State>,
    ready: &Receiver<u32>,
    files: &dyn Fn(u32) -> ShardFiles,
    provenance: &Provenance,
) -> Result<(), CollectError> {
    while let Ok(shard) = ready.recv() {
        let taken = state.lock().unwrap_or_else(PoisonError::into_inner).pending.remove(&shard);
        let Some(Pending { mut rows, attempts, segments: touched }) = taken else { continue };
        let (row_file, attempt_file) = files(shard);
        let mut open = Files::of(folder);
        // Small enough to be in memory, and not always in the order of the rows.
        let mut tried = attempts.iter().map(|loc| attempt_at::<R>(&mut open, *loc)).collect::<Result<Vec<_>, _>>()?;
        tried.sort_by(Row::compare_keys);
        merge(&attempt_file, tried.into_iter().map(Ok), provenance)?;
        rows.sort_by_key(|(item, _)| *item);
        rows.dedup_by_key(|(item, _)| *item);
        let lines = rows.iter().map(|(_, loc)| row_at::<R>(&mut open, *loc));
        merge(&row_file, unfolded(lines), provenance)?;
        let free: Vec<u32> = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            // Lines that came meanwhile keep their segment.
            let again: BTreeSet<u32> =
                state.pending.get(&shard).map(|pending| pending.segments.clone()).unwrap_or_default();
            for segment in touched.difference(&again) {
                if let Some(shards) = state.waiting.get_mut(segment) {
                    shards.remove(&shard);
                }
            }
            // The last segment is being written to.
            let last = state.waiting.keys().next_back().copied();
            let free: Vec<u32> = state
                .waiting
                .iter()
                .filter(|(segment, shards)| shards.is_empty() && Some(**segment) != last)
                .map(|(segment, _)| *segment)
                .collect();
            for segment in &free {
                state.waiting.remove(segment);
            }
            free
        };
        remove(folder, free)?;
    }
    Ok(())
}

fn wrong(folder: &Path) -> CollectError {
    CollectError::journal(folder, "a line is not what it was when it was written")
}

fn row_at<R: Shelved>(files: &mut Files<'_>, loc: Loc) -> Result<R, CollectError> {
    match line_at::<R>(files, loc)? {
        Entry::Row(row) => Ok(row),
        _ => Err(wrong(files.folder())),
    }
}

fn attempt_at<R: Shelved>(files: &mut Files<'_>, loc: Loc) -> Result<AttemptRow, CollectError> {
    match line_at::<R>(files, loc)? {
        Entry::Attempt(row) => Ok(row),
        _ => Err(wrong(files.folder())),
    }
}
