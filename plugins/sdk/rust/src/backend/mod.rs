//! Where queries, training sets and matrices really are. Two modules of the same shape, exactly one of which exists in
//! any build: `host` holds handles to what the host owns, `memory` holds the data itself and calls the host's kernels
//! directly. Nothing outside this folder knows which one it is.

#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
pub(crate) use host::{Matrix, Queries, Training, install_panic_hook, say};

#[cfg(not(target_arch = "wasm32"))]
mod memory;
#[cfg(not(target_arch = "wasm32"))]
pub use memory::InMemory;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use memory::{Matrix, Queries, Training, say};
