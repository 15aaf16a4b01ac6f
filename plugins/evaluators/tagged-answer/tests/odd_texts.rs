//! Odd texts do no harm.

use evaluator_tagged_answer::{Config, TaggedAnswer};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use routerlab_sdk::testing::{OddItems, withstands_long_texts, withstands_odd_items};

fn with(mode: Mode) -> TaggedAnswer {
    TaggedAnswer::new(Config { mode }).unwrap()
}

#[test]
fn odd_texts_do_no_harm() {
    let fragments = [
        "<answer>",
        "</answer>",
        "0.25",
        "-",
        "\u{2212}",
        ".",
        "0",
        " ",
        "\n",
        "[",
        "]",
        "{",
        "}",
        "\"judge\":",
        "\"correct\"",
        ",",
        "\u{e9}",
        "\u{1f600}",
        "$",
        "</think>",
        "Generation failed",
        "{key}",
    ];
    let metadata = ["{}", "", "[", r#"{"steps": 3}"#, r#"{"question": "q", "steps": [null, [], "s"]}"#];
    for mode in [Mode::Compat, Mode::Fixed] {
        withstands_odd_items(
            &with(mode),
            13,
            OddItems { fragments: &fragments, keys: &["0.25", ".", "-"], metadata: &metadata },
        );
        withstands_long_texts(&with(mode), &fragments, "0.25", metadata[0]);
    }
}
