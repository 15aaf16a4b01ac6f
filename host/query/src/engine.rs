//! The engine: tables registered, statements that only read, an answer batch by batch.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, JoinType, SessionConfig, SessionContext, lit};
use futures::StreamExt;
use futures::stream::Fuse;
use routerlab_records::catalog::{ColumnType, TableDescription, TablePart};
use tokio::runtime::Runtime;

use crate::tables::{Tables, added_columns};

/// Stack of the engine's threads.
const STACK_BYTES: usize = 16 << 20;

/// How an answer is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// On all cores.
    Parallel,
    /// On one core, with most of the memory kept for merging what was sorted. Sorts on several cores take from each other
    /// what they need to go to disk (apache/datafusion#24739), and one sort that merges on two keys needs for the keys
    /// more than the rows take.
    Frugal,
}

/// The engine with its tables.
struct Engine {
    runtime: Runtime,
    context: SessionContext,
}

/// An answer that is still being computed.
pub(crate) struct Answer {
    runtime: Runtime,
    stream: Fuse<SendableRecordBatchStream>,
    /// Rows that are there already.
    first: Option<RecordBatch>,
}

/// Asks a question. At most `memory` bytes of what is sorted, grouped and joined are held; the rest goes to disk.
///
/// # Errors
/// When the engine does not start or does not take a table; when the question is no SQL, would change something, or names a
/// table or column that is not there; when the memory does not suffice.
pub(crate) fn ask(tables: &Tables, memory: usize, sql: &str) -> anyhow::Result<Answer> {
    // What sorts and groups has done so when the first rows are there, so nothing was given away yet.
    let answer = match Engine::new(tables, memory, Work::Parallel)?.ask(sql) {
        Err(error) if is_exhausted(&error) => Engine::new(tables, memory, Work::Frugal)?.ask(sql),
        answer => answer,
    };
    answer.map_err(|error| explained(&error, &tables.names()))
}

impl Engine {
    fn new(tables: &Tables, memory: usize, work: Work) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .context("the engine's threads do not start")?;
        let environment =
            RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(memory))).build_arc()?;
        let mut config = SessionConfig::new().with_information_schema(true);
        if work == Work::Frugal {
            config = config.with_target_partitions(1).with_sort_spill_reservation_bytes(memory / 10 * 7);
        }
        let context = SessionContext::new_with_config_rt(config, environment);
        for (table, folders) in &tables.found {
            let whole = united(&context, table, folders).with_context(|| format!("the table `{}`", table.name))?;
            context.register_table(table.name, whole.into_view())?;
        }
        Ok(Self { runtime, context })
    }

    fn ask(self, sql: &str) -> Result<Answer, DataFusionError> {
        let only_reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let Self { runtime, context } = self;
        let frame = runtime.block_on(context.sql_with_options(sql, only_reading))?;
        let mut stream = runtime.block_on(frame.execute_stream())?.fuse();
        let first = runtime.block_on(stream.next()).transpose()?;
        Ok(Answer { runtime, stream, first })
    }
}

impl Answer {
    /// The columns of the answer.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.stream.get_ref().schema()
    }

    /// The next rows; none where there are no more.
    ///
    /// # Errors
    /// When a file cannot be read, or the memory does not suffice.
    pub(crate) fn next_batch(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let batch = self.runtime.block_on(self.stream.next());
        batch.transpose().map_err(|error| explained(&error, ""))
    }
}

