//! RouterEval's data (arXiv 2503.10657): prompts and the scores of many models on them, without answers and costs.
//!
//! The release is pickles. As JSON they have one of two forms: a *router dataset* (`easy` and `hard` pools of 3 to 1,000
//! models over one benchmark, with prompts and embeddings in three parts), or a *leaderboard* (all models on all tasks,
//! prompts in a file of their own).

mod read;
mod seeds;
mod tables;

use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::ids::EncoderName;
use crate::import::ImportSummary;
use crate::import::output::{Output, refuse_full};
use crate::import::routereval::read::Document;
use crate::import::routereval::tables::Tables;
use crate::pool::Pool;
use crate::provenance::{Provenance, digest_file, own_tool};

/// Which records of a file are taken.
#[derive(Debug, Clone, Default)]
pub struct RouterEvalOptions {
    /// The pool of a router dataset, such as `easy/5/strong_to_weak`. May be left out where there is one.
    pub pool: Option<String>,
    /// What a router dataset is called; where nothing is said, as its file, without ending and `_router_dataset`.
    pub dataset: Option<String>,
    /// The prompts of a leaderboard.
    pub prompts: Option<PathBuf>,
    /// The tasks of a leaderboard that are taken; all where none is named.
    pub tasks: Vec<String>,
    /// The models that are taken; all where none is named.
    pub models: Vec<String>,
    /// What made the embeddings of a router dataset.
    pub encoder: Option<EncoderName>,
}

/// Imports a router dataset or a leaderboard of RouterEval into `queries`, `outcomes`, where there are any `embeddings`,
/// `pool.toml` and `manifest.json` of `out_dir`.
///
/// The parts of a router dataset (`train`, `val`, `test`) are the splits of its queries; those of a leaderboard are all
/// `test`, and its tasks are the datasets. A score that is no number is no record of that model and query. There are no
/// costs: they are unknown.
///
/// # Errors
/// When a file is a pickle or cannot be read as one of the two forms, lists are of different lengths, a score is not from 0
/// to 1, a name that was chosen is not there, or `out_dir` already holds a table. The message names file and field. Nothing
/// is written then.
pub fn import_routereval(
    file: &Path,
    options: &RouterEvalOptions,
    out_dir: &Path,
) -> Result<ImportSummary, TableError> {
    refuse_full(out_dir)?;
    let mut provenance = Provenance::by(own_tool()).input(file.display().to_string(), digest_file(file)?);
    if let Some(prompts) = &options.prompts {
        provenance = provenance.input(prompts.display().to_string(), digest_file(prompts)?);
    }
    let tables = match Document::read(file, options)? {
        Document::RouterDataset(found) => {
            if let Some(pool) = &found.pool {
                provenance = provenance.value("pool", pool);
            }
            Tables::of_router_dataset(file, &found, options)?
        }
        Document::Leaderboard(found) => Tables::of_leaderboard(&found)?,
    };
    if tables.outcomes.is_empty() {
        return Err(TableError::NoRows { path: file.to_owned() });
    }
    let embedding_width = tables.embeddings.first().and_then(|row| row.embedding.as_ref()).map(Vec::len);
    let mut output = Output::begin(out_dir, provenance)?;
    output.table(&tables.queries)?;
    output.table(&tables.outcomes)?;
    if embedding_width.is_some() {
        output.table(&tables.embeddings)?;
    }
    output.pool(&Pool::of(&tables.models, None))?;
    output.finish()?;
    let mut notes = vec!["costs are unknown: RouterEval has scores only".to_owned()];
    let pairs = tables.queries.len() * tables.models.len();
    if pairs > tables.outcomes.len() {
        let missing = pairs - tables.outcomes.len();
        notes.push(format!("{missing} of {pairs} pairs of query and model have no score and so no record"));
    }
    Ok(ImportSummary {
        folder: out_dir.to_owned(),
        rows: tables.outcomes.len() as u64,
        queries: tables.queries.len(),
        models: tables.models.len(),
        datasets: tables.datasets,
        embedding_width,
        notes,
    })
}
