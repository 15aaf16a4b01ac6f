//! The folder of a run: which tables it holds, which cells are done, and whose they are.
//!
//! ```text
//! <name>-<run id>/
//!   decisions/<router>-<seed>.parquet   one file a cell, written when the cell ends
//!   cells/<router>-<seed>.parquet       how the cell ended; written after its decisions, so its presence means done
//!   metrics.parquet                     every number of the report, computed from the decisions
//!   runs.parquet                        the run itself; written last, so its presence means complete
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use routerlab_metrics::{Missing, Observed};
use routerlab_plugin::CONTRACT_VERSION;
use routerlab_records::{
    CellRow, CellStatus, ContentDigest, DecisionRow, Provenance, RunRow, RunStatus, TableError, TableWriter,
    digest_file, read_folder, read_table, write_table,
};

use crate::cell::{CellOptions, CellResult, ReadyRouter, preferences_of};
use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::{Experiment, Weighs};
use crate::prepare::Prepared;
use crate::reference::{EXTERNAL, Reference};
use crate::routed::Routed;

/// This program, as tables name it.
pub const TOOL: &str = concat!("routerlab ", env!("CARGO_PKG_VERSION"));

/// Changes whenever this program would decide or record something else from equal inputs, so that cells of both are never
/// mixed in one run.
const DECISION_FORMAT: &str = "3";

/// What makes a run that run: equal identities give equal decisions.
#[derive(Debug, Clone)]
pub struct RunIdentity {
    /// 16 hexadecimal digits.
    pub run_id: String,
    /// Digest of every component and of every table, by name.
    pub digests: BTreeMap<String, String>,
    /// sha-256 of the experiment without its paths.
    pub config_digest: String,
}

impl RunIdentity {
    /// Computes the identity from the experiment, the data and the components.
    ///
    /// # Errors
    /// A component that cannot be read.
    pub fn of(experiment: &Experiment, data: &Data) -> Result<Self, BenchError> {
        let mut digests = data.digests.clone();
        let mut without_paths = experiment.clone();
        without_paths.data.dir = PathBuf::new();
        without_paths.data.embeddings_file = None;
        for router in &mut without_paths.router {
            router.name = Some(router.report_name());
            if router.reference.is_some() {
                continue;
            }
            digests.insert(format!("router {}", router.report_name()), digest_file(&router.component)?);
            router.component = PathBuf::new();
        }
        let config = as_json(experiment, &without_paths)?;
        let mut config_digest = ContentDigest::new();
        config_digest.text(&config);
        let config_digest = config_digest.hex();
        let mut identity = ContentDigest::new();
        identity.text(TOOL).text(CONTRACT_VERSION).text(DECISION_FORMAT).text(&config_digest);
        for (name, digest) in &digests {
            identity.text(name).text(digest);
        }
        Ok(Self { run_id: identity.hex()[..16].to_owned(), digests, config_digest })
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            tool: TOOL.into(),
            config_digest: Some(self.config_digest.clone()),
            inputs: self.digests.clone(),
            values: BTreeMap::from([("run_id".into(), self.run_id.clone())]),
        }
    }
}

/// What the tables of a run say in the place of a secret.
pub(crate) fn shown_secret(secret: &str) -> String {
    let mut digest = ContentDigest::new();
    digest.text(secret);
    format!("sha-256 {}", digest.hex())
}

/// Where the decisions of one router under one seed lie in the folder of a run.
#[must_use]
pub fn decisions_file(run: &Path, router: &str, seed: u64) -> PathBuf {
    file_of_cell(run, "decisions", router, seed)
}

fn file_of_cell(run: &Path, table: &str, router: &str, seed: u64) -> PathBuf {
    run.join(table).join(format!("{router}-{seed}.parquet"))
}

/// How the cells of a run ended, as its folder has them.
///
/// # Errors
/// When a table cannot be read.
pub fn read_cells(run: &Path) -> Result<Vec<CellRow>, TableError> {
    Ok(read_folder::<CellRow>(&run.join("cells"))?.into_iter().flat_map(|table| table.rows).collect())
}

