//! `routerlab export schema`: what every table is, from the code that writes it.

use std::fmt::Write;

use clap::Args;
use routerlab_records::catalog::{ColumnDescription, FOOTER_KEYS, TableDescription, catalog};
use serde_json::json;

use crate::exit::{Ended, print};

/// Show what every table is: key, columns, types, units, and where it lies.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab export schema --json")]
pub(crate) struct Schema {
    /// Print JSON instead of Markdown
    #[arg(long)]
    json: bool,
}

impl Schema {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let tables = catalog();
        if self.json {
            let all = json!({ "schema": "routerlab.tables/1", "footer_keys": FOOTER_KEYS, "tables": tables });
            print(&format!("{}\n", serde_json::to_string_pretty(&all)?))?;
        } else {
            print(&markdown(&tables)?)?;
        }
        Ok(Ended::Done)
    }
}

/// What holds for all tables; the rest is made of the code.
const PREFACE: &str = "\
# Tables

Made by `routerlab export schema`; do not edit.

Everything that one part of the laboratory leaves for another is a table: a Parquet file, or a folder of them, packed with
Zstandard, sorted by its key. A file appears whole or not at all. Names that begin with a dot are files still being written.

- Tables join on `query_id` (`<dataset>/<split>/<record_index>`) and `model`.
- A missing value is null, never NaN and never 0. A failed call is a status, not a score. A pair of query and model without a
  row is unavailable, neither wrong nor free.
- The unit comes last in a column's name: `_usd` US dollars, `_ms` milliseconds, `_ns` nanoseconds, `_bytes` bytes, `_tokens`
  tokens. Fuel counts what a plugin executed. Times are UTC, RFC 3339. Digests are SHA-256 in hex.
- Rows never change: a new fact is a new file, or a new row.
- Letters, digits, `-`, `_` and `.` stand for themselves in the names of folders and files; everything else is `%XX`.

## Footers and versions

";

const VERSIONS: &str = "
A table's version grows when a column is added, removed or changed. A program reads the versions it was made for and refuses
another by name, rather than guess; columns that a table does not know are passed over. A file without a schema id, which
another program wrote, is read if it has the columns.

## For other programs

`routerlab export tables FOLDER --format parquet --out DIR` writes tables as folders of files without a schema id of their own
(`routerlab.exported` in the footer names the table), divided by `key=value`; columns that became folders are not in the files.
Programs guess the types of such columns: a dataset called `2024` becomes a number unless they are told not to
(`hive_types_autocast=false` in DuckDB, `spark.sql.sources.partitionColumnTypeInference.enabled=false` in Spark). A table
without rows is one file with all its columns.

Files of `--format csv` have a line of names; null is nothing between two commas, an empty text is `\"\"`, a list is JSON.
`--format jsonl` writes every column in every line. `--format arrow` writes Arrow IPC files. In these, `scores` has the
scoring as its first column.

Of `completions` that were both imported and collected the collected one counts, of `embeddings` the imported one; of `scores`
only what `scoring.json` calls current is exported. `judgements` keeps every reply: where a question was asked again, the last
one counts.
";

fn markdown(tables: &[TableDescription]) -> Result<String, std::fmt::Error> {
    let mut text = PREFACE.to_owned();
    let [schema, sort, provenance] = FOOTER_KEYS;
    writeln!(text, "A footer's key-value pairs say what a file is:\n")?;
    writeln!(text, "| key | value |\n| --- | --- |")?;
    writeln!(text, "| `{schema}` | schema id: `routerlab.<table>/<version>` |")?;
    writeln!(text, "| `{sort}` | the columns it is sorted by, with commas between |")?;
    writeln!(
        text,
        "| `{provenance}` | JSON: `tool` that wrote it, `config_digest` of its settings, `inputs` (SHA-256 of all that was read, by \
         name), `values` (anything else, such as a seed) |"
    )?;
    text.push_str(VERSIONS);
    writeln!(
        text,
        "\n## All tables\n\n| table | key | in a data folder | in the folder of a run |\n| --- | --- | --- | --- |"
    )?;
    for table in tables {
        let TableDescription { name, key, in_data, in_run, .. } = table;
        let key = key.join(", ");
        writeln!(text, "| [`{name}`](#{name}) | {key} | {} | {} |", places(in_data), places(in_run))?;
    }
    for table in tables {
        writeln!(text, "\n## `{}`\n\n{} Schema id `{}`.\n", table.name, table.about, table.schema_id)?;
        writeln!(text, "| column | type | null | unit | meaning |\n| --- | --- | --- | --- | --- |")?;
        for column in &table.columns {
            let ColumnDescription { name, parquet, nullable, unit, .. } = column;
            let nullable = if *nullable { "yes" } else { "no" };
            writeln!(text, "| `{name}` | {parquet} | {nullable} | {} | {} |", unit.unwrap_or(""), meaning(column))?;
        }
    }
    Ok(text)
}

/// What a column means, with the words it may hold.
fn meaning(column: &ColumnDescription) -> String {
    let about = column.about.replace('|', "\\|");
    match column.words {
        [] => about,
        words => format!("{about} One of `{}`.", words.join("`, `")),
    }
}

fn places(places: &[&str]) -> String {
    let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
    places.join(", ")
}
