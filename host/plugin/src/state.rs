//! What belongs to one store: limits, host objects, fuel of host work, and the log.

use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{Engine, ResourceLimiter, Store};

use crate::error::{Breach, CallError, HostFault};
use crate::limits::{Limit, LimitReached, Limits};
use crate::log::Log;
use routerlab_kernels::Threads;

/// What one call from a plugin to the host costs, besides what it does.
pub(crate) const CALL_FUEL: u64 = 64;

/// Data of one store. A store lives for one `describe`, one `train`, or one loaded router.
pub(crate) struct StoreState {
    pub(crate) table: ResourceTable,
    pub(crate) log: Log,
    pub(crate) threads: Threads,
    pub(crate) limits: Limits,
    memory_used: usize,
    table_used: usize,
    /// A limit that the guest ran into; a later trap is explained by it.
    denied: Option<LimitReached>,
    host_bytes_used: u64,
    /// The budget of the call that runs, by its own name.
    budget: LimitReached,
    host_fuel_left: u64,
}

impl StoreState {
    pub(crate) fn new(limits: &Limits, threads: Threads) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            table,
            log: Log::new(limits.log_bytes),
            threads,
            limits: limits.clone(),
            memory_used: 0,
            table_used: 0,
            denied: None,
            host_bytes_used: 0,
            budget: LimitReached { limit: Limit::DescribeFuel, value: 0 },
            host_fuel_left: 0,
        }
    }

    /// Pays for being called at all. Every host function begins with it: a loop around one that does nothing else would
    /// otherwise take far longer than its fuel says.
    pub(crate) fn enter(&mut self) -> Result<(), HostFault> {
        self.charge(CALL_FUEL)
    }

    /// Pays for host work before it is done.
    pub(crate) fn charge(&mut self, fuel: u64) -> Result<(), HostFault> {
        match self.host_fuel_left.checked_sub(fuel) {
            Some(left) => {
                self.host_fuel_left = left;
                Ok(())
            }
            None => {
                self.host_fuel_left = 0;
                Err(HostFault::Limit(self.budget.clone()))
            }
        }
    }

    /// Gives back what host work was paid for and did not need. What comes back is the same on every machine.
    pub(crate) fn refund(&mut self, fuel: u64) {
        self.host_fuel_left = self.host_fuel_left.saturating_add(fuel).min(self.budget.value);
    }

    /// Counts bytes that the host holds for the guest.
    pub(crate) fn hold(&mut self, bytes: u64) -> Result<(), HostFault> {
        let used = self.host_bytes_used.saturating_add(bytes);
        if used > self.limits.host_bytes {
            return Err(HostFault::Limit(LimitReached { limit: Limit::HostBytes, value: self.limits.host_bytes }));
        }
        self.host_bytes_used = used;
        Ok(())
    }

    /// Gives back bytes counted by [`Self::hold`].
    pub(crate) fn release(&mut self, bytes: u64) {
        self.host_bytes_used = self.host_bytes_used.saturating_sub(bytes);
    }

    /// Puts a host object into the guest's reach.
    pub(crate) fn lend<T: Send + 'static>(&mut self, object: T) -> Result<Resource<T>, HostFault> {
        self.table
            .push(object)
            .map_err(|_| HostFault::Limit(LimitReached { limit: Limit::Handles, value: self.limits.handles as u64 }))
    }

    /// A host object the guest names.
    pub(crate) fn object<T: Send + 'static>(&self, handle: &Resource<T>) -> Result<&T, HostFault> {
        self.table.get(handle).map_err(|_| HostFault::breach("used a handle that it does not own"))
    }
}

impl ResourceLimiter for StoreState {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.memory_used.saturating_sub(current).saturating_add(desired);
        if used > self.limits.memory_bytes {
            self.denied = Some(LimitReached { limit: Limit::Memory, value: self.limits.memory_bytes as u64 });
            return Ok(false);
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.table_used.saturating_sub(current).saturating_add(desired);
        if used > self.limits.table_elements {
            self.denied = Some(LimitReached { limit: Limit::TableElements, value: self.limits.table_elements as u64 });
            return Ok(false);
        }
        self.table_used = used;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.instances.saturating_mul(4)
    }

    fn memories(&self) -> usize {
        self.limits.instances
    }
}

