//! A Python plugin: from its folder to a component, by `componentize-py`, which brings a CPython of its own.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{BuildError, component};

/// The file that makes a folder a Python plugin.
pub(super) const MANIFEST: &str = "pyproject.toml";

/// Names the program instead of where it is looked for.
const VARIABLE: &str = "ROUTERLAB_COMPONENTIZE_PY";

/// The one place that says which version is used; `setup.sh` installs from it.
const REQUIREMENT: &str = include_str!("../../../../plugins/sdk/python/requirements.txt");

/// Where `setup.sh` installs the program, below a checkout or a target folder.
const INSTALLED: &str = "python/bin/componentize-py";

/// The contract as this host speaks it, so that a plugin needs no checkout.
const CONTRACT: [(&str, &str); 7] = [
    ("data.wit", include_str!("../../../../wit/data.wit")),
    ("evaluator.wit", include_str!("../../../../wit/evaluator.wit")),
    ("kernels.wit", include_str!("../../../../wit/kernels.wit")),
    ("log.wit", include_str!("../../../../wit/log.wit")),
    ("router.wit", include_str!("../../../../wit/router.wit")),
    ("types.wit", include_str!("../../../../wit/types.wit")),
    ("worlds.wit", include_str!("../../../../wit/worlds.wit")),
];

/// `componentize-py`. Its `Display` is a sentence for the person who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonTools {
    program: PathBuf,
    version: String,
}

impl PythonTools {
    /// Looks for `componentize-py`: what `$ROUTERLAB_COMPONENTIZE_PY` names, then what `setup.sh` installed below a
    /// `target` beside or above `folder` or this program, then `PATH`.
    ///
    /// # Errors
    /// [`BuildError::NoPythonTools`], which says what was looked at and what to run.
    pub fn find(folder: &Path) -> Result<Self, BuildError> {
        if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
            // Whoever names a program wants that one, whatever its version.
            return Self::find_among(&[named.into()], false);
        }
        let mut places = Vec::new();
        let folder = fs::canonicalize(folder).unwrap_or_default();
        places.extend(folder.ancestors().map(|above| above.join("target").join(INSTALLED)));
        let program = env::current_exe().unwrap_or_default();
        places.extend(program.ancestors().skip(1).map(|above| above.join(INSTALLED)));
        let path = env::var_os("PATH").unwrap_or_default();
        places.extend(env::split_paths(&path).map(|folder| folder.join("componentize-py")));
        places.retain(|place| place.is_file());
        Self::find_among(&places, true)
    }

    fn find_among(places: &[PathBuf], pinned: bool) -> Result<Self, BuildError> {
        let mut tried = Vec::new();
        for program in places {
            match version_of(program) {
                Some(version) if !pinned || version == wanted() => {
                    return Ok(Self { program: program.clone(), version });
                }
                Some(version) => tried.push(format!("{}: version {version}", program.display())),
                None => tried.push(format!("{}: cannot be run", program.display())),
            }
        }
        Err(BuildError::NoPythonTools { wanted: wanted().to_owned(), tried })
    }
}

impl fmt::Display for PythonTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "componentize-py {} ({})", self.version, self.program.display())
    }
}

/// The pinned version.
fn wanted() -> &'static str {
    REQUIREMENT.trim().rsplit("==").next().unwrap_or_default()
}

fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.trim().strip_prefix("componentize-py ")?;
    output.status.success().then(|| version.to_owned())
}

/// What of `pyproject.toml` is ours.
#[derive(Debug, Deserialize)]
struct Manifest {
    tool: Option<Tool>,
}

#[derive(Debug, Deserialize)]
struct Tool {
    routerlab: Option<Settings>,
}

/// The table `[tool.routerlab]`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The world of the contract that the plugin plays.
    world: String,
    /// The Python module that exports it.
    module: String,
}

