//! The kernels, compiled for a device and a model when the model is opened.

#![allow(unsafe_code, reason = "the compiler's functions are called")]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::{Arc, Mutex, PoisonError};

use super::libraries::{Compiler, Handle};
use crate::devices::DeviceError;

/// Instructions and number types; tests without a device give the compiler another file of this name.
const DEVICE: (&CStr, &CStr) = (c"device.cuh", source(concat!(include_str!("kernels/device.cuh"), "\0")));

const SOURCE: &CStr = source(concat!(
    "#include \"device.cuh\"\n",
    include_str!("kernels/vectors.cuh"),
    include_str!("kernels/norm.cu"),
    include_str!("kernels/activate.cu"),
    include_str!("kernels/rotate.cu"),
    include_str!("kernels/attention_mma.cu"),
    include_str!("kernels/attention_plain.cu"),
    include_str!("kernels/pool.cu"),
    include_str!("kernels/check.cu"),
    "\0"
));

const fn source(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a kernel's source holds a zero"),
    }
}

/// What the compiler made, and what it said.
pub(super) struct Image {
    /// Machine code of the device, or PTX that ends with a zero.
    pub(super) code: Vec<u8>,
    /// What it said.
    pub(super) log: String,
}

/// The kernels for a compute capability with these definitions (`-D...`). Each is compiled once in a process.
///
/// # Errors
/// [`DeviceError::Library`] with the compiler's words.
pub(super) fn compile(
    compiler: &Compiler,
    capability: (i32, i32),
    definitions: &[String],
) -> Result<Arc<Image>, DeviceError> {
    type Key = ((i32, i32), Vec<String>);
    static MADE: Mutex<Option<HashMap<Key, Arc<Image>>>> = Mutex::new(None);
    let key = (capability, definitions.to_vec());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default();
    if let Some(image) = made.get(&key) {
        return Ok(Arc::clone(image));
    }
    let image = Arc::new(build(compiler, capability, definitions)?);
    made.insert(key, Arc::clone(&image));
    Ok(image)
}

fn build(compiler: &Compiler, capability: (i32, i32), definitions: &[String]) -> Result<Image, DeviceError> {
    let wanted = capability.0 * 10 + capability.1;
    let known = architectures(compiler)?;
    // A device newer than the compiler: assembly for the newest that it knows, which the driver translates.
    let (target, is_binary) = match known.iter().filter(|&&known| known <= wanted).max() {
        Some(&best) if best == wanted => (format!("sm_{best}"), true),
        Some(&best) => (format!("compute_{best}"), false),
        None => {
            let reason = format!("it compiles for none of compute capability {}.{}", capability.0, capability.1);
            return Err(refused(reason));
        }
    };
    let mut options = vec![format!("--gpu-architecture={target}"), "--std=c++17".to_owned()];
    // Registers and what does not fit into them; in the log.
    if is_binary {
        options.push("--ptxas-options=-v".to_owned());
    }
    options.extend_from_slice(definitions);
    let options: Vec<CString> = options.into_iter().filter_map(|option| CString::new(option).ok()).collect();
    let options: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();

    let mut program = Program { compiler, handle: std::ptr::null_mut() };
    let (headers, names) = ([DEVICE.1.as_ptr()], [DEVICE.0.as_ptr()]);
    // SAFETY: all texts end with a zero and outlive the call, as many headers as names.
    let status = unsafe {
        let name = c"routerlab.cu".as_ptr();
        (compiler.create)(&raw mut program.handle, SOURCE.as_ptr(), name, 1, headers.as_ptr(), names.as_ptr())
    };
    check("creating a program", status)?;
    // SAFETY: the program was just created; the options are as many as said and end with a zero each.
    let status = unsafe { (compiler.compile)(program.handle, options.len() as c_int, options.as_ptr()) };
    let log = program.bytes(compiler.log_size, compiler.log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).trim_end_matches('\0').trim().to_owned();
    if status != 0 {
        return Err(refused(format!("the kernels do not compile (status {status}): {log}")));
    }
    let code = match is_binary {
        true => program.bytes(compiler.binary_size, compiler.binary),
        false => program.bytes(compiler.assembly_size, compiler.assembly),
    }?;
    Ok(Image { code, log })
}

/// What the compiler compiles for: 80 is `sm_80`.
fn architectures(compiler: &Compiler) -> Result<Vec<i32>, DeviceError> {
    let mut count = 0;
    // SAFETY: it writes one int.
    check("asking for architectures", unsafe { (compiler.architectures)(&raw mut count) })?;
    let mut all = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: it writes as many ints as it said.
    check("asking for architectures", unsafe { (compiler.architecture)(all.as_mut_ptr()) })?;
    Ok(all)
}

struct Program<'a> {
    compiler: &'a Compiler,
    handle: Handle,
}

impl Program<'_> {
    fn bytes(
        &self,
        size: unsafe extern "C" fn(Handle, *mut usize) -> c_int,
        get: unsafe extern "C" fn(Handle, *mut c_char) -> c_int,
    ) -> Result<Vec<u8>, DeviceError> {
        let mut bytes = 0;
        // SAFETY: the program is there until it is dropped; the function writes one size.
        check("asking for a size", unsafe { size(self.handle, &raw mut bytes) })?;
        let mut to = vec![0u8; bytes];
        // SAFETY: as above; the function writes as many bytes as the other one said.
        check("asking for a result", unsafe { get(self.handle, to.as_mut_ptr().cast()) })?;
        Ok(to)
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: created by the same library and not used any more.
            unsafe { (self.compiler.destroy)(&raw mut self.handle) };
        }
    }
}

fn check(operation: &str, status: c_int) -> Result<(), DeviceError> {
    if status == 0 { Ok(()) } else { Err(refused(format!("{operation}: status {status}"))) }
}

fn refused(reason: String) -> DeviceError {
    DeviceError::Library { what: "CUDA's run-time compiler (NVRTC)".to_owned(), reason }
}
