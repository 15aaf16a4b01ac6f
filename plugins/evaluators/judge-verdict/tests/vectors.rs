//! The specification's vectors of the four datasets get their scores, and odd texts do no harm.

mod spec;

use evaluator_judge_verdict::{Config, Form, JudgeVerdict};
use routerlab_answers::Mode;
use routerlab_sdk::Evaluator;

const FORMS: [(&str, Form); 4] =
    [("hle", Form::YesNo), ("simpleqa", Form::GradeLetter), ("frontierscience", Form::XmlGrade), ("sfe", Form::Mark)];

fn with(mode: Mode, form: Form) -> JudgeVerdict {
    JudgeVerdict::new(Config { mode, form, ..Config::default() }).unwrap()
}

#[test]
fn every_vector_gets_its_score_in_both_modes() {
    for (dataset, form) in FORMS {
        let failed = spec::failures(dataset, &with(Mode::Compat, form), &with(Mode::Fixed, form));
        assert!(failed.is_empty(), "{failed:#?}");
    }
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
            spec::Odd::new(7).trouble(&with(mode, form), &fragments, &["12", "A"], &metadata);
            spec::long_texts(&with(mode, form), &fragments, "12", metadata[0]);
        }
    }
}
