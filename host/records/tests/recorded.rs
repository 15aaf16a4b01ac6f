//! Recorded completions: what they become, and which line is to blame when they do not.

use std::fs;
use std::path::Path;

use routerlab_records::import::{RecordedFiles, build_outcomes, import_recorded};
use routerlab_records::scoring::{Scoring, ScoringFile};
use routerlab_records::{
    CompletionRow, CompletionStatus, CostSource, OutcomeRow, Provenance, QueryRow, ScoreRow, ScoreStatus, read_table,
    write_table,
};
use tempfile::TempDir;

const QUERY: &str = r#"{"dataset":"d","split":"test","index":1,"query":"1+1?","prompt":"1+1? Number.","ground_truth":"2","evaluator":"number"}"#;
const OTHER_QUERY: &str = r#"{"dataset":"d","split":"test","index":2,"query":"?","prompt":"?","ground_truth":null}"#;
const COMPLETION: &str = r#"{"query_id":"d/test/1","model":"m","prompt":[{"role":"user"}],"raw_output":"2","finish_reason":"stop","prompt_tokens":10,"completion_tokens":2,"latency_ms":5.5,"ttft_ms":1,"status":"ok","collected_at":"2024-01-01T00:00:00Z"}"#;
const FAILED: &str =
    r#"{"query_id":"d/test/2","model":"m","status":"connection reset","prompt_tokens":10,"completion_tokens":0}"#;
const PRICES: &str = "unit = \"USD per 1M tokens\"\nbasis = \"declared\"\n[models.m]\ninput = 1.0\noutput = 2.0\n";

fn import(queries: &str, completions: &str, prices: &str) -> Result<TempDir, String> {
    import_with_notes(queries, completions, prices).map(|(scratch, _)| scratch)
}

fn import_with_notes(queries: &str, completions: &str, prices: &str) -> Result<(TempDir, Vec<String>), String> {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let files = RecordedFiles {
        queries: path("q.jsonl"),
        completions: path("c.jsonl"),
        prices: path("p.toml"),
        embeddings: None,
    };
    fs::write(&files.queries, queries).unwrap();
    fs::write(&files.completions, completions).unwrap();
    fs::write(&files.prices, prices).unwrap();
    match import_recorded(&files, &path("out"), &mut |_| {}) {
        Ok(summary) => Ok((scratch, summary.notes)),
        Err(error) => {
            assert!(!path("out").exists(), "nothing is left behind");
            Err(error.to_string().replace(&format!("{}/", scratch.path().display()), ""))
        }
    }
}

fn lines(lines: &[&str]) -> String {
    lines.join("\n")
}

#[test]
fn recorded_completions_become_our_tables() {
    let scratch = import(&lines(&[QUERY, "", OTHER_QUERY]), &lines(&[FAILED, COMPLETION, ""]), PRICES).unwrap();
    let out = scratch.path().join("out");
    let queries = read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows;
    assert_eq!(queries[0].metadata_text("evaluator").as_deref(), Some("number"));
    assert_eq!((queries[0].ground_truth.as_deref(), queries[1].ground_truth.as_deref()), (Some("2"), None));
    let rows = read_table::<CompletionRow>(&out.join("completions.parquet")).unwrap().rows;
    assert_eq!(rows[0].status, CompletionStatus::Ok);
    assert_eq!((rows[0].cost_usd, rows[0].cost_source), (Some(14e-6), Some(CostSource::DeclaredPrice)));
    assert_eq!((rows[0].latency_ms, rows[0].ttft_ms, rows[0].attempts), (Some(5.5), Some(1.0), 1));
    assert_eq!(rows[1].status, CompletionStatus::ModelError);
    assert_eq!(rows[1].error.as_deref(), Some("connection reset"));
    assert!(out.join("manifest.json").exists());
}

