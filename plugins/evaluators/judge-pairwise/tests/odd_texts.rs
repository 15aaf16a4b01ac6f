//! Odd texts do no harm.

use evaluator_judge_pairwise::{Config, JudgePairwise};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use routerlab_sdk::testing::{OddItems, withstands_long_texts, withstands_odd_items};

fn with(mode: Mode) -> JudgePairwise {
    JudgePairwise::new(Config { mode, ..Config::default() }).unwrap()
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
        withstands_odd_items(
            &with(mode),
            11,
            OddItems { fragments: &fragments, keys: &["a reply"], metadata: &metadata },
        );
        withstands_long_texts(&with(mode), &fragments, "a reply", metadata[4]);
    }
}
