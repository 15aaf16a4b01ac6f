//! Python that a model wrote, graded by `python-tests` in the sandbox: what deserves a score gets it, and nothing else.

use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use routerlab_plugin::{CallError, CallOptions, EvaluatorPlugin, Item, Limits, Outcome, Refusal, on_plugin_thread};
use serde::Deserialize;
use serde_json::{Value, json};

mod support;
use support::{checkout, component};

/// Enough for every honest answer here, and little enough for loops to end soon.
const RUN_FUEL: u64 = 4_000_000_000;

/// One answer of `tests/python`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    answer: String,
    #[serde(default)]
    style: Style,
    /// How the explanation begins.
    reason: Option<String>,
}

/// Which tests an answer meets.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Style {
    #[default]
    Asserts,
    Lambda,
    Helper,
    Tolerance,
    Programs,
    Calls,
}

impl Style {
    fn config(self) -> &'static str {
        match self {
            Self::Asserts | Self::Lambda => r#"{"style":"asserts"}"#,
            Self::Helper | Self::Tolerance => r#"{"style":"check"}"#,
            Self::Programs | Self::Calls => r#"{"style":"programs"}"#,
        }
    }

    fn metadata(self) -> Value {
        match self {
            Self::Asserts => json!({ "test_list": [
                "assert add(1, 2) == 3",
                "assert abs(add(0.5, 0.25) - 0.75) < 1e-9",
                "assert add([1], [2]) == [1, 2]",
            ] }),
            Self::Lambda => json!({ "test_list": ["assert abs(apply(lambda x: x + 1, 2) - 3) < 1e-9"] }),
            Self::Helper => json!({
                "test": "def same(a, b):\n    assert a == b\n\ndef check(candidate):\n    same(candidate(1), 1)\n",
                "entry_point": "apply",
            }),
            Self::Tolerance => json!({
                "test": "def check(candidate):\n    assert abs(candidate(1) - 1) < 1e-9\n",
                "entry_point": "apply",
            }),
            Self::Programs => json!({ "tests": [
                { "input": "1 2\n", "output": "3\n" },
                { "input": "10 -4\n", "output": "6\n" },
            ] }),
            Self::Calls => json!({ "func_name": "two", "tests": [{ "input": "1\n2", "output": "[1, 2]" }] }),
        }
    }

    /// An answer that deserves its score.
    fn honest(self) -> &'static str {
        match self {
            Self::Asserts => "```python\ndef add(a, b):\n    return a + b\n```",
            Self::Lambda => "```python\ndef apply(function, value):\n    return function(value)\n```",
            Self::Helper | Self::Tolerance => "```python\ndef apply(value):\n    return value\n```",
            Self::Programs => "```python\na, b = map(int, input().split())\nprint(a + b)\n```",
            Self::Calls => "```python\nclass Solution:\n    def two(self, a, b):\n        return [a, b]\n```",
        }
    }
}

fn cases(file: &str) -> Vec<Case> {
    #[derive(Deserialize)]
    struct File {
        case: Vec<Case>,
    }
    let text = std::fs::read_to_string(checkout().join("tests/python").join(file)).unwrap();
    toml::from_str::<File>(&text).unwrap().case
}

fn item(answer: &str, metadata: &Value) -> Item {
    Item {
        prompt: String::new(),
        raw_output: answer.into(),
        ground_truth: String::new(),
        metadata: metadata.to_string(),
    }
}

fn options() -> CallOptions {
    CallOptions {
        limits: Limits { run_fuel: RUN_FUEL, memory_bytes: 256 << 20, ..Limits::default() },
        ..CallOptions::default()
    }
}

/// The evaluator, compiled once for all tests of this file.
fn evaluator() -> &'static EvaluatorPlugin {
    static LOADED: OnceLock<EvaluatorPlugin> = OnceLock::new();
    LOADED.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        EvaluatorPlugin::load(&support::sandbox(cache.path(), Limits::default()), &component("python-tests")).unwrap()
    })
}

/// Scores every item by itself, on so many threads.
fn score(items: &[(Item, &str)], threads: usize) -> Vec<Outcome> {
    score_with_fuel(items, threads).into_iter().map(|(outcome, _)| outcome).collect()
}

