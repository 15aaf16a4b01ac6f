//! A Rust plugin: from its folder to core modules.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::places::places;
use super::toolchain::{TARGET, registries};
use super::{BuildError, Toolchain, component};

/// What cargo knows about a folder before anything is compiled.
pub(super) struct Package {
    folder: PathBuf,
    manifest: PathBuf,
    /// Where cargo puts what it compiles for this folder.
    pub(super) target_dir: PathBuf,
    workspace_root: String,
    /// The names of all packages of the workspace.
    members: Vec<String>,
    /// Folders whose place on this machine must not show in the component, with the names they get instead.
    places: Vec<(PathBuf, String)>,
}

/// In a target folder, the workspace that was last compiled there.
const LAST_WORKSPACE: &str = "last-workspace";

/// A core module and the name that its component will have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

impl Package {
    /// Reads the manifest and checks that it makes what a sandbox can run.
    pub(super) fn read(toolchain: &Toolchain, folder: &Path, examples: bool) -> Result<Self, BuildError> {
        let manifest = folder.join("Cargo.toml");
        if !examples && library_name(folder).is_none() {
            return Err(BuildError::NoName { folder: folder.to_owned() });
        }
        let output = toolchain
            .cargo(&[])
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(&manifest)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| BuildError::program("cargo metadata", error))?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(BuildError::Manifest { folder: folder.to_owned(), output });
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| BuildError::program("cargo metadata", error))?;
        let target_dir = metadata["target_directory"].as_str().unwrap_or("target").into();
        let is_ours =
            |package: &&Value| package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest);
        let package = metadata["packages"].as_array().and_then(|packages| packages.iter().find(is_ours));
        let Some(package) = package else {
            return Err(BuildError::NoPackage { folder: folder.to_owned() });
        };
        let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        if examples && !targets.iter().any(|target| is_example(target) && holds(&target["crate_types"], "cdylib")) {
            return Err(BuildError::NoExample { folder: folder.to_owned() });
        }
        if !examples && !targets.iter().any(is_library) {
            return Err(BuildError::NoLibrary { folder: folder.to_owned() });
        }
        let names = metadata["packages"].as_array().into_iter().flatten();
        let members = names.filter_map(|package| package["name"].as_str().map(str::to_owned)).collect();
        let workspace_root = metadata["workspace_root"].as_str().unwrap_or_default().to_owned();
        let places = places(Path::new(&workspace_root), folder, package);
        Ok(Self { folder: folder.to_owned(), manifest, target_dir, workspace_root, members, places })
    }

    /// Forgets what another workspace compiled in this target folder under the same names. Cargo knows the packages of a
    /// workspace by their path inside it, so it would take a stranger's `my-router` for ours if that were newer.
    fn forget_other_workspaces(&self, toolchain: &Toolchain, target_dir: &Path) -> Result<(), BuildError> {
        let marker = target_dir.join(LAST_WORKSPACE);
        let last = fs::read_to_string(&marker).unwrap_or_default();
        if last == self.workspace_root {
            return Ok(());
        }
        if target_dir.join(TARGET).is_dir() {
            let mut command = toolchain.cargo(&[]);
            command.args(["clean", "--release", "--target", TARGET, "--manifest-path"]).arg(&self.manifest);
            command.arg("--target-dir").arg(target_dir).current_dir(&self.folder);
            for member in &self.members {
                command.args(["--package", member]);
            }
            let (well, _, said) = run(command, &mut |_| {})?;
            if !well {
                return Err(BuildError::program("cargo clean", said.trim()));
            }
        }
        component::write_whole(&marker, self.workspace_root.as_bytes())
    }

    /// Compiles the library, or all examples, and gives the modules in the order of their names.
    pub(super) fn compile(
        &self,
        toolchain: &Toolchain,
        target_dir: &Path,
        examples: bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Vec<Module>, BuildError> {
        self.forget_other_workspaces(toolchain, target_dir)?;
        if registries().is_empty() {
            // How packages are named in a component depends on where they are unpacked, so they are before it is built.
            let mut command = toolchain.cargo(&[]);
            command.args(["fetch", "--manifest-path"]).arg(&self.manifest).current_dir(&self.folder);
            // What fails here fails below too, and is reported there.
            run(command, progress)?;
        }
        let mut command = toolchain.cargo(&self.places);
        if examples {
            command.args(["build", "--examples"]);
        } else {
            // Whatever the manifest says: so that authors need say nothing, and because beside an rlib everything is
            // compiled in another way, the standard library too, which would then be built twice.
            command.args(["rustc", "--lib", "--crate-type", "cdylib"]);
        }
        command
            .args(toolchain.build_arguments())
            .arg("--message-format=json-render-diagnostics")
            .arg("--target-dir")
            .arg(target_dir)
            .arg("--manifest-path")
            .arg(&self.manifest)
            .current_dir(&self.folder);
        let (well, messages, said) = run(command, progress)?;
        if !well {
            let output = without_progress(&said);
            return Err(BuildError::Compile { folder: self.folder.clone(), output });
        }
        let modules = self.modules(&messages, examples);
        match modules.is_empty() {
            true => Err(BuildError::NoModule { folder: self.folder.clone() }),
            false => Ok(modules),
        }
    }

    fn modules(&self, messages: &str, examples: bool) -> Vec<Module> {
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut modules: Vec<Module> = messages.filter_map(|message| self.module(&message, examples)).collect();
        modules.sort_by(|a, b| a.name.cmp(&b.name));
        modules
    }

    /// The module that a message of cargo's speaks of, if it is one of ours.
    fn module(&self, message: &Value, examples: bool) -> Option<Module> {
        let target = &message["target"];
        let ours = message["reason"] == "compiler-artifact"
            && Path::new(message["manifest_path"].as_str()?) == self.manifest
            && if examples { is_example(target) } else { is_library(target) };
        if !ours {
            return None;
        }
        let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str).map(PathBuf::from);
        let file = files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "wasm"))?;
        let name = if examples { target["name"].as_str()? } else { library_name(&self.folder)? };
        Some(Module { name: name.into(), file })
    }
}

