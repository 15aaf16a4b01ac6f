//! The evaluators that ship with routerlab, in the sandbox: the published verdicts in both modes, and outcomes that depend
//! on nothing but the item.

use std::collections::{BTreeMap, BTreeSet};

use routerlab_plugin::{
    CallOptions, EvaluatorPlugin, Item, Limits, OnPluginThread, Outcome, Sandbox, on_plugin_thread,
};
use routerlab_records::definition::{DatasetDefinition, Mode};
use routerlab_sdk::testing::OddTexts;
use serde::Deserialize;
use serde_json::{Map, Value, json};

mod support;
use support::{Scratch, checkout, component, sandbox, shared};

const MODES: [Mode; 2] = [Mode::Compat, Mode::Fixed];

/// Datasets without a definition, because their prompts need more than text or their runs more than a sandbox: who scores
/// what others collected.
const UNDEFINED: [(&str, &str, &str); 3] = [
    ("sfe", "judge-verdict", r#"{"form":"mark"}"#),
    ("sgibench-dryexperiment", "experiment-runs", "{}"),
    ("sgibench-ideageneration", "idea-review", "{}"),
];

/// Scored by the harnesses that run them; their rules are tested where their results are imported.
const BY_HARNESS: [&str; 2] = ["swe-bench", "tau2"];

/// Who scores a dataset, and with which settings.
fn evaluator_of(dataset: &str) -> (String, Map<String, Value>) {
    if let Some((_, name, config)) = UNDEFINED.iter().find(|(id, ..)| *id == dataset) {
        return ((*name).to_owned(), serde_json::from_str(config).unwrap());
    }
    let definition = DatasetDefinition::read(&checkout().join(format!("datasets/{dataset}.toml"))).unwrap();
    let entry = definition.evaluator.first().unwrap_or_else(|| panic!("{dataset} has no evaluator"));
    assert_eq!(entry.modes, [Mode::Fixed, Mode::Compat], "{dataset}");
    (entry.name.to_string(), entry.config.clone())
}

/// One published verdict.
#[derive(Debug, Deserialize)]
struct Vector {
    dataset: String,
    case: String,
    prediction: String,
    ground_truth: Value,
    metadata: Map<String, Value>,
    expected_score: Option<f64>,
    extracted: Value,
}

impl Vector {
    fn item(&self) -> Item {
        let about = ["ideal_score", "confirmed", "note", "judge_outputs", "judge_votes"];
        let metadata = self.metadata.iter().filter(|(key, _)| !about.contains(&key.as_str()));
        let ground_truth = match &self.ground_truth {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Item {
            prompt: String::new(),
            raw_output: self.prediction.clone(),
            ground_truth,
            metadata: Value::Object(metadata.map(|(key, value)| (key.clone(), value.clone())).collect()).to_string(),
        }
    }

    /// What the judge said, as many replies as there are questions: the published lists leave out what was not asked.
    fn replies(&self, questions: usize) -> Vec<String> {
        let said = ["judge_outputs", "judge_votes"].iter().find_map(|key| self.metadata.get(*key)?.as_array());
        let said = said.into_iter().flatten().map(|reply| reply.as_str().unwrap_or_default().to_owned());
        said.chain(std::iter::repeat(String::new())).take(questions).collect()
    }

    /// Whether the answer that was found is the published one. Programs are printed anew by the reference, and mathematics
    /// is not compared; labels and fields are published as JSON.
    fn found(&self, mode: Mode, prediction: Option<&str>) -> bool {
        let as_json =
            || prediction.is_none_or(|text| serde_json::from_str(text).ok().as_ref() == Some(&self.extracted));
        match (self.dataset.as_str(), &self.extracted) {
            ("humaneval" | "mbpp" | "livecodebench" | "studenteval", _) => true,
            ("aime" | "math500" | "livemathbench" | "bbh" | "finqa", _) => true,
            ("arenahard", _) => as_json(),
            (_, Value::Object(_)) if mode == Mode::Compat => as_json(),
            (_, Value::String(text)) if mode == Mode::Compat => prediction.unwrap_or_default() == text,
            _ => true,
        }
    }

    fn expected(&self, mode: Mode) -> Option<f64> {
        let ideal = self.metadata.get("ideal_score").filter(|_| mode == Mode::Fixed);
        ideal.map_or(self.expected_score, Value::as_f64)
    }
}

fn with_mode(config: &Map<String, Value>, mode: Mode) -> String {
    let mut config = config.clone();
    config.insert("mode".to_owned(), mode.as_str().into());
    Value::Object(config).to_string()
}

fn load(sandbox: &Sandbox, name: &str) -> EvaluatorPlugin {
    EvaluatorPlugin::load(sandbox, &component(name)).unwrap()
}

fn options() -> CallOptions {
    CallOptions::default()
}

/// How many questions an evaluator has about an item.
fn questions(plugin: &EvaluatorPlugin, item: &Item, config: &str, thread: &OnPluginThread) -> usize {
    plugin.judge_requests(std::slice::from_ref(item), config, &options(), thread).result.unwrap().len()
}

/// A verdict that is not met, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unmet {
    dataset: String,
    case: String,
    mode: String,
    #[allow(dead_code, reason = "for the reader of the file, and it must be there")]
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnmetFile {
    #[serde(default)]
    unmet: Vec<Unmet>,
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn every_published_verdict_is_met_in_both_modes_but_for_those_that_are_listed() {
    let Some(folder) = shared("spec/evaluator_vectors.jsonl") else {
        eprintln!(
            "skipped: there are no published verdicts (`shared/spec/evaluator_vectors.jsonl`) beside the checkout"
        );
        return;
    };
    let text = std::fs::read_to_string(folder.join("spec/evaluator_vectors.jsonl")).unwrap();
    let vectors: Vec<Vector> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(vectors.len(), 363);
    let scratch = Scratch::new();
    let sandbox = sandbox(&scratch.path("cache"), Limits::default());
    let mut by_dataset: BTreeMap<&str, Vec<&Vector>> = BTreeMap::new();
    for vector in vectors.iter().filter(|vector| !BY_HARNESS.contains(&vector.dataset.as_str())) {
        by_dataset.entry(&vector.dataset).or_default().push(vector);
    }
    let mut missed = Vec::new();
    for (dataset, vectors) in by_dataset {
        let (name, config) = evaluator_of(dataset);
        let plugin = load(&sandbox, &name);
        on_plugin_thread(Limits::default().stack_bytes, |thread| {
            let said = plugin.describe(&options(), thread).result.unwrap();
            for (mode, vector) in MODES.iter().flat_map(|mode| vectors.iter().map(move |vector| (*mode, vector))) {
                let (item, config) = (vector.item(), with_mode(&config, mode));
                let asked = questions(&plugin, &item, &config, thread);
                if dataset == "sgibench-dryexperiment" {
                    let recorded = vector.metadata["judge_outputs"].as_array().unwrap().len();
                    assert_eq!(asked, recorded, "{}: every recorded reply answers one question", vector.case);
                }
                let replies = vector.replies(asked);
                // What ends a program that a model wrote is a wrong answer of the model.
                let scored = if said.per_item {
                    plugin.score_one(&item, &replies, &config, &options(), thread).result
                } else {
                    let one = plugin.score(&[item], &replies, &config, &options(), thread).result;
                    one.map(|mut outcomes| outcomes.remove(0))
                };
                let score = scored.as_ref().ok().and_then(|outcome| outcome.score);
                let same = match (score, vector.expected(mode)) {
                    (Some(score), Some(expected)) => (score - expected).abs() < 1e-9,
                    (score, expected) => score == expected,
                };
                let found = scored.as_ref().is_ok_and(|outcome| vector.found(mode, outcome.prediction.as_deref()));
                if !same || !found {
                    let mode = mode.as_str();
                    missed.push(((dataset.to_owned(), vector.case.clone(), mode.to_owned()), format!("{scored:?}")));
                }
            }
        })
        .unwrap();
    }
    let listed: UnmetFile =
        toml::from_str(&std::fs::read_to_string(checkout().join("tests/unmet_verdicts.toml")).unwrap()).unwrap();
    let key = |unmet: &Unmet| (unmet.dataset.clone(), unmet.case.clone(), unmet.mode.clone());
    let listed: BTreeSet<_> = listed.unmet.iter().map(key).collect();
    let found: BTreeSet<_> = missed.iter().map(|(key, _)| key.clone()).collect();
    let new: Vec<_> = missed.iter().filter(|(key, _)| !listed.contains(key)).collect();
    assert!(new.is_empty(), "{} verdicts are not met:\n{new:#?}", new.len());
    assert_eq!(found, listed, "what is met must not be listed in tests/unmet_verdicts.toml");
    let cases: BTreeSet<_> = listed.iter().map(|(dataset, case, _)| (dataset, case)).collect();
    assert!(cases.len() <= 5, "{} cases are listed", cases.len());
}

/// What evaluators look for, and what stands round it.
const PIECES: [&str; 64] = [
    "Answer:",
    "answer: ",
    "**Answer:** ",
    "Final Answer",
    "\n",
    "\n\n",
    " ",
    "A",
    "(B)",
    "c",
    "I think",
    "D.",
    "\\boxed{",
    "\\boxed{\\text{",
    "}",
    "}}",
    "\\frac{1}{2}",
    "\\frac",
    "{",
    "\\sqrt[3]{8}",
    "^",
    "^{12}",
    "x+1",
    "9^9^9^9",
    "1,234",
    "0.5",
    "-5",
    "50\\%",
    "\\$",
    "\\pi",
    "(2,5]",
    "[[",
    "]]",
    "[[1,0],[0,1]]",
    "[",
    "CONCLUSION:",
    "(1) Emma is a knight",
    "(2) Liam: knave",
    "if",
    "correct: yes",
    "correct: no",
    "[[A>>B]]",
    "[[B>A]]",
    "[[A=B]]",
    "<grade>CORRECT</grade>",
    "<answer>",
    "</answer>",
    "7.5",
    "8/10",
    "<think>",
    "</think>",
    "```python\n",
    "```",
    "é",
    "日本",
    "：",
    "\u{1f600}",
    "\t",
    "a = <Add>(\n    x=\"1\"\n)",
    "{\"judge\":\"correct\"}",
    "\\left(",
    "\\right)",
    "≥2",
    "\u{0}",
];

/// One row for each evaluator and setting that ships.
fn all_evaluators() -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("exact-match", json!({})),
        ("number", json!({})),
        ("multiple-choice", json!({})),
        ("json-keys", json!({})),
    ];
    let both = [
        ("labelled-letter", json!({ "last": "G" })),
        ("boxed-math", json!({ "extract": "boxed", "integer_fallback": true })),
        ("boxed-math", json!({ "extract": "answer-line" })),
        ("boxed-math", json!({ "extract": "box", "rounded": true })),
        ("identities", json!({})),
        ("grids", json!({})),
        ("double-brackets", json!({})),
        ("judge-verdict", json!({ "form": "yes-no" })),
        ("judge-verdict", json!({ "form": "grade-letter" })),
        ("judge-verdict", json!({ "form": "xml-grade" })),
        ("judge-verdict", json!({ "form": "mark" })),
        ("judge-pairwise", json!({})),
        ("tagged-answer", json!({})),
        ("protocol-steps", json!({})),
        ("experiment-runs", json!({})),
        ("idea-review", json!({})),
    ];
    for mode in MODES {
        for (name, config) in &both {
            let mut config = config.clone();
            config["mode"] = mode.as_str().into();
            all.push((*name, config));
        }
    }
    all
}

#[test]
fn every_evaluator_that_ships_is_tested_here() {
    let here: BTreeSet<&str> = all_evaluators().iter().map(|(name, _)| *name).collect();
    for entry in std::fs::read_dir(checkout().join("plugins/evaluators")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The programs that models wrote have a test of their own.
        assert!(name == "python-tests" || here.contains(name.as_str()), "{name} is missing in `all_evaluators`");
    }
}

fn random_items(seed: u64, count: usize) -> Vec<Item> {
    let mut odd = OddTexts::new(seed);
    let kinds = ["cipher", "operation", "puzzle", "logic"];
    let item = |odd: &mut OddTexts| Item {
        prompt: odd.text(&PIECES, 4),
        raw_output: odd.text(&PIECES, 24),
        ground_truth: odd.text(&PIECES, 4),
        metadata: json!({
            "question_type": kinds[odd.below(4)], "rule_id": odd.below(26).to_string(),
            "idx": odd.below(260).to_string(), "category": "hard_prompt", "question": odd.text(&PIECES, 3),
            "options": ["one", "two", "three"],
        })
        .to_string(),
    };
    (0..count).map(|_| item(&mut odd)).collect()
}

#[test]
fn outcomes_depend_on_nothing_but_the_item_and_every_item_ends_within_its_fuel() {
    let scratch = Scratch::new();
    let sandbox = sandbox(&scratch.path("cache"), Limits::default());
    let items = random_items(1, 300);
    let replies: Vec<String> = {
        let mut odd = OddTexts::new(77);
        (0..items.len()).map(|_| odd.text(&PIECES, 8)).collect()
    };
    // An order that has nothing to do with the first one.
    let shuffled: Vec<usize> = (0..items.len()).map(|at| (at * 187 + 41) % items.len()).collect();
    assert_eq!(shuffled.iter().collect::<BTreeSet<_>>().len(), items.len());
    for (name, config) in all_evaluators() {
        let plugin = load(&sandbox, name);
        let config = config.to_string();
        // Every question about an item gets the item's own reply.
        let in_order = |order: &[usize], batch: usize, thread: &OnPluginThread| {
            let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
            for places in order.chunks(batch) {
                let batch: Vec<Item> = places.iter().map(|at| items[*at].clone()).collect();
                let asked = plugin.judge_requests(&batch, &config, &options(), thread).result.unwrap();
                let said = asked.iter().map(|question| replies[places[question.item as usize]].clone());
                let said: Vec<String> = said.collect();
                let scored = plugin.score(&batch, &said, &config, &options(), thread).result;
                let scored = scored.unwrap_or_else(|error| panic!("{name} {config}: {error}"));
                outcomes.extend(places.iter().copied().zip(scored));
            }
            outcomes
        };
        let plain: Vec<usize> = (0..items.len()).collect();
        let stack = Limits::default().stack_bytes;
        let expected = on_plugin_thread(stack, |thread| in_order(&plain, 300, thread)).unwrap();
        assert_eq!(expected.len(), items.len());
        std::thread::scope(|scope| {
            // At the same time, each on a thread of its own.
            let runs = [(&plain, 1), (&shuffled, 7), (&shuffled, 300)].map(|(order, batch)| {
                scope.spawn(move || on_plugin_thread(stack, |thread| in_order(order, batch, thread)).unwrap())
            });
            for run in runs {
                assert_eq!(run.join().unwrap(), expected, "{name} {config}");
            }
        });
    }
}

#[test]
fn every_evaluator_says_what_it_may_be_told() {
    let scratch = Scratch::new();
    let sandbox = sandbox(&scratch.path("cache"), Limits::default());
    for (name, _) in all_evaluators() {
        let plugin = load(&sandbox, name);
        let (said, refused) = on_plugin_thread(Limits::default().stack_bytes, |thread| {
            let refused = plugin.score(&[], &[], r#"{"colour":1}"#, &options(), thread).result;
            (plugin.describe(&options(), thread).result.unwrap(), refused.unwrap_err().to_string())
        })
        .unwrap();
        assert_eq!(said.name, name);
        assert!(refused.contains("`colour`"), "{name}: {refused}");
    }
}