fn score_with_fuel(items: &[(Item, &str)], threads: usize) -> Vec<(Outcome, u64)> {
    let (plugin, options) = (evaluator(), options());
    let next = AtomicUsize::new(0);
    let scored = Mutex::new(vec![None; items.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                on_plugin_thread(options.limits.stack_bytes, |thread| {
                    while let Some((at, (item, config))) = {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        items.get(at).map(|item| (at, item))
                    } {
                        let called = plugin.score_one(item, &[], config, &options, thread);
                        scored.lock().unwrap()[at] = Some((called.result.unwrap(), called.fuel));
                    }
                })
                .unwrap();
            });
        }
    });
    scored.into_inner().unwrap().into_iter().map(Option::unwrap).collect()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[test]
fn answers_that_cheat_or_do_harm_get_nothing_and_do_not_touch_the_next() {
    let cases = cases("hostile.toml");
    assert!(cases.len() >= 100, "{} answers", cases.len());
    let items: Vec<_> = cases
        .iter()
        .flat_map(|case| {
            let answers = [case.answer.as_str(), case.style.honest()];
            answers.map(|answer| (item(answer, &case.style.metadata()), case.style.config()))
        })
        .collect();
    let outcomes = score(&items, cores());
    let mut wrong = Vec::new();
    for (case, pair) in cases.iter().zip(outcomes.chunks(2)) {
        let reason = case.reason.as_deref().unwrap();
        let said = pair[0].explanation.as_deref().unwrap_or_default();
        if pair[0].score != Some(0.0) || reason.is_empty() || !said.starts_with(reason) {
            wrong.push(format!("{}: {:?}, {said}; not: {reason}", case.name, pair[0].score));
        }
        if pair[1].score != Some(1.0) {
            wrong.push(format!("an honest answer after {}: {:?}", case.name, pair[1]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Again, one after the other: the same to the letter. What takes as long as it may is seen once.
    let (short, before): (Vec<_>, Vec<_>) = items
        .into_iter()
        .zip(outcomes)
        .filter(|(_, outcome)| outcome.explanation.as_ref().is_none_or(|why| !why.starts_with("stopped")))
        .unzip();
    assert_eq!(score(&short, 1), before);
}

#[test]
fn more_answers_at_a_time_than_there_is_room_for_are_graded_all_the_same() {
    // Ready-made instances are few for each core; the rest are made anew.
    let (wrong, right) = ("```python\ndef add(a, b):\n    return a\n```", Style::Asserts.honest());
    let items: Vec<_> = [right, wrong]
        .into_iter()
        .cycle()
        .take(24 * cores())
        .map(|answer| (item(answer, &Style::Asserts.metadata()), Style::Asserts.config()))
        .collect();
    let alone = score_with_fuel(&items[..2], 1);
    assert_eq!([&alone[0], &alone[1]].map(|(outcome, _)| outcome.score), [Some(1.0), Some(0.0)]);
    for (at, together) in score_with_fuel(&items, 8 * cores()).iter().enumerate() {
        assert_eq!(together, &alone[at % 2], "item {at}");
    }
}

#[test]
fn honest_answers_get_their_score_whatever_of_the_library_they_use() {
    let cases = cases("honest.toml");
    let items: Vec<_> =
        cases.iter().map(|case| (item(&case.answer, &case.style.metadata()), case.style.config())).collect();
    for (case, outcome) in cases.iter().zip(score(&items, cores())) {
        assert_eq!(outcome.score, Some(1.0), "{}: {outcome:?}", case.name);
    }
}

#[test]
fn programs_read_and_write_as_programs_do() {
    let programs = [
        "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
        "import sys\ninput = sys.stdin.readline\na, b = map(int, input().split())\nprint(a + b)",
        "import sys\ndata = sys.stdin.buffer.read().split()\nsys.stdout.buffer.write(b'%d' % (int(data[0]) + int(data[1])))",
        "print(sum(map(int, open(0).read().split())))",
        "import sys\nfor line in sys.stdin:\n    print(sum(map(int, line.split())))\nsys.exit()",
        "def main():\n    a, b = map(int, input().split())\n    sys.stdout.write(f'{a + b}\\n')\nimport sys\nmain()",
        "a, b = map(int, input().split())\nprint(a + b, end='')\nexit(0)",
    ];
    let metadata = Style::Programs.metadata();
    for mode in ["fixed", "compat"] {
        let config = format!(r#"{{"mode":"{mode}","style":"programs"}}"#);
        let items: Vec<_> = programs
            .iter()
            .map(|program| (item(&format!("```python\n{program}\n```"), &metadata), config.as_str()))
            .collect();
        for (program, outcome) in programs.iter().zip(score(&items, cores())) {
            assert_eq!(outcome.score, Some(1.0), "{mode}: {program}: {outcome:?}");
        }
    }
}

#[test]
fn what_cannot_be_run_is_not_called_wrong() {
    let metadata = Style::Asserts.metadata();
    let cases = [
        (
            "```python\nimport numpy as np\ndef add(a, b):\n    return np.add(a, b)\n```",
            metadata.clone(),
            "cannot run it: there is no `numpy` in the sandbox",
        ),
        (
            "```python\ndef add(a, b):\n    return np.add(a, b)\n```",
            metadata.clone(),
            "cannot run it: there is no `np` in the sandbox",
        ),
        ("```python\ndef add(a, b):\n    return 0\n```", json!({}), "`metadata` has no `test_list`"),
        ("x = 1", json!({ "test_list": ["assert ("] }), "a test is no Python: '(' was never closed"),
        ("x = 1", json!({ "test_list": [] }), "`metadata` has no `test_list`"),
        ("x = 1", json!({ "test_list": [1] }), "`metadata` has no `test_list`"),
    ];
    let items: Vec<_> =
        cases.iter().map(|(answer, metadata, _)| (item(answer, metadata), Style::Asserts.config())).collect();
    for ((answer, _, reason), outcome) in cases.iter().zip(score(&items, cores())) {
        assert_eq!((outcome.score, outcome.explanation.as_deref()), (None, Some(*reason)), "{answer}");
    }
}

#[test]
fn it_says_what_it_is_and_refuses_what_it_does_not_know() {
    let (plugin, options) = (evaluator(), options());
    on_plugin_thread(options.limits.stack_bytes, |thread| {
        let said = plugin.describe(&options, thread).result.unwrap();
        assert_eq!((said.name.as_str(), said.per_item, said.needs_judge), ("python-tests", true, false));
        let manifest = checkout().join("plugins/evaluators/python-tests/pyproject.toml");
        let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
        assert_eq!(manifest["project"]["version"].as_str(), Some(said.version.as_str()));
        serde_json::from_str::<Value>(&said.config_schema).unwrap();

        for (config, words) in [
            (r#"{"colour":1}"#, "unknown key `colour`, expected `mode` or `style`"),
            (r#"{"mode":"strict"}"#, "`mode` must be one of fixed, compat, found: \"strict\""),
            (r#"{"style":7}"#, "`style` must be one of check, asserts, programs, found: 7"),
        ] {
            let error = plugin.score(&[], &[], config, &options, thread).result.unwrap_err();
            assert!(
                matches!(&error, CallError::Refused(Refusal::InvalidConfig(said)) if said == words),
                "{config}: {error}"
            );
        }
        let two = [(), ()].map(|()| item("x = 1", &Style::Asserts.metadata()));
        let error = plugin.score(&two, &[], Style::Asserts.config(), &options, thread).result.unwrap_err();
        assert!(matches!(error, CallError::Refused(Refusal::Unsupported(_))), "{error}");
    })
    .unwrap();
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn the_evaluators_own_tests_pass_in_a_python_of_this_machine() {
    let installed = checkout().join("target/python/bin/python");
    let program = if installed.is_file() { installed } else { "python3".into() };
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 11))";
    if !Command::new(&program).args(["-c", new_enough]).status().is_ok_and(|status| status.success()) {
        eprintln!("the_evaluators_own_tests_pass_in_a_python_of_this_machine: skipped, no Python 3.11 or newer");
        return;
    }
    let output = Command::new(&program)
        .args(["-B", "-W", "ignore", "-m", "unittest", "discover", "tests"])
        .current_dir(checkout().join("plugins/evaluators/python-tests"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
