//! Results of agent harnesses become outcomes.

use std::path::Path;

use routerlab_records::import::{
    HarnessResults, Verdict, import_swe_bench, import_tau2, swe_bench_verdict, tau2_verdict,
};
use routerlab_records::scoring::Scoring;
use routerlab_records::{CompletionRow, OutcomeRow, QueryRow, read_table};
use serde_json::{Value, json};

use crate::Scratch;

/// The vectors of a dataset, where the specification lies beside the checkout.
fn vectors(dataset: &str) -> Option<Vec<Value>> {
    let file = "shared/spec/evaluator_vectors.jsonl";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|at| at.join(file)).find(|path| path.is_file())?;
    let text = std::fs::read_to_string(path).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    Some(all.filter(|vector| vector["dataset"] == dataset).collect())
}

#[test]
fn the_rules_of_the_harnesses_are_those_of_the_specification() {
    type Rule = fn(&Value) -> Result<Verdict, String>;
    let cases: [(&str, &str, usize, Rule); 2] =
        [("swe-bench", "harness_report", 6, swe_bench_verdict), ("tau2", "simulation", 7, tau2_verdict)];
    for (dataset, key, count, verdict) in cases {
        let Some(vectors) = vectors(dataset) else {
            println!("skipped: there is no shared/spec/evaluator_vectors.jsonl beside the checkout");
            return;
        };
        assert_eq!(vectors.len(), count);
        for vector in vectors {
            let found = verdict(&vector["metadata"][key]).unwrap();
            assert_eq!(found.score, vector["expected_score"].as_f64(), "{dataset}: {}", vector["case"]);
        }
    }
}

fn of(path: std::path::PathBuf, model: Option<&str>) -> HarnessResults {
    HarnessResults { path, model: model.map(Into::into) }
}

