//! RouterEval's router datasets and leaderboards.

use routerlab_records::EmbeddingRow;
use serde_json::json;

use super::*;

fn pool(models: Value, scores: [Value; 3]) -> Value {
    let [train, val, test] = scores;
    json!({"data": {"train_score": train, "val_score": val, "test_score": test, "train_label": [[1, 0]]}, "model": models})
}

/// Two pools; four queries, of which one has no score of one model.
fn router_dataset() -> Value {
    json!({
        "easy": {"2": {
            "all_strong": pool(json!(["org/a", "b"]), [json!([[1, 0], [0.5, "NAN"]]), json!([[0, 1]]), json!([[1.0, 1.0]])]),
            "all_weak": pool(json!(["c", "d"]), [json!([[0, 0], [0, 0]]), json!([[0, 0]]), json!([[1, 0]])]),
        }},
        "hard": {},
        "split_index": {"train_indices": [7, 3], "val_indices": [0], "test_indices": [5]},
        "embedding": {"train_embed": [[0.5, 1], [2, 3]], "val_embed": [[4, 5]], "test_embed": [[6, 7]]},
        "prompt": {"train_prompt": ["q7", "q3"], "val_prompt": ["q0"], "test_prompt": ["q5"]},
    })
}

/// As Python writes it.
fn python(value: &Value) -> String {
    value.to_string().replace("\"NAN\"", "NaN")
}

