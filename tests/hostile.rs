//! Misbehaving plugins: each ends in its status, with a message, and costs nobody else anything.

use std::collections::{BTreeMap, BTreeSet};

use routerlab_records::CellStatus::{BrokeContract, Ok as Done, Refused, Stopped, Trapped};
use routerlab_records::{
    CellRow, CellStatus, CompletionRow, DecisionRow, MetricRow, ScoreRow, ScoreStatus, read_table,
};

mod support;
use support::{Scratch, cells, checkout, digests, experiment, good_routers, guest, recorded};

/// Limits under which nothing takes long; the routers that ship with routerlab live well within them.
const LIMITS: &str = "protocol.seeds = [42, 7]
protocol.batch_queries = 50
statistics.replicates = 100
[limits]
train_fuel = 20_000_000_000
load_fuel = 1_000_000_000
route_fuel = 1_000_000_000
route_fuel_per_query = 1_000_000
attempts = 4
memory_bytes = 67_108_864
host_bytes = 67_108_864
answer_bytes = 16_777_216
state_bytes = 1_048_576
";

/// How each hostile router ends under [`LIMITS`], and the exact words for it.
const ROUTERS: [(&str, CellStatus, &str); 36] = [
    ("loops_in_describe", Stopped, "describe: stopped at its fuel limit of 100000000 units (`limits.describe_fuel`)"),
    ("loops_in_train", Stopped, "train: stopped at its fuel limit of 20000000000 units (`limits.train_fuel`)"),
    ("loops_in_load", Stopped, "load: stopped at its fuel limit of 1000000000 units (`limits.load_fuel`)"),
    (
        "loops_in_route",
        Stopped,
        "route (validation): stopped at its fuel limit of 1050000000 units (`limits.route_fuel`)",
    ),
    ("grows_memory", Stopped, "train: stopped at its memory limit of 67108864 bytes (`limits.memory_bytes`)"),
    ("hoards_host_memory", Stopped, "train: stopped at its host memory limit of 67108864 bytes (`limits.host_bytes`)"),
    (
        "needs_a_huge_workspace",
        Stopped,
        "train: stopped at its host memory limit of 67108864 bytes (`limits.host_bytes`)",
    ),
    ("hoards_handles", Stopped, "train: stopped at its handle limit of 4096 handles (`limits.handles`)"),
    ("overworks_kernels", Stopped, "train: stopped at its fuel limit of 20000000000 units (`limits.train_fuel`)"),
    ("recurses", Stopped, "route (validation): stopped at its stack limit of 1048576 bytes (`limits.stack_bytes`)"),
    (
        "answers_endlessly",
        Stopped,
        "route (validation): stopped at its answer limit of 16777216 bytes (`limits.answer_bytes`)",
    ),
    ("leaves_too_much", Stopped, "train: stopped at its state limit of 1048576 bytes (`limits.state_bytes`)"),
    ("panics", Trapped, "route (validation): trapped: panicked at"),
    ("trusts_garbage", Trapped, "load: trapped: panicked at"),
    ("leaves_garbage", Refused, "load: refused: malformed input: the state was not written by `sense/1`"),
    (
        "wants_answers_at_once",
        Refused,
        "describe: the router needs what models answered, which only sequential routers are shown",
    ),
    (
        "misuses_kernels",
        BrokeContract,
        "train: broke its contract: `kmeans` needs finite numbers, but the matrix has at row 1, column 0: NaN",
    ),
    (
        "names_itself_badly",
        BrokeContract,
        "describe: broke its contract: describes itself by the name \"\\u{1b}[32mBest Router\"; a name has 1 to 64 of a-z, 0-9 and `-`",
    ),
    (
        "answers_nan",
        BrokeContract,
        "route (validation): broke its contract: answered a utility of NaN for query 3 and model 2; utilities must be finite",
    ),
    (
        "answers_infinity",
        BrokeContract,
        "route (validation): broke its contract: answered a utility of inf for query 0 and model 4; utilities must be finite",
    ),
    (
        "answers_another_shape",
        BrokeContract,
        "route (validation): broke its contract: answered utilities of 50 x 7, but there are 50 queries x 5 models",
    ),
    (
        "picks_unknown_model",
        BrokeContract,
        "route (validation): broke its contract: chose model 5 for query 0, but the pool has 5 models (0 to 4)",
    ),
    ("answers_short", BrokeContract, "route (validation): broke its contract: answered 49 choices for 50 queries"),
    ("answers_long", BrokeContract, "route (validation): broke its contract: answered 51 choices for 50 queries"),
    ("answers_once", BrokeContract, "route (validation): broke its contract: answered 1 decisions for 41 preferences"),
    (
        "opens_a_clock",
        BrokeContract,
        "imports `wasi:clocks/monotonic-clock@0.2.0`, which is not granted: a plugin has no files, clock, network or randomness; build it for wasm32-unknown-unknown, or with WASI stubbed out",
    ),
    (
        "changes_its_mind",
        BrokeContract,
        "route (validation): broke its contract: answered some utilities for this batch and none for an earlier one",
    ),
    (
        "asks_for_ever",
        BrokeContract,
        "route (validation): broke its contract: asked another model for query 0, beyond its attempt limit of 4 attempts (`limits.attempts`)",
    ),
    ("asks_twice", BrokeContract, "route (validation): broke its contract: asked model 3 twice for query 0"),
    (
        "accepts_nothing",
        BrokeContract,
        "route (validation): broke its contract: accepted answer 0 to query 0, but has asked 0 models for one",
    ),
    (
        "loops_in_next",
        Stopped,
        "route (validation): stopped at its fuel limit of 1050000000 units (`limits.route_fuel`)",
    ),
    // These do nothing that ends them.
    ("spies_on_answers", Done, ""),
    ("wants_to_know_the_task", Done, ""),
    ("floods_log", Done, ""),
    ("remembers_training", Done, ""),
    ("spies", Done, ""),
];

