//! Why a plugin could not be built, in words that say what to change.

use std::io;
use std::path::{Path, PathBuf};

/// Why a plugin could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The machine has nothing that compiles for `wasm32-unknown-unknown`.
    #[error("no Rust toolchain for wasm32-unknown-unknown was found{}\n{INSTALL}", list(.tried))]
    NoToolchain {
        /// What was looked at, and what it lacks.
        tried: Vec<String>,
    },
    /// The machine has no `componentize-py` of the version that is used.
    #[error(
        "componentize-py {wanted}, which makes components of Python, was not found{}\nInstall it in the checkout:\n  \
         python3 -m venv target/python && target/python/bin/pip install componentize-py=={wanted}\nor name one by \
         ROUTERLAB_COMPONENTIZE_PY",
        list(.tried)
    )]
    NoPythonTools {
        /// The version that is needed.
        wanted: String,
        /// What was looked at, and what is wrong with it.
        tried: Vec<String>,
    },
    /// `pyproject.toml` does not say what to build.
    #[error("{}: `pyproject.toml`: {output}", .folder.display())]
    PythonManifest {
        /// What was asked for.
        folder: PathBuf,
        /// What is wrong.
        output: String,
    },
    /// Examples were asked for of a plugin that is not written in Rust.
    #[error("{}: a Python plugin has no examples; leave `--examples` out", .folder.display())]
    NoPythonExample {
        /// What was asked for.
        folder: PathBuf,
    },
    /// The folder does not exist.
    #[error("no such folder: {}", .folder.display())]
    NoFolder {
        /// What was asked for.
        folder: PathBuf,
    },
    /// Nothing in the folder says in which language the plugin is written.
    #[error("{}: no plugin is here, because there is neither a `Cargo.toml` nor a `pyproject.toml`", .folder.display())]
    NotASource {
        /// What was asked for.
        folder: PathBuf,
    },
    /// The folder is a workspace of several packages.
    #[error("{}: this `Cargo.toml` names no package; build one of the workspace's folders", .folder.display())]
    NoPackage {
        /// What was asked for.
        folder: PathBuf,
    },
    /// The package has no library, which is what becomes the component.
    #[error("{}: the package has no library; put the plugin's source into `src/lib.rs`", .folder.display())]
    NoLibrary {
        /// What was asked for.
        folder: PathBuf,
    },
    /// Examples were asked for and none makes a file that a sandbox could run.
    #[error(
        "{}: the package has no example that is a cdylib; add\n  [[example]]\n  name = \"NAME\"\n  crate-type = \
         [\"cdylib\"]",
        .folder.display()
    )]
    NoExample {
        /// What was asked for.
        folder: PathBuf,
    },
    /// The folder has no name that a component could have.
    #[error("{}: the component is named after this folder; give it a name in UTF-8", .folder.display())]
    NoName {
        /// What was asked for.
        folder: PathBuf,
    },
    /// Cargo ended well and spoke of no module.
    #[error("{}: the compiler made no WebAssembly module", .folder.display())]
    NoModule {
        /// What was asked for.
        folder: PathBuf,
    },
    /// The manifest cannot be read; the words are cargo's.
    #[error("{}: `Cargo.toml` cannot be read\n{output}", .folder.display())]
    Manifest {
        /// What was asked for.
        folder: PathBuf,
        /// What cargo said.
        output: String,
    },
    /// The source does not compile; the words are the compiler's.
    #[error("{}: does not compile\n{output}", .folder.display())]
    Compile {
        /// What was asked for.
        folder: PathBuf,
        /// What the compiler said, as it rendered it.
        output: String,
    },
    /// What was compiled exports neither a router nor an evaluator.
    #[error(
        "{name}: exports neither a router nor an evaluator; end its source with `export_router!(Type);` or \
         `export_evaluator!(Type);` from `routerlab_sdk`"
    )]
    NotAPlugin {
        /// The component's name.
        name: String,
    },
    /// What was compiled cannot be made a component.
    #[error("{name}: cannot be made a component: {reason}")]
    Encode {
        /// The component's name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A program of the toolchain cannot be started or understood.
    #[error("{program}: {reason}")]
    Program {
        /// What was run.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BuildError {
    /// For `map_err` on work with a file.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    pub(super) fn program(program: impl Into<String>, reason: impl ToString) -> Self {
        Self::Program { program: program.into(), reason: reason.to_string() }
    }
}

/// Both ways to a toolchain.
const INSTALL: &str = "\
Install one, in either way:
  with rustup:          rustup target add wasm32-unknown-unknown
  on Debian or Ubuntu:  apt-get install rustc-web cargo-web rust-web-src lld-19";

fn list(tried: &[String]) -> String {
    tried.iter().map(|line| format!("\n  {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::BuildError;

    #[test]
    fn errors_say_what_to_change() {
        let folder = || "my-router".into();
        let cases = [
            (
                BuildError::NoToolchain { tried: vec!["rustc 1.95.0 (rustc): no standard library".into()] },
                "no Rust toolchain for wasm32-unknown-unknown was found\n  rustc 1.95.0 (rustc): no standard library\n\
                 Install one, in either way:\n  with rustup:          rustup target add wasm32-unknown-unknown\n  \
                 on Debian or Ubuntu:  apt-get install rustc-web cargo-web rust-web-src lld-19",
            ),
            (
                BuildError::NoLibrary { folder: folder() },
                "my-router: the package has no library; put the plugin's source into `src/lib.rs`",
            ),
            (
                BuildError::NoExample { folder: folder() },
                "my-router: the package has no example that is a cdylib; add\n  [[example]]\n  name = \"NAME\"\n  \
                 crate-type = [\"cdylib\"]",
            ),
            (
                BuildError::NotASource { folder: folder() },
                "my-router: no plugin is here, because there is neither a `Cargo.toml` nor a `pyproject.toml`",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.to_string(), expected);
        }
    }
}
