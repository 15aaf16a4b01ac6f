//! The kernels of a model on a device.

use cudarc::driver::sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES as SHARED_BYTES;
use cudarc::nvrtc::Ptx;

use super::compile::compile;
use super::device::{Device, Kernel};
use super::libraries::compiler;
use super::shape::Shape;
use super::trial::Trial;
use crate::devices::DeviceError;

/// Shared memory that a kernel has without asking.
const GRANTED_BYTES: usize = 48 << 10;

/// The kernels; `kernels/*.cu` say what they do.
pub(super) struct Kernels {
    pub(super) embed: Kernel,
    pub(super) add_norm: Kernel,
    pub(super) add_norm_last: Kernel,
    pub(super) activate: Kernel,
    pub(super) rotate: Option<Kernel>,
    pub(super) attention: Kernel,
    pub(super) pool: Kernel,
    pub(super) trial: Trial,
}

impl Kernels {
    /// Compiles and loads them.
    ///
    /// # Errors
    /// [`DeviceError`]: no compiler, or it or the driver refuses.
    pub(super) fn load(device: &Device, shape: &Shape) -> Result<Self, DeviceError> {
        let compiler = compiler(device.driver_version()?)?;
        let image = compile(compiler, device.capability, &shape.definitions())?;
        let module = device.context.load_module(Ptx::from_binary(image.code.clone()));
        let module = module.map_err(|error| device.failed("loading the kernels", error))?;
        let kernel = |name: &'static str, threads: u32, shared_bytes: usize| {
            let failed = |error| device.failed(&format!("loading kernel `{name}`"), error);
            let function = module.load_function(name).map_err(failed)?;
            if shared_bytes > GRANTED_BYTES {
                function.set_attribute(SHARED_BYTES, shared_bytes as i32).map_err(failed)?;
            }
            Ok::<_, DeviceError>(Kernel { name, function, threads, shared_bytes: shared_bytes as u32 })
        };
        Ok(Self {
            embed: kernel("embed", 128, 0)?,
            add_norm: kernel("add_norm", 128, 0)?,
            add_norm_last: kernel("add_norm_last", 128, 0)?,
            activate: kernel("activate", 256, 0)?,
            rotate: shape.is_rotary().then(|| kernel("rotate", 128, 0)).transpose()?,
            attention: kernel("attention", 128, shape.attention_bytes())?,
            pool: kernel("pool", 256, 0)?,
            trial: Trial { fill: kernel("fill", 256, 0)?, compare: kernel("compare", 256, 0)? },
        })
    }
}
