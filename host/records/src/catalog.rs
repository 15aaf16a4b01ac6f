//! The tables there are: what each is about, its columns, and where it lies. Made of the row structs themselves, so that
//! nothing said here can differ from what is written.

mod find;

use arrow_schema::DataType;
use serde::Serialize;

use crate::attempts::AttemptRow;
use crate::completions::CompletionRow;
use crate::coverage::CoverageRow;
use crate::decisions::DecisionRow;
use crate::embeddings::{AnswerEmbeddingRow, EmbeddingRow};
use crate::export::Feed;
use crate::external::ExternalRow;
use crate::groups::{GroupRow, NearDuplicateRow};
use crate::judgements::JudgementRow;
use crate::metrics::MetricRow;
use crate::outcomes::OutcomeRow;
use crate::provenance::Provenance;
use crate::queries::QueryRow;
use crate::runs::{CellRow, RunRow};
use crate::scores::ScoreRow;
use crate::table::row::{Column, Row, sentences};
use crate::table::{SCHEMA_KEY, SORT_KEY};

pub use find::{FoundTable, TablePart, find_tables};

/// The keys under which a table's footer says what it is: schema id, sort columns, provenance.
pub const FOOTER_KEYS: [&str; 3] = [SCHEMA_KEY, SORT_KEY, Provenance::FOOTER_KEY];

/// The column that says which scoring a row of `scores` belongs to. It is the name of a folder, not a column of the file.
pub const SCORING_COLUMN: &str = "scoring";

/// What a table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableDescription {
    /// Its name.
    pub name: &'static str,
    /// Its version: grows when a column is added, removed or changed.
    pub version: u32,
    /// `routerlab.<name>/<version>`, as in the footer.
    pub schema_id: String,
    /// What a row is.
    pub about: String,
    /// The columns that name a row, in the order of sorting.
    pub key: &'static [&'static str],
    /// Where it lies in a data folder: a file, a folder of files, or both.
    pub in_data: &'static [&'static str],
    /// Where it lies in the folder of a run.
    pub in_run: &'static [&'static str],
    /// Its columns, in the order of the file.
    pub columns: Vec<ColumnDescription>,
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnDescription {
    /// Its name; the unit comes last in it.
    pub name: &'static str,
    /// What it holds.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// The same as the Parquet format says it.
    pub parquet: &'static str,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its unit, where it has one.
    pub unit: Option<&'static str>,
    /// The only words it may hold; empty where it may hold any.
    pub words: &'static [&'static str],
    /// What it means.
    pub about: String,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text in UTF-8.
    Text,
    /// A whole number from 0 to 2^32 - 1.
    Unsigned32,
    /// A whole number from 0 to 2^64 - 1.
    Unsigned64,
    /// A whole number of 64 bits with a sign.
    Signed64,
    /// A number in double precision.
    Float64,
    /// True or false.
    Truth,
    /// A list of numbers in single precision, none of them null.
    Float32List,
    /// A list of texts, none of them null.
    TextList,
}

impl ColumnType {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::UInt32 => Self::Unsigned32,
            DataType::UInt64 => Self::Unsigned64,
            DataType::Int64 => Self::Signed64,
            DataType::Float64 => Self::Float64,
            DataType::Boolean => Self::Truth,
            DataType::List(element) if *element.data_type() == DataType::Float32 => Self::Float32List,
            DataType::List(_) => Self::TextList,
            // All that is left of what `table::value` has.
            _ => Self::Text,
        }
    }

    fn parquet(self) -> &'static str {
        match self {
            Self::Text => "BYTE_ARRAY (STRING)",
            Self::Unsigned32 => "INT32 (UINT_32)",
            Self::Unsigned64 => "INT64 (UINT_64)",
            Self::Signed64 => "INT64",
            Self::Float64 => "DOUBLE",
            Self::Truth => "BOOLEAN",
            Self::Float32List => "LIST of FLOAT",
            Self::TextList => "LIST of BYTE_ARRAY (STRING)",
        }
    }
}

/// A table of the catalog: where it lies, how it is divided into files for other programs, and what reads it.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) in_data: &'static [&'static str],
    pub(crate) in_run: &'static [&'static str],
    /// The columns by which an export divides it into folders, outermost first.
    pub(crate) divided_by: &'static [&'static str],
    pub(crate) describe: fn(&Entry) -> TableDescription,
    pub(crate) feed: Feed,
}

const fn entry<R: Row>(
    in_data: &'static [&'static str],
    in_run: &'static [&'static str],
    divided_by: &'static [&'static str],
) -> Entry {
    Entry { name: R::TABLE, in_data, in_run, divided_by, describe: describe::<R>, feed: crate::export::feed::<R> }
}

