//! Any text can be scored.

use evaluator_labelled_letter::{Config, LabelledLetter};
use routerlab_answers::Mode;
use routerlab_sdk::testing::OddTexts;
use routerlab_sdk::{Evaluator, Item};

const FRAGMENTS: [&str; 40] = [
    "Answer",
    "answer:",
    "Answer: ",
    "ANSWER\u{ff1a}",
    "the answer is ",
    "Final Answer",
    "\n",
    "\n\n",
    " ",
    ":",
    "\\boxed{",
    "\\text{",
    "{",
    "}",
    "\\",
    "**",
    "*",
    "_",
    "`",
    "#",
    "(",
    ")",
    "[",
    "]",
    "$",
    "A",
    "B",
    "c",
    "I",
    "E. coli",
    "option ",
    "or ",
    "is wrong",
    "\"",
    "'",
    "\u{201c}",
    "\u{e9}",
    "\u{1d4d0}\u{3000}",
    "<think>",
    "</think>",
];

#[test]
fn no_text_stops_the_evaluator() {
    let mut odd = OddTexts::new(1);
    for _ in 0..20_000 {
        let mut text = || odd.text(&FRAGMENTS, 30);
        let options = serde_json::json!({"options": [text(), text(), 3, null]});
        let item =
            Item { raw_output: text(), ground_truth: "B".into(), metadata: options.to_string(), ..Item::default() };
        for mode in [Mode::Compat, Mode::Fixed] {
            let evaluator = LabelledLetter::new(Config { mode, last: 'J', ..Config::default() }).unwrap();
            let outcome = evaluator.score(&item, &[]);
            assert!(outcome.score.is_some(), "{item:?}");
            assert_eq!(outcome, evaluator.score(&item, &[]), "{item:?}");
        }
    }
}

#[test]
fn the_work_grows_with_the_length_of_the_text() {
    for fragment in
        ["answer: ", "answer is A or B ", "answer", "Answer:\n", "(A", "**a", "\\boxed{", "' \"", "\u{3000}"]
    {
        let options = r#"{"options": ["one text", "another"]}"#;
        let raw_output = fragment.repeat(1_000_000 / fragment.len());
        let item = Item { raw_output, ground_truth: "B".into(), metadata: options.into(), ..Item::default() };
        for mode in [Mode::Compat, Mode::Fixed] {
            // Quadratic work would take hours here.
            LabelledLetter::new(Config { mode, ..Config::default() }).unwrap().score(&item, &[]);
        }
    }
}
