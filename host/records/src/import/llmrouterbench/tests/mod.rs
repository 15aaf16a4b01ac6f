//! A tree with every quirk of the released one, and files that are wrong in every way.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

mod wrong;

use super::*;
use crate::{
    CompletionRow, CompletionStatus, CostSource, OutcomeRow, QueryRow, ScoreRow, ScoreStatus, digest_file,
    read_completions, read_table, table_files,
};

/// A record that answered.
fn record(index: u64, prompt: &str, score: Value) -> Value {
    json!({
        "index": index, "origin_query": format!("q{index}"), "prompt": prompt, "prompt_tokens": 10, "completion_tokens": 5,
        "cost": 0.25, "score": score, "prediction": "7", "ground_truth": "7", "raw_output": format!("answer {index}"),
        "extra_fields": {},
    })
}

/// The same with some fields changed; null as a change takes a field away.
fn with(mut record: Value, changes: &[(&str, Option<Value>)]) -> Value {
    for (field, value) in changes {
        match value {
            Some(value) => record[*field] = value.clone(),
            None => drop(record.as_object_mut().unwrap().remove(*field)),
        }
    }
    record
}

/// A run as the reference writes it: the records come last.
fn run(dataset: &str, split: &str, model: &str, demo: Option<bool>, records: &[Value]) -> String {
    let demo = demo.map(|demo| format!("  \"demo\": {demo},\n")).unwrap_or_default();
    let records = serde_json::to_string_pretty(records).unwrap();
    format!(
        "{{\n  \"performance\": 0.5,\n  \"time_taken\": 12.5,\n  \"prompt_tokens\": 1,\n  \"completion_tokens\": 1,\n  \"cost\": 1.0,\n  \
         \"counts\": 1,\n  \"model_name\": \"{model}\",\n  \"dataset_name\": \"{dataset}\",\n  \"split\": \"{split}\",\n{demo}  \
         \"extra_metrics\": {{\"steps\": 2.0}},\n  \"data_fingerprint\": \"ab\",\n  \"records\": {records}\n}}"
    )
}

