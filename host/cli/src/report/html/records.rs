//! The data folder behind a run: what models did on the queries, and what is missing or odd about it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use routerlab_bench::pool::{PoolRecords, records};
use routerlab_bench::{Data, DataChoice};
use routerlab_records::{
    CompletionStatus, CoverageRow, ExternalRow, QueryId, completion_files, read_completion_states, read_external,
    read_table,
};

use super::run::Run;

/// The records that a run was made on, or why they are not there.
#[derive(Debug)]
pub(super) enum Folder {
    /// They are there.
    Found(Box<Records>),
    /// They are not; a sentence says why.
    Absent(String),
}

/// The records of a data folder, as the run's experiment chooses them.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) data: Data,
    /// Accuracy and gaps of every model on every dataset.
    pub(super) found: PoolRecords,
    /// Tables that are not what they were when the run was made.
    pub(super) changed: Vec<String>,
    /// Odd costs of every dataset and model, in the order of `found.cells`.
    pub(super) costs: Vec<OddCosts>,
    /// None where the folder has no completions.
    pub(super) failed: Option<Failed>,
    /// What a collection was asked for and has; none where nothing was collected.
    pub(super) coverage: Option<Vec<CoverageRow>>,
    pub(super) groups: Groups,
    /// What routers came to in other benchmarks.
    pub(super) external: Vec<ExternalRow>,
    rows: BTreeMap<QueryId, u32>,
}

/// By dataset and model, then by status: requests that did not end in an answer.
pub(super) type Failed = BTreeMap<(String, String), BTreeMap<&'static str, usize>>;

/// Costs of one model on one dataset that deserve a look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OddCosts {
    /// Scored, and nobody knows what it cost.
    pub(super) unknown: usize,
    /// Scored, and cost nothing.
    pub(super) zero: usize,
}

/// Queries that have another's text, or nearly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Groups {
    /// Groups of more than one query.
    pub(super) groups: usize,
    /// Queries in these.
    pub(super) queries: usize,
    /// Groups with queries of more than one dataset.
    pub(super) across: usize,
}

impl Folder {
    /// Reads the folder that the run names, or `moved`, where it is now.
    ///
    /// # Errors
    /// A folder that was named and cannot be read. One that is only remembered may be gone.
    pub(super) fn read(run: &Run, moved: Option<&Path>) -> anyhow::Result<Self> {
        let remembered = &run.experiment.data.dir;
        let dir = moved.unwrap_or(remembered);
        if moved.is_none() && !dir.is_dir() {
            return Ok(Self::Absent(format!(
                "The run names the data folder `{}`, which is not there now; say where it is with `--data DIR`.",
                dir.display()
            )));
        }
        let read = Records::read(run, dir);
        match (read, moved) {
            (Ok(records), _) => Ok(Self::Found(Box::new(records))),
            (Err(error), Some(_)) => Err(error),
            (Err(error), None) => Ok(Self::Absent(format!(
                "The data folder `{}` cannot be read ({error:#}); say where it is with `--data DIR`.",
                dir.display()
            ))),
        }
    }

    /// The records, if they are there.
    pub(super) fn records(&self) -> Option<&Records> {
        match self {
            Self::Found(records) => Some(records),
            Self::Absent(_) => None,
        }
    }
}

impl Records {
    fn read(run: &Run, dir: &Path) -> anyhow::Result<Self> {
        let choice = DataChoice {
            dir: dir.to_owned(),
            // No vector is shown, and their table may be large.
            embeddings: false,
            embeddings_file: None,
            ..run.experiment.data.clone()
        };
        let data = Data::load(&choice)?;
        let then: BTreeMap<String, String> = serde_json::from_str(&run.row.digests)
            .with_context(|| format!("the digests in `{}` cannot be read", run.dir.join("runs.parquet").display()))?;
        let changed = data.digests.iter().filter(|(name, digest)| then.get(*name).is_some_and(|then| then != *digest));
        let changed = changed.map(|(name, _)| name.clone()).collect();
        let found = records(&data);
        let coverage = dir.join("coverage.parquet");
        let coverage = coverage.exists().then(|| read_table::<CoverageRow>(&coverage)).transpose()?;
        Ok(Self {
            changed,
            costs: found.cells.iter().map(|cell| odd_costs(&data, cell.dataset, cell.model)).collect(),
            failed: completion_files(dir).is_ok().then(|| failed(&data)).transpose()?,
            coverage: coverage.map(|table| table.rows),
            groups: groups(&data),
            external: read_external(dir)?,
            rows: data.ids.iter().cloned().zip(0..).collect(),
            found,
            data,
        })
    }

    /// The row of a query in the data.
    pub(super) fn row_of(&self, query: &QueryId) -> Option<u32> {
        self.rows.get(query).copied()
    }
}

fn odd_costs(data: &Data, dataset: usize, model: usize) -> OddCosts {
    let mut odd = OddCosts::default();
    for row in (0..data.rows()).filter(|row| data.dataset[*row] as usize == dataset) {
        if !data.observed.scores(row)[model].is_nan() {
            let cost = data.observed.costs_usd(row)[model];
            odd.unknown += usize::from(cost.is_nan());
            odd.zero += usize::from(cost == 0.0);
        }
    }
    odd
}

fn failed(data: &Data) -> anyhow::Result<Failed> {
    let mut failed = Failed::new();
    for state in read_completion_states(&data.dir)? {
        let shown = data.model_index(state.model.as_str()).is_some()
            && data.datasets.iter().any(|dataset| dataset.as_str() == state.query_id.dataset());
        if state.status != CompletionStatus::Ok && shown {
            let of = (state.query_id.dataset().to_owned(), state.model.as_str().to_owned());
            *failed.entry(of).or_default().entry(state.status.as_str()).or_default() += 1;
        }
    }
    Ok(failed)
}

fn groups(data: &Data) -> Groups {
    let mut of_key: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (key, dataset) in data.group_keys.iter().zip(&data.dataset) {
        of_key.entry(key).or_default().push(*dataset);
    }
    let several = || of_key.values().filter(|datasets| datasets.len() > 1);
    Groups {
        groups: several().count(),
        queries: several().map(Vec::len).sum(),
        across: several().filter(|datasets| datasets.iter().any(|dataset| *dataset != datasets[0])).count(),
    }
}
