//! The whole path on the starter data, through the program as a user runs it.

use std::ffi::OsString;
use std::path::PathBuf;

use routerlab_records::{CellStatus, DecisionRow, MetricRow, RunRow, read_table};

mod support;
use support::{ROUTERS, Scratch, cells, checkout, component, components, digests, experiment, good_routers};

/// Runs the demo into `out`; gives its leaderboard and the folder of its tables.
fn demo(scratch: &Scratch, out: &str) -> (String, PathBuf) {
    let (data, components) = (checkout().join("datasets/starter"), components());
    let args: [OsString; 7] = [
        "demo".into(),
        "--data".into(),
        data.into(),
        "--components".into(),
        components.into(),
        "--out".into(),
        out.into(),
    ];
    let leaderboard = scratch.done(args);
    let run = scratch.run_below(out);
    assert!(cells(&run).iter().all(|cell| cell.status == CellStatus::Ok));
    (leaderboard, run)
}

#[test]
fn the_demo_ends_with_a_leaderboard_and_the_same_decisions_every_time() {
    let scratch = Scratch::new();
    let (leaderboard, run) = demo(&scratch, "out");
    for name in ["Random", "Best Single", "Dataset Expert", "Dataset Oracle", "Oracle"].into_iter().chain(ROUTERS) {
        assert!(leaderboard.lines().any(|line| line.trim_start().starts_with(name)), "no {name} in\n{leaderboard}");
    }
    let cold = digests(&run);
    assert_eq!(cold.len(), 25, "five routers under five seeds");

    // A second run, now with a warm compile cache, into another folder.
    let (again, second) = demo(&scratch, "again");
    assert_eq!(digests(&second), cold);
    assert_eq!(again, leaderboard);

    // One thread, and other batches.
    for (name, threads, lines) in [("one-thread", "1", ""), ("small-batches", "2", "protocol.batch_queries = 7")] {
        let file = format!("{name}.toml");
        scratch.write(&file, experiment(name, "out/starter-data", lines, good_routers()));
        scratch.done(["bench", &file, "--out", name, "--threads", threads]);
        assert_eq!(digests(&scratch.run_below(name)), cold, "{name}");
    }
}

#[test]
fn a_run_that_lost_cells_is_completed_and_its_tables_agree() {
    let scratch = Scratch::new();
    let (leaderboard, run) = demo(&scratch, "out");
    let before = digests(&run);
    // As if the run had been killed: the last tables and one cell are missing.
    for lost in [
        "runs.parquet",
        "metrics.parquet",
        "cells/knn-42.parquet",
        "decisions/carrot-linear-999.parquet",
        "cells/carrot-linear-999.parquet",
        "decisions/random-42.parquet",
    ] {
        std::fs::remove_file(run.join(lost)).unwrap();
    }
    // Decisions that somebody changed are no longer those of the cell.
    let decisions = run.join("decisions/knn-999.parquet");
    let mut bytes = std::fs::read(&decisions).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&decisions, bytes).unwrap();
    let report = scratch.routerlab(["report".as_ref(), run.as_os_str()]);
    assert_eq!(report.code, Some(2));
    assert!(report.stderr.contains("is not complete"), "{}", report.stderr);
    let (completed, run) = demo(&scratch, "out");
    assert_eq!(completed, leaderboard);
    assert_eq!(digests(&run), before);
    let finished = std::fs::read(run.join("runs.parquet")).unwrap();
    assert_eq!(demo(&scratch, "out").0, completed);
    assert_eq!(std::fs::read(run.join("runs.parquet")).unwrap(), finished, "what is complete is not written again");

    // Scores come from evaluators that ran on the recorded outputs.
    let scores = support::scores(&scratch.path("out/starter-data"), "own");
    assert_eq!(scores.len(), 3200);
    let right = |model: &str| scores.iter().filter(|row| row.model.as_str() == model && row.score == Some(1.0)).count();
    // 51.9 and 64.4 percent of 640.
    assert_eq!((right("qwen2.5-coder-0.5b"), right("qwen2.5-coder-0.5b-cot")), (332, 412));

    // The leaderboard's accuracy of a router is that of its decisions.
    let metrics = read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows;
    let metric = |seed: &str| {
        let wanted = |row: &&MetricRow| {
            row.router.as_str() == "carrot-linear" && row.metric.as_str() == "MicroAcc" && row.seed.as_str() == seed
        };
        metrics.iter().find(wanted).and_then(|row| row.value).unwrap()
    };
    let decisions = read_table::<DecisionRow>(&run.join("decisions/carrot-linear-42.parquet")).unwrap().rows;
    let tested = || decisions.iter().filter(|row| row.part.as_str() == "test" && row.preference == 0.0);
    let mean = 100.0 * tested().filter_map(|row| row.score).sum::<f64>() / tested().count() as f64;
    assert!((metric("42") - mean).abs() < 1e-9);
}

