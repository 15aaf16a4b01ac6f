//! One GPU: its memory and its queue of work.

#![allow(unsafe_code, reason = "addresses of device memory are given to kernels and libraries")]

use std::sync::Arc;

use cudarc::driver::{
    CudaContext, CudaFunction, CudaSlice, CudaStream, DevicePtr, DriverError, LaunchConfig, PushKernelArg, result, sys,
};

use crate::devices::DeviceError;

/// A device that is in use by this process.
pub(super) struct Device {
    pub(super) index: usize,
    pub(super) name: String,
    /// Compute capability: major and minor.
    pub(super) capability: (i32, i32),
    pub(super) context: Arc<CudaContext>,
    /// All work goes through this one, in order.
    pub(super) stream: Arc<CudaStream>,
}

/// Memory of a device.
pub(super) struct Memory {
    slice: CudaSlice<u8>,
    address: u64,
}

impl Memory {
    /// Where it begins, on the device.
    pub(super) fn address(&self) -> u64 {
        self.address
    }
}

/// What a kernel is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument {
    /// An address on the device.
    Address(u64),
    /// A count.
    Int(i32),
    /// A number.
    Float(f32),
}

impl Device {
    /// Opens a device.
    ///
    /// # Errors
    /// [`DeviceError`]: there is none of this number, or the driver refuses.
    pub(super) fn open(index: usize) -> Result<Self, DeviceError> {
        let there = usize::try_from(CudaContext::device_count()?).unwrap_or(0);
        if there == 0 {
            return Err(DeviceError::NoDevice);
        }
        if index >= there {
            return Err(DeviceError::NoSuchDevice { asked: index, there });
        }
        let failed = |error: DriverError| failure(index, "opening it", error);
        let context = CudaContext::new(index).map_err(failed)?;
        // SAFETY: all work and all memory of a device belong to one stream, so nothing is left to be ordered by events.
        unsafe { context.disable_event_tracking() };
        let name = context.name().map_err(failed)?;
        let capability = context.compute_capability().map_err(failed)?;
        let stream = context.new_stream().map_err(failed)?;
        Ok(Self { index, name, capability, context, stream })
    }

    /// Major version of CUDA that the driver is for.
    pub(super) fn driver_version(&self) -> Result<i32, DeviceError> {
        let mut version = 0;
        // SAFETY: the driver writes one int.
        unsafe { sys::cuDriverGetVersion(&raw mut version) }
            .result()
            .map_err(|error| self.failed("its version", error))?;
        Ok(version / 1000)
    }

    /// An error of an operation on this device.
    pub(super) fn failed(&self, operation: &str, error: DriverError) -> DeviceError {
        failure(self.index, operation, error)
    }

    /// Bytes that are free, and all.
    pub(super) fn bytes(&self) -> Result<(u64, u64), DeviceError> {
        let (free, total) = self.context.mem_get_info().map_err(|error| self.failed("asking for its memory", error))?;
        Ok((free as u64, total as u64))
    }

    /// Memory of some bytes, all zero.
    ///
    /// # Errors
    /// [`DeviceError::OutOfMemory`], and when the driver fails.
    pub(super) fn allocate(&self, bytes: usize, what: &str) -> Result<Memory, DeviceError> {
        let slice = self.stream.alloc_zeros::<u8>(bytes.max(16)).map_err(|error| match error.0 {
            sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => DeviceError::OutOfMemory {
                device: self.index,
                what: what.to_owned(),
                needed: bytes as u64,
                free: self.bytes().map_or(0, |(free, _)| free),
                advice: super::shape::LESS_MEMORY.to_owned(),
            },
            _ => self.failed(&format!("getting memory for {what}"), error),
        })?;
        let address = slice.device_ptr(&self.stream).0;
        Ok(Memory { slice, address })
    }

