use routerlab_answers::Mode;
use routerlab_sdk::{Evaluator, Item, Outcome};

use super::{Config, DoubleBrackets};

fn outcome(mode: Mode, question: &str, output: &str, truth: &str) -> Outcome {
    let mut parts = question.split(' ');
    let mut part = || parts.next().unwrap_or_default();
    let metadata = format!(r#"{{"question_type": "{}", "rule_id": "{}", "idx": {}}}"#, part(), part(), part());
    let item = Item { raw_output: output.into(), ground_truth: truth.into(), metadata, ..Item::default() };
    DoubleBrackets::new(Config { mode }).unwrap().score(&item, &[])
}

#[test]
fn each_question_is_compared_by_its_rule() {
    // The question, the reply, the key, the score of `compat` and that of `fixed`.
    let cases = [
        ("cipher 1 1", "[[ABC]]", "[[ABC]]", 1.0, 1.0),
        ("cipher 1 1", "[[text]]? no, [[A B C]]", "[[A BC]]", 0.0, 1.0),
        ("cipher 1 1", "<think>[[ABC]]</think>[[ABD]]", "[[ABC]]", 1.0, 0.0),
        ("cipher 1 1", "\\boxed{ABC}", "[[ABC]]", 0.0, 1.0),
        ("cipher 1 1", "[[abc]]", "[[ABC]]", 0.0, 0.0),
        ("cipher 1 1", "ABC", "[[ABC]]", 0.0, 0.0),
        ("counterfactual 3 1", "[[**B**]]", "[[B]]", 0.0, 1.0),
        ("logic 2 1", "[[p and q.]]", "[[p and q]]", 1.0, 1.0),
        ("logic 5 1", "[[a;b]]", "[[b;a]]", 0.0, 1.0),
        ("logic 5 1", "[[a;b]]", "[[a;c]]", 0.0, 0.0),
        ("operation 18 179", "[[x\u{2264}1 or x\u{2265}3]]", "[[x\u{2265}3 or x\u{2264}1]]", 1.0, 1.0),
        ("operation 18 179", "[[x \\leq 1 or x >= 3]]", "[[x\u{2265}3 or x\u{2264}1]]", 0.0, 1.0),
        ("operation 18 171", "[[(2,1)]]", "[[(1,2)]]", 1.0, 1.0),
        ("operation 23 231", "[[7; 08]]", "[[(7,8)]]", 1.0, 1.0),
        ("operation 23 231", "[[8, 7]]", "[[(7,8)]]", 0.0, 0.0),
        ("operation 8 74", "[[x + 1]]", "[[x+1]]", 0.0, 1.0),
        ("operation 8 74", "[[$y = x+1$]]", "[[x+1]]", 0.0, 1.0),
        ("operation 8 74", "[[2 or x]]", "[[x or 2]]", 0.0, 1.0),
        ("operation 8 75", "[[1 \\text{or} 2]]", "[[2 or 1]]", 1.0, 1.0),
        ("operation 8 75", "[[1 or 3]]", "[[2 or 1]]", 0.0, 0.0),
        ("puzzle 1 1", "[[k-e-y]]", "[[KEY]]", 1.0, 1.0),
        ("puzzle 2 1", "[[KEY]]", "[[lock, key]]", 0.0, 1.0),
        ("puzzle 3 1", "[[Key, lock]]", "[[lock key]]", 1.0, 1.0),
        ("puzzle 3 1", "[[key lock]]", "[[lock key]]", 0.0, 1.0),
        ("puzzle 4 1", "[[ey]]", "[[key]]", 1.0, 0.0),
        ("puzzle 4 1", "[[Master Key]]", "[[the master key]]", 0.0, 1.0),
        ("puzzle 4 1", "[[1]]", "[[key]]", 1.0, 0.0),
        ("puzzle 5 1", "[[B2, A1]]", "[[A1,B2]]", 1.0, 1.0),
        ("puzzle 9 1", "[[6/2\u{d7}4=12]]", "[[9/3*4=12]]", 1.0, 1.0),
        ("puzzle 9 1", "[[6*2/4=12]]", "[[9/3*4=12]]", 0.0, 0.0),
        ("puzzle 9 1", "[[6/2*5=12]]", "[[9/3*4=12]]", 0.0, 0.0),
        ("puzzle 10 1", "[[8/(3-8/3)]]", "[[8/(3-8/3)=24]]", 0.0, 1.0),
        ("puzzle 10 1", "[[12*2*1]]", "[[(1+2)*1*22]]", 0.0, 0.0),
        ("puzzle 10 1", "[[2 \u{d7} 12 = 24]]", "[[12*2]]", 1.0, 1.0),
        ("puzzle 18 1", "[[1 2],[3 4]]", "[[12,34]]", 1.0, 1.0),
        ("puzzle 20 1", "[[1 2; 3]]", "[[1,2,3]]", 1.0, 1.0),
        ("puzzle 20 1", "[[1 2; 4]]", "[[1,2,3]]", 0.0, 0.0),
    ];
    for (question, output, truth, compat, fixed) in cases {
        for (mode, expected) in [(Mode::Compat, compat), (Mode::Fixed, fixed)] {
            let outcome = outcome(mode, question, output, truth);
            assert_eq!(outcome.score, Some(expected), "{question}: {output:?} for {truth:?}, {mode:?}, {outcome:?}");
        }
    }
}

#[test]
fn what_cannot_be_compared_gets_no_score() {
    for mode in [Mode::Compat, Mode::Fixed] {
        assert_eq!(outcome(mode, "cipher 1 1", "[[A]]", " "), Outcome::unknown("there is no key"));
        let outcome = outcome(mode, "puzzle 9 1", "[[1+1=2]]", "[[two]]");
        assert_eq!(outcome.score, None);
        let item = Item { raw_output: "[[A]]".into(), ground_truth: "[[A]]".into(), ..Item::default() };
        let evaluator = DoubleBrackets::new(Config { mode }).unwrap();
        assert_eq!(evaluator.score(&item, &[]).score, None);
        let outcome = evaluator.score(&Item { metadata: "{}".into(), ..item }, &[]);
        assert_eq!(outcome, Outcome::unknown("the metadata has no `question_type`"));
    }
}
