//! From a file to a component that can be instantiated: read, size, digest, names, compile, link.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::cache;
use crate::compile::{CompileStop, compile};
use crate::contract::{CONTRACT_VERSION, Role, check_imports, outer_names, role_of, speaks};
use crate::engine::Sandbox;
use crate::error::LoadError;
use crate::limits::{Limit, LimitReached, Limits};
use crate::state::StoreState;

/// Compiled code that this machine refuses.
const UNFIT_CODE: &str = "the compiled code does not fit this machine";

/// A component for the sandbox's engine, and for its pool where that is for such a component and can take it.
pub(crate) type Linked = (InstancePre<StoreState>, Option<InstancePre<StoreState>>);

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

    /// Insists on one of some roles, of which messages name the first.
    pub(crate) fn expect_role(&self, wanted: &[Role]) -> Result<(), LoadError> {
        if wanted.contains(&self.role) {
            return Ok(());
        }
        let (found, wanted) = (self.role.with_article(), wanted.first().map_or("", |role| role.with_article()));
        Err(LoadError::WrongRole { path: self.path.clone(), found, wanted })
    }

    /// Compiles (or takes from the cache) and links.
    pub(crate) fn link(&self, sandbox: &Sandbox) -> Result<Linked, LoadError> {
        let (linker, pool) = match self.role {
            Role::Router | Role::SequentialRouter => (&sandbox.inner.router_linker, None),
            Role::Evaluator => (&sandbox.inner.evaluator_linker, sandbox.pool()),
        };
        let (component, pooled) = self.compiled(sandbox, pool.map(|pool| &pool.engine))?;
        let linked = linker.instantiate_pre(&component).map_err(|error| self.unfit(&error))?;
        let pooled =
            pool.zip(pooled).and_then(|(pool, component)| pool.evaluator_linker.instantiate_pre(&component).ok());
        Ok((linked, pooled))
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

    /// The component for the sandbox's engine, and for another engine that runs the same code if that can take it.
    fn compiled(&self, sandbox: &Sandbox, other: Option<&Engine>) -> Result<(Component, Option<Component>), LoadError> {
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
        let twice = |entry: &cache::Entry, component: Option<Component>| {
            let component = component.ok_or_else(|| self.cannot_compile(UNFIT_CODE.into()))?;
            Ok((component, other.and_then(|engine| entry.open(engine))))
        };
        let entry = cache::Entry::new(dir, engine, &self.digest);
        if let Some(component) = entry.load(engine) {
            return twice(&entry, Some(component));
        }
        let code = compile(&options.compiler, &self.path, &self.bytes, &options.limits).map_err(|stop| match stop {
            CompileStop::Limit(limit) => LoadError::Stopped { path: self.path.clone(), limit },
            CompileStop::Failed(reason) => self.cannot_compile(reason),
        })?;
        if entry.store(&code).is_ok() {
            return twice(&entry, entry.open(engine));
        }
        // A cache that cannot be written costs time, not the run.
        let scratch = tempfile::tempdir().map_err(|error| self.cannot_compile(error.to_string()))?;
        let entry = cache::Entry::new(scratch.path(), engine, &self.digest);
        entry.store(&code).map_err(|error| self.cannot_compile(format!("no place for compiled code: {error}")))?;
        twice(&entry, entry.open(engine))
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
