//! Answers that were paid for once: kept by the digest of the whole request, shared between runs, never thrown away by
//! themselves.
//!
//! An SQLite file (`answers.sqlite`), so that several runs use it at a time and other programs can open it: table `answers`
//! with `request` (the digest), `answer` (JSON, packed with zstd) and `collected_at`.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use crate::answer::Answer;
use crate::error::CollectError;

/// Ratio is bought by the library's default.
const ZSTD_LEVEL: i32 = 3;
/// An answer, unpacked, at most.
const ANSWER_BYTES: usize = 1 << 30;
/// How long another run may hold the file.
const PATIENCE: Duration = Duration::from_secs(60);

/// The cache.
pub struct Cache {
    path: PathBuf,
    reader: Mutex<Connection>,
    writer: Mutex<Writer>,
}

struct Writer {
    connection: Connection,
    /// Kept: to make one takes longer than to pack an answer.
    packer: zstd::bulk::Compressor<'static>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Cache {
    /// Opens the cache of a folder, which is made where there is none.
    ///
    /// # Errors
    /// When the file cannot be made, is no cache, or is damaged: a collection that relies on it must not go on at full price.
    pub fn open(folder: &Path) -> Result<Self, CollectError> {
        let path = folder.join("answers.sqlite");
        let failed = |reason: String| CollectError::Cache { path: path.clone(), reason };
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A row that a power cut takes is paid again at worst; the file stays whole.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS answers \
                 (request BLOB PRIMARY KEY, answer BLOB NOT NULL, collected_at TEXT NOT NULL)",
            )?;
            Ok(connection)
        };
        let reader = connect().map_err(|error| failed(error.to_string()))?;
        let connection = connect().map_err(|error| failed(error.to_string()))?;
        let packer = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(|error| failed(error.to_string()))?;
        Ok(Self { path, reader: Mutex::new(reader), writer: Mutex::new(Writer { connection, packer }) })
    }

    fn failed(&self, reason: impl ToString) -> CollectError {
        CollectError::Cache { path: self.path.clone(), reason: reason.to_string() }
    }

    /// The answer to a request, if it was answered before.
    pub(crate) fn get(&self, request: &str) -> Result<Option<Answer>, CollectError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let packed: Option<Vec<u8>> = reader
            .prepare_cached("SELECT answer FROM answers WHERE request = ?1")
            .and_then(|mut statement| statement.query_row([bytes(request)], |row| row.get(0)).optional())
            .map_err(|error| self.failed(error))?;
        drop(reader);
        let Some(packed) = packed else { return Ok(None) };
        let damaged = |reason: String| self.failed(format!("the answer to request {request} is damaged: {reason}"));
        let plain = unpack(&packed).map_err(|error| damaged(error.to_string()))?;
        serde_json::from_slice(&plain).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Keeps answers, all or none.
    pub(crate) fn put(&self, answers: &[(String, Answer)]) -> Result<(), CollectError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Writer { connection, packer } = &mut *writer;
        let mut packed = Vec::with_capacity(answers.len());
        for (request, answer) in answers {
            let plain = serde_json::to_vec(answer).map_err(|error| self.failed(error))?;
            let blob = packer.compress(&plain).map_err(|error| self.failed(error))?;
            packed.push((bytes(request), blob, answer.collected_at.as_str()));
        }
        let mut write = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            {
                let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3)")?;
                for (request, blob, collected_at) in &packed {
                    statement.execute(params![request, blob, collected_at])?;
                }
            }
            transaction.commit()
        };
        write().map_err(|error| self.failed(error))
    }
}

fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut plain = Vec::new();
    zstd::stream::read::Decoder::new(packed)?.take(ANSWER_BYTES as u64).read_to_end(&mut plain)?;
    Ok(plain)
}

/// A digest in hex as bytes: half the room.
fn bytes(digest: &str) -> Vec<u8> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    digest.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |sum, byte| sum << 4 | nibble(*byte))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_there_for_every_run_that_asks_the_same() {
        let scratch = tempfile::tempdir().unwrap();
        let (digest, other) = ("ab".repeat(32), "cd".repeat(32));
        let answer = Answer { raw_output: "yes".repeat(1000), ..Answer::example() };
        let first = Cache::open(scratch.path()).unwrap();
        let second = Cache::open(scratch.path()).unwrap();
        assert_eq!(first.get(&digest).unwrap(), None);
        first.put(&[(digest.clone(), answer.clone())]).unwrap();
        assert_eq!(second.get(&digest).unwrap(), Some(answer));
        assert_eq!(second.get(&other).unwrap(), None);
    }

    #[test]
    fn a_file_that_is_no_cache_is_an_error_with_a_way_out() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("answers.sqlite"), "these are not the bytes of a database".repeat(100))
            .unwrap();
        let message = Cache::open(scratch.path()).unwrap_err().to_string();
        assert!(
            message
                .ends_with("file is not a database; name another with `--cache`, or go without one with `--no-cache`"),
            "{message}"
        );
    }
}
