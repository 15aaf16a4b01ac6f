use routerlab_answers::Mode;
use routerlab_answers::judge::Unparsable;
use routerlab_sdk::{Evaluator, Item, Outcome};
use serde_json::{Value, json};

use crate::{Config, ExperimentRuns};

const CODE: &str = "<answer>def f(): return 1</answer>";

fn item(output: &str, runs: &Value) -> Item {
    let metadata = json!({"incomplete_functions": ["f"], "incomplete_main_code": "def f(): pass", "run_outputs": runs});
    Item {
        raw_output: output.into(),
        ground_truth: json!(["1", "2", "3"]).to_string(),
        metadata: metadata.to_string(),
        ..Item::default()
    }
}

fn with(mode: Mode) -> ExperimentRuns {
    ExperimentRuns { config: Config { mode, unparsable: Unparsable::Wrong } }
}

fn score(evaluator: &ExperimentRuns, output: &str, runs: &Value, replies: &[&str]) -> Outcome {
    let replies: Vec<String> = replies.iter().map(|&reply| reply.into()).collect();
    evaluator.score(&item(output, runs), &replies)
}

#[test]
fn there_is_a_question_for_each_output_that_differs() {
    let asked = |mode, runs: Value| with(mode).judge(&item(CODE, &runs));
    assert_eq!(asked(Mode::Fixed, json!(["1", "2", "3"])).len(), 1);
    assert_eq!(asked(Mode::Fixed, json!(["1 \n", "2", null])).len(), 1);
    assert_eq!(asked(Mode::Compat, json!(["1 \n", "2", null])).len(), 2);
    let both = asked(Mode::Fixed, json!(["1.0", "2", "4"]));
    assert!(both[0].contains("def f(): return 1") && both[1].contains("\n1.0\n") && both[2].contains("\n4\n"));
    assert!(both[2].contains("{\"judgment\""), "a brace of the text stays");
    assert!(asked(Mode::Fixed, json!({})).is_empty());
}

#[test]
fn every_run_must_pass() {
    let fixed = with(Mode::Fixed);
    let yes = r#"{"judgment": "correct"}"#;
    let no = r#"{"judgment": "incorrect"}"#;
    let cases = [
        (json!(["1", "2", "3"]), vec![""], 1.0),
        (json!(["1", "2"]), vec![""], 0.0),
        (json!(["1", "2", null]), vec![""], 0.0),
        (json!(["1", "2.0", "3.0"]), vec!["", yes, yes], 1.0),
        (json!(["1", "2.0", "3.0"]), vec!["", yes, no], 0.0),
        (json!(["1", "2.0", "3.0"]), vec!["", yes], 0.0),
    ];
    for (runs, replies, expected) in cases {
        assert_eq!(score(&fixed, CODE, &runs, &replies).score, Some(expected), "{runs}");
    }
    let why = score(&fixed, CODE, &json!(["1", "4", null]), &["", no]).explanation.unwrap();
    assert_eq!(why, "1 of 3 runs pass, 2 end cleanly");
}

#[test]
fn an_open_function_must_be_completed_by_the_reply_or_its_cleaned_form() {
    let runs = json!(["1", "2", "3"]);
    assert_eq!(score(&with(Mode::Compat), "no", &runs, &["nothing"]).score, Some(0.0));
    assert_eq!(score(&with(Mode::Compat), "no", &runs, &["def f(): return 1"]).score, Some(1.0));
}

#[test]
fn an_unreadable_verdict_may_leave_the_score_open() {
    let unknown = ExperimentRuns { config: Config { unparsable: Unparsable::Unknown, ..Config::default() } };
    let open = score(&unknown, CODE, &json!(["1", "2", "3.0"]), &["", "?"]);
    assert_eq!((open.score, open.explanation.unwrap().starts_with("unparsable judge reply")), (None, true));
    assert_eq!(score(&unknown, CODE, &json!(["1", null, "3.0"]), &["", "?"]).score, Some(0.0));
    assert_eq!(score(&with(Mode::Fixed), CODE, &json!(["1", "2", "3.0"]), &["", "?"]).score, Some(0.0));
}

#[test]
fn what_cannot_be_read_gives_no_score() {
    for runs in [json!(null), json!("1"), json!([1, 2, 3])] {
        assert_eq!(score(&with(Mode::Fixed), CODE, &runs, &[]).score, None, "{runs}");
    }
    for truth in ["", "[]", "[1]", "{}", "1"] {
        let item = Item { ground_truth: truth.into(), ..item(CODE, &json!(["1"])) };
        assert_eq!(with(Mode::Fixed).score(&item, &[]).score, None, "{truth}");
    }
}

#[test]
fn a_long_output_is_cut_between_characters() {
    let long = "\u{e9}".repeat(20_000);
    let asked = with(Mode::Fixed).judge(&item(CODE, &json!([format!("x{long}"), "2", "3"])));
    assert!(asked[1].len() < 18_000);
}
