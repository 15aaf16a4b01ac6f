//! Imports of whole sets: the counts of the real ones, where they are at hand, and the starter that ships.
#![allow(clippy::print_stderr, reason = "a test that is skipped says why, a long one how long it took")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use routerlab_records::definition::DatasetDefinition;
use routerlab_records::import::{ImportSummary, Manifest, OutcomeFormat, import_outcomes};
use routerlab_records::pool::Pool;
use routerlab_records::{
    CompletionRow, EmbeddingRow, Embeddings, OutcomeRow, Outcomes, QueryRow, digest_file, read_table,
};

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Imports one set and checks what its documentation says of it.
fn check_set(name: &str, rows: u64, models: usize, queries: usize, datasets: usize, embedded: bool) {
    let shared = checkout().join("../shared/data");
    let file = shared.join(name).join("outcomes.parquet");
    if !file.exists() {
        eprintln!("skipped: `{}` is not there", file.display());
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join(name);
    let embeddings = shared.join(format!("embeddings/{name}.parquet"));
    let encoder = "all-MiniLM-L6-v2".into();
    let embeddings = embedded.then_some((embeddings.as_path(), &encoder));
    let mut reports = Vec::new();
    let start = Instant::now();
    let summary = import_outcomes(&file, OutcomeFormat::of(&file), embeddings, None, &out, &mut |progress| {
        reports.push(progress)
    })
    .unwrap();
    let imported = start.elapsed();
    let ImportSummary { notes, .. } = &summary;
    assert_eq!((summary.rows, summary.models, summary.queries, summary.datasets), (rows, models, queries, datasets));
    assert_eq!(summary.embedding_width, embedded.then_some(384));
    assert_eq!(reports.last().map(|last| (last.rows_done, last.rows_total)), Some((rows, rows)));

    let start = Instant::now();
    let queries = read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows;
    let table = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap();
    let outcomes = Outcomes::join(queries, &table).unwrap();
    let read = start.elapsed();
    assert_eq!(outcomes.scores().iter().filter(|score| !score.is_nan()).count() as u64, rows);
    if embedded {
        let embeddings = read_table::<EmbeddingRow>(&out.join("embeddings.parquet")).unwrap();
        assert_eq!(Embeddings::join(outcomes.queries(), &embeddings).unwrap().width(), 384);
    }
    eprintln!("{name}: import {imported:.2?}, read and join outcomes {read:.2?}; {notes:?}");
}

#[test]
fn med_agents_bench_is_imported_whole() {
    check_set("med_agents_bench", 63_238, 10, 6_324, 5, true);
}

#[test]
fn bfcl_is_imported_whole() {
    check_set("bfcl_2024_08", 120_700, 71, 1_700, 12, false);
}

#[test]
fn kor_bench_is_imported_whole() {
    check_set("kor_bench", 77_500, 62, 1_250, 5, false);
}

#[test]
fn zero_eval_is_imported_whole() {
    check_set("zero_eval", 128_890, 56, 2_840, 3, true);
}

#[test]
fn mmlu_pro_is_imported_whole() {
    check_set("mmlu_pro", 347_215, 29, 12_032, 14, true);
}

#[test]
fn reasoning_gym_is_imported_whole() {
    check_set("reasoning_gym", 94_793, 11, 9_497, 98, false);
}

#[test]
fn the_starter_ships_whole_small_and_with_an_evaluator_for_every_query() {
    let folder = checkout().join("datasets/starter");
    let manifest = Manifest::read(&folder).unwrap();
    for (name, file) in &manifest.files {
        assert_eq!(digest_file(&folder.join(name)).unwrap(), file.sha256, "{name}");
        assert!(file.bytes < 1 << 20, "{name} has {} bytes", file.bytes);
    }
    let queries = read_table::<QueryRow>(&folder.join("queries.parquet")).unwrap().rows;
    let completions = read_table::<CompletionRow>(&folder.join("completions.parquet")).unwrap().rows;
    let embeddings = read_table::<EmbeddingRow>(&folder.join("embeddings.parquet")).unwrap();
    assert_eq!((queries.len(), completions.len()), (640, 3200));
    assert_eq!(Embeddings::join(&queries, &embeddings).unwrap().width(), 384);
    let cost_usd: f64 = completions.iter().filter_map(|row| row.cost_usd).sum();
    assert!((cost_usd - 0.022_438).abs() < 1e-6, "{cost_usd}");
    let pool = Pool::read(&folder.join("pool.toml")).unwrap();
    assert_eq!(pool.models.len(), 5);

    let definition = DatasetDefinition::read(&folder.join("dataset.toml")).unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for query in &queries {
        let entry = definition.evaluator_for(query).unwrap();
        *counts.entry((entry.name.to_string(), entry.config_text(None))).or_insert(0) += 1;
    }
    let counts: Vec<_> =
        counts.iter().map(|((name, config), count)| (name.as_str(), config.as_str(), *count)).collect();
    assert_eq!(
        counts,
        [
            ("exact-match", r#"{"after_verb":true}"#, 212),
            ("exact-match", r#"{"case":"keep","full_stop":"keep"}"#, 62),
            ("exact-match", r#"{"labels":["positive","negative","neutral"]}"#, 80),
            ("json-keys", "{}", 18),
            ("multiple-choice", "{}", 98),
            ("number", "{}", 170),
        ]
    );
}
