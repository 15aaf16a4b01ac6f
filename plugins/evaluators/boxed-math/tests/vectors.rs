//! Both modes give what the specification's vectors expect.

use std::fs;
use std::path::Path;

use evaluator_boxed_math::{BoxedMath, Config};
use routerlab_sdk::{Evaluator, Item};
use serde_json::{Value, json};

fn config(dataset: &str) -> Option<Value> {
    Some(match dataset {
        "aime" | "livemathbench" => json!({"integer_fallback": true}),
        "math500" => json!({}),
        "bbh" => json!({"extract": "answer-line"}),
        "finqa" => json!({"extract": "box", "rounded": true}),
        _ => return None,
    })
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn vectors_get_their_scores() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/spec/evaluator_vectors.jsonl");
    let Ok(lines) = fs::read_to_string(&path) else {
        eprintln!("vectors_get_their_scores: skipped, no vectors at {}", path.display());
        return;
    };
    let mut failed = Vec::new();
    let mut tried = 0;
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let Some(mut settings) = config(vector["dataset"].as_str().unwrap()) else { continue };
        let truth = match &vector["ground_truth"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let raw_output = vector["prediction"].as_str().unwrap_or_default().to_owned();
        let item = Item { raw_output, ground_truth: truth, ..Item::default() };
        let ideal = vector["metadata"]["ideal_score"].as_f64().or(vector["expected_score"].as_f64());
        for (mode, expected) in [("compat", vector["expected_score"].as_f64()), ("fixed", ideal)] {
            settings["mode"] = mode.into();
            let config: Config = serde_json::from_value(settings.clone()).unwrap();
            let outcome = BoxedMath::new(config).unwrap().score(&item, &[]);
            tried += 1;
            if outcome.score != expected {
                failed.push(format!(
                    "{mode} {} {}: {outcome:?} instead of {expected:?}",
                    vector["dataset"], vector["case"]
                ));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {tried}: {failed:#?}", failed.len());
}
