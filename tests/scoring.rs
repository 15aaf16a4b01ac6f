//! `routerlab score`: what it leaves, what it does not do twice, whom it asks, and where two evaluators differ.

use std::path::{Path, PathBuf};

use routerlab_records::scoring::Scoring;
use routerlab_records::{Provenance, Row, ScoreRow, ScoreStatus, read_table, write_table};
use serde_json::Value;

mod support;
use support::{Scratch, checkout, components, recorded, scores};

/// A copy of the starter data inside the scratch folder.
fn starter(scratch: &Scratch) -> PathBuf {
    for name in ["queries.parquet", "completions.parquet", "dataset.toml"] {
        scratch.write(&format!("data/{name}"), std::fs::read(checkout().join("datasets/starter").join(name)).unwrap());
    }
    scratch.path("data")
}

fn score(scratch: &Scratch, more: &[&str]) -> support::Ran {
    let evaluators = components();
    let args = ["score", "data", "--evaluators", evaluators.to_str().unwrap()];
    scratch.routerlab(args.iter().chain(more))
}

/// Digests of the files of a scoring.
fn digests(data: &Path, label: &str) -> Vec<(String, String)> {
    let files = Scoring::read(data, label).unwrap().files;
    files.into_iter().map(|(name, file)| (name, file.sha256)).collect()
}

#[test]
fn a_scoring_that_was_killed_goes_on_where_it_was_and_ends_the_same() {
    let scratch = Scratch::new();
    let data = starter(&scratch);
    let ran = score(&scratch, &["--threads", "2"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), "scored 3200 completions as `own`, joined into outcomes.parquet\n")
    );
    let before = digests(&data, "own");
    assert_eq!(before.len(), 6, "a file for each evaluator and its settings");
    let outcomes = std::fs::read(data.join("outcomes.parquet")).unwrap();

    // What a killed run leaves: one part of one evaluator, and no whole file.
    let folder = data.join("scores/scoring=own");
    let (name, _) = before.iter().find(|(name, _)| name.starts_with("number-")).unwrap();
    let mut rows = read_table::<ScoreRow>(&folder.join(name)).unwrap().rows;
    let all = rows.len();
    rows.truncate(300);
    // A score of an earlier run is taken as it is, so it can be told from a new one.
    rows[0].explanation = Some("from the part".to_owned());
    // Unless the completion was another one.
    rows[1].explanation = Some("of another text".to_owned());
    rows[1].item_digest = "00".to_owned();
    std::fs::remove_file(folder.join(name)).unwrap();
    let part = folder.join(format!(".{}", name.trim_end_matches(".parquet"))).join("000001.parquet");
    write_table(&part, &rows, &Provenance::default()).unwrap();

    let ran = score(&scratch, &["--threads", "1"]);
    let kept = 3200 - all + 299;
    let said = format!("scored 3200 completions ({kept} of them before) as `own`, joined into outcomes.parquet\n");
    assert_eq!((ran.code, ran.stderr), (Some(0), said));
    assert!(!part.exists(), "parts are gone once the file is whole");
    let again = read_table::<ScoreRow>(&folder.join(name)).unwrap().rows;
    assert_eq!(again.len(), all);
    assert_eq!(again[0].explanation.as_deref(), Some("from the part"));
    assert_eq!(again[1].explanation.as_deref(), None);
    assert_eq!(std::fs::read(data.join("outcomes.parquet")).unwrap().len(), outcomes.len());
}

#[test]
fn threads_and_batches_do_not_change_a_byte() {
    let [one, two] = ["1", "2"].map(|threads| {
        let scratch = Scratch::new();
        let data = starter(&scratch);
        assert_eq!(score(&scratch, &["--threads", threads]).code, Some(0));
        digests(&data, "own")
    });
    assert_eq!(one, two);
}

#[test]
fn any_evaluator_scores_any_completions_and_leaves_the_outcomes_alone() {
    let scratch = Scratch::new();
    let data = starter(&scratch);
    let ran = score(&scratch, &["--evaluator", "number", "--label", "numbers"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(0),
            "scored 1105 completions as `numbers`\n2095 completions have no score because their evaluator could not tell\n"
        )
    );
    assert!(!data.join("outcomes.parquet").exists());
    let rows = scores(&data, "numbers");
    assert_eq!(rows.len(), 3200);
    assert!(rows.iter().all(|row| row.evaluator.as_str() == "number" && row.evaluator_config.as_str() == "{}"));
    let config = r#"{"labels":["positive","negative"]}"#;
    let ran = score(&scratch, &["--evaluator", "exact-match", "--config", config, "--outcomes"]);
    assert_eq!(ran.stderr, "scored 3200 completions as `exact-match`, joined into outcomes.parquet\n");
    assert!(scores(&data, "exact-match").iter().all(|row| row.evaluator_config.as_str() == config));
}

