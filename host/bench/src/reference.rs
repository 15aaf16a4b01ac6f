//! Models outside the pool: no router sees or chooses them, and a `[[router]]` with `reference` stands for one.

use routerlab_metrics::{Observed, ObservedError};
use routerlab_records::{ContentDigest, ModelName};

use crate::cell::{CellResult, Status};
use crate::experiment::Weighs;
use crate::prepare::Prepared;

/// Why a reference stands outside the ranks, as cells say it.
pub(crate) const EXTERNAL: &str = "external";

/// What a model outside the pool did on the queries of the run.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its name.
    pub name: ModelName,
    /// One per query; NaN where there is no record.
    pub scores: Vec<f64>,
    /// One per query, in US dollars; NaN where unknown.
    pub costs_usd: Vec<f64>,
    /// One per query, in milliseconds; NaN where unknown.
    pub latency_ms: Vec<f64>,
}

impl Reference {
    /// What was observed of the pool on some rows of the data, with this model as one more, the last.
    pub(crate) fn beside(
        &self,
        pool: &Observed<'_>,
        rows: &[u32],
        weighs: Weighs,
    ) -> Result<Observed<'static>, ObservedError> {
        let seconds: Vec<f64>;
        let own = match weighs {
            Weighs::Cost => &self.costs_usd,
            Weighs::Latency => {
                seconds = self.latency_ms.iter().map(|ms| ms / 1e3).collect();
                &seconds
            }
        };
        let with = |of_row: fn(&Observed<'_>, usize) -> Vec<f64>, own: &[f64]| -> Vec<f64> {
            let mut all = Vec::with_capacity(rows.len() * (pool.models() + 1));
            for (at, row) in rows.iter().enumerate() {
                all.extend(of_row(pool, at));
                all.push(own[*row as usize]);
            }
            all
        };
        Observed::new(
            pool.dataset().to_vec(),
            pool.datasets(),
            pool.models() + 1,
            with(|pool, row| pool.scores(row).to_vec(), &self.scores),
            with(|pool, row| pool.costs_usd(row).to_vec(), own),
        )
    }
}

/// What a cell of a reference comes to: it answers every query, is never asked about preferences, and takes no time.
/// `model` is its number, that after the pool's.
pub(crate) fn always(name: &ModelName, model: u32, prepared: &Prepared) -> CellResult {
    let mut result = CellResult::failed(Status::Done);
    for (routed, rows) in
        [(&mut result.validation, prepared.parts.validation.len()), (&mut result.test, prepared.parts.test.len())]
    {
        routed.choices = vec![vec![model; rows]];
        routed.route_ns = vec![0; rows];
        routed.fuel = vec![0; rows];
    }
    let mut digest = ContentDigest::new();
    digest.text(EXTERNAL).text(name.as_str());
    result.decisions_digest = Some(digest.hex());
    result
}
