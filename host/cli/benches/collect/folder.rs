//! Data folders with made-up queries, and the command that collects into them.

use std::path::{Path, PathBuf};
use std::process::Command;

use routerlab_records::{Provenance, QueryId, QueryRow, write_table};
use tempfile::TempDir;

/// The same queries as a table, and as lines of JSON texts.
#[derive(Debug, Clone)]
pub(crate) struct Queries {
    table: PathBuf,
    pub(crate) lines: PathBuf,
}

pub(crate) fn write_queries(folder: &Path, count: usize, chars: usize) -> Queries {
    let queries = Queries { table: folder.join("queries.parquet"), lines: folder.join("queries.jsonl") };
    let mut rows = Vec::with_capacity(count);
    let mut lines = std::io::BufWriter::new(std::fs::File::create(&queries.lines).unwrap());
    for index in 1..=count as u64 {
        let prompt = prompt(index, chars);
        serde_json::to_writer(&mut lines, &prompt).unwrap();
        std::io::Write::write_all(&mut lines, b"\n").unwrap();
        rows.push(QueryRow {
            query_id: QueryId::new("made-up", "test", index).unwrap(),
            dataset: "made-up".into(),
            split: "test".into(),
            record_index: index,
            origin_query: String::new(),
            prompt,
            ground_truth: None,
            metadata: "{}".into(),
            group_key: index.to_string(),
        });
    }
    write_table(&queries.table, &rows, &Provenance::default()).unwrap();
    std::io::Write::flush(&mut lines).unwrap();
    queries
}

/// A question with a number of its own and words that compress about as badly as real ones.
fn prompt(index: u64, chars: usize) -> String {
    const WORDS: [&str; 16] = [
        "train",
        "leaves",
        "the",
        "station",
        "at",
        "noon",
        "and",
        "\"travels\"",
        "north",
        "with",
        "a",
        "speed",
        "of",
        "which",
        "is\n",
        "twice",
    ];
    let mut text = format!("Question {index}:");
    let mut state = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while text.len() < chars {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(' ');
        text.push_str(WORDS[(state >> 60) as usize]);
    }
    text
}

/// A data folder with nothing collected yet, and a cache of its own.
pub(crate) struct Folder {
    scratch: TempDir,
}

impl Folder {
    pub(crate) fn new(queries: &Queries, url: &str, models: &[&str], at_a_time: usize, stream: bool) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::hard_link(&queries.table, data.join("queries.parquet")).unwrap();
        let folder = Self { scratch };
        folder.pool(url, models, at_a_time, stream);
        folder
    }

    /// Writes the pool, anew when the endpoint is another one.
    pub(crate) fn pool(&self, url: &str, models: &[&str], at_a_time: usize, stream: bool) {
        let mut text = format!(
            "name = \"bench\"\n[prices]\nas_of = \"2026-01-30\"\nbasis = \"declared\"\n[defaults]\nbase_url = \"{url}\"\n\
             price = {{ input = 1.0, output = 2.0 }}\nconcurrency = {at_a_time}\nmax_concurrency = {at_a_time}\n\
             stream = {stream}\n"
        );
        models.iter().for_each(|model| text.push_str(&format!("[models.\"{model}\"]\n")));
        std::fs::write(self.scratch.path().join("pool.toml"), text).unwrap();
    }

    pub(crate) fn collect(&self, cache: bool) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_routerlab"));
        command.args(["collect", "data", "--pool", "pool.toml"]).current_dir(self.scratch.path());
        if cache {
            command.args(["--cache", "cache"]);
        } else {
            command.arg("--no-cache");
        }
        command
    }
}
