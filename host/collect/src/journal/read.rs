//! Reading a journal: a line at its place, or everything that a run left behind.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::entry::{Entry, SUM, content};
use super::write::{Loc, segment_path};
use crate::error::CollectError;

/// The numbers of the segments in a folder, in order.
pub(crate) fn segments(folder: &Path) -> Result<Vec<u32>, CollectError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CollectError::journal(folder, error)),
    };
    let number = |name: std::ffi::OsString| name.to_str()?.strip_suffix(".journal")?.parse().ok();
    let mut numbers: Vec<u32> = entries.filter_map(|entry| number(entry.ok()?.file_name())).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Removes segments; a crash in between leaves some, whose lines are then folded once more.
pub(crate) fn remove(folder: &Path, numbers: impl IntoIterator<Item = u32>) -> Result<(), CollectError> {
    for number in numbers {
        let path = segment_path(folder, number);
        std::fs::remove_file(&path).map_err(|error| CollectError::journal(&path, error))?;
    }
    Ok(())
}

/// What a run left behind.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Lines whose sum does not fit, the one that a kill cut off at the end left out.
    pub(crate) damaged: u64,
}

/// Reads every line of every segment, as much of it as an `E` holds.
pub(crate) fn recover<E: DeserializeOwned>(folder: &Path, mut each: impl FnMut(E, Loc)) -> Result<Found, CollectError> {
    let mut found = Found::default();
    for segment in segments(folder)? {
        let path = segment_path(folder, segment);
        let failed = |error: std::io::Error| CollectError::journal(&path, error);
        let mut reader = BufReader::with_capacity(1 << 20, File::open(&path).map_err(failed)?);
        let (mut line, mut offset) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            let length = line.len() as u64;
            // Without its end it was cut off.
            if let Some(whole) = line.strip_suffix(b"\n") {
                let entry = content(whole).and_then(|json| serde_json::from_slice(json).ok());
                match entry {
                    Some(entry) => each(entry, Loc { segment, length: length as u32, offset }),
                    None => found.damaged += 1,
                }
            }
            offset += length;
            line.clear();
        }
    }
    Ok(found)
}

/// The entry at a place.
pub(crate) fn line_at<R: DeserializeOwned>(files: &mut Files<'_>, loc: Loc) -> Result<Entry<R>, CollectError> {
    let line = files.line(loc)?;
    serde_json::from_slice(&line[SUM..]).map_err(|error| files.failed(loc, error))
}

/// The same; none where the line is whole and yet no entry, as another version may have written it.
pub(crate) fn entry_at<R: DeserializeOwned>(files: &mut Files<'_>, loc: Loc) -> Result<Option<Entry<R>>, CollectError> {
    Ok(serde_json::from_slice(&files.line(loc)?[SUM..]).ok())
}

/// The segment that was read last stays open: rows of a file come from few.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    folder: &'a Path,
    open: Option<(u32, File)>,
}

impl<'a> Files<'a> {
    pub(crate) fn of(folder: &'a Path) -> Self {
        Self { folder, open: None }
    }

    pub(crate) fn folder(&self) -> &'a Path {
        self.folder
    }

    /// A line with its sum, which fits, and its end.
    fn line(&mut self, loc: Loc) -> Result<Vec<u8>, CollectError> {
        if self.open.as_ref().is_none_or(|(number, _)| *number != loc.segment) {
            let path = segment_path(self.folder, loc.segment);
            self.open = Some((loc.segment, File::open(path).map_err(|error| self.failed(loc, error))?));
        }
        let Some((_, file)) = &self.open else { return Err(self.failed(loc, "it cannot be opened")) };
        let mut line = vec![0; loc.length as usize];
        file.read_exact_at(&mut line, loc.offset).map_err(|error| self.failed(loc, error))?;
        match line.strip_suffix(b"\n").and_then(content) {
            Some(_) => Ok(line),
            None => Err(self.failed(loc, format!("the line at byte {} is damaged", loc.offset))),
        }
    }

    fn failed(&self, loc: Loc, reason: impl std::fmt::Display) -> CollectError {
        CollectError::journal(&segment_path(self.folder, loc.segment), reason.to_string())
    }
}
