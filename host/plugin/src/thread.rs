//! Plugins run on threads whose stack is known to be large enough.
//!
//! wasmtime kills the process when a guest may use more stack than its thread has. Every call into a plugin therefore
//! asks for an [`OnPluginThread`], which exists on such threads only.

use std::marker::PhantomData;

/// What a call needs besides the guest's own stack: host functions, kernels, drops.
const HOST_STACK_BYTES: usize = 4 << 20;

/// Proof that the current thread has stack enough for a plugin. Cannot leave its thread.
#[derive(Debug)]
pub struct OnPluginThread {
    stack_bytes: usize,
    not_send: PhantomData<*const ()>,
}

impl OnPluginThread {
    /// The guest stack this thread has room for, in bytes.
    #[must_use]
    pub fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }
}

/// Runs `work` on a thread of its own that has room for plugins with a stack of `stack_bytes`
/// ([`crate::Limits::stack_bytes`]), and waits for it. A panic in `work` continues on the calling thread.
///
/// # Errors
/// The system has no thread left.
pub fn on_plugin_thread<R: Send>(
    stack_bytes: usize,
    work: impl FnOnce(&OnPluginThread) -> R + Send,
) -> std::io::Result<R> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("plugin".into())
            .stack_size(stack_bytes.saturating_add(HOST_STACK_BYTES))
            .spawn_scoped(scope, || work(&OnPluginThread { stack_bytes, not_send: PhantomData }))?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
