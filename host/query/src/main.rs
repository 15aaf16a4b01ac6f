//! SQL over the tables of data folders and of runs: what `routerlab query` hands over to.
//!
//! The engine is DataFusion, which brings an Arrow of its own; it reads the Parquet files by itself, so no Arrow type meets
//! those of `routerlab-records`. That crate says which files make up which table.
#![allow(clippy::print_stderr, reason = "a program of its own: talk goes to stderr")]

mod answer;
mod cells;
mod engine;
mod tables;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;

use crate::answer::{Format, write_answer};
use crate::engine::ask;
use crate::tables::Tables;

/// Stack of the thread that plans: expressions nest as deep as somebody writes them.
const STACK_BYTES: usize = 64 << 20;

/// Ask the tables of data folders and of runs in SQL.
#[derive(Debug, Parser)]
#[command(name = "routerlab-query", version, max_term_width = 100)]
#[command(
    after_help = "Example:\n  routerlab-query \"SELECT model, avg(score), count(*) FROM outcomes GROUP BY model\" my-data"
)]
struct Args {
    /// The question, then data folders and folders of runs [default: the current one]; with --tables, folders alone
    #[arg(value_name = "SQL] [FOLDER")]
    words: Vec<OsString>,
    /// List the tables and their columns instead
    #[arg(long)]
    tables: bool,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Memory to use before going to disk, such as 512MiB or 8GiB
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = bytes_of)]
    memory: usize,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Nothing can be done about a terminal that does not take the message.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    // A decoder may panic on a damaged file; that is an error like any other.
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || execute(args));
    let outcome = match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(anyhow::anyhow!("the engine gave up: {}", words_of(panic.as_ref()))),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", cells::plain(&format!("{error:#}")));
            ExitCode::from(2)
        }
    }
}

fn execute(args: Args) -> anyhow::Result<()> {
    let (sql, folders) = match (args.tables, args.words.split_first()) {
        (true, _) => (None, args.words.as_slice()),
        (false, Some((sql, folders))) => (Some(sql), folders),
        (false, None) => bail!("no question; for example \"SELECT count(*) FROM outcomes\", or --tables"),
    };
    let folders: Vec<PathBuf> =
        if folders.is_empty() { vec![PathBuf::from(".")] } else { folders.iter().map(PathBuf::from).collect() };
    let tables = Tables::find(&folders)?;
    let Some(sql) = sql else {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(tables.listing().as_bytes())?;
        return Ok(stdout.flush()?);
    };
    let sql = sql.to_str().context("the question is not text in UTF-8")?;
    if args.format == Format::Parquet && args.out.is_none() {
        bail!("Parquet is no text: name a file with --out");
    }
    let mut answer = ask(&tables, args.memory, sql)?;
    write_answer(&mut answer, args.format, args.out.as_deref())
}

/// A size as people write it: a number of bytes, or of KiB, MiB, GiB.
fn bytes_of(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let shift = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        unit => return Err(format!("`{unit}` is no unit; use KiB, MiB or GiB")),
    };
    let number: usize = digits.parse().map_err(|_| format!("`{digits}` is no whole number"))?;
    let bytes = number.checked_mul(1 << shift).ok_or("more than there is")?;
    if bytes < 16 << 20 { Err("the engine needs at least 16MiB".to_owned()) } else { Ok(bytes) }
}

/// What a panic said.
fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    fixed.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}

/// Whoever read our output has had enough, for example `head`.
fn closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes_of("2GiB"), Ok(2 << 30));
        assert_eq!(bytes_of("512 mib"), Ok(512 << 20));
        assert_eq!(bytes_of("33554432"), Ok(32 << 20));
        assert_eq!(bytes_of("1KiB"), Err("the engine needs at least 16MiB".to_owned()));
        assert_eq!(bytes_of("2TB"), Err("`tb` is no unit; use KiB, MiB or GiB".to_owned()));
        assert!(bytes_of("GiB").is_err() && bytes_of("99999999999999999999").is_err());
    }
}
