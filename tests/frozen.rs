//! Components that were built when a version of the contract was released load and answer as they did then.

use std::path::{Path, PathBuf};

use routerlab_plugin::{
    CallOptions, EvaluatorPlugin, Item, JudgeRequest, Limits, Outcome, Preference, Replay, Role, RouterPlugin, Sandbox,
    on_plugin_thread,
};

mod support;
use support::{checkout, planted};

/// Every released version.
fn versions() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(checkout().join("wit/frozen")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

fn since_0_1_1(version: &Path) -> bool {
    !version.ends_with("0.1.0")
}

fn sandbox(cache: &Path) -> Sandbox {
    support::sandbox(cache, Limits::default())
}

/// Text as the golden router logs it, whose numbers come from the host's kernels and so have the same bits everywhere.
const TRAINED: &str = "info: rows 60 prompts [\"question 0\", \"question 1\"] tokens [2, 2] width 8 embeddings [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0] bytes 32 matrix 60 x 8\n\
info: queries 60 models [\"a None None None\", \"b None None None\", \"c None None None\"] groups [0, 1] scores [0.0, 1.0, 0.0] costs [0.001, 0.001, 0.001] latencies [10.0, 10.0, 10.0] tokens [5.0, 5.0, 5.0] answers [\"\"] true\n\
info: queries 60 models [\"a None None None\", \"b None None None\", \"c None None None\"] groups [0, 1] scores [0.0, 1.0, 0.0] costs [0.001, 0.001, 0.001] latencies [10.0, 10.0, 10.0] tokens [5.0, 5.0, 5.0] answers [\"\"] true\n\
debug: unit [0.4472136, 0.8944272] product [-1.0, 1.0, 1.25, 1.0, 19.0, -1.0, 21.25, -1.0] [2.0, 2.5, 2.0, 2.5] found [(2, [3, 2, 0, 1], [0.0, 0.25, 0.0, 0.25]), (2, [3, 2, 0, 1], [0.0, 0.00034606457, 0.0, 0.10557282]), (2, [3, 2, 0, 1], [-21.25, -19.0, -1.0, -1.0])] clusters [1, 1, 0, 0] 0.25 2 ridge [0.8020833, -0.35416666, 1.4427084] pca [2.25, 0.0] [0.89663553, -0.4427694] [6.7334986]\n";

#[test]
fn a_golden_router_trains_and_routes_as_it_did() {
    let cache = tempfile::tempdir().unwrap();
    let (sandbox, options, data) = (sandbox(cache.path()), CallOptions::default(), planted());
    for version in versions() {
        let plugin = RouterPlugin::load(&sandbox, &version.join("router.wasm")).unwrap();
        on_plugin_thread(Limits::default().stack_bytes, |thread| {
            let said = plugin.describe(&options, thread).result.unwrap();
            assert_eq!((said.name.as_str(), said.version.as_str(), said.cost_aware), ("golden", "1.0.0", true));
            assert!(said.needs_prompts && said.needs_embeddings);

            let trained = plugin.train(&said, (&data, &data), "{}", 42, &options, thread);
            let state = trained.result.unwrap();
            // 0.1.1 shows the groups of queries to a router that names them.
            let groups = if since_0_1_1(&version) { " groups [0, 1]" } else { "" };
            assert_eq!(trained.log, TRAINED.replace(" matrix 60 x 8\n", &format!(" matrix 60 x 8{groups}\n")));
            assert_eq!((&*state.bytes, state.matrices.len(), state.models), (&[7, 8, 9][..], 1, 3));
            for (config, refusal) in [
                ("unsupported", "refused: unsupported: u"),
                ("malformed", "refused: malformed input: m"),
                ("other", "refused: o"),
                ("{\"a\":1}", "refused: invalid configuration: c"),
            ] {
                let refused = plugin.train(&said, (&data, &data), config, 42, &options, thread).result.unwrap_err();
                assert_eq!(refused.to_string(), refusal);
            }

            let mut router = plugin.start(&said, &state, &options, thread).result.unwrap();
            let wishes = [
                Preference::default(),
                Preference { cost_weight: 2.0, latency_weight: 0.5 },
            ];
            let routed = router.route(&data.queries.batch(10, 2), None, &wishes, &[0], thread);
            let decisions = routed.result.unwrap();
            let answers: Vec<_> = decisions.iter().map(|d| (d.choices.clone(), d.utilities.clone().unwrap())).collect();
            assert_eq!(answers, [(vec![1, 1], vec![0.0; 6]), (vec![1, 1], vec![2.5; 6])]);
            let expected = "warn: rows 2 prompts [\"question 10\", \"question 11\"] tokens [2, 2] width 8 embeddings [1.0, 1.0, 1.0, 1.0, 0.016666668, 0.016666668, 0.016666668, 0.016666668] bytes 32 matrix 2 x 8";
            let expected = format!("{expected}{groups}\n");
            assert!(routed.log.starts_with(&expected), "{}", routed.log);
        })
        .unwrap();
    }
}

#[test]
fn a_golden_evaluator_scores_as_it_did() {
    let cache = tempfile::tempdir().unwrap();
    let (sandbox, options) = (sandbox(cache.path()), CallOptions::default());
    let item = |raw_output: &str, ground_truth: &str| Item {
        prompt: "p".into(),
        raw_output: raw_output.into(),
        ground_truth: ground_truth.into(),
        metadata: "{}".into(),
    };
    let items = [item("a", "a"), item("b", "a"), item("c", "")];
    for version in versions() {
        let plugin = EvaluatorPlugin::load(&sandbox, &version.join("evaluator.wasm")).unwrap();
        on_plugin_thread(Limits::default().stack_bytes, |thread| {
            let said = plugin.describe(&options, thread).result.unwrap();
            assert!(said.needs_judge && said.per_item && said.name == "golden");
            let asked = plugin.judge_requests(&items, "{}", &options, thread).result.unwrap();
            assert_eq!(asked, [JudgeRequest { item: 2, prompt: "p".into() }]);
            let scored = plugin.score(&items, &["yes".into()], "{}", &options, thread);
            let outcome = |score, prediction: Option<&str>, explanation: &str| Outcome {
                score,
                prediction: prediction.map(str::to_owned),
                explanation: Some(explanation.into()),
            };
            let expected =
                [outcome(Some(1.0), Some("a"), "{}"), outcome(Some(0.25), Some("b"), "{}"), outcome(None, None, "yes")];
            assert_eq!(scored.result.unwrap(), expected);
            assert_eq!(scored.log, "debug: d\ninfo: i\nwarn: w\nerror: e\n");
            let refused = plugin.score(&items, &[], "{\"a\":1}", &options, thread).result.unwrap_err();
            assert_eq!(refused.to_string(), "refused: invalid configuration: there is nothing to set");
        })
        .unwrap();
    }
}

#[test]
fn a_golden_sequential_router_is_asked_step_by_step() {
    let cache = tempfile::tempdir().unwrap();
    let (sandbox, options, data) = (sandbox(cache.path()), CallOptions::default(), planted());
    for version in versions() {
        let plugin = RouterPlugin::load(&sandbox, &version.join("sequential-router.wasm")).unwrap();
        assert_eq!(plugin.role(), Role::SequentialRouter);
        on_plugin_thread(Limits::default().stack_bytes, |thread| {
            let said = plugin.describe(&options, thread).result.unwrap();
            assert!(said.needs_answers && said.needs_prompts && !said.cost_aware);
            let trained = plugin.train(&said, (&data, &data), "{}", 42, &options, thread);
            assert_eq!(trained.log, "info: 60 42 [\"0\"]\n");
            let mut router = plugin.start(&said, &trained.result.unwrap(), &options, thread).result.unwrap();
            let replay = Replay {
                answers: data.answers.clone(),
                models: 3,
                costs_usd: vec![0.5; 180].into(),
                latencies_ms: vec![2.0; 180].into(),
                first_row: 0,
            };
            // The first model answers its place in the table: two digits up to row 33, then three, which are enough.
            let (queries, replay) = (data.queries.batch(33, 2), replay.skip(33));
            let routed = router.route(&queries, Some(&replay), &[Preference::default()], &[], thread);
            let decisions = routed.result.unwrap().remove(0);
            assert_eq!(decisions.choices, [1, 0]);
            assert_eq!(decisions.attempts, Some(vec![vec![0, 1], vec![0]]));
            let expected = "info: 1 [] 0 []\ninfo: 1 [(0, 2, 0, 0.5, 2.0)] 0 []\n\
                            info: 1 [(0, 2, 0, 0.5, 2.0), (1, 3, 0, 0.5, 2.0)] 0 []\n\
                            info: 1 [] 0 []\ninfo: 1 [(0, 3, 0, 0.5, 2.0)] 0 []\n";
            assert_eq!(routed.log, expected);
            // Without anything to replay models answer nothing, at an unknown cost.
            let routed = router.route(&queries, None, &[Preference::default()], &[], thread);
            assert!(routed.log.contains("[(0, 0, 0, NaN, NaN)]"), "{}", routed.log);
        })
        .unwrap();
    }
}
