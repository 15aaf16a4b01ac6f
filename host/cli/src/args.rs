//! The commands. Each is a struct in its own file that executes itself.

use clap::{Parser, Subcommand};

use crate::commands;
use crate::exit::Ended;

/// A laboratory for LLM routers: run routers from anyone as sandboxed components under identical seeds and partitions,
/// and see who is really better, by how much, and how sure that is.
#[derive(Debug, Parser)]
#[command(name = "routerlab", version, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Example:\n  routerlab demo\n\nExit codes: 0 done, 1 finished but some work failed, 2 input or configuration is wrong, 3 a plugin broke its contract"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(commands::demo::Demo),
    Import(commands::import::Import),
    Collect(commands::collect::Collect),
    Judge(commands::judge::Judge),
    Score(commands::score::Score),
    Embed(commands::embed::Embed),
    Duplicates(commands::duplicates::DuplicatesCommand),
    Bench(commands::bench::Bench),
    Report(commands::report::ReportCommand),
    Verify(commands::verify::Verify),
    Export(commands::export::Export),
    Query(commands::query::Query),
    Build(commands::build::Build),
    Inspect(commands::inspect::Inspect),
    Check(commands::check::Check),
    Doctor(commands::doctor::Doctor),
    Pool(commands::pool::PoolCommand),
    #[command(name = routerlab_plugin::COMPILE_COMMAND, hide = true)]
    CompileComponent(commands::compile::Compile),
}

impl Command {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        match self {
            Self::Demo(command) => command.execute(),
            Self::Import(command) => command.execute(),
            Self::Collect(command) => command.execute(),
            Self::Judge(command) => command.execute(),
            Self::Score(command) => command.execute(),
            Self::Embed(command) => command.execute(),
            Self::Duplicates(command) => command.execute(),
            Self::Bench(command) => command.execute(),
            Self::Report(command) => command.execute(),
            Self::Verify(command) => command.execute(),
            Self::Export(command) => command.execute(),
            Self::Query(command) => command.execute(),
            Self::Build(command) => command.execute(),
            Self::Inspect(command) => command.execute(),
            Self::Check(command) => command.execute(),
            Self::Doctor(command) => command.execute(),
            Self::Pool(command) => command.execute(),
            Self::CompileComponent(command) => command.execute(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_fit_together() {
        Args::command().debug_assert();
    }

    /// In a release build clap does not look for it.
    #[test]
    fn no_command_has_a_flag_twice() {
        let mut command = Args::command();
        command.build();
        let mut waiting: Vec<_> = command.get_subcommands().cloned().collect();
        while let Some(command) = waiting.pop() {
            let mut flags: Vec<&str> = command.get_arguments().filter_map(|argument| argument.get_long()).collect();
            flags.sort_unstable();
            assert!(flags.windows(2).all(|pair| pair[0] != pair[1]), "`{}`: {flags:?}", command.get_name());
            waiting.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn every_help_has_an_example() {
        let mut command = Args::command();
        command.build();
        let mut waiting: Vec<_> = command.get_subcommands().cloned().collect();
        while let Some(mut command) = waiting.pop() {
            if command.get_name() == "help" || command.is_hide_set() {
                continue;
            }
            let help = command.render_long_help().to_string();
            let example = help.rsplit("\n\n").find(|part| part.trim_start().starts_with("Example:"));
            let shown = example.is_some_and(|part| part.contains("\n  routerlab "));
            assert!(shown, "`{}` shows no example:\n{help}", command.get_name());
            waiting.extend(command.get_subcommands().cloned());
        }
    }
}