/// The folder of one run.
#[derive(Debug)]
pub struct Results {
    dir: PathBuf,
    run_id: String,
    provenance: Provenance,
    /// What `runs` will say; its status is not known before the end.
    run: RunRow,
}

impl Results {
    /// Opens the run's folder below `out`; cells that are there already are kept.
    ///
    /// # Errors
    /// Settings that cannot be written down, which is better known before anything runs.
    pub(crate) fn open(out: &Path, identity: &RunIdentity, experiment: &Experiment) -> Result<Self, BenchError> {
        // The tables of a run may be published; who has the secret could foresee the parts of every other run with it.
        let mut shown = experiment.clone();
        if let Some(secret) = &mut shown.protocol.secret {
            *secret = shown_secret(secret);
        }
        let run = RunRow {
            run_id: identity.run_id.as_str().into(),
            config: as_json(experiment, &shown)?,
            digests: as_json(experiment, &identity.digests)?,
            seeds: as_json(experiment, &experiment.protocol.seeds)?,
            host_version: env!("CARGO_PKG_VERSION").into(),
            machine: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            started_at: now(),
            status: RunStatus::Stopped,
        };
        let dir = out.join(format!("{}-{}", experiment.name, &identity.run_id[..8]));
        Ok(Self { dir, run_id: identity.run_id.clone(), provenance: identity.provenance(), run })
    }

