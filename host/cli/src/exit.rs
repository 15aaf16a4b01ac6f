//! Exit codes, and how an error is shown: headline first, then its causes, then a hint.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::io::Write;
use std::process::ExitCode;

use routerlab_bench::BenchError;
use routerlab_plugin::{CallError, LoadError, plain};

/// Writes data to stdout. A reader that has had enough is an error here that [`finish`] knows.
///
/// # Errors
/// Whatever the system says.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// How a command ended that was not an error in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything was done: 0.
    Done,
    /// It finished, but some of the work failed: 1.
    SomeFailed,
    /// It finished, but a plugin broke its contract: 3.
    ContractBroken,
}

impl Ended {
    /// How two pieces of work ended together: as the one that ended worse.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::ContractBroken, _) | (_, Self::ContractBroken) => Self::ContractBroken,
            (Self::SomeFailed, _) | (_, Self::SomeFailed) => Self::SomeFailed,
            (Self::Done, Self::Done) => Self::Done,
        }
    }
}

/// The input or the configuration is wrong.
const INPUT_WRONG: u8 = 2;
/// A plugin broke its contract.
const CONTRACT_BROKEN: u8 = 3;

/// Shows what went wrong, if anything, and picks the exit code.
pub(crate) fn finish(result: anyhow::Result<Ended>) -> ExitCode {
    match result {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::SomeFailed) => ExitCode::from(1),
        Ok(Ended::ContractBroken) => ExitCode::from(CONTRACT_BROKEN),
        Err(error) if closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Names and words in it may come from a stranger's file.
            eprintln!("{}", plain(&chain(&error)));
            ExitCode::from(code_of(&error))
        }
    }
}

/// Help and version are no errors; a wrong flag is wrong input.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a terminal that does not take the message.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(INPUT_WRONG) } else { ExitCode::SUCCESS }
}

/// Whoever read our output has had enough, for example `head`.
fn closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

fn code_of(error: &anyhow::Error) -> u8 {
    let broken = error.chain().any(|cause| {
        let bench = cause.downcast_ref::<BenchError>();
        let load = match bench {
            Some(BenchError::Load(load)) => Some(load),
            _ => cause.downcast_ref::<LoadError>(),
        };
        let call = match bench {
            Some(BenchError::Evaluator { error, .. }) => Some(error),
            _ => cause.downcast_ref::<CallError>(),
        };
        load.is_some_and(LoadError::breaks_contract) || matches!(call, Some(CallError::Breach(_)))
    });
    if broken { CONTRACT_BROKEN } else { INPUT_WRONG }
}

/// `error: ...`, then one line for each cause that says something new.
fn chain(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let words = cause.to_string();
        if !said.contains(&words) {
            text.push_str(&format!("\n  because: {words}"));
            said.push_str(&words);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_shown_once_and_in_order() {
        let error = anyhow::anyhow!("disk full").context("cannot write `a.parquet`").context("cannot import `b`");
        assert_eq!(
            chain(&error),
            "error: cannot import `b`\n  because: cannot write `a.parquet`\n  because: disk full"
        );
    }

    #[test]
    fn a_cause_that_the_headline_repeats_is_not_shown_again() {
        let error = anyhow::anyhow!("disk full").context("cannot write: disk full");
        assert_eq!(chain(&error), "error: cannot write: disk full");
    }
}
