//! Tables out of the house: what the program says about them, and the forms in which it writes them.

use std::collections::BTreeMap;

use routerlab_records::import::Manifest;
use routerlab_records::{
    CompletionRow, CompletionStatus, DecisionRow, OutcomeRow, Provenance, QueryId, read_folder, read_table, write_table,
};

mod support;
use support::{Scratch, checkout, component, experiment};

#[test]
fn what_is_written_about_tables_is_what_the_program_says() {
    let scratch = Scratch::new();
    let said = scratch.done(["export", "schema"]);
    let written = std::fs::read_to_string(checkout().join("docs/tables.md")).unwrap_or_default();
    assert!(
        said == written,
        "`docs/tables.md` is not what the program says; renew it by\n  target/release/routerlab export schema > docs/tables.md"
    );
    let json: serde_json::Value = serde_json::from_str(&scratch.done(["export", "schema", "--json"])).unwrap();
    let tables = json["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 16);
    for table in tables {
        assert!(said.contains(&format!("Schema id `{}`.", table["schema_id"].as_str().unwrap())));
    }
}

/// A run of two routers under two seeds over the starter data, which is scored in `starter`.
fn run(scratch: &Scratch) -> std::path::PathBuf {
    scratch.starter();
    let routers = [("random", component("random")), ("knn", component("knn"))];
    let lines = "protocol.seeds = [42, 43]\nstatistics.replicates = 100";
    scratch.write("e.toml", experiment("e", "starter", lines, routers));
    scratch.done(["bench", "e.toml", "--out", "out"]);
    scratch.run_below("out")
}

#[test]
fn tables_of_data_and_of_a_run_come_out_in_every_form_with_every_row() {
    let scratch = Scratch::new();
    let run = run(&scratch);
    let decisions: usize =
        read_folder::<DecisionRow>(&run.join("decisions")).unwrap().iter().map(|table| table.rows.len()).sum();
    let outcomes = read_table::<OutcomeRow>(&scratch.path("starter/outcomes.parquet")).unwrap().rows;
    for format in ["parquet", "csv", "jsonl", "arrow"] {
        let out = format!("as-{format}");
        let args = ["export", "tables", "starter", run.to_str().unwrap(), "--format", format, "--out", &out];
        let ran = scratch.routerlab(args);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("decisions: {decisions} rows")), "{}", ran.stderr);
        let manifest = Manifest::read(&scratch.path(&out)).unwrap();
        let rows = |table: &str| -> u64 {
            let of_table = manifest
                .files
                .iter()
                .filter(|(name, _)| name.split_once(['/', '.']).is_some_and(|(first, _)| first == table));
            of_table.filter_map(|(_, file)| file.rows).sum()
        };
        assert_eq!(rows("decisions"), decisions as u64, "{format}");
        assert_eq!(rows("outcomes"), outcomes.len() as u64, "{format}");
        assert_eq!((rows("queries"), rows("cells"), rows("runs")), (640, 4, 1), "{format}");
        assert!(manifest.inputs.contains_key("starter/queries.parquet"), "{:?}", manifest.inputs);
        for (name, file) in &manifest.files {
            let path = scratch.path(&out).join(name);
            assert_eq!(routerlab_records::digest_file(&path).unwrap(), file.sha256, "{name}");
        }
        let again = scratch.routerlab(args);
        assert_eq!(again.code, Some(2));
        assert!(again.stderr.contains("already holds"), "{}", again.stderr);
    }
    // Divided by what the names of the folders say.
    let by = |pattern: &str| scratch.path("as-parquet").join(pattern).is_dir();
    assert!(
        by("outcomes/dataset=gsm8k") || std::fs::read_dir(scratch.path("as-parquet/outcomes")).unwrap().count() > 1
    );
    let run_id = &id_of(&run);
    assert!(by(&format!("decisions/run_id={run_id}/router=knn/seed=42")));
    assert!(by(&format!("metrics/run_id={run_id}")));

    // Every number of a line is the number of the table.
    let by_key: BTreeMap<(&str, &str), &OutcomeRow> =
        outcomes.iter().map(|row| ((row.query_id.as_str(), row.model.as_str()), row)).collect();
    let lines = std::fs::read_to_string(scratch.path("as-jsonl/outcomes.jsonl")).unwrap();
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let row = by_key[&(line["query_id"].as_str().unwrap(), line["model"].as_str().unwrap())];
        // What reads JSON here may be off by the last bit; other programs' readers see every bit (`interop.rs`).
        let near = |found: &serde_json::Value, value: Option<f64>| match (found.as_f64(), value) {
            (Some(found), Some(value)) => (found - value).abs() <= value.abs() * 1e-15,
            (found, value) => found.is_none() && value.is_none(),
        };
        assert!(near(&line["score"], row.score) && near(&line["cost_usd"], row.cost_usd), "{line}");
        assert_eq!(line["completion_tokens"].as_u64(), row.completion_tokens);
        assert!(line.as_object().unwrap().contains_key("latency_ms"), "a null is written");
    }
    let csv = std::fs::read_to_string(scratch.path("as-csv/scores.csv")).unwrap();
    assert!(csv.starts_with("scoring,query_id,model,sample_index,evaluator,score,"), "{}", &csv[..80]);
}