#[test]
fn a_pool_of_a_router_dataset_becomes_outcomes_with_embeddings() {
    let scratch = Scratch::new();
    scratch.write("gsm8k_router_dataset.json", python(&router_dataset()));
    let args = ["routereval", "gsm8k_router_dataset.json", "--pool", "easy/2/all_strong", "--encoder", "RoBERTa"];
    assert_eq!(
        imported(&scratch, &args),
        "imported 7 rows: 4 queries x 2 models in 1 datasets, embeddings of width 2\n\
         note: costs are unknown: RouterEval has scores only\n\
         note: 1 of 8 pairs of query and model have no score and so no record\n"
    );
    let text = |text: &str| text.to_owned();
    let row = |query: &str, model: &str, score: f64| (text(query), text(model), Some(score), None);
    assert_eq!(
        outcomes_of(&scratch),
        [
            row("gsm8k/test/1", "b", 1.0),
            row("gsm8k/test/1", "org/a", 1.0),
            row("gsm8k/train/1", "b", 0.0),
            row("gsm8k/train/1", "org/a", 1.0),
            row("gsm8k/train/2", "org/a", 0.5),
            row("gsm8k/val/1", "b", 1.0),
            row("gsm8k/val/1", "org/a", 0.0),
        ]
    );
    let queries: Vec<QueryRow> = rows(&scratch, "queries");
    let found: Vec<_> = queries.iter().map(|row| (row.prompt.as_str(), row.metadata.as_str())).collect();
    assert_eq!(
        found,
        [
            ("q5", r#"{"source_id":"5"}"#),
            ("q7", r#"{"source_id":"7"}"#),
            ("q3", r#"{"source_id":"3"}"#),
            ("q0", r#"{"source_id":"0"}"#)
        ]
    );
    let vectors: Vec<EmbeddingRow> = rows(&scratch, "embeddings");
    assert!(vectors.iter().all(|row| row.encoder == "RoBERTa"));
    assert_eq!(
        vectors.iter().map(|row| row.embedding.clone().unwrap()).collect::<Vec<_>>(),
        [[6.0, 7.0], [0.5, 1.0], [2.0, 3.0], [4.0, 5.0]]
    );
    assert_eq!(manifest(&scratch).0, ["gsm8k_router_dataset.json"]);
}

#[test]
fn a_leaderboard_becomes_outcomes_of_the_tasks_and_models_that_are_chosen() {
    let scratch = Scratch::new();
    let many = |at: usize| {
        (0..40).map(|row| json!([usize::from(row % 3 == 0), usize::from(row % 2 == at), 1])).collect::<Value>()
    };
    let scores = json!({"data": {"bbh_x": {"correctness": many(0), "other": 1}, "ifeval": {"correctness": many(1)}}, "model": ["a", "b", "c"]});
    let prompts = |task: &str| (0..40).map(|row| json!(format!("{task} {row}"))).collect::<Value>();
    scratch.write("l.json", scores.to_string());
    scratch.write("p.json", json!({"bbh_x": prompts("x"), "ifeval": prompts("i"), "more": []}).to_string());
    let said = imported(&scratch, &["routereval", "l.json", "--prompts", "p.json", "--model", "c", "--model", "a"]);
    assert!(said.starts_with("imported 160 rows: 80 queries x 2 models in 2 datasets, no embeddings\n"), "{said}");
    can_be_benched(&scratch);
    std::fs::remove_dir_all(scratch.path("out")).unwrap();
    imported(&scratch, &["routereval", "l.json", "--prompts", "p.json", "--task", "ifeval"]);
    let found = outcomes_of(&scratch);
    assert_eq!(
        (found.len(), found[1].0.as_str(), found[1].1.as_str(), found[1].2),
        (120, "ifeval/test/1", "b", Some(0.0))
    );
    let cases: [(&[&str], &str); 4] = [
        (
            &["l.json"],
            "`l.json`: a leaderboard without its prompts; give `leaderboard_prompt` as JSON with `--prompts`",
        ),
        (
            &["l.json", "--prompts", "p.json", "--task", "z"],
            "`l.json`: there is no task `z`; there are `bbh_x`, `ifeval`",
        ),
        (
            &["l.json", "--prompts", "p.json", "--model", "z"],
            "`l.json`: there is no model `z`; there are `a`, `b`, `c`",
        ),
        (&["l.json", "--prompts", "few.json"], "`few.json`: has no prompts of the task `bbh_x`"),
    ];
    scratch.write("few.json", r#"{"ifeval":["i"]}"#);
    std::fs::remove_dir_all(scratch.path("out")).unwrap();
    for (args, expected) in cases {
        refused(&scratch, &[&["routereval"], args].concat(), expected);
    }
}

#[test]
fn a_wrong_document_is_answered_with_the_field() {
    let scratch = Scratch::new();
    let changed = |pointer: &str, value: Value| {
        let mut document = router_dataset();
        *document.pointer_mut(pointer).unwrap() = value;
        python(&document)
    };
    let strong = "/easy/2/all_strong";
    let named = "easy.2.all_strong.data";
    let cases = [
        (
            "[]".to_owned(),
            "line 1: not as RouterEval has it: invalid type: sequence, expected an object at column 1".to_owned(),
        ),
        (
            "{\"a\":1}".to_owned(),
            "neither a router dataset (`prompt`, `easy`, `hard`) nor a leaderboard (`data`, `model`)".to_owned(),
        ),
        (
            "{\"a\":1,\"a\":2}".to_owned(),
            "line 1: not as RouterEval has it: `a` is given twice at column 13".to_owned(),
        ),
        (
            changed(&format!("{strong}/data/val_score"), json!([[2, 0]])),
            format!("`{named}.val_score`: row 1, model `org/a`: 2 is above 1"),
        ),
        (
            changed(&format!("{strong}/data/val_score"), json!([[1]])),
            format!("`{named}.val_score`: row 1 has 1 scores for 2 models"),
        ),
        (
            changed(&format!("{strong}/data/val_score"), json!([])),
            format!("`{named}.val_score`: 0 rows of scores for 1 prompts"),
        ),
        (
            changed(&format!("{strong}/model"), json!(["b", "b"])),
            format!("`{named}.train_score`: the model `b` is there twice"),
        ),
        (
            changed("/embedding/val_embed", json!([[1]])),
            "`embedding.val_embed`: vector 1 has 1 numbers, expected 2".to_owned(),
        ),
        (changed("/embedding/val_embed", json!([])), "`embedding.val_embed`: 0 vectors for 1 prompts".to_owned()),
        (
            changed("/embedding/val_embed", json!([[1, "NAN"]])),
            "`embedding.val_embed`: vector 1 has a number that is none".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        scratch.write("r.json", text);
        refused(&scratch, &["routereval", "r.json", "--pool", "easy/2/all_strong"], &format!("`r.json`: {expected}"));
    }
    scratch.write("r.json", python(&router_dataset()));
    let there = "there are `easy/2/all_strong`, `easy/2/all_weak`";
    refused(
        &scratch,
        &["routereval", "r.json"],
        &format!("`r.json`: has several pools; choose one with `--pool`; {there}"),
    );
    refused(
        &scratch,
        &["routereval", "r.json", "--pool", "easy/9/x"],
        &format!("`r.json`: there is no pool `easy/9/x`; {there}"),
    );
    scratch.write("r.pkl", b"\x80\x04.");
    let ran = scratch.routerlab(["import", "routereval", "r.pkl", "--out", "out"]);
    assert!(
        ran.stderr.contains("json.dump(content, open(\"r.json\", \"w\"), default=lambda array: array.tolist())"),
        "{}",
        ran.stderr
    );
}
