//! What the numbers of a run say where the data is not whole.

use std::path::Path;

use routerlab_records::{MetricRow, OutcomeRow, Provenance, QueryRow, read_table, write_table};

mod support;
use support::{Scratch, component, experiment};

/// Runs the given routers on the folder `starter`; gives the report and the metrics over all seeds.
fn bench(scratch: &Scratch, name: &str, lines: &str, routers: &[&str]) -> (String, Vec<MetricRow>) {
    let file = format!("{name}.toml");
    let routers = routers.iter().map(|name| (*name, component(name)));
    let lines = format!("statistics.replicates = 200\n{lines}");
    scratch.write(&file, experiment(name, "starter", &lines, routers));
    let report = scratch.done(["bench", &file, "--out", name]);
    let mut rows = read_table::<MetricRow>(&scratch.run_below(name).join("metrics.parquet")).unwrap().rows;
    rows.retain(|row| row.seed.as_str() == "all");
    (report, rows)
}

/// A metric over all seeds, at quality alone.
fn metric<'a>(rows: &'a [MetricRow], router: &str, name: &str) -> &'a MetricRow {
    let wanted =
        |row: &&MetricRow| row.router.as_str() == router && row.metric.as_str() == name && row.preference == 0.0;
    rows.iter().find(wanted).unwrap_or_else(|| panic!("no {name} of {router}"))
}

/// Changes the outcomes of the starter data.
fn change(scratch: &Scratch, change: impl FnOnce(&mut Vec<OutcomeRow>)) {
    let path = scratch.path("starter/outcomes.parquet");
    let mut rows = read_table::<OutcomeRow>(&path).unwrap().rows;
    change(&mut rows);
    write_table(&path, &rows, &Provenance::by("a test")).unwrap();
}

#[test]
fn an_unknown_cost_costs_no_other_router_its_results() {
    let scratch = Scratch::new();
    scratch.starter();
    // The model that Best Single never chooses here.
    change(&scratch, |rows| {
        rows.iter_mut().filter(|row| row.model.as_str() == "qwen2.5-coder-0.5b").for_each(|row| row.cost_usd = None);
    });
    let (report, rows) = bench(&scratch, "unknown", "", &["random", "best-single"]);
    for name in ["Cost", "CostSave", "ParetoDist", "CostSaveAtPerfGain"] {
        assert!(metric(&rows, "best-single", name).value.is_some(), "{name} of best-single");
        assert_eq!(metric(&rows, "random", name).value, None, "{name} of random");
    }
    assert!(metric(&rows, "random", "PerfGain").value.is_some_and(|gain| gain < 0.0));
    assert!(metric(&rows, "random", "UnknownCost").value.is_some_and(|count| count > 0.0));
    assert_eq!(metric(&rows, "best-single", "UnknownCost").value, Some(0.0));
    let note = "queries a seed have an unknown cost; its total cost, CostSave and ParetoDist are not known, and it is no part of the frontier.";
    let named: Vec<&str> = report.lines().filter(|line| line.ends_with(note)).collect();
    assert!(named.len() == 1 && named[0].starts_with("random: "), "{report}");
}

#[test]
fn without_any_cost_perf_gain_remains_and_the_report_says_why() {
    let scratch = Scratch::new();
    scratch.starter();
    change(&scratch, |rows| rows.iter_mut().for_each(|row| row.cost_usd = None));
    let (report, rows) = bench(&scratch, "free", "", &["best-single", "carrot-linear"]);
    assert_eq!(metric(&rows, "best-single", "PerfGain").value, Some(0.0));
    assert_eq!(metric(&rows, "carrot-linear", "CostSave").value, None);
    assert!(report.contains("\nNo total cost is known: "), "{report}");
    assert!(!report.contains("Sweep: the cheapest operating point"), "{report}");
}

