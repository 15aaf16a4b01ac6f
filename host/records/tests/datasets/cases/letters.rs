//! Datasets that are answered with a letter.

use super::{Case, Expected};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "mathbench",
        split: "test",
        files: &[(
            "college.jsonl",
            r#"{"question": "What is 1 + 1?", "options": ["1", "2", "3", "4"], "answer": "B"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the multiple-choice question below. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters ABCD.

What is 1 + 1?

A. 1
B. 2
C. 3
D. 4

Think step by step before you answer."#,
            origin_query: Some("What is 1 + 1?"),
            ground_truth: Some("B"),
            metadata: r#"{"options":["1","2","3","4"]}"#,
        },
    },
    Case {
        id: "mmlupro",
        split: "test",
        files: &[(
            "test.json",
            r#"{"question": "Which is a metal?", "options": {"A": "iron", "B": "air", "C": null}, "answer": "A", "category": "chemistry"}
{"question": "2 + 2?", "options": {"A": "3", "B": "4", "C": "5", "D": "6"}, "answer": "B", "category": "math"}
"#,
        )],
        number: 1,
        of: 2,
        expected: Expected {
            prompt: r#"The question below is about chemistry and has several options. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters AB.

Which is a metal?

A. iron
B. air

Think step by step before you answer."#,
            origin_query: Some("Which is a metal?"),
            ground_truth: Some("A"),
            metadata: r#"{"category":"chemistry","options":["iron","air"]}"#,
        },
    },
    Case {
        id: "gpqa",
        split: "test",
        files: &[(
            "gpqa_diamond.json",
            r#"{"question": "Which particle?", "options": {"A": "electron", "B": "muon", "C": "pion", "D": "kaon"}, "answer": "D", "High-level domain": "Physics"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the multiple-choice question below. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters ABCD.

Which particle?

A) electron
B) muon
C) pion
D) kaon

