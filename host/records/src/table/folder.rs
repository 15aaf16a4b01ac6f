//! A table as a folder of files, partitioned by `key=value` folders (the layout known from Hive).

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::table::read::{Table, read_table};
use crate::table::row::Row;

/// `<folder>/<table>/<key>=<value>/.../<name>.parquet`, as DuckDB, Polars and Spark read it.
///
/// Letters, digits, `-`, `_` and `.` stand for themselves in keys, values and names; everything else becomes `%XX`, so
/// that a router's name cannot leave the folder.
pub fn partition_file(folder: &Path, table: &str, partitions: &[(&str, &str)], name: &str) -> PathBuf {
    partition_folder(folder, table, partitions).join(format!("{}.parquet", escaped(name)))
}

/// The folder of such a file.
fn partition_folder(folder: &Path, table: &str, partitions: &[(&str, &str)]) -> PathBuf {
    let mut path = folder.join(table);
    for (key, value) in partitions {
        path.push(format!("{}={}", escaped(key), escaped(value)));
    }
    path
}

/// The same for other programs: letters of any script stand for themselves, because Spark takes `%XX` for a letter each.
pub(crate) fn export_folder(folder: &Path, table: &str, partitions: &[(&str, &str)]) -> PathBuf {
    let mut path = folder.join(table);
    for (key, value) in partitions {
        let letters = value.chars().map(|letter| match letter.is_alphanumeric() {
            true => letter.to_string(),
            // Neither at the beginning of a name nor alone, so a dot is one.
            false if letter == '.' => letter.to_string(),
            false => escaped(letter.encode_utf8(&mut [0; 4])),
        });
        path.push(format!("{key}={}", letters.collect::<String>()));
    }
    path
}

/// A name that cannot leave its folder, see [`partition_file`].
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(char::from(byte)),
            b'.' if !out.is_empty() => out.push('.'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The files of a table: the file itself, or every `.parquet` file below a folder in the order of their paths.
/// Names that begin with a dot are files still being written and are passed over.
///
/// # Errors
/// When `path` does not exist or a folder cannot be listed.
pub fn table_files(path: &Path) -> Result<Vec<PathBuf>, TableError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TableError::read(&path, source)
    };
    if !fs::metadata(path).map_err(failed(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().map_err(failed(&path))?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Reads every file of a table, each on its own so that messages about rows name the file.
///
/// # Errors
/// As [`read_table`] and [`table_files`].
pub fn read_folder<R: Row>(path: &Path) -> Result<Vec<Table<R>>, TableError> {
    table_files(path)?.iter().map(|file| read_table(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        let path = partition_file(Path::new("run"), "decisions", &[("router", "../a b"), ("seed", "42")], "part-0");
        assert_eq!(path, Path::new("run/decisions/router=%2E.%2Fa%20b/seed=42/part-0.parquet"));
    }

    #[test]
    fn other_programs_get_letters_as_they_are() {
        let path = export_folder(Path::new("out"), "outcomes", &[("dataset", "größer/1% .."), ("seed", "-4")]);
        assert_eq!(path, Path::new("out/outcomes/dataset=größer%2F1%25%20../seed=-4"));
    }

    #[test]
    fn files_of_a_folder_come_in_the_order_of_their_paths() {
        let scratch = tempfile::tempdir().unwrap();
        for name in ["b/x.parquet", "a/y.parquet", "a/.half.parquet", "a/notes.txt"] {
            crate::atomic::write_bytes(&scratch.path().join(name), "").unwrap();
        }
        let files = table_files(scratch.path()).unwrap();
        assert_eq!(files, [scratch.path().join("a/y.parquet"), scratch.path().join("b/x.parquet")]);
        assert!(matches!(table_files(&scratch.path().join("c")), Err(TableError::Missing { .. })));
    }
}
