//! `routerlab inspect`: what a table or a component says about itself.
#![allow(clippy::print_stdout, reason = "data goes to stdout")]

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use routerlab_plugin::{
    CallOptions, Called, ComponentFile, EvaluatorPlugin, Limits, Role, RouterPlugin, on_plugin_thread,
};

use crate::exit::Ended;

/// Show what a component or a table says about itself.
///
/// For a component: role, digest, imports and exports, and what it answers to `describe`. For a table: schema, rows and
/// what it was made from.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab inspect target/components/knn.wasm datasets/starter/queries.parquet")]
pub(crate) struct Inspect {
    /// Components and tables
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Inspect {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        for file in &self.files {
            let is_table = file.extension().is_some_and(|extension| extension == "parquet");
            let text = if is_table { table(file)? } else { component(file)? };
            print!("{}:\n{text}", file.display());
        }
        Ok(Ended::Done)
    }
}

fn table(path: &Path) -> anyhow::Result<String> {
    let about = routerlab_records::about_table(path)?;
    let mut text =
        format!("  table: {}\n  rows: {}\n  made by: {}\n", about.schema_id, about.rows, about.provenance.tool);
    for (name, digest) in &about.provenance.inputs {
        text.push_str(&format!("  made from {name}: {digest}\n"));
    }
    for (name, value) in &about.provenance.values {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    Ok(text)
}

fn component(path: &Path) -> anyhow::Result<String> {
    let limits = Limits::default();
    let file = ComponentFile::read(path, &limits)?;
    let mut text =
        format!("  role: {}\n  sha-256: {}\n  bytes: {}\n", file.role.interface(), file.digest, file.size_bytes());
    text.push_str(&format!("  contract: routerlab:plugin {}\n", file.contract_version));
    for import in &file.imports {
        text.push_str(&format!("  imports: {import}\n"));
    }
    let sandbox = super::sandbox(&limits)?;
    let options = CallOptions::default();
    let described = match file.role {
        Role::Router => {
            let plugin = RouterPlugin::from_file(&sandbox, &file)?;
            let said = on_plugin_thread(limits.stack_bytes, |thread| plugin.describe(&options, thread))?;
            let said = answered(said)?;
            let needs: Vec<_> = [("prompts", said.needs_prompts), ("embeddings", said.needs_embeddings)]
                .into_iter()
                .filter_map(|(name, needed)| needed.then_some(name))
                .collect();
            format!(
                "  name: {} {}\n  needs: {}\n  cost-aware: {}\n  configuration: {}\n",
                said.name,
                said.version,
                if needs.is_empty() { "nothing".into() } else { needs.join(", ") },
                if said.cost_aware { "yes" } else { "no" },
                said.config_schema
            )
        }
        Role::Evaluator => {
            let plugin = EvaluatorPlugin::from_file(&sandbox, &file)?;
            let said = on_plugin_thread(limits.stack_bytes, |thread| plugin.describe(&options, thread))?;
            let said = answered(said)?;
            format!("  name: {} {}\n  configuration: {}\n", said.name, said.version, said.config_schema)
        }
        Role::SequentialRouter => "  (sequential routers can be inspected, but not run by this version)\n".into(),
    };
    text.push_str(&described);
    Ok(text)
}

fn answered<T>(called: Called<T>) -> anyhow::Result<T> {
    called.result.context("the component does not say what it is")
}
