//! Data folders and pools for tests that collect from the scripted endpoint.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use routerlab_records::{
    AttemptRow, CompletionRow, Provenance, QueryId, QueryRow, Row, read_completions, read_folder, write_table,
};

use crate::support::Scratch;

/// `data` with so many queries of one dataset, each with a prompt of its own.
pub(crate) fn queries(scratch: &Scratch, count: u64) -> PathBuf {
    let folder = scratch.path("data");
    let rows: Vec<QueryRow> =
        (1..=count).map(|index| query(index, &format!("What is {index} times {index}?"))).collect();
    write_queries(&folder, &rows);
    folder
}

pub(crate) fn write_queries(folder: &Path, rows: &[QueryRow]) {
    write_table(&folder.join("queries.parquet"), rows, &Provenance::default()).unwrap();
}

pub(crate) fn query(index: u64, prompt: &str) -> QueryRow {
    QueryRow {
        query_id: QueryId::new("squares", "test", index).unwrap(),
        dataset: "squares".into(),
        split: "test".into(),
        record_index: index,
        origin_query: prompt.to_owned(),
        prompt: prompt.to_owned(),
        ground_truth: Some((index * index).to_string()),
        metadata: "{}".into(),
        group_key: index.to_string(),
    }
}

/// A pool of models at one endpoint, quick to try again. `more` is laid into `[defaults]`.
pub(crate) fn pool(scratch: &Scratch, url: &str, models: &[&str], more: &str) {
    let mut text = format!(
        "name = \"test\"\n[prices]\nas_of = \"2026-01-30\"\nbasis = \"declared\"\n[defaults]\nbase_url = \"{url}\"\n\
         price = {{ input = 1.0, output = 2.0 }}\nattempts = 20\nbackoff_s = 0.001\nmax_backoff_s = 0.01\nstall_s = 0.3\n\
         timeout_s = 5.0\nmax_answer_mib = 1\n{more}\n"
    );
    for model in models {
        text.push_str(&format!("[models.\"{model}\"]\n"));
    }
    scratch.write("pool.toml", text);
}

/// Every completion of `data`, by query and model.
pub(crate) fn completions(folder: &Path) -> BTreeMap<(u64, String, u32), CompletionRow> {
    let rows = read_completions(folder).unwrap().rows;
    rows.into_iter().map(|row| ((row.query_id.record_index(), row.model.to_string(), row.sample_index), row)).collect()
}

pub(crate) fn attempts(folder: &Path) -> Vec<AttemptRow> {
    read_folder(&folder.join("attempts")).unwrap().into_iter().flat_map(|table| table.rows).collect()
}

/// The bytes of every file of completions, with what differs between runs taken out.
pub(crate) fn stable_bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let scratch = tempfile::tempdir().unwrap();
    let mut files = BTreeMap::new();
    for table in read_folder::<CompletionRow>(&folder.join("completions")).unwrap() {
        let rows: Vec<CompletionRow> = table
            .rows
            .into_iter()
            .map(|row| CompletionRow { latency_ms: None, ttft_ms: None, attempts: 0, collected_at: None, ..row })
            .collect();
        let path = scratch.path().join(format!("stable-{}.parquet", CompletionRow::TABLE));
        write_table(&path, &rows, &table.provenance).unwrap();
        let name = table.path.strip_prefix(folder).unwrap().display().to_string();
        files.insert(name, std::fs::read(&path).unwrap());
    }
    files
}

/// The program in the background, with its own cache folder.
pub(crate) fn spawn(scratch: &Scratch, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_routerlab"))
        .args(args)
        .current_dir(scratch.path("."))
        .env("ROUTERLAB_CACHE", scratch.cache())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
