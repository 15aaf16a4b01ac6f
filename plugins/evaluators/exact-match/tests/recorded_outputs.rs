//! The four evaluators give the published accuracies on 3,200 recorded outputs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use evaluator_exact_match::{Case, Config, ExactMatch, FullStop};
use evaluator_json_keys::JsonKeys;
use evaluator_multiple_choice::MultipleChoice;
use evaluator_number::Number;
use routerlab_sdk::{Evaluator, Item, NoConfig};
use serde_json::Value;

const ARMS: [&str; 5] =
    ["smollm2-135m", "smollm2-135m-cot", "gemma-3-270m", "qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b-cot"];

/// Accuracy in percent of each arm, as published with the outputs.
const PUBLISHED: [(&str, [&str; 5]); 8] = [
    ("arithmetic", ["15.0", "21.2", "6.2", "62.5", "88.8"]),
    ("units", ["8.8", "25.0", "21.2", "41.2", "83.8"]),
    ("code-output", ["11.2", "1.2", "13.8", "56.2", "61.2"]),
    ("facts", ["20.0", "26.2", "27.5", "27.5", "55.0"]),
    ("sentiment", ["40.0", "40.0", "71.2", "67.5", "68.8"]),
    ("strings", ["35.0", "26.2", "33.8", "61.2", "71.2"]),
    ("logic", ["12.5", "20.0", "32.5", "37.5", "37.5"]),
    ("instruction", ["27.5", "33.8", "48.8", "61.2", "48.8"]),
];

/// How the family's texts are compared.
fn config(family: &str) -> Config {
    match family {
        "instruction" => Config { case: Case::Keep, full_stop: FullStop::Keep, ..Config::default() },
        "sentiment" => {
            Config { labels: ["positive", "negative", "neutral"].map(String::from).into(), ..Config::default() }
        }
        _ => Config { after_verb: true, ..Config::default() },
    }
}

fn score(evaluator: &str, family: &str, item: &Item) -> Option<f64> {
    let outcome = match evaluator {
        "exact-match" => ExactMatch::new(config(family)).unwrap().score(item, &[]),
        "number" => Number::new(NoConfig {}).unwrap().score(item, &[]),
        "multiple-choice" => MultipleChoice::new(Default::default()).unwrap().score(item, &[]),
        "json-keys" => JsonKeys::new(NoConfig {}).unwrap().score(item, &[]),
        other => panic!("no evaluator of this name: {other}"),
    };
    outcome.score
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}`: {value}")).to_owned()
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn recorded_outputs_get_the_published_accuracies() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/starter");
    if !folder.is_dir() {
        eprintln!(
            "recorded_outputs_get_the_published_accuracies: skipped, no recorded outputs at {}",
            folder.display()
        );
        return;
    }
    let queries = lines(&folder.join("queries.jsonl"));
    let by_id: BTreeMap<String, &Value> = queries
        .iter()
        .map(|query| (format!("{}/{}/{}", text(query, "dataset"), text(query, "split"), query["index"]), query))
        .collect();
    let mut right: BTreeMap<(String, String), f64> = BTreeMap::new();
    for completion in lines(&folder.join("completions.jsonl")) {
        let query = by_id[&text(&completion, "query_id")];
        let item = Item {
            prompt: text(query, "prompt"),
            raw_output: text(&completion, "raw_output"),
            ground_truth: text(query, "ground_truth"),
            metadata: "{}".into(),
        };
        let family = text(query, "dataset");
        let score = score(&text(query, "evaluator"), &family, &item).expect("every ground truth can be read");
        *right.entry((family, text(&completion, "model"))).or_default() += score;
    }
    let mut differ = Vec::new();
    for (family, published) in PUBLISHED {
        for (arm, expected) in ARMS.into_iter().zip(published) {
            let found = right[&(family.to_owned(), arm.to_owned())] * 100.0 / 80.0;
            // Printed with one digit, halves to the even one.
            if format!("{found:.1}") != expected {
                differ.push(format!("{family} {arm}: {found} instead of {expected}"));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}
