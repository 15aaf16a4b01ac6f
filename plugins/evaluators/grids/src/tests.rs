use routerlab_answers::Mode;
use routerlab_sdk::{Evaluator, Item, Outcome};

use super::{Config, Grids};

fn outcome(mode: Mode, output: &str, truth: &str) -> Outcome {
    let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
    Grids::new(Config { mode }).unwrap().score(&item, &[])
}

#[test]
fn every_test_needs_its_grid() {
    const ONE: &str = "[[[1, 2], [3, 4]]]";
    const TWO: &str = "[[[1, 2]], [[3]]]";
    // The reply, the key, the score of `compat` and that of `fixed`.
    let cases = [
        ("So:\n[[1,2],\n [3,4]]", ONE, 1.0, 1.0),
        ("not [[1]], [[1,2],[3,4]]", ONE, 1.0, 1.0),
        ("[[1,2],[3,4]] [sic]", ONE, 1.0, 1.0),
        ("[[1,2],[3,4]] is no [[x]]", ONE, 1.0, 1.0),
        ("[[1,2],[3,5]]", ONE, 0.0, 0.0),
        ("[[1,2],[3]]", "[[[1,2],[3]]]", 0.0, 0.0),
        ("[[[1,2],[3,4]]]", ONE, 0.0, 1.0),
        ("```\n1 2\n3 4\n```", ONE, 0.0, 1.0),
        ("12\n34", ONE, 0.0, 1.0),
        ("| 1 | 2 |\n| 3 | 4 |", ONE, 0.0, 1.0),
        ("[1, 2]\n[3, 4]", ONE, 0.0, 1.0),
        ("<think>[[1,2],[3,4]]</think>[[0]]", ONE, 0.0, 0.0),
        ("[[1,2]]\n\n[[3]]", TWO, 1.0, 1.0),
        ("[[[1,2]], [[3]]]", TWO, 1.0, 1.0),
        ("[[3]]\n\n[[1,2]]", TWO, 0.0, 0.0),
        ("As in [[7]]:\n[[1,2]] and [[3]]", TWO, 0.0, 1.0),
        ("[[1,2]]", TWO, 0.0, 0.0),
        ("1 2\n\n3", TWO, 0.0, 1.0),
        ("[[-1]] [[true]]", "[[[-1]], [[1]]]", 0.0, 1.0),
        ("[[-1]]\n\n[[true]]", "[[[-1]], [[1]]]", 1.0, 1.0),
        ("", ONE, 0.0, 0.0),
        ("[[1,2],[3,4]]", "[[1, 2], [3, 4]]", 1.0, 1.0),
    ];
    for (output, truth, compat, fixed) in cases {
        for (mode, expected) in [(Mode::Compat, compat), (Mode::Fixed, fixed)] {
            let outcome = outcome(mode, output, truth);
            assert_eq!(outcome.score, Some(expected), "{output:?} for {truth}, {mode:?}, {outcome:?}");
        }
    }
}

#[test]
fn the_prediction_is_json() {
    let found = outcome(Mode::Compat, "[[1]]", "[[[1]], [[2]], [[3]]]");
    assert_eq!(found.prediction.as_deref(), Some("[[[1]], [[1]], null]"));
    assert_eq!(found.explanation.as_deref(), Some("no grid found for 1 of 3"));
    assert_eq!(outcome(Mode::Fixed, "none", "[[[1]]]").prediction, None);
}

#[test]
fn a_key_without_grids_gives_no_score() {
    for mode in [Mode::Compat, Mode::Fixed] {
        for truth in ["", "[]", "[1]", "{}", "[[[1.5]]]", "[[[\"1\"]]]"] {
            assert_eq!(outcome(mode, "[[1]]", truth).score, None, "{truth:?}");
        }
    }
}
