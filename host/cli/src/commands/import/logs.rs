//! `routerlab import lm-eval` and `routerlab import inspect`: logs of evaluation harnesses.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use routerlab_records::import::{
    BytesProgress, HarnessResults, ImportSummary, InspectOptions, LmEvalOptions, LogChoice, import_inspect,
    import_lm_eval,
};

use super::say;
use crate::exit::{Ended, print};
use crate::progress::Progress;

/// Bytes in one step of progress.
const STEP: u64 = 1 << 20;

/// Sample logs of lm-evaluation-harness.
///
/// PATH is a folder with `samples_TASK_TIME.jsonl` at any depth (as `lm_eval --log_samples --output_path` writes them, a
/// folder for each model with its `results_TIME.json`), a tar archive of one (.tar or .tar.gz), or one log. Tasks become
/// datasets. Of several logs of one task and model the newest counts. Without `--metric` the score is the first of
/// exact_match, acc, pass@1 and a few others that a log has, without `--filter` its rows are those of the log's first
/// filter; the summary says which. Costs, tokens and latencies are not in such logs. A run that was stopped goes on where it
/// was when the same command is given again.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import lm-eval results --out my-evals\n  routerlab import lm-eval results --metric arc_challenge=acc_norm --filter gsm8k=flexible-extract --out my-evals"
)]
pub(super) struct LmEval {
    /// Folders, archives or logs
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The model of each PATH, in the same order [default: as the results beside the logs name it]
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// The metric that is the score, for every task that has it or for one; repeatable
    #[arg(long, value_name = "[TASK=]NAME")]
    metric: Vec<String>,
    /// The filter whose rows are taken, for every task that has it or for one; repeatable
    #[arg(long, value_name = "[TASK=]NAME")]
    filter: Vec<String>,
    /// What the split of the queries is called
    #[arg(long, default_value = "test", value_name = "NAME")]
    split: String,
    /// The data folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl LmEval {
    pub(super) fn execute(self) -> anyhow::Result<Ended> {
        let (paths, models) = (self.paths.len(), self.model.len());
        if models != 0 && models != paths {
            bail!("{models} times `--model` for {paths} paths; give one for each, or none");
        }
        let mut models = self.model.into_iter();
        let logs = |path| HarnessResults { path, model: models.next().map(Into::into) };
        let logs: Vec<HarnessResults> = self.paths.into_iter().map(logs).collect();
        let options =
            LmEvalOptions { metrics: choices(&self.metric), filters: choices(&self.filter), split: self.split.into() };
        watched(|watch| import_lm_eval(&logs, &options, &self.out, watch))
    }
}

/// Logs of Inspect, the harness of the UK AI Security Institute.
///
/// PATH is a folder with `.eval` or `.json` logs at any depth, a tar archive of one (.tar or .tar.gz), or one log. Tasks
/// become datasets, epochs samples. Of several logs of one task and model the newest that ended well counts. Without
/// `--scorer` the score is that of the log's first scorer; C is 1, P a half, I and N are 0; the summary says which scorer.
/// What ended with an error has a status and no score. A run that was stopped goes on where it was when the same command is
/// given again. Logs that are packed with zstd are not read yet: `inspect log convert --to json --output-dir DIR LOGS`
/// writes them as JSON.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import inspect logs --out my-evals\n  routerlab import inspect logs --scorer gsm8k=match --out my-evals"
)]
pub(super) struct Inspect {
    /// Folders, archives or logs
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The scorer whose score counts (SCORER.KEY where it gives several values), for every task that has it or for one;
    /// repeatable
    #[arg(long, value_name = "[TASK=]NAME")]
    scorer: Vec<String>,
    /// Prices (TOML), for costs that the logs lack
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What the split of the queries is called
    #[arg(long, default_value = "test", value_name = "NAME")]
    split: String,
    /// The data folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Inspect {
    pub(super) fn execute(self) -> anyhow::Result<Ended> {
        let options = InspectOptions { scorers: choices(&self.scorer), prices: self.prices, split: self.split.into() };
        watched(|watch| import_inspect(&self.paths, &options, &self.out, watch))
    }
}

fn choices(texts: &[String]) -> Vec<LogChoice> {
    texts.iter().map(|text| LogChoice::parse(text)).collect()
}

/// Runs an import with its progress, and says what it brought.
fn watched(
    import: impl FnOnce(&mut dyn FnMut(BytesProgress)) -> Result<ImportSummary, routerlab_records::TableError>,
) -> anyhow::Result<Ended> {
    let mut progress = Progress::with_rate("MiB", "records");
    let summary = import(&mut |at| progress.at_rate(at.bytes_done / STEP, at.bytes_total / STEP, at.records))?;
    drop(progress);
    say(&summary);
    print(&format!("{}\n", summary.folder.display()))?;
    Ok(Ended::Done)
}
