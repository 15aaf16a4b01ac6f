//! An answer as a table for eyes, CSV, JSON Lines or Parquet.
#![allow(clippy::print_stderr, reason = "a program of its own: talk goes to stderr")]

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use clap::ValueEnum;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::json::writer::{LineDelimited, WriterBuilder};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use routerlab_records::atomic::WholeFile;
use routerlab_records::export::push_csv_field;
use unicode_width::UnicodeWidthStr;

use crate::cells::{each_row, short};
use crate::engine::Answer;

/// Rows that a table for eyes has at most.
const ROWS_SHOWN: usize = 1_000;

/// How to write an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For eyes: the first 1,000 rows
    Table,
    /// Comma-separated values
    Csv,
    /// A JSON object a line
    Jsonl,
    /// A Parquet file; needs --out
    Parquet,
}

/// Writes an answer to a file, which appears whole or not at all, or to stdout.
///
/// # Errors
/// When the engine fails on the way, or the answer cannot be written.
pub(crate) fn write_answer(answer: &mut Answer, format: Format, out: Option<&Path>) -> anyhow::Result<()> {
    match (format, out) {
        (Format::Parquet, Some(path)) => parquet(answer, path),
        (Format::Parquet, None) => bail!("Parquet is no text: name a file with --out"),
        (format, Some(path)) => {
            let mut file = WholeFile::create(path)?;
            text(answer, format, &mut file).with_context(|| format!("`{}` was not written", path.display()))?;
            file.finish()?;
            eprintln!("wrote {}", path.display());
            Ok(())
        }
        (format, None) => {
            let mut stdout = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
            text(answer, format, &mut stdout)?;
            Ok(stdout.flush()?)
        }
    }
}

fn text(answer: &mut Answer, format: Format, to: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        Format::Csv => csv(answer, to),
        Format::Jsonl => json_lines(answer, to),
        Format::Table | Format::Parquet => table(answer, to),
    }
}

fn csv(answer: &mut Answer, to: &mut dyn Write) -> anyhow::Result<()> {
    let mut line = Vec::new();
    let put = |line: &mut Vec<u8>, values: &mut dyn Iterator<Item = Option<&str>>| {
        line.clear();
        for (at, value) in values.enumerate() {
            if at > 0 {
                line.push(b',');
            }
            push_csv_field(line, value.map(str::as_bytes));
        }
        line.push(b'\n');
    };
    put(&mut line, &mut answer.schema().fields().iter().map(|field| Some(field.name().as_str())));
    to.write_all(&line)?;
    while let Some(batch) = answer.next_batch()? {
        each_row(&batch, |values| {
            put(&mut line, &mut values.iter().map(|value| value.as_deref()));
            Ok(to.write_all(&line)?)
        })?;
    }
    Ok(())
}

fn json_lines(answer: &mut Answer, to: &mut dyn Write) -> anyhow::Result<()> {
    while let Some(batch) = answer.next_batch()? {
        let builder = WriterBuilder::new().with_explicit_nulls(true);
        let mut writer: LineDelimitedWriter<Vec<u8>> = builder.build::<_, LineDelimited>(Vec::new());
        writer.write(&batch)?;
        writer.finish()?;
        to.write_all(&writer.into_inner())?;
    }
    Ok(())
}

/// Columns side by side, numbers to the right.
fn table(answer: &mut Answer, to: &mut dyn Write) -> anyhow::Result<()> {
    let schema = answer.schema();
    let names: Vec<String> = schema.fields().iter().map(|field| short(field.name())).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut more = 0;
    while let Some(batch) = answer.next_batch()? {
        let room = ROWS_SHOWN - rows.len();
        more += batch.num_rows().saturating_sub(room);
        each_row(&batch.slice(0, batch.num_rows().min(room)), |values| {
            rows.push(
                values.into_iter().map(|value| value.map_or_else(|| "null".to_owned(), |it| short(&it))).collect(),
            );
            Ok(())
        })?;
    }
    let width = |at: usize| {
        let cells = rows.iter().map(|row| &row[at]).chain([&names[at]]);
        cells.map(|cell| cell.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let right: Vec<bool> = schema.fields().iter().map(|field| is_number(field.data_type())).collect();
    let line = |cells: &[String]| {
        let columns = cells.iter().zip(&widths).zip(&right);
        let cells = columns.map(|((cell, width), right)| {
            let blanks = " ".repeat(width - cell.width());
            if *right { blanks + cell } else { cell.clone() + &blanks }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    to.write_all(line(&names).as_bytes())?;
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    to.write_all(line(&rule).as_bytes())?;
    for row in &rows {
        to.write_all(line(row).as_bytes())?;
    }
    if more > 0 {
        eprintln!("and {more} more rows; `--format csv` writes them all");
    }
    Ok(())
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}

fn parquet(answer: &mut Answer, path: &Path) -> anyhow::Result<()> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(6)?)).build();
    let mut writer = ArrowWriter::try_new(WholeFile::create(path)?, answer.schema(), Some(properties))?;
    while let Some(batch) = answer.next_batch()? {
        writer.write(&batch)?;
    }
    writer.into_inner()?.finish()?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