    /// The folder of a run that has ended, as it lies there. Nothing is to be written to it.
    pub(crate) fn existing(dir: &Path, run: RunRow) -> Self {
        let run_id = run.run_id.as_str().to_owned();
        Self { dir: dir.to_owned(), run_id, provenance: Provenance::default(), run }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(crate) fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    pub(crate) fn decisions_file(&self, router: &str, seed: u32) -> PathBuf {
        decisions_file(&self.dir, router, seed.into())
    }

    /// The sha-256 that the run has for a router's component.
    pub(crate) fn component_digest(&self, router: &str) -> Option<&str> {
        self.provenance.inputs.get(&format!("router {router}")).map(String::as_str)
    }

    /// The row of a cell that ended, now or in an earlier run that was stopped. A row that is damaged or of another run
    /// counts as absent.
    fn cell(&self, router: &str, seed: u32) -> Option<CellRow> {
        let row =
            read_table::<CellRow>(&file_of_cell(&self.dir, "cells", router, seed.into())).ok()?.rows.into_iter().next();
        row.filter(|row| row.run_id.as_str() == self.run_id)
    }

    /// The row of a cell that need not be run again: its decisions are those that were written, and what ended it was
    /// the plugin's doing. A machine that could not load it, or a fault of the host, may be mended by now.
    pub(crate) fn done_cell(&self, router: &str, seed: u32) -> Option<CellRow> {
        let row = self.cell(router, seed)?;
        let worth_another_try = matches!(row.status, CellStatus::NotLoaded | CellStatus::Failed);
        let whole = match &row.decisions_file_digest {
            Some(written) => digest_file(&self.decisions_file(router, seed)).is_ok_and(|found| found == *written),
            None => true,
        };
        (!worth_another_try && whole).then_some(row)
    }

    /// All cells, if the run is complete and none of them needs to be run again.
    pub(crate) fn complete(&self, experiment: &Experiment) -> Option<Vec<CellRow>> {
        if !["metrics.parquet", "runs.parquet"].iter().all(|name| self.dir.join(name).exists()) {
            return None;
        }
        let seeds = &experiment.protocol.seeds;
        let names = experiment.router.iter().map(|router| router.report_name());
        names.flat_map(|name| seeds.iter().map(move |seed| self.done_cell(&name, *seed))).collect()
    }

    /// All cells of a run that has ended, in the experiment's order.
    pub(crate) fn cells(&self, experiment: &Experiment) -> Result<Vec<CellRow>, BenchError> {
        let mut rows = Vec::new();
        for router in &experiment.router {
            for seed in &experiment.protocol.seeds {
                let row = self.cell(&router.report_name(), *seed);
                rows.push(row.ok_or_else(|| BenchError::Results {
                    path: self.dir.clone(),
                    reason: format!(
                        "cell {} of seed {seed} is missing; run the experiment again to complete it",
                        router.report_name()
                    ),
                })?);
            }
        }
        Ok(rows)
    }

    /// Writes a cell's decisions, then the cell.
    pub(crate) fn write_cell(
        &self,
        name: &str,
        author: Author<'_>,
        prepared: &Prepared,
        data: &Data,
        options: &CellOptions,
        result: &CellResult,
    ) -> Result<CellRow, BenchError> {
        let preferences = match author {
            Author::Router(router) => preferences_of(&router.description, prepared, options),
            Author::Reference(_) | Author::Nobody => vec![0.0],
        };
        let decisions_file_digest = match (author, &result.decisions_digest) {
            (Author::Nobody, _) | (_, None) => None,
            (Author::Router(_), Some(_)) => {
                Some(self.write_decisions(name, prepared, data, None, &preferences, result)?)
            }
            (Author::Reference(reference), Some(_)) => {
                Some(self.write_decisions(name, prepared, data, Some(reference), &preferences, result)?)
            }
        };
        let component_digest = self.component_digest(name).unwrap_or_default().to_owned();
        let row = CellRow {
            run_id: self.run_id.as_str().into(),
            router: name.into(),
            seed: prepared.seed.into(),
            status: result.status.as_cell_status(),
            detail: result.status.detail().map(Into::into),
            component_digest,
            decisions_digest: result.decisions_digest.clone(),
            decisions_file_digest,
            train_ms: result.train_ms,
            route_ms: result.route_ms,
            train_fuel: result.train_fuel,
            route_fuel: result.route_fuel,
            state_bytes: result.state_bytes,
            log: (!result.log.is_empty()).then(|| result.log.clone()),
            unranked: match author {
                Author::Reference(_) => Some(EXTERNAL),
                Author::Router(router) => router.unranked(),
                Author::Nobody => None,
            }
            .map(str::to_owned),
        };
        write_table(
            &file_of_cell(&self.dir, "cells", name, prepared.seed.into()),
            std::slice::from_ref(&row),
            &self.provenance,
        )?;
        Ok(row)
    }

    fn write_decisions(
        &self,
        name: &str,
        prepared: &Prepared,
        data: &Data,
        reference: Option<&Reference>,
        preferences: &[f64],
        result: &CellResult,
    ) -> Result<String, BenchError> {
        let path = self.decisions_file(name, prepared.seed);
        let mut writer = TableWriter::<DecisionRow>::create(&path, &self.provenance)?;
        let models = data.models.len();
        let (of_test, of_validation) = (&prepared.parts.test, &prepared.parts.validation);
        // On validation the records may be those of another query; the test part is what it is.
        let records = prepared.known.records_of_all(of_validation);
        let parts = [
            Judging::new("test", data, reference, (of_test, of_test), &result.test)?,
            Judging::new("validation", data, reference, (of_validation, &records), &result.validation)?,
        ];
        // Rows of both parts in the order of their ids, once for every preference.
        let mut order: Vec<(usize, usize, u32)> = parts
            .iter()
            .enumerate()
            .flat_map(|(part, judging)| judging.rows.iter().enumerate().map(move |(at, row)| (part, at, *row)))
            .collect();
        order.sort_by(|a, b| data.ids[a.2 as usize].cmp(&data.ids[b.2 as usize]));
        for (index, preference) in preferences.iter().enumerate() {
            let mut judged = Vec::with_capacity(parts.len());
            for part in &parts {
                let choices = &part.routed.choices[index];
                judged.push(
                    part.observed
                        .judge(choices, prepared.missing)
                        .map_err(|error| BenchError::Results { path: path.clone(), reason: error.to_string() })?,
                );
            }
            for (part, at, row) in &order {
                let (Judging { name: part_name, observed, waits, routed, .. }, answers) =
                    (&parts[*part], &judged[*part].answers);
                let model = routed.choices[index][*at] as usize;
                let available = !observed.scores(*at)[model].is_nan();
                let known = |value: f64| (!value.is_nan()).then_some(value);
                let utilities = routed.utilities.as_ref().filter(|_| index == 0);
                let attempts = routed.attempts.as_ref().map(|attempts| attempts[index][*at].as_slice());
                // A sequential router pays for every model that it asked, and waits for one after another.
                let cost_usd = match attempts {
                    Some(asked) => asked.iter().map(|model| observed.charge(*at, *model, prepared.missing)).sum(),
                    None => answers.cost_usd[*at],
                };
                let seconds = |model: u32| match prepared.missing {
                    // Free is not the same as at once.
                    Missing::ZeroAndFree => waits.costs_usd(*at)[model as usize],
                    paid => waits.charge(*at, model, paid),
                };
                let seconds = match attempts {
                    Some(asked) => asked.iter().map(|model| seconds(*model)).sum(),
                    None => seconds(model as u32),
                };
                writer.push(DecisionRow {
                    run_id: self.run_id.as_str().into(),
                    router: name.into(),
                    seed: prepared.seed.into(),
                    preference_index: index as u32,
                    preference: *preference,
                    query_id: data.ids[*row as usize].clone(),
                    part: (*part_name).into(),
                    model: reference
                        .filter(|_| model == models)
                        .map_or_else(|| data.models[model].clone(), |r| r.name.clone()),
                    utilities: utilities.map(|values| values[at * models..(at + 1) * models].to_vec()),
                    score: Some(answers.score[*at]),
                    cost_usd: known(cost_usd),
                    latency_ms: known(seconds * 1e3),
                    route_ns: routed.route_ns[*at],
                    fuel: routed.fuel[*at],
                    available,
                    attempts: attempts
                        .map(|asked| asked.iter().map(|model| data.models[*model as usize].clone()).collect()),
                })?;
            }
        }
        Ok(writer.finish()?.digest)
    }

    /// Writes the run itself: its presence means that everything else is there.
    pub(crate) fn finish(&self, cells: &[CellRow]) -> Result<(), BenchError> {
        let all_ok = cells.iter().all(|cell| cell.status == CellStatus::Ok);
        let status = if all_ok { RunStatus::Done } else { RunStatus::SomeFailed };
        write_table(&self.dir.join("runs.parquet"), &[RunRow { status, ..self.run.clone() }], &self.provenance)?;
        Ok(())
    }
}

/// One part of a cell, with what its choices are judged by.
struct Judging<'a> {
    name: &'static str,
    rows: &'a [u32],
    routed: &'a Routed,
    /// Scores and costs of the records that stand for each row.
    observed: Observed<'static>,
    /// Scores and latencies of the same, in seconds.
    waits: Observed<'static>,
}

