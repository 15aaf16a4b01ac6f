use routerlab_answers::Mode;
use routerlab_answers::judge::Unparsable;
use routerlab_sdk::{Evaluator, Item, Outcome};

use crate::{Config, Form, JudgeVerdict};

fn item(output: &str, key: &str) -> Item {
    let metadata = r#"{"question": "How many {key}?"}"#.to_owned();
    Item { prompt: "Think. How many?".into(), raw_output: output.into(), ground_truth: key.into(), metadata }
}

fn with(config: Config) -> JudgeVerdict {
    JudgeVerdict::new(config).unwrap()
}

fn score(config: Config, replies: &[&str]) -> Outcome {
    let replies: Vec<String> = replies.iter().map(|&reply| reply.into()).collect();
    with(config).score(&item("Perhaps 12", "12"), &replies)
}

const FORMS: [Form; 4] = [Form::YesNo, Form::GradeLetter, Form::XmlGrade, Form::Mark];

#[test]
fn the_judge_sees_the_bare_question_the_reply_and_the_key() {
    for form in FORMS {
        let asked = with(Config { form, ..Config::default() }).judge(&item("<think>12?</think>FINAL ANSWER: 13", "14"));
        let [prompt] = &asked[..] else { panic!("one question: {asked:?}") };
        assert!(prompt.contains("\nHow many {key}?\n") && prompt.contains("\n14\n"), "{prompt}");
        assert!(prompt.contains("13") && !prompt.contains("12?") && !prompt.contains("{reply}"), "{prompt}");
    }
}

#[test]
fn a_reader_of_final_answers_sees_nothing_else() {
    let asked =
        |mode, output: &str| with(Config { mode, form: Form::XmlGrade, ..Config::default() }).judge(&item(output, "9"));
    assert!(!asked(Mode::Fixed, "long work\n\nFINAL ANSWER: 8")[0].contains("long work"));
    assert!(asked(Mode::Compat, "long work")[0].contains("(no final answer was given)"));
    assert!(asked(Mode::Fixed, "long work\n\nperhaps 8")[0].contains("perhaps 8"));
}

#[test]
fn nobody_is_asked_where_the_outcome_is_known() {
    let ask = |mode, output: &str, key: &str| {
        let evaluator = with(Config { mode, ..Config::default() });
        (evaluator.judge(&item(output, key)).len(), evaluator.score(&item(output, key), &[]).score)
    };
    assert_eq!(ask(Mode::Fixed, "12", " "), (0, None));
    assert_eq!(ask(Mode::Compat, "12", ""), (0, None));
    assert_eq!(ask(Mode::Fixed, "<think>12", "12"), (0, Some(0.0)));
    assert_eq!(ask(Mode::Compat, "", "12"), (1, Some(0.0)));
    let stated = with(Config { form: Form::XmlGrade, ..Config::default() });
    assert!(stated.judge(&item("So it is 12.", "12")).is_empty());
    assert_eq!(stated.score(&item("So it is 12.", "12"), &[]).score, Some(1.0));
}

#[test]
fn votes_are_counted_and_marks_averaged() {
    let letters = |unparsable, replies: &[&str]| {
        let outcome = score(Config { form: Form::GradeLetter, votes: 3, unparsable, ..Config::default() }, replies);
        (outcome.score, outcome.prediction)
    };
    assert_eq!(letters(Unparsable::Wrong, &["A", "B", "A"]), (Some(1.0), Some("A".into())));
    assert_eq!(letters(Unparsable::Wrong, &["C", "B", "A"]), (Some(0.0), Some("C".into())));
    assert_eq!(letters(Unparsable::Wrong, &["A", "?", "?"]), (Some(0.0), Some("A".into())));
    assert_eq!(letters(Unparsable::Unknown, &["A", "?", "?"]), (Some(1.0), Some("A".into())));
    let marks = |unparsable, replies: &[&str]| {
        score(Config { form: Form::Mark, votes: 2, unparsable, ..Config::default() }, replies)
    };
    assert_eq!(marks(Unparsable::Wrong, &["8", "6"]).score, Some(0.7));
    assert_eq!(marks(Unparsable::Wrong, &["8", "none"]).score, Some(0.4));
    assert_eq!(marks(Unparsable::Unknown, &["8", "none"]).score, Some(0.8));
    let why = marks(Unparsable::Wrong, &["8", "none"]).explanation.unwrap();
    assert_eq!(why, "mean of 2 marks, 1 unreadable; mark 8");
    assert_eq!(with(Config { votes: 3, ..Config::default() }).judge(&item("12", "12")).len(), 3);
    assert_eq!(with(Config { votes: 3, mode: Mode::Compat, ..Config::default() }).judge(&item("12", "12")).len(), 1);
}

#[test]
fn a_reply_that_says_nothing_is_named() {
    for form in FORMS {
        for reply in ["Generation failed: APIError, correct: yes, score: 9", "hm", ""] {
            let wrong = score(Config { form, ..Config::default() }, &[reply]);
            assert_eq!(wrong.score, Some(0.0), "{form:?} {reply}");
            assert!(wrong.explanation.unwrap().starts_with("unparsable judge reply"), "{form:?} {reply}");
            let unknown = score(Config { form, unparsable: Unparsable::Unknown, ..Config::default() }, &[reply]);
            assert_eq!(unknown.score, None, "{form:?} {reply}");
        }
    }
}

#[test]
fn impossible_votes_are_refused() {
    for votes in [0, 26, u32::MAX] {
        assert!(JudgeVerdict::new(Config { votes, ..Config::default() }).is_err(), "{votes}");
    }
}