#[test]
fn the_leaderboard_prints_the_numbers_of_the_metrics_table() {
    let scratch = Scratch::new();
    let (_, run) = demo(&scratch, "out");
    let leaderboard = scratch.done(["report".as_ref(), run.as_os_str()]);
    let metrics = read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows;
    let metric = |name: &str| {
        let wanted = |row: &&MetricRow| {
            row.router.as_str() == "carrot-linear"
                && row.metric.as_str() == name
                && row.seed.as_str() == "all"
                && row.preference == 0.0
        };
        metrics.iter().find(wanted).unwrap_or_else(|| panic!("no {name} of carrot-linear"))
    };
    let value = |name: &str, digits: usize| format!("{:.digits$}", metric(name).value.unwrap());
    let ends = |name: &str, digits: usize| {
        let row = metric(name);
        format!("[{:.digits$}, {:.digits$}]", row.low.unwrap(), row.high.unwrap())
    };
    let signed = |name: &str| format!("{:+.2}", metric(name).value.unwrap());
    let seeds = |name: &str| format!("{} of 5", value(name, 0));
    let with_ends = |name: &str| format!("{} {}", value(name, 2), ends(name, 1));
    let rows = [
        (
            "Leaderboard",
            vec![
                value("Rank", 0),
                value("AvgAcc", 2),
                ends("AvgAcc", 2),
                signed("DiffToBestSingle"),
                ends("DiffToBestSingle", 2),
                value("Cost", 6),
                ends("Cost", 6),
            ],
        ),
        ("Ratios", ["Gain@R", "Gain@B", "Gap@O", "HardAcc@3"].map(with_ends).to_vec()),
        (
            "Sweep: the most accurate",
            vec![
                value("Points", 0),
                signed("PerfGain"),
                ends("PerfGain", 2),
                signed("PerfGainHindsight"),
                signed("CostSaveAtPerfGain"),
                ends("CostSaveAtPerfGain", 2),
                value("ParetoDist", 3),
            ],
        ),
        (
            "Sweep: the cheapest",
            vec![
                signed("CostSave"),
                ends("CostSave", 2),
                signed("DiffAtCostSave"),
                ends("DiffAtCostSave", 2),
                seeds("CostSaveSeeds"),
                signed("CostSaveHindsight"),
                seeds("CostSaveHindsightSeeds"),
            ],
        ),
        (
            // The second of avengers, carrot-linear, knn, best-single and random.
            "Agreement",
            vec![
                "2".into(),
                value("SameOutcome with avengers", 0),
                "-".into(),
                value("SameChoice with knn", 0),
                value("SameChoice with best-single", 0),
                value("SameChoice with random", 0),
            ],
        ),
        ("Time", vec![value("Latency", 3), value("TrainTime", 2), value("RouteTime", 1), value("FuelPerQuery", 0)]),
    ];
    for (heading, expected) in rows {
        let table = leaderboard.lines().skip_while(|line| !line.starts_with(heading));
        let line = table.map(str::trim).find(|line| line.starts_with("carrot-linear ")).unwrap();
        // Cells are apart by two blanks or more.
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).skip(1).collect();
        assert_eq!(cells, expected, "{heading}");
    }
    // Distinct queries, wherever a number over all seeds is about all of them.
    for name in ["AvgAcc", "Cost", "Gain@R", "PerfGain", "Points"] {
        assert_eq!(metric(name).n, 538, "n of {name}");
    }
    assert!(leaderboard.contains("538 queries tested") && metric("HardAcc@3").n < 538);
    let widest = leaderboard.lines().skip_while(|line| !line.starts_with("Leaderboard")).take(11);
    assert!(widest.map(|line| line.trim_end().len()).max() <= Some(120), "fits a terminal of 120 columns");
}

#[test]
fn a_report_comes_in_every_format() {
    let scratch = Scratch::new();
    let (_, run) = demo(&scratch, "out");
    for (format, sign) in
        [("markdown", "## Leaderboard"), ("csv", ",AvgAcc,AvgAcc_low,AvgAcc_high,AvgAcc_n,"), ("json", "\"run_id\"")]
    {
        scratch.done([
            "report".as_ref(),
            run.as_os_str(),
            "--format".as_ref(),
            format.as_ref(),
            "--out".as_ref(),
            format.as_ref(),
        ]);
        assert!(std::fs::read_to_string(scratch.path(format)).unwrap().contains(sign), "{format}");
    }
}

#[test]
fn a_component_that_could_not_be_loaded_is_tried_again_and_a_secret_is_not_written_down() {
    let scratch = Scratch::new();
    scratch.starter();
    let lines = "protocol.seeds = [42]\nprotocol.secret = \"nobody-knows\"\nstatistics.replicates = 100";
    scratch.write("e.toml", experiment("e", "starter", lines, [("random", component("random"))]));
    // A machine without a place for temporary files cannot compile.
    let nowhere = scratch.path("nowhere");
    let failed = scratch.routerlab_with(&[("TMPDIR", nowhere.as_path())], ["bench", "e.toml", "--out", "out"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert_eq!(cells(&scratch.run_below("out"))[0].status, CellStatus::NotLoaded);
    scratch.done(["bench", "e.toml", "--out", "out"]);
    let run = scratch.run_below("out");
    assert_eq!(cells(&run)[0].status, CellStatus::Ok);

    let config = &read_table::<RunRow>(&run.join("runs.parquet")).unwrap().rows[0].config;
    assert!(config.contains("sha-256") && !config.contains("nobody-knows"), "{config}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let scratch = Scratch::new();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_routerlab"))
        .args(["inspect".as_ref(), checkout().join("datasets/starter/queries.parquet").as_os_str()])
        .env("ROUTERLAB_CACHE", scratch.cache())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
