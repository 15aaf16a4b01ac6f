//! Controls through the program: what a run comes to when something is taken away from its routers.

use std::path::PathBuf;

use routerlab_records::{CellRow, DecisionRow, MetricRow, OutcomeRow, Provenance, read_table, write_table};
use serde_json::Value;

mod support;
use support::{Scratch, cells, component, digests, experiment};

/// Every router that learns from the records of single queries.
const LEARNED: [&str; 18] = [
    "avengers",
    "avengers-pro",
    "bestroute-heads",
    "carrot-knn",
    "carrot-linear",
    "embedllm-mf",
    "frugalgpt",
    "graphrouter",
    "graphrouter-leaky",
    "hybridllm-frozen",
    "irt",
    "knn",
    "knn-guard",
    "mlp",
    "modelsat-lite",
    "routellm-mf",
    "routerdc-frozen",
    "uniroute",
];

/// The starter data and an experiment file `e.toml` on it.
fn scratch(lines: &str, routers: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    scratch.starter();
    let routers = routers.iter().map(|name| (*name, component(name)));
    let lines = format!("statistics.replicates = 500\n{lines}");
    scratch.write("e.toml", experiment("e", "starter", &lines, routers));
    scratch
}

/// Runs the experiment with flags into a folder of results of its own; gives report and folder.
fn bench(scratch: &Scratch, out: &str, flags: &[&str]) -> (String, PathBuf) {
    let report = scratch.done(["bench", "e.toml", "--out", out].iter().chain(flags));
    (report, scratch.run_below(out))
}

fn metrics(run: &std::path::Path) -> Vec<MetricRow> {
    read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows
}

/// A metric at quality alone.
fn metric<'a>(rows: &'a [MetricRow], router: &str, seed: &str, name: &str) -> &'a MetricRow {
    let wanted = |row: &&MetricRow| {
        (row.router.as_str(), row.seed.as_str(), row.metric.as_str(), row.preference) == (router, seed, name, 0.0)
    };
    rows.iter().find(wanted).unwrap_or_else(|| panic!("no {name} of {router} under {seed}"))
}

#[test]
fn on_shuffled_labels_the_controls_are_what_they_were() {
    let scratch = scratch("", &["best-single", "knn"]);
    let (_, plain) = bench(&scratch, "true", &[]);
    let (report, shuffled) = bench(&scratch, "shuffled", &["--shuffle-labels"]);
    let head = "\n\ncontrol: labels shuffled within dataset (train and validation)\n\nLeaderboard";
    assert!(report.contains(head), "{report}");
    let (before, after) = (metrics(&plain), metrics(&shuffled));
    for control in ["Random", "Best Single", "Dataset Expert", "Dataset Oracle", "Oracle"] {
        let value = |rows| metric(rows, control, "all", "AvgAcc").value;
        assert_eq!(value(&before), value(&after), "{control}");
    }
    // Means by model are untouched; what hangs on single queries is not.
    let (before, after) = (digests(&plain), digests(&shuffled));
    for ((router, seed), digest) in &before {
        assert_eq!(after[&(router.clone(), *seed)] == *digest, router == "best-single", "{router} under {seed}");
    }
}

