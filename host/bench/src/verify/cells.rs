//! What routers decided, then and now.

use std::path::{Path, PathBuf};

use routerlab_records::{CellRow, DecisionRow, RunRow, TableError, TableReader, digest_file};

use crate::error::BenchError;
use crate::experiment::Experiment;
use crate::results::decisions_file;
use crate::verify::Verdict;

/// Whether two rows are about the same router under the same seed.
pub(super) fn same(one: &CellRow, other: &CellRow) -> bool {
    one.router == other.router && one.seed == other.seed
}

fn decisions(dir: &Path, cell: &CellRow) -> PathBuf {
    decisions_file(dir, &cell.router, cell.seed)
}

/// Every cell of the experiment, and whether the file of its decisions is the one that was written when it ended.
pub(super) fn files(
    dir: &Path,
    experiment: &Experiment,
    run: &RunRow,
    stored: &Result<Vec<CellRow>, BenchError>,
) -> Vec<(String, Verdict)> {
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => return vec![("cells".into(), Verdict::Differs(error.to_string()))],
    };
    let mut all = Vec::new();
    for entry in &experiment.router {
        for seed in &experiment.protocol.seeds {
            let name = format!("{}-{seed}", entry.report_name());
            let own = |cell: &&CellRow| *cell.router == *entry.report_name() && cell.seed == u64::from(*seed);
            let verdict = match stored.iter().find(own) {
                None => Verdict::Differs("there is no such cell".into()),
                Some(cell) if cell.run_id != run.run_id => Verdict::Differs(format!("is of the run {}", cell.run_id)),
                Some(cell) => match &cell.decisions_file_digest {
                    None => Verdict::Holds,
                    Some(written) => match digest_file(&decisions(dir, cell)) {
                        Ok(found) if found == *written => Verdict::Holds,
                        Ok(_) => Verdict::Differs(format!(
                            "`decisions/{name}.parquet` is not the file that was written when the cell ended"
                        )),
                        Err(error) => Verdict::Differs(error.to_string()),
                    },
                },
            };
            all.push((name, verdict));
        }
    }
    all
}

/// Whether a cell that was run again ended as before and decided the same.
pub(super) fn compared(before_dir: &Path, now_dir: &Path, before: Option<&CellRow>, now: &CellRow) -> Verdict {
    let Some(before) = before else { return Verdict::Differs("there is no such cell in the run".into()) };
    if before.status != now.status {
        let (old, new) = (before.status.as_str(), now.status.as_str());
        let detail = now.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
        return Verdict::Differs(format!("ended as {old}, and run again as {new}{detail}"));
    }
    let fuel = [("training", before.train_fuel, now.train_fuel), ("routing", before.route_fuel, now.route_fuel)];
    for (what, old, new) in fuel {
        if old != new {
            return Verdict::Differs(format!("{what} used {old} units of fuel, and run again {new}"));
        }
    }
    if before.decisions_file_digest.is_some() {
        match difference(&decisions(before_dir, before), &decisions(now_dir, now)) {
            Ok(None) => {}
            Ok(Some(difference)) => return Verdict::Differs(difference),
            Err(error) => return Verdict::Differs(error.to_string()),
        }
    }
    match before.decisions_digest == now.decisions_digest {
        true => Verdict::Holds,
        false => Verdict::Differs("its choices and utilities have another digest when run again".into()),
    }
}

/// The first row in which two tables of decisions differ in anything but time and the run's id.
fn difference(before: &Path, now: &Path) -> Result<Option<String>, TableError> {
    let rows = |path: &Path| -> Result<_, TableError> {
        let batches = TableReader::<DecisionRow>::open(path)?;
        Ok(batches.flat_map(|batch| match batch {
            Ok(rows) => rows.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        }))
    };
    let (mut before, mut now) = (rows(before)?, rows(now)?);
    loop {
        let (old, new) = match (before.next().transpose()?, now.next().transpose()?) {
            (None, None) => return Ok(None),
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => return Ok(Some(format!("has a row of {} more than run again", old.query_id))),
            (None, Some(new)) => return Ok(Some(format!("lacks the row of {}", new.query_id))),
        };
        if let Some(column) = differing(&old, &new) {
            return Ok(Some(format!(
                "`{column}` of {} at preference {} is another when run again",
                new.query_id, new.preference
            )));
        }
    }
}

/// The first column that differs. Bits count, so that a NaN is equal to itself.
fn differing(old: &DecisionRow, new: &DecisionRow) -> Option<&'static str> {
    let bits = |value: Option<f64>| value.map(f64::to_bits);
    let utilities =
        |row: &DecisionRow| row.utilities.as_ref().map(|all| all.iter().map(|one| one.to_bits()).collect::<Vec<_>>());
    let columns = [
        ("query_id", old.query_id == new.query_id),
        ("preference", old.preference.to_bits() == new.preference.to_bits()),
        ("preference_index", old.preference_index == new.preference_index),
        ("part", old.part == new.part),
        ("model", old.model == new.model),
        ("utilities", utilities(old) == utilities(new)),
        ("score", bits(old.score) == bits(new.score)),
        ("cost_usd", bits(old.cost_usd) == bits(new.cost_usd)),
        ("latency_ms", bits(old.latency_ms) == bits(new.latency_ms)),
        ("fuel", old.fuel == new.fuel),
        ("available", old.available == new.available),
        ("attempts", old.attempts == new.attempts),
    ];
    columns.into_iter().find(|(_, equal)| !equal).map(|(name, _)| name)
}
