//! `routerlab export`: our tables in the forms of other programs.

mod llmrouterbench;

use clap::{Args, Subcommand};

use crate::exit::Ended;

/// Write a data folder in the form of another program.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab export llmrouterbench my-data --out results")]
pub(crate) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The JSON files of LLMRouterBench, for its analysis.
    #[command(name = "llmrouterbench")]
    LlmRouterBench(llmrouterbench::LlmRouterBench),
}

impl Export {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        match self.what {
            What::LlmRouterBench(export) => export.execute(),
        }
    }
}