#[test]
fn a_flag_is_its_key_and_both_are_part_of_the_run() {
    let cases: [(&str, &[&str]); 8] = [
        ("protocol.labels = 'shuffled'", &["--shuffle-labels"]),
        ("protocol.pca_width = 16", &["--pca-width", "16"]),
        ("protocol.mask_models = false", &["--mask-models=false"]),
        ("protocol.leave_out = 'logic'", &["--leave-out", "logic"]),
        ("protocol.train_share = 0.5", &["--train-share", "0.5"]),
        ("protocol.router_usd_per_gigafuel = 0.5", &["--router-usd-per-gigafuel", "0.5"]),
        (
            "protocol.cold_start = { model = 'gemma-3-270m', examples = 5 }",
            &["--cold-start", "gemma-3-270m", "--examples", "5"],
        ),
        ("protocol.seeds = [42, 999, 2024, 2025, 3407]", &[]),
    ];
    let scratch = scratch("", &["best-single"]);
    let mut folders = std::collections::BTreeSet::new();
    for (at, (lines, flags)) in cases.into_iter().enumerate() {
        let (out, file) = (format!("out-{at}"), format!("key-{at}.toml"));
        let lines = format!("statistics.replicates = 500\n{lines}");
        scratch.write(&file, experiment("e", "starter", &lines, [("best-single", component("best-single"))]));
        scratch.done(["bench", &file, "--out", &out]);
        // A run of another identity would be a second folder.
        let (_, run) = bench(&scratch, &out, flags);
        folders.insert(run.file_name().unwrap().to_owned());
    }
    assert_eq!(folders.len(), 8);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    let scratch = scratch("", &["best-single"]);
    let cases: [(&[&str], &str); 7] = [
        (
            &["--input", "stripped"],
            "error: experiment `e.toml`: `protocol.input` gives routers another text than embeddings are usually of; name the table of its embeddings with `data.embeddings_file = ...`, or set `data.embeddings = false`\n",
        ),
        (
            &["--embeddings-file", "e5.parquet"],
            "error: data `starter`: `data.embeddings_file` names `e5.parquet`, and there is no such file in the folder\n",
        ),
        (
            &["--train-share", "1.5"],
            "error: experiment `e.toml`: `protocol.train_share` must lie above 0 and be at most 1, found: 1.5\n",
        ),
        (
            &["--leave-out", "poems"],
            "error: data `starter`: `protocol.leave_out` names \"poems\"; there are: arithmetic, code-output, facts, instruction, logic, sentiment, strings, units\n",
        ),
        (
            &["--learning-curve=50,150"],
            "error: the series' point `150 %`\n  because: `protocol.train_share` must lie above 0 and be at most 1, found: 1.5\n",
        ),
        (&["--learning-curve=50,50"], "error: the series names `50 %` twice; remove one of them\n"),
        (
            &["--embeddings-file", "a", "--embeddings-file", "b", "--learning-curve=50"],
            "error: these flags ask for two series at once; give them one after the other\n",
        ),
    ];
    for (flags, expected) in cases {
        let ran = scratch.routerlab(["bench", "e.toml", "--out", "none"].iter().chain(flags));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), expected), "{flags:?}");
    }
    assert!(!scratch.path("none").exists());
}

#[test]
fn a_series_is_a_run_for_each_point_and_is_taken_as_it_is_the_second_time() {
    let scratch = scratch("protocol.seeds = [42, 999]", &["best-single", "knn"]);
    let series =
        |format: &str| scratch.done(["bench", "e.toml", "--out", "out", "--leave-one-dataset-out", "--format", format]);
    let json: Value = serde_json::from_str(&series("json")).unwrap();
    let points = json["points"].as_array().unwrap();
    let labels: Vec<&str> = points.iter().map(|point| point["label"].as_str().unwrap()).collect();
    let datasets = ["arithmetic", "code-output", "facts", "instruction", "logic", "sentiment", "strings", "units"];
    assert_eq!(labels, datasets);
    for point in points {
        let run = scratch.path(point["dir"].as_str().unwrap());
        let rows = metrics(&run);
        let knn = point["report"]["lines"].as_array().unwrap().iter().find(|line| line["name"] == "knn").unwrap();
        let row = metric(&rows, "knn", "all", "DiffToBestSingle");
        assert_eq!(knn["metrics"]["DiffToBestSingle"]["value"].as_f64(), row.value);
        assert_eq!((row.n, point["report"]["queries"].as_u64()), (80, Some(80)), "{}", point["label"]);
    }
    // A cell that was run again would have another time, and its file other bytes.
    let bytes = || -> Vec<Vec<u8>> {
        let of_point = |point: &Value| {
            let run = scratch.path(point["dir"].as_str().unwrap());
            std::fs::read(run.join("cells/knn-42.parquet")).unwrap()
        };
        points.iter().map(of_point).collect()
    };
    let before = bytes();
    let again = series("markdown");
    assert_eq!(before, bytes());
    let sizes = again.lines().find(|line| line.starts_with("| n ")).unwrap_or_default();
    assert_eq!(sizes.matches(" 80 |").count(), 8, "{again}");
}

#[test]
fn on_shuffled_labels_no_learned_router_is_above_what_a_dataset_and_the_best_model_give_away() {
    let scratch = scratch("", &LEARNED);
    let (_, run) = bench(&scratch, "shuffled", &["--shuffle-labels"]);
    let rows = metrics(&run);
    let expert = metric(&rows, "Dataset Expert", "all", "AvgAcc").value.unwrap();
    for router in LEARNED {
        let difference = metric(&rows, router, "all", "DiffToBestSingle");
        let accuracy = metric(&rows, router, "all", "AvgAcc").value.unwrap();
        let is_down = difference.low.unwrap() <= 0.0 || accuracy <= expert;
        assert!(is_down, "{router}: {accuracy} above the Dataset Expert's {expert} and beyond {difference:?}");
    }
}

