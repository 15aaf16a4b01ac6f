//! The specification's vectors of the wet experiment get their scores, and odd texts do no harm.

#[path = "../../judge-verdict/tests/spec/mod.rs"]
mod spec;

use evaluator_protocol_steps::{Config, ProtocolSteps};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;

fn with(mode: Mode) -> ProtocolSteps {
    ProtocolSteps::new(Config { mode }).unwrap()
}

#[test]
fn every_vector_gets_its_score_in_both_modes() {
    let failed = spec::failures("sgibench-wetexperiment", &with(Mode::Compat), &with(Mode::Fixed));
    assert!(failed.is_empty(), "{failed:#?}");
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
        spec::Odd::new(17).trouble(&with(mode), &fragments, &keys, &["{}"]);
        spec::long_texts(&with(mode), &fragments, keys[0], "{}");
    }
}
