//! `routerlab import routerbench`, `routereval`, `arena`: results of other benchmarks of routers.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use routerlab_records::import::{
    ArenaOptions, ImportSummary, Progress, RouterEvalOptions, import_arena, import_routerbench, import_routereval,
};

use crate::exit::{Ended, print};

/// RouterBench's table: eleven models on some 36,000 prompts
///
/// Reads the wide table, Parquet or CSV: sample_id, eval_name, prompt, and for each model MODEL, MODEL|model_response and
/// MODEL|total_cost. The release is a pickle, which is a program and is not run here; turn it once into Parquet:
///
///   import pandas
///   table = pandas.read_pickle("routerbench_0shot.pkl")
///   table.to_parquet("routerbench_0shot.parquet")
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Example:\n  routerlab import routerbench routerbench_0shot.parquet --out my-routerbench"
)]
pub(super) struct RouterBench {
    /// The tables (Parquet or CSV)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the split of the queries is called
    #[arg(long, default_value = "test", value_name = "NAME")]
    split: String,
    /// The data folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl RouterBench {
    pub(super) fn read(self, watch: &mut dyn FnMut(Progress)) -> anyhow::Result<ImportSummary> {
        Ok(import_routerbench(&self.files, &self.split.into(), &self.out, watch)?)
    }
}

/// RouterEval's prompts with the scores of up to 8,500 models
///
/// Reads a router dataset, of which one pool is taken, or a leaderboard with its prompts, of which tasks and models can be
/// chosen. There are no answers and no costs. The release is pickles, which are programs and are not run here; turn one into
/// JSON:
///
///   import json, pickle
///   content = pickle.load(open("gsm8k_router_dataset.pkl", "rb"))
///   json.dump(content, open("gsm8k_router_dataset.json", "w"), default=lambda array: array.tolist())
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Example:\n  routerlab import routereval gsm8k_router_dataset.json --pool easy/5/strong_to_weak --out my-gsm8k\n  routerlab import routereval leaderboard_new.json --prompts leaderboard_new_prompt.json --task ifeval --model a --model b --out my-ifeval"
)]
pub(super) struct RouterEval {
    /// A router dataset or a leaderboard (JSON)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The pool of a router dataset, such as easy/5/strong_to_weak
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    /// What a router dataset is called [default: as its file]
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// The prompts of a leaderboard (JSON)
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// A task of a leaderboard, repeatable [default: all]
    #[arg(long, value_name = "NAME")]
    task: Vec<String>,
    /// A model, repeatable [default: all]
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// What made the embeddings of a router dataset
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// The data folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl RouterEval {
    pub(super) fn read(self) -> anyhow::Result<ImportSummary> {
        let options = RouterEvalOptions {
            pool: self.pool,
            dataset: self.dataset,
            prompts: self.prompts,
            tasks: self.task,
            models: self.model,
            encoder: self.encoder.map(Into::into),
        };
        Ok(import_routereval(&self.file, &options, &self.out)?)
    }
}

/// What RouterArena found out about a router, as a result from elsewhere.
///
/// Reads prediction files: what a router chose for each query, and what came of it there. Such a result has its own pool,
/// queries and day, so it has no rank here: it is kept in `external.parquet` of a data folder, one row for each dataset and
/// one for all, and shown beside the ranks.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import arena router_inference/predictions/carrot.json --dated 2026-01-31 --out my-data"
)]
pub(super) struct Arena {
    /// The prediction files (JSON), one for each router
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The router [default: the file's name without its ending]
    #[arg(long, value_name = "NAME")]
    router: Option<String>,
    /// The day of the results, such as 2026-01-31
    #[arg(long, value_name = "DATE")]
    dated: Option<String>,
    /// Let the rows of the same router and file give way
    #[arg(long)]
    replace: bool,
    /// The data folder whose `external.parquet` grows
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Arena {
    pub(super) fn execute(self) -> anyhow::Result<Ended> {
        if self.router.is_some() && self.files.len() > 1 {
            bail!("`--router` names one router, yet there are {} files", self.files.len());
        }
        let options = ArenaOptions { router: self.router.map(Into::into), dated: self.dated, replace: self.replace };
        let imported = import_arena(&self.files, &options, &self.out)?;
        for row in imported.rows.iter().filter(|row| row.dataset == "all") {
            let accuracy = row.accuracy.map_or("unknown".to_owned(), |accuracy| format!("{:.2} %", accuracy * 100.0));
            let cost = row.cost_usd.map_or("unknown".to_owned(), |dollars| format!("{dollars:.6} USD"));
            eprintln!(
                "imported `{}`: {} queries, {} scored, {} failed; accuracy {accuracy}, cost {cost}",
                row.router, row.queries, row.scored, row.failed
            );
        }
        for note in &imported.notes {
            eprintln!("note: {note}");
        }
        print(&format!("{}\n", imported.file.display()))?;
        Ok(Ended::Done)
    }
}
