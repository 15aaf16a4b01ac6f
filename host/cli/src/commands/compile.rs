//! The hidden command behind the sandbox: compiles a stranger's component in a process of its own, under limits.
#![allow(clippy::print_stderr, reason = "the parent process reads the reason from stderr")]

use std::path::PathBuf;

use clap::Args;

use crate::exit::Ended;

/// Compile a component under limits.
#[derive(Debug, Args)]
pub(crate) struct Compile {
    input: PathBuf,
    output: PathBuf,
    seconds: u64,
    memory_bytes: u64,
    stack_bytes: usize,
}

impl Compile {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        routerlab_plugin::compile_here(&self.input, &self.output, self.seconds, self.memory_bytes, self.stack_bytes)
            .map_err(anyhow::Error::msg)?;
        Ok(Ended::Done)
    }
}
