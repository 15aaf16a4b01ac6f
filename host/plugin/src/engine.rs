//! Every wasmtime option this project uses, and the sandbox that owns them. No other file sets one.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

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
    pool: OnceLock<Option<Pool>>,
    pub(crate) options: SandboxOptions,
}

/// A second engine, for evaluators that want a fresh instance for every item. It runs the same code as the first; only
/// where memory comes from differs: an instance gets the pages of one that has ended, put back by copying to what they
/// were at the start. With a memory as large as CPython's that is cheaper than pages mapped anew: those
/// come by hundreds of faults, each of which makes every core that runs a thread of this process forget addresses.
pub(crate) struct Pool {
    pub(crate) engine: Engine,
    pub(crate) evaluator_linker: Linker<StoreState>,
}

/// Instances at a time for each core. An instance for which there is no room is made without the pool.
const POOLED_PER_CORE: usize = 2;

/// Tables of one pooled instance; one with more takes them from the others.
const POOLED_TABLES: usize = 8;

/// Bytes of a memory that are kept and put back by copying; those beyond are unmapped.
const RESIDENT_BYTES: usize = 64 << 20;

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
        let evaluator_linker = evaluator_linker(&engine).map_err(failed)?;
        let pool = OnceLock::new();
        Ok(Self { inner: Arc::new(SandboxInner { engine, router_linker, evaluator_linker, pool, options }) })
    }

    /// The limits this sandbox was set up with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.options.limits
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The pool, made when it is first asked for. None where the machine has no room for one.
    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.inner.pool.get_or_init(|| Pool::new(&self.inner.options.limits).ok()).as_ref()
    }
}

impl Pool {
    fn new(limits: &Limits) -> wasmtime::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = |each: usize| u32::try_from(cores * POOLED_PER_CORE * each).unwrap_or(u32::MAX);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(count(1))
            .total_core_instances(count(limits.instances))
            .max_component_instance_size(16 << 20)
            .total_memories(count(1))
            .linear_memory_keep_resident(RESIDENT_BYTES)
            .total_tables(count(POOLED_TABLES))
            .max_tables_per_module(4)
            .table_elements(limits.table_elements)
            .table_keep_resident(1 << 20)
            // Of the system's list of written pages wasmtime takes 32 stretches, which end in the first quarter of what
            // CPython writes to; the rest would be unmapped.
            .pagemap_scan(Enabled::No)
            .max_unused_warm_slots(count(1));
        let mut config = config(limits.stack_bytes);
        let engine = Engine::new(config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)))?;
        let evaluator_linker = evaluator_linker(&engine)?;
        Ok(Self { engine, evaluator_linker })
    }
}

/// What an evaluator may import.
fn evaluator_linker(engine: &Engine) -> wasmtime::Result<Linker<StoreState>> {
    let mut linker = Linker::new(engine);
    bindings::evaluator::EvaluatorPlugin::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |state| {
        state
    })?;
    Ok(linker)
}

/// An engine that makes every instance's memory anew.
pub(crate) fn new_engine(stack_bytes: usize) -> Result<Engine, LoadError> {
    Engine::new(&config(stack_bytes)).map_err(|error| LoadError::Engine(format!("{error:#}")))
}

/// The deterministic set of options.
fn config(stack_bytes: usize) -> Config {
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
    config
}
