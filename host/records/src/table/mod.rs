//! Typed tables in Parquet files: one row struct per table, checked on the way in and on the way out.

mod about;
pub(crate) mod contain;
mod folder;
mod footer;
mod lists;
mod numbers;
pub(crate) mod open;
mod read;
pub(crate) mod row;
pub(crate) mod texts;
pub(crate) mod value;
mod write;

pub use about::{TableAbout, about_table};
pub(crate) use folder::{escaped, export_folder};
pub use folder::{partition_file, read_folder, table_files};
pub use read::{Table, TableReader, read_table};
pub use row::Row;
pub(crate) use write::{ROW_GROUP_BYTES, SCHEMA_KEY, SORT_KEY, plain_properties};
pub use write::{TableWriter, write_table};
