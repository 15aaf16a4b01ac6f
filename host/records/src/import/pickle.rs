//! Pickles are refused. A pickle is a program for Python's machine: to read one is to run it.

use std::path::Path;

use crate::error::TableError;
use crate::import::dataset::content::Content;

/// Fails when a file is a pickle, by its ending or by how it begins. `conversion` are lines of Python that turn it into what
/// can be read, with `{stem}` for the file's name without its ending.
pub(super) fn refuse_pickle(content: &mut Content, conversion: &[&str]) -> Result<(), TableError> {
    let head = content.head(2)?;
    let ending = content.path.extension().map(|ending| ending.to_ascii_lowercase());
    let is_called_so = ending.is_some_and(|ending| ["pkl", "pickle", "p"].iter().any(|known| ending == *known));
    // PROTO and the protocols that there are; older ones have no mark, so only their name tells.
    if !is_called_so && !matches!(head.as_slice(), [0x80, 2..=5]) {
        return Ok(());
    }
    Err(refused(&content.path, conversion))
}

fn refused(path: &Path, conversion: &[&str]) -> TableError {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lines: String = conversion
        .iter()
        .map(|line| format!("\n  {}", line.replace("{stem}", &stem).replace("{name}", &name)))
        .collect();
    let reason = format!(
        "a pickle is a program, and none is run here; where you trust it, turn it once into what can be read, in Python:{lines}"
    );
    TableError::Settings { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickle_is_known_by_its_name_and_by_its_first_bytes() {
        let scratch = tempfile::tempdir().unwrap();
        let refused = |name: &str, bytes: &[u8]| {
            let path = scratch.path().join(name);
            crate::atomic::write_bytes(&path, bytes).unwrap();
            let refused =
                refuse_pickle(&mut Content::of(&path).unwrap(), &["load(\"{name}\")", "save(\"{stem}.json\")"]);
            refused.err().map(|error| error.to_string().replace(&scratch.path().display().to_string(), "."))
        };
        let said = |name: &str, stem: &str| {
            Some(format!(
                "`./{name}`: a pickle is a program, and none is run here; where you trust it, turn it once into what can \
                 be read, in Python:\n  load(\"{name}\")\n  save(\"{stem}.json\")"
            ))
        };
        assert_eq!(refused("a.pkl", b"cos\nsystem\n."), said("a.pkl", "a"));
        assert_eq!(refused("b.parquet", b"\x80\x05]."), said("b.parquet", "b"));
        assert_eq!(refused("c.csv", b"a,b\n"), None);
    }
}
