//! Near-duplicates: found on real queries, kept together by experiments.

use std::collections::{BTreeMap, BTreeSet};

use routerlab_records::{DecisionRow, GroupRow, NearDuplicateRow, read_folder, read_table};
use serde_json::Value;

mod support;
use support::{Scratch, component, experiment, shared};

/// Queries of which 1 and 5 are the same but for a word, and 2 and 6 by their embeddings; the others are alone.
fn data(scratch: &Scratch) {
    let subjects = ["the tides of the sea", "old bread", "iron bridges", "the price of tea", "", "", "snow", "moss"];
    let mut lines = String::new();
    for index in 1..=40 {
        let text = match index {
            1 | 5 => "A farmer has seventeen sheep and sells all but nine of them at the market on a cold Monday in May; how many are left over".to_owned(),
            index => format!("{index}: what is known of {} number {index}", subjects[index % 8]),
        };
        let text = if index == 5 { text + "?" } else { text };
        lines.push_str(&format!(
            "{{\"dataset\":\"d\",\"split\":\"test\",\"index\":{index},\"query\":{text:?},\"prompt\":{text:?}}}\n"
        ));
    }
    scratch.write("q.jsonl", lines);
    let completions = (1..=40).flat_map(|index| {
        ["m", "n"].map(|model| {
            format!(
                "{{\"query_id\":\"d/test/{index}\",\"model\":\"{model}\",\"raw_output\":\"x\",\"status\":\"ok\"}}\n"
            )
        })
    });
    scratch.write("c.jsonl", completions.collect::<String>());
    let prices = "unit = \"USD per 1M tokens\"\nbasis = \"declared\"\n[models.m]\ninput = 1.0\noutput = 2.0\n[models.n]\ninput = 1.0\noutput = 2.0\n";
    scratch.write("p.toml", prices);
    let files = ["--queries", "q.jsonl", "--completions", "c.jsonl", "--prices", "p.toml"];
    scratch.done(["import", "recorded"].into_iter().chain(files).chain(["--out", "data"]));
}

fn groups(scratch: &Scratch) -> BTreeMap<String, String> {
    let rows = read_table::<GroupRow>(&scratch.path("data/groups.parquet")).unwrap().rows;
    rows.into_iter().map(|row| (row.query_id.to_string(), row.group_key)).collect()
}

#[test]
fn near_duplicates_get_one_group_and_a_row_that_says_why() {
    let scratch = Scratch::new();
    data(&scratch);
    let ran = scratch.routerlab(["duplicates", "data"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("2 of 40 queries share a group with another"), "{}", ran.stdout);
    assert!(ran.stderr.contains("the folder has no embeddings"), "{}", ran.stderr);
    let found = groups(&scratch);
    assert_eq!(found["d/test/1"], found["d/test/5"]);
    assert_eq!(found.values().collect::<BTreeSet<_>>().len(), 39);
    let joined = read_table::<NearDuplicateRow>(&scratch.path("data/near_duplicates.parquet")).unwrap().rows;
    assert_eq!((joined.len(), joined[0].jaccard, joined[0].cosine), (1, 1.0, None));

    let again = scratch.routerlab(["duplicates", "data"]);
    assert!(again.code == Some(2) && again.stderr.contains("`--replace` makes it anew"), "{}", again.stderr);
    let told = scratch.done(["duplicates", "data", "--replace", "--jaccard", "0.01", "--format", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(told["datasets"][0]["joined"].as_u64().unwrap() > 2, "{told}");
    let wrong = scratch.routerlab(["duplicates", "data", "--replace", "--jaccard", "2"]);
    assert!(wrong.stderr.contains("a share of common shingles lies above 0 and up to 1, not at 2"), "{}", wrong.stderr);
}

#[test]
fn experiments_never_divide_a_group() {
    let scratch = Scratch::new();
    scratch.starter();
    let cosine = ["duplicates", "starter", "--cosine", "0.8", "--jaccard", "0.3"];
    scratch.done(cosine);
    let rows = read_table::<GroupRow>(&scratch.path("starter/groups.parquet")).unwrap().rows;
    let group: BTreeMap<String, String> =
        rows.into_iter().map(|row| (row.query_id.to_string(), row.group_key)).collect();
    let sizes = group.values().fold(BTreeMap::<&str, usize>::new(), |mut sizes, key| {
        *sizes.entry(key).or_default() += 1;
        sizes
    });
    assert!(sizes.values().any(|size| *size > 1), "something is joined at these thresholds");
    let lines = "statistics.replicates = 100\nprotocol.seeds = [1, 2, 3, 4, 5, 6, 7, 8]";
    scratch.write("e.toml", experiment("grouped", "starter", lines, [("best-single", component("best-single"))]));
    scratch.done(["bench", "e.toml"]);
    for table in read_folder::<DecisionRow>(&scratch.run_below("runs").join("decisions")).unwrap() {
        let mut part_of: BTreeMap<&str, &str> = BTreeMap::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for row in table.rows.iter().filter(|row| row.preference_index == 0) {
            let key = group[row.query_id.as_str()].as_str();
            assert_eq!(*part_of.entry(key).or_insert(&row.part), &*row.part, "{}", row.query_id);
            *seen.entry(key).or_default() += 1;
        }
        // What is in test or validation is there whole, so none of it is in train.
        assert!(seen.iter().all(|(key, count)| sizes[key] == *count));
    }
}

#[test]
fn copies_within_real_benchmarks_are_found() {
    let Some(shared) = shared("data/med_agents_bench/outcomes.parquet") else {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped `copies_within_real_benchmarks_are_found`: there is no ../shared/data");
        }
        return;
    };
    let scratch = Scratch::new();
    let outcomes = shared.join("data/med_agents_bench/outcomes.parquet");
    scratch.done(["import".as_ref(), "outcomes".as_ref(), outcomes.as_os_str(), "--out".as_ref(), "data".as_ref()]);
    let told: Value = serde_json::from_str(&scratch.done(["duplicates", "data", "--format", "json"])).unwrap();
    let joined = |name: &str| {
        let all = told["datasets"].as_array().unwrap();
        all.iter().find(|dataset| dataset["dataset"] == name).unwrap()["joined_with_another_dataset"].as_u64().unwrap()
    };
    // 37 texts occur in two datasets as they are.
    assert!(joined("mmlu_med") >= 37 || joined("mmlu_pro_med") >= 37, "{told}");
}
