//! What a data folder knows already.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use routerlab_records::{
    AttemptState, CompletionState, CompletionStatus, ModelName, Row, TableError, TableReader, completion_files,
    read_completion_states, table_files,
};

use crate::error::CollectError;
use crate::questions::Questions;
use crate::spend::Taken;

/// Files that are read at a time, at most.
const THREADS: usize = 4;

/// The completions that are there, without their texts.
pub(super) fn completions(folder: &Path) -> Result<Vec<CompletionState>, CollectError> {
    match read_completion_states(folder) {
        Ok(rows) => Ok(rows),
        Err(TableError::Missing { .. }) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// How each answer stands, by model and item; none where it is not there.
pub(super) type Standing = Vec<Vec<Option<CompletionStatus>>>;

/// Reads how the answers of these models stand: a byte each, since there may be millions.
pub(super) fn standing(
    folder: &Path,
    models: &[ModelName],
    questions: &Questions,
    samples: u32,
) -> Result<Standing, CollectError> {
    let lane_of: HashMap<&str, usize> = models.iter().enumerate().map(|(at, model)| (model.as_str(), at)).collect();
    let mut standing: Standing = vec![vec![None; questions.ids().len() * samples as usize]; models.len()];
    let files = match completion_files(folder) {
        Ok(files) => files,
        Err(TableError::Missing { .. }) => return Ok(standing),
        Err(error) => return Err(error.into()),
    };
    let of_file = |file: &Path| {
        let (mut rows, mut known) = (Vec::new(), Vec::new());
        let mut reader = TableReader::<CompletionState>::open(file)?;
        while reader.read_into(&mut rows)? {
            for row in rows.drain(..).filter(|row| row.sample_index < samples) {
                if let (Some(lane), Some(query)) = (lane_of.get(row.model.as_str()), questions.find(&row.query_id)) {
                    known.push((*lane, query * samples + row.sample_index, row.status));
                }
            }
        }
        Ok(known)
    };
    // Of equal keys the later file's row counts.
    for (lane, item, status) in of_files(&files, &of_file)?.into_iter().flatten() {
        standing[lane][item as usize] = Some(status);
    }
    Ok(standing)
}

/// Reads files, several at a time; what was in them, in their order.
fn of_files<T: Send>(
    files: &[PathBuf],
    read: &(dyn Fn(&Path) -> Result<T, CollectError> + Sync),
) -> Result<Vec<T>, CollectError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            Some((at, read(files.get(at)?)))
        };
        std::iter::from_fn(taken).collect::<Vec<_>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(THREADS));
    let mut done: Vec<(usize, Result<T, CollectError>)> = std::thread::scope(|scope| {
        let going: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        going.into_iter().flat_map(ended).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, read)| read).collect()
}

/// What requests took that were sent from a folder, for each model.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    by_model: BTreeMap<ModelName, Taken>,
}

impl Spent {
    fn add(&mut self, model: &ModelName, more: Taken) {
        match self.by_model.get_mut(model) {
            Some(sum) => *sum = sum.plus(more),
            None => drop(self.by_model.insert(model.clone(), more)),
        }
    }

    pub(crate) fn of(&self, model: &ModelName) -> Taken {
        self.by_model.get(model).copied().unwrap_or_default()
    }

    pub(crate) fn all(&self) -> Taken {
        self.by_model.values().fold(Taken::default(), |sum, one| sum.plus(*one))
    }
}

/// What an attempt is at: query, model, sample, and what is asked about it.
pub(crate) type AttemptKey = (routerlab_records::QueryId, ModelName, u32, String);

/// Reads the attempts of a folder: what they took, and for which `of_interest` holds, how often they were tried.
pub(crate) fn attempts(
    folder: &Path,
    of_interest: &(dyn Fn(&AttemptState) -> bool + Sync),
) -> Result<(Spent, HashMap<AttemptKey, u32>), CollectError> {
    let (mut spent, mut tried) = (Spent::default(), HashMap::new());
    let table = folder.join(AttemptState::TABLE);
    if !table.is_dir() {
        return Ok((spent, tried));
    }
    let of_file = |file: &Path| {
        let (mut rows, mut spent, mut tried) = (Vec::new(), Spent::default(), Vec::new());
        let mut reader = TableReader::<AttemptState>::open(file)?;
        while reader.read_into(&mut rows)? {
            for row in rows.drain(..) {
                let taken = Taken {
                    usd: row.cost_usd.unwrap_or(0.0),
                    prompt_tokens: row.prompt_tokens.unwrap_or(0),
                    completion_tokens: row.completion_tokens.unwrap_or(0),
                    answers: u64::from(row.cost_usd.is_some()),
                };
                spent.add(&row.model, taken);
                if of_interest(&row) {
                    tried.push(((row.query_id, row.model, row.sample_index, row.about), row.attempt));
                }
            }
        }
        Ok((spent, tried))
    };
    for (of_file, attempts) in of_files(&table_files(&table)?, &of_file)? {
        for (model, taken) in of_file.by_model {
            spent.add(&model, taken);
        }
        for (key, attempt) in attempts {
            let last = tried.entry(key).or_default();
            *last = attempt.max(*last);
        }
    }
    Ok((spent, tried))
}
