use routerlab_answers::Mode;
use routerlab_answers::judge::Unparsable;
use routerlab_sdk::{Evaluator, Item, Outcome};

use crate::{Config, JudgePairwise, Rounds};

fn item(category: &str) -> Item {
    Item {
        prompt: "Sort a list".into(),
        raw_output: "<think>hm</think>candidate's".into(),
        ground_truth: "baseline's".into(),
        metadata: format!(r#"{{"category": "{category}"}}"#),
    }
}

fn with(config: Config) -> JudgePairwise {
    JudgePairwise::new(config).unwrap()
}

fn score(config: Config, replies: &[&str]) -> Outcome {
    let replies: Vec<String> = replies.iter().map(|&reply| reply.into()).collect();
    with(config).score(&item("hard_prompt"), &replies)
}

#[test]
fn the_answers_change_places() {
    let asked = with(Config::default()).judge(&item("hard_prompt"));
    let [first, second] = &asked[..] else { panic!("two questions: {asked:?}") };
    let before = |prompt: &str| prompt.find("\nbaseline's\n") < prompt.find("\ncandidate's\n");
    assert!(before(first) && !before(second));
    assert!(first.contains("own answer") && first.contains("\nSort a list\n") && !first.contains("hm"));
    let creative = with(Config::default()).judge(&item("creative_writing"));
    assert!(creative[0].contains("do not write an answer of your own"));
    let one = with(Config { rounds: Rounds::One, votes: 3, ..Config::default() }).judge(&item(""));
    assert!(one.len() == 3 && one.iter().all(|prompt| prompt == first));
    let compat = Config { mode: Mode::Compat, rounds: Rounds::One, votes: 3, ..Config::default() };
    assert_eq!(with(compat).judge(&item("hard_prompt")).len(), 2);
}

#[test]
fn without_a_baseline_nobody_is_asked() {
    let missing = Item { ground_truth: " ".into(), ..item("hard_prompt") };
    let of = |mode, item: &Item| {
        let evaluator = with(Config { mode, ..Config::default() });
        (evaluator.judge(item).len(), evaluator.score(item, &[]).score)
    };
    assert_eq!(of(Mode::Fixed, &missing), (0, None));
    assert_eq!(of(Mode::Compat, &missing), (0, Some(0.0)));
    assert_eq!(of(Mode::Compat, &item("creative_writing")), (0, Some(0.0)));
    assert_eq!(of(Mode::Compat, &item("riddles")), (0, None));
    assert_eq!(of(Mode::Fixed, &item("riddles")).0, 2);
    let supplied = with(Config { mode: Mode::Compat, without_baseline: vec![], ..Config::default() });
    assert_eq!(supplied.judge(&item("creative_writing")).len(), 2);
}

#[test]
fn votes_are_averaged_and_one_round_may_do() {
    let votes = |unparsable, replies: &[&str]| score(Config { votes: 2, unparsable, ..Config::default() }, replies);
    let (win, loss, none) = ("[[B>A]]", "[[A>>B]]", "who knows");
    assert_eq!(votes(Unparsable::Wrong, &[win, win, loss, win]).score, Some(0.25));
    assert_eq!(votes(Unparsable::Wrong, &[win, loss, win, loss]).score, Some(1.0));
    assert_eq!(votes(Unparsable::Wrong, &[win, none, win, loss]).score, Some(0.5));
    assert_eq!(votes(Unparsable::Unknown, &[win, none, win, loss]).score, Some(1.0));
    let nothing = votes(Unparsable::Unknown, &[win, none, none, none]);
    assert_eq!(nothing.score, None);
    assert_eq!(nothing.explanation.as_deref(), Some("unparsable judge reply: who knows"));
    let one = score(Config { rounds: Rounds::One, ..Config::default() }, &["[[A=B]]"]);
    assert_eq!((one.score, one.prediction.as_deref()), (Some(0.5), Some(r#"["A=B"]"#)));
    assert_eq!(score(Config::default(), &[]).score, Some(0.0));
}

#[test]
fn impossible_votes_are_refused() {
    for votes in [0, 26] {
        assert!(JudgePairwise::new(Config { votes, ..Config::default() }).is_err(), "{votes}");
    }
}