#[test]
fn a_run_that_weighs_latency_counts_seconds_where_another_counts_dollars() {
    let scratch = scratch("protocol.seeds = [42]", &["best-single", "carrot-linear", "frugalgpt"]);
    let (_, plain) = bench(&scratch, "plain", &[]);
    let (report, run) = bench(&scratch, "waits", &["--weigh", "latency"]);
    assert!(report.contains("\n\ncontrol: preferences weigh quality against seconds of waiting"), "{report}");
    assert!(report.contains("  cost s  "), "{report}");
    let (before, after) = (metrics(&plain), metrics(&run));
    for name in ["Oracle", "Best Single", "best-single", "carrot-linear"] {
        assert_eq!(metric(&before, name, "42", "AvgAcc").value, metric(&after, name, "42", "AvgAcc").value, "{name}");
    }
    for router in ["best-single", "carrot-linear", "frugalgpt"] {
        let decisions = read_table::<DecisionRow>(&run.join(format!("decisions/{router}-42.parquet"))).unwrap().rows;
        // At quality alone, and at the preference that weighs time most.
        let seconds = |most: bool| -> f64 {
            let last = decisions.iter().map(|row| row.preference_index).max().unwrap();
            let asked = if most { last } else { 0 };
            let tested = decisions.iter().filter(|row| row.part.as_str() == "test" && row.preference_index == asked);
            tested.map(|row| row.latency_ms.unwrap() / 1e3).sum()
        };
        let cost = metric(&after, router, "42", "Cost");
        assert!((cost.value.unwrap() - seconds(false)).abs() < 1e-9 && cost.unit.as_str() == "s", "{router}");
        let latency = metric(&after, router, "42", "Latency");
        assert!((latency.value.unwrap() * latency.n as f64 - seconds(false)).abs() < 1e-9, "{router}");
        assert_eq!(seconds(true) < 0.9 * seconds(false), router != "best-single", "{router}");
    }
    // What one model takes is not a matter of what is weighed.
    for name in ["Best Single", "best-single"] {
        assert_eq!(metric(&before, name, "42", "Latency").value, metric(&after, name, "42", "Latency").value);
    }
}

#[test]
fn models_with_gaps_can_be_left_out_of_the_pool() {
    let scratch = scratch("protocol.seeds = [42]", &["best-single"]);
    let path = scratch.path("starter/outcomes.parquet");
    let mut rows = read_table::<OutcomeRow>(&path).unwrap().rows;
    rows.retain(|row| row.model.as_str() != "gemma-3-270m" || row.dataset.as_str() != "logic");
    write_table(&path, &rows, &Provenance::by("a test")).unwrap();
    let others = "qwen2.5-coder-0.5b,qwen2.5-coder-0.5b-cot,smollm2-135m,smollm2-135m-cot";
    let (report, whole) = bench(&scratch, "whole", &["--coverage", "0.95"]);
    assert!(
        report.contains("\ncontrol: pool of the models that have a score for 95 % of the queries of every dataset\n"),
        "{report}"
    );
    let (_, named) = bench(&scratch, "named", &["--models", others]);
    assert_eq!(digests(&whole), digests(&named));
}