/// A file of JSON text, by its path below the tree.
type Tree = Vec<(&'static str, String)>;

fn tree() -> Tree {
    let failed = |text: &str, score: Value| {
        let none =
            [("prompt_tokens", Some(json!(0))), ("completion_tokens", Some(json!(0))), ("cost", Some(json!(0.0)))];
        with(with(record(3, "p3", score), &none), &[("raw_output", Some(json!(text)))])
    };
    let alpha =
        [record(1, "p1", json!(1.0)), record(2, "p2", json!(0)), failed("Processing failed: boom", Value::Null)];
    let beta = [
        // The old form: a list of replies; no extra fields, no question of the dataset.
        with(
            record(1, "p1", json!(true)),
            &[
                ("raw_output", Some(json!(["first", "second"]))),
                ("extra_fields", None),
                ("cost", Some(json!(0))),
                ("new_key", Some(json!({"a": [1, {"b": null}]}))),
            ],
        ),
        record(2, "p2", Value::Null),
        failed("Generation failed: RetryError", json!(1.0)),
    ];
    // Names after the records, in another order, and a name for a folder that is not its own.
    let beta = format!(
        "{{\"records\": {}, \"split\": \"hybrid\", \"dataset_name\": \"aime\", \"model_name\": \"beta\"}}",
        serde_json::to_string(&beta).unwrap()
    );
    let gamma = [
        with(
            record(10, "p10", json!(0.5)),
            &[("prediction", Some(json!([[1, 2], ["a"]]))), ("ground_truth", Some(json!({"b": 1, "a": "ü"})))],
        ),
        with(record(2, "another text", json!(1)), &[("extra_fields", Some(json!({"steps": 4, "why": "so"})))]),
        with(failed("", json!(0)), &[]),
    ];
    let free = with(
        record(1, "p", json!(0.0)),
        &[("prompt_tokens", Some(json!(0))), ("completion_tokens", Some(json!(0))), ("cost", Some(json!(0)))],
    );
    let old =
        [record(1, "p1", json!(0)), record(2, "p2", json!(0)), record(3, "p3", json!(0)), record(4, "p4", json!(0))];
    vec![
        (
            "bench/aime/hybrid/alpha/aime-hybrid-alpha-20250901_120000.json",
            run("aime", "hybrid", "alpha", Some(false), &alpha),
        ),
        (
            "bench/aime/hybrid/alpha/aime-hybrid-alpha-20250801_120000.json",
            run("aime", "hybrid", "alpha", Some(false), &old),
        ),
        ("bench/aime/hybrid/alpha/20250930_130000.json", run("aime", "hybrid", "alpha", Some(true), &old)),
        ("bench/aime/hybrid/alpha/result.json", run("aime", "hybrid", "alpha", None, &old)),
        ("bench/aime/hybrid/not-beta/result.json", beta),
        ("bench/aime/hybrid/gamma/20250901_120000.json", run("aime", "hybrid", "gamma", None, &gamma)),
        ("bench/aime/hybrid/delta/20250901_120000.json", run("aime", "hybrid", "delta", None, &[])),
        (
            "bench/external_bench/bench/tau2/test/beta/tau2-test-beta-20250901_120000.json",
            run("tau2", "test", "beta", None, &[free]),
        ),
        ("bench/config.json", r#"{"models": [{"name": "alpha"}], "split": {"train": 1}}"#.to_owned()),
        ("bench/list.json", "[1, 2, {\"records\": []}]".to_owned()),
        ("bench/.hidden.json", "\0\0".to_owned()),
        ("bench/aime/half.json.tmp", "{".to_owned()),
    ]
}

struct Place(TempDir);

impl Place {
    fn new(tree: &Tree) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (name, text) in tree {
            place.write(&format!("tree/{name}"), text);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    fn import(&self, from: &str, options: &LlmRouterBenchOptions) -> Result<ImportSummary, String> {
        import_llmrouterbench(&self.path(from), options, &self.path("out"), &mut |_| ()).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(" | {cause}")).unwrap_or_default();
            format!("{error}{cause}").replace(&format!("{}/", self.0.path().display()), "")
        })
    }

    /// Digests of all files of the folder that was made.
    fn digests(&self) -> BTreeMap<String, String> {
        let out = self.path("out");
        let mut files = table_files(&out).unwrap();
        files.extend(["pool.toml", "manifest.json"].map(|name| out.join(name)));
        let name = |path: &Path| path.strip_prefix(&out).unwrap().display().to_string();
        files.iter().map(|path| (name(path), digest_file(path).unwrap())).collect()
    }

    fn rows<R: crate::Row>(&self, file: &str) -> Vec<R> {
        read_table::<R>(&self.path("out").join(file)).unwrap().rows
    }
}

