//! Questions in SQL, through the program as `routerlab query` hands over to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use routerlab_records::scoring::{Scoring, ScoringFile};
use routerlab_records::{
    CompletionRow, CompletionStatus, DecisionRow, OutcomeRow, Provenance, QueryId, Row, ScoreRow, ScoreStatus,
    write_table,
};
use tempfile::TempDir;

struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write<R: Row>(&self, name: &str, rows: &[R]) {
        write_table(&self.path(name), rows, &Provenance::default()).unwrap();
    }

    /// Exit code, stdout and stderr.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_routerlab-query"));
        let output = command.args(args).current_dir(self.0.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// The answer as comma-separated lines, without the first.
    fn ask(&self, sql: &str, folders: &[&str]) -> Vec<String> {
        let (code, stdout, stderr) = self.run(&[&["--format", "csv", "--", sql], folders].concat());
        assert_eq!(code, Some(0), "{sql}: {stderr}");
        stdout.lines().skip(1).map(str::to_owned).collect()
    }

    /// What is said where there is no answer.
    fn refused(&self, sql: &str, folders: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(&[&["--", sql], folders].concat());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{sql}: {stderr}");
        stderr
    }
}

fn id(dataset: &str, index: u64) -> QueryId {
    QueryId::new(dataset, "test", index).unwrap()
}

fn outcome(dataset: &str, index: u64, model: &str, score: Option<f64>) -> OutcomeRow {
    OutcomeRow {
        query_id: id(dataset, index),
        model: model.into(),
        dataset: dataset.into(),
        score,
        cost_usd: Some(0.25),
        cost_source: None,
        latency_ms: None,
        prompt_tokens: Some(u64::MAX),
        completion_tokens: None,
    }
}

