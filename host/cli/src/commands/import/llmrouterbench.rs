//! `routerlab import llmrouterbench`: released results.

use std::path::PathBuf;

use clap::Args;
use routerlab_records::import::{LlmRouterBenchOptions, NameFilter, import_llmrouterbench};

use super::say;
use crate::exit::{Ended, print};
use crate::progress::Progress;

/// Bytes in one step of progress.
const STEP: u64 = 1 << 20;

/// Released results of LLMRouterBench, a folder or an archive of JSON files, as a data folder.
///
/// PATH is the released tree or any folder above it, or its archive (.tar or .tar.gz), which is read without being unpacked.
/// Of several files of one dataset, split and model the newest counts; demo runs are left out. Failed calls become
/// completions without a score, and a cost of 0 becomes an unknown one. A run that was stopped goes on where it was when the
/// same command is given again.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import llmrouterbench bench-release.tar.gz --out released\n  routerlab import llmrouterbench results --dataset aime,gpqa --prices prices.toml --out released"
)]
pub(super) struct LlmRouterBench {
    /// A folder or an archive
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Only these datasets; outweighs --exclude-dataset
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    dataset: Vec<String>,
    /// Not these datasets
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    exclude_dataset: Vec<String>,
    /// Only these splits; outweighs --exclude-split
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    split: Vec<String>,
    /// Not these splits
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    exclude_split: Vec<String>,
    /// Only these models; outweighs --exclude-model
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    model: Vec<String>,
    /// Not these models
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    exclude_model: Vec<String>,
    /// Prices (TOML), for answers whose cost the results give as 0
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// The data folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl LlmRouterBench {
    pub(super) fn execute(self) -> anyhow::Result<Ended> {
        let filter = |include: Vec<String>, exclude: Vec<String>| NameFilter {
            include: include.into_iter().collect(),
            exclude: exclude.into_iter().collect(),
        };
        let options = LlmRouterBenchOptions {
            datasets: filter(self.dataset, self.exclude_dataset),
            splits: filter(self.split, self.exclude_split),
            models: filter(self.model, self.exclude_model),
            prices: self.prices,
        };
        let mut progress = Progress::with_rate("MiB", "records");
        let mut last = 0;
        let summary = import_llmrouterbench(&self.path, &options, &self.out, &mut |at| {
            // It is called for every record, of which most change nothing that is shown.
            if std::mem::replace(&mut last, at.bytes_done / STEP) != at.bytes_done / STEP {
                progress.at_rate(at.bytes_done / STEP, at.bytes_total / STEP, at.records);
            }
        })?;
        drop(progress);
        say(&summary);
        print(&format!("{}\n", summary.folder.display()))?;
        Ok(Ended::Done)
    }
}