#[test]
fn without_validation_only_hindsight_is_shown_and_the_report_says_why() {
    let scratch = Scratch::new();
    scratch.starter();
    let (report, rows) = bench(&scratch, "hindsight", "protocol.shares = [0.7, 0.0, 0.3]", &["best-single"]);
    assert_eq!(metric(&rows, "best-single", "PerfGain").value, None);
    assert_eq!(metric(&rows, "best-single", "PerfGainHindsight").value, Some(0.0));
    assert_eq!(metric(&rows, "best-single", "CostSaveSeeds").value, Some(0.0));
    assert_eq!(metric(&rows, "best-single", "CostSaveHindsightSeeds").value, Some(5.0));
    assert!(report.contains("\nThe validation part is empty: "), "{report}");
}

#[test]
fn a_price_of_routing_time_is_charged_to_routers_alone() {
    let scratch = Scratch::new();
    scratch.starter();
    let (free, before) = bench(&scratch, "unpriced", "", &["best-single"]);
    assert!(free.contains("\nRouter overhead is not in the cost.\n"), "{free}");
    let (priced, after) = bench(&scratch, "priced", "protocol.router_usd_per_second = 1000.0", &["best-single"]);
    assert!(priced.contains("\nRouter overhead is in the cost of routers at 1000 USD a second "), "{priced}");
    let cost = |rows: &[MetricRow], name: &str| metric(rows, name, "Cost").value.unwrap();
    assert_eq!(cost(&after, "Best Single"), cost(&before, "Best Single"));
    assert!(cost(&after, "best-single") > cost(&before, "best-single"));
    // It chooses what Best Single chooses, so all that it fails to save is its own time.
    assert!(metric(&after, "best-single", "CostSave").value.unwrap() < 0.0);
    assert_eq!(metric(&before, "best-single", "CostSave").value, Some(0.0));
    assert!(metric(&after, "best-single", "RouteTime").value.unwrap() > 0.0);
}

#[test]
fn a_dataset_that_nobody_answers_is_in_no_mean_of_ratios_and_the_report_says_so() {
    let scratch = Scratch::new();
    scratch.starter();
    change(&scratch, |rows| {
        rows.iter_mut().filter(|row| row.dataset.as_str() == "logic").for_each(|row| row.score = Some(0.0));
    });
    let (report, rows) = bench(&scratch, "hopeless", "", &["best-single"]);
    for (metric_name, control) in [("Gain@R", "Random"), ("Gain@B", "Best Single"), ("Gap@O", "Oracle")] {
        assert_eq!(metric(&rows, control, "ZeroDatasets").value, Some(1.0), "{control}");
        let note = format!(
            "\n{metric_name} is over 7 of 8 datasets (mean over seeds): {control} is never right on the others.\n"
        );
        assert!(report.contains(&note), "{report}");
    }
}

#[test]
fn a_dataset_with_one_tested_question_leaves_no_interval_and_one_rank() {
    let scratch = Scratch::new();
    scratch.starter();
    shrink(&scratch.path("starter"), "logic");
    let (report, rows) = bench(&scratch, "small", "", &["random", "best-single"]);
    for router in ["random", "best-single"] {
        let row = metric(&rows, router, "AvgAcc");
        assert!(row.value.is_some() && row.low.is_none() && row.high.is_none(), "{router}");
        assert_eq!(metric(&rows, router, "Rank").value, Some(1.0), "{router}");
        assert_eq!(metric(&rows, router, "MinDetectableDiff").value, None, "{router}");
    }
    assert!(report.contains("\nNo intervals, hence one rank for all: "), "{report}");
    // The other datasets say what they can.
    let facts = rows.iter().find(|row| row.dataset.as_str() == "facts" && row.router.as_str() == "random").unwrap();
    assert!(facts.low.is_some());
}

/// Makes all queries of a dataset one text, so that they are one group.
fn shrink(data: &Path, dataset: &str) {
    let path = data.join("queries.parquet");
    let mut rows = read_table::<QueryRow>(&path).unwrap().rows;
    for row in rows.iter_mut().filter(|row| row.dataset.as_str() == dataset) {
        row.group_key = "one".into();
    }
    write_table(&path, &rows, &Provenance::by("a test")).unwrap();
}
