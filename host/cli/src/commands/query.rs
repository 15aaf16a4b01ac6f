//! `routerlab query`: SQL over the tables of folders, by the program that lies beside this one.
//!
//! An engine for SQL takes longer to build than all the rest, and few need it here: DuckDB, Polars and others read the
//! tables as they are. So it is a program of its own, and this command finds it and hands over.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::exit::Ended;

/// The program with the engine.
const PROGRAM: &str = "routerlab-query";

/// Ask the tables of data folders and of runs in SQL.
///
/// Every table has its own name; tables of several folders are one. Tables with a query_id also have the columns dataset,
/// split and record_index, and scores have the column scoring. Only reading is possible. Needs the program routerlab-query
/// beside this one or on PATH, which is built by `cargo build --release --locked -p routerlab-query`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab query \"SELECT model, avg(score), count(*) FROM outcomes GROUP BY model\" my-data"
)]
pub(crate) struct Query {
    /// The question; with --tables, a folder
    #[arg(required = true, value_name = "SQL")]
    sql: OsString,
    /// Data folders and folders of runs [default: the current one]
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// List the tables and their columns instead
    #[arg(long)]
    tables: bool,
    /// How to write the answer [default: table]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Memory to use before going to disk, such as 512MiB or 8GiB [default: 2GiB]
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For eyes: the first 1,000 rows
    Table,
    /// Comma-separated values
    Csv,
    /// A JSON object a line
    Jsonl,
    /// A Parquet file; needs --out
    Parquet,
}

impl Query {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let program = find()?;
        let mut command = Command::new(&program);
        command.args(self.arguments());
        run(command).with_context(|| format!("cannot run `{}`", program.display()))
    }

    /// The arguments of the other program, which are the same.
    fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        if self.tables {
            arguments.push("--tables".into());
        }
        if let Some(format) = self.format.and_then(|format| format.to_possible_value()) {
            arguments.extend(["--format".into(), format.get_name().into()]);
        }
        if let Some(out) = &self.out {
            arguments.extend(["--out".into(), out.into()]);
        }
        if let Some(memory) = &self.memory {
            arguments.extend(["--memory".into(), memory.into()]);
        }
        // A question may begin with a comment.
        arguments.push("--".into());
        arguments.push(self.sql.clone());
        arguments.extend(self.folders.iter().map(Into::into));
        arguments
    }
}

/// The other program: beside this one, else on PATH.
fn find() -> anyhow::Result<PathBuf> {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let own = std::env::current_exe().context("the program cannot find itself")?;
    let beside = own.parent().map(|folder| folder.join(&name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(&name));
    match beside.into_iter().chain(on_path).find(|program| program.is_file()) {
        Some(program) => Ok(program),
        None => bail!(
            "`{PROGRAM}` is neither beside this program nor on PATH; in the checkout run \
             `cargo build --release --locked -p {PROGRAM}`"
        ),
    }
}

/// Becomes the other program.
#[cfg(unix)]
fn run(mut command: Command) -> anyhow::Result<Ended> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

/// Runs the other program, and ends as it does.
#[cfg(not(unix))]
fn run(mut command: Command) -> anyhow::Result<Ended> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(2));
}
