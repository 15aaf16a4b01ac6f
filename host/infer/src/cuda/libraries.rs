//! CUDA's compiler and its matrix products, loaded at run time.
//!
//! Not by `cudarc`: it panics where a library is missing, the names that it looks for end with the version that it was
//! built for, so that it would not find those of the next one, and a status that came with a newer version would be no
//! value of its enums.

#![allow(unsafe_code, reason = "libraries are loaded, and their functions called")]

use std::ffi::{c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::OnceLock;

use libloading::Library;

use crate::devices::DeviceError;

/// Versions whose functions are known, newest first.
const MAJORS: [i32; 2] = [13, 12];

/// An object of a library.
pub(super) type Handle = *mut c_void;
/// What a function says: 0 where it did what it should.
pub(super) type Status = c_int;

/// A way to multiply, as cuBLASLt describes it to itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Algorithm {
    data: [u64; 8],
}

/// A way to multiply that cuBLASLt proposes.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) algorithm: Algorithm,
    pub(super) workspace_bytes: usize,
    pub(super) status: Status,
    waves: f32,
    reserved: [c_int; 4],
}

impl Candidate {
    /// Room for one.
    pub(super) const NONE: Self =
        Self { algorithm: Algorithm { data: [0; 8] }, workspace_bytes: 0, status: -1, waves: 0.0, reserved: [0; 4] };
}

/// A library's functions under shorter names.
macro_rules! functions {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $symbol:literal: fn($($argument:ty),*) -> $result:ty;)* }) => {
        $(#[$doc])*
        pub(super) struct $name {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) -> $result,)*
            /// The functions live as long as it does.
            _library: Library,
        }

        impl $name {
            fn of(library: Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    // SAFETY: the types are those that the library's makers publish for these names.
                    $($field: *unsafe { library.get(concat!($symbol, "\0").as_bytes()) }?,)*
                    _library: library,
                })
            }
        }
    };
}

functions! {
    /// The run-time compiler.
    Compiler {
        create = "nvrtcCreateProgram": fn(*mut Handle, *const c_char, *const c_char, c_int, *const *const c_char, *const *const c_char) -> Status;
        compile = "nvrtcCompileProgram": fn(Handle, c_int, *const *const c_char) -> Status;
        destroy = "nvrtcDestroyProgram": fn(*mut Handle) -> Status;
        log_size = "nvrtcGetProgramLogSize": fn(Handle, *mut usize) -> Status;
        log = "nvrtcGetProgramLog": fn(Handle, *mut c_char) -> Status;
        binary_size = "nvrtcGetCUBINSize": fn(Handle, *mut usize) -> Status;
        binary = "nvrtcGetCUBIN": fn(Handle, *mut c_char) -> Status;
        assembly_size = "nvrtcGetPTXSize": fn(Handle, *mut usize) -> Status;
        assembly = "nvrtcGetPTX": fn(Handle, *mut c_char) -> Status;
        architectures = "nvrtcGetNumSupportedArchs": fn(*mut c_int) -> Status;
        architecture = "nvrtcGetSupportedArchs": fn(*mut c_int) -> Status;
    }
}

functions! {
    /// Matrix products.
    Multiplier {
        create = "cublasLtCreate": fn(*mut Handle) -> Status;
        destroy = "cublasLtDestroy": fn(Handle) -> Status;
        create_layout = "cublasLtMatrixLayoutCreate": fn(*mut Handle, c_int, u64, u64, i64) -> Status;
        destroy_layout = "cublasLtMatrixLayoutDestroy": fn(Handle) -> Status;
        create_operation = "cublasLtMatmulDescCreate": fn(*mut Handle, c_int, c_int) -> Status;
        set_operation = "cublasLtMatmulDescSetAttribute": fn(Handle, c_int, *const c_void, usize) -> Status;
        destroy_operation = "cublasLtMatmulDescDestroy": fn(Handle) -> Status;
        create_preference = "cublasLtMatmulPreferenceCreate": fn(*mut Handle) -> Status;
        set_preference = "cublasLtMatmulPreferenceSetAttribute": fn(Handle, c_int, *const c_void, usize) -> Status;
        destroy_preference = "cublasLtMatmulPreferenceDestroy": fn(Handle) -> Status;
        candidates = "cublasLtMatmulAlgoGetHeuristic": fn(Handle, Handle, Handle, Handle, Handle, Handle, Handle, c_int, *mut Candidate, *mut c_int) -> Status;
        algorithm = "cublasLtMatmulAlgoConfigGetAttribute": fn(*const Algorithm, c_int, *mut c_void, usize, *mut usize) -> Status;
        multiply = "cublasLtMatmul": fn(Handle, Handle, *const c_void, *const c_void, Handle, *const c_void, Handle, *const c_void, *const c_void, Handle, *mut c_void, Handle, *const Algorithm, *mut c_void, usize, Handle) -> Status;
    }
}

