//! Odd texts do no harm.

use evaluator_protocol_steps::{Config, ProtocolSteps};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use routerlab_sdk::testing::{OddItems, withstands_long_texts, withstands_odd_items};

fn with(mode: Mode) -> ProtocolSteps {
    ProtocolSteps::new(Config { mode }).unwrap()
}

#[test]
fn odd_texts_do_no_harm() {
    let fragments = [
        "<answer>",
        "</answer>",
        "a = <Heat>(",
        "b=<\u{e9}>(",
        ")",
        "\n",
        " ",
        "x=a",
        ",",
        "\"",
        "'",
        "\\",
        "[",
        "}",
        "=",
        "<",
        ">",
        "\u{1f600}",
        "a",
        "</think>",
    ];
    let keys = ["a = <Heat>(\n x=1\n)\nb = <Cool>(\n of=a\n)", "a = <Heat>()"];
    for mode in [Mode::Compat, Mode::Fixed] {
        withstands_odd_items(&with(mode), 17, OddItems { fragments: &fragments, keys: &keys, metadata: &["{}"] });
        withstands_long_texts(&with(mode), &fragments, keys[0], "{}");
    }
}