/// The evaluators among the guests.
const EVALUATORS: [&str; 4] =
    ["trips_over_outputs", "asks_a_judge", "evaluator_loops_in_describe", "evaluator_uses_kernels"];

#[test]
fn every_guest_has_its_expected_end() {
    let files = std::fs::read_dir(checkout().join("tests/guests/examples")).unwrap();
    let guests: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let expected: BTreeSet<String> =
        ROUTERS.iter().map(|(name, ..)| *name).chain(EVALUATORS).map(str::to_owned).collect();
    assert_eq!(guests, expected);
}

#[test]
fn a_hostile_router_ends_in_its_status_and_costs_the_others_nothing() {
    let scratch = Scratch::new();
    scratch.starter();
    let seeds = "protocol.seeds = [42, 7]\nstatistics.replicates = 100\n";
    scratch.write("clean.toml", experiment("clean", "starter", seeds, good_routers()));
    scratch.done(["bench", "clean.toml", "--out", "clean"]);
    let undisturbed = digests(&scratch.run_below("clean"));
    assert_eq!(undisturbed.len(), 10, "five routers under two seeds");

    let names: Vec<String> = ROUTERS.iter().map(|(name, ..)| name.replace('_', "-")).collect();
    let hostile = ROUTERS.iter().zip(&names).map(|((file, ..), name)| (name.as_str(), guest(file)));
    scratch.write("hostile.toml", experiment("hostile", "starter", LIMITS, hostile.chain(good_routers())));
    let ran = scratch.routerlab(["bench", "hostile.toml", "--out", "hostile"]);
    assert_eq!(ran.code, Some(3), "a plugin broke its contract: {}", ran.stderr);
    let run = scratch.run_below("hostile");

    let all = cells(&run);
    assert_eq!(all.len(), 2 * (ROUTERS.len() + 5));
    for (file, status, message) in ROUTERS {
        let name = file.replace('_', "-");
        let mine: Vec<&CellRow> = all.iter().filter(|cell| cell.router.as_str() == name).collect();
        assert_eq!(mine.len(), 2, "{name}");
        for cell in mine {
            let detail = cell.detail.as_deref().unwrap_or_default();
            assert_eq!(cell.status, status, "{name}: {detail}");
            match status {
                // Where a panic happened, and which file is not ours to say.
                Trapped => assert!(detail.starts_with(message), "{name}: {detail}"),
                _ if file == "opens_a_clock" => assert!(detail.ends_with(message), "{name}: {detail}"),
                _ => assert_eq!(detail, message, "{name}"),
            }
            let plain = |text: &str| text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
            assert!(plain(detail) && plain(cell.log.as_deref().unwrap_or_default()), "{name}: {detail:?}");
            assert_eq!(cell.decisions_digest.is_some(), status == Done, "{name}");
            if status != Done {
                let line = format!("{name} (seed {}): {}: {detail}\n", cell.seed, cell.status.as_str());
                assert!(ran.stderr.contains(&line), "{line}is not in\n{}", ran.stderr);
            }
        }
        assert!(ran.stdout.contains(&name), "{name} is reported:\n{}", ran.stdout);
    }

    let mut beside = digests(&run);
    beside.retain(|(router, _), _| !names.contains(router));
    assert_eq!(beside, undisturbed, "the routers beside them decided what they decide alone");

    // The same again is taken from disk, failures and all.
    let again = scratch.routerlab(["bench", "hostile.toml", "--out", "hostile"]);
    assert_eq!((again.code, &again.stdout), (Some(3), &ran.stdout));

    let cell = |name: &str| all.iter().find(|cell| cell.router.as_str() == name && cell.seed == 42).unwrap();
    let log = cell("floods-log").log.clone().unwrap();
    assert!(log.starts_with("info: begin\n") && log.len() < 66_000, "{} bytes: {:.80}", log.len(), log);
    assert!(log.ends_with("(10000700 bytes over `limits.log_bytes` were not kept)\n"), "{}", &log[log.len() - 80..]);
    let panic = cell("panics").detail.clone().unwrap();
    assert!(panic.contains("out of ideas"), "{panic}");

    let decisions = read_table::<DecisionRow>(&run.join("decisions/remembers-training-42.parquet")).unwrap().rows;
    let models: BTreeSet<&str> = decisions.iter().map(|row| row.model.as_str()).collect();
    assert_eq!(models.len(), 1, "it found nothing of its training, in any batch");

    // Models are known by a number, datasets by another; that there are 5 and 8 is no secret.
    let log = cell("spies").log.clone().unwrap();
    let expected = "info: model model-0 None\ninfo: model model-1 None\ninfo: model model-2 None\ninfo: model model-3 None\n\
                    info: model model-4 None\ninfo: groups [0, 1, 2, 3, 4, 5, 6, 7]\n";
    assert_eq!(log, expected);

    // Who wants to know the dataset of each query gets it as a number, and has no rank.
    let told = cell("wants-to-know-the-task");
    let log = told.log.clone().unwrap();
    let groups: BTreeSet<&str> = log.lines().filter(|line| line.starts_with("info: group ")).collect();
    assert_eq!(groups.len(), 8, "{groups:?}");
    assert_eq!(told.unranked.as_deref(), Some("sees datasets"));
    assert!(all.iter().all(|cell| cell.unranked.is_some() == (cell.router == told.router)));
    let (_, outside) = ran.stdout.split_once("Outside the ranks").unwrap();
    let line = outside.lines().find(|line| line.trim_start().starts_with("wants-to-know-the-task")).unwrap();
    assert!(line.contains("sees datasets"), "{line}");
    assert!(ran.stdout.contains("\nsees datasets: told the dataset of each query"), "{}", ran.stdout);
    let metrics = read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows;
    let has = |router: &str, metric: &str| {
        let row = metrics.iter().find(|row| row.router.as_str() == router && row.metric.as_str() == metric);
        row.is_some_and(|row| row.value.is_some())
    };
    for metric in ["Rank", "MinDetectableDiffToRouters", "ParetoDist"] {
        assert!(!has("wants-to-know-the-task", metric) && has("knn", metric), "{metric}");
    }
    assert!(has("wants-to-know-the-task", "AvgAcc") && has("wants-to-know-the-task", "FuelPerQuery"));

    // Answers are the recorded ones, to one line for each.
    let recorded = read_table::<CompletionRow>(&scratch.path("starter/completions.parquet")).unwrap().rows;
    let recorded: BTreeSet<String> = recorded.iter().map(|row| format!("{:?}", row.raw_output)).collect();
    let log = cell("spies-on-answers").log.clone().unwrap();
    let said = |what: &str| log.lines().filter_map(move |line| line.strip_prefix(what)).collect::<Vec<_>>();
    assert_eq!(said("info: vectors "), ["false"]);
    let (trained, seen) = (said("info: trained "), said("info: seen "));
    assert!(trained.len() == 3 && seen.len() > 50, "{} {}", trained.len(), seen.len());
    for answer in trained.into_iter().chain(seen) {
        // The log takes line ends and escapes as they are written here.
        assert!(answer.len() > 2 && recorded.contains(answer), "{answer}");
    }
}

