//! `routerlab import dataset`: the original files of a dataset into queries.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use routerlab_records::definition::{DatasetDefinition, SHIPPED, shipped};
use routerlab_records::import::{DatasetOptions, Progress, import_dataset};

use crate::exit::{Ended, print};

/// The original files of a dataset as queries, ready to be asked.
///
/// Reads JSON, JSON Lines, CSV and Parquet, each as it is, packed with gzip, or in a zip archive. How rows become queries
/// is said by a definition; those of many datasets ship with the program.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab import dataset --list\n  routerlab import dataset mmlupro mmlupro-files --out my-mmlupro\n  routerlab import dataset own own.csv --definition own.toml --out my-own"
)]
pub(super) struct Dataset {
    /// The dataset, as `--list` names it
    #[arg(value_name = "ID", required_unless_present = "list")]
    id: Option<String>,
    /// Its files: a file, a folder or a zip archive
    #[arg(value_name = "PATH", required_unless_present = "list")]
    path: Option<PathBuf>,
    /// The data folder to make
    #[arg(long, value_name = "DIR", required_unless_present = "list")]
    out: Option<PathBuf>,
    /// The part of the dataset [default: the one that the definition names]
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// A definition of your own, whose `name` is ID
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// Take a split of another length than the definition says
    #[arg(long)]
    any_count: bool,
    /// Take another file than the one that the definition knows by its digest
    #[arg(long)]
    any_digest: bool,
    /// Show the datasets that ship with the program
    #[arg(long, conflicts_with_all = ["id", "path", "out", "split", "definition", "any_count", "any_digest"])]
    list: bool,
}

impl Dataset {
    pub(super) fn execute(self, watch: &mut dyn FnMut(Progress)) -> anyhow::Result<Ended> {
        let (Some(id), Some(path), Some(out)) = (self.id, self.path, self.out) else {
            print(&list()?)?;
            return Ok(Ended::Done);
        };
        let own = match &self.definition {
            None => None,
            Some(file) => {
                Some(std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?)
            }
        };
        let (definition, definition_name) = match (&own, &self.definition) {
            (Some(text), Some(file)) => (text.as_str(), file.clone()),
            _ => match shipped(&id) {
                Some(text) => (text, PathBuf::from(format!("{id}.toml"))),
                None => bail!(
                    "there is no dataset `{id}`; see `routerlab import dataset --list`, or give a `--definition` of your own"
                ),
            },
        };
        if let Ok(read) = DatasetDefinition::parse(definition)
            && read.name != id
        {
            bail!("`{}` defines `{}`, not `{id}`", definition_name.display(), read.name);
        }
        let options = DatasetOptions {
            definition,
            definition_name,
            split: self.split.as_deref().map(Into::into),
            any_count: self.any_count,
            any_digest: self.any_digest,
        };
        let summary = import_dataset(&options, &path, &out, watch)?;
        let without = summary.queries - summary.with_ground_truth;
        eprintln!("imported {} queries of `{}`, split `{}`", summary.queries, summary.dataset, summary.split);
        if without > 0 {
            eprintln!("note: {without} queries have no reference answer");
        }
        print(&format!("{}\n", summary.folder.display()))?;
        Ok(Ended::Done)
    }
}

/// The shipped datasets: id, splits with their lengths, licence.
fn list() -> anyhow::Result<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table.set_header(["dataset", "splits and queries", "shots", "licence", "description"]);
    for (id, text) in SHIPPED {
        let definition = DatasetDefinition::parse(text).map_err(|reason| anyhow::anyhow!("`{id}.toml`: {reason}"))?;
        let splits: Vec<String> = definition
            .split
            .iter()
            .map(|split| match split.rows {
                Some(rows) => format!("{} {rows}", split.name),
                None => split.name.to_string(),
            })
            .collect();
        let shots = definition.shots.count.to_string();
        table.add_row([(*id).to_owned(), splits.join(", "), shots, definition.licence, definition.description]);
    }
    Ok(format!("{table}\n"))
}
