//! Whether folders of tables are what they say they are, seen from the command line.

use std::path::Path;

use routerlab_records::{CompletionRow, Provenance, QueryRow, Table, read_table, write_table};
use serde_json::Value;

mod support;
use support::{Ran, Scratch, checkout, component, components, experiment};

/// The starter data in `data`, imported and scored.
fn data(scratch: &Scratch) {
    let starter = checkout().join("datasets/starter");
    let Table { rows: queries, .. } = read_table::<QueryRow>(&starter.join("queries.parquet")).unwrap();
    let Table { rows: completions, .. } = read_table::<CompletionRow>(&starter.join("completions.parquet")).unwrap();
    let mut lines = [String::new(), String::new()];
    let some = |index: u64| index <= 20;
    for query in queries.iter().filter(|query| some(query.record_index)) {
        let line = serde_json::json!({
            "dataset": &*query.dataset, "split": &*query.split, "index": query.record_index, "query": query.origin_query,
            "prompt": query.prompt, "ground_truth": query.ground_truth,
            "metadata": serde_json::from_str::<Value>(&query.metadata).unwrap(),
        });
        lines[0].push_str(&format!("{line}\n"));
    }
    for row in completions.iter().filter(|row| some(row.query_id.record_index())) {
        let line = serde_json::json!({
            "query_id": row.query_id.as_str(), "model": row.model.as_str(), "raw_output": row.raw_output, "status": "ok",
            "prompt_tokens": row.prompt_tokens, "completion_tokens": row.completion_tokens,
        });
        lines[1].push_str(&format!("{line}\n"));
    }
    let models: std::collections::BTreeSet<_> = completions.iter().map(|row| row.model.as_str()).collect();
    let prices = models.iter().map(|model| format!("[models.\"{model}\"]\ninput = 1.0\noutput = 2.0\n"));
    let prices = format!("unit = \"USD per 1M tokens\"\nbasis = \"declared\"\n{}", prices.collect::<String>());
    scratch.write("q.jsonl", &lines[0]);
    scratch.write("c.jsonl", &lines[1]);
    scratch.write("p.toml", prices);
    let files = ["--queries", "q.jsonl", "--completions", "c.jsonl", "--prices", "p.toml"];
    scratch.done(["import", "recorded"].into_iter().chain(files).chain(["--out", "data"]));
    scratch.write("data/dataset.toml", std::fs::read(starter.join("dataset.toml")).unwrap());
    scratch.done(["score".as_ref(), "data".as_ref(), "--evaluators".as_ref(), components().as_os_str()]);
}

fn doctor(scratch: &Scratch, folder: &str) -> Ran {
    scratch.routerlab(["doctor", folder])
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_whole_data_folder_has_nothing_wrong() {
    let scratch = Scratch::new();
    data(&scratch);
    scratch.done(["duplicates", "data"]);
    let ran = doctor(&scratch, "data");
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(0), Some("nothing wrong was found")), "{}", ran.stdout);
    for table in ["queries", "completions", "scores", "outcomes", "groups", "near_duplicates"] {
        assert!(ran.stdout.contains(&format!("  {table}: ")), "no {table} in {}", ran.stdout);
    }
    let told: Value = serde_json::from_str(&scratch.done(["doctor", "data", "--json"])).unwrap();
    assert_eq!(
        (&told[0]["kind"], &told[0]["findings"]),
        (&Value::from("data folder"), &Value::from(Vec::<Value>::new()))
    );
}

#[test]
fn the_demo_leaves_folders_with_nothing_wrong() {
    let scratch = Scratch::new();
    let starter = checkout().join("datasets/starter");
    let (data, components) = (["--data".as_ref(), starter.as_os_str()], components());
    let components = ["--components".as_ref(), components.as_os_str()];
    scratch.done(["demo".as_ref()].into_iter().chain(data).chain(components).chain(["--out".as_ref(), "out".as_ref()]));
    let run = scratch.run_below("out");
    let told = scratch.done(["doctor".as_ref(), "out/starter-data".as_ref(), run.as_os_str()]);
    assert_eq!(told.lines().filter(|line| *line == "nothing wrong was found").count(), 2, "{told}");
}