/// Every table, in the order in which data takes its path.
pub(crate) const ENTRIES: [Entry; 16] = [
    entry::<QueryRow>(&["queries.parquet"], &[], &["dataset"]),
    entry::<GroupRow>(&["groups.parquet"], &[], &[]),
    entry::<NearDuplicateRow>(&["near_duplicates.parquet"], &[], &[]),
    entry::<CompletionRow>(
        &["completions.parquet", "completions/dataset=<dataset>/split=<split>/<model>-<shard>.parquet"],
        &[],
        &["dataset"],
    ),
    entry::<AttemptRow>(&["attempts/dataset=<dataset>/split=<split>/<model>-<shard>.parquet"], &[], &["dataset"]),
    entry::<CoverageRow>(&["coverage.parquet"], &[], &[]),
    entry::<ScoreRow>(&["scores/scoring=<label>/<evaluator>-<digest>.parquet"], &[], &[SCORING_COLUMN, "dataset"]),
    entry::<JudgementRow>(&["judgements/**/*.parquet"], &[], &["dataset"]),
    entry::<EmbeddingRow>(
        &["embeddings.parquet", "embeddings/encoder=<encoder>/dataset=<dataset>/split=<split>/<shard>.parquet"],
        &[],
        &["encoder", "dataset"],
    ),
    entry::<AnswerEmbeddingRow>(&["answer_embeddings.parquet"], &[], &["encoder", "dataset"]),
    entry::<OutcomeRow>(&["outcomes.parquet"], &[], &["dataset"]),
    entry::<ExternalRow>(&["external.parquet"], &[], &[]),
    entry::<DecisionRow>(&[], &["decisions/<router>-<seed>.parquet"], &["run_id", "router", "seed"]),
    entry::<MetricRow>(&[], &["metrics.parquet"], &["run_id"]),
    entry::<RunRow>(&[], &["runs.parquet"], &[]),
    entry::<CellRow>(&[], &["cells/<router>-<seed>.parquet"], &["run_id"]),
];

/// Every table, in the order in which data takes its path.
pub fn catalog() -> Vec<TableDescription> {
    ENTRIES.iter().map(|entry| (entry.describe)(entry)).collect()
}

fn describe<R: Row>(entry: &Entry) -> TableDescription {
    TableDescription {
        name: R::TABLE,
        version: R::SCHEMA_VERSION,
        schema_id: R::schema_id(),
        about: sentences(R::ABOUT),
        key: R::KEY,
        in_data: entry.in_data,
        in_run: entry.in_run,
        columns: R::columns().iter().map(describe_column).collect(),
    }
}

fn describe_column(column: &Column) -> ColumnDescription {
    let column_type = ColumnType::of(&column.data_type);
    ColumnDescription {
        name: column.name,
        column_type,
        parquet: column_type.parquet(),
        nullable: column.nullable,
        unit: unit_of(column.name, column_type),
        words: column.words,
        about: sentences(column.about),
    }
}

/// The unit of a column of numbers, by the last word of its name.
fn unit_of(name: &str, column_type: ColumnType) -> Option<&'static str> {
    if matches!(column_type, ColumnType::Text | ColumnType::Truth | ColumnType::TextList) {
        return None;
    }
    match name.rsplit('_').next()? {
        "usd" => Some("US dollars"),
        "ms" => Some("milliseconds"),
        "ns" => Some("nanoseconds"),
        "bytes" => Some("bytes"),
        "tokens" => Some("tokens"),
        "fuel" => Some("units of fuel"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_and_column_says_what_it_is() {
        let tables = catalog();
        assert_eq!(tables.len(), 16);
        for table in &tables {
            assert!(table.about.ends_with('.'), "{}: {}", table.name, table.about);
            assert!(!table.in_data.is_empty() || !table.in_run.is_empty(), "{} lies somewhere", table.name);
            for column in &table.columns {
                assert!(column.about.ends_with('.'), "{}.{}: {}", table.name, column.name, column.about);
            }
            for key in table.key {
                let column = table.columns.iter().find(|column| column.name == *key);
                assert!(column.is_some_and(|column| !column.nullable), "{}.{key}", table.name);
            }
        }
        let completions = &tables[3];
        assert_eq!(completions.schema_id, "routerlab.completions/2");
        let column = |name: &str| completions.columns.iter().find(|column| column.name == name).unwrap();
        assert_eq!(column("cost_usd").unit, Some("US dollars"));
        assert_eq!(column("cost_source").words.len(), 4);
        assert!(column("cost_source").nullable && !column("status").nullable);
        assert_eq!(column("sample_index").parquet, "INT32 (UINT_32)");
        assert_eq!(
            column("latency_ms").about,
            "Wall time from sending the request to the last token; waiting for a turn is not in it."
        );
    }

    #[test]
    fn what_an_export_is_divided_by_is_a_column_or_comes_from_the_id_of_a_query() {
        for entry in &ENTRIES {
            let table = (entry.describe)(entry);
            for by in entry.divided_by {
                let is_column = table.columns.iter().any(|column| column.name == *by && !column.nullable);
                let of_query = *by == "dataset" && table.key.contains(&"query_id");
                let of_folder = *by == SCORING_COLUMN && table.name == "scores";
                assert!(is_column || of_query || of_folder, "{}: {by}", table.name);
            }
        }
    }
}
