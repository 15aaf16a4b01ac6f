//! Finds something that compiles Rust for `wasm32-unknown-unknown`.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::BuildError;

/// The target of every plugin: no system underneath, so nothing of WASI can be imported.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The oldest compiler that the SDK compiles with (major, minor).
const OLDEST: (u32, u32) = (1, 95);

/// A compiler for `wasm32-unknown-unknown`, and how it comes by a standard library. Its `Display` is a sentence for the
/// person who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    version: String,
    sysroot: PathBuf,
    standard_library: StandardLibrary,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum StandardLibrary {
    /// Compiled already, beside the compiler.
    Installed,
    /// Compiled from its source with the first plugin, and linked with this program (the compiler's own when none).
    FromSource { linker: Option<PathBuf> },
}

impl Toolchain {
    /// Looks for a toolchain: the one on `PATH` (or named by `CARGO` and `RUSTC`), then the system's in `/usr/bin`; in
    /// each case with an installed standard library, then with the source of one.
    ///
    /// # Errors
    /// [`BuildError::NoToolchain`], which says what was looked at and what to install.
    pub fn find() -> Result<Self, BuildError> {
        let named = |variable: &str, name: &str| {
            env::var_os(variable).map(PathBuf::from).or_else(|| on_path(name)).unwrap_or_else(|| PathBuf::from(name))
        };
        let candidates = [
            (named("CARGO", "cargo"), named("RUSTC", "rustc")),
            (PathBuf::from("/usr/bin/cargo"), PathBuf::from("/usr/bin/rustc")),
        ];
        Self::find_among(&candidates)
    }

    fn find_among(candidates: &[(PathBuf, PathBuf)]) -> Result<Self, BuildError> {
        let mut tried = Vec::new();
        let mut usable = Vec::new();
        for (cargo, rustc) in candidates {
            match Compiler::ask(cargo, rustc) {
                Ok(compiler) => usable.push(compiler),
                Err(why) => tried.push(why),
            }
        }
        if let Some(found) = usable.iter().find(|compiler| compiler.has_installed_library()) {
            return Ok(found.with(StandardLibrary::Installed));
        }
        for compiler in usable {
            match compiler.library_from_source() {
                Ok(library) => return Ok(compiler.with(library)),
                Err(why) => tried.push(why),
            }
        }
        tried.dedup();
        Err(BuildError::NoToolchain { tried })
    }

    /// Cargo, set up so that all plugins of a workspace are compiled with one set of flags. `places` says which folders
    /// get which names in what is compiled; the last that applies wins.
    pub(super) fn cargo(&self, places: &[(PathBuf, String)]) -> Command {
        let mut command = Command::new(&self.cargo);
        command.env("RUSTC", &self.rustc).env("CARGO_ENCODED_RUSTFLAGS", self.flags(places).join("\u{1f}"));
        for variable in ["RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WORKSPACE_WRAPPER"] {
            command.env_remove(variable);
        }
        if self.builds_standard_library() {
            // Permits `-Zbuild-std` to a compiler that was not made for experiments.
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        command
    }

    /// What `cargo build` needs besides.
    pub(super) fn build_arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--release".into(), "--target".into(), TARGET.into()];
        if self.builds_standard_library() {
            arguments.push("-Zbuild-std=std,panic_abort".into());
        }
        // Given here, so that an author's manifest needs no profile.
        for setting in [
            "opt-level=3",
            "lto=\"fat\"",
            "codegen-units=1",
            "panic=\"abort\"",
            "strip=true",
            "debug=false",
            "incremental=false",
            "overflow-checks=false",
            "debug-assertions=false",
        ] {
            arguments.extend(["--config".into(), format!("profile.release.{setting}")]);
        }
        arguments
    }

    /// Whether the first plugin takes the time that a standard library takes.
    pub fn builds_standard_library(&self) -> bool {
        self.standard_library != StandardLibrary::Installed
    }

    fn flags(&self, places: &[(PathBuf, String)]) -> Vec<String> {
        let mut flags = vec!["-Ctarget-feature=+simd128".to_owned()];
        if let StandardLibrary::FromSource { linker: Some(linker) } = &self.standard_library {
            flags.push(format!("-Clinker={}", linker.display()));
        }
        // Where things lie on this machine is nobody's business, and would change the component's digest.
        flags.extend(places.iter().map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display())));
        if let Some(home) = cargo_home() {
            flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
        }
        // The folder of a registry is named after where its packages were fetched from, a mirror perhaps.
        let registries = registries().into_iter();
        flags.extend(registries.map(|folder| format!("--remap-path-prefix={}=/cargo", folder.display())));
        flags.push(format!("--remap-path-prefix={}=/rust", self.sysroot.join("lib/rustlib/src/rust").display()));
        flags
    }
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

