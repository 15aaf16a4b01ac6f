//! Any text can be scored.

use evaluator_identities::{Config, Identities};
use routerlab_answers::Mode;
use routerlab_sdk::testing::OddTexts;
use routerlab_sdk::{Evaluator, Item};

const FRAGMENTS: [&str; 36] = [
    "CONCLUSION:",
    "Conclusion",
    "conclusion:",
    "boxed",
    "\\boxed{",
    "}",
    "### ",
    "### Question",
    "(1) ",
    "(3)",
    "Zoe",
    "zoe ",
    "Aiden ",
    "\u{130}va ",
    " is a ",
    " is not a ",
    "and ",
    "or ",
    "if ",
    "says ",
    "knight",
    "Knave",
    "knights: ",
    "knaves",
    ":",
    ", ",
    ".",
    "\n",
    " \u{2013} ",
    "**",
    "_",
    "|",
    "\u{e9}",
    "\u{1d4d0}\u{3000}",
    "<think>",
    "</think>",
];

#[test]
fn no_text_stops_the_evaluator() {
    let mut odd = OddTexts::new(1);
    for round in 0..20_000 {
        let mut text = || odd.text(&FRAGMENTS, 30);
        let raw_output = text();
        let ground_truth = match round % 2 {
            0 => "(1) Zoe is a knight\n(2) \u{130}va is a knave".to_owned(),
            _ => text(),
        };
        let item = Item { raw_output, ground_truth, ..Item::default() };
        for mode in [Mode::Compat, Mode::Fixed] {
            let evaluator = Identities::new(Config { mode }).unwrap();
            assert_eq!(evaluator.score(&item, &[]), evaluator.score(&item, &[]), "{item:?}");
        }
    }
}

#[test]
fn the_work_grows_with_the_length_of_the_text() {
    for fragment in
        ["conclusion:", "conclusion: zoe ", "zoe ", "zoe knight ", "a ", ".", "(1) zoe is a knight\n", "\\boxed{"]
    {
        let text = fragment.repeat(1_000_000 / fragment.len());
        for ground_truth in ["(1) Zoe is a knight\n(2) Aiden is a knave", &text[..10_000]] {
            let item = Item { raw_output: text.clone(), ground_truth: ground_truth.to_owned(), ..Item::default() };
            for mode in [Mode::Compat, Mode::Fixed] {
                // Quadratic work would take hours here.
                Identities::new(Config { mode }).unwrap().score(&item, &[]);
            }
        }
    }
}