#[test]
fn a_learning_curve_ends_at_the_whole_train_part() {
    let scratch = scratch("protocol.seeds = [42]", &["knn"]);
    let (_, plain) = bench(&scratch, "plain", &[]);
    let text = scratch.done(["bench", "e.toml", "--out", "curve", "--learning-curve=10,100", "--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let run = |at: usize| scratch.path(json["points"][at]["dir"].as_str().unwrap());
    assert_eq!(digests(&run(1)), digests(&plain));
    assert_ne!(digests(&run(0)), digests(&plain));
    assert_eq!(json["points"][0]["report"]["controls"][0], "10 % of the train part of each dataset");
}

#[test]
fn fuel_has_a_price_that_is_the_same_to_the_last_digit_every_time() {
    let scratch = scratch("protocol.seeds = [42]", &["knn"]);
    let (_, free) = bench(&scratch, "free", &[]);
    let (report, priced) = bench(&scratch, "priced", &["--router-usd-per-gigafuel", "2.5"]);
    assert!(report.contains("\nRouter overhead is in the cost of routers at 2.5 USD a billion units of fuel.\n"));
    let (_, again) = bench(&scratch, "again", &["--router-usd-per-gigafuel", "2.5", "--threads", "1"]);
    let (free, priced, again) = (metrics(&free), metrics(&priced), metrics(&again));
    let cost = |rows| metric(rows, "knn", "42", "Cost").value.unwrap();
    let fuel = metric(&priced, "knn", "42", "FuelPerQuery");
    let charged = 2.5 * fuel.value.unwrap() * fuel.n as f64 / 1e9;
    assert!(charged > 0.0 && (cost(&priced) - cost(&free) - charged).abs() < 1e-12);
    assert_eq!(cost(&priced), cost(&again));
    let best = |rows| metric(rows, "Best Single", "42", "Cost").value;
    assert_eq!(best(&priced), best(&free));
}

#[test]
fn a_reference_is_beside_the_routers_and_in_nothing_of_theirs() {
    let scratch = Scratch::new();
    scratch.starter();
    let path = scratch.path("starter/outcomes.parquet");
    let mut rows = read_table::<OutcomeRow>(&path).unwrap().rows;
    // No record of the reference on a whole dataset.
    rows.retain(|row| row.model.as_str() != "gemma-3-270m" || row.dataset.as_str() != "logic");
    write_table(&path, &rows, &Provenance::by("a test")).unwrap();
    let routers = || [("best-single", component("best-single")), ("knn", component("knn"))];
    let lines = "statistics.replicates = 500\nprotocol.seeds = [42]";
    let pool = "\nmodels = ['qwen2.5-coder-0.5b', 'qwen2.5-coder-0.5b-cot', 'smollm2-135m', 'smollm2-135m-cot']";
    let without = experiment("e", "starter", lines, routers()).replacen("\n[[", &format!("{pool}\n[["), 1);
    scratch.write("e.toml", &without);
    let (_, alone) = bench(&scratch, "alone", &[]);
    let reference = "\nreference_models = ['gemma-3-270m']\n[[";
    let entry = "[[router]]\nname = 'gemma'\nreference = 'gemma-3-270m'\n";
    scratch.write("e.toml", experiment("e", "starter", lines, routers()).replacen("\n[[", reference, 1) + entry);
    let (report, run) = bench(&scratch, "beside", &[]);

    let cells: Vec<CellRow> = cells(&run);
    let reasons: Vec<_> = cells.iter().map(|cell| (cell.router.as_str(), cell.unranked.as_deref())).collect();
    assert_eq!(reasons, [("best-single", None), ("gemma", Some("external")), ("knn", None)]);
    let (before, after) = (metrics(&alone), metrics(&run));
    for row in before.iter().filter(|row| !matches!(row.metric.as_str(), "RouteTime" | "TrainTime")) {
        let same = |other: &&MetricRow| {
            (&other.router, &other.seed, &other.metric, &other.dataset)
                == (&row.router, &row.seed, &row.metric, &row.dataset)
                && other.preference == row.preference
        };
        let found = after.iter().find(same).unwrap_or_else(|| panic!("no {row:?}"));
        assert_eq!((row.value, row.n), (found.value, found.n), "{row:?}");
    }
    assert!(after.iter().all(|row| row.router.as_str() != "gemma" || row.metric.as_str() != "Rank"));
    let decisions = read_table::<DecisionRow>(&run.join("decisions/gemma-42.parquet")).unwrap().rows;
    assert!(decisions.iter().all(|row| row.model.as_str() == "gemma-3-270m" && row.preference == 0.0));
    let tested = || decisions.iter().filter(|row| row.part.as_str() == "test");
    let missing = tested().filter(|row| row.query_id.as_str().starts_with("logic/")).count();
    assert!(missing > 0 && tested().filter(|row| !row.available).count() == missing);
    assert!(tested().filter(|row| !row.available).all(|row| row.score == Some(0.0) && row.cost_usd > Some(0.0)));
    assert_eq!(metric(&after, "gemma", "42", "Unavailable").value, Some(missing as f64));
    let block: Vec<&str> = report.lines().skip_while(|line| !line.starts_with("Outside the ranks")).take(3).collect();
    assert!(block[2].trim_start().starts_with("gemma  external "), "{report}");
}