impl<'a> Judging<'a> {
    fn new(
        name: &'static str,
        data: &Data,
        reference: Option<&Reference>,
        (rows, records): (&'a [u32], &[u32]),
        routed: &'a Routed,
    ) -> Result<Self, BenchError> {
        let weighed = |weighs: Weighs| {
            let pool = data.weighed(records, weighs)?;
            match reference {
                Some(reference) => reference
                    .beside(&pool, records, weighs)
                    .map_err(|error| BenchError::Data { path: data.dir.clone(), reason: error.to_string() }),
                None => Ok(pool),
            }
        };
        Ok(Self { name, rows, routed, observed: weighed(Weighs::Cost)?, waits: weighed(Weighs::Latency)? })
    }
}

/// Whose decisions a cell holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Author<'a> {
    /// A router's.
    Router(&'a ReadyRouter),
    /// A model's that answers every query from outside the pool.
    Reference(&'a Reference),
    /// There are none: the router could not even be asked.
    Nobody,
}

/// Settings as JSON. A path that is no text cannot be written down.
fn as_json(experiment: &Experiment, value: &impl serde::Serialize) -> Result<String, BenchError> {
    let failed = |error: serde_json::Error| BenchError::Data {
        path: experiment.data.dir.clone(),
        reason: format!("the settings of the run cannot be written down: {error}"),
    };
    serde_json::to_string(value).map_err(failed)
}

/// The current time in UTC as `2026-01-31T12:00:00Z`.
fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}
