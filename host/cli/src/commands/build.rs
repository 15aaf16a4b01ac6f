//! `routerlab build`: from a plugin's source folder to a component.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use routerlab_plugin::build::{BuildOptions, Language, PythonTools, Toolchain, build_plugin, build_python_plugin};

use crate::exit::{Ended, print};

/// Turn a plugin's source folder into a component.
///
/// Finds a wasm32 toolchain, or componentize-py for a plugin in Python, by itself and says which one it uses, or what to
/// install when there is none. Prints the path of every component it made.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab build plugins/routers/knn --out target/components")]
pub(crate) struct Build {
    /// Source folders, each with a Cargo.toml or a pyproject.toml
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Folder for the components [default: `components` in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build the package's examples instead of its library
    #[arg(long)]
    examples: bool,
}

impl Build {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        if let (Some(out), false) = (&self.out, self.examples) {
            refuse_equal_names(&self.folders, out)?;
        }
        let is_python = |folder: &PathBuf| Language::of(folder) == Language::Python;
        // Each is looked for, and missed, only where it is needed.
        let rust = match self.folders.iter().all(is_python) {
            true => None,
            false => Some(announced(Toolchain::find()?)),
        };
        let python = match self.folders.iter().find(|folder| is_python(folder)) {
            Some(folder) => Some(announced(PythonTools::find(folder)?)),
            None => None,
        };
        for folder in &self.folders {
            let mut say = |line: &str| eprintln!("{line}");
            let options = BuildOptions {
                progress: Some(&mut say),
                out: self.out.clone(),
                examples: self.examples,
                ..BuildOptions::default()
            };
            let built = match (&rust, &python) {
                (_, Some(tools)) if is_python(folder) => vec![build_python_plugin(tools, folder, options)?],
                (Some(toolchain), _) => build_plugin(toolchain, folder, options)?,
                (None, _) => Vec::new(),
            };
            for component in built {
                eprintln!("{}: {} bytes, sha-256 {}", component.name, component.bytes, &component.digest[..16]);
                print(&format!("{}\n", component.path.display()))?;
            }
        }
        Ok(Ended::Done)
    }
}

/// Says what is used.
fn announced<T: std::fmt::Display>(tools: T) -> T {
    eprintln!("building with {tools}");
    tools
}

/// Components are named after their folders, so of two with the same name the second would take the place of the first.
fn refuse_equal_names(folders: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    let mut folder_of: BTreeMap<OsString, &Path> = BTreeMap::new();
    for folder in folders {
        // `.` has a name too. A folder that is not there is for the builder to name.
        let Ok(whole) = folder.canonicalize() else { continue };
        let Some(name) = whole.file_name() else { continue };
        if let Some(other) = folder_of.insert(name.to_owned(), folder) {
            let file = out.join(name).with_added_extension("wasm");
            bail!(
                "`{}` and `{}` would both become `{}`; rename one of the folders, or build them one by one with another `--out`",
                other.display(),
                folder.display(),
                file.display()
            );
        }
    }
    Ok(())
}