    /// Memory with these bytes.
    ///
    /// # Errors
    /// As [`Device::allocate`].
    pub(super) fn upload(&self, bytes: &[u8], what: &str) -> Result<Memory, DeviceError> {
        let mut memory = self.allocate(bytes.len(), what)?;
        let copied = self.stream.memcpy_htod(bytes, &mut memory.slice);
        copied.map_err(|error| self.failed(&format!("copying {what} to it"), error))?;
        Ok(memory)
    }

    /// The first bytes of some memory, once all work before is done.
    ///
    /// # Errors
    /// When a piece of that work failed.
    pub(super) fn download(&self, memory: &Memory, bytes: usize, what: &str) -> Result<Vec<u8>, DeviceError> {
        let mut to = vec![0; bytes];
        let copied = self.stream.memcpy_dtoh(&memory.slice.slice(..bytes), &mut to);
        copied.and_then(|()| self.stream.synchronize()).map_err(|error| self.failed(what, error))?;
        Ok(to)
    }

    /// Sets all bytes of some memory.
    pub(super) fn set(&self, memory: &Memory, byte: u8, what: &str) -> Result<(), DeviceError> {
        let bytes = memory.slice.len();
        self.context.bind_to_thread().map_err(|error| self.failed(what, error))?;
        // SAFETY: the memory is as long as that and lives on this device.
        let set = unsafe { result::memset_d8_async(memory.address, byte, bytes, self.stream.cu_stream()) };
        set.map_err(|error| self.failed(what, error))
    }

    /// Copies the first bytes of some memory to other memory.
    pub(super) fn copy(&self, from: &Memory, to: &Memory, bytes: usize, what: &str) -> Result<(), DeviceError> {
        assert!(bytes <= from.slice.len() && bytes <= to.slice.len(), "{what}: a copy beyond the end");
        self.context.bind_to_thread().map_err(|error| self.failed(what, error))?;
        // SAFETY: both are that long and live on this device.
        let copied = unsafe { result::memcpy_dtod_async(to.address, from.address, bytes, self.stream.cu_stream()) };
        copied.map_err(|error| self.failed(what, error))
    }

    /// Puts a kernel into the queue.
    ///
    /// # Errors
    /// When the driver refuses, or work before this has failed.
    ///
    /// # Safety
    /// The kernel takes such arguments, and stays in the memory that they name.
    pub(super) unsafe fn launch(
        &self,
        kernel: &Kernel,
        grid: (usize, usize),
        arguments: &[Argument],
    ) -> Result<(), DeviceError> {
        if grid.0 == 0 {
            return Ok(());
        }
        let mut builder = self.stream.launch_builder(&kernel.function);
        for argument in arguments {
            match argument {
                Argument::Address(value) => builder.arg(value),
                Argument::Int(value) => builder.arg(value),
                Argument::Float(value) => builder.arg(value),
            };
        }
        let shape = LaunchConfig {
            grid_dim: (grid.0 as u32, grid.1 as u32, 1),
            block_dim: (kernel.threads, 1, 1),
            shared_mem_bytes: kernel.shared_bytes,
        };
        // SAFETY: by the caller's word.
        unsafe { builder.launch(shape) }.map(|_| ()).map_err(|error| self.failed(kernel.name, error))
    }

    /// Waits for all work.
    ///
    /// # Errors
    /// When some of it failed.
    pub(super) fn wait(&self, what: &str) -> Result<(), DeviceError> {
        self.stream.synchronize().map_err(|error| self.failed(what, error))
    }
}

/// A function on the device.
pub(super) struct Kernel {
    pub(super) name: &'static str,
    pub(super) function: CudaFunction,
    pub(super) threads: u32,
    pub(super) shared_bytes: u32,
}

fn failure(device: usize, operation: &str, error: DriverError) -> DeviceError {
    // The variant's name; the driver's own text for it may be why the call failed.
    DeviceError::Failed { device, operation: operation.to_owned(), reason: format!("{:?}", error.0) }
}