fn archive(tree: &Tree) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in tree {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("results/{name}"), text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_tree_with_every_quirk_becomes_exact_tables() {
    let place = Place::new(&tree());
    let summary = place.import("tree", &LlmRouterBenchOptions::default()).unwrap();
    let notes = [
        "1 demo runs were left out: `bench/aime/hybrid/alpha/20250930_130000.json`",
        "2 runs were left out for newer ones of the same dataset, split and model: `bench/aime/hybrid/alpha/result.json`, \
         `bench/aime/hybrid/alpha/aime-hybrid-alpha-20250801_120000.json`",
        "1 runs without records were left out: `bench/aime/hybrid/delta/20250901_120000.json`",
        "2 JSON files are no runs and were left out: `bench/list.json`, `bench/config.json`",
        "3 calls had failed: their completions say so and have no score",
        "1 answers have no score in the results",
        "2 answers cost 0 in the results, which says nothing: their cost is unknown; `--prices FILE` prices them by their tokens",
        "1 replies were lists, of which the first text was kept",
        "1 queries have other texts in some models' files; those of the first model by name were kept: `aime/hybrid/2`",
        "3 of 13 pairs of query and model have no record",
    ];
    assert_eq!(summary.notes, notes);
    assert_eq!((summary.rows, summary.queries, summary.models, summary.datasets), (10, 5, 3, 2));

    let queries: Vec<QueryRow> = place.rows("queries.parquet");
    let shown: Vec<_> =
        queries.iter().map(|row| (row.query_id.as_str(), row.prompt.as_str(), row.ground_truth.as_deref())).collect();
    let truth = Some("{\"a\": \"ü\", \"b\": 1}");
    assert_eq!(
        shown,
        [
            ("aime/hybrid/1", "p1", Some("7")),
            ("aime/hybrid/10", "p10", truth),
            ("aime/hybrid/2", "p2", Some("7")),
            ("aime/hybrid/3", "p3", Some("7")),
            ("tau2/test/1", "p", Some("7")),
        ]
    );
    assert_eq!(
        (queries[0].origin_query.as_str(), queries[0].record_index, queries[0].metadata.as_str()),
        ("q1", 1, "{}")
    );

    let answers: Vec<CompletionRow> = read_completions(&place.path("out")).unwrap().rows;
    let shown: Vec<_> = answers
        .iter()
        .map(|row| {
            (
                row.query_id.as_str(),
                row.model.as_str(),
                row.status,
                row.raw_output.as_str(),
                row.cost_usd,
                row.prompt_tokens,
            )
        })
        .collect();
    use CompletionStatus::{ModelError, Ok as Done};
    assert_eq!(
        shown,
        [
            ("aime/hybrid/1", "alpha", Done, "answer 1", Some(0.25), Some(10)),
            ("aime/hybrid/1", "beta", Done, "first", None, Some(10)),
            ("aime/hybrid/10", "gamma", Done, "answer 10", Some(0.25), Some(10)),
            ("aime/hybrid/2", "alpha", Done, "answer 2", Some(0.25), Some(10)),
            ("aime/hybrid/2", "beta", Done, "answer 2", Some(0.25), Some(10)),
            ("aime/hybrid/2", "gamma", Done, "answer 2", Some(0.25), Some(10)),
            ("aime/hybrid/3", "alpha", ModelError, "", None, None),
            ("aime/hybrid/3", "beta", ModelError, "", None, None),
            ("aime/hybrid/3", "gamma", ModelError, "", None, None),
            ("tau2/test/1", "beta", Done, "answer 1", None, None),
        ]
    );
    let errors: Vec<_> = answers.iter().filter_map(|row| row.error.as_deref()).collect();
    let none = "no reply, no tokens and no cost were recorded";
    assert_eq!(errors, ["Processing failed: boom", "Generation failed: RetryError", none]);

    let outcomes: Vec<OutcomeRow> = place.rows("outcomes.parquet");
    let shown: Vec<_> = outcomes.iter().map(|row| (row.score, row.cost_usd)).collect();
    let some = Some(0.25);
    let expected: [(Option<f64>, Option<f64>); 10] = [
        (Some(1.0), some),
        (Some(1.0), None),
        (Some(0.5), some),
        (Some(0.0), some),
        (None, some),
        (Some(1.0), some),
        (None, None),
        (None, None),
        (None, None),
        (Some(0.0), None),
    ];
    assert_eq!(shown, expected);

    let scores: Vec<ScoreRow> = place.rows("scores/scoring=own/llmrouterbench-aime%2Fhybrid%2Fgamma.parquet");
    let shown: Vec<_> = scores
        .iter()
        .map(|row| (row.score, row.prediction.as_deref(), row.explanation.as_deref(), row.status))
        .collect();
    assert_eq!(
        shown,
        [
            (Some(0.5), Some("[[1, 2], [\"a\"]]"), None, ScoreStatus::Ok),
            (Some(1.0), Some("7"), Some("{\"steps\": 4, \"why\": \"so\"}"), ScoreStatus::Ok),
        ]
    );
    assert_eq!(scores[0].evaluator.as_str(), "llmrouterbench");
    // What no evaluator component gave can be rebuilt from the tables all the same.
    let before = read_table::<OutcomeRow>(&place.path("out/outcomes.parquet")).unwrap().rows;
    crate::import::build_outcomes(&place.path("out"), "own").unwrap();
    assert_eq!(place.rows::<OutcomeRow>("outcomes.parquet"), before);
    let manifest = crate::import::Manifest::read(&place.path("out")).unwrap();
    assert_eq!(manifest.inputs.len(), 4, "one digest for each file that was taken");
    assert!(!place.path("out.partial").exists());
    let footer =
        crate::about_table(&place.path("out/completions/dataset=aime/split=hybrid/gamma-00000.parquet")).unwrap();
    let digest = digest_file(&place.path("tree/bench/aime/hybrid/gamma/20250901_120000.json")).unwrap();
    assert_eq!(footer.provenance.inputs["bench/aime/hybrid/gamma/20250901_120000.json"], digest);
}

#[test]
fn an_archive_packed_or_not_and_in_any_order_has_the_same_tables() {
    let mut tree = tree();
    let tables = |place: &Place| {
        let mut digests = place.digests();
        // Its footers name the members.
        digests.retain(|name, _| !name.ends_with(".json"));
        let queries: Vec<QueryRow> = place.rows("queries.parquet");
        let outcomes: Vec<OutcomeRow> = place.rows("outcomes.parquet");
        let completions = read_completions(&place.path("out")).unwrap().rows;
        (digests.into_keys().collect::<Vec<_>>(), queries, outcomes, completions)
    };
    let place = Place::new(&tree);
    place.import("tree", &LlmRouterBenchOptions::default()).unwrap();
    let expected = tables(&place);
    for round in 0..3 {
        let place = Place::new(&Tree::new());
        let content = archive(&tree);
        place.write("release", if round == 0 { content } else { packed(&content) });
        place.import("release", &LlmRouterBenchOptions::default()).unwrap();
        assert!(tables(&place) == expected, "round {round}");
        tree.reverse();
    }
}

#[test]
fn filters_and_prices_decide_what_is_taken() {
    let place = Place::new(&tree());
    let prices =
        "unit = \"USD per 1M tokens\"\nbasis = \"published\"\n[models.beta]\ninput = 100000.0\noutput = 200000.0\n";
    place.write("prices.toml", prices);
    let only = |names: &[&str]| NameFilter {
        include: names.iter().map(|name| (*name).to_owned()).collect(),
        ..NameFilter::default()
    };
    let options = LlmRouterBenchOptions {
        datasets: NameFilter { exclude: ["tau2".to_owned()].into(), ..NameFilter::default() },
        models: only(&["beta", "delta"]),
        splits: only(&["hybrid"]),
        prices: Some(place.path("prices.toml")),
    };
    let summary = place.import("tree", &options).unwrap();
    assert!(
        summary.notes.iter().any(|note| note.starts_with("1 answers whose cost was 0 were priced by")),
        "{:?}",
        summary.notes
    );
    let rows = read_completions(&place.path("out")).unwrap().rows;
    let costs: Vec<_> = rows.iter().map(|row| (row.cost_usd, row.cost_source)).collect();
    let priced = (Some(2.0), Some(CostSource::PublishedPrice));
    assert_eq!(costs, [priced, (Some(0.25), Some(CostSource::Imported)), (None, None)]);
    let pool = crate::pool::Pool::read(&place.path("out/pool.toml")).unwrap();
    assert_eq!(pool.models["beta"].input_usd_per_mtok, Some(100_000.0));

    let place = Place::new(&tree());
    let options = LlmRouterBenchOptions { models: only(&["nobody"]), ..LlmRouterBenchOptions::default() };
    let message = place.import("tree", &options).unwrap_err();
    assert!(
        message.starts_with("`tree` holds no run of LLMRouterBench that could be taken (")
            || message.starts_with("`tree`: holds no run"),
        "{message}"
    );
    assert!(!place.path("out").exists() && !place.path("out.partial").exists());
}

#[test]
fn an_import_that_was_killed_goes_on_and_ends_the_same() {
    let whole = Place::new(&tree());
    whole.import("tree", &LlmRouterBenchOptions::default()).unwrap();
    let expected = whole.digests();
    // A demo, and a file with a newer one beside it, is not read to its end.
    let read =
        |name: &str| !["/.", ".tmp", "20250930", "-20250801", "alpha/result"].iter().any(|part| name.contains(part));
    // A file that is wrong stops the import wherever it stands, as a kill would: what was done before is kept.
    for (at, (name, text)) in tree().into_iter().enumerate().filter(|(_, (name, _))| read(name)) {
        let place = Place::new(&tree());
        place.write(&format!("tree/{name}"), &text[..text.len() / 2]);
        let message = place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
        assert!(message.starts_with(&format!("`tree/{name}`: ")), "{message}");
        assert!(!place.path("out").exists());
        // What a kill may leave beside whole parts: tables whose part is not there.
        if place.path("out.partial").exists() {
            place.write("out.partial/tables/completions/dataset=x/split=y/z-00000.parquet", "half");
            place.write("out.partial/tables/scores/scoring=own/stray.parquet", "half");
        }
        place.write(&format!("tree/{name}"), &text);
        place.import("tree", &LlmRouterBenchOptions::default()).unwrap();
        assert_eq!(place.digests(), expected, "{at}: {name}");
    }
}

#[test]
fn a_part_whose_file_is_gone_makes_room_for_an_older_one() {
    let place = Place::new(&tree());
    let last = "tree/bench/external_bench/bench/tau2/test/beta/tau2-test-beta-20250901_120000.json";
    let text = fs::read_to_string(place.path(last)).unwrap();
    place.write(last, "{");
    place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
    place.write(last, &text);
    fs::remove_file(place.path("tree/bench/aime/hybrid/alpha/aime-hybrid-alpha-20250901_120000.json")).unwrap();
    place.import("tree", &LlmRouterBenchOptions::default()).unwrap();
    let rows = read_completions(&place.path("out")).unwrap().rows;
    assert_eq!(rows.iter().filter(|row| row.model.as_str() == "alpha").count(), 4);
}

#[test]
fn parts_that_are_there_are_not_read_again_unless_their_source_changed() {
    let place = Place::new(&tree());
    let gamma = "tree/bench/aime/hybrid/gamma/20250901_120000.json";
    let last = "tree/bench/external_bench/bench/tau2/test/beta/tau2-test-beta-20250901_120000.json";
    let text = fs::read_to_string(place.path(last)).unwrap();
    place.write(last, "{");
    place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
    place.write(last, &text);
    let changed = fs::read_to_string(place.path(gamma)).unwrap().replace("answer 10", "ANSWER 10");
    place.write(gamma, changed);

    // Another import is not mixed in.
    let other = LlmRouterBenchOptions {
        models: NameFilter { exclude: ["x".to_owned()].into(), ..NameFilter::default() },
        ..Default::default()
    };
    let message = place.import("tree", &other).unwrap_err();
    assert_eq!(
        message,
        "`out.partial` was begun by another import (with another model); give its command again to finish it, or remove the folder"
    );
    assert!(place.path("out.partial/import.json").exists(), "it is not removed either");

    let working = Staged::open(&place.path("out"), identity(&LlmRouterBenchOptions::default()).unwrap()).unwrap();
    let message = place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
    assert_eq!(message, "another process is at work in `out.partial`; wait for it, or end it");
    drop(working);

    let mut records = 0;
    import_llmrouterbench(&place.path("tree"), &LlmRouterBenchOptions::default(), &place.path("out"), &mut |at| {
        records = at.records
    })
    .unwrap();
    // The changed file, and the last; and what is read and left out.
    assert_eq!(records, 3 + 1);
    let rows = read_completions(&place.path("out")).unwrap().rows;
    assert!(rows.iter().any(|row| row.raw_output == "ANSWER 10"));

    let message = place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
    assert!(message.starts_with("`out` already holds `completions`"), "{message}");
}

#[test]
fn the_newest_time_in_a_name_wins_over_none() {
    let order = ["a/result.json", "b/20250101_000000.json", "a/x-test-m-20250101_000001.json"];
    let ranks: Vec<String> = order.iter().map(|name| rank(name).1).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    assert_eq!(rank("a/x-test-m-20250101_000001.json").0, "20250101_000001");
    assert_eq!(rank("a/é20250101-000001.json").0, "");
    assert_eq!(rank("é.json").0, "");
}

#[test]
fn who_is_included_beats_who_is_excluded() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let both = NameFilter { include: set(&["a"]), exclude: set(&["a", "b"]) };
    assert!(both.keeps("a") && !both.keeps("b") && !both.keeps("c"));
    let without = NameFilter { include: set(&[]), exclude: set(&["b"]) };
    assert!(without.keeps("a") && !without.keeps("b"));
}