/// Folders of packages that cargo has unpacked, one for each registry, in order; none before anything was fetched.
pub(super) fn registries() -> Vec<PathBuf> {
    let folder = cargo_home().map(|home| home.join("registry/src")).and_then(|folder| fs::read_dir(folder).ok());
    let mut folders: Vec<PathBuf> = folder.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.version, self.rustc.display())?;
        match &self.standard_library {
            StandardLibrary::Installed => write!(f, " with its installed standard library for {TARGET}"),
            StandardLibrary::FromSource { linker } => {
                write!(f, ", which builds the standard library for {TARGET} from source once, in a minute or two")?;
                match linker {
                    Some(linker) => write!(f, ", and links with {}", linker.display()),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A compiler that answers, before it is known whether it can compile plugins.
struct Compiler {
    cargo: PathBuf,
    rustc: PathBuf,
    version: String,
    sysroot: PathBuf,
}

impl Compiler {
    fn ask(cargo: &Path, rustc: &Path) -> Result<Self, String> {
        let version = answer(rustc, &["--version"]).ok_or_else(|| format!("{}: cannot be run", rustc.display()))?;
        let release = version.split(' ').nth(1).unwrap_or_default().to_owned();
        let short = format!("rustc {release}");
        if numbers(&release).is_none_or(|found| found < OLDEST) {
            return Err(format!("{short} ({}): too old, {}.{} is needed", rustc.display(), OLDEST.0, OLDEST.1));
        }
        answer(cargo, &["--version"]).ok_or_else(|| format!("{}: cannot be run", cargo.display()))?;
        let sysroot = answer(rustc, &["--print", "sysroot"])
            .ok_or_else(|| format!("{short} ({}): does not say where its libraries are", rustc.display()))?;
        Ok(Self { cargo: cargo.to_owned(), rustc: rustc.to_owned(), version: short, sysroot: sysroot.into() })
    }

    fn has_installed_library(&self) -> bool {
        let folder = answer(&self.rustc, &["--print", "target-libdir", "--target", TARGET]);
        let is_core = |name: &OsStr| {
            let name = name.to_string_lossy();
            name.starts_with("libcore-") && name.ends_with(".rlib")
        };
        folder
            .and_then(|folder| fs::read_dir(folder).ok())
            .is_some_and(|mut files| files.any(|file| file.is_ok_and(|file| is_core(&file.file_name()))))
    }

    fn library_from_source(&self) -> Result<StandardLibrary, String> {
        let lacks = |what: &str| Err(format!("{} ({}): {what}", self.version, self.rustc.display()));
        if !self.sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").is_file() {
            return lacks(&format!("no standard library for {TARGET}, neither compiled nor as source"));
        }
        if let Some(linker) = linker_on_path() {
            return Ok(StandardLibrary::FromSource { linker: Some(linker) });
        }
        let hosts = fs::read_dir(self.sysroot.join("lib/rustlib")).into_iter().flatten().flatten();
        if hosts.into_iter().any(|host| host.path().join("bin/rust-lld").is_file()) {
            return Ok(StandardLibrary::FromSource { linker: None });
        }
        lacks("source of the standard library, but no linker `wasm-ld`")
    }

    fn with(&self, standard_library: StandardLibrary) -> Toolchain {
        Toolchain {
            cargo: self.cargo.clone(),
            rustc: self.rustc.clone(),
            version: self.version.clone(),
            sysroot: self.sysroot.clone(),
            standard_library,
        }
    }
}

/// What a program prints, if it ends well.
fn answer(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Major and minor of a release such as `1.96.0`.
fn numbers(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn folders_of_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn on_path(name: &str) -> Option<PathBuf> {
    folders_of_path().into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `wasm-ld`, or the newest `wasm-ld-19` and the like.
fn linker_on_path() -> Option<PathBuf> {
    let mut folders = folders_of_path();
    folders.push("/usr/bin".into());
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for file in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let version = if name == "wasm-ld" { Some(u32::MAX) } else { linker_version(&name) };
        found.extend(version.map(|version| (version, file.path())));
    }
    // The first folder on PATH wins among equals.
    found.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, path)| path)
}

fn linker_version(name: &str) -> Option<u32> {
    name.strip_prefix("wasm-ld-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{StandardLibrary, Toolchain, linker_version, numbers};

    #[test]
    fn folders_of_this_machine_get_other_names() {
        let toolchain = Toolchain {
            cargo: "cargo".into(),
            rustc: "rustc".into(),
            version: "rustc 1.95.0".into(),
            sysroot: "/sys".into(),
            standard_library: StandardLibrary::Installed,
        };
        let flags = toolchain.flags(&[("/src/mine".into(), "/plugin".into())]);
        let remapped: Vec<&str> = flags.iter().filter_map(|flag| flag.strip_prefix("--remap-path-prefix=")).collect();
        assert_eq!(remapped.first(), Some(&"/src/mine=/plugin"), "what lies deeper comes later and wins");
        assert_eq!(remapped.last(), Some(&"/sys/lib/rustlib/src/rust=/rust"));
    }

    #[test]
    fn versions_are_read_from_names() {
        assert_eq!(numbers("1.96.0"), Some((1, 96)));
        assert_eq!(numbers("1.97.0-nightly"), Some((1, 97)));
        assert_eq!(numbers("nonsense"), None);
        assert_eq!(linker_version("wasm-ld-19"), Some(19));
        assert_eq!(linker_version("wasm-ld"), None);
        assert_eq!(linker_version("wasm-ld-19.bak"), None);
    }

    #[test]
    fn a_machine_without_a_compiler_is_told_what_to_install() {
        let nowhere = [("nowhere/cargo".into(), "nowhere/rustc".into())];
        let told = Toolchain::find_among(&nowhere).unwrap_err().to_string();
        assert!(told.contains("nowhere/rustc: cannot be run"), "{told}");
        assert!(told.contains("rustup target add wasm32-unknown-unknown"), "{told}");
        assert!(told.contains("apt-get install rustc-web cargo-web rust-web-src lld-19"), "{told}");
    }
}
