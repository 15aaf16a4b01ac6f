//! Datasets that are answered with a text, a number or a grid.

use super::{Case, Expected};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "aime",
        split: "hybrid",
        files: &[
            (
                "2024.json",
                r#"{"Problem": "Find $1+1$.", "Answer": 2}
"#,
            ),
            (
                "2025.json",
                r#"{"Problem": "Find $x<3$.", "Answer": "73"}
"#,
            ),
        ],
        number: 2,
        of: 2,
        expected: Expected {
            prompt: r#"Work through the math problem below step by step. Write the final answer, and nothing else, inside \boxed{} on the last line of your reply.

Find $x<3$.

Do not forget: the last line is \boxed{...} with the final answer."#,
            origin_query: Some("Find $x<3$."),
            ground_truth: Some("73"),
            metadata: "{}",
        },
    },
    Case {
        id: "math500",
        split: "test",
        files: &[(
            "test.json",
            r#"{"problem": "Halve 3.", "answer": "\\frac{3}{2}", "level": 1, "subject": "Algebra"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Work through the math problem below step by step. Write the final answer, and nothing else, inside \boxed{} on the last line of your reply.

Halve 3.

Do not forget: the last line is \boxed{...} with the final answer."#,
            origin_query: Some("Halve 3."),
            ground_truth: Some(r#"\frac{3}{2}"#),
            metadata: "{}",
        },
    },
    Case {
        id: "livemathbench",
        split: "test",
        files: &[(
            "en_test.json",
            r#"{"question": "Find $n$.", "answer": "7"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Work through the math problem below step by step. Write the final answer, and nothing else, inside \boxed{} on the last line of your reply.

Find $n$.

Do not forget: the last line is \boxed{...} with the final answer."#,
            origin_query: Some("Find $n$."),
            ground_truth: Some("7"),
            metadata: "{}",
        },
    },
    Case {
        id: "finqa",
        split: "test",
        files: &[(
            "test.json",
            r#"{"pre_text": ["Sales rose.", "Costs fell."], "table": [["", "2019", "2020"], ["sales", "1", "2"]], "post_text": ["See note 1."], "question": "How did sales change?", "answer": "100%"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Work through the problem below step by step. Write the final answer, and nothing else, inside \boxed{} on the last line of your reply.

Sales rose. Costs fell.

 | 2019 | 2020
sales | 1 | 2

See note 1.

Question, to be answered from the text and the table: How did sales change?

Do not forget: the last line is \boxed{...} with the final answer."#,
            origin_query: Some("How did sales change?"),
            ground_truth: Some("100%"),
            metadata: "{}",
        },
    },
    Case {
        id: "bbh",
        split: "test",
        files: &[(
            "test.json",
            r#"{"input": "not True is", "target": "False", "fewshot_template": "Question: True and True is\nAnswer: True"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Answer the question at the end. Think step by step, then end your reply with a line of the form
Answer: ...
with the answer after the colon. Some examples first:

Question: True and True is
Answer: True

Question: not True is"#,
            origin_query: Some("not True is"),
            ground_truth: Some("False"),
            metadata: "{}",
        },
    },
    Case {
        id: "kandk",
        split: "test",
        files: &[
            (
                "people2_num100.jsonl",
                r#"{"quiz": "2 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
            (
                "people3_num100.jsonl",
                r#"{"quiz": "3 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
            (
                "people4_num100.jsonl",
                r#"{"quiz": "4 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
            (
                "people5_num100.jsonl",
                r#"{"quiz": "5 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
            (
                "people6_num100.jsonl",
                r#"{"quiz": "6 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
            (
                "people7_num100.jsonl",
                r#"{"quiz": "7 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
            (
                "people8_num100.jsonl",
                r#"{"quiz": "8 people meet.", "solution_text_format": "(1) Ada is a knight\n(2) Bob is a knave"}
"#,
            ),
        ],
        number: 7,
        of: 7,
        expected: Expected {
            prompt: r#"On an island everybody is either a knight, who always tells the truth, or a knave, who always lies. Deduce from what is said who is what, and explain your reasoning. End your reply with the marker
CONCLUSION:
followed by one numbered line for each person, such as
(1) Ada is a knight
(2) Bob is a knave

8 people meet."#,
            origin_query: Some("8 people meet."),
            ground_truth: Some(
                r#"(1) Ada is a knight
(2) Bob is a knave"#,
            ),
            metadata: "{}",
        },
    },
    Case {
        id: "korbench",
        split: "test",
        files: &[
            (
                "cipher/sample.jsonl",
                r#"{"idx": "1", "rule_id": "7", "question": "Use cipher.", "answer": "[[X]]"}
"#,
            ),
            (
                "operation/sample.jsonl",
                r#"{"idx": "1", "rule_id": "7", "question": "Use operation.", "answer": "[[X]]"}
"#,
            ),
            (
                "puzzle/sample.jsonl",
                r#"{"idx": "1", "rule_id": "7", "question": "Use puzzle.", "answer": "[[X]]"}
"#,
            ),
            (
                "counterfactual/sample.jsonl",
                r#"{"idx": "1", "rule_id": "7", "question": "Use counterfactual.", "answer": "[[X]]"}
"#,
            ),
            (
                "logic/sample.jsonl",
                r#"{"idx": "1", "rule_id": "7", "question": "Use logic.", "answer": "[[X]]"}
"#,
            ),
            (
                "cipher/rule.jsonl",
                r#"{"idx": "7", "rule_content": "The rule of cipher."}
{"idx": "8", "rule_content": "Another."}
"#,
            ),
            (
                "operation/rule.jsonl",
                r#"{"idx": "7", "rule_content": "The rule of operation."}
{"idx": "8", "rule_content": "Another."}
"#,
            ),
            (
                "puzzle/rule.jsonl",
                r#"{"idx": "7", "rule_content": "The rule of puzzle."}
{"idx": "8", "rule_content": "Another."}
"#,
            ),
            (
                "counterfactual/rule.jsonl",
                r#"{"idx": "7", "rule_content": "The rule of counterfactual."}
{"idx": "8", "rule_content": "Another."}
"#,
            ),
            (
                "logic/rule.jsonl",
                r#"{"idx": "7", "rule_content": "The rule of logic."}
{"idx": "8", "rule_content": "Another."}
"#,
            ),
            (
                "cipher/three-shot.jsonl",
                r#"{"rule_id": "7", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "7", "question": "Q2", "answer": "[[A2]]"}
{"rule_id": "8", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "8", "question": "Q2", "answer": "[[A2]]"}
"#,
            ),
            (
                "operation/three-shot.jsonl",
                r#"{"rule_id": "7", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "7", "question": "Q2", "answer": "[[A2]]"}
{"rule_id": "8", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "8", "question": "Q2", "answer": "[[A2]]"}
"#,
            ),
            (
                "puzzle/three-shot.jsonl",
                r#"{"rule_id": "7", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "7", "question": "Q2", "answer": "[[A2]]"}
{"rule_id": "8", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "8", "question": "Q2", "answer": "[[A2]]"}
"#,
            ),
            (
                "counterfactual/three-shot.jsonl",
                r#"{"rule_id": "7", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "7", "question": "Q2", "answer": "[[A2]]"}
{"rule_id": "8", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "8", "question": "Q2", "answer": "[[A2]]"}
"#,
            ),
            (
                "logic/three-shot.jsonl",
                r#"{"rule_id": "7", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "7", "question": "Q2", "answer": "[[A2]]"}
{"rule_id": "8", "question": "Q1", "answer": "[[A1]]"}
{"rule_id": "8", "question": "Q2", "answer": "[[A2]]"}
"#,
            ),
        ],
        number: 1,
        of: 5,
        expected: Expected {
            prompt: r#"Below is a rule. Apply it to the question at the end, and give the answer in double square brackets, like this: [[answer]].

### Rule

The rule of cipher.

### Example 1

Q1

Answer: [[A1]]

### Example 2

Q2

Answer: [[A2]]

### Question

Use cipher."#,
            origin_query: Some("Use cipher."),
            ground_truth: Some("[[X]]"),
            metadata: r#"{"idx":"1","question_type":"cipher","rule_id":"7"}"#,
        },
    },
    Case {
        id: "arc-agi",
        split: "v1",
        files: &[
            (
                "0a.json",
                r#"{
 "train": [
  {
   "input": [
    [
     1,
     0
    ]
   ],
   "output": [
    [
     0,
     1
    ]
   ]
  }
 ],
 "test": [
  {
   "input": [
    [
     2,
     0
    ]
   ],
   "output": [
    [
     0,
     2
    ]
   ]
  },
  {
   "input": [
    [
     3
    ]
   ],
   "output": [
    [
     3
    ]
   ]
  }
 ]
}"#,
            ),
            (
                "0b.json",
                r#"{"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[1]], "output": [[2]]}]}"#,
            ),
        ],
        number: 1,
        of: 2,
        expected: Expected {
            prompt: r#"Each example below turns an input grid into an output grid by one and the same rule. Find the rule and apply it to the test inputs.

Example 1, input:
1 0
Example 1, output:
0 1

Test 1, input:
2 0

Test 2, input:
3

Give the output grids, in the order of the inputs and with an empty line between two, as a JSON array of arrays of numbers each."#,
            origin_query: Some("ARC task 0a"),
            ground_truth: Some("[[[0, 2]], [[3]]]"),
            metadata: r#"{"source_id":"0a"}"#,
        },
    },
    Case {
        id: "sgibench-deepresearch",
        split: "test",
        files: &[(
            "test.jsonl",
            r#"{"question": "How many?", "answer": "0.25", "steps": ["count"]}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"How many?

Explain your steps, then give the final answer, and nothing else, between <answer> and </answer>."#,
            origin_query: Some("How many?"),
            ground_truth: Some("0.25"),
            metadata: r#"{"question":"How many?","steps":["count"]}"#,
        },
    },
    Case {
        id: "sgibench-wetexperiment",
        split: "test",
        files: &[(
            "test.jsonl",
            r#"{"question": "Heat it.", "answer": "a = <Heat>(\n    sample=\"s\"\n)"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Heat it.

Give the protocol, and nothing else, between <answer> and </answer>. Each step has this form:
name = <Action>(
    parameter=value
)"#,
            origin_query: Some("Heat it."),
            ground_truth: Some(
                r#"a = <Heat>(
    sample="s"
)"#,
            ),
            metadata: "{}",
        },
    },
];