fn id_of(run: &std::path::Path) -> String {
    read_table::<routerlab_records::RunRow>(&run.join("runs.parquet")).unwrap().rows[0].run_id.as_str().to_owned()
}

fn completion(index: u64, raw_output: &str) -> CompletionRow {
    CompletionRow {
        query_id: QueryId::new("a b", "test", index).unwrap(),
        model: "org/m".into(),
        sample_index: 0,
        raw_output: raw_output.to_owned(),
        status: CompletionStatus::Ok,
        finish_reason: None,
        prompt_tokens: Some(u64::MAX),
        completion_tokens: None,
        reasoning_tokens: None,
        cached_tokens: None,
        usage_source: None,
        cost_usd: Some(0.1),
        cost_source: None,
        latency_ms: None,
        ttft_ms: None,
        attempts: 1,
        provider_model: None,
        request_digest: None,
        collected_at: None,
        error: None,
    }
}

#[test]
fn of_imported_and_collected_completions_the_collected_one_comes_out() {
    let scratch = Scratch::new();
    let write = |name: &str, rows: &[CompletionRow]| {
        write_table(&scratch.path(name), rows, &Provenance::default()).unwrap();
    };
    write("data/completions.parquet", &[completion(1, "imported"), completion(2, "imported")]);
    write("data/completions/dataset=a%20b/split=test/org%2Fm-00000.parquet", &[completion(1, "collected")]);
    let export = |out: &str, folders: &[&str]| {
        let folders = folders.iter().copied();
        scratch.routerlab(["export", "tables"].into_iter().chain(folders).chain(["--format", "csv", "--out", out]))
    };
    assert_eq!(export("out", &["data"]).code, Some(0));
    let csv = std::fs::read_to_string(scratch.path("out/completions.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "a b/test/1,org/m,0,collected,ok,,18446744073709551615,,,,,0.1,,,,1,,,,",
            "a b/test/2,org/m,0,imported,ok,,18446744073709551615,,,,,0.1,,,,1,,,,"
        ]
    );
    // Two folders must not have rows of one key.
    write("other/completions.parquet", &[completion(2, "elsewhere")]);
    let twice = export("both", &["data", "other"]);
    assert_eq!(twice.code, Some(2));
    assert!(
        twice.stderr.contains("`other/completions.parquet`: row 1 has the key `query_id=a b/test/2`"),
        "{}",
        twice.stderr
    );
    assert!(!scratch.path("both").exists(), "nothing is left behind");
}

#[test]
fn what_is_not_there_or_damaged_is_named_and_nothing_is_left_behind() {
    let scratch = Scratch::new();
    write_table(&scratch.path("data/completions.parquet"), &[completion(1, "x")], &Provenance::default()).unwrap();
    let export = |folder: &str, more: &[&str]| {
        let args = ["export", "tables", folder, "--format", "parquet", "--out", "out"];
        let ran = scratch.routerlab(args.into_iter().chain(more.iter().copied()));
        assert_eq!((ran.code, scratch.path("out").exists()), (Some(2), false), "{}", ran.stderr);
        ran.stderr
    };
    let said = export("data", &["--table", "outcomes"]);
    assert!(said.contains("there is no table `outcomes` in `data`; there is: `completions`"), "{said}");
    scratch.write("empty/notes.txt", "");
    assert!(export("empty", &[]).contains("`empty` holds no table: expected a data folder"));
    scratch.write("data/outcomes.parquet", "PAR1 and then nothing");
    assert!(export("data", &[]).contains("`data/outcomes.parquet` is cut short"));
    let left: Vec<_> = std::fs::read_dir(scratch.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn without_the_engine_a_question_says_how_to_build_it() {
    let scratch = Scratch::new();
    // A copy of the program beside which there is nothing.
    let alone = scratch.path("alone/routerlab");
    std::fs::create_dir_all(alone.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_routerlab"), &alone).unwrap();
    let asked = std::process::Command::new(&alone).args(["query", "SELECT 1"]).env("PATH", "").output().unwrap();
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert_eq!(asked.status.code(), Some(2));
    assert!(said.contains("cargo build --release --locked -p routerlab-query"), "{said}");
}
