//! A laboratory for LLM routers: the terminal's side.

mod args;
mod collecting;
mod commands;
mod exit;
mod progress;
mod report;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    exit::finish(args.command.execute())
}