#[test]
fn a_line_that_cannot_be_used_is_named_with_its_field() {
    let cases = [
        (QUERY.replace("\"index\":1,", ""), "`q.jsonl`: line 1: `index`: missing"),
        (
            QUERY.replace("\"index\":1,", "\"index\":\"1\","),
            "`q.jsonl`: line 1: `index`: expected a whole number of 0 or more, found a text",
        ),
        (
            QUERY.replace("\"index\":1,", "\"index\":1.5,"),
            "`q.jsonl`: line 1: `index`: expected a whole number of 0 or more, found 1.5",
        ),
        (QUERY.replace("\"1+1?\"", "null"), "`q.jsonl`: line 1: `query`: missing"),
        (
            QUERY.replace("\"d\"", "\"a/b\""),
            "`q.jsonl`: line 1: dataset `a/b` cannot be part of a query id: it may neither be empty nor contain `/`",
        ),
        (lines(&[QUERY, OTHER_QUERY, QUERY]), "`q.jsonl`: line 3: query `d/test/1` was already in line 1"),
        (lines(&[QUERY, "[1]"]), "`q.jsonl`: line 2: expected a JSON object, found a list"),
        (lines(&[QUERY, "", &QUERY[..30]]), "`q.jsonl`: line 3: not JSON: EOF while parsing a value at column 30"),
    ];
    for (queries, expected) in cases {
        assert_eq!(import(&queries, COMPLETION, PRICES).map(|_| ()).unwrap_err(), expected);
    }
    let cases = [
        (COMPLETION.replace("d/test/1", "d/test/9"), "`c.jsonl`: line 1: `query_id`: there is no query `d/test/9`"),
        (COMPLETION.replace("\"model\":\"m\"", "\"model\":7"), "`c.jsonl`: line 1: `model`: expected a text, found 7"),
        (COMPLETION.replace("\"m\"", "\"other\""), "`p.toml` has no price for the model `other`"),
        (COMPLETION.replace("\"raw_output\":\"2\",", ""), "`c.jsonl`: line 1: `raw_output`: missing"),
        (COMPLETION.replace("\"status\":\"ok\",", ""), "`c.jsonl`: line 1: `status`: missing"),
        (
            COMPLETION.replace(":10,", ":-10,"),
            "`c.jsonl`: line 1: `prompt_tokens`: expected a whole number of 0 or more, found -10",
        ),
        (
            COMPLETION.replace("5.5", "-5.5"),
            "`c.jsonl`: line 1: `latency_ms`: expected a number of 0 or more, found -5.5",
        ),
        (
            lines(&[COMPLETION, COMPLETION]),
            "`c.jsonl`: line 2: query `d/test/1`, model `m` and sample 0 were already in line 1",
        ),
    ];
    for (completions, expected) in cases {
        assert_eq!(import(QUERY, &completions, PRICES).map(|_| ()).unwrap_err(), expected);
    }
}

#[test]
fn a_byte_order_mark_is_passed_over_and_utf_16_is_named() {
    let marked = format!("\u{feff}{QUERY}");
    import(&marked, COMPLETION, PRICES).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let files = RecordedFiles {
        queries: path("q.jsonl"),
        completions: path("q.jsonl"),
        prices: path("p.toml"),
        embeddings: None,
    };
    fs::write(&files.prices, PRICES).unwrap();
    for mark in [Some(0xfeff), None] {
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let text: Vec<u8> = mark.into_iter().chain(QUERY.encode_utf16()).flat_map(bytes).collect();
            fs::write(&files.queries, text).unwrap();
            let message = import_recorded(&files, &path("out"), &mut |_| {}).unwrap_err().to_string();
            let expected = format!("`{}`: line 1: the text is UTF-16, save the file as UTF-8", files.queries.display());
            assert_eq!(message, expected);
        }
    }
}

#[test]
fn a_file_without_lines_is_refused() {
    for empty in ["", "\n \n", "\u{feff}\n"] {
        assert_eq!(import(empty, COMPLETION, PRICES).map(|_| ()).unwrap_err(), "`q.jsonl` holds no rows");
        assert_eq!(import(QUERY, empty, PRICES).map(|_| ()).unwrap_err(), "`c.jsonl` holds no rows");
    }
}

#[test]
fn a_field_given_twice_is_refused() {
    let twice = QUERY.replace("\"index\":1,", "\"index\":1,\"index\":2,");
    let message = import(&twice, COMPLETION, PRICES).map(|_| ()).unwrap_err();
    assert_eq!(message, "`q.jsonl`: line 1: `index`: given twice");
}

#[test]
fn our_words_for_a_status_count_in_any_case() {
    let cases = [
        ("ok", CompletionStatus::Ok, None),
        ("OK", CompletionStatus::Ok, None),
        ("Timeout", CompletionStatus::Timeout, None),
        ("okay", CompletionStatus::ModelError, Some("okay")),
        ("HTTP 500", CompletionStatus::ModelError, Some("HTTP 500")),
    ];
    for (text, status, error) in cases {
        let completion = COMPLETION.replace("\"ok\"", &format!("\"{text}\""));
        let scratch = import(QUERY, &completion, PRICES).unwrap();
        let rows = read_table::<CompletionRow>(&scratch.path().join("out/completions.parquet")).unwrap().rows;
        assert_eq!((rows[0].status, rows[0].error.as_deref()), (status, error), "{text}");
    }
}

