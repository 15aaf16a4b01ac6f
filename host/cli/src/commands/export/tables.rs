//! `routerlab export tables`: tables as Parquet in folders, CSV, JSON Lines or Arrow.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use routerlab_records::export::{ExportFormat, ExportedTable, export_tables};

use crate::exit::Ended;
use crate::progress::Progress;

/// Write the tables of data folders and of runs into a new folder, in a form for other programs.
///
/// parquet: a folder for each table, divided into `dataset=<d>` (decisions by run, router and seed, metrics by run, scores
/// by scoring and dataset), as DuckDB, Polars and Spark read it. csv, jsonl, arrow: a file for each table. Of completions
/// that were imported and collected, the collected one counts; of scores those that are current.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab export tables my-data runs/mine-1a2b3c4d --format parquet --out for-duckdb"
)]
pub(crate) struct Tables {
    /// Data folders and folders of runs; tables of several become one
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// How to write them
    #[arg(long, value_enum)]
    format: Format,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A table to write, again for more [default: all]
    #[arg(long = "table", value_name = "NAME")]
    tables: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Parquet in `key=value` folders
    Parquet,
    /// Comma-separated values
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Arrow IPC files
    Arrow,
}

impl Tables {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let format = match self.format {
            Format::Parquet => ExportFormat::Parquet,
            Format::Csv => ExportFormat::Csv,
            Format::Jsonl => ExportFormat::JsonLines,
            Format::Arrow => ExportFormat::Arrow,
        };
        let mut rows = Progress::new("rows");
        let written = export_tables(&self.folders, &self.tables, format, &self.out, &mut |at| {
            rows.at(at.rows_done, at.rows_total);
        })?;
        drop(rows);
        written.iter().for_each(|table| eprintln!("{}", line(table)));
        eprintln!("wrote {}", self.out.display());
        Ok(Ended::Done)
    }
}

/// What became of one table.
fn line(table: &ExportedTable) -> String {
    let ExportedTable { table, rows, files, bytes } = table;
    format!("{table}: {rows} rows, {bytes} bytes in {files} {}", if *files == 1 { "file" } else { "files" })
}
