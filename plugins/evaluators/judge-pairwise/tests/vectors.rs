//! The specification's vectors of ArenaHard get their scores, and odd texts do no harm.

#[path = "../../judge-verdict/tests/spec/mod.rs"]
mod spec;

use evaluator_judge_pairwise::{Config, JudgePairwise};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use serde_json::Value;

fn with(mode: Mode) -> JudgePairwise {
    JudgePairwise::new(Config { mode, ..Config::default() }).unwrap()
}

#[test]
fn every_vector_gets_its_score_in_both_modes() {
    let failed = spec::failures("arenahard", &with(Mode::Compat), &with(Mode::Fixed));
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_labels_of_every_judged_vector_are_reported() {
    for vector in spec::vectors("arenahard") {
        for mode in [Mode::Compat, Mode::Fixed] {
            let Some(labels) = spec::run(&with(mode), &vector).prediction else { continue };
            assert_eq!(serde_json::from_str::<Value>(&labels).unwrap(), vector.extracted, "{}", vector.name);
        }
    }
}

#[test]
fn odd_texts_do_no_harm() {
    let fragments = [
        "[[A>B]]",
        "[[",
        "]]",
        "[",
        "]",
        "A",
        "b",
        ">",
        "<<",
        "=",
        " ",
        "\n",
        "**",
        ".",
        "\u{e9}",
        "\u{1f600}",
        "<think>",
        "</think>",
        "Generation failed",
        "{first}",
        "\u{a0}",
    ];
    let metadata =
        ["{}", "", "[", r#"{"category": 1}"#, r#"{"category": "hard_prompt"}"#, r#"{"category": "creative_writing"}"#];
    for mode in [Mode::Compat, Mode::Fixed] {
        spec::Odd::new(11).trouble(&with(mode), &fragments, &["a reply"], &metadata);
        spec::long_texts(&with(mode), &fragments, "a reply", metadata[4]);
    }
}
