//! `routerlab export`: our tables in the forms of other programs.

mod llmrouterbench;
mod schema;
mod tables;

use clap::{Args, Subcommand};

use crate::exit::Ended;

/// Write tables in the form of other programs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab export tables my-data --format csv --out my-data-csv")]
pub(crate) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Tables(tables::Tables),
    Schema(schema::Schema),
    #[command(name = "llmrouterbench")]
    LlmRouterBench(llmrouterbench::LlmRouterBench),
}

impl Export {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        match self.what {
            What::Tables(command) => command.execute(),
            What::Schema(command) => command.execute(),
            What::LlmRouterBench(export) => export.execute(),
        }
    }
}
