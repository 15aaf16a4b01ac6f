//! Matrix products by cuBLASLt: y = x weight-transposed + bias, always of the same number of rows.

#![allow(unsafe_code, reason = "the library's functions are called")]

use std::ffi::{c_int, c_void};
use std::ptr::null;
use std::sync::Arc;

use cudarc::driver::CudaContext;

use super::device::{Device, Memory};
use super::libraries::{Algorithm, Candidate, Handle, Multiplier, Status};
use super::precision::Precision;
use crate::devices::DeviceError;

/// Memory that algorithms may use for themselves: what NVIDIA recommends for the largest devices.
const WORKSPACE_BYTES: usize = 32 << 20;
/// How many algorithms are looked at.
const CANDIDATES: usize = 32;

// Numbers of the library's enums.
const COMPUTE_32F: c_int = 68;
const R_32F: c_int = 0;
const OPERATION_TRANSPOSE_A: c_int = 3;
const OPERATION_EPILOGUE: c_int = 7;
const OPERATION_BIAS: c_int = 8;
const EPILOGUE_BIAS: c_int = 4;
const PREFERENCE_WORKSPACE: c_int = 1;
const PREFERENCE_REDUCTION: c_int = 3;
const ALGORITHM_SPLITS: c_int = 2;
const ALGORITHM_REDUCTION: c_int = 3;

/// The library on a device.
pub(super) struct Products {
    library: &'static Multiplier,
    handle: Handle,
    workspace: Memory,
    precision: Precision,
    context: Arc<CudaContext>,
}

// SAFETY: cuBLASLt's handle may be used by several threads; the workspace is used by kernels of one stream only.
unsafe impl Send for Products {}
// SAFETY: as above.
unsafe impl Sync for Products {}

/// A product of one shape, with the algorithm that was chosen for it.
pub(super) struct Product {
    operation: Handle,
    /// Of weight, x and y.
    layouts: [Handle; 3],
    library: &'static Multiplier,
    pub(super) algorithm: Option<Algorithm>,
}

// SAFETY: descriptions are plain data; who multiplies has `&mut`.
unsafe impl Send for Product {}

/// The shape of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) rows: usize,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    /// From a row of x to the next.
    pub(super) stride: usize,
    pub(super) has_bias: bool,
}

/// Addresses of a product's matrices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) weight: u64,
    pub(super) bias: Option<u64>,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Products {
    /// Opens the library on a device.
    ///
    /// # Errors
    /// [`DeviceError`]: it refuses, or there is no memory.
    pub(super) fn open(
        library: &'static Multiplier,
        device: &Device,
        precision: Precision,
    ) -> Result<Self, DeviceError> {
        device.context.bind_to_thread().map_err(|error| device.failed("opening it", error))?;
        let workspace = device.allocate(WORKSPACE_BYTES, "matrix products")?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: it writes one handle, of the context that was just bound.
        let status = unsafe { (library.create)(&raw mut handle) };
        check(device, "opening cuBLASLt", status)?;
        Ok(Self { library, handle, workspace, precision, context: Arc::clone(&device.context) })
    }

    /// Describes a product; an algorithm is still to be chosen.
    ///
    /// # Errors
    /// When the library refuses.
    pub(super) fn describe(&self, device: &Device, form: Form) -> Result<Product, DeviceError> {
        let empty = std::ptr::null_mut();
        let mut product = Product { operation: empty, layouts: [empty; 3], library: self.library, algorithm: None };
        let what = "describing a matrix product";
        // SAFETY: it writes one handle.
        let status = unsafe { (self.library.create_operation)(&raw mut product.operation, COMPUTE_32F, R_32F) };
        check(device, what, status)?;
        // The library's matrices lie column by column. So a row-major weight (outputs x inputs) is for it inputs x outputs,
        // to be transposed; rows of x and y are its columns.
        product.set(device, OPERATION_TRANSPOSE_A, &1)?;
        if form.has_bias {
            product.set(device, OPERATION_EPILOGUE, &EPILOGUE_BIAS)?;
        }
        let sizes = [
            (form.inputs, form.outputs, form.inputs),
            (form.inputs, form.rows, form.stride),
            (form.outputs, form.rows, form.outputs),
        ];
        for (layout, (rows, columns, stride)) in product.layouts.iter_mut().zip(sizes) {
            let kind = self.precision.data_type();
            // SAFETY: it writes one handle.
            let status =
                unsafe { (self.library.create_layout)(layout, kind, rows as u64, columns as u64, stride as i64) };
            check(device, what, status)?;
        }
        Ok(product)
    }

    /// Algorithms for a product, the library's favourite first, in which no sum is split: a row's sum over its inputs has
    /// one order then.
    ///
    /// # Errors
    /// When the library refuses.
    pub(super) fn candidates(&self, device: &Device, product: &Product) -> Result<Vec<Algorithm>, DeviceError> {
        let what = "choosing an algorithm for a matrix product";
        let mut preference = Preference { library: self.library, handle: std::ptr::null_mut() };
        // SAFETY: it writes one handle.
        check(device, what, unsafe { (self.library.create_preference)(&raw mut preference.handle) })?;
        preference.set(device, PREFERENCE_WORKSPACE, &WORKSPACE_BYTES)?;
        preference.set(device, PREFERENCE_REDUCTION, &0u32)?;
        let mut found = [Candidate::NONE; CANDIDATES];
        let mut count: c_int = 0;
        let [weight, from, to] = product.layouts;
        // SAFETY: all handles are there; it writes at most as many candidates as there is room for, and one int.
        let status = unsafe {
            let (to_find, all) = (CANDIDATES as c_int, found.as_mut_ptr());
            let (operation, preference) = (product.operation, preference.handle);
            (self.library.candidates)(
                self.handle,
                operation,
                weight,
                from,
                to,
                to,
                preference,
                to_find,
                all,
                &raw mut count,
            )
        };
        check(device, what, status)?;
        let found = &found[..usize::try_from(count).unwrap_or(0).min(CANDIDATES)];
        let fits = found.iter().filter(|found| found.status == 0 && found.workspace_bytes <= WORKSPACE_BYTES);
        let one_sum = fits.filter(|found| {
            let number = |attribute| self.number(&found.algorithm, attribute);
            matches!(number(ALGORITHM_SPLITS), Some(0 | 1)) && number(ALGORITHM_REDUCTION) == Some(0)
        });
        Ok(one_sum.map(|found| found.algorithm).collect())
    }

    fn number(&self, algorithm: &Algorithm, attribute: c_int) -> Option<u32> {
        let (mut value, mut written) = (0u32, 0usize);
        // SAFETY: both attributes are numbers of four bytes, and it writes at most as many bytes as it is told.
        let status = unsafe {
            let to = (&raw mut value).cast::<c_void>();
            (self.library.algorithm)(algorithm, attribute, to, size_of::<u32>(), &raw mut written)
        };
        (status == 0).then_some(value)
    }

    /// Puts a product into the queue.
    ///
    /// # Errors
    /// When the library refuses, or no algorithm was chosen.
    ///
    /// # Safety
    /// The addresses are those of matrices of the product's form, aligned to 256 bytes, that nobody frees before it is done.
    pub(super) unsafe fn run(
        &self,
        device: &Device,
        product: &mut Product,
        places: Places,
        name: &str,
    ) -> Result<(), DeviceError> {
        device.context.bind_to_thread().map_err(|error| device.failed(name, error))?;
        if let Some(bias) = places.bias {
            product.set(device, OPERATION_BIAS, &bias)?;
        }
        let [weight, from, to] = product.layouts;
        let algorithm = product.algorithm.as_ref().map_or(null(), std::ptr::from_ref);
        let (one, zero) = (1f32, 0f32);
        let (alpha, beta) = ((&raw const one).cast::<c_void>(), (&raw const zero).cast::<c_void>());
        let address = |place: u64| place as *mut c_void;
        // SAFETY: by the caller's word; alpha and beta are read at once, since they are on the host.
        let status = unsafe {
            (self.library.multiply)(
                self.handle,
                product.operation,
                alpha,
                address(places.weight),
                weight,
                address(places.from),
                from,
                beta,
                address(places.to),
                to,
                address(places.to),
                to,
                algorithm,
                address(self.workspace.address()),
                WORKSPACE_BYTES,
                device.stream.cu_stream().cast(),
            )
        };
        check(device, name, status)
    }
}

