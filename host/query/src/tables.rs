//! Which tables the folders hold, united over folders.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use routerlab_records::about_table;
use routerlab_records::catalog::{ColumnType, SCORING_COLUMN, TableDescription, TablePart, catalog, find_tables};

/// The tables of some folders.
pub(crate) struct Tables {
    /// Each table with the parts of each folder; of two parts of one folder, the row of the first counts.
    pub(crate) found: Vec<(TableDescription, Vec<Vec<TablePart>>)>,
}

/// A column that a table has beside those of its files.
pub(crate) struct AddedColumn {
    pub(crate) name: &'static str,
    pub(crate) column_type: ColumnType,
    /// What it is made of, in SQL; none where it is the scoring's label.
    pub(crate) made_of: Option<&'static str>,
}

/// What the id of a query says.
const OF_QUERY: [AddedColumn; 3] = [
    AddedColumn { name: "dataset", column_type: ColumnType::Text, made_of: Some("split_part(query_id, '/', 1)") },
    AddedColumn { name: "split", column_type: ColumnType::Text, made_of: Some("split_part(query_id, '/', 2)") },
    AddedColumn {
        name: "record_index",
        column_type: ColumnType::Unsigned64,
        made_of: Some("CAST(split_part(query_id, '/', 3) AS BIGINT UNSIGNED)"),
    },
];

/// The columns that a table has beside its own.
pub(crate) fn added_columns(table: &TableDescription) -> Vec<AddedColumn> {
    let mut added = Vec::new();
    if table.name == "scores" {
        added.push(AddedColumn { name: SCORING_COLUMN, column_type: ColumnType::Text, made_of: None });
    }
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    if has("query_id") {
        added.extend(OF_QUERY.into_iter().filter(|column| !has(column.name)));
    }
    added
}

impl Tables {
    /// Finds them, and looks at the footer of every file.
    ///
    /// # Errors
    /// When a folder holds no table, or a file cannot be read or is of another table or version.
    pub(crate) fn find(folders: &[PathBuf]) -> anyhow::Result<Self> {
        let mut parts: BTreeMap<&'static str, Vec<Vec<TablePart>>> = BTreeMap::new();
        for folder in folders {
            for table in find_tables(folder)? {
                parts.entry(table.table).or_default().push(table.parts);
            }
        }
        let mut found = Vec::new();
        for table in catalog() {
            let Some(parts) = parts.remove(table.name) else { continue };
            for file in parts.iter().flatten().flat_map(|part| &part.files) {
                let schema_id = about_table(file)?.schema_id;
                // Another program's file has none; the engine will say if it lacks a column.
                if schema_id != table.schema_id && schema_id != "unknown" {
                    bail!("`{}` holds `{schema_id}`, expected `{}`", file.display(), table.schema_id);
                }
            }
            found.push((table, parts));
        }
        Ok(Self { found })
    }

    /// Their names, for messages.
    pub(crate) fn names(&self) -> String {
        let names: Vec<String> = self.found.iter().map(|(table, _)| format!("`{}`", table.name)).collect();
        names.join(", ")
    }

    /// Every table with its columns and their types, a line each.
    pub(crate) fn listing(&self) -> String {
        let mut text = String::new();
        for (table, _) in &self.found {
            text.push_str(&format!("{}: {}\n", table.name, table.about));
            let own = table.columns.iter().map(|column| (column.name, column.column_type));
            let added = added_columns(table).into_iter().map(|column| (column.name, column.column_type));
            for (name, column_type) in own.chain(added) {
                text.push_str(&format!("  {name} {}\n", sql_name(column_type)));
            }
        }
        text
    }
}

/// A type as SQL calls it.
fn sql_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text => "VARCHAR",
        ColumnType::Unsigned32 => "INT UNSIGNED",
        ColumnType::Unsigned64 => "BIGINT UNSIGNED",
        ColumnType::Signed64 => "BIGINT",
        ColumnType::Float64 => "DOUBLE",
        ColumnType::Truth => "BOOLEAN",
        ColumnType::Float32List => "ARRAY<FLOAT>",
        ColumnType::TextList => "ARRAY<VARCHAR>",
    }
}
