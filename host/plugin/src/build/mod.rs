//! The builder: turns a plugin's source folder into a component.
//!
//! One module per language, chosen by the files in the folder: Rust (`cargo.rs`) and Python (`python.rs`). All Rust plugins
//! of a workspace are compiled with one set of flags in one target folder, so that a standard library that must be built
//! from source is built once.

mod cargo;
mod component;
mod error;
mod places;
mod python;
mod toolchain;

use std::env;
use std::fs;
use std::path::{self, Path, PathBuf};

pub use error::BuildError;
pub use python::PythonTools;
pub use toolchain::Toolchain;

/// How to build.
#[derive(Default)]
pub struct BuildOptions<'a> {
    /// Where compilers put their intermediate files; otherwise `$ROUTERLAB_TARGET_DIR`, otherwise `guests` in the
    /// folder's own target folder.
    pub target_dir: Option<PathBuf>,
    /// The folder for the components; otherwise `components` in the folder's own target folder.
    pub out: Option<PathBuf>,
    /// Build every example of the package, each a component of its own, instead of its library.
    pub examples: bool,
    /// Gets every line that the compiler says, as it says it.
    pub progress: Option<&'a mut dyn FnMut(&str)>,
}

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltComponent {
    /// The name of the folder, or of the example.
    pub name: String,
    /// The file: the name with `.wasm`.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file in lower-case hexadecimal.
    pub digest: String,
}

/// In which language a plugin is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// There is a `Cargo.toml`, or nothing that says otherwise.
    Rust,
    /// There is a `pyproject.toml` and no `Cargo.toml`.
    Python,
}

impl Language {
    /// Looks at what files a plugin's folder has.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        match folder.join(python::MANIFEST).is_file() && !folder.join("Cargo.toml").is_file() {
            true => Self::Python,
            false => Self::Rust,
        }
    }
}

/// Builds the Python plugin in `folder`, unless the component that is there was built from the same.
///
/// # Errors
/// [`BuildError`], in words that name the folder and what to change. No component is left half-written.
pub fn build_python_plugin(
    tools: &PythonTools,
    folder: &Path,
    options: BuildOptions<'_>,
) -> Result<BuiltComponent, BuildError> {
    let folder = fs::canonicalize(folder).map_err(|_| BuildError::NoFolder { folder: folder.to_owned() })?;
    if options.examples {
        return Err(BuildError::NoPythonExample { folder });
    }
    let source = python::Source::read(&folder)?;
    let own_target = source.target_dir();
    let named = options.target_dir.or_else(|| env::var_os("ROUTERLAB_TARGET_DIR").map(PathBuf::from));
    let marks = target_dir(named, &own_target)?.join("python");
    let path = options.out.unwrap_or_else(|| own_target.join("components")).join(format!("{}.wasm", source.name));
    let mut silent = |_: &str| {};
    let progress = options.progress.unwrap_or(&mut silent);
    // What the last component was made of, and its own digest: two builds of the same differ in a few bytes, so one that
    // is there already is kept.
    let mark = marks.join(format!("{}.built", source.name));
    let inputs = source.digest(tools);
    let built = |bytes: &[u8], digest: String| BuiltComponent {
        name: source.name.clone(),
        path: path.clone(),
        bytes: bytes.len() as u64,
        digest,
    };
    if let Ok(bytes) = fs::read(&path) {
        let digest = component::digest(&bytes);
        if fs::read_to_string(&mark).is_ok_and(|mark| mark == format!("{inputs} {digest}")) {
            progress(&format!("{}: nothing changed since it was built", source.name));
            return Ok(built(&bytes, digest));
        }
    }
    progress(&format!("{}: importing it in WebAssembly", source.name));
    let bytes = component::checked(&source.name, source.componentize(tools)?)?;
    component::write_whole(&path, &bytes)?;
    let digest = component::digest(&bytes);
    component::write_whole(&mark, format!("{inputs} {digest}").as_bytes())?;
    Ok(built(&bytes, digest))
}

/// Builds the Rust plugin in `folder` with a toolchain that was found before.
///
/// # Errors
/// [`BuildError`], in words that name the folder and what to change. No component is left half-written.
pub fn build_plugin(
    toolchain: &Toolchain,
    folder: &Path,
    options: BuildOptions<'_>,
) -> Result<Vec<BuiltComponent>, BuildError> {
    let folder = fs::canonicalize(folder).map_err(|_| BuildError::NoFolder { folder: folder.to_owned() })?;
    if !folder.join("Cargo.toml").is_file() {
        return Err(BuildError::NotASource { folder });
    }
    let package = cargo::Package::read(toolchain, &folder, options.examples)?;
    let named = options.target_dir.or_else(|| env::var_os("ROUTERLAB_TARGET_DIR").map(PathBuf::from));
    let target_dir = target_dir(named, &package.target_dir)?;
    let out = options.out.unwrap_or_else(|| package.target_dir.join("components"));
    let mut silent = |_: &str| {};
    let progress = options.progress.unwrap_or(&mut silent);
    let modules = package.compile(toolchain, &target_dir, options.examples, progress)?;
    let mut built = Vec::with_capacity(modules.len());
    for module in modules {
        let bytes = fs::read(&module.file).map_err(BuildError::file(&module.file))?;
        let component = component::encode(&module.name, &bytes)?;
        let path = out.join(format!("{}.wasm", module.name));
        component::write_whole(&path, &component)?;
        let digest = component::digest(&component);
        built.push(BuiltComponent { name: module.name, path, bytes: component.len() as u64, digest });
    }
    Ok(built)
}

/// Where compilers work: the folder that was named, or one of our own in the package's target folder.
fn target_dir(named: Option<PathBuf>, of_package: &Path) -> Result<PathBuf, BuildError> {
    match named.filter(|folder| !folder.as_os_str().is_empty()) {
        // Cargo runs in the plugin's folder, where a relative path would be another.
        Some(folder) => path::absolute(&folder).map_err(BuildError::file(&folder)),
        // Apart from what the host is compiled to, or each would wait for the other's lock.
        None => Ok(of_package.join("guests")),
    }
}

#[cfg(test)]
mod tests;