/// A fresh store under these limits.
pub(crate) fn new_store(engine: &Engine, limits: &Limits, threads: Threads) -> Store<StoreState> {
    let mut store = Store::new(engine, StoreState::new(limits, threads));
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits.answer_bytes);
    store
}

/// Runs one call with a budget of fuel; gives its result and the fuel it used, guest and host together.
///
/// Host work is charged to an account of its own, as large as the budget; the sum is checked when the call ends. So a
/// call that succeeds never used more than its budget, and one that does not stop is ended by either account alone.
pub(crate) fn metered<T>(
    store: &mut Store<StoreState>,
    (limit, fuel): (Limit, u64),
    call: impl FnOnce(&mut Store<StoreState>) -> wasmtime::Result<T>,
) -> (Result<T, CallError>, u64) {
    metered_within(store, LimitReached { limit, value: fuel }, fuel, call)
}

/// As [`metered`], for one of several calls that share a budget, of which `fuel` is left.
pub(crate) fn metered_within<T>(
    store: &mut Store<StoreState>,
    budget: LimitReached,
    fuel: u64,
    call: impl FnOnce(&mut Store<StoreState>) -> wasmtime::Result<T>,
) -> (Result<T, CallError>, u64) {
    // Fuel is kept as a signed number inside wasmtime.
    let fuel = fuel.min(i64::MAX as u64);
    let state = store.data_mut();
    state.budget = budget.clone();
    // What an earlier call of this store ran into does not explain this one.
    state.denied = None;
    state.log.forget_error();
    state.host_fuel_left = fuel;
    if let Err(error) = store.set_fuel(fuel) {
        return (Err(CallError::Trapped(error.to_string())), 0);
    }
    let result = call(store);
    let guest = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let host = fuel.saturating_sub(store.data().host_fuel_left);
    let used = guest.saturating_add(host);
    match result {
        Ok(_) if used > fuel => (Err(CallError::Stopped(budget)), fuel),
        Ok(value) => (Ok(value), used),
        Err(error) => (Err(explain(&error, store.data())), used.min(fuel)),
    }
}

/// Turns what wasmtime reports into one of the kinds.
fn explain(error: &wasmtime::Error, state: &StoreState) -> CallError {
    if let Some(fault) = error.downcast_ref::<HostFault>() {
        return fault.clone().into();
    }
    let stopped = |limit, value| CallError::Stopped(LimitReached { limit, value });
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::OutOfFuel) => CallError::Stopped(state.budget.clone()),
        Some(wasmtime::Trap::StackOverflow) => stopped(Limit::Stack, state.limits.stack_bytes as u64),
        Some(trap) => match (&state.denied, state.log.last_error()) {
            // Guests abort, or follow a null pointer, when memory is refused: that is the reason, the trap its consequence.
            (Some(denied), _) if gives_up(*trap) => CallError::Stopped(denied.clone()),
            (_, Some(said)) => CallError::Trapped(format!("{said} ({trap})")),
            (_, None) => CallError::Trapped(trap.to_string()),
        },
        // Two limits are kept by wasmtime itself, which says so in words alone; `tests/limits.rs` hits both. Memories and
        // tables are counted with the instances that have them.
        None if error.to_string().contains("fuel allocated for hostcalls") => {
            stopped(Limit::AnswerBytes, state.limits.answer_bytes as u64)
        }
        None if error.to_string().contains("count too high") => {
            stopped(Limit::Instances, state.limits.instances as u64)
        }
        // What is left is what wasmtime refuses to carry over the border: functions of another type, texts that are not
        // UTF-8, lists outside the plugin's memory, handles that it does not have.
        None => match &state.denied {
            Some(denied) => CallError::Stopped(denied.clone()),
            None => CallError::Breach(Breach(at_the_border(&format!("{error:#}")))),
        },
    }
}

/// Whether a guest that was refused memory would end in this way.
fn gives_up(trap: wasmtime::Trap) -> bool {
    matches!(trap, wasmtime::Trap::UnreachableCodeReached | wasmtime::Trap::MemoryOutOfBounds)
}

/// In words for the author of the plugin.
fn at_the_border(said: &str) -> String {
    let line = said.lines().next().unwrap_or("unknown reason");
    match line.strip_prefix("failed to convert function to given type: ") {
        Some(mismatch) => format!("exports a function of another type, rebuild it with this version's SDK: {mismatch}"),
        None => line.to_owned(),
    }
}
