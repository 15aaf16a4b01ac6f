//! Sample logs of lm-evaluation-harness.

use serde_json::json;

use super::*;

const TIME: &str = "2024-09-24T15-34-38.012345";

/// A line about a question with two choices; `likely` are their log-likelihoods.
fn choice(id: u64, likely: [&str; 2], acc: &str) -> String {
    let line = json!({
        "doc_id": id,
        "doc": {"question": format!("Question {id}?"), "choices": ["x", "y"]},
        "target": "1",
        "arguments": {
            "gen_args_0": {"arg_0": format!("Q: Question {id}?\nA:"), "arg_1": " x"},
            "gen_args_1": {"arg_0": format!("Q: Question {id}?\nA:"), "arg_1": " y"},
        },
        "resps": [[[likely[0], "False"]], [[likely[1], "True"]]],
        "filtered_resps": [[likely[0], "False"], [likely[1], "True"]],
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "doc_hash": format!("hash {id}"),
        "prompt_hash": "p",
        "target_hash": "t",
        "acc": "ACC",
        "acc_norm": 0.25,
    });
    format!("{line}\n").replace("\"ACC\"", acc)
}

/// A line about a text that was written, under a filter.
fn written(id: u64, filter: &str, reply: Value, score: f64) -> String {
    let line = json!({
        "doc_id": id,
        "doc": {"question": format!("How many {id}?")},
        "target": "4",
        "arguments": {"gen_args_0": {"arg_0": format!("Q: How many {id}?"), "arg_1": {"until": ["\n"]}}},
        "resps": [reply],
        "filtered_resps": ["4"],
        "filter": filter,
        "metrics": ["exact_match"],
        "doc_hash": format!("hash {id}"),
        "exact_match": score,
    });
    format!("{line}\n")
}

/// Two models: one with results beside it and two tasks, one with the form of older logs and nothing beside it.
fn logs(scratch: &Scratch) {
    let results = json!({"results": {"arc": {"acc,none": 0.5}}, "model_name": "org/a", "config": {"model": "hf"}});
    scratch.write(&format!("logs/org__a/results_{TIME}.json"), results.to_string().replace("0.5", "NaN"));
    let arc = choice(0, ["-2.5", "-1.5"], "1.0") + "\n" + &choice(1, ["-1.0", "-1.5"], "NaN");
    scratch.write(&format!("logs/org__a/samples_arc_{TIME}.jsonl"), arc);
    let gsm8k = written(0, "strict", json!(["is 4"]), 0.0)
        + &written(1, "strict", json!([null]), 0.0)
        + &written(0, "flexible", json!(["is 4"]), 1.0)
        + &written(1, "flexible", json!([null]), 0.0);
    scratch.write(&format!("logs/org__a/samples_gsm8k_{TIME}.jsonl"), gsm8k);
    let old = json!({
        "doc_id": 0,
        "doc": {"question": "Question 0?"},
        "target": 1,
        "arguments": [["Q: Question 0?\nA:", " x"], ["Q: Question 0?\nA:", " y"]],
        "resps": [[[-0.5, true]], [[-1.5, false]]],
        "filtered_resps": [[-0.5, true], [-1.5, false]],
        "doc_hash": "hash 0",
        "acc": false,
    });
    scratch.write(&format!("logs/b__c/samples_arc_{TIME}.jsonl"), format!("{old}\n"));
    scratch.write("logs/b__c/samples_arc_2024-01-01T00-00-00.0.jsonl", choice(0, ["0", "0"], "1.0"));
}

