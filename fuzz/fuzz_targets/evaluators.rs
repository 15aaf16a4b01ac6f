//! Whole evaluators in both modes: a reply, a key and a judge's reply on three parts of the input.
#![no_main]

use evaluator_boxed_math::BoxedMath;
use evaluator_double_brackets::DoubleBrackets;
use evaluator_grids::Grids;
use evaluator_identities::Identities;
use evaluator_judge_pairwise::JudgePairwise;
use evaluator_judge_verdict::JudgeVerdict;
use evaluator_labelled_letter::LabelledLetter;
use libfuzzer_sys::fuzz_target;
use routerlab_sdk::{Evaluator, Item};

/// Scores an item under one configuration; whatever the input, a score lies between 0 and 1.
fn score<E: Evaluator>(config: &str, item: &Item, said: &str) {
    let evaluator = E::new(serde_json::from_str(config).expect("a configuration of ours")).expect("one that is taken");
    let replies = vec![said.to_owned(); evaluator.judge(item).len()];
    let outcome = evaluator.score(item, &replies);
    assert!(outcome.score.is_none_or(|score| (0.0..=1.0).contains(&score)), "{outcome:?}");
}

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, '\u{1f}');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (raw_output, ground_truth, said) = (part(), part(), part());
    // The task of an item is drawn from its length, so that every rule is met.
    let number = raw_output.len();
    let kind = ["cipher", "operation", "puzzle", "logic"][number % 4];
    let metadata = serde_json::json!({
        "question_type": kind, "rule_id": (number % 26).to_string(), "idx": (number % 260).to_string(),
        "category": "hard_prompt", "options": ["one", "two"],
    });
    let item = Item { prompt: String::new(), raw_output, ground_truth, metadata: metadata.to_string() };
    for mode in ["fixed", "compat"] {
        let plain = format!(r#"{{"mode":"{mode}"}}"#);
        score::<LabelledLetter>(&plain, &item, &said);
        score::<Identities>(&plain, &item, &said);
        score::<Grids>(&plain, &item, &said);
        score::<DoubleBrackets>(&plain, &item, &said);
        score::<JudgePairwise>(&plain, &item, &said);
        for form in ["yes-no", "grade-letter", "xml-grade", "mark"] {
            score::<JudgeVerdict>(&format!(r#"{{"mode":"{mode}","form":"{form}"}}"#), &item, &said);
        }
        for extract in ["boxed", "answer-line", "box"] {
            let config = format!(r#"{{"mode":"{mode}","extract":"{extract}","integer_fallback":true,"rounded":true}}"#);
            score::<BoxedMath>(&config, &item, &said);
        }
    }
});
