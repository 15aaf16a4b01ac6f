//! Released results of LLMRouterBench through the program: in, killed and gone on with, run on, and out again as the
//! reference's analysis reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use routerlab_records::{OutcomeRow, digest_file, read_completions, read_table, table_files};
use serde_json::{Value, json};

mod support;
use support::{Scratch, component, components, experiment};

/// Queries of each dataset.
const QUERIES: u64 = 40;
/// Models, of which the last asks for nothing.
const MODELS: [&str; 3] = ["alpha", "beta", "gamma"];

/// One run's file. Some calls failed, some scores are null, and one model's costs are all 0.
fn run(dataset: &str, split: &str, model: &str, score_of: impl Fn(u64) -> f64) -> Value {
    let records: Vec<Value> = (1..=QUERIES)
        .map(|index| {
            let failed = (index + model.len() as u64).is_multiple_of(13);
            let tokens = if failed { 0 } else { 20 };
            let cost = if failed || model == "gamma" { 0.0 } else { 0.001 * model.len() as f64 };
            json!({
                "index": index, "origin_query": format!("What is {index}?"), "prompt": format!("Answer: what is {index}? ü"),
                "prompt_tokens": tokens, "completion_tokens": tokens, "cost": cost,
                "score": if index == 7 { Value::Null } else if failed { json!(0.0) } else { json!(score_of(index)) },
                "prediction": [index], "ground_truth": index.to_string(),
                "raw_output": if failed { "Generation failed: RetryError".to_owned() } else { format!("It is \\boxed{{{index}}}\n") },
                "extra_fields": {"steps": index},
            })
        })
        .collect();
    json!({
        "performance": 0.5, "time_taken": 3.5, "model_name": model, "dataset_name": dataset, "split": split, "demo": false,
        "extra_metrics": {}, "data_fingerprint": "f00d", "records": records,
    })
}

/// The tree `results`, as the reference leaves it.
fn tree(scratch: &Scratch) {
    for (dataset, split, folder) in
        [("aime", "hybrid", "results/bench"), ("tau2", "test", "results/bench/external_bench/bench")]
    {
        for (at, model) in (1_u64..).zip(MODELS) {
            let place = format!("{folder}/{dataset}/{split}/{model}/{dataset}-{split}-{model}");
            let newest = run(dataset, split, model, |index| f64::from(u8::from(index % (at + 1) == 0)));
            scratch.write(&format!("{place}-20250901_120000.json"), newest.to_string());
            let older = run(dataset, split, model, |_| 1.0);
            scratch.write(&format!("{place}-20250831_235959.json"), older.to_string());
            let mut demo = older;
            demo["demo"] = json!(true);
            scratch.write(&format!("{place}-20250902_000000.json"), demo.to_string());
        }
    }
}

/// The mean score of each dataset, split and model, by the rules of the reference's reader: every JSON file at any depth,
/// demos skipped, names from the content, the newest time in a name, null as 0; a list or object in a text field is text.
fn means(tree: &Path) -> BTreeMap<(String, String, String), f64> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false if path.extension().is_some_and(|extension| extension == "json") => found.push(path),
                false => {}
            }
        }
    }
    let mut files = Vec::new();
    walk(tree, &mut files);
    let mut newest: BTreeMap<(String, String, String), (String, f64)> = BTreeMap::new();
    for path in files {
        let run: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if run.get("demo").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        let name = |field: &str| run[field].as_str().unwrap().to_owned();
        let key = (name("dataset_name"), name("split"), name("model_name"));
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let stamp = stem[stem.len() - 15..].to_owned();
        let records = run["records"].as_array().unwrap();
        assert_eq!(run["counts"].as_u64().unwrap_or(records.len() as u64), records.len() as u64);
        for field in ["index", "origin_query", "prompt", "prompt_tokens", "completion_tokens", "cost", "raw_output"] {
            assert!(records.iter().all(|record| !record[field].is_null()), "{field} in {}", path.display());
        }
        let score = |record: &Value| record.get("score").expect("a score, null or not").as_f64().unwrap_or(0.0);
        let mean = records.iter().map(score).sum::<f64>() / records.len() as f64;
        if newest.get(&key).is_none_or(|(known, _)| *known < stamp) {
            newest.insert(key, (stamp, mean));
        }
    }
    newest.into_iter().map(|(key, (_, mean))| (key, mean)).collect()
}

/// Digests of everything in a folder of tables.
fn digests(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = table_files(folder).unwrap();
    files.extend(["manifest.json", "pool.toml", "dataset.toml"].map(|name| folder.join(name)));
    files.iter().map(|path| (path.strip_prefix(folder).unwrap().to_owned(), digest_file(path).unwrap())).collect()
}

