//! Routers that look at an answer before they decide: every attempt is recorded and paid, and nothing depends on batches.

use std::collections::{BTreeMap, BTreeSet};

use routerlab_records::{
    AnswerEmbeddingRow, CellStatus, CompletionRow, DecisionRow, MetricRow, ModelName, OutcomeRow, Provenance,
    read_table, write_table,
};

mod support;
use support::{Scratch, cells, component, digests, experiment, guest};

const SHORT: &str = "protocol.seeds = [42]\nstatistics.replicates = 100\n";

/// A cascade over the starter data, in a folder of its own.
fn cascade(scratch: &Scratch, name: &str, lines: &str) -> std::path::PathBuf {
    let routers = [("best-single", component("best-single")), ("frugalgpt", component("frugalgpt"))];
    let file = format!("{name}.toml");
    scratch.write(&file, experiment(name, "starter", &format!("{SHORT}{lines}"), routers));
    scratch.done(["bench", &file, "--out", name]);
    scratch.run_below(name)
}

#[test]
fn every_attempt_is_recorded_and_paid() {
    let scratch = Scratch::new();
    scratch.starter();
    let lines = "protocol.seeds = [42, 999, 2024]\nstatistics.replicates = 100\n";
    let routers = ["best-single", "frugalgpt"].map(|name| (name, component(name)));
    // Asks two models and takes the answer of the first.
    let spy = ("spy", guest("spies_on_answers"));
    scratch.write("e.toml", experiment("e", "starter", lines, routers.into_iter().chain([spy])));
    scratch.done(["bench", "e.toml", "--out", "out"]);
    let run = scratch.run_below("out");
    let decisions = |router: &str| {
        let of_seed =
            |seed| read_table::<DecisionRow>(&run.join(format!("decisions/{router}-{seed}.parquet"))).unwrap();
        [42, 999, 2024].into_iter().flat_map(|seed| of_seed(seed).rows).collect::<Vec<DecisionRow>>()
    };
    let outcomes = read_table::<OutcomeRow>(&scratch.path("starter/outcomes.parquet")).unwrap().rows;
    let of: BTreeMap<(String, String), OutcomeRow> =
        outcomes.into_iter().map(|row| ((row.query_id.to_string(), row.model.as_str().to_owned()), row)).collect();
    for router in ["frugalgpt", "spy"] {
        let mut lengths = BTreeSet::new();
        for row in decisions(router) {
            let record = |model: &ModelName| &of[&(row.query_id.to_string(), model.as_str().to_owned())];
            let asked = row.attempts.as_ref().unwrap();
            let accepted = if router == "spy" { asked.first() } else { asked.last() };
            assert_eq!(accepted, Some(&row.model), "{row:?}");
            assert_eq!(row.score, record(&row.model).score, "{row:?}");
            let cost_usd: f64 = asked.iter().map(|model| record(model).cost_usd.unwrap()).sum();
            let latency_ms: f64 = asked.iter().map(|model| record(model).latency_ms.unwrap()).sum();
            assert!((row.cost_usd.unwrap() - cost_usd).abs() < 1e-15, "{row:?}: {cost_usd}");
            assert!((row.latency_ms.unwrap() - latency_ms).abs() < 1e-6, "{row:?}: {latency_ms}");
            lengths.insert(asked.len());
        }
        let expected: &[usize] = if router == "spy" { &[2] } else { &[1, 2] };
        assert!(lengths.iter().copied().take(2).eq(expected.iter().copied()), "{router}: {lengths:?}");
    }
    let preferences = decisions("frugalgpt").iter().map(|row| row.preference_index).max();
    assert_eq!(preferences, Some(40), "all preferences are replayed");
    assert!(decisions("best-single").iter().all(|row| row.attempts.is_none()));
    // The report has these costs.
    let metrics = read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows;
    let cost = |row: &&MetricRow| {
        (row.router.as_str(), row.metric.as_str(), row.seed.as_str(), row.preference) == ("spy", "Cost", "42", 0.0)
    };
    let tested = read_table::<DecisionRow>(&run.join("decisions/spy-42.parquet")).unwrap().rows;
    let paid: f64 = tested.iter().filter(|row| row.part.as_str() == "test").filter_map(|row| row.cost_usd).sum();
    assert!((metrics.iter().find(cost).unwrap().value.unwrap() - paid).abs() < 1e-12);
}

