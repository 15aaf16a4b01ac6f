//! `routerlab import swe-bench` and `routerlab import tau2`: results of agent harnesses.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use routerlab_records::TableError;
use routerlab_records::import::{HarnessResults, ImportSummary};

/// An importer of results.
type Importer = fn(&[HarnessResults], Option<&Path>, &Path) -> Result<ImportSummary, TableError>;

/// Results of a harness; which one, and what is made of them, the command says.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import swe-bench logs/run_evaluation/first --model a --out my-swe-bench\n  routerlab import tau2 a.json b.json --model a --model b --out my-tau2"
)]
pub(super) struct Harness {
    /// Result files, or folders of them; one for each model
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The model of each PATH, in the same order [default: as the results name it]
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// Take the queries of a folder made by `routerlab import dataset`
    #[arg(long, value_name = "DIR")]
    queries: Option<PathBuf>,
    /// The data folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Harness {
    pub(super) fn read(self, import: Importer) -> anyhow::Result<ImportSummary> {
        let (paths, models) = (self.paths.len(), self.model.len());
        if models != 0 && models != paths {
            bail!("{models} times `--model` for {paths} paths; give one for each, or none");
        }
        let mut models = self.model.into_iter();
        let results = |path| HarnessResults { path, model: models.next().map(Into::into) };
        let results: Vec<HarnessResults> = self.paths.into_iter().map(results).collect();
        Ok(import(&results, self.queries.as_deref(), &self.out)?)
    }
}