#[test]
fn logs_of_many_tasks_and_models_become_one_folder() {
    let scratch = Scratch::new();
    logs(&scratch);
    let said = imported(&scratch, &["lm-eval", "logs"]);
    assert_eq!(
        said,
        "imported 5 rows: 4 queries x 2 models in 2 datasets, no embeddings\n\
         note: 1 logs were left out for newer ones of the same task and model: `b__c/samples_arc_2024-01-01T00-00-00.0.jsonl`\n\
         note: costs, tokens and latencies are unknown: such logs do not have them\n\
         note: the scores of 2 answers are `acc` of the filter `none`\n\
         note: the scores of 1 answers are `exact_match` of the filter `strict`\n\
         note: 1 calls had failed: their completions say so and have no score\n\
         note: 1 answers have no score in the logs\n\
         note: 1 of 6 pairs of query and model have no record\n"
    );
    let text = |text: &str| text.to_owned();
    assert_eq!(
        outcomes_of(&scratch),
        [
            (text("arc/test/1"), text("b/c"), Some(0.0), None),
            (text("arc/test/1"), text("org/a"), Some(1.0), None),
            (text("arc/test/2"), text("org/a"), None, None),
            (text("gsm8k/test/1"), text("org/a"), Some(0.0), None),
            (text("gsm8k/test/2"), text("org/a"), None, None),
        ]
    );
    let queries: Vec<QueryRow> = rows(&scratch, "queries");
    assert_eq!(queries[0].origin_query, "Question 0?");
    assert_eq!(queries[0].prompt, "Q: Question 0?\nA:");
    assert_eq!(queries[0].ground_truth.as_deref(), Some("1"));
    assert_eq!(queries[0].metadata, r#"{"doc_hash":"hash 0","source_id":"0","task":"arc"}"#);
    let found: Vec<CompletionRow> = read_completions(&scratch.path("out")).unwrap().rows;
    let found: Vec<_> = found
        .iter()
        .map(|row| (row.model.as_str(), row.raw_output.as_str(), row.status.as_str(), row.finish_reason.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("b/c", " x", "ok", Some("loglikelihood")),
            ("org/a", " y", "ok", Some("loglikelihood")),
            ("org/a", " x", "ok", Some("loglikelihood")),
            ("org/a", "is 4", "ok", None),
            ("org/a", "", "model_error", None),
        ]
    );
    let scores = support::scores(&scratch.path("out"), "own");
    let found: Vec<_> = scores.iter().map(|row| (row.score, row.prediction.as_deref(), row.status.as_str())).collect();
    assert!(found.contains(&(None, Some("x"), "failed")) && found.contains(&(Some(0.0), Some("4"), "ok")), "{found:?}");
    assert_eq!(manifest(&scratch).0.len(), 3);
    assert!(!scratch.path("out.partial").exists());
}

#[test]
fn metrics_and_filters_are_chosen_for_all_tasks_or_for_one() {
    let scratch = Scratch::new();
    logs(&scratch);
    let args =
        ["lm-eval", "logs/org__a", "--metric", "acc_norm", "--filter", "gsm8k=flexible", "--split", "validation"];
    let said = imported(&scratch, &args);
    for expected in ["are `acc_norm` of the filter `none`", "are `exact_match` of the filter `flexible`"] {
        assert!(said.contains(expected), "{said}");
    }
    let found = outcomes_of(&scratch);
    assert_eq!((found[0].0.as_str(), found[0].2), ("arc/validation/1", Some(0.25)));
    assert_eq!((found[2].0.as_str(), found[2].2), ("gsm8k/validation/1", Some(1.0)));
    let log = format!("logs/org__a/samples_gsm8k_{TIME}.jsonl");
    let cases: [(&[&str], String); 4] = [
        (&["--filter", "gsm8k=loose"], format!("`{log}`: there is no filter `loose`; there are `strict`, `flexible`")),
        (
            &["--metric", "gsm8k=f1"],
            format!("`{log}`: line 1: `metrics`: there is no metric `f1`; there are `exact_match`"),
        ),
        (&["--model", "a", "--model", "b"], "2 times `--model` for 1 paths; give one for each, or none".to_owned()),
        (&["--split", "a/b"], "`logs/org__a/samples_gsm8k_2024-09-24T15-34-38.012345.jsonl`: split `a/b` cannot be part of a query id: it may neither be empty nor contain `/`".to_owned()),
    ];
    std::fs::remove_dir_all(scratch.path("out")).unwrap();
    for (more, expected) in cases {
        refused(&scratch, &[&["lm-eval", "logs/org__a"], more].concat(), &expected);
    }
    // One log: its model is named beside it.
    imported(&scratch, &["lm-eval", &log]);
    assert_eq!(outcomes_of(&scratch)[0].1, "org/a");
}

#[test]
fn an_import_that_was_stopped_goes_on_and_makes_the_same_folder() {
    let scratch = Scratch::new();
    logs(&scratch);
    imported(&scratch, &["lm-eval", "logs"]);
    let whole = std::fs::read(scratch.path("out/manifest.json")).unwrap();
    std::fs::remove_dir_all(scratch.path("out")).unwrap();
    // It stops at the last log, of which a line is cut.
    let last = format!("logs/org__a/samples_arc_{TIME}.jsonl");
    let right = std::fs::read_to_string(scratch.path(&last)).unwrap();
    scratch.write(&last, &right[..right.len() - 9]);
    let ran = scratch.routerlab(["import", "lm-eval", "logs", "--out", "out"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("line 3: not JSON: EOF while parsing"), "{}", ran.stderr);
    assert!(!scratch.path("out").exists() && scratch.path("out.partial").is_dir());
    let other = scratch.routerlab(["import", "lm-eval", "logs", "--metric", "acc_norm", "--out", "out"]);
    assert!(other.stderr.contains("was begun by another import (with another metric)"), "{}", other.stderr);
    scratch.write(&last, right);
    imported(&scratch, &["lm-eval", "logs"]);
    assert_eq!(std::fs::read(scratch.path("out/manifest.json")).unwrap(), whole);
    can_be_read_again(&scratch);
}

/// Outcomes that are joined again from the tables are the same.
fn can_be_read_again(scratch: &Scratch) {
    let before: Vec<OutcomeRow> = rows(scratch, "outcomes");
    routerlab_records::import::build_outcomes(&scratch.path("out"), "own").unwrap();
    assert_eq!(rows::<OutcomeRow>(scratch, "outcomes"), before);
}

#[test]
fn imported_logs_can_be_benched_at_once() {
    let scratch = Scratch::new();
    for (model, right) in [("a", 0), ("b", 1)] {
        let line = |id: u64| choice(id, ["-1", "-2"], if id % 2 == right { "1.0" } else { "0.0" });
        scratch.write(&format!("logs/{model}/samples_arc_{TIME}.jsonl"), (0..40).map(line).collect::<String>());
    }
    imported(&scratch, &["lm-eval", "logs"]);
    can_be_benched(&scratch);
}

#[test]
fn a_wrong_log_is_answered_with_line_and_field() {
    let scratch = Scratch::new();
    let file = format!("logs/m/samples_arc_{TIME}.jsonl");
    let good = choice(0, ["-1", "-2"], "1.0");
    let cases = [
        (String::new(), " holds no rows".to_owned()),
        ("[1]\n".to_owned(), ": line 1: expected a JSON object, found a list".to_owned()),
        (
            good.replace("\"acc\":1.0", "\"acc\":1.5"),
            ": line 1: `acc`: 1.5 is above 1; choose another with `--metric`".to_owned(),
        ),
        (
            good.replace("\"acc\":1.0", "\"acc\":[1,2]"),
            ": line 1: `acc`: expected a number, found a list; choose another with `--metric`".to_owned(),
        ),
        (good.replace("\"acc\":1.0,", ""), ": line 1: `acc`: missing".to_owned()),
        (good.replace("\"acc\":1.0", "\"acc\":1.0,\"acc\":0"), ": line 1: `acc`: given twice".to_owned()),
        (
            good.replace("[\"acc\",\"acc_norm\"]", "[\"a\",\"b\"]"),
            ": line 1: `metrics`: which of `a`, `b` is the score? choose with `--metric arc=NAME`".to_owned(),
        ),
        (
            good.replace("\"doc_id\":0", "\"doc_id\":-1"),
            ": line 1: `doc_id`: expected a whole number of 0 or more, found -1".to_owned(),
        ),
        (
            good.replace("\"arguments\":{", "\"arguments\":{},\"more\":{"),
            ": line 1: `arguments`: there is no request".to_owned(),
        ),
        (
            good.replace("\"filter\":\"none\"", "\"filter\":7"),
            ": line 1: `filter`: expected a text, found 7".to_owned(),
        ),
        (good.clone() + &good, ": record 2: the index 1 was already in record 1".to_owned()),
        (
            good.clone() + &good.replace("hash 0", "hash 1"),
            format!(
                ": line 2: `doc_hash`: the document 0 is another than in `m/samples_arc_{TIME}.jsonl`; are the tasks of two versions?"
            ),
        ),
    ];
    for (log, expected) in cases {
        scratch.write(&file, log);
        refused(&scratch, &["lm-eval", "logs"], &format!("`{file}`{expected}"));
        assert!(!scratch.path("out.partial").exists(), "{expected}");
    }
    std::fs::remove_file(scratch.path(&file)).unwrap();
    scratch.write("logs/m/other.json", "{}");
    refused(
        &scratch,
        &["lm-eval", "logs"],
        "`logs`: holds no sample log, `samples_<task>_<time>.jsonl`; run the harness with `--log_samples`",
    );
    refused(
        &scratch,
        &["lm-eval", "logs/m/other.json"],
        "`logs/m/other.json`: is no sample log; their names are `samples_<task>_<time>.jsonl`",
    );
}