Think step by step before you answer."#,
            origin_query: Some("Which particle?"),
            ground_truth: Some("D"),
            metadata: r#"{"domain":"Physics","options":["electron","muon","pion","kaon"]}"#,
        },
    },
    Case {
        id: "medqa",
        split: "test",
        files: &[(
            "test.json",
            r#"{"question": "Which vitamin?", "options": {"A": "A", "B": "B12", "C": "C", "D": "D"}, "answer": "C"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the multiple-choice question below. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters ABCD.

Which vitamin?

A. A
B. B12
C. C
D. D

Think step by step before you answer."#,
            origin_query: Some("Which vitamin?"),
            ground_truth: Some("C"),
            metadata: r#"{"options":["A","B12","C","D"]}"#,
        },
    },
    Case {
        id: "arcc",
        split: "test",
        files: &[(
            "arc_test.json",
            r#"{"question": "What melts?", "choices": {"text": ["ice", "stone", "air"], "label": ["1", "2", "3"]}, "answerKey": "1"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the multiple-choice question below. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters ABC.

What melts?

A) ice
B) stone
C) air

Think step by step before you answer."#,
            origin_query: Some("What melts?"),
            ground_truth: Some("1"),
            metadata: r#"{"options":["ice","stone","air"]}"#,
        },
    },
    Case {
        id: "brainteaser",
        split: "test",
        files: &[(
            "test.json",
            r#"{"question": {"stem": "What has keys?", "choices": [{"label": "A", "text": "a piano"}, {"label": "B", "text": "a cat"}]}, "answerKey": "A"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the multiple-choice question below. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters AB.

What has keys?

A. a piano
B. a cat

Think step by step before you answer."#,
            origin_query: Some("What has keys?"),
            ground_truth: Some("A"),
            metadata: r#"{"options":["a piano","a cat"]}"#,
        },
    },
    Case {
        id: "truthfulqa",
        split: "test",
        files: &[(
            "test.json",
            r#"{"question": "Do bats see?", "options": ["Yes", "No", "Only at night"], "answer": "A"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the multiple-choice question below. Think step by step, then end your reply with a line of the form
Answer: X
where X is one of the letters ABC.

Do bats see?

A. Yes
B. No
C. Only at night

Think step by step before you answer."#,
            origin_query: Some("Do bats see?"),
            ground_truth: Some("A"),
            metadata: r#"{"options":["Yes","No","Only at night"]}"#,
        },
    },
    Case {
        id: "winogrande",
        split: "valid",
        files: &[(
            "valid.json",
            r#"{"sentence": "The cup fell on the table and _ broke.", "option1": "the cup", "option2": "the table", "answer": "1"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"One word of the sentence below is replaced by an underscore. Choose the option that fills the blank, and end your reply with a line of the form
Answer: X
where X is A or B.

The cup fell on the table and _ broke.

A. the cup
B. the table"#,
            origin_query: Some(
                r#"The cup fell on the table and _ broke.
A. the cup
B. the table"#,
            ),
            ground_truth: Some("A"),
            metadata: r#"{"options":["the cup","the table"]}"#,
        },
    },
    Case {
        id: "emorynlp",
        split: "test",
        files: &[(
            "test.json",
            r#"{"history": ["Ann: We won!", "Bob: Really?"], "utterance": "Ann: Yes!", "candidate": {"A": "Joyful", "B": "Neutral", "C": "Powerful", "D": "Mad", "E": "Scared", "F": "Peaceful", "G": "Sad"}, "answer": "A"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Below are the turns of a conversation and the utterance that follows them. Which emotion does the utterance express in this context? End your reply with a line of the form
Answer: X
where X is one of the letters ABCDEFG.

Conversation so far:
- Ann: We won!
- Bob: Really?

Utterance: Ann: Yes!

A. Joyful
B. Neutral
C. Powerful
D. Mad
E. Scared
F. Peaceful
G. Sad

Think step by step before you answer."#,
            origin_query: None,
            ground_truth: Some("A"),
            metadata: r#"{"options":["Joyful","Neutral","Powerful","Mad","Scared","Peaceful","Sad"]}"#,
        },
    },
    Case {
        id: "meld",
        split: "test",
        files: &[(
            "test.json",
            r#"{"history": ["Ann: We won!", "Bob: Really?"], "utterance": "Ann: Yes!", "candidate": {"A": "Joyful", "B": "Neutral", "C": "Powerful", "D": "Mad", "E": "Scared", "F": "Peaceful", "G": "Sad"}, "answer": "A"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Below are the turns of a conversation and the utterance that follows them. Which emotion does the utterance express in this context? End your reply with a line of the form
Answer: X
where X is one of the letters ABCDEFG.

Conversation so far:
- Ann: We won!
- Bob: Really?

Utterance: Ann: Yes!

A. Joyful
B. Neutral
C. Powerful
D. Mad
E. Scared
F. Peaceful
G. Sad

Think step by step before you answer."#,
            origin_query: None,
            ground_truth: Some("A"),
            metadata: r#"{"options":["Joyful","Neutral","Powerful","Mad","Scared","Peaceful","Sad"]}"#,
        },
    },
    Case {
        id: "dailydialog",
        split: "test",
        files: &[(
            "test.json",
            r#"{"history": ["Ann: We won!", "Bob: Really?"], "utterance": "Ann: Yes!", "candidate": {"A": "Joyful", "B": "Neutral", "C": "Powerful", "D": "Mad", "E": "Scared", "F": "Peaceful", "G": "Sad"}, "answer": "A"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Below are the turns of a conversation and the utterance that follows them. Which emotion does the utterance express in this context? End your reply with a line of the form
Answer: X
where X is one of the letters ABCDEFG.

Conversation so far:
- Ann: We won!
- Bob: Really?

Utterance: Ann: Yes!

A. Joyful
B. Neutral
C. Powerful
D. Mad
E. Scared
F. Peaceful
G. Sad

Think step by step before you answer."#,
            origin_query: None,
            ground_truth: Some("A"),
            metadata: r#"{"options":["Joyful","Neutral","Powerful","Mad","Scared","Peaceful","Sad"]}"#,
        },
    },
];
