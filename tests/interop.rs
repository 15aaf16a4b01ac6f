//! Tables are read by the programs that people use for them, and say there what they say here.
//!
//! What "here" is comes from the program's own CSV, which is made of rows that its readers have checked.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use routerlab_records::catalog::{ColumnType, TableDescription, catalog, find_tables};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "interop/tables.rs"]
mod odd;
mod support;
use support::{Scratch, checkout, component, experiment};

/// Rows of a table, and for each column its nulls and a sum that no order changes.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    rows: u64,
    columns: BTreeMap<String, (u64, u64)>,
}

/// The Python with the readers, where `tests/interop/setup.sh` could install them.
fn python() -> Option<PathBuf> {
    let folder = checkout().join("target/interop");
    let whole = folder.join("requirements.txt").is_file();
    whole.then(|| folder.join("bin/python"))
}

/// Whether the Python has a package, and it starts.
fn has(python: &Path, statement: &str) -> bool {
    let tried = Command::new(python).args(["-c", statement]).output();
    tried.is_ok_and(|output| output.status.success())
}

fn first_bytes_of_digest(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What one value adds to its column's sum: as `value_of` of `interop/read.py`.
fn value_of(column_type: ColumnType, text: &str) -> u64 {
    let list = |text: &str| serde_json::from_str::<Vec<Value>>(text).unwrap();
    match column_type {
        ColumnType::Text => first_bytes_of_digest(text),
        ColumnType::Unsigned32 | ColumnType::Unsigned64 => text.parse().unwrap(),
        ColumnType::Signed64 => text.parse::<i64>().unwrap().cast_unsigned(),
        ColumnType::Float64 => text.parse::<f64>().unwrap().to_bits(),
        ColumnType::Truth => 1 + u64::from(text == "true"),
        ColumnType::Float32List => {
            let items = text.trim_matches(['[', ']']).split(',').filter(|item| !item.is_empty());
            items.fold(1, |sum: u64, item| sum.wrapping_add(u64::from(item.parse::<f32>().unwrap().to_bits())))
        }
        ColumnType::TextList => {
            list(text).iter().fold(1, |sum: u64, item| sum.wrapping_add(first_bytes_of_digest(item.as_str().unwrap())))
        }
    }
}

/// The fields of comma-separated lines; none for null, which is nothing between two commas.
fn csv_lines(text: &str) -> Vec<Vec<Option<String>>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let (mut field, mut quoted, mut inside) = (String::new(), false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => (quoted, inside) = (true, !inside),
            ',' | '\n' if !inside => {
                let value = std::mem::take(&mut field);
                line.push((quoted || !value.is_empty()).then_some(value));
                quoted = false;
                if letter == '\n' {
                    lines.push(std::mem::take(&mut line));
                }
            }
            other => field.push(other),
        }
    }
    lines
}

/// What the program's own CSV says.
fn here(csv: &str, table: &TableDescription) -> Seen {
    let mut lines = csv_lines(csv).into_iter();
    let names: Vec<String> = lines.next().unwrap().into_iter().flatten().collect();
    let type_of = |name: &str| {
        table.columns.iter().find(|column| column.name == name).map_or(ColumnType::Text, |column| column.column_type)
    };
    let mut seen = Seen { rows: 0, columns: names.iter().map(|name| (name.clone(), (0, 0))).collect() };
    for line in lines {
        seen.rows += 1;
        assert_eq!(line.len(), names.len(), "{line:?}");
        for (name, value) in names.iter().zip(line) {
            let (nulls, sum) = seen.columns.get_mut(name).unwrap();
            match value {
                None => *nulls += 1,
                Some(text) => *sum = sum.wrapping_add(value_of(type_of(name), &text)),
            }
        }
    }
    seen
}

/// What a reader of another program said.
fn there(said: &Value, what: &str) -> Seen {
    assert!(said.get("error").is_none(), "{what}: {}", said["error"]);
    let columns = said["columns"].as_object().unwrap().iter();
    let pair = |value: &Value| (value[0].as_u64().unwrap(), value[1].as_u64().unwrap());
    Seen {
        rows: said["rows"].as_u64().unwrap(),
        columns: columns.map(|(name, value)| (name.clone(), pair(value))).collect(),
    }
}

