//! The compat leaderboard through the program, against results that were computed independently.
//!
//! Needs the records and the expected results in `../shared`, beside the checkout; skips by name without them. Two rules
//! of the compat track are not those of the expected file, and the tests say where that matters:
//!
//! - Best Single is the hindsight one, as the reference has it (metrics.md 4); the file's `best_single` is chosen on train.
//!   The `best-single` router, which is trained, is compared with the latter.
//! - Oracle counts any score above 0 as right (metrics.md 1.1); the file's takes the best score. The two are one where
//!   scores are 0 or 1, as in these sets.

use std::collections::BTreeMap;

use routerlab_records::{MetricRow, read_table};
use serde_json::Value;

mod support;
use support::{Scratch, component, experiment};

const TOLERANCE: f64 = 1e-6;

#[test]
fn zero_eval_has_the_expected_compat_leaderboard() {
    compare("zero_eval");
}

#[test]
fn med_agents_bench_has_the_expected_compat_leaderboard_and_costs() {
    compare("med_agents_bench");
}

/// Compares every seed of one set.
fn compare(set: &str) {
    let outcomes = format!("data/{set}/outcomes.parquet");
    let (Some(records), Some(spec)) = (support::shared(&outcomes), support::shared("spec/expected_controls.json"))
    else {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped `{set}`: there is no `../shared` beside the checkout");
        }
        return;
    };
    let expected = std::fs::read_to_string(spec.join("spec/expected_controls.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let expected = &expected["sets"][set];

    let scratch = Scratch::new();
    let file = records.join(&outcomes);
    scratch.done(["import".as_ref(), "outcomes".as_ref(), file.as_os_str(), "--out".as_ref(), "data".as_ref()]);
    let choice = format!("data = {{ dir = \"data\", complete_only = true, models = {} }}", expected["models"]);
    let routers = ["best-single", "random"].map(|name| (name, component(name)));
    let text = experiment("compat", "data", "", routers)
        .replace("[data]\ndir = \"data\"\n", &format!("{choice}\n[protocol]\ntrack = \"compat\"\n"));
    // Few replicates: no interval is compared.
    scratch.write("compat.toml", format!("{text}[statistics]\nreplicates = 100\n"));
    let leaderboard = scratch.done(["bench", "compat.toml", "--out", "out"]);
    assert!(leaderboard.contains("(compat track, "), "{leaderboard}");
    assert!(leaderboard.contains(" are chosen in hindsight"), "{leaderboard}");

    let dropped = expected["queries_dropped_incomplete"].as_u64().unwrap();
    assert!(leaderboard.contains(&format!("{dropped} queries are left out for want of scores.")), "{leaderboard}");
    let rows = read_table::<MetricRow>(&scratch.run_below("out").join("metrics.parquet")).unwrap().rows;
    let found: BTreeMap<(&str, &str, &str), &MetricRow> = rows
        .iter()
        .filter(|row| row.preference == 0.0 && row.metric.as_str() != "Accuracy")
        .map(|row| ((row.router.as_str(), row.seed.as_str(), row.metric.as_str()), row))
        .collect();
    let left_out = found[&("", "all", "LeftOut")];
    assert_eq!(
        (left_out.value, left_out.n),
        (Some(dropped as f64), dropped + expected["queries_used"].as_u64().unwrap())
    );

    let seeds = expected["seeds"].as_object().unwrap();
    assert_eq!(seeds.len(), 5, "seeds of {set}");
    for (seed, expected) in seeds {
        // Gain@B of the file refers to the Best Single of train. Where that is another model than in hindsight, Gain@B of
        // the compat track cannot be compared.
        assert_eq!(expected["best_single_model"], expected["best_single_hindsight_model"], "{set}, seed {seed}");
        for (router, control) in [
            ("Random", "random"),
            ("Best Single", "best_single_hindsight"),
            ("Dataset Oracle", "dataset_oracle"),
            ("Oracle", "oracle"),
            ("best-single", "best_single"),
        ] {
            for (metric, name) in [
                ("AvgAcc", "avg_acc"),
                ("Cost", "cost_usd"),
                ("Gain@R", "gain_at_r"),
                ("Gain@B", "gain_at_b"),
                ("Gap@O", "gap_at_o"),
            ] {
                let row = found[&(router, seed.as_str(), metric)];
                let what = format!("{metric} of {router}, {set}, seed {seed}");
                match (row.value, expected["controls"][control][name].as_f64()) {
                    (Some(value), Some(expected)) => {
                        assert!((value - expected).abs() <= TOLERANCE, "{what}: {value}, expected {expected}");
                    }
                    (value, expected) => assert_eq!(value, expected, "{what}"),
                }
                assert_eq!(row.n, expected["n_test"].as_u64().unwrap(), "n of {what}");
            }
        }
        let share = found[&("", seed.as_str(), "HardShare@3")].value.unwrap();
        assert!((share - expected["hard_1_to_3"]["share_of_test"].as_f64().unwrap()).abs() <= TOLERANCE);
        let hard = found[&("Best Single", seed.as_str(), "HardAcc@3")].value.unwrap();
        assert!((hard - expected["hard_1_to_3"]["best_single_acc"].as_f64().unwrap()).abs() <= TOLERANCE);
    }
}
