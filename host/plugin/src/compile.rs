//! Compiling a component: in a child process with limits, or here.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::engine::{Compiler, new_engine};
use crate::limits::Limits;

/// The name of the hidden subcommand that a compiling child is started with.
pub const COMPILE_COMMAND: &str = "compile-component";

/// Most threads of a compiling child.
const COMPILE_THREADS: usize = 4;

/// Compiled code of a component, or why there is none.
pub(crate) fn compile(compiler: &Compiler, path: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, String> {
    match compiler {
        Compiler::InProcess => {
            let engine = new_engine(limits.stack_bytes).map_err(|error| error.to_string())?;
            engine.precompile_component(bytes).map_err(|error| format!("{error:#}"))
        }
        Compiler::Child(program) => in_child(program, path, bytes, limits),
    }
}

fn in_child(program: &Path, path: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, String> {
    let dir = tempfile::tempdir().map_err(|error| format!("no scratch folder: {error}"))?;
    // The child compiles the bytes that were inspected, not whatever the file holds by then.
    let (input, output) = (dir.path().join("in.wasm"), dir.path().join("out.cwasm"));
    let written = routerlab_records::atomic::write_bytes(&input, bytes);
    written.map_err(|error| error.to_string())?;
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
        .map_err(|error| format!("cannot start the compiling process `{}`: {error}", program.display()))?;
    if child.status.success() {
        return std::fs::read(&output).map_err(|error| format!("the compiled code cannot be read: {error}"));
    }
    let said = String::from_utf8_lossy(&child.stderr);
    Err(match (child.status.code(), said.lines().last()) {
        (Some(2), Some(line)) => line.to_owned(),
        _ if said.contains("memory allocation") => {
            format!("more than `limits.compile_memory_bytes` ({}) would be needed", limits.compile_memory_bytes)
        }
        (None, _) => format!(
            "more than `limits.compile_seconds` ({}) would be needed, or the process was killed",
            limits.compile_seconds
        ),
        (Some(code), line) => {
            format!("the compiling process for `{}` ended with {code}: {}", path.display(), line.unwrap_or(""))
        }
    })
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
    let limit = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::As, limit(memory_bytes)).map_err(|error| format!("cannot limit memory: {error}"))?;
    setrlimit(Resource::Cpu, limit(seconds)).map_err(|error| format!("cannot limit processor time: {error}"))?;
    let bytes = std::fs::read(input).map_err(|error| format!("cannot read the component: {error}"))?;
    let engine = new_engine(stack_bytes).map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&bytes).map_err(|error| format!("{error:#}").replace('\n', "; "))?;
    routerlab_records::atomic::write_bytes(output, &code).map_err(|error| error.to_string())?;
    Ok(())
}