#[test]
fn what_comes_out_means_to_the_reference_what_came_in() {
    let scratch = Scratch::new();
    tree(&scratch);
    let ran = scratch.routerlab(["import", "llmrouterbench", "results", "--out", "data"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout, "data\n");
    assert!(
        ran.stderr.starts_with("imported 240 rows: 80 queries x 3 models in 2 datasets, no embeddings\n"),
        "{}",
        ran.stderr
    );
    for note in [
        "6 demo runs were left out",
        "6 runs were left out for newer ones",
        "calls had failed",
        "cost 0 in the results",
    ] {
        assert!(ran.stderr.contains(note), "{note} in\n{}", ran.stderr);
    }

    let ran = scratch.routerlab(["export", "llmrouterbench", "data", "--out", "back"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "back\n"), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("exported 240 records into 6 files\n"), "{}", ran.stderr);
    assert_eq!(means(&scratch.path("back")), means(&scratch.path("results")));

    let file = scratch.path("back/bench/aime/hybrid/alpha/aime-hybrid-alpha-20250901_120000.json");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text.starts_with("{\n  \"performance\": 0.") && text.contains("ü\",\n      \"prompt_tokens\": 20,\n"),
        "{text}"
    );
    let run: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        run["extra_metrics"],
        json!({"steps": run["records"].as_array().unwrap().iter()
        .filter_map(|record| record["extra_fields"]["steps"].as_f64()).sum::<f64>() / 37.0})
    );
    assert_eq!(
        (&run["time_taken"], &run["data_fingerprint"], &run["demo"]),
        (&json!(3.5), &json!("f00d"), &json!(false))
    );
    let failed = &run["records"][7];
    assert_eq!((&failed["score"], &failed["raw_output"]), (&Value::Null, &json!("Generation failed: RetryError")));

    // Once more in: the same tables but for what the footers say of their sources.
    scratch.done(["import", "llmrouterbench", "back", "--out", "again"]);
    let rows = |folder: &str| {
        let outcomes = read_table::<OutcomeRow>(&scratch.path(folder).join("outcomes.parquet")).unwrap().rows;
        (outcomes, read_completions(&scratch.path(folder)).unwrap().rows)
    };
    assert_eq!(rows("again"), rows("data"));
}

#[test]
fn experiments_scores_and_reports_run_on_released_results() {
    let scratch = Scratch::new();
    tree(&scratch);
    scratch.done(["import", "llmrouterbench", "results", "--out", "data"]);
    let file = experiment("r", "data", "", [("best-single", component("best-single"))]);
    scratch.write("e.toml", file.replace("dir = \"data\"", "dir = \"data\"\nembeddings = false"));
    scratch.done(["bench", "e.toml", "--out", "runs"]);
    let report = scratch.done(["report", scratch.run_below("runs").to_str().unwrap(), "--format", "markdown"]);
    assert!(report.contains("best-single") && report.contains("tau2"), "{report}");

    // The replies are scored again by the evaluators that ship for their dataset; the folder's own scores stay.
    let before = digests(&scratch.path("data"));
    let ran = scratch.routerlab(["score", "data", "--mode", "compat", "--evaluators", components().to_str().unwrap()]);
    // tau2 is scored by its harness alone, and failed calls by nobody.
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("scored 111 completions as `compat`\n18 completions had failed"), "{}", ran.stderr);
    assert!(support::scores(&scratch.path("data"), "compat").iter().all(|row| row.score == Some(1.0)));
    let after = digests(&scratch.path("data"));
    assert!(before.iter().all(|(name, digest)| name.ends_with("manifest.json") || after[name] == *digest));
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let scratch = Scratch::new();
    tree(&scratch);
    scratch.done(["import", "llmrouterbench", "results", "--out", "whole"]);
    let arguments = ["import", "llmrouterbench", "results", "--out", "data"];
    let parts = || {
        let folder = scratch.path("data.partial/staged/records");
        if folder.is_dir() { table_files(&folder).unwrap_or_default().len() } else { 0 }
    };
    let mut kills = 0;
    let mut most = 0;
    while !scratch.path("data").exists() && kills < 50 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_routerlab"));
        child.args(arguments).current_dir(scratch.path("")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = child.spawn().unwrap();
        // Killed as soon as there is one part more than before.
        while parts() <= most && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = parts();
        assert!(left >= most || scratch.path("data").exists(), "no part is lost");
        most = most.max(left);
        kills += 1;
    }
    if !scratch.path("data").exists() {
        scratch.done(arguments);
    }
    assert_eq!(digests(&scratch.path("data")), digests(&scratch.path("whole")));
    assert!(!scratch.path("data.partial").exists());
}

#[test]
fn wrong_input_is_answered_with_the_place_and_leaves_nothing() {
    let scratch = Scratch::new();
    scratch.write("a/x.json", r#"{"model_name":"m","dataset_name":"d","split":"s","records":[{"index":1}]}"#);
    scratch.write("b/x.json", "[]");
    scratch.write("full/notes.txt", "");
    let out = ["--out", "out"];
    let cases: [(&[&str], &str); 5] = [
        (&["a", out[0], out[1]], "`a/x.json`: record 1: `prompt`: missing at line 1 column 71"),
        (
            &["b", out[0], out[1]],
            "`b`: holds no run of LLMRouterBench that could be taken (1 JSON files are no runs and were left out: `x.json`)",
        ),
        (&["nowhere", out[0], out[1]], "`nowhere` does not exist"),
        (&["a", "--out", "full"], "`full` already holds `notes.txt`, name another folder or move the file away"),
        (&["a", "--out", ".."], "`..`"),
    ];
    for (arguments, expected) in cases {
        let ran = scratch.routerlab(["import", "llmrouterbench"].iter().chain(arguments));
        assert!(ran.stderr.starts_with(&format!("error: {expected}")), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.code, Some(2));
    }
    assert!(!scratch.path("out").exists() && !scratch.path("out.partial").exists());
    let ran = scratch.routerlab(["export", "llmrouterbench", "b", "--out", "out"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), "error: `b/completions.parquet` does not exist\n"));
}
