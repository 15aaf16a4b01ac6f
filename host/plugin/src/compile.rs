//! Compiling a component: in a child process with limits, or here.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::engine::{Compiler, new_engine};
use crate::limits::{Limit, LimitReached, Limits};

/// The name of the hidden subcommand that a compiling child is started with.
pub const COMPILE_COMMAND: &str = "compile-component";

/// Most threads of a compiling child.
const COMPILE_THREADS: usize = 4;

/// Why there is no compiled code.
pub(crate) enum CompileStop {
    /// It would take more than it may.
    Limit(LimitReached),
    /// The component is not valid, or the machine is at fault.
    Failed(String),
}

/// Compiled code of a component, or why there is none.
pub(crate) fn compile(compiler: &Compiler, path: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, CompileStop> {
    match compiler {
        Compiler::InProcess => {
            let engine = new_engine(limits.stack_bytes).map_err(|error| CompileStop::Failed(error.to_string()))?;
            engine.precompile_component(bytes).map_err(|error| CompileStop::Failed(format!("{error:#}")))
        }
        Compiler::Child(program) => in_child(program, path, bytes, limits),
    }
}

fn in_child(program: &Path, path: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, CompileStop> {
    let failed = CompileStop::Failed;
    let dir = tempfile::tempdir().map_err(|error| failed(format!("no scratch folder: {error}")))?;
    // The child compiles the bytes that were inspected, not whatever the file holds by then.
    let (input, output) = (dir.path().join("in.wasm"), dir.path().join("out.cwasm"));
    let written = routerlab_records::atomic::write_bytes(&input, bytes);
    written.map_err(|error| failed(error.to_string()))?;
    // Every thread of the child reserves address space of its own, so that many would not fit where few do.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(COMPILE_THREADS);
    let child = Command::new(program)
        .env("RAYON_NUM_THREADS", threads.to_string())
        .arg(COMPILE_COMMAND)
        .args([&input, &output])
        .args([limits.compile_seconds, limits.compile_memory_bytes, limits.stack_bytes as u64].map(|n| n.to_string()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| failed(format!("cannot start the compiling process `{}`: {error}", program.display())))?;
    if child.status.success() {
        return std::fs::read(&output).map_err(|error| failed(format!("the compiled code cannot be read: {error}")));
    }
    let said = String::from_utf8_lossy(&child.stderr);
    let reached = |limit, value| CompileStop::Limit(LimitReached { limit, value });
    if child.status.signal() == Some(Signal::XCPU.as_raw()) {
        return Err(reached(Limit::CompileSeconds, limits.compile_seconds));
    }
    if ["memory allocation", "out of memory", "Cannot allocate memory"].iter().any(|words| said.contains(words)) {
        return Err(reached(Limit::CompileMemory, limits.compile_memory_bytes));
    }
    let line = said.lines().last().unwrap_or_default();
    Err(failed(match (child.status.code(), child.status.signal()) {
        (Some(2), _) => line.strip_prefix("error: ").unwrap_or(line).to_owned(),
        (Some(code), _) => format!("the compiling process for `{}` ended with {code}: {line}", path.display()),
        (None, signal) => {
            format!("the compiling process for `{}` was ended by signal {}", path.display(), signal.unwrap_or_default())
        }
    }))
}

/// What the compiling child does: sets its own limits, compiles `input`, writes `output`.
///
/// # Errors
/// The reason, in one line, for the parent to show.
pub fn compile_here(
    input: &Path,
    output: &Path,
    seconds: u64,
    memory_bytes: u64,
    stack_bytes: usize,
) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let memory = Rlimit { current: Some(memory_bytes), maximum: Some(memory_bytes) };
    setrlimit(Resource::As, memory).map_err(|error| format!("cannot limit memory: {error}"))?;
    // At the first the process ends with a signal of its own, which the parent knows; at the second it is killed.
    let time = Rlimit { current: Some(seconds), maximum: Some(seconds.saturating_add(2)) };
    setrlimit(Resource::Cpu, time).map_err(|error| format!("cannot limit processor time: {error}"))?;
    let bytes = std::fs::read(input).map_err(|error| format!("cannot read the component: {error}"))?;
    let engine = new_engine(stack_bytes).map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&bytes).map_err(|error| format!("{error:#}").replace('\n', "; "))?;
    routerlab_records::atomic::write_bytes(output, &code).map_err(|error| error.to_string())?;
    Ok(())
}
