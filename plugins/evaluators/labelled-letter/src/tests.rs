use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome};

use super::{Config, LabelledLetter};

fn outcome(config: Config, output: &str, truth: &str, metadata: &str) -> Outcome {
    let item =
        Item { raw_output: output.into(), ground_truth: truth.into(), metadata: metadata.into(), ..Item::default() };
    LabelledLetter::new(config).unwrap().score(&item, &[])
}

fn compat(last: char) -> Config {
    Config { mode: Mode::Compat, last, ..Config::default() }
}

fn fixed(last: char) -> Config {
    Config { last, ..Config::default() }
}

#[test]
fn compat_takes_the_letter_as_typed_and_the_first_letter_of_a_word() {
    let cases = [
        ("We think.\nAnswer: C", "C", 1.0),
        ("We think.\nAnswer: c", "C", 0.0),
        ("Answer: Cannot say", "C", 1.0),
        ("Answer: (C), surely", "C", 0.0),
        ("**Answer:** C, surely", "C", 0.0),
        ("C", "C", 1.0),
        ("C.", "C", 0.0),
        ("Answer: A", "1", 0.0),
    ];
    for (output, truth, expected) in cases {
        assert_eq!(outcome(compat('E'), output, truth, "{}").score, Some(expected), "{output:?}");
    }
}

#[test]
fn fixed_reads_the_letter_through_markdown() {
    let cases = [
        ("We think.\nAnswer: c", "C", 1.0),
        ("Answer: Cannot say", "C", 0.0),
        ("Answer: (C), surely", "C", 1.0),
        ("**Answer:** C, surely", "C", 1.0),
        ("Answer: **C**", "C", 1.0),
        ("Answer: $\\boxed{\\text{C}}$", "C", 1.0),
        ("<think>Answer: B?</think>\nAnswer\u{ff1a}`C`", "C", 1.0),
        ("<think>Answer: C", "C", 0.0),
        ("### Answer\n\n**(C)**\n\nAs B is out", "C", 1.0),
        ("\\boxed{A}, no, \\boxed{\\mathrm{C}}", "C", 1.0),
        ("Long thoughts.\n\n**C**", "C", 1.0),
        ("C) the third one", "C", 1.0),
        ("The answer is C. That is because A and B fail.\nI hope this is of use.", "C", 1.0),
        ("A. no\nB. no\nC. no", "C", 0.0),
        ("no idea at all, sorry", "C", 0.0),
        ("", "C", 0.0),
        ("C", "c", 1.0),
    ];
    for (output, truth, expected) in cases {
        assert_eq!(outcome(fixed('E'), output, truth, "{}").score, Some(expected), "{output:?}");
    }
}

#[test]
fn an_option_may_be_named_by_its_text() {
    let list = r#"{"options": ["joy", "Anger", "E. coli", 7, "joy"]}"#;
    let object = r#"{"options": {"A": "joy", "B": "Anger", "C": "E. coli", "D": null}}"#;
    let cases = [
        ("Answer: anger.", list, Some("B")),
        ("Answer: **Anger**", object, Some("B")),
        ("Answer: E. coli", list, Some("C")),
        ("It is this:\n(b) anger", object, Some("B")),
        ("It is this:\n(a) anger", object, None),
        ("Answer: joy", list, None),
        ("Answer: joy", object, Some("A")),
        ("Answer: Anger", "{}", None),
        ("Answer: Anger", "no JSON", None),
    ];
    for (output, metadata, expected) in cases {
        let outcome = outcome(fixed('E'), output, "A", metadata);
        assert_eq!(outcome.prediction.as_deref(), expected, "{output:?} {metadata}");
    }
}

#[test]
fn a_key_may_be_a_digit() {
    assert_eq!(outcome(fixed('E'), "Answer: B", "2", "{}").score, Some(1.0));
    assert_eq!(outcome(fixed('E'), "Answer: 2", "B", "{}").score, Some(0.0));
    assert_eq!(outcome(fixed('E'), "Answer: B", "6", "{}").score, None);
    let no_digits = Config { digit_keys: false, ..fixed('E') };
    assert_eq!(outcome(no_digits, "Answer: B", "2", "{}").score, None);
}

#[test]
fn a_key_that_is_no_option_gives_no_score() {
    let expected = Outcome::unknown("the key is no letter from A to B: `C`");
    assert_eq!(outcome(fixed('B'), "Answer: A", "C\n", "{}"), expected);
    for config in [compat('D'), fixed('D')] {
        assert_eq!(outcome(config, "Answer: A", " ", "{}"), Outcome::unknown("there is no key"));
    }
    let refused = LabelledLetter::new(fixed('d')).err();
    assert_eq!(refused, Some(Error::config("last", "must be a capital from A to Z: `d`")));
}
