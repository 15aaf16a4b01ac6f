//! `routerlab build`: from a plugin's source folder to a component.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use clap::Args;
use routerlab_plugin::build::{BuildOptions, Toolchain, build_plugin};

use crate::exit::{Ended, print};

/// Turn a plugin's source folder into a component.
///
/// Finds a wasm32 toolchain by itself and says which one it uses, or what to install when there is none. Prints the path
/// of every component it made.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab build plugins/routers/knn --out target/components")]
pub(crate) struct Build {
    /// Source folders, each with a Cargo.toml
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Folder for the components [default: `components` in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also build the package's examples
    #[arg(long)]
    examples: bool,
}

impl Build {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let toolchain = Toolchain::find()?;
        eprintln!("building with {toolchain}");
        for folder in &self.folders {
            let mut say = |line: &str| eprintln!("{line}");
            let options = BuildOptions {
                progress: Some(&mut say),
                out: self.out.clone(),
                examples: self.examples,
                ..BuildOptions::default()
            };
            for component in build_plugin(&toolchain, folder, options)? {
                eprintln!("{}: {} bytes, sha-256 {}", component.name, component.bytes, &component.digest[..16]);
                print(&format!("{}\n", component.path.display()))?;
            }
        }
        Ok(Ended::Done)
    }
}
