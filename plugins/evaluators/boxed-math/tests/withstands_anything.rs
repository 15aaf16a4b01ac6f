//! No output makes the evaluator panic, take long or change its mind.

use std::time::{Duration, Instant};

use evaluator_boxed_math::{BoxedMath, Config};
use routerlab_sdk::testing::OddTexts;
use routerlab_sdk::{Evaluator, Item};
use serde_json::json;

/// A hundred times what the slowest output takes; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(2);

const FRAGMENTS: [&str; 48] = [
    "\\boxed{",
    "\\boxed",
    "\\fbox{",
    "box",
    "}",
    "{",
    "\n",
    "\n\n",
    " ",
    "Answer",
    "answer:",
    "Answer: ",
    "Final Answer",
    "**",
    "*",
    "_",
    "`",
    "$",
    "\\(",
    "\\)",
    "<think>",
    "</think>",
    "the value is ",
    " is ",
    " equals ",
    ": ",
    ". ",
    ".",
    "-",
    "12",
    "0.5",
    "1,234",
    "%",
    " million",
    "\\frac{1}{2}",
    "\\sqrt{",
    "x^",
    "(B)",
    "(",
    ")",
    "yes",
    "valid",
    "é",
    "−",
    "：",
    "∞",
    "\t",
    "=",
];

fn evaluators() -> Vec<BoxedMath> {
    let mut all = Vec::new();
    for mode in ["compat", "fixed"] {
        for (extract, more) in [("boxed", false), ("boxed", true), ("answer-line", false), ("box", true)] {
            let config = json!({"mode": mode, "extract": extract, "integer_fallback": more, "rounded": more && extract == "box"});
            all.push(BoxedMath::new(serde_json::from_value::<Config>(config).unwrap()).unwrap());
        }
    }
    all
}

fn score_all(evaluators: &[BoxedMath], output: &str, truth: &str) {
    let item = Item { raw_output: output.to_owned(), ground_truth: truth.to_owned(), ..Item::default() };
    for evaluator in evaluators {
        let start = Instant::now();
        let outcome = evaluator.score(&item, &[]);
        let took = start.elapsed();
        assert!(took < PATIENCE, "{took:?} for {:?}", output.chars().take(100).collect::<String>());
        assert_eq!(outcome.score.is_none(), truth.trim().is_empty());
        assert_eq!(outcome, evaluator.score(&item, &[]));
    }
}

#[test]
fn random_fragments_get_a_score() {
    let evaluators = evaluators();
    let mut odd = OddTexts::new(1);
    for round in 0..10_000 {
        let most = if round % 200 == 0 { 500 } else { 14 };
        let mut text = |most: usize| odd.text(&FRAGMENTS, most);
        let (output, truth) = (text(most), text(6));
        score_all(&evaluators, &output, &truth);
    }
}

#[test]
fn long_outputs_end_quickly() {
    let evaluators = evaluators();
    for fragment in FRAGMENTS {
        score_all(&evaluators, &fragment.repeat(20_000), "7");
        score_all(&evaluators, &format!("\\boxed{{{}", fragment.repeat(20_000)), fragment);
        score_all(&evaluators, &format!("Answer: {}", fragment.repeat(20_000)), "no");
    }
    score_all(&evaluators, &"the answer is \\boxed{".repeat(10_000), "7");
    score_all(&evaluators, &format!("\\boxed{{{}}}", "9".repeat(100_000)), &"9".repeat(99_999));
}
