//! Which batches are at providers: noted before they are submitted, so that nothing is submitted twice.
//!
//! A file for every batch, `TOKEN.json`, that appears whole or not at all: first without the provider's id, then with it. It
//! goes once all that the batch answered is durable elsewhere. What a run did not want of a batch stays for one that does.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use routerlab_records::atomic::write_bytes;
use routerlab_records::{ModelName, QueryId};
use serde::{Deserialize, Serialize};

use super::Token;
use crate::answer::time;
use crate::error::CollectError;
use crate::servers::Say;

/// Providers forget the answers of a batch after so long at most.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A batch that was submitted, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Submission {
    pub(crate) token: String,
    pub(crate) model: ModelName,
    /// The provider's id, once it is known.
    pub(crate) batch: Option<String>,
    /// How many requests it had when it was submitted.
    pub(crate) requests: u64,
    pub(crate) submitted_at: String,
    /// Those whose answers are not durable yet.
    pub(crate) items: Vec<Submitted>,
}

/// One request of a batch: the key of its attempt, and the digest that says whether it is still what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Submitted {
    pub(crate) number: u64,
    pub(crate) query_id: QueryId,
    pub(crate) sample_index: u32,
    pub(crate) about: String,
    pub(crate) attempt: u32,
    pub(crate) request: String,
}

impl Submission {
    pub(crate) fn new(token: &Token, model: &ModelName, items: Vec<Submitted>) -> Self {
        Self {
            token: token.to_string(),
            model: model.clone(),
            batch: None,
            requests: items.len() as u64,
            submitted_at: time(SystemTime::now()),
            items,
        }
    }

    /// When it was submitted.
    pub(crate) fn at(&self) -> SystemTime {
        humantime::parse_rfc3339(&self.submitted_at).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// The folder of such files, and whom to tell of them.
pub(crate) struct Ledger {
    folder: PathBuf,
    say: Say,
    /// Ids of batches that were noted.
    known: Mutex<HashSet<String>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Ledger {
    pub(crate) fn new(folder: PathBuf, say: Say) -> Self {
        Self { folder, say, known: Mutex::default() }
    }

    pub(crate) fn say(&self, line: String) {
        (self.say)(line);
    }

    /// The file of a batch.
    pub(crate) fn path(&self, token: &str) -> PathBuf {
        self.folder.join(format!("{token}.json"))
    }

    /// The batches of a model, oldest first, but for those that are too old to be answered any more.
    pub(crate) fn read(&self, model: &ModelName) -> Result<Vec<Submission>, CollectError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(CollectError::journal(&self.folder, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| CollectError::journal(&self.folder, error))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let submission = read(&path)?;
            self.known().extend(submission.batch.clone());
            if submission.at().elapsed().is_ok_and(|age| age > KEPT_FOR) {
                self.remove(&submission.token)?;
            } else if submission.model == *model {
                found.push(submission);
            }
        }
        found.sort_by(|a, b| (&a.submitted_at, &a.token).cmp(&(&b.submitted_at, &b.token)));
        Ok(found)
    }

    /// Notes a batch that is about to be submitted. It is durable then.
    pub(crate) async fn note(&self, submission: Submission) -> Result<(), CollectError> {
        let path = self.path(&submission.token);
        aside(move || write(&path, &submission)).await
    }

    /// Notes the provider's id of a batch.
    pub(crate) async fn name(&self, token: &str, batch: &str) -> Result<(), CollectError> {
        self.known().insert(batch.to_owned());
        let (path, batch) = (self.path(token), batch.to_owned());
        aside(move || write(&path, &Submission { batch: Some(batch), ..read(&path)? })).await
    }

    /// Forgets of a batch what is durable elsewhere: all but `rest`.
    pub(crate) async fn keep(&self, token: &str, rest: Vec<Submitted>) -> Result<(), CollectError> {
        if rest.is_empty() {
            return self.remove(token);
        }
        let path = self.path(token);
        aside(move || write(&path, &Submission { items: rest, ..read(&path)? })).await
    }

    /// Whether an id is that of another batch that was noted here.
    pub(crate) fn knows(&self, batch: &str) -> bool {
        self.known().contains(batch)
    }

    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a batch that was never taken on, or that nobody answers any more.
    pub(crate) fn remove(&self, token: &str) -> Result<(), CollectError> {
        let path = self.path(token);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CollectError::journal(&path, error)),
            _ => Ok(()),
        }
    }
}

/// Work on files, where nobody waits for it but whoever asked.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CollectError> + Send + 'static,
) -> Result<T, CollectError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| CollectError::Client(error.to_string()))?
}

fn write(path: &Path, submission: &Submission) -> Result<(), CollectError> {
    let json = serde_json::to_vec(submission).map_err(|error| CollectError::journal(path, error))?;
    write_bytes(path, json)?;
    Ok(())
}

fn read(path: &Path) -> Result<Submission, CollectError> {
    let bytes = std::fs::read(path).map_err(|error| CollectError::journal(path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| CollectError::journal(path, format!("it is damaged: {error}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn submission(token: &str, age: Duration) -> Submission {
        let item = Submitted {
            number: 0,
            query_id: QueryId::new("squares", "test", 1).unwrap(),
            sample_index: 0,
            about: String::new(),
            attempt: 1,
            request: "ab".repeat(32),
        };
        let submission = Submission::new(&token.parse().unwrap(), &"m".into(), vec![item]);
        Submission { submitted_at: time(SystemTime::now() - age), ..submission }
    }

    #[tokio::test]
    async fn a_batch_is_known_from_before_it_is_submitted_until_it_is_done() {
        let scratch = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(scratch.path().join("batches"), Arc::new(|_| {}));
        assert_eq!(ledger.read(&"m".into()).unwrap(), []);
        let (new, older) = (submission("new", Duration::ZERO), submission("older", Duration::from_secs(60)));
        ledger.note(new.clone()).await.unwrap();
        ledger.note(older.clone()).await.unwrap();
        ledger.note(submission("forgotten", KEPT_FOR * 2)).await.unwrap();
        assert_eq!(ledger.read(&"m".into()).unwrap(), [older.clone(), new.clone()]);
        assert_eq!(ledger.read(&"other".into()).unwrap(), []);
        assert!(!ledger.path("forgotten").exists(), "nobody has its answers any more");
        ledger.name("new", "batch_1").await.unwrap();
        assert!(ledger.knows("batch_1") && !ledger.knows("batch_2"));
        ledger.keep("new", new.items.clone()).await.unwrap();
        let named = Submission { batch: Some("batch_1".into()), ..new };
        assert_eq!(ledger.read(&"m".into()).unwrap(), [older, named]);
        ledger.keep("older", Vec::new()).await.unwrap();
        ledger.remove("older").unwrap();
        assert_eq!(ledger.read(&"m".into()).unwrap().len(), 1);
    }

    #[test]
    fn a_file_that_is_damaged_is_an_error_that_names_it() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("new.json"), "{").unwrap();
        let ledger = Ledger::new(scratch.path().to_owned(), Arc::new(|_| {}));
        let message = ledger.read(&"m".into()).unwrap_err().to_string();
        assert!(message.contains("new.json`: it is damaged"), "{message}");
    }
}
