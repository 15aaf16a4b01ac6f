//! From a core module to a component on disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use super::BuildError;

/// The interfaces of this package are what makes a component a plugin.
const CONTRACT: &str = "routerlab:plugin/";

/// Makes a component of a core module that carries the contract's types.
pub(super) fn encode(name: &str, module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let encode_error = |reason: String| BuildError::Encode { name: name.to_owned(), reason };
    if !carries_types(module).map_err(|error| encode_error(error.to_string()))? {
        return Err(BuildError::NotAPlugin { name: name.to_owned() });
    }
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| encode_error(format!("{error:#}")))?;
    checked(name, component)
}

/// A component that plays one of the contract's roles.
pub(super) fn checked(name: &str, component: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    let broken =
        |error: wasmparser::BinaryReaderError| BuildError::Encode { name: name.to_owned(), reason: error.to_string() };
    match exports_contract(&component).map_err(broken)? {
        true => Ok(component),
        false => Err(BuildError::NotAPlugin { name: name.to_owned() }),
    }
}

/// Whether a binding generator left the types of an interface in the module.
fn carries_types(module: &[u8]) -> Result<bool, wasmparser::BinaryReaderError> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && section.name().starts_with("component-type:")
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the component itself, not one inside it, exports an interface of the contract.
fn exports_contract(component: &[u8]) -> Result<bool, wasmparser::BinaryReaderError> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    if export?.name.name.starts_with(CONTRACT) {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

/// Writes a file that appears whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(BuildError::file(folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(BuildError::file(folder))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(BuildError::file(path))?;
    set_readable(file.as_file()).map_err(BuildError::file(path))?;
    file.persist(path).map_err(|error| BuildError::File { path: path.to_owned(), source: error.error })?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BuildError::file(folder))
}

/// A temporary file is its owner's alone; a component is for everyone to read.
#[cfg(unix)]
fn set_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{digest, encode, write_whole};
    use crate::build::BuildError;

    /// The smallest core module: a header.
    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_module_without_the_contract_is_no_plugin() {
        assert!(matches!(encode("bare", EMPTY), Err(BuildError::NotAPlugin { name }) if name == "bare"));
    }

    #[test]
    fn a_file_that_is_no_module_is_named() {
        let error = encode("broken", b"hello world").unwrap_err().to_string();
        assert!(error.starts_with("broken: cannot be made a component: "), "{error}");
    }

    #[test]
    fn a_component_replaces_an_older_one_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/toy.wasm");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_digest_is_the_well_known_one() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
