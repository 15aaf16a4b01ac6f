//! Datasets whose answers are judged.

use super::{Case, Expected};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "hle",
        split: "test",
        files: &[(
            "test.jsonl",
            r#"{"question": "What is shown?", "answer": "a cat", "image": "data:..."}
{"question": "Which prime?", "answer": "12", "image": ""}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Reply in three parts:
Explanation: how you come to your answer
Answer: the answer itself, short
Confidence: how sure you are, from 0% to 100%

Which prime?"#,
            origin_query: Some("Which prime?"),
            ground_truth: Some("12"),
            metadata: r#"{"question":"Which prime?"}"#,
        },
    },
    Case {
        id: "simpleqa",
        split: "test",
        files: &[(
            "test.jsonl",
            r#"{"problem": "Which planet is largest?", "answer": "Jupiter"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: "Which planet is largest?",
            origin_query: None,
            ground_truth: Some("Jupiter"),
            metadata: r#"{"question":"Which planet is largest?"}"#,
        },
    },
    Case {
        id: "arenahard",
        split: "v2",
        files: &[
            (
                "arena-hard-v2.jsonl",
                r#"{"uid": "u1", "category": "hard_prompt", "subcategory": "coding", "prompt": "Sort a list."}
{"uid": "u2", "category": "creative_writing", "subcategory": null, "prompt": "Write a poem."}
"#,
            ),
            (
                "baseline-hard_prompt.jsonl",
                r#"{"uid": "u1", "messages": [{"role": "user", "content": "Sort a list."}, {"role": "assistant", "content": {"answer": "Use sorted."}}]}
"#,
            ),
        ],
        number: 1,
        of: 2,
        expected: Expected {
            prompt: "Sort a list.",
            origin_query: None,
            ground_truth: Some("Use sorted."),
            metadata: r#"{"category":"hard_prompt","question":"Sort a list.","source_id":"u1","subcategory":"coding"}"#,
        },
    },
    Case {
        id: "frontierscience",
        split: "olympiad",
        files: &[(
            "olympiad/test.jsonl",
            r#"{"problem": "How large is the gap? End with FINAL ANSWER.", "answer": "3.2 eV"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: "How large is the gap? End with FINAL ANSWER.",
            origin_query: None,
            ground_truth: Some("3.2 eV"),
            metadata: r#"{"question":"How large is the gap? End with FINAL ANSWER."}"#,
        },
    },
];