#[test]
fn a_comparison_says_what_a_change_of_verdicts_does() {
    let scratch = Scratch::new();
    let data = starter(&scratch);
    score(&scratch, &[]);
    // The same scores, but one model is right on every query of one family.
    let folder = Scoring::folder(&data, "kind").unwrap();
    let mut scoring = Scoring::read(&data, "own").unwrap();
    let mut rows = scores(&data, "own");
    let lucky = |row: &&mut ScoreRow| row.query_id.dataset() == "sentiment" && row.model.as_str() == "smollm2-135m";
    rows.iter_mut().filter(lucky).for_each(|row| row.score = Some(1.0));
    rows.sort_by(Row::compare_keys);
    write_table(&folder.join("all.parquet"), &rows, &Provenance::default()).unwrap();
    let (_, mut file) = scoring.files.pop_first().unwrap();
    file.rows = rows.len() as u64;
    scoring.files = [("all.parquet".to_owned(), file)].into();
    scoring.write(&data, "kind").unwrap();

    let text = scratch.done(["score", "data", "--compare", "own", "kind", "--show", "2"]);
    // 40.0 percent of 80 were right before.
    let expected = "own and kind: 3200 completions have both scores, 48 (1.50 %) differ\n";
    assert!(text.starts_with(expected), "{text}");
    let json: Value =
        serde_json::from_str(&scratch.done(["score", "data", "--compare", "own", "kind", "--format", "json"])).unwrap();
    let cell = |json: &Value| {
        let cells = json["cells"].as_array().unwrap().clone();
        cells.into_iter().find(|cell| cell["dataset"] == "sentiment" && cell["model"] == "smollm2-135m").unwrap()
    };
    assert_eq!(cell(&json)["accuracy"], serde_json::json!([40.0, 100.0]));
    assert_eq!(cell(&json)["up_down"], serde_json::json!([48, 0]));
    assert_eq!(json["pool"]["best_single"], serde_json::json!(["qwen2.5-coder-0.5b-cot"; 2].map(String::from)));
    // Files compare as scorings do.
    let file = folder.join("all.parquet");
    let by_file = scratch.done(["score", "data", "--compare", "own", file.to_str().unwrap(), "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&by_file).unwrap()["changed"], 48);
    let ran = scratch.routerlab(["score", "data", "--compare", "own", "strict"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(2), "error: `data`: there is no scoring `strict`; there is: kind, own\n")
    );
}

#[test]
fn a_judge_is_asked_once_and_a_call_that_failed_is_no_verdict() {
    let scratch = Scratch::new();
    // A guest that asks a judge about long completions.
    let outputs = ["short", "the first long one", "the second long one", "the third long one"];
    recorded(&scratch, "asks_a_judge", &outputs);
    let args = ["score", "data", "--evaluators", "evaluators"];
    let ran = scratch.routerlab(args);
    let waits =
        "3 completions wait for a judge; its questions: routerlab score data --judge-requests questions.jsonl\n";
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, format!("scored 1 completions as `own`, joined into outcomes.parquet\n{waits}"));

    let questions = || {
        let ran = scratch.routerlab(args.iter().chain(&["--judge-requests", "questions.jsonl"]));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        if ran.stdout.is_empty() {
            return Vec::new();
        }
        let text = std::fs::read_to_string(scratch.path("questions.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<Value>>()
    };
    let asked = questions();
    assert_eq!(
        asked.iter().map(|line| line["query_id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["d/test/2", "d/test/3", "d/test/4"]
    );
    assert!(asked.iter().all(|line| line["prompt"] == "Is this right?"));

    let answered = |lines: &[Value], answers: &[(usize, &str, &str)]| {
        let line = |(at, key, value): &(usize, &str, &str)| {
            let mut line = lines[*at].clone();
            line[*key] = Value::from(*value);
            format!("{line}\n")
        };
        scratch.write("replies.jsonl", answers.iter().map(line).collect::<String>());
        scratch.done(["import", "judgements", "replies.jsonl", "--data", "data"]);
    };
    answered(&asked, &[(0, "reply", "yes"), (1, "error", "no answer in 60 s")]);
    let ran = scratch.routerlab(args);
    assert_eq!(ran.code, Some(1));
    let status = || {
        let rows = scores(&scratch.path("data"), "own");
        rows.into_iter().map(|row| (row.status, row.score.is_some())).collect::<Vec<_>>()
    };
    use ScoreStatus::{JudgeFailed, Ok as Done, Unjudged};
    assert_eq!(status(), [(Done, true), (Done, true), (JudgeFailed, false), (Unjudged, false)]);

    // What failed is asked again, what was answered is not.
    let asked = questions();
    assert_eq!(asked.len(), 2);
    answered(&asked, &[(0, "reply", "no"), (1, "reply", "yes")]);
    assert_eq!(scratch.routerlab(args).code, Some(0));
    assert_eq!(status(), [(Done, true); 4]);
    assert_eq!(questions(), Vec::<Value>::new());
}