#[test]
fn the_decisions_of_a_cascade_depend_neither_on_batches_nor_on_threads() {
    let scratch = Scratch::new();
    scratch.starter();
    let few = "preferences.count = 3\n";
    let expected = digests(&cascade(&scratch, "whole", few));
    assert_eq!(expected.len(), 2);
    assert_eq!(digests(&cascade(&scratch, "small", &format!("{few}protocol.batch_queries = 7\n"))), expected);
    scratch.done(["bench", "whole.toml", "--out", "one", "--threads", "1"]);
    assert_eq!(digests(&scratch.run_below("one")), expected);
}

#[test]
fn a_router_that_asks_more_models_than_the_run_allows_breaks_its_contract() {
    let scratch = Scratch::new();
    scratch.starter();
    let routers = [("spy", guest("spies_on_answers"))];
    scratch.write("e.toml", experiment("e", "starter", &format!("{SHORT}limits.attempts = 1\n"), routers));
    let ran = scratch.routerlab(["bench", "e.toml", "--out", "out"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let cell = cells(&scratch.run_below("out")).remove(0);
    let expected = "route (validation): broke its contract: asked another model for query 0, beyond its attempt limit of 1 attempts (`limits.attempts`)";
    assert_eq!(cell.detail.as_deref(), Some(expected));
}

#[test]
fn a_run_without_answers_still_routes_and_one_with_their_embeddings_shows_them() {
    let scratch = Scratch::new();
    scratch.starter();
    let spy = || [("spy", guest("spies_on_answers"))];
    let run = |name: &str| {
        let file = format!("{name}.toml");
        scratch.write(&file, experiment(name, "starter", SHORT, spy()));
        scratch.done(["bench", &file, "--out", name]);
        let cell = cells(&scratch.run_below(name)).remove(0);
        assert_eq!(cell.status, CellStatus::Ok);
        cell.log.unwrap()
    };
    let completions = read_table::<CompletionRow>(&scratch.path("starter/completions.parquet")).unwrap().rows;
    let vectors = completions.iter().map(|row| AnswerEmbeddingRow {
        query_id: row.query_id.clone(),
        model: row.model.clone(),
        encoder: "length".into(),
        embedding: vec![1.0, row.raw_output.len() as f32],
    });
    let mut vectors: Vec<AnswerEmbeddingRow> = vectors.collect();
    let table = scratch.path("starter/answer_embeddings.parquet");
    write_table(&table, &vectors, &Provenance::default()).unwrap();
    assert!(run("vectors").contains("info: vectors true\n"));

    std::fs::remove_file(scratch.path("starter/completions.parquet")).unwrap();
    std::fs::remove_file(&table).unwrap();
    let log = run("blind");
    assert!(log.contains("info: vectors false\n") && log.contains("info: seen \"\"\n"), "{log}");

    vectors[1].embedding.push(0.0);
    write_table(&table, &vectors, &Provenance::default()).unwrap();
    scratch.write("bad.toml", experiment("bad", "starter", SHORT, spy()));
    let ran = scratch.routerlab(["bench", "bad.toml", "--out", "bad"]);
    let of = format!("the answer of `{}` to `{}`", vectors[1].model, vectors[1].query_id);
    let message = format!(
        "error: data `starter/answer_embeddings.parquet`: {of} has 3 numbers, expected 2, as many as the first\n"
    );
    assert_eq!((ran.code, ran.stderr.ends_with(&message)), (Some(2), true), "{}", ran.stderr);
}
