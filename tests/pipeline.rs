//! The whole path on the starter data, through the program as a user runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use routerlab_records::{CellRow, CellStatus, DecisionRow, MetricRow, ScoreRow, read_folder, read_table};

/// The checkout: this file belongs to a package two floors down.
fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn components() -> PathBuf {
    let dir = checkout().join("target/components");
    assert!(dir.join("knn.wasm").is_file(), "there are no components; run `make plugins` first");
    dir
}

fn routerlab(cache: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_routerlab")).args(args).env("ROUTERLAB_CACHE", cache).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the demo into `out`; gives its leaderboard and the folder of its tables.
fn demo(out: &Path, cache: &Path) -> (String, PathBuf) {
    let (data, components) = (checkout().join("datasets/starter"), components());
    let output = routerlab(
        cache,
        &[
            "demo",
            "--data",
            data.to_str().unwrap(),
            "--components",
            components.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let run = std::fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("runs.parquet").exists())
        .unwrap();
    (text(&output.stdout), run)
}

fn digests(run: &Path) -> BTreeMap<(String, u64), Option<String>> {
    let cells = read_folder::<CellRow>(&run.join("cells")).unwrap().into_iter().flat_map(|table| table.rows);
    cells
        .map(|cell| {
            assert_eq!(cell.status, CellStatus::Ok, "{:?}", cell.detail);
            ((cell.router.as_str().to_owned(), cell.seed), cell.decisions_digest)
        })
        .collect()
}

/// An experiment file over the demo's data, with as many seeds and routers as the demo.
fn experiment(scratch: &Path, name: &str, lines: &str) -> PathBuf {
    let components = components();
    let mut file = format!("name = \"{name}\"\n{lines}\n[data]\ndir = \"out/starter-data\"\n");
    for router in ["random", "best-single", "knn", "avengers", "linear"] {
        file.push_str(&format!("[[router]]\ncomponent = {:?}\n", components.join(format!("{router}.wasm"))));
    }
    let path = scratch.join(format!("{name}.toml"));
    std::fs::write(&path, file).unwrap();
    path
}

#[test]
fn the_demo_ends_with_a_leaderboard_and_the_same_decisions_every_time() {
    let scratch = tempfile::tempdir().unwrap();
    let (out, cache) = (scratch.path().join("out"), scratch.path().join("cache"));
    let (leaderboard, run) = demo(&out, &cache);
    for name in
        ["Random", "Best Single", "Dataset Oracle", "Oracle", "random", "best-single", "knn", "avengers", "linear"]
    {
        assert!(leaderboard.lines().any(|line| line.trim_start().starts_with(name)), "no {name} in\n{leaderboard}");
    }
    let cold = digests(&run);
    assert_eq!(cold.len(), 25, "five routers under five seeds");
    assert!(cold.values().all(Option::is_some));

    // A second run, now with a warm compile cache, into another folder.
    let (again, second) = demo(&scratch.path().join("again"), &cache);
    assert_eq!(digests(&second), cold);
    assert_eq!(again, leaderboard);

    // One thread, and other batches.
    for (name, threads, lines) in [("one-thread", "1", ""), ("small-batches", "2", "protocol.batch_queries = 7")] {
        let file = experiment(scratch.path(), name, lines);
        let other = scratch.path().join(name);
        let args = ["bench", file.to_str().unwrap(), "--out", other.to_str().unwrap(), "--threads", threads];
        let output = routerlab(&cache, &args);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let run = std::fs::read_dir(&other).unwrap().next().unwrap().unwrap().path();
        assert_eq!(digests(&run), cold, "{name}");
    }
}

#[test]
fn a_run_that_lost_cells_is_completed_and_its_tables_agree() {
    let scratch = tempfile::tempdir().unwrap();
    let (out, cache) = (scratch.path().join("out"), scratch.path().join("cache"));
    let (leaderboard, run) = demo(&out, &cache);
    let before = digests(&run);
    // As if the run had been killed: the last tables and one cell are missing.
    for lost in [
        "runs.parquet",
        "metrics.parquet",
        "cells/knn-42.parquet",
        "decisions/linear-999.parquet",
        "cells/linear-999.parquet",
    ] {
        std::fs::remove_file(run.join(lost)).unwrap();
    }
    let report = routerlab(&cache, &["report", run.to_str().unwrap()]);
    assert_eq!(report.status.code(), Some(2));
    assert!(text(&report.stderr).contains("is not complete"), "{}", text(&report.stderr));
    let (completed, run) = demo(&out, &cache);
    assert_eq!(completed, leaderboard);
    assert_eq!(digests(&run), before);

    // Scores come from evaluators that ran on the recorded outputs.
    let scores = read_table::<ScoreRow>(&out.join("starter-data/scores.parquet")).unwrap().rows;
    assert_eq!(scores.len(), 3200);
    let right = |model: &str| scores.iter().filter(|row| row.model.as_str() == model && row.score == Some(1.0)).count();
    // 51.9 and 64.4 percent of 640.
    assert_eq!((right("qwen2.5-coder-0.5b"), right("qwen2.5-coder-0.5b-cot")), (332, 412));

    // The leaderboard's accuracy of a router is that of its decisions.
    let metrics = read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows;
    let metric = |seed: &str| {
        let wanted = |row: &&MetricRow| {
            row.router.as_str() == "linear" && row.metric.as_str() == "MicroAcc" && row.seed.as_str() == seed
        };
        metrics.iter().find(wanted).and_then(|row| row.value).unwrap()
    };
    let decisions = read_table::<DecisionRow>(&run.join("decisions/linear-42.parquet")).unwrap().rows;
    let tested = || decisions.iter().filter(|row| row.part.as_str() == "test" && row.preference == 0.0);
    let mean = 100.0 * tested().filter_map(|row| row.score).sum::<f64>() / tested().count() as f64;
    assert!((metric("42") - mean).abs() < 1e-9);
}

#[test]
fn a_report_comes_in_every_format() {
    let scratch = tempfile::tempdir().unwrap();
    let (out, cache) = (scratch.path().join("out"), scratch.path().join("cache"));
    let (_, run) = demo(&out, &cache);
    for (format, sign) in
        [("markdown", "## Leaderboard"), ("csv", "name,kind,status,component_sha256"), ("json", "\"run_id\"")]
    {
        let file = scratch.path().join(format);
        let args = ["report", run.to_str().unwrap(), "--format", format, "--out", file.to_str().unwrap()];
        assert_eq!(routerlab(&cache, &args).status.code(), Some(0));
        assert!(std::fs::read_to_string(&file).unwrap().contains(sign), "{format}");
    }
}
