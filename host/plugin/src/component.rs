//! From a file to a component that can be instantiated: read, size, digest, names, compile, link.

use std::path::{Path, PathBuf};

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::{Component, InstancePre};

use crate::cache;
use crate::compile::compile;
use crate::engine::Sandbox;
use crate::error::LoadError;
use crate::limits::Limits;
use crate::state::StoreState;

/// The version of the contract that this host speaks.
pub const CONTRACT_VERSION: &str = "0.1.0";

const PACKAGE: &str = "routerlab:plugin/";

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
        let unreadable = |reason| LoadError::Unreadable { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(unreadable)?;
        if size.is_dir() {
            return Err(unreadable(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        if size.len() > limits.component_bytes {
            return Err(LoadError::TooLarge {
                path: path.to_owned(),
                bytes: size.len(),
                limit: limits.component_bytes,
            });
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let (imports, exports) =
            outer_names(&bytes).map_err(|reason| LoadError::NotAComponent { path: path.to_owned(), reason })?;
        let (role, contract_version) = role_of(path, &exports)?;
        if contract_version != CONTRACT_VERSION {
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
        linker.instantiate_pre(&component).map_err(|error| self.cannot_compile(format!("{error:#}")))
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
        let code = compile(&options.compiler, &self.path, &self.bytes, &options.limits)
            .map_err(|reason| self.cannot_compile(reason))?;
        entry
            .store(&code)
            .map_err(|error| self.cannot_compile(format!("the compile cache cannot be written: {error}")))?;
        entry.open(engine).ok_or_else(|| self.cannot_compile("the compiled code does not fit this machine".into()))
    }

    fn cannot_compile(&self, reason: String) -> LoadError {
        LoadError::Compile { path: self.path.clone(), reason: reason.lines().next().unwrap_or("").to_owned() }
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
                    imports.push(import.map_err(damaged)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(damaged)?.name.name.to_owned());
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
        let ours = import.strip_prefix(PACKAGE).map(|rest| rest.split('@').next().unwrap_or(rest));
        if ours.is_some_and(|interface| role.granted().contains(&interface)) {
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
