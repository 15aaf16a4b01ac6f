//! Studies of data, through the program: `check` and `pool`.

use routerlab_records::{OutcomeRow, Provenance, read_table, write_table};
use serde_json::Value;

mod support;
use support::{Scratch, checkout, component};

fn json(scratch: &Scratch, args: &[&str]) -> Value {
    serde_json::from_str(&scratch.done(args.iter().chain(&["--format", "json"]))).unwrap()
}

#[test]
fn check_counts_what_is_missing_and_shows_it_where_it_is() {
    let scratch = Scratch::new();
    scratch.starter();
    let path = scratch.path("starter/outcomes.parquet");
    let mut rows = read_table::<OutcomeRow>(&path).unwrap().rows;
    let before = rows.len();
    rows.retain(|row| row.model.as_str() != "gemma-3-270m" || row.dataset.as_str() != "logic");
    assert_eq!(before - rows.len(), 80);
    write_table(&path, &rows, &Provenance::by("a test")).unwrap();
    let found = json(&scratch, &["check", "--data", "starter"]);
    let missing = found["records"].as_array().unwrap().iter().filter(|cell| cell["missing"].as_u64() != Some(0));
    let missing: Vec<_> = missing.map(|cell| (&cell["dataset"], &cell["model"], &cell["missing"])).collect();
    assert_eq!(missing.len(), 1);
    assert_eq!((missing[0].0.as_str(), missing[0].1.as_str()), (Some("logic"), Some("gemma-3-270m")));
    assert_eq!(missing[0].2.as_u64(), Some(80));
    let right: u64 = found["queries_by_models_right"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!((right, found["queries"].as_u64()), (640, Some(640)));
    let text = scratch.done(["check", "--data", "starter", "--format", "markdown"]);
    assert!(text.starts_with("starter: 640 queries, 5 models; 0 queries without any score are left out"), "{text}");
    assert!(text.contains("\n## Models that agree most\n"), "{text}");
}

#[test]
fn a_pool_of_all_models_has_the_oracle_and_the_best_single_of_a_run() {
    let scratch = Scratch::new();
    scratch.starter();
    let found = json(&scratch, &["pool", "--data", "starter", "--draws", "20"]);
    let all = found["sizes"].as_array().unwrap().last().unwrap();
    let routers = [("best-single", component("best-single"))];
    scratch.write("e.toml", support::experiment("e", "starter", "statistics.replicates = 100", routers));
    let report: Value = serde_json::from_str(&scratch.done(["bench", "e.toml", "--json"])).unwrap();
    let of_run = |name: &str| {
        let line = report["lines"].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap();
        line["metrics"]["AvgAcc"]["value"].as_f64().unwrap()
    };
    for (key, control) in [("top_oracle", "Oracle"), ("greedy_oracle", "Oracle"), ("best_single", "Best Single")] {
        assert!((all[key].as_f64().unwrap() - of_run(control)).abs() < 1e-9, "{key}");
    }
    assert_eq!(all["models"].as_u64(), Some(5));
}

#[test]
fn every_experiment_that_ships_can_be_read() {
    let folder = checkout().join("datasets/experiments");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    assert!(!files.is_empty());
    for file in files {
        routerlab_bench::Experiment::read(&file).unwrap_or_else(|error| panic!("{error}"));
    }
}
