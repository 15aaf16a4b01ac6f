//! What a table records about its making, and digests of content.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::TableError;
use crate::source::open_file;

/// What a table was made from. Kept as JSON in the footer of the file under [`Provenance::FOOTER_KEY`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Name and version of the program, such as `routerlab 0.1.0`.
    pub tool: String,
    /// SHA-256 of the configuration that asked for this table, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<String>,
    /// SHA-256 of everything that was read, by a name that means something to the reader (`outcomes`, `router knn`).
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// Anything else worth knowing, such as a seed.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl Provenance {
    /// The footer's key for the provenance.
    pub const FOOTER_KEY: &'static str = "routerlab.provenance";

    /// Provenance of a table made by `tool`.
    pub fn by(tool: impl Into<String>) -> Self {
        Self { tool: tool.into(), ..Self::default() }
    }

    /// Adds the digest of something that was read.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, digest: impl Into<String>) -> Self {
        self.inputs.insert(name.into(), digest.into());
        self
    }

    /// Adds the digest of a file that was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn input_file(self, name: impl Into<String>, path: &Path) -> Result<Self, TableError> {
        Ok(self.input(name, digest_file(path)?))
    }

    /// Adds a free value.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.values.insert(name.into(), value.to_string());
        self
    }
}

/// This crate's name and version, for tables that it makes by itself.
pub(crate) fn own_tool() -> String {
    format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// SHA-256 of a file's content, in hex.
///
/// # Errors
/// When there is no such file, or it cannot be read or read again.
pub fn digest_file(path: &Path) -> Result<String, TableError> {
    let failed = |source| TableError::read(path, source);
    let mut file = open_file(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block).map_err(failed)? {
            0 => return Ok(hex(&hash.finalize())),
            length => hash.update(&block[..length]),
        }
    }
}

/// SHA-256 of bytes, in hex.
pub fn digest_bytes(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// A digest of values rather than of files: it does not change with compression, row groups or file format.
///
/// Every value is hashed with its kind and, where it has one, its length, so that no two sequences of values share
/// their bytes. Floats are hashed by their bits: `-0.0` and `0.0` differ.
#[derive(Debug, Clone, Default)]
pub struct ContentDigest(Sha256);

impl ContentDigest {
    /// An empty digest.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.tagged(b't', text.len() as u64);
        self.0.update(text.as_bytes());
        self
    }

    /// Adds a whole number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.tagged(b'n', number)
    }

    /// Adds a float by its bits.
    pub fn float(&mut self, float: f64) -> &mut Self {
        self.tagged(b'f', float.to_bits())
    }

    /// Adds a list of floats by their bits.
    pub fn floats(&mut self, floats: &[f32]) -> &mut Self {
        self.tagged(b'l', floats.len() as u64);
        for float in floats {
            self.0.update(float.to_bits().to_le_bytes());
        }
        self
    }

    /// Adds the absence of a value.
    pub fn nothing(&mut self) -> &mut Self {
        self.tagged(b'0', 0)
    }

    /// The digest of everything added so far, in hex.
    pub fn hex(&self) -> String {
        hex(&self.0.clone().finalize())
    }

    fn tagged(&mut self, tag: u8, value: u64) -> &mut Self {
        self.0.update([tag]);
        self.0.update(value.to_le_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest_bytes(b"abc"), abc);
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("abc");
        crate::atomic::write_bytes(&path, "abc").unwrap();
        assert_eq!(digest_file(&path).unwrap(), abc);
    }

    #[test]
    fn a_missing_file_has_no_digest() {
        assert_eq!(digest_file(Path::new("nowhere")).unwrap_err().to_string(), "`nowhere` does not exist");
    }

    #[test]
    fn values_cut_differently_have_different_digests() {
        let of = |texts: &[&str]| {
            texts.iter().fold(ContentDigest::new(), |mut digest, text| {
                digest.text(text);
                digest
            })
        };
        assert_ne!(of(&["ab", "c"]).hex(), of(&["a", "bc"]).hex());
        assert_ne!(of(&[""]).hex(), of(&[]).hex());
        assert_ne!(ContentDigest::new().nothing().hex(), ContentDigest::new().float(0.0).hex());
        assert_eq!(of(&["a"]).hex(), of(&["a"]).hex());
    }
}
