//! From a file to a component that can be instantiated: read, size, digest, names, compile, link.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::{Component, InstancePre};

use crate::cache;
use crate::compile::{CompileStop, compile};
use crate::engine::Sandbox;
use crate::error::LoadError;
use crate::limits::{Limit, LimitReached, Limits};
use crate::state::StoreState;

/// The version of the contract that this host speaks.
pub const CONTRACT_VERSION: &str = "0.1.0";

const PACKAGE: &str = "routerlab:plugin/";

/// Compiled code that this machine refuses.
const UNFIT_CODE: &str = "the compiled code does not fit this machine";

/// What a component can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Exports `router`.
    Router,
    /// Exports `sequential-router`.
    SequentialRouter,
    /// Exports `evaluator`.
    Evaluator,
}

impl Role {
    const ALL: [Self; 3] = [Self::Router, Self::SequentialRouter, Self::Evaluator];

    /// The interface that a component of this role exports.
    #[must_use]
    pub fn interface(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::SequentialRouter => "sequential-router",
            Self::Evaluator => "evaluator",
        }
    }

    fn with_article(self) -> &'static str {
        match self {
            Self::Router => "a router",
            Self::SequentialRouter => "a sequential router",
            Self::Evaluator => "an evaluator",
        }
    }

    /// The interfaces of the contract that a component of this role may import.
    fn granted(self) -> &'static [&'static str] {
        match self {
            Self::Router | Self::SequentialRouter => &["log", "types", "kernels", "data", "routing"],
            Self::Evaluator => &["log", "types"],
        }
    }
}

/// A component as a file, read and looked at, before anything is compiled or run.
#[derive(Debug, Clone)]
pub struct ComponentFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// The sha-256 of its bytes as 64 hexadecimal digits.
    pub digest: String,
    /// What it is.
    pub role: Role,
    /// The version of the contract it was built for.
    pub contract_version: String,
    /// Everything it imports, in its own order.
    pub imports: Vec<String>,
    /// Everything it exports, in its own order.
    pub exports: Vec<String>,
    bytes: Vec<u8>,
}

impl ComponentFile {
    /// Reads a component and checks size, kind, role, version and imports, in this order.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, LoadError> {
        let bytes = read_at_most(path, limits.component_bytes)?;
        let (imports, exports) =
            outer_names(&bytes).map_err(|reason| LoadError::NotAComponent { path: path.to_owned(), reason })?;
        let (role, contract_version) = role_of(path, &exports)?;
        if !speaks(&contract_version) {
            let path = path.to_owned();
            return Err(LoadError::OtherVersion { path, found: contract_version, spoken: CONTRACT_VERSION });
        }
        check_imports(path, role, &imports)?;
        Ok(Self {
            path: path.to_owned(),
            digest: cache::digest(&bytes),
            role,
            contract_version,
            imports,
            exports,
            bytes,
        })
    }

    /// The size of the file in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn expect_role(&self, wanted: Role) -> Result<(), LoadError> {
        if self.role == wanted {
            return Ok(());
        }
        let (found, wanted) = (self.role.with_article(), wanted.with_article());
        Err(LoadError::WrongRole { path: self.path.clone(), found, wanted })
    }

    /// Compiles (or takes from the cache) and links.
    pub(crate) fn link(&self, sandbox: &Sandbox) -> Result<InstancePre<StoreState>, LoadError> {
        let component = self.compiled(sandbox)?;
        let linker = match self.role {
            Role::Router | Role::SequentialRouter => &sandbox.inner.router_linker,
            Role::Evaluator => &sandbox.inner.evaluator_linker,
        };
        linker.instantiate_pre(&component).map_err(|error| self.unfit(&error))
    }

    /// Compiles and links, and runs nothing: whether this host can take the component.
    ///
    /// # Errors
    /// A limit of compiling, or imports that are not as the contract has them.
    pub fn check(&self, sandbox: &Sandbox) -> Result<(), LoadError> {
        self.link(sandbox).map(|_| ())
    }

    /// Imports or exports that have the right names and other types.
    pub(crate) fn unfit(&self, error: &wasmtime::Error) -> LoadError {
        let reason = format!("{error:#}").lines().next().unwrap_or_default().to_owned();
        LoadError::Unfit { path: self.path.clone(), reason }
    }

    fn compiled(&self, sandbox: &Sandbox) -> Result<Component, LoadError> {
        let options = &sandbox.inner.options;
        let engine = sandbox.engine();
        let scratch;
        let dir = match &options.cache_dir {
            Some(dir) => dir.as_path(),
            None => {
                scratch = tempfile::tempdir().map_err(|error| self.cannot_compile(error.to_string()))?;
                scratch.path()
            }
        };
        let entry = cache::Entry::new(dir, engine, &self.digest);
        if let Some(component) = entry.load(engine) {
            return Ok(component);
        }
        let code = compile(&options.compiler, &self.path, &self.bytes, &options.limits).map_err(|stop| match stop {
            CompileStop::Limit(limit) => LoadError::Stopped { path: self.path.clone(), limit },
            CompileStop::Failed(reason) => self.cannot_compile(reason),
        })?;
        if entry.store(&code).is_ok() {
            return entry.open(engine).ok_or_else(|| self.cannot_compile(UNFIT_CODE.into()));
        }
        // A cache that cannot be written costs time, not the run.
        let scratch = tempfile::tempdir().map_err(|error| self.cannot_compile(error.to_string()))?;
        let entry = cache::Entry::new(scratch.path(), engine, &self.digest);
        entry.store(&code).map_err(|error| self.cannot_compile(format!("no place for compiled code: {error}")))?;
        entry.open(engine).ok_or_else(|| self.cannot_compile(UNFIT_CODE.into()))
    }

    fn cannot_compile(&self, reason: String) -> LoadError {
        LoadError::Compile { path: self.path.clone(), reason: reason.lines().next().unwrap_or("").to_owned() }
    }
}