/// A table over all folders.
fn united(context: &SessionContext, table: &TableDescription, folders: &[Vec<TablePart>]) -> anyhow::Result<DataFrame> {
    let mut all: Option<DataFrame> = None;
    let mut add = |frame: DataFrame| -> anyhow::Result<()> {
        all = Some(match all.take() {
            Some(before) => before.union(frame)?,
            None => frame,
        });
        Ok(())
    };
    // Folders in which the table is in one place are read together, however many there are.
    let alone = |parts: &&Vec<TablePart>| parts.len() == 1 && parts[0].scoring.is_none();
    let together: Vec<_> = folders.iter().filter(alone).flat_map(|parts| &parts[0].files).collect();
    if !together.is_empty() {
        add(with_added(scan(context, table, together.into_iter().map(|file| file.as_path()))?, table, None)?)?;
    }
    for parts in folders.iter().filter(|parts| !alone(parts)) {
        let mut before: Vec<&TablePart> = Vec::new();
        for part in parts {
            let mut frame = scan(context, table, part.files.iter().map(|file| file.as_path()))?;
            if part.scoring.is_none() {
                for first in &before {
                    // A row of a part before counts in place of this one's.
                    let keys = scan(context, table, first.files.iter().map(|file| file.as_path()))?;
                    frame = frame.join(keys, JoinType::LeftAnti, table.key, table.key, None)?;
                }
                before.push(part);
            }
            add(with_added(frame, table, part.scoring.as_deref())?)?;
        }
    }
    match all {
        Some(all) => Ok(all),
        None => bail!("it has no files"),
    }
}

/// The rows of some files as they are.
fn scan<'a>(
    context: &SessionContext,
    table: &TableDescription,
    files: impl Iterator<Item = &'a Path>,
) -> anyhow::Result<DataFrame> {
    let places = files.map(place_of).collect::<anyhow::Result<Vec<_>>>()?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
    let config = ListingTableConfig::new_with_multi_paths(places).with_listing_options(options);
    let listing = ListingTable::try_new(config.with_schema(Arc::new(schema_of(table))))?;
    Ok(context.read_table(Arc::new(listing))?)
}

/// The table's own columns and those that the id of a query or the place of the files adds.
fn with_added(frame: DataFrame, table: &TableDescription, scoring: Option<&str>) -> anyhow::Result<DataFrame> {
    let mut frame = frame;
    for column in added_columns(table) {
        let expression = match column.made_of {
            Some(sql) => frame.parse_sql_expr(sql)?,
            None => lit(scoring.unwrap_or_default()),
        };
        frame = frame.with_column(column.name, expression)?;
    }
    Ok(frame)
}

/// A file as the engine names it: by an address, in which nothing is a pattern.
fn place_of(file: &Path) -> anyhow::Result<ListingTableUrl> {
    let whole = std::path::absolute(file)?;
    let text = whole.to_str().with_context(|| format!("`{}` is not named in UTF-8", file.display()))?;
    let mut address = "file://".to_owned();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => address.push(char::from(byte)),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(ListingTableUrl::parse(address)?)
}

/// The columns of a table's files. Any of them may be null here: the engine must not rely on what a file of another program
/// may not keep.
fn schema_of(table: &TableDescription) -> Schema {
    let list = |data_type| DataType::List(Arc::new(Field::new("element", data_type, false)));
    let fields = table.columns.iter().map(|column| {
        let data_type = match column.column_type {
            ColumnType::Text => DataType::Utf8View,
            ColumnType::Unsigned32 => DataType::UInt32,
            ColumnType::Unsigned64 => DataType::UInt64,
            ColumnType::Signed64 => DataType::Int64,
            ColumnType::Float64 => DataType::Float64,
            ColumnType::Truth => DataType::Boolean,
            ColumnType::Float32List => list(DataType::Float32),
            ColumnType::TextList => list(DataType::Utf8View),
        };
        Field::new(column.name, data_type, true)
    });
    Schema::new(fields.collect::<Vec<_>>())
}

fn is_exhausted(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// What the engine said, in words that help.
fn explained(error: &DataFusionError, tables: &str) -> anyhow::Error {
    let said = error.find_root().to_string();
    let reason = said.split_once(": ").map_or(said.as_str(), |(kind, rest)| match kind {
        "Error during planning" | "SQL error" | "Schema error" | "Execution error" => rest,
        _ => &said,
    });
    if let Some(missing) = reason.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) {
        let name = missing.rsplit('.').next().unwrap_or(missing);
        return anyhow!("there is no table `{name}`; there is: {tables}");
    }
    if ["DDL not supported", "DML not supported", "Statement not supported"].iter().any(|kind| reason.starts_with(kind))
    {
        return anyhow!("only reading is possible, as with SELECT ({reason})");
    }
    if is_exhausted(error) {
        return anyhow!("{reason}\nthe memory does not suffice; give more with --memory");
    }
    anyhow!("{reason}")
}