#[test]
fn reports_of_swe_bench_become_outcomes_of_each_model() {
    let tests = |passed: &[&str], failed: &[&str]| json!({"FAIL_TO_PASS": {"success": passed, "failure": failed}, "PASS_TO_PASS": {"success": [], "failure": []}});
    let report = |id: &str, resolved: bool| {
        let tests = if resolved { tests(&["t"], &[]) } else { tests(&[], &["t"]) };
        json!({id: {"patch_exists": true, "patch_successfully_applied": true, "resolved": resolved, "tests_status": tests}})
            .to_string()
    };
    let predictions: String = ["a-1", "a-2", "a-3", "a-4"]
        .map(|id| {
            json!({"instance_id": id, "model_patch": format!("diff of {id}"), "model_name_or_path": "one"}).to_string()
                + "\n"
        })
        .concat();
    let summary = json!({"resolved_ids": ["a-2"], "unresolved_ids": ["a-1"], "empty_patch_ids": ["a-3"], "error_ids": [], "schema_version": 2});
    let first =
        json!({"resolved_ids": ["a-1"], "unresolved_ids": ["a-2"], "empty_patch_ids": [], "error_ids": ["a-3", "a-4"]});
    let scratch = Scratch::with([
        ("one/logs/a-1/report.json", report("a-1", true).as_bytes()),
        ("one/logs/a-2/report.json", report("a-2", false).as_bytes()),
        ("one/logs/a-3/run_instance.log", b">>>>> Patch Apply Failed:\n".as_slice()),
        ("one/logs/a-4/run_instance.log", b"no disk"),
        ("one/predictions.jsonl", predictions.as_bytes()),
        ("one/one.first.json", first.to_string().as_bytes()),
        ("one/notes.json", b"{}"),
        ("two.json", summary.to_string().as_bytes()),
    ]);
    let results = [of(scratch.path("in/one"), None), of(scratch.path("in/two.json"), Some("two"))];
    let out = scratch.path("out");
    let summary = import_swe_bench(&results, None, &out).unwrap();
    assert_eq!((summary.rows, summary.queries, summary.models), (7, 4, 2));
    assert_eq!(
        summary.notes,
        ["1 of 8 pairs of query and model have no result", "1 results have no score because the harness failed"]
    );
    let outcomes = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap().rows;
    let scores: Vec<_> = outcomes.iter().map(|row| (row.query_id.as_str(), row.model.as_str(), row.score)).collect();
    assert_eq!(
        scores,
        [
            ("swe-bench/verified/1", "one", Some(1.0)),
            ("swe-bench/verified/1", "two", Some(0.0)),
            ("swe-bench/verified/2", "one", Some(0.0)),
            ("swe-bench/verified/2", "two", Some(1.0)),
            ("swe-bench/verified/3", "one", Some(0.0)),
            ("swe-bench/verified/3", "two", Some(0.0)),
            ("swe-bench/verified/4", "one", None),
        ]
    );
    let completions = read_table::<CompletionRow>(&out.join("completions.parquet")).unwrap().rows;
    assert_eq!(completions[0].raw_output, "diff of a-1");
    let queries = read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows;
    assert_eq!(queries[3].metadata, r#"{"source_id":"a-4"}"#);
    let again = import_swe_bench(&results, None, &out).unwrap_err();
    let told = scratch.told(&again);
    assert!(told.ends_with("already holds `queries.parquet`, name another folder or move the file away"), "{told}");
}

#[test]
fn conversations_of_tau2_become_outcomes_with_what_the_agent_cost() {
    let call = |cost: f64| json!({"role": "assistant", "content": "Hi", "cost": cost, "usage": {"prompt_tokens": 10, "completion_tokens": 2}});
    let messages = json!([call(0.25), {"role": "user", "content": "Hello", "cost": 9.0}, call(0.5)]);
    let simulation = |task: &str, trial: u64, ended: &str, reward: Value| json!({"id": "x", "task_id": task, "trial": trial, "termination_reason": ended, "messages": messages, "reward_info": {"reward": reward, "reward_basis": ["DB"], "reward_breakdown": {"DB": reward}}});
    let task =
        |id: &str| json!({"id": id, "user_scenario": {"instructions": {"reason_for_call": format!("Task {id}.")}}});
    let file = |model: &str, simulations: Value| {
        json!({
            "info": {"agent_info": {"llm": model}, "environment_info": {"domain_name": "retail"}},
            "tasks": [task("0"), task("1")],
            "simulations": simulations,
        })
        .to_string()
    };
    let one = file(
        "m/one",
        json!([
            simulation("0", 0, "user_stop", json!(1.0)),
            simulation("0", 1, "user_stop", json!(0.5)),
            simulation("1", 0, "infrastructure_error", json!(null)),
        ]),
    );
    let two = file("m/two", json!([simulation("1", 0, "max_steps", json!(1.0))]));
    let scratch = Scratch::with([("one.json", one.as_bytes()), ("two.json", two.as_bytes())]);
    let out = scratch.path("out");
    import_tau2(&[of(scratch.path("in"), None)], None, &out).unwrap();
    let outcomes = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap().rows;
    let found: Vec<_> =
        outcomes.iter().map(|row| (row.query_id.as_str(), row.model.as_str(), row.score, row.cost_usd)).collect();
    assert_eq!(
        found,
        [
            ("tau2/retail/1", "m/one", Some(0.5), Some(0.75)),
            ("tau2/retail/2", "m/one", None, Some(0.75)),
            ("tau2/retail/2", "m/two", Some(0.0), Some(0.75)),
        ]
    );
    let scores = Scoring::read(&out, "own").unwrap().tables(&out, "own").unwrap().remove(0).rows;
    assert_eq!(scores[1].explanation.as_deref(), Some("reward 0.5: DB 0.5"));
    assert_eq!((scores[1].score, scores[1].sample_index), (Some(0.0), 1));
    let completions = read_table::<CompletionRow>(&out.join("completions.parquet")).unwrap().rows;
    assert_eq!((completions[0].prompt_tokens, completions[0].completion_tokens), (Some(20), Some(4)));
    let queries = read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows;
    assert_eq!((queries[1].origin_query.as_str(), queries.len()), ("Task 1.", 2));

    // With the dataset's own queries, results join them.
    let tasks = json!([task("1"), task("0")]).to_string();
    let retail = Scratch::with([("retail/tasks.json", tasks.as_bytes())]);
    retail.import(routerlab_records::definition::shipped("tau2").unwrap(), Some("retail"), "in").unwrap();
    let out = scratch.path("joined");
    import_tau2(&[of(scratch.path("in/two.json"), Some("two"))], Some(&retail.path("out-in")), &out).unwrap();
    let outcomes = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap().rows;
    assert_eq!((outcomes[0].query_id.as_str(), outcomes[0].model.as_str()), ("tau2/retail/1", "two"));
}

#[test]
fn results_that_cannot_be_used_are_named() {
    let scratch = Scratch::with([
        ("none.json", b"{}".as_slice()),
        ("a/report.json", br#"{"i": {"resolved": true}}"#),
        ("b/1/report.json", br#"{"i": {"resolved": true}}"#),
        ("b/2/report.json", br#"{"i": {"resolved": true}}"#),
        ("t.json", br#"{"info":{"agent_info":{"llm":"m"},"environment_info":{"domain_name":"retail"}},"simulations":[{"task_id":"0","termination_reason":"user_stop"}]}"#),
    ]);
    let swe = |path: &str, model: Option<&str>| {
        let error = import_swe_bench(&[of(scratch.path(path), model)], None, &scratch.path("out")).unwrap_err();
        scratch.told(&error)
    };
    let tau2 = |path: &str| {
        scratch.told(&import_tau2(&[of(scratch.path(path), None)], None, &scratch.path("out")).unwrap_err())
    };
    assert_eq!(
        swe("in/none.json", Some("m")),
        "`in/none.json`: holds neither a report, nor a summary of a run, nor predictions"
    );
    assert_eq!(swe("in/a", None), "`in/a`: names no model; give its name with `--model`");
    assert_eq!(swe("in/b", Some("m")), "`in/b/2/report.json`: `i` already has a report in `in/b/1/report.json`");
    assert_eq!(tau2("in/none.json"), "`in/none.json`: holds no results: there is no `simulations`");
    assert_eq!(tau2("in/t.json"), "`in/t.json`: simulation 1: no reward");
    assert!(!scratch.path("out").exists());
}
