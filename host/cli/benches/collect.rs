//! `routerlab collect` beside two clients in Python, all against one endpoint on loopback that answers at once: requests a
//! second of CPU time, and peak memory.
//!
//! `cargo bench -p routerlab --bench collect [-- QUERIES [RUNS]]`; 5,000 queries and 5 runs of each in turn unless given.
//! The clients are a pool of 32 threads with `requests`, and `asyncio` with `httpx`, 32 and 100 at a time; their environment
//! is made in `target/bench-python` when it is missing.
//!
//! `-- memory [long|many|killed] [QUERIES]` measures how memory grows and how long a start takes; see `collect/memory.rs`.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "collect/folder.rs"]
mod folder;
#[path = "collect/memory.rs"]
mod memory;
#[path = "collect/process.rs"]
mod process;

use folder::Folder;
use process::{Endpoint, Measured};

/// Requests at a time, of every client that does not say otherwise.
const AT_A_TIME: usize = 32;
const PROMPT_CHARS: usize = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("endpoint") => process::serve(arguments[1..].iter().map(|count| count.parse().unwrap())),
        Some("memory") => memory::measure(&arguments[1..]),
        _ => {
            let number = |at: usize, otherwise| arguments.get(at).map_or(otherwise, |text| text.parse().unwrap());
            rates(number(0, 5_000), number(1, 5));
        }
    }
}

/// Makes the command of a client, with the data folder that it needs.
type MakeCommand = dyn Fn(&Endpoint) -> (Command, Option<Folder>);

/// One way to ask all the questions.
struct Client {
    name: String,
    command: Box<MakeCommand>,
    runs: Vec<Measured>,
}

fn rates(queries: usize, runs: usize) {
    let scratch = tempfile::tempdir().unwrap();
    let questions = folder::write_queries(scratch.path(), queries, PROMPT_CHARS);
    let mut clients: Vec<Client> = Vec::new();
    for (stream, cache) in [(false, false), (false, true), (true, false), (true, true)] {
        let answers = if stream { "streamed" } else { "whole" };
        let questions = questions.clone();
        let command = move |endpoint: &Endpoint| {
            let folder = Folder::new(&questions, &endpoint.url, &["scripted"], AT_A_TIME, stream);
            (folder.collect(cache), Some(folder))
        };
        let name = format!("collect, {answers}{}", if cache { ", cache" } else { "" });
        clients.push(Client { name, command: Box::new(command), runs: Vec::new() });
    }
    let ours = clients.len();
    match python() {
        Err(reason) => println!("left out `thread_pool.py`, `asyncio_httpx.py`: {reason}"),
        Ok(python) => {
            for (script, at_a_time) in [("thread_pool", 32), ("asyncio_httpx", 32), ("asyncio_httpx", 100)] {
                let (python, questions) = (python.clone(), questions.clone());
                let command = move |endpoint: &Endpoint| {
                    let script = here().join(format!("benches/collect/{script}.py"));
                    let mut command = Command::new(&python);
                    command.arg(script).arg(&endpoint.url).arg(&questions.lines).arg(at_a_time.to_string());
                    (command, None)
                };
                clients.push(Client {
                    name: format!("{script}, {at_a_time}"),
                    command: Box::new(command),
                    runs: Vec::new(),
                });
            }
        }
    }
    for _ in 0..runs {
        for client in &mut clients {
            let endpoint = Endpoint::start(&[queries as u64]);
            let (command, _folder) = (client.command)(&endpoint);
            let measured = process::run(command, Some(&endpoint));
            assert_eq!(measured.marks.len(), 1, "`{}` did not ask everything", client.name);
            client.runs.push(measured);
        }
    }

    println!(
        "{queries} requests, {AT_A_TIME} at a time, prompts of {PROMPT_CHARS} characters; least / median / most of {runs}"
    );
    println!("{:<26}{:>26}{:>26}{:>30}{:>21}", "", "wall s", "CPU s", "requests a second of CPU", "peak MiB");
    let asked = queries as f64;
    for client in &clients {
        let of = |of: &dyn Fn(&Measured) -> f64, digits| spread(client.runs.iter().map(of).collect(), digits);
        println!(
            "{:<26}{:>26}{:>26}{:>30}{:>21}",
            client.name,
            of(&|run| run.wall, 2),
            of(&|run| run.cpu, 2),
            of(&|run| asked / run.cpu, 0),
            of(&|run| run.peak_mib, 0),
        );
    }
    let rate = |client: &Client| asked / median(client.runs.iter().map(|run| run.cpu).collect());
    let Some(best) = clients[ours..].iter().map(rate).reduce(f64::max) else { return };
    for client in &clients[..ours] {
        println!("{}: {:.1} times the better Python client", client.name, rate(client) / best);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn spread(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{least:.digits$} / {:.digits$} / {most:.digits$}", median(values))
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter with the clients' packages, made when it is missing.
fn python() -> Result<PathBuf, String> {
    let place = here().join("../../target/bench-python");
    let python = place.join("bin/python");
    let quietly = |command: &mut Command| {
        let ended = command.stdout(Stdio::null()).output().map_err(|error| error.to_string())?;
        if ended.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned()) }
    };
    if quietly(Command::new(&python).args(["-c", "import requests, httpx"])).is_ok() {
        return Ok(python);
    }
    quietly(Command::new("python3").args(["-m", "venv"]).arg(&place))
        .map_err(|reason| format!("no `python3`: {reason}"))?;
    quietly(Command::new(&python).args(["-m", "pip", "install", "--quiet", "requests", "httpx"]))?;
    Ok(python)
}
