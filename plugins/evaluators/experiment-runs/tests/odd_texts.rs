//! Odd texts do no harm.

use evaluator_experiment_runs::{Config, ExperimentRuns};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use routerlab_sdk::testing::{OddItems, withstands_long_texts, withstands_odd_items};

fn with(mode: Mode) -> ExperimentRuns {
    ExperimentRuns::new(Config { mode, ..Config::default() }).unwrap()
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
        withstands_odd_items(
            &with(mode),
            19,
            OddItems { fragments: &fragments, keys: &[r#"["1", "2"]"#, r#"["1"]"#], metadata: &metadata },
        );
        withstands_long_texts(&with(mode), &fragments, r#"["1", "2"]"#, metadata[2]);
    }
}
