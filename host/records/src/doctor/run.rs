//! The folder of a run: what routers decided, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::doctor::data::table;
use crate::doctor::files::{Found, left_over};
use crate::doctor::walk::walk;
use crate::doctor::{Examination, FolderKind, Severity};
use crate::provenance::digest_file;
use crate::runs::{CellRow, RunRow};
use crate::table::read_table;

const RUNS: &str = "runs.parquet";
const AGAIN: &str = "give the same `routerlab bench` command again";

pub(super) fn examine(folder: &Path, files: &[Found], watch: &mut dyn FnMut(u64, u64)) -> Examination {
    let mut found = Examination::new(FolderKind::Run);
    let tables: Vec<&Found> = files.iter().filter(|file| file.is_table()).collect();
    let all: u64 = tables.iter().map(|file| file.bytes).sum();
    let mut done = 0;
    let mut runs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in &tables {
        watch(done, all);
        let walked = walk(&file.path, &mut |subject| {
            if let Some(run) = subject.run {
                runs.entry(run.as_str().to_owned()).or_default().insert(file.name.clone());
            }
        });
        table(&mut found, file, walked);
        done += file.bytes;
    }
    watch(done, all);
    left_over(files, &mut found);
    let own = read_table::<RunRow>(&folder.join(RUNS)).ok().and_then(|runs| runs.rows.into_iter().next());
    match &own {
        Some(run) => others(&runs, run.run_id.as_str(), &mut found),
        None if !tables.iter().any(|file| file.name == RUNS) => {
            found.add(Severity::Warning, RUNS, "is not there: the run has not ended", AGAIN);
        }
        None => {}
    }
    cells(&tables, own.as_ref(), &mut found);
    if own.is_some() && !tables.iter().any(|file| file.name == "metrics.parquet") {
        found.add(Severity::Error, "metrics.parquet", "is not there, though the run has ended", AGAIN);
    }
    found
}

/// Names files that hold rows of another run.
fn others(runs: &BTreeMap<String, BTreeSet<String>>, own: &str, found: &mut Examination) {
    for (run, files) in runs.iter().filter(|(run, _)| *run != own) {
        for file in files {
            let what = format!("holds rows of the run {run}, this one is {own}");
            found.add(Severity::Error, file, what, "delete it and give the `routerlab bench` command again");
        }
    }
}

fn cells(tables: &[&Found], run: Option<&RunRow>, found: &mut Examination) {
    let mut with_cell = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for file in tables.iter().filter(|file| file.name.starts_with("cells/")) {
        // What cannot be read has been said already.
        let Ok(rows) = read_table::<CellRow>(&file.path) else { continue };
        for cell in rows.rows {
            ended.insert(cell.seed);
            let name = format!("decisions/{}-{}.parquet", cell.router, cell.seed);
            let Some(written) = &cell.decisions_file_digest else { continue };
            match tables.iter().find(|file| file.name == name) {
                None => found.add(Severity::Error, &name, "its cell has ended and it is not there", AGAIN),
                Some(file) if digest_file(&file.path).is_ok_and(|digest| digest == *written) => {}
                Some(_) => {
                    let what = "is not the file that was written when its cell ended";
                    found.add(Severity::Error, &name, what, format!("{AGAIN}: it repeats this cell"));
                }
            }
            with_cell.insert(name);
        }
    }
    for file in tables.iter().filter(|file| file.name.starts_with("decisions/") && !with_cell.contains(&file.name)) {
        let what = "belongs to a cell that did not end";
        found.add(Severity::Warning, &file.name, what, AGAIN);
    }
    let seeds: Vec<u64> = run.and_then(|run| serde_json::from_str(&run.seeds).ok()).unwrap_or_default();
    for seed in seeds.iter().filter(|seed| !ended.contains(seed)) {
        found.add(Severity::Error, "cells", format!("has no cell of seed {seed}, though the run has ended"), AGAIN);
    }
}
