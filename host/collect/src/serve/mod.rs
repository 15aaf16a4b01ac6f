//! Model servers on this machine: started with a pool, placed on free GPUs, watched, restarted within limits, stopped.
//!
//! A server answers on the loopback address only, at a port that is free when it starts. Its output goes to
//! `NAME.log`, which grows over runs; `NAME.json` beside it says which process it is, so that the next run can stop
//! what a killed run left behind.

mod command;
mod config;
mod devices;
mod error;
mod probe;
mod process;
mod server;
#[cfg(test)]
mod tests;

pub use config::{Engine, ServerConfig};
pub use devices::Devices;
pub use error::ServeError;
pub(crate) use server::check_name;
pub use server::{Server, ServerAbout};