fn completion(index: u64, raw_output: &str) -> CompletionRow {
    CompletionRow {
        query_id: id("d", index),
        model: "org/m".into(),
        sample_index: 0,
        raw_output: raw_output.to_owned(),
        status: CompletionStatus::Ok,
        finish_reason: None,
        prompt_tokens: None,
        completion_tokens: None,
        reasoning_tokens: None,
        cached_tokens: None,
        usage_source: None,
        cost_usd: None,
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

fn decision(run: &str, router: &str, seed: u64, index: u64) -> DecisionRow {
    DecisionRow {
        run_id: run.into(),
        router: router.into(),
        seed,
        preference: 0.0,
        preference_index: 0,
        query_id: id("d", index),
        part: "test".into(),
        model: "a".into(),
        utilities: Some(vec![0.5, 0.25]),
        score: Some(1.0),
        cost_usd: Some(0.5),
        latency_ms: None,
        route_ns: 1,
        fuel: 2,
        available: true,
        attempts: Some(vec!["a".into(), "b\"".into()]),
    }
}

fn score(evaluator: &str, value: f64) -> ScoreRow {
    ScoreRow {
        query_id: id("d", 1),
        model: "a".into(),
        sample_index: 0,
        evaluator: evaluator.into(),
        score: Some(value),
        prediction: None,
        explanation: None,
        evaluator_digest: "00".to_owned(),
        evaluator_config: "{}".into(),
        item_digest: String::new(),
        status: ScoreStatus::Ok,
    }
}

fn outcomes(scratch: &Scratch) {
    let rows = [outcome("d", 1, "a", Some(1.0)), outcome("d", 1, "b", None), outcome("e", 10, "a", Some(0.5))];
    scratch.write("data/outcomes.parquet", &rows);
}

#[test]
fn tables_of_data_and_of_several_runs_answer_together() {
    let scratch = Scratch::new();
    outcomes(&scratch);
    for (run, router, seed) in [("r1", "knn", 42), ("r1", "a b", 43), ("r2", "knn", 42)] {
        let file = format!("runs/{run}/decisions/{}-{seed}.parquet", router.replace(' ', "%20"));
        scratch.write(&file, &[decision(run, router, seed, 1), decision(run, router, seed, 2)]);
    }
    let folders = ["data", "runs/r1", "runs/r2"];
    let sql = "SELECT run_id, router, seed, count(*) FROM decisions GROUP BY ALL ORDER BY 1, 2";
    assert_eq!(scratch.ask(sql, &folders), ["r1,a b,43,2", "r1,knn,42,2", "r2,knn,42,2"]);
    // A join over both, lists, the largest number, and columns that the id of a query gives.
    let sql = "SELECT d.run_id, o.prompt_tokens, d.utilities, d.attempts, d.dataset, d.split, d.record_index, o.record_index \
               FROM decisions d JOIN outcomes o USING (query_id, model) WHERE d.router = 'knn' ORDER BY 1";
    let line =
        |run: &str| format!("{run},18446744073709551615,\"[0.5,0.25]\",\"[\"\"a\"\",\"\"b\\\"\"\"\"]\",d,test,1,1");
    assert_eq!(scratch.ask(sql, &folders), [line("r1"), line("r2")]);
    let sql = "SELECT dataset, record_index, avg(score), count(*) FROM outcomes GROUP BY 1, 2 ORDER BY 1";
    assert_eq!(scratch.ask(sql, &["data"]), ["d,1,1.0,2", "e,10,0.5,1"]);
    assert_eq!(scratch.ask("SELECT score FROM outcomes WHERE model = 'b'", &["data"]), [""], "null is nothing");
    assert_eq!(scratch.ask("SELECT array_length(utilities) FROM decisions LIMIT 1", &["runs/r1"]), ["2"]);
}

#[test]
fn scores_have_their_scoring_and_collected_completions_come_before_imported_ones() {
    let scratch = Scratch::new();
    for (label, value) in [("own", 1.0), ("compat", 0.0)] {
        let name = "number-0.parquet";
        scratch.write(&format!("data/scores/scoring={label}/{name}"), &[score("number", value)]);
        scratch.write(&format!("data/scores/scoring={label}/old.parquet"), &[score("number", 0.5)]);
        let mut scoring = Scoring::new("test");
        let file = ScoringFile {
            evaluator: "number".to_owned(),
            evaluator_digest: "00".to_owned(),
            config: "{}".to_owned(),
            sha256: String::new(),
            rows: 1,
        };
        scoring.files.insert(name.to_owned(), file);
        scoring.write(&scratch.path("data"), label).unwrap();
    }
    scratch.write("data/completions.parquet", &[completion(1, "imported"), completion(2, "imported")]);
    let shard = "data/completions/dataset=d/split=test/org%2Fm-00000.parquet";
    scratch.write(shard, &[completion(1, "collected"), completion(3, "collected")]);
    let sql = "SELECT scoring, score FROM scores ORDER BY scoring";
    assert_eq!(scratch.ask(sql, &["data"]), ["compat,0.0", "own,1.0"], "files of earlier versions are not read");
    let sql = "SELECT record_index, raw_output FROM completions ORDER BY 1";
    assert_eq!(scratch.ask(sql, &["data"]), ["1,collected", "2,imported", "3,collected"]);
}

#[test]
fn an_answer_comes_in_every_form_and_a_file_of_it_is_whole() {
    let scratch = Scratch::new();
    outcomes(&scratch);
    let sql = "SELECT query_id, model, score FROM outcomes ORDER BY 1, 2";
    let (_, table, _) = scratch.run(&[sql, "data"]);
    let expected = "query_id   model  score\n---------  -----  -----\nd/test/1   a        1.0\nd/test/1   b       null\ne/test/10  a        0.5\n";
    assert_eq!(table, expected);
    let (_, lines, _) = scratch.run(&["--format", "jsonl", sql, "data"]);
    assert!(
        lines.starts_with("{\"query_id\":\"d/test/1\",\"model\":\"a\",\"score\":1.0}\n") && lines.contains("null"),
        "{lines}"
    );
    let (code, stdout, stderr) =
        scratch.run(&["--format", "parquet", "--out", "new/outcomes.parquet", "SELECT * FROM outcomes", "data"]);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    // The file is a table again.
    assert_eq!(scratch.ask("SELECT count(*), sum(score) FROM outcomes", &["new"]), ["3,1.5"]);
    let (code, _, stderr) = scratch.run(&["--format", "parquet", sql, "data"]);
    assert!(code == Some(2) && stderr.contains("--out"), "{stderr}");
    let (code, _, _) = scratch.run(&["--format", "csv", "--out", "new/x.csv", "SELECT 1 / 0 FROM outcomes", "data"]);
    assert_eq!((code, scratch.path("new/x.csv").exists()), (Some(2), false));
}

#[test]
fn the_tables_and_their_columns_are_listed() {
    let scratch = Scratch::new();
    outcomes(&scratch);
    let (code, listing, stderr) = scratch.run(&["--tables", "data"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(listing.starts_with("outcomes: What one model did on one query."), "{listing}");
    for line in ["  prompt_tokens BIGINT UNSIGNED", "  score DOUBLE", "  record_index BIGINT UNSIGNED"] {
        assert!(listing.lines().any(|found| found == line), "no `{line}` in\n{listing}");
    }
    assert_eq!(
        scratch.ask("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'", &["data"]),
        ["outcomes"]
    );
}

#[test]
fn only_reading_is_possible_and_only_of_these_tables() {
    let scratch = Scratch::new();
    outcomes(&scratch);
    std::fs::write(scratch.path("other.csv"), "a\n1\n").unwrap();
    let before = std::fs::read(scratch.path("data/outcomes.parquet")).unwrap();
    for sql in [
        "COPY outcomes TO 'x.csv'",
        "COPY (SELECT 1) TO 'x.parquet' STORED AS PARQUET",
        "EXPLAIN ANALYZE COPY outcomes TO 'x.csv'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'other.csv'",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE outcomes",
        "INSERT INTO outcomes SELECT * FROM outcomes",
        "DELETE FROM outcomes",
        "UPDATE outcomes SET score = 1",
        "SET datafusion.execution.batch_size = 1",
    ] {
        let said = scratch.refused(sql, &["data"]);
        assert!(said.starts_with("error: only reading is possible"), "{sql}: {said}");
    }
    for sql in ["SELECT * FROM 'other.csv'", "SELECT * FROM 'data/outcomes.parquet'"] {
        let said = scratch.refused(sql, &["data"]);
        assert!(said.contains("there is no table") && said.contains("there is: `outcomes`"), "{sql}: {said}");
    }
    assert_eq!(std::fs::read(scratch.path("data/outcomes.parquet")).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(scratch.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_is_wrong_is_named() {
    let scratch = Scratch::new();
    outcomes(&scratch);
    let said = scratch.refused("SELECT * FROM decisions", &["data"]);
    assert_eq!(said, "error: there is no table `decisions`; there is: `outcomes`\n");
    assert!(scratch.refused("SELECT scor FROM outcomes", &["data"]).contains("scor"));
    assert!(scratch.refused("SELEC 1", &["data"]).contains("SELEC"));
    assert!(scratch.refused("SELECT 1; SELECT 2", &["data"]).starts_with("error: "));
    assert!(scratch.refused("SELECT 1", &["nowhere"]).contains("`nowhere` does not exist"));
    assert!(scratch.refused("SELECT 1", &["."]).contains("`.` holds no table"));
    // A file of another table, one that is cut, one of which the middle is damaged.
    scratch.write("other/outcomes.parquet", &[completion(1, "x")]);
    let said = scratch.refused("SELECT 1", &["other"]);
    assert!(said.contains("`other/outcomes.parquet` holds `routerlab.completions/2`"), "{said}");
    let good = std::fs::read(scratch.path("data/outcomes.parquet")).unwrap();
    let damaged = |bytes: &[u8]| std::fs::write(scratch.path("other/outcomes.parquet"), bytes).unwrap();
    damaged(&good[..good.len() / 2]);
    assert!(scratch.refused("SELECT 1", &["other"]).contains("`other/outcomes.parquet` is cut short"));
    for at in (4..good.len() / 3).step_by(7) {
        let mut bad = good.clone();
        bad[at..at + 4].fill(0xff);
        damaged(&bad);
        let (code, _, said) = scratch.run(&["SELECT * FROM outcomes", "other"]);
        assert!(matches!(code, Some(0 | 2)), "bytes from {at}: {code:?} {said}");
    }
}

#[test]
fn more_than_the_memory_holds_is_sorted_and_grouped_on_disk() {
    let scratch = Scratch::new();
    outcomes(&scratch);
    let key = |value: u64| ((value * 7919) % 1_000_003, value);
    let sql = "SELECT value FROM generate_series(1, 4000000) ORDER BY (value * 7919) % 1000003, value";
    let (code, stdout, stderr) = scratch.run(&["--memory", "32MiB", "--format", "csv", sql, "data"]);
    assert_eq!(code, Some(0), "{stderr}");
    let values: Vec<u64> = stdout.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!(values.len(), 4_000_000);
    assert!(values.is_sorted_by_key(|value| key(*value)));
    let sql = "SELECT count(*), max(n) FROM (SELECT value % 1500000 AS k, count(*) AS n FROM generate_series(1, 6000000) GROUP BY k)";
    let (code, stdout, stderr) = scratch.run(&["--memory", "32MiB", "--format", "csv", sql, "data"]);
    assert_eq!((code, stdout.lines().nth(1)), (Some(0), Some("1500000,4")), "{stderr}");
}

#[test]
fn a_folder_may_have_any_name() {
    let scratch = Scratch::new();
    let odd = "a [b] *?% é";
    scratch.write(&format!("{odd}/outcomes.parquet"), &[outcome("d", 1, "a", Some(1.0))]);
    assert!(Path::new(&scratch.path(odd)).is_dir());
    assert_eq!(scratch.ask("SELECT count(*) FROM outcomes", &[odd]), ["1"]);
}