#[test]
fn what_an_evaluator_must_know_comes_with_the_query() {
    let with = |more: &str| QUERY.replacen('{', &format!("{{{more},"), 1);
    let metadata = |query: &str| {
        import(query, COMPLETION, PRICES).map(|scratch| {
            let rows = read_table::<QueryRow>(&scratch.path().join("out/queries.parquet")).unwrap().rows;
            serde_json::from_str::<serde_json::Value>(&rows[0].metadata).unwrap()
        })
    };
    let found = metadata(&with(r#""metadata":{"category":"a","options":["x"]}"#)).unwrap();
    assert_eq!((&found["category"], &found["options"][0]), (&"a".into(), &"x".into()));
    let message = metadata(&with(r#""metadata":["x"]"#)).unwrap_err();
    assert!(message.ends_with("line 1: `metadata`: expected an object, found a list"), "{message}");
}

#[test]
fn several_samples_of_a_pair_are_one_pair() {
    let second = COMPLETION.replace("\"status\"", "\"sample_index\":1,\"status\"");
    let (_, notes) = import_with_notes(&lines(&[QUERY, OTHER_QUERY]), &lines(&[COMPLETION, &second]), PRICES).unwrap();
    assert_eq!(notes, ["1 of 2 pairs of query and model have no completion"]);
}

#[test]
fn a_score_becomes_an_outcome_and_a_failure_stays_unscored() {
    let scratch = import(&lines(&[QUERY, OTHER_QUERY]), &lines(&[COMPLETION, FAILED]), PRICES).unwrap();
    let out = scratch.path().join("out");
    let score = |query_id: &str, evaluator: &str, score: Option<f64>| ScoreRow {
        query_id: query_id.parse().unwrap(),
        model: "m".into(),
        sample_index: 0,
        evaluator: evaluator.into(),
        score,
        prediction: None,
        explanation: None,
        evaluator_digest: "00".to_owned(),
        evaluator_config: "{}".into(),
        item_digest: String::new(),
        status: ScoreStatus::Ok,
    };
    let build = |rows: &[ScoreRow]| {
        let file = ScoringFile {
            evaluator: "number".to_owned(),
            evaluator_digest: "00".to_owned(),
            config: "{}".to_owned(),
            sha256: String::new(),
            rows: rows.len() as u64,
        };
        let mut scoring = Scoring::new("test");
        scoring.files.insert("number.parquet".to_owned(), file);
        let folder = Scoring::folder(&out, "own").unwrap();
        write_table(&folder.join("number.parquet"), rows, &Provenance::default()).unwrap();
        scoring.write(&out, "own").unwrap();
        build_outcomes(&out, "own").map_err(|error| error.to_string().replace(&format!("{}/", out.display()), ""))
    };
    build(&[score("d/test/1", "number", Some(1.0)), score("d/test/2", "number", Some(0.0))]).unwrap();
    let rows = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.score).collect::<Vec<_>>(), [Some(1.0), None]);
    assert_eq!(rows[1].cost_usd, Some(10e-6), "what a failure cost stays");
    assert_eq!((rows[0].prompt_tokens, rows[0].completion_tokens), (Some(10), Some(2)));

    build(&[score("d/test/1", "number", None)]).unwrap();
    let rows = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.score).collect::<Vec<_>>(), [None, None], "not scored is not wrong");

    assert_eq!(
        build(&[score("d/test/9", "number", None)]).unwrap_err(),
        "`scores/scoring=own/number.parquet`: row 1: `query_id`: there is no completion `d/test/9`, `m`, 0"
    );
    assert_eq!(
        build(&[score("d/test/1", "a", Some(1.0)), score("d/test/1", "b", Some(0.0))]).unwrap_err(),
        "`scores/scoring=own/number.parquet`: row 2: `evaluator`: `m` of `d/test/1` is already scored by another evaluator"
    );
}

#[test]
fn a_recording_that_is_not_there_is_named() {
    let files = RecordedFiles {
        queries: "nowhere.jsonl".into(),
        completions: "c".into(),
        prices: "p".into(),
        embeddings: None,
    };
    let error = import_recorded(&files, Path::new("out"), &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "`nowhere.jsonl` does not exist");
}
