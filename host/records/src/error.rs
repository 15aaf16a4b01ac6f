//! What can be wrong with a table or with a file that is turned into one.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::ids::{ModelName, QueryId};

/// A place inside a file. Rows, lines and records count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A row of a table.
    Row(u64),
    /// A line of a text file.
    Line(u64),
    /// A record of a file that holds a list of them.
    Record(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "row {row}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Record(record) => write!(f, "record {record}"),
        }
    }
}

/// Everything that reading, checking, joining or writing tables can run into. Each names the file and, where there is
/// one, the column and the row or line; rows and lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such file or folder.
    #[error("`{}` does not exist", path.display())]
    Missing {
        /// The path asked for.
        path: PathBuf,
    },
    /// The file cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder where a file is expected.
    #[error("`{}` is a folder, expected a file", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// Something that gives its content only once.
    #[error("`{}` is a pipe or a device, which cannot be read twice; write its content to a file", path.display())]
    NotAFile {
        /// What was to be read.
        path: PathBuf,
    },
    /// The file cannot be written; nothing was left behind.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The rows could not be turned into Parquet; nothing was left behind.
    #[error("cannot write `{}`: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },
    /// A file without content.
    #[error("`{}` is empty, expected a Parquet file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file of records that holds none.
    #[error("`{}` holds no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// Not a Parquet file at all.
    #[error("`{}` is not a Parquet file", path.display())]
    NotParquet {
        /// The file.
        path: PathBuf,
    },
    /// Begins as a Parquet file and does not end as one.
    #[error("`{}` is cut short: it begins as a Parquet file and does not end as one", path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
    },
    /// A Parquet file whose inside cannot be decoded.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// Another table than the one asked for.
    #[error("`{}` holds `{found}`, expected `{expected}`", path.display())]
    WrongTable {
        /// The file.
        path: PathBuf,
        /// Schema id asked for.
        expected: String,
        /// Schema id in the footer.
        found: String,
    },
    /// A column that must be there is not.
    #[error("`{}` has no column `{column}` (expected type {expected})", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        expected: String,
    },
    /// A column of another type.
    #[error("`{}`: column `{column}` has type {found}, expected {expected}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The type it must have.
        expected: String,
        /// The type it has.
        found: String,
    },
    /// No value where there must be one.
    #[error("`{}`: column `{column}` is null in row {row}", path.display())]
    Null {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, from 1.
        row: u64,
    },
    /// A value that cannot be.
    #[error("`{}`: {place}: `{column}`: {reason}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The row or line.
        place: Place,
        /// The column or field.
        column: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// A whole row or line that cannot be used.
    #[error("`{}`: {place}: {reason}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The row or line.
        place: Place,
        /// What is wrong with it.
        reason: String,
    },
    /// The same key twice in one table.
    #[error("`{}`: two rows have the key {key}", path.display())]
    DuplicateKey {
        /// The file that was to be written, or was read.
        path: PathBuf,
        /// The key, as `column=value` pairs.
        key: String,
    },
    /// Rows pushed in another order than that of their key.
    #[error("`{}`: the row {key} comes after the row {previous}, expected rows in ascending order of their key", path.display())]
    KeyOrder {
        /// The file that was to be written.
        path: PathBuf,
        /// Key of the row that comes too late.
        key: String,
        /// Key of the row before it.
        previous: String,
    },
    /// A query without an embedding.
    #[error("`{}` has no embedding for the query `{query_id}`", path.display())]
    NoEmbedding {
        /// The embeddings table.
        path: PathBuf,
        /// The query.
        query_id: QueryId,
    },
    /// A query whose embedding failed.
    #[error("`{}`: the embedding of `{query_id}` failed: {reason}; run `routerlab embed` again, or leave the query out", path.display())]
    FailedEmbedding {
        /// The embeddings table.
        path: PathBuf,
        /// The query.
        query_id: QueryId,
        /// Why.
        reason: String,
    },
    /// Embeddings of several encoders, and no choice among them.
    #[error("`{}` has embeddings of several encoders (`{encoders}`); name one with `data.embeddings_file`", path.display())]
    SeveralEncoders {
        /// The folder.
        path: PathBuf,
        /// Their folders.
        encoders: String,
    },
    /// A model without a price where costs are to be computed.
    #[error("`{}` has no price for the model `{model}`", path.display())]
    NoPrice {
        /// The price list.
        path: PathBuf,
        /// The model.
        model: ModelName,
    },
    /// A folder that already holds a file of the name of one that an import writes or that is read beside it.
    #[error("`{}` already holds `{file}`, name another folder or move the file away", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
        /// The first such file.
        file: String,
    },
    /// A folder that is neither one of data nor one of a run.
    #[error("`{}` holds no table: expected a data folder, with `queries.parquet`, or the folder of a run, with `runs.parquet`", path.display())]
    NoTables {
        /// The folder.
        path: PathBuf,
    },
    /// A table that was asked for by name and is not there.
    #[error("there is no table `{table}` in {folders}; there is: {there}")]
    NoTable {
        /// The name asked for.
        table: String,
        /// The folders, each in backquotes.
        folders: String,
        /// The tables that are there.
        there: String,
    },
    /// The same row in two places, of which neither gives way.
    #[error("`{}`: row {row} has the key {key}, as a row of another file that was read before it has", path.display())]
    RowTwice {
        /// The file that was read later.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
        /// The key, as `column=value` pairs.
        key: String,
    },
    /// Files of a split that are not where they should be.
    #[error("`{}` holds no `{file}`, which has the split `{split}`", path.display())]
    NoSplitFile {
        /// The folder or archive.
        path: PathBuf,
        /// The file as the definition names it.
        file: String,
        /// The split.
        split: String,
    },
    /// A split of another length than its definition says.
    #[error("`{}`: the split `{split}` has {found} rows, expected {expected}; use `--any-count` to take them all the same", path.display())]
    SplitCount {
        /// What was read.
        path: PathBuf,
        /// The split.
        split: String,
        /// Rows it has.
        found: u64,
        /// Rows it should have.
        expected: u64,
    },
    /// Another file than the one a definition knows.
    #[error("`{}` has the SHA-256 {found}, expected {expected}; use `--any-digest` to take it all the same", path.display())]
    SplitDigest {
        /// The file.
        path: PathBuf,
        /// SHA-256 of its content.
        found: String,
        /// That of the original.
        expected: String,
    },
    /// What another import left half-done where this one works.
    #[error("`{}` was begun by another import ({difference}); give its command again to finish it, or remove the folder", path.display())]
    OtherImport {
        /// The folder in which the import works.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// A folder in which the same import is at work.
    #[error("another process is at work in `{}`; wait for it, or end it", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file of an archive that must not be there.
    #[error("`{}`: the member `{member}` {reason}", path.display())]
    Member {
        /// The archive.
        path: PathBuf,
        /// The member's name.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A settings file (TOML or JSON) that cannot be understood.
    #[error("`{}`: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line where known.
        reason: String,
    },
}

impl TableError {
    /// A read error of the system; a missing file has its own case.
    pub(crate) fn read(path: &std::path::Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path: path.to_owned() },
            _ => Self::Read { path: path.to_owned(), source },
        }
    }
}
