//! Odd texts do no harm.

use evaluator_idea_review::{Config, IdeaReview};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use routerlab_sdk::testing::{OddItems, withstands_long_texts, withstands_odd_items};

fn with(mode: Mode) -> IdeaReview {
    IdeaReview::new(Config { mode, ..Config::default() }).unwrap()
}

#[test]
fn odd_texts_do_no_harm() {
    let fragments = [
        "{",
        "}",
        "\"Idea\":",
        "\"x\"",
        ",",
        "Idea:",
        "Dataset :",
        "\n",
        " ",
        "**",
        "ImplementationOrder: ",
        "[\"1-2\"]",
        "1-2",
        "Novelty: ",
        "[Win A]",
        "[Win ",
        "B]",
        "\u{e9}",
        "\u{1f600}",
        "</think>",
        "[",
        "]",
        "null",
        "Implementation Steps:",
    ];
    let metadata = ["{}", r#"{"similarities": {"keywords": 2, "sentences": -1e300}}"#, r#"{"similarities": 3}"#, "["];
    let keys = [
        r#"{"core_idea": "x", "implementation_order": [1, [2]], "implementation_steps": [null]}"#,
        r#"{"core_idea": 7}"#,
    ];
    for mode in [Mode::Compat, Mode::Fixed] {
        withstands_odd_items(&with(mode), 23, OddItems { fragments: &fragments, keys: &keys, metadata: &metadata });
        withstands_long_texts(&with(mode), &fragments, keys[0], metadata[0]);
    }
}
