//! `routerlab inspect`: what a table or a component says about itself.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use routerlab_plugin::{
    CallOptions, Called, ComponentFile, EvaluatorPlugin, Limits, Role, RouterPlugin, on_plugin_thread, plain,
};
use serde_json::{Value, json};

use crate::exit::{Ended, print};

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
    /// Print a JSON list with one object for each file
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let mut all = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let is_table = file.extension().is_some_and(|extension| extension == "parquet");
            let about = if is_table { table(file)? } else { component(file)? };
            let name = file.display().to_string();
            match self.json {
                true => {
                    let known = about.into_iter().map(|(key, value)| (key.replace(' ', "_"), value));
                    all.push(Value::Object([("file".to_owned(), json!(name))].into_iter().chain(known).collect()));
                }
                false => print(&as_text(&name, &about))?,
            }
        }
        if self.json {
            print(&format!("{}\n", serde_json::to_string_pretty(&all)?))?;
        }
        Ok(Ended::Done)
    }
}

/// What is known about a file, in the order in which a person wants it.
type About = Vec<(&'static str, Value)>;

/// A heading and a line for each thing that is known; what comes from a stranger is stripped of terminal escapes.
fn as_text(file: &str, about: &About) -> String {
    let line = |value: &Value| match value {
        Value::String(words) => plain(words),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    };
    let mut text = format!("{file}:\n");
    for (name, value) in about {
        match value {
            Value::Array(values) => {
                values.iter().for_each(|value| text.push_str(&format!("  {name}: {}\n", line(value))));
            }
            Value::Object(values) => {
                values.iter().for_each(|(of, value)| text.push_str(&format!("  {name} {of}: {}\n", line(value))));
            }
            value => text.push_str(&format!("  {name}: {}\n", line(value))),
        }
    }
    text
}

fn table(path: &Path) -> anyhow::Result<About> {
    let about = routerlab_records::about_table(path)?;
    Ok(vec![
        ("table", json!(about.schema_id.to_string())),
        ("rows", json!(about.rows)),
        ("made by", json!(about.provenance.tool)),
        ("made from", json!(about.provenance.inputs)),
        ("with", json!(about.provenance.values)),
    ])
}

fn component(path: &Path) -> anyhow::Result<About> {
    let limits = Limits::default();
    let file = ComponentFile::read(path, &limits)?;
    let mut known = vec![
        ("role", json!(file.role.interface())),
        ("sha-256", json!(file.digest)),
        ("bytes", json!(file.size_bytes())),
        ("contract", json!(format!("routerlab:plugin {}", file.contract_version))),
        ("imports", json!(file.imports)),
        ("exports", json!(file.exports)),
    ];
    let sandbox = super::sandbox(&limits)?;
    let options = CallOptions::default();
    known.extend(match file.role {
        Role::Router | Role::SequentialRouter => {
            let plugin = RouterPlugin::from_file(&sandbox, &file)?;
            let said = on_plugin_thread(limits.stack_bytes, |thread| plugin.describe(&options, thread))?;
            let said = answered(said)?;
            let needs: Vec<_> = [
                ("prompts", said.needs_prompts),
                ("embeddings", said.needs_embeddings),
                ("answers", said.needs_answers),
                ("groups", said.needs_groups),
            ]
            .into_iter()
            .filter_map(|(name, needed)| needed.then_some(name))
            .collect();
            vec![
                ("name", json!(said.name)),
                ("version", json!(said.version)),
                ("needs", json!(if needs.is_empty() { vec!["nothing"] } else { needs })),
                ("cost-aware", json!(said.cost_aware)),
                ("configuration", json!(said.config_schema)),
            ]
        }
        Role::Evaluator => {
            let plugin = EvaluatorPlugin::from_file(&sandbox, &file)?;
            let said = on_plugin_thread(limits.stack_bytes, |thread| plugin.describe(&options, thread))?;
            let said = answered(said)?;
            vec![
                ("name", json!(said.name)),
                ("version", json!(said.version)),
                ("needs", json!(if said.needs_judge { vec!["a judge"] } else { vec!["nothing"] })),
                ("store for every item", json!(said.per_item)),
                ("configuration", json!(said.config_schema)),
            ]
        }
    });
    Ok(known)
}

fn answered<T>(called: Called<T>) -> anyhow::Result<T> {
    called.result.context("the component does not say what it is")
}
