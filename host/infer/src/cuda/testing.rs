//! What the tests in `host/infer/tests` reach of the inside. No part of the interface.

use std::path::Path;

use super::compile::compile;
use super::shape::Shape;
use super::{Precision, libraries};
use crate::architecture::Architecture;
use crate::backend::{Backend, Pooling};
use crate::devices::DeviceError;
use crate::error::EncoderError;
use crate::weights::ModelWeights;

pub use super::CudaModel;

/// Opens the model of a folder.
///
/// # Errors
/// As an encoder's.
pub fn open(
    folder: &Path,
    pooling: Pooling,
    devices: &[usize],
    precision: Precision,
) -> Result<CudaModel, EncoderError> {
    let architecture = Architecture::read(&folder.join("config.json"))?;
    let weights = ModelWeights::open(folder, &architecture)?;
    CudaModel::open(&architecture, &weights, pooling, devices, precision)
}

/// The vectors of some texts, one behind the other, and the number of tokens that was reported.
///
/// # Errors
/// When the device fails.
pub fn pool(model: &CudaModel, texts: &[&[u32]]) -> Result<(Vec<f32>, u64), EncoderError> {
    let tokens = std::sync::atomic::AtomicU64::new(0);
    let mut to = vec![f32::NAN; texts.len() * model.shape.architecture.hidden];
    model.pool(texts, &mut to, &|_, more| _ = tokens.fetch_add(more, std::sync::atomic::Ordering::Relaxed))?;
    Ok((to, tokens.into_inner()))
}

/// The device's name for itself.
pub fn device(model: &CudaModel) -> String {
    model.device()
}

/// Compiles the kernels of the model of a folder for a compute capability, without a device: the bytes of the code and what
/// the compiler said. The memory of the device that the shape is for is plentiful.
///
/// # Errors
/// [`EncoderError`]: no compiler, or it refuses.
pub fn compile_kernels(
    folder: &Path,
    pooling: Pooling,
    precision: Precision,
    capability: (i32, i32),
) -> Result<(usize, String), EncoderError> {
    let architecture = Architecture::read(&folder.join("config.json"))?;
    let shape = Shape::new(&architecture, precision, pooling, 1 << 40, capability)?;
    let image = compile(libraries::compiler(i32::MAX)?, capability, &shape.definitions())?;
    Ok((image.code.len(), image.log.clone()))
}

/// Whether there is a compiler on this machine.
///
/// # Errors
/// [`DeviceError`]: why not.
pub fn compiler() -> Result<(), DeviceError> {
    libraries::compiler(i32::MAX).map(|_| ())
}
