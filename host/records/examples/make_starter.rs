//! Makes the tables of `datasets/starter` from the recorded files of the starter data.
//!
//! ```console
//! $ rm -f datasets/starter/{*.parquet,pool.toml,manifest.json}
//! $ cargo run --release -p routerlab-records --example make_starter -- FOLDER datasets/starter
//! ```
//!
//! `FOLDER` holds `queries.jsonl`, `completions.jsonl`, `prices.toml` and `embeddings.parquet`. The same input gives
//! the same bytes.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::PathBuf;

use routerlab_records::import::{RecordedFiles, import_recorded};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(source), Some(out_dir)) = (arguments.next(), arguments.next()) else {
        return Err("usage: make_starter FOLDER OUT".into());
    };
    let files = RecordedFiles {
        queries: source.join("queries.jsonl"),
        completions: source.join("completions.jsonl"),
        prices: source.join("prices.toml"),
        embeddings: Some((source.join("embeddings.parquet"), "all-MiniLM-L6-v2".into())),
    };
    let summary = import_recorded(&files, &out_dir, &mut |_| {})?;
    println!("{summary:#?}");
    Ok(())
}