/// A Python plugin, read.
pub(super) struct Source {
    folder: PathBuf,
    /// The name of its folder, and so of its component.
    pub(super) name: String,
    settings: Settings,
    /// Every Python file that may be imported, by its path in the folder.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Source {
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let unreadable = |output: String| BuildError::PythonManifest { folder: folder.to_owned(), output };
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(BuildError::file(&path))?;
        let manifest: Manifest = routerlab_records::settings::parse_toml(&text).map_err(unreadable)?;
        let settings = manifest
            .tool
            .and_then(|tool| tool.routerlab)
            .ok_or_else(|| unreadable("there is no `[tool.routerlab]` with `world` and `module`".into()))?;
        let name = folder.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| BuildError::NoName { folder: folder.to_owned() })?.to_owned();
        let mut files = BTreeMap::new();
        collect(folder, Path::new(""), &mut files)?;
        Ok(Self { folder: folder.to_owned(), name, settings, files })
    }

    /// Where this machine keeps compiled things: the `target` of the nearest workspace above, or of the folder itself.
    pub(super) fn target_dir(&self) -> PathBuf {
        let named = env::var_os("CARGO_TARGET_DIR").filter(|named| !named.is_empty()).map(PathBuf::from);
        named.unwrap_or_else(|| {
            let is_workspace = |folder: &&Path| folder.join("Cargo.lock").is_file();
            self.folder.ancestors().find(is_workspace).unwrap_or(&self.folder).join("target")
        })
    }

    /// Everything that decides what the component is, in one digest.
    pub(super) fn digest(&self, tools: &PythonTools) -> String {
        let mut digest = Sha256::new();
        let mut add = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        add(tools.version.as_bytes());
        add(self.settings.world.as_bytes());
        add(self.settings.module.as_bytes());
        for (name, text) in CONTRACT {
            add(name.as_bytes());
            add(text.as_bytes());
        }
        for (path, bytes) in &self.files {
            add(path.as_os_str().as_encoded_bytes());
            add(bytes);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Imports the module in a CPython inside WebAssembly and keeps the memory that this leaves.
    pub(super) fn componentize(&self, tools: &PythonTools) -> Result<Vec<u8>, BuildError> {
        let scratch = tempfile::tempdir().map_err(BuildError::file(&env::temp_dir()))?;
        // Copies, because Python writes beside what it imports; and in a place of its own with no packages, so that
        // nothing of this machine gets in.
        let [contract, source, packages] = ["wit", "source", "none"].map(|name| scratch.path().join(name));
        for (name, text) in CONTRACT {
            component::write_whole(&contract.join(name), text.as_bytes())?;
        }
        for (path, bytes) in &self.files {
            component::write_whole(&source.join(path), bytes)?;
        }
        let site = packages.join("lib/site-packages");
        fs::create_dir_all(&site).map_err(BuildError::file(&site))?;
        let made = scratch.path().join("made.wasm");
        let mut command = Command::new(&tools.program);
        command
            .args(["--quiet", "--world", &self.settings.world, "--wit-path"])
            .arg(&contract)
            .args(["componentize", &self.settings.module, "--stub-wasi", "--python-path"])
            .arg(&source)
            .arg("--output")
            .arg(&made)
            .current_dir(&source)
            .env("VIRTUAL_ENV", &packages)
            .env("RUST_BACKTRACE", "0")
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME")
            .stdin(Stdio::null());
        let output = command.output().map_err(|error| BuildError::program("componentize-py", error))?;
        if !output.status.success() {
            let said = [&output.stdout[..], &output.stderr[..]].concat();
            let output = String::from_utf8_lossy(&said).trim().to_owned();
            return Err(BuildError::Compile { folder: self.folder.clone(), output });
        }
        fs::read(&made).map_err(BuildError::file(&made))
    }
}

/// Adds every Python file below a folder but tests and what begins with a dot.
fn collect(root: &Path, below: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), BuildError> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).map_err(BuildError::file(&folder))? {
        let entry = entry.map_err(BuildError::file(&folder))?;
        let (name, path) = (entry.file_name(), entry.path());
        let shown = name.to_string_lossy();
        if path.is_dir() {
            let is_source = !shown.starts_with(['.', '_']) && shown != "tests" && shown != "target";
            // A package is a folder that says so.
            if is_source && path.join("__init__.py").is_file() {
                collect(root, &below.join(&name), files)?;
            }
        } else if shown.ends_with(".py") {
            files.insert(below.join(&name), fs::read(&path).map_err(BuildError::file(&path))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PythonTools, Source, wanted};
    use crate::build::BuildError;

    #[test]
    fn the_pinned_version_is_a_version() {
        assert!(wanted().split('.').all(|part| part.parse::<u32>().is_ok()), "{}", wanted());
    }

    #[test]
    fn a_machine_without_the_tools_is_told_the_command() {
        let error = PythonTools::find_among(&["nowhere/componentize-py".into()], true).unwrap_err().to_string();
        assert!(error.contains("nowhere/componentize-py: cannot be run"), "{error}");
        let command = format!("target/python/bin/pip install componentize-py=={}", wanted());
        assert!(error.contains(&command), "{error}");
    }

    #[test]
    fn a_manifest_says_which_world_and_module() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("mine");
        fs::create_dir_all(folder.join("tests")).unwrap();
        fs::write(folder.join("app.py"), "").unwrap();
        fs::write(folder.join("tests/test_app.py"), "").unwrap();
        let read = |manifest: &str| {
            fs::write(folder.join("pyproject.toml"), manifest).unwrap();
            Source::read(&folder)
        };
        let lines = "[project]\nname = \"mine\"\n[tool.routerlab]\nworld = \"evaluator-plugin\"\nmodule = \"app\"\n";
        let source = read(lines).unwrap();
        assert_eq!((source.name.as_str(), source.settings.world.as_str()), ("mine", "evaluator-plugin"));
        assert_eq!(source.files.keys().map(|path| path.display().to_string()).collect::<Vec<_>>(), ["app.py"]);
        assert_eq!(source.target_dir(), folder.join("target"));
        for (manifest, words) in [
            ("[project]\nname = \"mine\"\n", "there is no `[tool.routerlab]` with `world` and `module`"),
            ("[tool.routerlab]\nworld = \"evaluator-plugin\"\n", "missing field `module`"),
            ("[tool.routerlab]\nworld = \"a\"\nmodule = \"b\"\ncolour = 1\n", "unknown field `colour`"),
        ] {
            let error = read(manifest).err().unwrap();
            assert!(matches!(error, BuildError::PythonManifest { .. }));
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
