//! The specification's vectors, and texts that nobody would write.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::path::Path;

use routerlab_sdk::{Evaluator, Item, Outcome};
use serde_json::Value;

/// One vector: an item, what the judge replied, and what must come out.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) item: Item,
    pub(crate) replies: Vec<String>,
    pub(crate) compat: f64,
    pub(crate) fixed: f64,
    pub(crate) extracted: Value,
}

/// The vectors of a dataset; none, with a word on standard error, where there is no specification.
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
pub(crate) fn vectors(dataset: &str) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/spec/evaluator_vectors.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("vectors of {dataset}: skipped, no vectors at {}", path.display());
        return Vec::new();
    };
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Vector> = rows.filter(|row| row["dataset"] == dataset).map(vector).collect();
    assert!(!found.is_empty(), "no vectors of {dataset}");
    found
}

fn vector(row: Value) -> Vector {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut metadata = row["metadata"].as_object().cloned().unwrap_or_default();
    let ideal = metadata.remove("ideal_score").and_then(|ideal| ideal.as_f64());
    let recorded = metadata.remove("judge_outputs").or(metadata.remove("judge_votes"));
    for key in ["confirmed", "note"] {
        metadata.remove(key);
    }
    let ground_truth = match &row["ground_truth"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let expected = row["expected_score"].as_f64().unwrap();
    Vector {
        name: text(&row["case"]).unwrap(),
        item: Item {
            prompt: String::new(),
            raw_output: text(&row["prediction"]).unwrap_or_default(),
            ground_truth,
            metadata: Value::Object(metadata).to_string(),
        },
        replies: recorded.iter().flat_map(|list| list.as_array().unwrap()).filter_map(text).collect(),
        compat: expected,
        fixed: ideal.unwrap_or(expected),
        extracted: row["extracted"].clone(),
    }
}

/// Runs the vector as the host would: asks, and gives as many of the recorded replies as there were questions.
pub(crate) fn run<E: Evaluator>(evaluator: &E, vector: &Vector) -> Outcome {
    let asked = evaluator.judge(&vector.item).len();
    let mut replies = vector.replies.clone();
    replies.resize(asked, String::new());
    evaluator.score(&vector.item, &replies)
}

/// Every vector of a dataset that does not get its score, and in compat its answer where that is a plain text.
pub(crate) fn failures<E: Evaluator>(dataset: &str, compat: &E, fixed: &E) -> Vec<String> {
    let mut failed = Vec::new();
    for vector in vectors(dataset) {
        let name = &vector.name;
        for (mode, evaluator, expected) in [("compat", compat, vector.compat), ("fixed", fixed, vector.fixed)] {
            let found = run(evaluator, &vector);
            if found.score.is_none_or(|score| (score - expected).abs() > 1e-9) {
                failed.push(format!("{dataset}, {mode}, {name}: {:?} instead of {expected}", found.score));
            }
            let answer = found.prediction.as_deref();
            let wanted = vector.extracted.as_str().filter(|_| mode == "compat");
            // An empty answer may also be none.
            if wanted.is_some_and(|wanted| answer.unwrap_or_default() != wanted) {
                failed.push(format!("{dataset}, {mode}, {name}: answer {answer:?} instead of {wanted:?}"));
            }
        }
    }
    failed
}

/// Texts put together at random from fragments, always the same ones.
pub(crate) struct Odd(u64);

impl Odd {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Up to `most` fragments in a row.
    pub(crate) fn text(&mut self, fragments: &[&str], most: usize) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| fragments[self.below(fragments.len())]).collect()
    }

    /// Asks and scores odd items with odd replies, also too few and too many; the same question gets the same outcome.
    pub(crate) fn trouble<E: Evaluator>(
        &mut self,
        evaluator: &E,
        fragments: &[&str],
        keys: &[&str],
        metadata: &[&str],
    ) {
        for _ in 0..4_000 {
            let item = Item {
                prompt: self.text(fragments, 3),
                raw_output: self.text(fragments, 12),
                ground_truth: if self.below(2) == 0 { self.text(fragments, 4) } else { self.text(keys, 1) },
                metadata: self.text(metadata, 1),
            };
            let asked = evaluator.judge(&item).len() + [0, 0, 0, 1][self.below(4)];
            let replies: Vec<String> = (0..asked).map(|_| self.text(fragments, 12)).collect();
            let first = evaluator.score(&item, &replies);
            assert_eq!(first, evaluator.score(&item, &replies));
            assert!(first.score.is_none_or(|score| (0.0..=1.0).contains(&score)), "{first:?} of {item:?}");
            evaluator.score(&item, &replies[..self.below(asked + 1)]);
        }
    }
}

/// Asks and scores texts of a fragment, alone and with a blank or a line end, repeated to a great length. Work that grows
/// with the square of the length would not end.
pub(crate) fn long_texts<E: Evaluator>(evaluator: &E, fragments: &[&str], key: &str, metadata: &str) {
    for first in fragments {
        for second in ["", " ", "\n"] {
            let pair = [*first, second].concat();
            let text = pair.repeat(100_000 / pair.len());
            let item = Item {
                prompt: String::new(),
                raw_output: text.clone(),
                ground_truth: key.to_owned(),
                metadata: metadata.to_owned(),
            };
            let replies = vec![text; evaluator.judge(&item).len()];
            evaluator.score(&item, &replies);
        }
    }
}
