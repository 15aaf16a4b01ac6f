//! Any text can be scored.

use evaluator_double_brackets::{Config, DoubleBrackets};
use routerlab_answers::Mode;
use routerlab_sdk::testing::OddTexts;
use routerlab_sdk::{Evaluator, Item};

const FRAGMENTS: [&str; 38] = [
    "[[",
    "]]",
    "[",
    "]",
    "$\\boxed{",
    "}$",
    "\\boxed{",
    "{",
    "}",
    "\\text{or}",
    "\\",
    "\\left",
    "\\(",
    "\"",
    "'",
    " ",
    "\n",
    ".",
    ";",
    ",",
    "or",
    "=",
    "\u{2264}",
    "\u{2265}",
    "-",
    "*",
    "**",
    "/",
    "(",
    ")",
    "7",
    "24",
    "1.5",
    "A",
    "key",
    "\u{d7}",
    "\u{e9}",
    "\u{1d4d0}\u{3000}",
];

/// Question type and rule; every comparison is among them.
const QUESTIONS: [(&str, &str, u32); 17] = [
    ("logic", "5", 1),
    ("logic", "1", 1),
    ("operation", "18", 178),
    ("operation", "18", 171),
    ("operation", "23", 231),
    ("operation", "8", 73),
    ("operation", "8", 75),
    ("puzzle", "1", 1),
    ("puzzle", "2", 1),
    ("puzzle", "3", 1),
    ("puzzle", "4", 1),
    ("puzzle", "5", 1),
    ("puzzle", "9", 1),
    ("puzzle", "10", 1),
    ("puzzle", "18", 1),
    ("puzzle", "20", 1),
    ("cipher", "1", 1),
];

fn item((kind, rule, idx): (&str, &str, u32), raw_output: String, ground_truth: String) -> Item {
    let metadata = serde_json::json!({"question_type": kind, "rule_id": rule, "idx": idx}).to_string();
    Item { raw_output, ground_truth, metadata, ..Item::default() }
}

#[test]
fn no_text_stops_the_evaluator() {
    let mut odd = OddTexts::new(1);
    for round in 0..20_000 {
        let mut text = || odd.text(&FRAGMENTS, 30);
        let (reply, key) = (text(), text());
        // A key in brackets as well as one that may be anything.
        let key = if round % 2 == 0 { format!("[[{key}]]") } else { key };
        let item = item(QUESTIONS[round % QUESTIONS.len()], reply, key);
        for mode in [Mode::Compat, Mode::Fixed] {
            let evaluator = DoubleBrackets::new(Config { mode }).unwrap();
            assert_eq!(evaluator.score(&item, &[]), evaluator.score(&item, &[]), "{item:?}");
        }
    }
}

#[test]
fn the_work_grows_with_the_length_of_the_text() {
    for fragment in [
        "[[",
        "[[a",
        "[[a]]",
        "[",
        "]",
        "(",
        "-",
        "9*",
        "a or ",
        "\u{2264}1",
        "\u{2264} ",
        "a;",
        "=",
        "\\boxed{",
        "\\text{",
        "a ",
    ] {
        let text = fragment.repeat(200_000 / fragment.len());
        for question in QUESTIONS {
            let item = item(question, format!("[[{text}]]"), format!("[[{text}]]"));
            for mode in [Mode::Compat, Mode::Fixed] {
                // Quadratic work would take minutes here.
                DoubleBrackets::new(Config { mode }).unwrap().score(&item, &[]);
            }
        }
    }
}
