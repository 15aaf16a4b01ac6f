//! Devices and tokenizers: what a machine's GPUs are, and how many tokens a text has.

mod devices;
mod tokens;

pub use devices::{DeviceError, Gpu, gpus};
pub use tokens::{TokenCounter, TokenError};
