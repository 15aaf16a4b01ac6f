//! Compiled code on disk: keyed by wasmtime's version, its flags, the processor's features and the component's digest.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Where the compiled form of one component lies, and the digest that shows it is whole.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    code: PathBuf,
    sum: PathBuf,
}

impl Entry {
    pub(crate) fn new(dir: &Path, engine: &Engine, component_digest: &str) -> Self {
        let mut key = KeyHasher(Sha256::new());
        // Covers wasmtime's version and every option and processor feature that changes the code.
        engine.precompile_compatibility_hash().hash(&mut key);
        key.0.update(component_digest.as_bytes());
        let name = hex(&key.0.finalize());
        Self { code: dir.join(format!("{name}.cwasm")), sum: dir.join(format!("{name}.sha256")) }
    }

    /// The compiled component, if a whole entry is there. A damaged entry counts as absent and is written anew.
    pub(crate) fn load(&self, engine: &Engine) -> Option<Component> {
        let wanted = std::fs::read_to_string(&self.sum).ok()?;
        let code = std::fs::read(&self.code).ok()?;
        if digest(&code) != wanted {
            return None;
        }
        deserialize(engine, &self.code)
    }

    /// Keeps compiled code. The digest comes last: without it the entry does not count.
    pub(crate) fn store(&self, code: &[u8]) -> Result<(), routerlab_records::TableError> {
        routerlab_records::atomic::write_bytes(&self.code, code)?;
        routerlab_records::atomic::write_bytes(&self.sum, digest(code).as_bytes())?;
        Ok(())
    }

    /// Maps the entry that was just stored.
    pub(crate) fn open(&self, engine: &Engine) -> Option<Component> {
        deserialize(engine, &self.code)
    }
}

#[allow(
    unsafe_code,
    reason = "compiled code can only be taken on trust; the entry's digest was checked or has just been written"
)]
fn deserialize(engine: &Engine, path: &Path) -> Option<Component> {
    // SAFETY: the file was written by this program and its digest matches; wasmtime itself checks version and flags.
    // Files appear by renaming, so the mapped file is never changed in place.
    unsafe { Component::deserialize_file(engine, path) }.ok()
}

/// The sha-256 of some bytes as 64 hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Feeds what wasmtime hashes into a sha-256, which is the same in every process.
struct KeyHasher(Sha256);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
