//! `routerlab export llmrouterbench`: results as LLMRouterBench keeps them.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use clap::Args;
use routerlab_records::export::export_llmrouterbench;

use crate::exit::{Ended, print};
use crate::progress::Progress;

/// The completions and scores of a data folder as the JSON files that LLMRouterBench's analysis reads: one for each dataset,
/// split and model below `DIR/bench`.
///
/// A failed call, and an answer without a score, is a record with a null score, which that analysis takes for 0; an unknown
/// cost is written as 0, which is how it says so. Of several answers to a query the first is written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab export llmrouterbench my-data --out results\n  routerlab export llmrouterbench my-data --scoring compat --out results"
)]
pub(super) struct LlmRouterBench {
    /// The data folder
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Which scores to write, by the label of their scoring
    #[arg(long, value_name = "LABEL", default_value = "own")]
    scoring: String,
    /// The folder to make; the files are below its folder `bench`
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl LlmRouterBench {
    pub(super) fn execute(self) -> anyhow::Result<Ended> {
        let mut progress = Progress::new("records");
        let summary = export_llmrouterbench(&self.data, &self.scoring, &self.out, &mut |at| {
            progress.at(at.rows_done, at.rows_total);
        })?;
        drop(progress);
        eprintln!("exported {} records into {} files", summary.records, summary.files);
        for note in &summary.notes {
            eprintln!("note: {note}");
        }
        print(&format!("{}\n", summary.folder.display()))?;
        Ok(Ended::Done)
    }
}
