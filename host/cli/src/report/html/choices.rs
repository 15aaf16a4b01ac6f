//! What routers chose for every tested query at quality alone, read from the decisions of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::bail;
use routerlab_bench::decisions_file;
use routerlab_records::{DecisionRow, ModelName, QueryId, TableReader};

use super::records::Records;
use super::run::Run;

/// One choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    /// Position in [`Choices::models`].
    pub(super) model: u16,
    /// From 0 to 1.
    pub(super) score: f64,
    /// Whether the model has a record on the query.
    pub(super) available: bool,
    /// How many models were asked; 1 for a router that answers at once.
    pub(super) attempts: u16,
}

/// All choices of one router.
#[derive(Debug)]
pub(super) struct OfRouter {
    pub(super) name: String,
    /// By seed, then by query as in [`Choices::queries`]; none where the seed does not test the query.
    pub(super) of_seed: Vec<Vec<Option<Choice>>>,
}

/// The choices of all routers that answered under every seed, in the order of the leaderboard.
#[derive(Debug)]
pub(super) struct Choices {
    /// Tested under some seed, in the order of their ids.
    pub(super) queries: Vec<QueryId>,
    /// Chosen by somebody, or in the pool; in byte order.
    pub(super) models: Vec<ModelName>,
    pub(super) routers: Vec<OfRouter>,
}

/// What of a row is kept until all are read.
type Read = Vec<(QueryId, ModelName, f64, bool, usize)>;

impl Choices {
    /// Reads the decisions of a run. `pool` are models that have a place even where nobody chose them.
    pub(super) fn read(run: &Run, pool: &[ModelName]) -> anyhow::Result<Self> {
        let mut read: Vec<(String, Vec<Read>)> = Vec::new();
        for line in run.routers() {
            let file = |seed: &u32| decisions_file(&run.dir, &line.name, (*seed).into());
            let of_seeds = run.report.seeds.iter().map(|seed| of_cell(&file(seed)));
            read.push((line.name.clone(), of_seeds.collect::<anyhow::Result<_>>()?));
        }
        let rows = || read.iter().flat_map(|(_, seeds)| seeds.iter().flatten());
        let queries: BTreeSet<&QueryId> = rows().map(|row| &row.0).collect();
        let models: BTreeSet<&ModelName> = rows().map(|row| &row.1).chain(pool).collect();
        if models.len() > usize::from(u16::MAX) {
            bail!("`{}` holds choices of {} models, more than a page can show", run.dir.display(), models.len());
        }
        let queries: Vec<QueryId> = queries.into_iter().cloned().collect();
        let models: Vec<ModelName> = models.into_iter().cloned().collect();
        let place: BTreeMap<&QueryId, usize> = queries.iter().enumerate().map(|(at, id)| (id, at)).collect();
        let of_rows = |rows: &Read| {
            let mut of_query = vec![None; queries.len()];
            for (id, model, score, available, attempts) in rows {
                of_query[place[id]] = Some(Choice {
                    model: models.partition_point(|known| known < model) as u16,
                    score: *score,
                    available: *available,
                    attempts: u16::try_from(*attempts).unwrap_or(u16::MAX),
                });
            }
            of_query
        };
        let routers = read
            .iter()
            .map(|(name, seeds)| OfRouter { name: name.clone(), of_seed: seeds.iter().map(of_rows).collect() })
            .collect();
        Ok(Self { queries, models, routers })
    }
}

impl Choices {
    /// Queries that a seed tests, as positions in [`Choices::queries`]; who is asked decides nothing about it.
    pub(super) fn tested(&self, seed: usize) -> Vec<usize> {
        let Some(router) = self.routers.first() else { return Vec::new() };
        let of_seed = router.of_seed[seed].iter().enumerate();
        of_seed.filter(|(_, choice)| choice.is_some()).map(|(at, _)| at).collect()
    }

    /// The rows of the data that a seed tests, in the order of [`Choices::tested`]; none where the data lacks one of them.
    pub(super) fn rows_of(&self, seed: usize, records: &Records) -> Option<Vec<u32>> {
        self.tested(seed).into_iter().map(|at| records.row_of(&self.queries[at])).collect()
    }
}

impl OfRouter {
    /// Every choice, seed after seed.
    pub(super) fn all(&self) -> impl Iterator<Item = &Choice> {
        self.of_seed.iter().flatten().flatten()
    }
}

/// Quality alone comes first in a file, so the rest of it is not read.
fn of_cell(path: &Path) -> anyhow::Result<Read> {
    let mut reader = TableReader::<DecisionRow>::open(path)?;
    let (mut rows, mut kept) = (Vec::new(), Vec::new());
    while reader.read_into(&mut rows)? {
        let more = rows.last().is_none_or(|row: &DecisionRow| row.preference_index == 0);
        for row in rows.drain(..).filter(|row| row.preference_index == 0 && row.part.as_str() == "test") {
            let attempts = row.attempts.map_or(1, |asked| asked.len());
            kept.push((row.query_id, row.model, row.score.unwrap_or(0.0), row.available, attempts));
        }
        if !more {
            break;
        }
    }
    Ok(kept)
}
