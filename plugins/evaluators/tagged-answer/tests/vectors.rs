//! The specification's vectors of deep research get their scores, and odd texts do no harm.

#[path = "../../judge-verdict/tests/spec/mod.rs"]
mod spec;

use evaluator_tagged_answer::{Config, TaggedAnswer};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;

fn with(mode: Mode) -> TaggedAnswer {
    TaggedAnswer::new(Config { mode }).unwrap()
}

#[test]
fn every_vector_gets_its_score_in_both_modes() {
    let failed = spec::failures("sgibench-deepresearch", &with(Mode::Compat), &with(Mode::Fixed));
    assert!(failed.is_empty(), "{failed:#?}");
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
        spec::Odd::new(13).trouble(&with(mode), &fragments, &["0.25", ".", "-"], &metadata);
        spec::long_texts(&with(mode), &fragments, "0.25", metadata[0]);
    }
}
