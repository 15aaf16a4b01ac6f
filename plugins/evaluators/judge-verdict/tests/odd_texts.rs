//! Odd texts do no harm.

use evaluator_judge_verdict::{Config, Form, JudgeVerdict};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;
use routerlab_sdk::testing::{OddItems, withstands_long_texts, withstands_odd_items};

const FORMS: [(&str, Form); 4] =
    [("hle", Form::YesNo), ("simpleqa", Form::GradeLetter), ("frontierscience", Form::XmlGrade), ("sfe", Form::Mark)];

fn with(mode: Mode, form: Form) -> JudgeVerdict {
    JudgeVerdict::new(Config { mode, form, ..Config::default() }).unwrap()
}

#[test]
fn odd_texts_do_no_harm() {
    let fragments = [
        "correct:",
        "Correct",
        "yes",
        "no",
        "not",
        "\n",
        " ",
        "**",
        "extracted_final_answer:",
        "reasoning:",
        "confidence:",
        "<grade>",
        "</grade>",
        "<result>",
        "</result>",
        "CORRECT",
        "incorrect",
        "A",
        "B:",
        "grade is",
        "FINAL ANSWER",
        ":",
        "score",
        "8/10",
        "7.5",
        " to ",
        "-",
        "10",
        ".",
        "\u{e9}",
        "\u{1f600}",
        "\u{ff1a}",
        "\u{661}",
        "&",
        "<think>",
        "</think>",
        "\\boxed{",
        "}",
        "Generation failed",
        "12",
        "is ",
        "_",
        "\u{a0}",
        "99999999999999999999",
    ];
    let metadata =
        ["{}", "", "[", r#"{"question": 1}"#, r#"{"question": "q", "options": ["a"], "question_type": "mcq"}"#];
    for (_, form) in FORMS {
        for mode in [Mode::Compat, Mode::Fixed] {
            withstands_odd_items(
                &with(mode, form),
                7,
                OddItems { fragments: &fragments, keys: &["12", "A"], metadata: &metadata },
            );
            withstands_long_texts(&with(mode, form), &fragments, "12", metadata[0]);
        }
    }
}