/// The library is named after its folder, which is the name that a router is known by.
fn library_name(folder: &Path) -> Option<&str> {
    folder.file_name()?.to_str()
}

fn is_example(target: &Value) -> bool {
    holds(&target["kind"], "example")
}

fn is_library(target: &Value) -> bool {
    ["lib", "rlib", "cdylib", "dylib", "staticlib"].iter().any(|kind| holds(&target["kind"], kind))
}

fn holds(list: &Value, word: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|item| item == word))
}

/// Runs cargo. Gives whether it ended well, its messages for programs, and what it said to people, which `progress` gets
/// line by line as it comes.
fn run(mut command: Command, progress: &mut dyn FnMut(&str)) -> Result<(bool, String, String), BuildError> {
    let fail = |error: std::io::Error| BuildError::program("cargo", error);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(fail)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Both pipes at once: cargo would wait for ever on one that nobody empties.
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes));
        read.map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let mut said = String::new();
    if let Some(stderr) = stderr {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = String::from_utf8_lossy(&line.map_err(fail)?).into_owned();
            progress(&line);
            said.push_str(&line);
            said.push('\n');
        }
    }
    let messages = reader.join().map_err(|_| BuildError::program("cargo", "its messages were lost"))?.map_err(fail)?;
    let status = child.wait().map_err(fail)?;
    Ok((status.success(), messages, said))
}

/// What cargo said, without its lines on how far it is.
fn without_progress(said: &str) -> String {
    const VERBS: [&str; 12] = [
        "Adding",
        "Blocking",
        "Building",
        "Compiling",
        "Downloaded",
        "Downloading",
        "Finished",
        "Fresh",
        "Locking",
        "Updating",
        "Removed",
        "Running",
    ];
    let is_progress = |line: &str| {
        let verb = line.split_whitespace().next().unwrap_or_default();
        // Cargo sets its verbs flush right in twelve columns, so they begin with blanks; the compiler's words do not.
        line.find(verb).is_some_and(|start| start + verb.len() == 12) && VERBS.contains(&verb)
    };
    let lines: Vec<&str> = said.lines().filter(|line| !is_progress(line)).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Module, Package, without_progress};

    #[test]
    fn only_our_own_modules_are_taken_from_the_messages() {
        let package = Package {
            folder: "/p/my-router".into(),
            manifest: "/p/my-router/Cargo.toml".into(),
            target_dir: "/p/target".into(),
            workspace_root: "/p".into(),
            members: vec!["my-router".into()],
            places: Vec::new(),
        };
        let artifact = |manifest: &str, kind: &str, file: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","target":{{"kind":["{kind}"],"crate_types":["cdylib"],"name":"spin"}},"filenames":["/t/{file}.rlib","/t/{file}.wasm"]}}"#
            )
        };
        let messages = [
            artifact("/other/Cargo.toml", "cdylib", "other"),
            "not a message".into(),
            r#"{"reason":"build-finished","success":true}"#.into(),
            artifact("/p/my-router/Cargo.toml", "cdylib", "mine"),
            artifact("/p/my-router/Cargo.toml", "example", "spin"),
        ]
        .join("\n");
        let module = |name: &str, file: &str| Module { name: name.into(), file: file.into() };
        assert_eq!(package.modules(&messages, false), [module("my-router", "/t/mine.wasm")]);
        assert_eq!(package.modules(&messages, true), [module("spin", "/t/spin.wasm")]);
    }

    #[test]
    fn the_compiler_is_quoted_without_cargos_progress() {
        let said = "   Compiling my-router v0.1.0 (/p)\nerror[E0425]: cannot find value `x`\n --> src/lib.rs:1:1\n\n    \
                    Blocking waiting for file lock\nerror: could not compile `my-router`\n";
        let expected =
            "error[E0425]: cannot find value `x`\n --> src/lib.rs:1:1\n\nerror: could not compile `my-router`";
        assert_eq!(without_progress(said), expected);
    }
}