#[test]
fn what_is_wrong_with_a_data_folder_is_named_with_how_to_mend_it() {
    let scratch = Scratch::new();
    data(&scratch);
    let folder = scratch.path("data");
    // Each is done to a whole folder and undone afterwards.
    let check = |name: &str, spoil: &dyn Fn(&Path), code: i32, expected: &[&str]| {
        let path = folder.join(name);
        let before = std::fs::read(&path).ok();
        spoil(&path);
        let ran = doctor(&scratch, "data");
        assert_eq!(ran.code, Some(code), "{name}: {}{}", ran.stdout, ran.stderr);
        for part in expected {
            assert!(ran.stdout.contains(part), "{name}: no {part:?} in\n{}", ran.stdout);
        }
        assert!(ran.stdout.contains("to mend it: "), "{name}: {}", ran.stdout);
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    };
    let remove = |path: &Path| std::fs::remove_file(path).unwrap();
    let write = |text: &'static str| move |path: &Path| std::fs::write(path, text).unwrap();
    check("queries.parquet", &flip, 1, &["error: queries.parquet: is not the file that the manifest lists"]);
    check("queries.parquet", &remove, 1, &["error: queries.parquet: is in the manifest and not in the folder"]);
    check("completions.parquet", &write("PAR1"), 1, &["error: completions.parquet: it is not a Parquet file"]);
    check("manifest.json", &remove, 1, &["the import that made this folder did not end"]);
    check("manifest.json", &write("{"), 1, &["error: manifest.json: "]);
    check("pool.toml", &write("x"), 1, &["error: pool.toml: "]);
    check(
        "embeddings.parquet",
        &write("x"),
        1,
        &["error: embeddings.parquet: it is not a Parquet file", "no manifest lists it"],
    );
    check(".queries.parquet.abc.part", &write("x"), 0, &["warning: .queries.parquet.abc.part: half written"]);

    let file = "completions.parquet";
    let completions: Table<CompletionRow> = read_table(&folder.join(file)).unwrap();
    let stranger = |path: &Path| {
        let mut rows = completions.rows.clone();
        rows[0].query_id = "aime/test/999".parse().unwrap();
        write_table(path, &rows, &completions.provenance).unwrap();
    };
    let both = [
        "error: completions.parquet: has a row of `aime/test/999`, which `queries.parquet` does not have",
        "warning: outcomes.parquet: was made from other completions than those that are there now",
    ];
    check(file, &stranger, 1, &both);
    let scores = std::fs::read_dir(folder.join("scores/scoring=own")).unwrap();
    let scores = scores.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let score = format!("scores/scoring=own/{}", scores.filter(|name| name.ends_with(".parquet")).min().unwrap());
    check(&score, &flip, 1, &[&format!("error: {score}: is not the file that `scoring.json` names")]);
    let as_scores = |path: &Path| write_table::<CompletionRow>(path, &[], &Provenance::default()).map(|_| ()).unwrap();
    check(&score, &as_scores, 1, &["holds `completions` where `scores` is expected"]);

    assert_eq!(doctor(&scratch, "data").code, Some(0), "everything is as it was");
    let ran = doctor(&scratch, "cache");
    assert!(ran.code == Some(2) && ran.stderr.contains("neither a data folder"), "{}", ran.stderr);
}

#[test]
fn what_is_wrong_with_a_run_is_named_with_how_to_mend_it() {
    let scratch = Scratch::new();
    scratch.starter();
    let routers = ["random", "best-single"].map(|name| (name, component(name)));
    let lines = "statistics.replicates = 100\nprotocol.seeds = [42, 7]";
    scratch.write("e.toml", experiment("seen", "starter", lines, routers));
    scratch.done(["bench", "e.toml"]);
    let run = scratch.run_below("runs");
    let asked = || scratch.routerlab(["doctor".as_ref(), run.as_os_str()]);
    let ran = asked();
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(0), Some("nothing wrong was found")), "{}", ran.stdout);

    let said = |code: i32, part: &str| {
        let ran = asked();
        assert_eq!(ran.code, Some(code), "{}", ran.stdout);
        assert!(ran.stdout.contains(part), "no {part:?} in\n{}", ran.stdout);
    };
    flip(&run.join("decisions/random-7.parquet"));
    said(1, "error: decisions/random-7.parquet: is not the file that was written when its cell ended");
    std::fs::remove_file(run.join("decisions/random-7.parquet")).unwrap();
    said(1, "error: decisions/random-7.parquet: its cell has ended and it is not there");
    std::fs::remove_file(run.join("cells/random-7.parquet")).unwrap();
    std::fs::remove_file(run.join("cells/best-single-7.parquet")).unwrap();
    said(1, "error: cells: has no cell of seed 7, though the run has ended");
    said(1, "warning: decisions/best-single-7.parquet: belongs to a cell that did not end");
    std::fs::remove_file(run.join("runs.parquet")).unwrap();
    said(0, "warning: runs.parquet: is not there: the run has not ended");
    // What it says to do mends it.
    scratch.done(["bench", "e.toml"]);
    said(0, "nothing wrong was found");
}