impl Drop for Products {
    fn drop(&mut self) {
        // The handle belongs to its device's context. Nothing can be done about a failure here.
        let _ = self.context.bind_to_thread();
        // SAFETY: created by the same library and not used any more.
        unsafe { (self.library.destroy)(self.handle) };
    }
}

impl Product {
    fn set<T>(&mut self, device: &Device, attribute: c_int, value: &T) -> Result<(), DeviceError> {
        let from = std::ptr::from_ref(value).cast();
        // SAFETY: the operation is there, and the value is read at once.
        let status = unsafe { (self.library.set_operation)(self.operation, attribute, from, size_of::<T>()) };
        check(device, "describing a matrix product", status)
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // SAFETY: created by the same library and not used any more.
        unsafe {
            if !self.operation.is_null() {
                (self.library.destroy_operation)(self.operation);
            }
            for layout in self.layouts.iter().filter(|layout| !layout.is_null()) {
                (self.library.destroy_layout)(*layout);
            }
        }
    }
}

struct Preference {
    library: &'static Multiplier,
    handle: Handle,
}

impl Preference {
    fn set<T>(&mut self, device: &Device, attribute: c_int, value: &T) -> Result<(), DeviceError> {
        let from = std::ptr::from_ref(value).cast();
        // SAFETY: the preference is there, and the value is read at once.
        let status = unsafe { (self.library.set_preference)(self.handle, attribute, from, size_of::<T>()) };
        check(device, "choosing an algorithm for a matrix product", status)
    }
}

impl Drop for Preference {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: created by the same library and not used any more.
            unsafe { (self.library.destroy_preference)(self.handle) };
        }
    }
}

fn check(device: &Device, operation: &str, status: Status) -> Result<(), DeviceError> {
    let name = match status {
        0 => return Ok(()),
        1 => "CUBLAS_STATUS_NOT_INITIALIZED; the library may be newer than the driver",
        3 => "CUBLAS_STATUS_ALLOC_FAILED",
        7 => "CUBLAS_STATUS_INVALID_VALUE",
        8 => "CUBLAS_STATUS_ARCH_MISMATCH",
        13 => "CUBLAS_STATUS_EXECUTION_FAILED",
        14 => "CUBLAS_STATUS_INTERNAL_ERROR",
        15 => "CUBLAS_STATUS_NOT_SUPPORTED",
        _ => "",
    };
    let reason = format!("status {status} {name}").trim_end().to_owned();
    Err(DeviceError::Failed { device: device.index, operation: operation.to_owned(), reason })
}
