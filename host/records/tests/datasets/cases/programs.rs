//! Datasets that are answered with a program or a patch, and those of agents.

use super::{Case, Expected};

pub(super) const CASES: &[Case] = &[
    Case {
        id: "humaneval",
        split: "test",
        files: &[(
            "HumanEval.jsonl",
            r#"{"task_id": "T/0", "prompt": "def sq(x):\n    \"\"\"Square.\"\"\"\n", "test": "def check(candidate):\n    assert candidate(2) == 4\n", "entry_point": "sq", "canonical_solution": "    return x * x\n"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"You are an expert Python programmer. Complete the function below so that it does what its description says.

def sq(x):
    """Square."""


Your code must pass these tests:

def check(candidate):
    assert candidate(2) == 4
"#,
            origin_query: Some(
                r#"def sq(x):
    """Square."""
"#,
            ),
            ground_truth: Some(
                r#"    return x * x
"#,
            ),
            metadata: r#"{"entry_point":"sq","source_id":"T/0","test":"def check(candidate):\n    assert candidate(2) == 4\n"}"#,
        },
    },
    Case {
        id: "mbpp",
        split: "test",
        files: &[(
            "test.json",
            r#"{"task_id": 1, "text": "Add two numbers.", "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"], "code": "..."}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"You are an expert Python programmer. This is your task:

Add two numbers.

Your code must pass these tests:

assert add(1, 2) == 3
assert add(0, 0) == 0"#,
            origin_query: Some("Add two numbers."),
            ground_truth: None,
            metadata: r#"{"source_id":"1","test_list":["assert add(1, 2) == 3","assert add(0, 0) == 0"]}"#,
        },
    },
    Case {
        id: "studenteval",
        split: "test",
        files: &[(
            "test.json",
            r#"{"task_id": 1, "text": "turn the text round", "test_list": ["assert f(\"ab\") == \"ba\""]}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"You are an expert Python programmer. This is your task:

turn the text round

Your code must pass these tests:

assert f("ab") == "ba""#,
            origin_query: Some("turn the text round"),
            ground_truth: None,
            metadata: r#"{"source_id":"1","test_list":["assert f(\"ab\") == \"ba\""]}"#,
        },
    },
    Case {
        id: "livecodebench",
        split: "v6",
        files: &[(
            "test.jsonl",
            r#"{"question_id": "1_A", "question_content": "Add two numbers.", "starter_code": "", "metadata": "{}", "public_test_cases": "[{\"input\": \"1 2\\n\", \"output\": \"3\\n\", \"testtype\": \"stdin\"}]", "private_test_cases": "eNprYJlqxwABPVbR1UqZeQWlJUpWCkpGCsYxeUo6Ckr5pSVQIVOIQElqcUlJZUEqSKi4JCUzT6k2dooeALHCFKE="}
{"question_content": "Twice.", "starter_code": "class Solution:\n    def twice(self, x):", "metadata": "{\"func_name\": \"twice\"}", "public_test_cases": "[]", "private_test_cases": "[{\"input\": \"1\", \"output\": \"2\", \"testtype\": \"functional\"}]"}
"#,
        )],
        number: 1,
        of: 2,
        expected: Expected {
            prompt: r#"You are an expert Python programmer. Write a correct program for the problem below.

### Problem

Add two numbers.

### Form of the answer

Read from standard input and write to standard output. Do not run the program on the samples yourself. Put it between code fences.

```python
# your program
```

### Answer"#,
            origin_query: Some("Add two numbers."),
            ground_truth: None,
            metadata: r#"{"func_name":null,"source_id":"1_A","tests":[{"input":"1 2\n","output":"3\n"},{"input":"2 3\n","output":"5\n"}]}"#,
        },
    },
    Case {
        id: "swe-bench",
        split: "verified",
        files: &[(
            "verified.jsonl",
            r#"{"instance_id": "a__b-1", "repo": "a/b", "base_commit": "c0ffee", "problem_statement": "It crashes.", "FAIL_TO_PASS": "[\"t1\"]", "PASS_TO_PASS": "[\"t2\", \"t3\"]"}
"#,
        )],
        number: 1,
        of: 1,
        expected: Expected {
            prompt: r#"Below is an issue of the project a/b, as of commit c0ffee. Resolve it by a patch in the form of a unified diff.

It crashes."#,
            origin_query: Some("It crashes."),
            ground_truth: None,
            metadata: r#"{"base_commit":"c0ffee","fail_to_pass":["t1"],"pass_to_pass_count":2,"repo":"a/b","source_id":"a__b-1"}"#,
        },
    },
    Case {
        id: "tau2",
        split: "all",
        files: &[
            (
                "airline/tasks.json",
                r#"[{"id": "0", "user_scenario": {"persona": null, "instructions": {"reason_for_call": "Cancel my flight.", "known_info": "none"}}}]"#,
            ),
            (
                "retail/tasks.json",
                r#"[{"id": "0", "user_scenario": {"persona": null, "instructions": {"reason_for_call": "Return a lamp.", "known_info": "none"}}}]"#,
            ),
            ("telecom/tasks.json", r#"[{"id": "[x]y", "user_scenario": {"instructions": "My phone is dead."}}]"#),
        ],
        number: 3,
        of: 3,
        expected: Expected {
            prompt: r#"A customer of the telecom service desk writes:

My phone is dead."#,
            origin_query: Some("My phone is dead."),
            ground_truth: None,
            metadata: r#"{"domain":"telecom","source_id":"[x]y"}"#,
        },
    },
];
