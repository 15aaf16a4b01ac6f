//! The specification's vectors of the dry experiment get their scores, and odd texts do no harm.

#[path = "../../judge-verdict/tests/spec/mod.rs"]
mod spec;

use evaluator_experiment_runs::{Config, ExperimentRuns};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;

fn with(mode: Mode) -> ExperimentRuns {
    ExperimentRuns::new(Config { mode, ..Config::default() }).unwrap()
}

#[test]
fn every_vector_gets_its_score_in_both_modes() {
    let failed = spec::failures("sgibench-dryexperiment", &with(Mode::Compat), &with(Mode::Fixed));
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_recorded_reply_answers_one_question() {
    for vector in spec::vectors("sgibench-dryexperiment") {
        for mode in [Mode::Compat, Mode::Fixed] {
            assert_eq!(with(mode).judge(&vector.item).len(), vector.replies.len(), "{}", vector.name);
        }
    }
}

#[test]
fn odd_texts_do_no_harm() {
    let fragments = [
        "<answer>",
        "</answer>",
        "def f(",
        "def ",
        "async ",
        "f",
        "\n",
        " ",
        "    ",
        "```",
        "{",
        "}",
        "\"judgment\":",
        "\"correct\"",
        "incorrect",
        "not",
        "\u{e9}",
        "\u{1f600}",
        "[",
        "]",
        "\"1\"",
        ",",
        "</think>",
    ];
    let metadata = [
        "{}",
        r#"{"run_outputs": ["1", null]}"#,
        r#"{"run_outputs": ["1", "2", "3"], "incomplete_functions": ["f"]}"#,
        r#"{"run_outputs": [["1"]], "incomplete_functions": 7}"#,
        r#"{"stub_run_outputs": [], "incomplete_main_code": "def f(x):"}"#,
    ];
    for mode in [Mode::Compat, Mode::Fixed] {
        spec::Odd::new(19).trouble(&with(mode), &fragments, &[r#"["1", "2"]"#, r#"["1"]"#], &metadata);
        spec::long_texts(&with(mode), &fragments, r#"["1", "2"]"#, metadata[2]);
    }
}
