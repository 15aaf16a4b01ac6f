//! Any text can be scored.

use evaluator_grids::{Config, Grids};
use routerlab_answers::Mode;
use routerlab_sdk::testing::OddTexts;
use routerlab_sdk::{Evaluator, Item};

const FRAGMENTS: [&str; 24] = [
    "[[",
    "]]",
    "[",
    "]",
    "],[",
    ",",
    ", ",
    " ",
    "\n",
    "\n\n",
    "0",
    "1",
    "27",
    "-3",
    "1.5",
    "true",
    "null",
    "1 2\n",
    "|",
    "[[1,2],[3,4]]",
    "\u{660}",
    "\u{e9}",
    "\u{1d4d0}\u{3000}",
    "</think>",
];

#[test]
fn no_text_stops_the_evaluator() {
    let mut odd = OddTexts::new(1);
    for round in 0..20_000 {
        let mut text = || odd.text(&FRAGMENTS, 30);
        let raw_output = text();
        let ground_truth = match round % 3 {
            0 => "[[[1,2],[3,4]]]".to_owned(),
            1 => "[[[1,2],[3,4]],[[1]],[[0]]]".to_owned(),
            _ => text(),
        };
        let item = Item { raw_output, ground_truth, ..Item::default() };
        for mode in [Mode::Compat, Mode::Fixed] {
            let evaluator = Grids::new(Config { mode }).unwrap();
            assert_eq!(evaluator.score(&item, &[]), evaluator.score(&item, &[]), "{item:?}");
        }
    }
}

#[test]
fn the_work_grows_with_the_length_of_the_text() {
    for fragment in ["[", "]", "[[", "[[1", "[[1],", "[ ", "[\n[ 1,", "[],", "1 2\n", "[[1]]", "1", " ]", "\n\n["] {
        let text = fragment.repeat(1_000_000 / fragment.len());
        for ground_truth in ["[[[1]]]", "[[[1]],[[2]]]", &text] {
            let item = Item { raw_output: text.clone(), ground_truth: ground_truth.to_owned(), ..Item::default() };
            for mode in [Mode::Compat, Mode::Fixed] {
                // Quadratic work would take hours here.
                Grids::new(Config { mode }).unwrap().score(&item, &[]);
            }
        }
    }
}
