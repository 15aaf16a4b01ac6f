//! The vectors of the letter datasets hold in both modes.

use std::fs;
use std::path::Path;

use evaluator_labelled_letter::{Config, LabelledLetter};
use routerlab_answers::Mode;
use routerlab_sdk::{Evaluator, Item};
use serde_json::Value;

/// The datasets, each with the last letter of its options.
const DATASETS: [(&str, char); 11] = [
    ("mathbench", 'D'),
    ("mmlupro", 'J'),
    ("gpqa", 'D'),
    ("medqa", 'D'),
    ("emorynlp", 'G'),
    ("meld", 'G'),
    ("arcc", 'E'),
    ("brainteaser", 'E'),
    ("dailydialog", 'G'),
    ("truthfulqa", 'D'),
    ("winogrande", 'B'),
];

/// What the metadata of a vector holds beside the query's own.
const NOT_METADATA: [&str; 5] = ["ideal_score", "confirmed", "note", "judge_outputs", "judge_votes"];

fn item(vector: &Value) -> Item {
    let mut metadata = vector["metadata"].as_object().cloned().unwrap_or_default();
    metadata.retain(|key, _| !NOT_METADATA.contains(&key.as_str()));
    let ground_truth = match &vector["ground_truth"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Item {
        prompt: String::new(),
        raw_output: vector["prediction"].as_str().unwrap_or_default().to_owned(),
        ground_truth,
        metadata: Value::Object(metadata).to_string(),
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn vectors_hold_in_both_modes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/spec/evaluator_vectors.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("vectors_hold_in_both_modes: skipped, no vectors at {}", path.display());
        return;
    };
    let mut count = 0;
    let mut differ = Vec::new();
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let Some((dataset, last)) = DATASETS.into_iter().find(|(name, _)| vector["dataset"] == *name) else { continue };
        count += 1;
        let item = item(&vector);
        let score = |mode| {
            let evaluator = LabelledLetter::new(Config { mode, last, ..Config::default() }).unwrap();
            evaluator.score(&item, &[])
        };
        let compat = score(Mode::Compat);
        let case = format!("{dataset}, {}", vector["case"]);
        if compat.score != vector["expected_score"].as_f64() {
            differ.push(format!("{case}: compat gives {compat:?}"));
        }
        let extracted = vector["extracted"].as_str();
        if extracted.is_some_and(|extracted| extracted != compat.prediction.as_deref().unwrap_or_default()) {
            differ.push(format!("{case}: compat extracts {:?}", compat.prediction));
        }
        let ideal = vector["metadata"]["ideal_score"].as_f64().or(vector["expected_score"].as_f64());
        let fixed = score(Mode::Fixed);
        if fixed.score != ideal {
            differ.push(format!("{case}: fixed gives {fixed:?}"));
        }
    }
    assert!(count > 0, "no vector of these datasets");
    assert!(differ.is_empty(), "{differ:#?}");
}
