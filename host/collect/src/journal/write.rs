//! Writing the journal, on a thread of its own.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use routerlab_records::atomic::append_to;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::entry::{Entry, encode};
use crate::error::CollectError;

/// A segment that has so many bytes is followed by a new one.
const SEGMENT_BYTES: u64 = 16 << 20;
/// Lines of a group at most.
const GROUP_LINES: usize = 1024;

/// Where a line lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loc {
    pub(crate) segment: u32,
    pub(crate) length: u32,
    pub(crate) offset: u64,
}

/// A line that is durable now, with what its writer called it.
#[derive(Debug)]
pub(crate) struct Noted<T> {
    pub(crate) tag: T,
    pub(crate) loc: Loc,
}

struct Waiting<T> {
    line: Vec<u8>,
    tag: T,
    done: Option<oneshot::Sender<()>>,
}

/// The writing end. When the disk refuses, every waiting and later note fails, and so does the collection.
pub(crate) struct Journal<T> {
    lines: mpsc::Sender<Waiting<T>>,
    thread: JoinHandle<Result<(), CollectError>>,
}

/// The path of a segment.
pub(super) fn segment_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.journal"))
}

impl<T: Send + 'static> Journal<T> {
    /// Begins a new segment after those that are there. `durable` is told of every group once it is on disk.
    pub(crate) fn begin(
        folder: &Path,
        first: u32,
        durable: impl FnMut(Vec<Noted<T>>) + Send + 'static,
    ) -> Result<Self, CollectError> {
        let (lines, receiver) = mpsc::channel(4 * GROUP_LINES);
        let segment = Segment::open(folder, first)?;
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || write(segment, receiver, durable))
            .map_err(|error| CollectError::journal(folder, error))?;
        Ok(Self { lines, thread })
    }

    /// Notes without waiting for the disk. False when the journal has failed.
    pub(crate) async fn note<R: Serialize>(&self, tag: T, entry: &Entry<R>) -> bool {
        self.put(tag, entry, None).await
    }

    /// Notes and waits until it is durable. False when the journal has failed.
    pub(crate) async fn durable<R: Serialize>(&self, tag: T, entry: &Entry<R>) -> bool {
        let (done, wait) = oneshot::channel();
        self.put(tag, entry, Some(done)).await && wait.await.is_ok()
    }

    async fn put<R: Serialize>(&self, tag: T, entry: &Entry<R>, done: Option<oneshot::Sender<()>>) -> bool {
        let mut line = Vec::with_capacity(512);
        encode(entry, &mut line).is_ok() && self.lines.send(Waiting { line, tag, done }).await.is_ok()
    }

    /// Writes what is waiting and ends.
    pub(crate) fn end(self) -> Result<(), CollectError> {
        drop(self.lines);
        self.thread.join().unwrap_or_else(|_| Err(CollectError::journal(Path::new(""), "its thread ended badly")))
    }
}

struct Segment {
    folder: PathBuf,
    number: u32,
    file: File,
    bytes: u64,
}

impl Segment {
    fn open(folder: &Path, number: u32) -> Result<Self, CollectError> {
        let file = append_to(&segment_path(folder, number))?;
        Ok(Self { folder: folder.to_owned(), number, file, bytes: 0 })
    }
}

fn write<T>(
    mut segment: Segment,
    mut lines: mpsc::Receiver<Waiting<T>>,
    mut durable: impl FnMut(Vec<Noted<T>>),
) -> Result<(), CollectError> {
    let mut group = Vec::with_capacity(GROUP_LINES);
    let mut bytes = Vec::new();
    while lines.blocking_recv_many(&mut group, GROUP_LINES) > 0 {
        bytes.clear();
        let mut noted = Vec::with_capacity(group.len());
        let mut waiting = Vec::new();
        for Waiting { line, tag, done } in group.drain(..) {
            let offset = segment.bytes + bytes.len() as u64;
            let loc = Loc { segment: segment.number, length: line.len() as u32, offset };
            bytes.extend_from_slice(&line);
            noted.push(Noted { tag, loc });
            waiting.extend(done);
        }
        let written = segment.file.write_all(&bytes).and_then(|()| segment.file.sync_data());
        written.map_err(|error| CollectError::journal(&segment_path(&segment.folder, segment.number), error))?;
        segment.bytes += bytes.len() as u64;
        durable(noted);
        for done in waiting {
            // Whoever waited may have been given up.
            let _ = done.send(());
        }
        if segment.bytes >= SEGMENT_BYTES {
            segment = Segment::open(&segment.folder, segment.number + 1)?;
        }
        if bytes.capacity() > 16 << 20 {
            bytes = Vec::new();
        }
    }
    Ok(())
}
