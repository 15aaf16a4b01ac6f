//! Where the scores of one evaluator lie: what is there already, and what is added while work goes on.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use routerlab_records::scoring::{Scoring, ScoringFile};
use routerlab_records::{ModelName, QueryId, Row, ScoreRow, ScoreStatus, read_folder, read_table, write_table};

use super::plan::{Job, Plan};
use crate::error::BenchError;

/// Rows between two writes of a part, and time. Whichever comes first: what one call of a thread adds may take long, and a
/// program that is killed loses no more than what came since.
const PART_ROWS: usize = 2048;
const PART_TIME: Duration = Duration::from_secs(5);

/// The scores of one evaluator: the file of an earlier run, and the parts that this run or a killed one left.
pub(super) struct Shelf {
    file: PathBuf,
    /// Begins with a dot, so that nobody who reads the table takes a half-done scoring for a whole one.
    parts: PathBuf,
    known: HashMap<(QueryId, ModelName, u32), ScoreRow>,
    unsaved: Mutex<Unsaved>,
}

/// Rows that no part holds yet.
struct Unsaved {
    rows: Vec<ScoreRow>,
    parts: usize,
    since: Instant,
}

impl Shelf {
    pub(super) fn open(dir: &Path, plan: &Plan<'_>, job: &Job<'_>) -> Result<Self, BenchError> {
        let folder = Scoring::folder(dir, &plan.label)?;
        let name = format!("{}-{}", job.evaluator, &job.identity()[..12]);
        let (file, parts) = (folder.join(format!("{name}.parquet")), folder.join(format!(".{name}")));
        let mut known = HashMap::new();
        let mut keep = |rows: Vec<ScoreRow>| {
            // What failed is tried again: the machine may have been at fault.
            for row in rows.into_iter().filter(|row| row.status == ScoreStatus::Ok) {
                known.insert((row.query_id.clone(), row.model.clone(), row.sample_index), row);
            }
        };
        if file.is_file() {
            // A damaged file of an earlier run costs its work, not this run.
            keep(read_table::<ScoreRow>(&file).map(|table| table.rows).unwrap_or_default());
        }
        let mut unsaved = Unsaved { rows: Vec::new(), parts: 0, since: Instant::now() };
        if parts.is_dir() {
            let tables = read_folder::<ScoreRow>(&parts).unwrap_or_default();
            unsaved.parts = tables.len();
            tables.into_iter().for_each(|table| keep(table.rows));
        }
        Ok(Self { file, parts, known, unsaved: Mutex::new(unsaved) })
    }

    /// The score of a completion, if the same text was scored before.
    pub(super) fn known(&self, row: &ScoreRow) -> Option<&ScoreRow> {
        let key = (row.query_id.clone(), row.model.clone(), row.sample_index);
        self.known.get(&key).filter(|known| known.item_digest == row.item_digest)
    }

    /// Takes rows in, and writes a part when there are enough.
    pub(super) fn add(&self, plan: &Plan<'_>, rows: &[ScoreRow]) -> Result<(), BenchError> {
        let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        unsaved.rows.extend_from_slice(rows);
        if unsaved.rows.is_empty() || unsaved.rows.len() < PART_ROWS && unsaved.since.elapsed() < PART_TIME {
            return Ok(());
        }
        unsaved.parts += 1;
        unsaved.since = Instant::now();
        let mut rows = std::mem::take(&mut unsaved.rows);
        rows.sort_by(Row::compare_keys);
        write_table(&self.parts.join(format!("{:06}.parquet", unsaved.parts)), &rows, &plan.provenance)?;
        Ok(())
    }

    /// Writes the whole file and takes the parts away.
    pub(super) fn finish(
        self,
        plan: &Plan<'_>,
        job: &Job<'_>,
        rows: &mut [ScoreRow],
    ) -> Result<(String, ScoringFile), BenchError> {
        rows.sort_by(Row::compare_keys);
        let written = write_table(&self.file, rows, &plan.provenance)?;
        if self.parts.is_dir() {
            // They are of no use any more; what is left of them is read and outweighed next time.
            let _ = fs::remove_dir_all(&self.parts);
        }
        let file = ScoringFile {
            evaluator: job.evaluator.to_string(),
            evaluator_digest: job.plugin.digest().to_owned(),
            config: job.config.clone(),
            sha256: written.digest,
            rows: rows.len() as u64,
        };
        Ok((self.file.file_name().unwrap_or_default().to_string_lossy().into_owned(), file))
    }
}
