//! The specification's vectors of idea generation get their scores, and odd texts do no harm.

#[path = "../../judge-verdict/tests/spec/mod.rs"]
mod spec;

use evaluator_idea_review::{Config, IdeaReview};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use serde_json::Value;

fn with(mode: Mode) -> IdeaReview {
    IdeaReview::new(Config { mode, ..Config::default() }).unwrap()
}

#[test]
fn every_vector_gets_its_score_in_both_modes() {
    let failed = spec::failures("sgibench-ideageneration", &with(Mode::Compat), &with(Mode::Fixed));
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_fields_of_every_vector_are_reported() {
    for vector in spec::vectors("sgibench-ideageneration").iter().filter(|vector| vector.extracted.is_object()) {
        let found = spec::run(&with(Mode::Compat), vector).prediction.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), vector.extracted, "{}", vector.name);
    }
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
        spec::Odd::new(23).trouble(&with(mode), &fragments, &keys, &metadata);
        spec::long_texts(&with(mode), &fragments, keys[0], metadata[0]);
    }
}