fn scores(scratch: &Scratch) -> BTreeMap<String, ScoreRow> {
    let rows = support::scores(&scratch.path("data"), "own");
    rows.into_iter().map(|row| (row.query_id.to_string(), row)).collect()
}

#[test]
fn a_completion_that_trips_the_evaluator_costs_no_other_completion_its_score() {
    let scratch = Scratch::new();
    recorded(&scratch, "trips_over_outputs", &["fine", "loop", "panic", "nan", "two", "none", "fine"]);
    let ran = scratch.routerlab(["score", "data", "--evaluators", "evaluators"]);
    assert_eq!(ran.code, Some(3), "an evaluator broke its contract: {}", ran.stderr);
    let scores = scores(&scratch);
    let expected = [
        ("d/test/1", Ok(Some(1.0)), ""),
        ("d/test/2", Err(()), "stopped at its fuel limit of 1100000000 units (`limits.score_fuel`)"),
        ("d/test/3", Err(()), "trapped: panicked at"),
        ("d/test/4", Err(()), "broke its contract: answered a score of NaN for item 0; scores lie between 0 and 1"),
        ("d/test/5", Err(()), "broke its contract: answered a score of 2 for item 0; scores lie between 0 and 1"),
        ("d/test/6", Ok(None), "nothing to go by"),
        ("d/test/7", Ok(Some(1.0)), ""),
    ];
    assert_eq!(scores.len(), expected.len());
    for (id, score, words) in expected {
        let row = &scores[id];
        let status = if score.is_ok() { ScoreStatus::Ok } else { ScoreStatus::Failed };
        assert_eq!((row.status, row.score), (status, score.unwrap_or(None)), "{id}: {:?}", row.explanation);
        let said = row.explanation.as_deref().unwrap_or_default();
        assert!(said.starts_with(words), "{id}: {said}");
        assert!(
            score.is_ok() || ran.stderr.contains(&format!("1 completions could not be scored: {words}")),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_completion_that_only_a_judge_could_score_stays_without_a_score() {
    let scratch = Scratch::new();
    recorded(&scratch, "asks_a_judge", &["short", "a long completion", "loop"]);
    let ran = scratch.routerlab(["score", "data", "--evaluators", "evaluators"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let scores = scores(&scratch);
    assert_eq!(scores["d/test/1"].score, Some(1.0), "{:?}", scores["d/test/1"]);
    let said = |id: &str| (scores[id].status, scores[id].score, scores[id].explanation.as_deref().unwrap_or_default());
    let asks = "1 questions to the judge have no recorded reply";
    assert_eq!(said("d/test/2"), (ScoreStatus::Unjudged, None, asks));
    let stopped = "stopped at its fuel limit of 1100000000 units (`limits.score_fuel`)";
    assert_eq!(said("d/test/3"), (ScoreStatus::Failed, None, stopped));
}

#[test]
fn an_evaluator_that_cannot_be_used_is_refused_before_anything_is_scored() {
    let cases = [
        (
            "evaluator_uses_kernels",
            3,
            "component `evaluators/evaluator_uses_kernels.wasm` imports `routerlab:plugin/kernels@0.1.1`, which is not granted: an evaluator may import `log` only",
        ),
        (
            "evaluator_loops_in_describe",
            2,
            "evaluator `evaluators/evaluator_loops_in_describe.wasm`: describe: stopped at its fuel limit of 100000000 units (`limits.describe_fuel`)",
        ),
    ];
    for (evaluator, code, message) in cases {
        let scratch = Scratch::new();
        recorded(&scratch, evaluator, &["fine"]);
        let ran = scratch.routerlab(["score", "data", "--evaluators", "evaluators"]);
        assert_eq!((ran.code, ran.stderr), (Some(code), format!("error: {message}\n")));
        assert!(!scratch.path("data/scores").exists(), "nothing is left behind");
    }
}
