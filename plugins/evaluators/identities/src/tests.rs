use routerlab_answers::Mode;
use routerlab_sdk::{Evaluator, Item, Outcome};

use super::{Config, Identities};

const KEY: &str = "(1) Zoe is a knight\n(2) Aiden is a knave\n";

fn outcome(mode: Mode, output: &str, truth: &str) -> Outcome {
    let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
    Identities::new(Config { mode }).unwrap().score(&item, &[])
}

#[test]
fn everybody_must_have_the_role_of_the_key() {
    // The reply, the score of `compat` and that of `fixed`.
    let cases = [
        ("CONCLUSION:\n(1) Zoe is a knight\n(2) Aiden is a knave", 1.0, 1.0),
        ("Zoe is a knight and Aiden is a knave", 1.0, 1.0),
        ("CONCLUSION:\n(1) Zoe is a knight", 0.0, 0.0),
        ("CONCLUSION:\n(1) Zoe is a knight\n(2) Aiden is a knight", 0.0, 0.0),
        ("CONCLUSION:\n(1) Zoe is a knight\n(2) Aiden is a knave\nAs verified.", 0.0, 1.0),
        ("CONCLUSION:\n(1) Zoe is a knight\n(2) Aiden is a knave\n(3) is nobody", 0.0, 1.0),
        ("### Conclusion\n- **Zoe**: Knight\n- **Aiden**: Knave", 0.0, 1.0),
        ("Conclusion: Zoe \u{2013} knight, Aiden \u{2192} knave", 0.0, 1.0),
        ("Conclusion:\n| Zoe | Knight |\n| Aiden | Knave |", 0.0, 1.0),
        ("CONCLUSION:\nKnights: Zoe\nKnaves: Aiden", 0.0, 1.0),
        ("CONCLUSION:\nZoe is not a knave, Aiden isn't a knight", 0.0, 1.0),
        ("CONCLUSION:\nZoe and Aiden are knaves", 0.0, 0.0),
        ("Zoe is a knight, Zoe is a knave, Aiden is a knave", 1.0, 0.0),
        ("The CONCLUSION: comes last.\nCONCLUSION:\n(1) Zoe is a knight\n(2) Aiden is a knave", 0.0, 1.0),
        ("Suppose Aiden is a knight. Aiden says Zoe is a knave. No.\nZoe is a knight; Aiden is a knave", 1.0, 1.0),
        ("<think>CONCLUSION:\nZoe: knave</think>\\boxed{\\text{Zoe is a knight, Aiden is a knave}}", 1.0, 1.0),
        ("Zoe likes Aiden, who is a knave", 0.0, 0.0),
        ("", 0.0, 0.0),
    ];
    for (output, compat, fixed) in cases {
        for (mode, expected) in [(Mode::Compat, compat), (Mode::Fixed, fixed)] {
            let outcome = outcome(mode, output, KEY);
            assert_eq!(outcome.score, Some(expected), "{output:?}, {mode:?}, {outcome:?}");
        }
    }
}

#[test]
fn what_was_understood_is_the_prediction() {
    let outcome = outcome(Mode::Fixed, "Conclusion: Zoe: knight", KEY);
    assert_eq!(outcome.prediction.as_deref(), Some("zoe: knight"));
    assert_eq!(outcome.explanation.as_deref(), Some("nothing is said about 1 of 2"));
}

#[test]
fn a_key_that_names_nobody_gives_no_score() {
    assert_eq!(outcome(Mode::Compat, "", " \n"), Outcome::unknown("there is no key"));
    for key in ["", "(1) Zoe", "(1) is a knight", "Zoe is a spy"] {
        assert_eq!(outcome(Mode::Fixed, "Zoe is a knight", key).score, None, "{key:?}");
    }
}
