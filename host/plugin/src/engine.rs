//! Every wasmtime option this project uses, and the sandbox that owns them. No other file sets one.

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine};

use crate::bindings;
use crate::error::LoadError;
use crate::limits::Limits;
use crate::state::StoreState;

/// Who compiles components.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// This process. Right for components of one's own.
    InProcess,
    /// A child process with limits on processor time and memory: `PROGRAM compile-component IN OUT SECONDS BYTES STACK`.
    Child(PathBuf),
}

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Limits on loading; those on calls are given with each call.
    pub limits: Limits,
    /// Folder of compiled code; none keeps nothing.
    pub cache_dir: Option<PathBuf>,
    /// Who compiles.
    pub compiler: Compiler,
}

/// The sandbox: one engine, what each role may import, and the compile cache. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<SandboxInner>,
}

pub(crate) struct SandboxInner {
    pub(crate) engine: Engine,
    pub(crate) router_linker: Linker<StoreState>,
    pub(crate) evaluator_linker: Linker<StoreState>,
    pub(crate) options: SandboxOptions,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Sets the engine up and decides what each role may import.
    ///
    /// # Errors
    /// Limits that make no sense, or a machine on which wasmtime does not run.
    pub fn new(options: SandboxOptions) -> Result<Self, LoadError> {
        options.limits.check().map_err(LoadError::Engine)?;
        let engine = new_engine(options.limits.stack_bytes)?;
        let failed = |error: wasmtime::Error| LoadError::Engine(format!("{error:#}"));
        let mut router_linker = Linker::new(&engine);
        bindings::router::RouterPlugin::add_to_linker::<_, wasmtime::component::HasSelf<_>>(
            &mut router_linker,
            |state| state,
        )
        .map_err(failed)?;
        let mut evaluator_linker = Linker::new(&engine);
        bindings::evaluator::EvaluatorPlugin::add_to_linker::<_, wasmtime::component::HasSelf<_>>(
            &mut evaluator_linker,
            |state| state,
        )
        .map_err(failed)?;
        Ok(Self { inner: Arc::new(SandboxInner { engine, router_linker, evaluator_linker, options }) })
    }

    /// The limits this sandbox was set up with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.options.limits
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }
}

/// The deterministic set of options.
pub(crate) fn new_engine(stack_bytes: usize) -> Result<Engine, LoadError> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // On by default and several times dearer for plain calls.
        .concurrency_support(false)
        // Fuel decides everything; bulk operations are charged by the byte, so no clock is needed to stop a guest.
        .consume_fuel(true)
        .wasm_simd(true)
        // Relaxed SIMD may differ between CPUs.
        .wasm_relaxed_simd(false)
        // Costs 1.2 to 1.9 times on vector code; answers are checked for finiteness instead.
        .cranelift_nan_canonicalization(false)
        .max_wasm_stack(stack_bytes)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    Engine::new(&config).map_err(|error| LoadError::Engine(format!("{error:#}")))
}
