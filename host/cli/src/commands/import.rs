//! `routerlab import`: other people's records into tables.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

mod dataset;
mod elsewhere;
mod harness;
mod llmrouterbench;
mod logs;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use routerlab_records::EncoderName;
use routerlab_records::import::{
    ImportSummary, OutcomeFormat, Progress as Done, RecordedFiles, import_completions, import_judgements,
    import_outcomes, import_recorded, import_swe_bench, import_tau2,
};

use crate::exit::{Ended, print};
use crate::progress::Progress;

/// Bring records into a data folder that experiments can run on.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import outcomes outcomes.parquet --embeddings embeddings.parquet --out my-data"
)]
pub(crate) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Scores that exist already: one row for each query and model.
    ///
    /// Columns: dataset, split, query_id, query, model, score, and where known prompt_tokens, completion_tokens, cost_usd,
    /// latency_ms, ground_truth. Rows may come in any order. An empty cell of a CSV file says nothing.
    #[command(
        after_help = "Example:\n  routerlab import outcomes outcomes.parquet --embeddings embeddings.parquet --out my-data\n  routerlab import outcomes results.csv --prices prices.toml --out my-data"
    )]
    Outcomes {
        /// The outcomes (Parquet, CSV or JSON Lines, by their ending)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What the outcomes are written in, whatever their ending says
        #[arg(long, value_name = "FORMAT")]
        format: Option<Format>,
        /// Embeddings (Parquet with query_id and embedding)
        #[arg(long, value_name = "FILE")]
        embeddings: Option<PathBuf>,
        /// What made the embeddings
        #[arg(long, default_value = "unknown", value_name = "NAME")]
        encoder: String,
        /// Prices (TOML), for costs that the file lacks
        #[arg(long, value_name = "FILE")]
        prices: Option<PathBuf>,
        /// The data folder to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Queries and recorded completions as JSON Lines, to be scored with `routerlab score`.
    #[command(
        after_help = "Example:\n  routerlab import recorded --queries queries.jsonl --completions completions.jsonl --prices prices.toml --out my-data"
    )]
    Recorded {
        /// The queries (JSON Lines)
        #[arg(long, value_name = "FILE")]
        queries: PathBuf,
        /// The completions (JSON Lines)
        #[arg(long, value_name = "FILE")]
        completions: PathBuf,
        /// Prices of every model (TOML)
        #[arg(long, value_name = "FILE")]
        prices: PathBuf,
        /// Embeddings (Parquet with query_id and embedding)
        #[arg(long, value_name = "FILE")]
        embeddings: Option<PathBuf>,
        /// What made the embeddings
        #[arg(long, default_value = "unknown", value_name = "NAME")]
        encoder: String,
        /// The data folder to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Recorded completions as JSON Lines, for the queries of a data folder, to be scored with `routerlab score`.
    ///
    /// The folder is one that `routerlab import dataset` made. Each line has query_id, model, raw_output, prompt_tokens,
    /// completion_tokens, status (ok, or what went wrong), and where known sample_index, prompt, finish_reason,
    /// reasoning_tokens, cached_tokens, latency_ms, ttft_ms, attempts, provider_model, collected_at.
    #[command(
        after_help = "Example:\n  routerlab import completions completions.jsonl --prices prices.toml --data my-mmlupro"
    )]
    Completions {
        /// The completions (JSON Lines)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Prices of every model (TOML)
        #[arg(long, value_name = "FILE")]
        prices: PathBuf,
        /// The data folder with their queries
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Replies of judges, for evaluators that ask one: into the judgements of a data folder.
    ///
    /// Lines as `routerlab score --judge-requests` writes them, each with a `reply`, or with an `error` where the call
    /// failed, and where known judge, prompt_tokens, completion_tokens, cost_usd, collected_at.
    #[command(after_help = "Example:\n  routerlab import judgements replies.jsonl --data my-data")]
    Judgements {
        /// The replies (JSON Lines)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The data folder they belong to
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    Dataset(dataset::Dataset),
    #[command(name = "llmrouterbench")]
    LlmRouterBench(llmrouterbench::LlmRouterBench),
    /// What the SWE-bench harness found out about patches.
    ///
    /// Queries, completions, scores and outcomes as the harness has them. A failure of the harness itself has no score.
    SweBench(harness::Harness),
    /// What tau2-bench found out about conversations.
    ///
    /// Queries, completions, scores and outcomes as the harness has them. A failure of the harness itself has no score.
    Tau2(harness::Harness),
    #[command(name = "routerbench")]
    RouterBench(elsewhere::RouterBench),
    #[command(name = "routereval")]
    RouterEval(elsewhere::RouterEval),
    Arena(elsewhere::Arena),
    LmEval(logs::LmEval),
    Inspect(logs::Inspect),
}

/// What outcomes may be written in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Apache Parquet
    Parquet,
    /// Comma-separated values; the first line names the columns
    Csv,
    /// A JSON object a line
    Jsonl,
}

impl From<Format> for OutcomeFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Parquet => Self::Parquet,
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::JsonLines,
        }
    }
}

impl Import {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let mut progress = Progress::new("rows");
        let mut watch = |done: Done| progress.at(done.rows_done, done.rows_total);
        let summary = match self.what {
            What::Outcomes { file, format, embeddings, encoder, prices, out } => {
                let format = format.map_or_else(|| OutcomeFormat::of(&file), Into::into);
                let encoder = EncoderName::from(encoder);
                let embeddings = embeddings.as_deref().map(|path| (path, &encoder));
                import_outcomes(&file, format, embeddings, prices.as_deref(), &out, &mut watch)?
            }
            What::Recorded { queries, completions, prices, embeddings, encoder, out } => {
                let embeddings = embeddings.map(|path| (path, EncoderName::from(encoder)));
                import_recorded(&RecordedFiles { queries, completions, prices, embeddings }, &out, &mut watch)?
            }
            What::Completions { file, prices, data } => import_completions(&file, &prices, &data, &mut watch)?,
            What::Judgements { file, data } => {
                let imported = import_judgements(&file, &data, &mut watch)?;
                drop(progress);
                eprintln!("imported {} replies and {} failed calls", imported.replies, imported.failed);
                print(&format!("{}\n", imported.file.display()))?;
                return Ok(Ended::Done);
            }
            What::Dataset(dataset) => return dataset.execute(&mut watch),
            What::LlmRouterBench(results) => {
                drop(progress);
                return results.execute();
            }
            What::SweBench(results) => results.read(import_swe_bench)?,
            What::Tau2(results) => results.read(import_tau2)?,
            What::RouterBench(tables) => tables.read(&mut watch)?,
            What::RouterEval(scores) => scores.read()?,
            What::Arena(predictions) => return predictions.execute(),
            What::LmEval(logs) => return logs.execute(),
            What::Inspect(logs) => return logs.execute(),
        };
        drop(progress);
        say(&summary);
        print(&format!("{}\n", summary.folder.display()))?;
        Ok(Ended::Done)
    }
}

/// Says on stderr what was imported, and what to know of it.
fn say(summary: &ImportSummary) {
    let ImportSummary { rows, queries, models, datasets, embedding_width, notes, .. } = summary;
    let embeddings = embedding_width.map_or("no embeddings".into(), |width| format!("embeddings of width {width}"));
    eprintln!("imported {rows} rows: {queries} queries x {models} models in {datasets} datasets, {embeddings}");
    for note in notes {
        eprintln!("note: {note}");
    }
}