/// Folders with every table: the starter data, scored, a run over it, and one with odd values.
fn folders(scratch: &Scratch) -> Vec<PathBuf> {
    scratch.starter();
    let routers = [("random", component("random")), ("knn", component("knn"))];
    let lines = "protocol.seeds = [42, 43]\nstatistics.replicates = 100";
    scratch.write("e.toml", experiment("e", "starter", lines, routers));
    scratch.done(["bench", "e.toml", "--out", "out"]);
    odd::write_odd(&scratch.path("odd"));
    vec![scratch.path("starter"), scratch.run_below("out"), scratch.path("odd")]
}

/// Exports the folders, has them read by `readers`, and compares.
fn check(python: &Path, readers: &[&str]) {
    let scratch = Scratch::new();
    let folders = folders(&scratch);
    for (format, out) in [("csv", "as-csv"), ("parquet", "as-parquet"), ("arrow", "as-arrow")] {
        let args =
            ["export".into(), "tables".into()].into_iter().chain(folders.iter().map(|it| it.clone().into_os_string()));
        scratch.done(args.chain(["--format", format, "--out", out].map(Into::into)));
    }
    let found: Vec<_> = folders.iter().map(|folder| find_tables(folder).unwrap()).collect();
    let mut job = Vec::new();
    let mut expected = BTreeMap::new();
    for table in catalog() {
        let parts = found.iter().flatten().filter(|found| found.table == table.name).flat_map(|found| &found.parts);
        let files: Vec<&PathBuf> = parts.flat_map(|part| &part.files).collect();
        assert!(!files.is_empty(), "no table is left out: {}", table.name);
        let csv = std::fs::read_to_string(scratch.path("as-csv").join(format!("{}.csv", table.name))).unwrap();
        let mut columns: Vec<Value> =
            table.columns.iter().map(|column| json!({ "name": column.name, "type": column.column_type })).collect();
        if table.name == "scores" {
            columns.push(json!({ "name": "scoring", "type": "text", "folder": true }));
        }
        let hive = scratch.path("as-parquet").join(table.name);
        let arrow = scratch.path("as-arrow").join(format!("{}.arrow", table.name));
        job.push(json!({ "name": table.name, "files": files, "hive": hive, "arrow": arrow, "columns": columns }));
        expected.insert(table.name, here(&csv, &table));
    }
    assert!(expected["decisions"].rows > 1000 && expected["scores"].rows > 1000);

    let mut child = Command::new(python)
        .arg(checkout().join("tests/interop/read.py"))
        .args(readers)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(json!({ "tables": job }).to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answered: Vec<&String> = said.as_object().unwrap().keys().collect();
    assert_eq!(answered, readers);
    for (reader, forms) in said.as_object().unwrap() {
        for (form, tables) in forms.as_object().unwrap() {
            for (name, seen) in &expected {
                let what = format!("{reader}, {form}, {name}");
                let mut found = there(&tables[*name], &what);
                if form == "files" && *name == "scores" {
                    found.columns.insert("scoring".to_owned(), seen.columns["scoring"]);
                }
                assert_eq!(&found, seen, "{what}");
            }
        }
    }
}

#[test]
fn pyarrow_polars_duckdb_and_pandas_read_every_table_as_we_do() {
    let Some(python) = python() else {
        eprintln!("skipped: pyarrow, Polars, DuckDB and pandas are not installed (tests/interop/setup.sh)");
        return;
    };
    check(&python, &["duckdb", "pandas", "polars", "pyarrow"]);
}

#[test]
fn spark_reads_every_table_as_we_do() {
    let has_java = Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success());
    match python().filter(|python| has_java && has(python, "import pyspark")) {
        Some(python) => check(&python, &["spark"]),
        None => eprintln!("skipped: Spark needs Java and `target/interop/bin/pip install pyspark`"),
    }
}

#[test]
fn lines_of_csv_are_taken_apart() {
    let lines = csv_lines("a,\"b,\"\"c\n\",\n,\"\",x\n");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(lines, [vec![text("a"), text("b,\"c\n"), None], vec![None, text(""), text("x")]]);
}
