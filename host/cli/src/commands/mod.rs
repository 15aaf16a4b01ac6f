//! One command each, and what several of them share: the sandbox and the machine's threads.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod compile;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod duplicates;
pub(crate) mod embed;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod judge;
pub(crate) mod pool;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod verify;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use routerlab_plugin::{Compiler, Limits, Sandbox, SandboxOptions};

/// The sandbox of the command line: compiles in child processes, keeps compiled code in the user's cache folder.
pub(crate) fn sandbox(limits: &Limits) -> anyhow::Result<Sandbox> {
    let program = std::env::current_exe().context("the program cannot find itself")?;
    let options = SandboxOptions { limits: limits.clone(), cache_dir: cache_dir(), compiler: Compiler::Child(program) };
    Ok(Sandbox::new(options)?)
}

/// `$ROUTERLAB_CACHE`, else the user's cache folder. Compiled code is run as it lies there, so a folder that everybody may
/// write to is no default: without a home of one's own nothing is kept.
fn cache_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("ROUTERLAB_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("routerlab")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache").join("routerlab")))
}

/// How many threads to use: what was asked for, else all cores.
pub(crate) fn threads(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}