/// The compiler, for a driver of this major version.
///
/// # Errors
/// [`DeviceError`]: there is none, or it lacks a function.
pub(super) fn compiler(driver: i32) -> Result<&'static Compiler, DeviceError> {
    static FOUND: OnceLock<Result<Compiler, DeviceError>> = OnceLock::new();
    let what = "CUDA's run-time compiler (NVRTC)";
    let found = FOUND.get_or_init(|| load(what, &places("nvrtc", driver), Compiler::of));
    found.as_ref().map_err(Clone::clone)
}

/// The products, for a driver of this major version.
///
/// # Errors
/// As [`compiler`].
pub(super) fn multiplier(driver: i32) -> Result<&'static Multiplier, DeviceError> {
    static FOUND: OnceLock<Result<Multiplier, DeviceError>> = OnceLock::new();
    let what = "library of CUDA's matrix products (cuBLASLt)";
    let found = FOUND.get_or_init(|| load(what, &places("cublasLt", driver), Multiplier::of));
    found.as_ref().map_err(Clone::clone)
}

fn load<T>(
    what: &str,
    places: &[PathBuf],
    functions: fn(Library) -> Result<T, libloading::Error>,
) -> Result<T, DeviceError> {
    for place in places {
        // SAFETY: a library of NVIDIA's under its own name; its initialisers have no requirements that a caller could
        // break.
        if let Ok(library) = unsafe { Library::new(place) } {
            return functions(library).map_err(|error| DeviceError::Library {
                what: what.to_owned(),
                reason: format!("`{}`: {error}", place.display()),
            });
        }
    }
    let names: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    Err(DeviceError::NoLibrary { what: what.to_owned(), looked_for: names.join(", ") })
}

/// Where a library can be: its names, the driver's version first, on the loader's path and in the toolkit's folders.
fn places(stem: &str, driver: i32) -> Vec<PathBuf> {
    let mut majors = MAJORS;
    // A driver runs what its version and older ones made; a newer library is tried last and says what it wants.
    majors.sort_by_key(|&major| if major > driver { i32::MAX } else { -major });
    let mut names: Vec<String> = majors
        .iter()
        .map(|major| match (cfg!(windows), stem) {
            (true, "nvrtc") => format!("nvrtc64_{major}0_0.dll"),
            (true, _) => format!("{stem}64_{major}.dll"),
            (false, _) => format!("lib{stem}.so.{major}"),
        })
        .collect();
    names.push(if cfg!(windows) { format!("{stem}.dll") } else { format!("lib{stem}.so") });
    let inside = if cfg!(windows) { "bin" } else { "lib64" };
    let toolkits = ["CUDA_HOME", "CUDA_PATH"].iter().filter_map(std::env::var_os).map(PathBuf::from);
    let toolkits = toolkits.chain((!cfg!(windows)).then(|| PathBuf::from("/usr/local/cuda")));
    let folders: Vec<PathBuf> = toolkits.map(|toolkit| toolkit.join(inside)).collect();
    let plain: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
    plain.into_iter().chain(folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)))).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_the_drivers_version_come_first() {
        let names = |driver| -> Vec<String> {
            places("nvrtc", driver).iter().take(3).map(|place| place.display().to_string()).collect()
        };
        assert_eq!(names(12), ["libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.so"]);
        assert_eq!(names(14), ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"]);
        assert!(places("cublasLt", 13).contains(&PathBuf::from("/usr/local/cuda/lib64/libcublasLt.so.13")));
    }

    #[test]
    fn a_missing_library_is_named_with_all_that_was_tried() {
        let places = [PathBuf::from("libno-such.so.13"), PathBuf::from("libno-such.so")];
        let error = load("thing", &places, Compiler::of).err().map(|error| error.to_string());
        let message = error.expect("there is no such library");
        assert!(message.starts_with("no thing: looked for libno-such.so.13, libno-such.so;"), "{message}");
        assert!(message.contains("LD_LIBRARY_PATH"), "{message}");
    }
}
