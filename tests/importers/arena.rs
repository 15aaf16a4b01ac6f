//! RouterArena's prediction files.

use super::*;

/// An entry that was evaluated.
fn entry(index: &str, model: &str, accuracy: &str, cost: &str, more: &str) -> String {
    format!(
        r#"{{"global index":"{index}","prompt":"p","prediction":"{model}","generated_result":{{"generated_answer":"a","success":true}},"cost":{cost},"accuracy":{accuracy}{more}}}"#
    )
}

fn list(entries: &[String]) -> String {
    format!("[\n{}\n]", entries.join(",\n"))
}

fn good() -> Vec<String> {
    vec![
        entry("GPQA_1", "small", "1.0", "0.25", ""),
        entry("GPQA_2", "large", "0.0", "0.5", r#","for_optimality":false"#),
        entry("GPQA_2", "small", "1.0", "0.1", r#","for_optimality":true"#),
        entry("Ethics_sense_3", "small", "0.5", "0.25", ""),
        entry("Ethics_sense_4", "small", "1.0", "0.5", ""),
    ]
}

/// `(router, dataset, queries, scored, failed, accuracy, cost, models)`
type Found = (String, String, u64, u64, u64, Option<f64>, Option<f64>, String);

fn external(scratch: &Scratch) -> Vec<Found> {
    let row = |row: ExternalRow| {
        (
            row.router.to_string(),
            row.dataset.to_string(),
            row.queries,
            row.scored,
            row.failed,
            row.accuracy,
            row.cost_usd,
            row.models,
        )
    };
    read_external(&scratch.path("out")).unwrap().into_iter().map(row).collect()
}

fn import(scratch: &Scratch, args: &[&str]) -> support::Ran {
    scratch.routerlab(["import", "arena"].iter().chain(args).chain(&["--out", "out"]))
}

#[test]
fn a_prediction_file_becomes_a_row_for_each_dataset_and_one_for_all() {
    let scratch = Scratch::new();
    scratch.write("carrot.json", list(&good()));
    let ran = import(&scratch, &["carrot.json", "--dated", "2026-01-31"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "out/external.parquet\n"), "{}", ran.stderr);
    assert_eq!(
        ran.stderr,
        "imported `carrot`: 4 queries, 4 scored, 0 failed; accuracy 62.50 %, cost 1.500000 USD\n\
         note: `carrot`: 1 entries are of models that it did not choose, and were left out\n"
    );
    let text = |text: &str| text.to_owned();
    assert_eq!(
        external(&scratch),
        [
            (text("carrot"), text("Ethics_sense"), 2, 2, 0, Some(0.75), Some(0.75), text(r#"{"small":1.0}"#)),
            (text("carrot"), text("GPQA"), 2, 2, 0, Some(0.5), Some(0.75), text(r#"{"large":0.5,"small":0.5}"#)),
            (text("carrot"), text("all"), 4, 4, 0, Some(0.625), Some(1.5), text(r#"{"large":0.25,"small":0.75}"#)),
        ]
    );
    let rows = read_external(&scratch.path("out")).unwrap();
    assert!(rows.iter().all(|row| row.source == "carrot.json" && row.dated.as_deref() == Some("2026-01-31")));
    let digest = routerlab_records::digest_file(&scratch.path("carrot.json")).unwrap();
    assert!(rows.iter().all(|row| row.source_digest == digest.as_str()));
    assert!(!scratch.path("out/manifest.json").exists(), "a folder may get its tables later");
}

#[test]
fn failed_unevaluated_and_unpriced_entries_are_not_wrong_and_not_free() {
    let scratch = Scratch::new();
    let mut entries = good();
    entries[0] = entries[0].replace("true", "false").replace("1.0", "0.0").replace("0.25", "null");
    entries[1] = r#"{"global_index":"GPQA_2","prediction":"large","generated_result":null}"#.to_owned();
    entries[3] = entries[3].replace("0.25", "0.0");
    entries[4] = entries[4].replace("1.0", "NaN");
    scratch.write("r.json", list(&entries));
    let ran = import(&scratch, &["r.json"]);
    assert_eq!(
        ran.stderr,
        "imported `r`: 4 queries, 1 scored, 1 failed; accuracy 50.00 %, cost unknown\n\
         note: `r`: 1 entries are of models that it did not choose, and were left out\n\
         note: `r`: 1 of 4 calls failed and are not scored\n\
         note: `r`: 2 of 4 queries were not evaluated\n\
         note: `r`: 3 of 4 costs are unknown, and so is every sum with one of them\n"
    );
    let found = external(&scratch);
    assert_eq!((found[1].2, found[1].3, found[1].4, found[1].5, found[1].6), (2, 0, 1, None, None));
}

#[test]
fn several_routers_share_the_table_and_give_way_only_when_told() {
    let scratch = Scratch::new();
    scratch.write("a.json", list(&good()));
    scratch.write("b.json", list(&good()[..1]));
    scratch.done(["import", "arena", "a.json", "b.json", "--out", "out"]);
    let routers =
        || read_external(&scratch.path("out")).unwrap().iter().map(|row| row.router.to_string()).collect::<Vec<_>>();
    assert_eq!(routers(), ["a", "a", "a", "b", "b"]);
    let before = std::fs::read(scratch.path("out/external.parquet")).unwrap();
    let unchanged = |args: &[&str], expected: &str| {
        let ran = import(&scratch, args);
        assert_eq!((ran.code, ran.stderr), (Some(2), format!("error: {expected}\n")));
        assert_eq!(std::fs::read(scratch.path("out/external.parquet")).unwrap(), before);
    };
    scratch.write("a.json", list(&good()[..2]));
    unchanged(
        &["a.json"],
        "`out/external.parquet`: has the router `a` from `a.json` already; `--replace` takes its place, `--router` gives this one another name",
    );
    unchanged(
        &["b.json", "--router", "a", "--replace"],
        "`out/external.parquet`: has the router `a` from `a.json` already; `--router` gives this one another name",
    );
    unchanged(&["a.json", "b.json", "--router", "c"], "`--router` names one router, yet there are 2 files");
    unchanged(
        &["a.json", "--replace", "--dated", "yesterday"],
        "`out/external.parquet`: `yesterday` is no RFC 3339 date such as 2026-01-31, nor a time such as 2026-01-31T12:00:00Z",
    );
    scratch.done(["import", "arena", "a.json", "--replace", "--out", "out"]);
    scratch.done(["import", "arena", "b.json", "--router", "c", "--out", "out"]);
    assert_eq!(routers(), ["a", "a", "b", "b", "c", "c"]);
}

#[test]
fn a_folder_takes_tables_and_external_results_in_any_order() {
    let scratch = Scratch::new();
    scratch.write("a.json", list(&good()));
    scratch.write("o.csv", "dataset,split,query_id,query,model,score\nd,test,1,q,m,1\n");
    scratch.done(["import", "arena", "a.json", "--out", "out"]);
    imported(&scratch, &["outcomes", "o.csv"]);
    assert_eq!(external(&scratch).len(), 3);
    scratch.done(["import", "arena", "a.json", "--router", "b", "--out", "out"]);
    assert_eq!(external(&scratch).len(), 6);
    assert!(manifest(&scratch).1.contains(&"external.parquet".to_owned()));
    let text = std::fs::read_to_string(scratch.path("out/manifest.json")).unwrap();
    let digest = routerlab_records::digest_file(&scratch.path("out/external.parquet")).unwrap();
    assert!(text.contains(&digest), "{text}");
}

#[test]
fn a_wrong_prediction_file_is_answered_with_entry_and_field() {
    let scratch = Scratch::new();
    let good = list(&good());
    let cases = [
        (
            "{}".to_owned(),
            "line 1: not a JSON list of predictions: invalid type: map, expected a list of objects at column 1",
        ),
        (
            "[1]".to_owned(),
            "line 1: not a JSON list of predictions: invalid type: integer `1`, expected a JSON object at column 3",
        ),
        (
            good[..good.len() / 2].to_owned(),
            "line 4: not a JSON list of predictions: EOF while parsing an object at column 79",
        ),
        (good.replace("GPQA_1", "GPQA_2"), "row 2: `global index`: `GPQA_2` was already in row 1"),
        (good.replace("\"global index\":\"GPQA_1\",", ""), "row 1: `global index`: missing"),
        (good.replacen("\"small\"", "null", 1), "row 1: `prediction`: missing"),
        (good.replacen("\"small\"", "7", 1), "row 1: `prediction`: expected a text, found 7"),
        (good.replacen("\"accuracy\":1.0", "\"accuracy\":1.5", 1), "row 1: `accuracy`: 1.5 is above 1"),
        (
            good.replacen("\"accuracy\":1.0", "\"accuracy\":\"1\"", 1),
            "row 1: `accuracy`: expected a number, found the text `1`",
        ),
        (good.replacen("\"cost\":0.25", "\"cost\":-1", 1), "row 1: `cost`: -1 is below 0"),
        (
            good.replacen("\"success\":true", "\"success\":\"yes\"", 1),
            "row 1: `success`: expected true or false, found the text `yes`",
        ),
        (good.replacen("\"cost\":0.25", "\"cost\":0.25,\"cost\":0", 1), "row 1: `cost`: given twice"),
    ];
    for (text, expected) in cases {
        scratch.write("r.json", text);
        refused(&scratch, &["arena", "r.json"], &format!("`r.json`: {expected}"));
    }
    scratch.write("r.json", "[]");
    refused(&scratch, &["arena", "r.json"], "`r.json` holds no rows");
}
