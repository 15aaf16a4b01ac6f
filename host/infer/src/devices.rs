//! The machine's GPUs, by the CUDA driver. It is loaded at run time: a machine without one runs all else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cudarc::driver::{CudaContext, DriverError, sys::CUresult};

/// Where the driver is, newest name first.
const DRIVERS: &[&str] = if cfg!(windows) { &["nvcuda.dll"] } else { &["libcuda.so.1", "libcuda.so"] };

/// One GPU, as it was when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// Place in the driver's order, which is among the devices that `CUDA_VISIBLE_DEVICES` leaves to this process.
    pub index: usize,
    /// Its maker's name for it.
    pub name: String,
    /// All of its memory, in bytes.
    pub total_bytes: u64,
    /// What nobody uses of it, in bytes.
    pub free_bytes: u64,
    /// Compute capability: major and minor.
    pub capability: (i32, i32),
}

/// Why there is no list of GPUs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No library of the driver can be loaded.
    #[error("no CUDA driver: looked for {looked_for}")]
    NoDriver {
        /// Names of the libraries, in the order they were tried.
        looked_for: String,
    },
    /// The driver counts none.
    #[error("CUDA driver there, but no device")]
    NoDevice,
    /// The driver refuses or is not what it should be.
    #[error("the CUDA driver failed: {reason}")]
    Driver {
        /// What it said.
        reason: String,
    },
    /// A library that CUDA needs beside the driver cannot be loaded.
    #[error(
        "no {what}: looked for {looked_for}; where it is in a folder of its own, such as that of a Python package, LD_LIBRARY_PATH must name the folder"
    )]
    NoLibrary {
        /// What it does.
        what: String,
        /// Names of the libraries, in the order they were tried.
        looked_for: String,
    },
    /// A library is there but does not do what it should.
    #[error("{what} failed: {reason}")]
    Library {
        /// Which.
        what: String,
        /// What it said, or what it lacks.
        reason: String,
    },
    /// There is no device of this number.
    #[error("no CUDA device {asked}: there are {there}, counted from 0")]
    NoSuchDevice {
        /// The number.
        asked: usize,
        /// How many there are.
        there: usize,
    },
    /// The device cannot do what was asked for.
    #[error("CUDA device {device} ({name}): {reason}")]
    Unfit {
        /// Its number.
        device: usize,
        /// Its maker's name for it.
        name: String,
        /// What it lacks, and what to ask for instead.
        reason: String,
    },
    /// The device has too little memory.
    #[error("CUDA device {device} has no memory for {what}: {needed} bytes needed, {free} free; {advice}")]
    OutOfMemory {
        /// Its number.
        device: usize,
        /// What the memory was for.
        what: String,
        /// Bytes that were asked for.
        needed: u64,
        /// Bytes that were free.
        free: u64,
        /// What to lower.
        advice: String,
    },
    /// An operation failed on the device.
    #[error("CUDA device {device}: {operation} failed: {reason}")]
    Failed {
        /// Its number.
        device: usize,
        /// What was tried.
        operation: String,
        /// What the driver or the library said.
        reason: String,
    },
}

impl From<DriverError> for DeviceError {
    fn from(error: DriverError) -> Self {
        if error.0 == CUresult::CUDA_ERROR_NO_DEVICE {
            return Self::NoDevice;
        }
        // Names come from the driver itself, which may be why the call failed; the variant's name is always there.
        Self::Driver { reason: format!("{:?}", error.0) }
    }
}

/// The GPUs that this process may use, in the driver's order; at least one.
///
/// Free memory is known only to a context, so that one is opened on each device and closed again. That takes up to
/// seconds: call it where waiting is no harm.
///
/// # Errors
/// [`DeviceError`]: without a driver, without a device, and when the driver refuses.
pub fn gpus() -> Result<Vec<Gpu>, DeviceError> {
    with_driver(list)
}

/// Does what needs the driver, where there is one.
///
/// # Errors
/// [`DeviceError`] without a driver or with one that lacks a function, and what `work` fails with.
pub(crate) fn with_driver<T, E: From<DeviceError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    find_driver(DRIVERS)?;
    // The bindings panic at a function that the driver lacks. Nothing of ours is half changed then.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(DeviceError::Driver { reason: said.unwrap_or("it lacks a function").to_owned() }.into())
    })
}

/// Whether the bindings will find a driver. They panic where they do not.
#[allow(unsafe_code, reason = "loading a library runs its code")]
fn find_driver(names: &[&str]) -> Result<(), DeviceError> {
    for name in names {
        // SAFETY: whatever lies under the driver's name is what the bindings load next; its initialisers have no
        // requirements that a caller could break.
        if unsafe { libloading::Library::new(*name) }.is_ok() {
            return Ok(());
        }
    }
    Err(DeviceError::NoDriver { looked_for: names.join(", ") })
}

fn list() -> Result<Vec<Gpu>, DeviceError> {
    let count = usize::try_from(CudaContext::device_count()?).unwrap_or(0);
    if count == 0 {
        return Err(DeviceError::NoDevice);
    }
    (0..count).map(describe).collect()
}

fn describe(index: usize) -> Result<Gpu, DeviceError> {
    let context = CudaContext::new(index)?;
    let (free, total) = context.mem_get_info()?;
    Ok(Gpu {
        index,
        name: context.name()?,
        total_bytes: total as u64,
        free_bytes: free as u64,
        capability: context.compute_capability()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_driver_the_error_says_what_was_looked_for() {
        let message = find_driver(&["libno-such.so.1", "libno-such.so"]).unwrap_err().to_string();
        assert_eq!(message, "no CUDA driver: looked for libno-such.so.1, libno-such.so");
    }

    #[test]
    fn a_machine_has_gpus_or_says_why_not() {
        match gpus() {
            Ok(gpus) => {
                assert!(!gpus.is_empty());
                assert!(gpus.iter().all(|gpu| gpu.free_bytes <= gpu.total_bytes && gpu.capability.0 > 0));
                assert!(gpus.iter().enumerate().all(|(index, gpu)| gpu.index == index));
            }
            Err(DeviceError::NoDriver { looked_for }) => assert_eq!(looked_for, "libcuda.so.1, libcuda.so"),
            Err(error) => assert!(error.to_string().contains("CUDA driver"), "{error}"),
        }
    }

    #[test]
    fn a_driver_that_counts_no_device_is_told_from_one_that_fails() {
        let none = DeviceError::from(DriverError(CUresult::CUDA_ERROR_NO_DEVICE));
        assert_eq!(none.to_string(), "CUDA driver there, but no device");
        let failed = DeviceError::from(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY));
        assert_eq!(failed.to_string(), "the CUDA driver failed: CUDA_ERROR_OUT_OF_MEMORY");
    }
}