/// The bytes of a file, of which no more than the limit are read whatever the file claims to be.
fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    let unreadable = |reason| LoadError::Unreadable { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        let limit = LimitReached { limit: Limit::ComponentBytes, value: limit };
        return Err(LoadError::Stopped { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Whether a component built for this version of the contract runs here: the same major and minor version, and a patch
/// that is not newer, because patches only add.
fn speaks(version: &str) -> bool {
    let parts = |version: &str| -> Option<[u64; 3]> {
        let parts: Vec<u64> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        parts.try_into().ok()
    };
    match (parts(version), parts(CONTRACT_VERSION)) {
        (Some(asked), Some(spoken)) => asked[..2] == spoken[..2] && asked[2] <= spoken[2],
        _ => false,
    }
}

/// Longest name of an import or export that is looked at.
const NAME_BYTES: usize = 256;

/// A name of the component's own, refused unless it can be shown as it is.
fn printable(name: &str) -> Result<String, String> {
    match name.len() <= NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        true => Ok(name.to_owned()),
        false => {
            Err(format!("it has an import or export whose name is longer than {NAME_BYTES} bytes or not plain text"))
        }
    }
}

/// Names of the imports and exports of the outermost component, in order.
fn outer_names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    let damaged =
        |error: wasmparser::BinaryReaderError| format!("it is damaged at byte {}: {}", error.offset(), error.message());
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if !bytes.starts_with(b"\0asm") {
        return Err("it does not begin like WebAssembly".into());
    }
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(damaged)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err("it is a core module; turn it into a component with `routerlab build`".into());
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(printable(import.map_err(damaged)?.name.name)?);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(printable(export.map_err(damaged)?.name.name)?);
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn role_of(path: &Path, exports: &[String]) -> Result<(Role, String), LoadError> {
    let mut roles = Vec::new();
    for export in exports {
        let Some((interface, version)) = export.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) else {
            continue;
        };
        if let Some(role) = Role::ALL.into_iter().find(|role| role.interface() == interface) {
            roles.push((role, version.to_owned()));
        }
    }
    let reason = match roles.len() {
        1 => return Ok(roles.remove(0)),
        0 if exports.is_empty() => {
            "exports nothing; it must export `routerlab:plugin/router` or another role".to_owned()
        }
        0 => format!("exports no role of routerlab:plugin, only: {}", exports.join(", ")),
        _ => "exports more than one role; build one component for each".to_owned(),
    };
    Err(LoadError::NoRole { path: path.to_owned(), reason })
}

fn check_imports(path: &Path, role: Role, imports: &[String]) -> Result<(), LoadError> {
    for import in imports {
        let ours = import.strip_prefix(PACKAGE).map(|rest| rest.split_once('@').unwrap_or((rest, "")));
        if ours.is_some_and(|(interface, version)| role.granted().contains(&interface) && speaks(version)) {
            continue;
        }
        let hint = if import.starts_with("wasi:") {
            "a plugin has no files, clock, network or randomness; build it for wasm32-unknown-unknown, or with WASI stubbed out"
        } else if ours.is_some() && role == Role::Evaluator {
            "an evaluator may import `log` only"
        } else {
            "a router may import `log`, `data` and `kernels`, an evaluator `log`"
        };
        return Err(LoadError::ImportRefused { path: path.to_owned(), import: import.clone(), hint });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_outside_the_grant_are_named() {
        let cases = [
            (Role::Router, "routerlab:plugin/kernels@0.1.0", None),
            (Role::Evaluator, "routerlab:plugin/log@0.1.0", None),
            (Role::Evaluator, "routerlab:plugin/kernels@0.1.0", Some("an evaluator may import `log` only")),
            (Role::Router, "wasi:clocks/monotonic-clock@0.2.0", Some("no files, clock")),
            (Role::Router, "env", Some("a router may import")),
            (Role::Router, "routerlab:plugin/kernels@0.1.9", Some("a router may import")),
            (Role::Router, "routerlab:plugin/kernels", Some("a router may import")),
        ];
        for (role, import, hint) in cases {
            let result = check_imports(Path::new("x.wasm"), role, &[import.to_owned()]);
            match hint {
                None => assert!(result.is_ok(), "{import}"),
                Some(hint) => {
                    let message = result.expect_err(import).to_string();
                    assert!(message.contains(hint) && message.contains(import), "{message}");
                }
            }
        }
    }

    #[test]
    fn older_patches_of_the_contract_are_spoken_and_nothing_else() {
        assert!(speaks(CONTRACT_VERSION));
        for version in ["0.1.1", "0.2.0", "1.1.0", "0.1", "0.1.0.0", "0.1.x", ""] {
            assert!(!speaks(version), "{version:?}");
        }
    }

    #[test]
    fn a_name_that_would_play_tricks_is_refused() {
        assert_eq!(printable("routerlab:plugin/log@0.1.0").as_deref(), Ok("routerlab:plugin/log@0.1.0"));
        for name in ["a\u{1b}[2J", "a\nb", "\u{202e}a", &"x".repeat(257)] {
            assert!(printable(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        let cases: [(&[u8], &str); 4] = [
            (b"", "the file is empty"),
            (b"hello", "it does not begin like WebAssembly"),
            (b"\0asm\x01\0\0\0", "it is a core module; turn it into a component with `routerlab build`"),
            (b"\0asm\x0d\0\x01\0\xff", "it is damaged at byte"),
        ];
        for (bytes, message) in cases {
            let error = outer_names(bytes).expect_err(message);
            assert!(error.starts_with(message), "{error}");
        }
    }
}
