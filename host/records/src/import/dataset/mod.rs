//! The original files of a dataset into queries, by its definition.

pub(super) mod content;
mod fields;
mod joins;
mod packed;
mod places;
mod render;
pub(super) mod rows;

use std::path::{Path, PathBuf};

use crate::definition::{DatasetDefinition, Split};
use crate::error::{Place, TableError};
use crate::ids::{QueryId, SplitName};
use crate::import::Progress;
use crate::import::dataset::content::Content;
use crate::import::dataset::fields::check_fields;
use crate::import::dataset::joins::Joins;
use crate::import::dataset::places::{Places, SourceFile};
use crate::import::dataset::render::Templates;
use crate::import::dataset::rows::{SourceRow, each_row};
use crate::import::output::{Output, refuse_full};
use crate::provenance::{Provenance, digest_bytes, own_tool};
use crate::queries::{QueryRow, group_key};

/// What is to be imported, and how strictly.
#[derive(Debug, Clone)]
pub struct DatasetOptions<'a> {
    /// The definition's text.
    pub definition: &'a str,
    /// What the definition is called in messages.
    pub definition_name: PathBuf,
    /// The split; the definition's default when none is named.
    pub split: Option<SplitName>,
    /// Takes a split of another length than the definition says.
    pub any_count: bool,
    /// Takes another file than the one whose digest the definition gives.
    pub any_digest: bool,
}

/// What an import of a dataset brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSummary {
    /// The folder with the table.
    pub folder: PathBuf,
    /// The dataset.
    pub dataset: String,
    /// The split.
    pub split: SplitName,
    /// How many queries it has.
    pub queries: usize,
    /// How many of them have a reference answer.
    pub with_ground_truth: usize,
}

/// Name of the definition in a folder of tables.
const DEFINITION_FILE: &str = "dataset.toml";
/// Rows between two reports of progress.
const REPORT_EVERY: u64 = 256;

/// Reads the original files of a dataset (`path`: a file, a folder or a zip archive) and writes `queries.parquet`, a copy
/// of the definition as `dataset.toml`, and last `manifest.json` into `out_dir`.
///
/// Files may be JSON (a list of objects, an object of lists, or one object), JSON Lines, CSV or Parquet, each as it is, packed
/// with gzip, or alone in a zip archive; what they are is seen by their content. A query's record index is its place
/// within the split, from 1.
///
/// # Errors
/// When the definition cannot be used, a file is missing or cannot be read, a row lacks a field or has one of another
/// kind, a template cannot be rendered, the split has another number of rows or its file another digest than the
/// definition says, or `out_dir` already holds a table. The message names file, row and field. Nothing is written then.
pub fn import_dataset(
    options: &DatasetOptions<'_>,
    path: &Path,
    out_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<DatasetSummary, TableError> {
    refuse_full(out_dir)?;
    if out_dir.join(DEFINITION_FILE).symlink_metadata().is_ok() {
        return Err(TableError::Taken { path: out_dir.to_owned(), file: DEFINITION_FILE.to_owned() });
    }
    let unusable = |reason: String| TableError::Settings { path: options.definition_name.clone(), reason };
    let definition = DatasetDefinition::parse(options.definition).map_err(unusable)?;
    let split = chosen(&definition, options.split.as_ref()).map_err(unusable)?;
    let templates = Templates::of(&definition, split).map_err(unusable)?;
    let places = Places::of(path, definition.join.is_empty())?;
    let files = files_of(&places, path, split)?;

    let mut provenance = Provenance::by(own_tool()).input("definition", digest_bytes(options.definition.as_bytes()));
    let mut import = Import {
        definition: &definition,
        split,
        templates,
        joins: Joins::new(&definition.join, &places),
        queries: Vec::new(),
    };
    for file in &files {
        let mut content = Content::open(file)?;
        let digest = content.digest()?;
        if let Some(expected) = split.sha256.as_ref().filter(|expected| **expected != digest && !options.any_digest) {
            let (path, expected) = (file.path.clone(), expected.clone());
            return Err(TableError::SplitDigest { path, found: digest, expected });
        }
        provenance = provenance.input(file.relative(), digest);
        import.file(file, &mut content, progress)?;
    }
    for (name, digest) in import.joins.digests() {
        provenance = provenance.input(name, digest);
    }
    let queries = import.queries;
    let found = queries.len() as u64;
    if let Some(expected) = split.rows.filter(|expected| *expected != found && !options.any_count) {
        let split = split.name.to_string();
        return Err(TableError::SplitCount { path: path.to_owned(), split, found, expected });
    }
    if queries.is_empty() {
        return Err(TableError::NoRows { path: path.to_owned() });
    }

    let mut output = Output::begin(out_dir, provenance)?;
    output.table(&queries)?;
    output.unlisted(DEFINITION_FILE, options.definition)?;
    output.finish()?;
    Ok(DatasetSummary {
        folder: out_dir.to_owned(),
        dataset: definition.name.clone(),
        split: split.name.clone(),
        queries: queries.len(),
        with_ground_truth: queries.iter().filter(|query| query.ground_truth.is_some()).count(),
    })
}

/// The split that is asked for, or the default one, or the only one.
fn chosen<'a>(definition: &'a DatasetDefinition, wanted: Option<&SplitName>) -> Result<&'a Split, String> {
    let names: Vec<String> = definition.split.iter().map(|split| format!("`{}`", split.name)).collect();
    let names = names.join(", ");
    match (wanted, definition.split.as_slice()) {
        (_, []) => Err("no split; add a `[[split]]` with a `name` and `files`".to_owned()),
        (Some(wanted), splits) => splits
            .iter()
            .find(|split| split.name == *wanted)
            .ok_or_else(|| format!("there is no split `{wanted}`, expected one of {names}")),
        (None, [only]) => Ok(only),
        (None, splits) => splits
            .iter()
            .find(|split| split.default)
            .ok_or_else(|| format!("no split is the default one; name one of {names} with `--split`")),
    }
}

/// The files of a split, in their order. A single file that is given by its path is taken whatever its name.
fn files_of<'a>(places: &'a Places, path: &Path, split: &Split) -> Result<Vec<&'a SourceFile>, TableError> {
    if let Some(only) = places.only() {
        if split.files.len() > 1 {
            let reason = format!("the split `{}` has several files; name the folder that holds them", split.name);
            return Err(TableError::Settings { path: path.to_owned(), reason });
        }
        return Ok(vec![only]);
    }
    let mut files = Vec::new();
    for pattern in &split.files {
        let found = places.find(pattern)?;
        if found.is_empty() {
            let (file, split) = (pattern.clone(), split.name.to_string());
            return Err(TableError::NoSplitFile { path: path.to_owned(), file, split });
        }
        files.extend(found);
    }
    Ok(files)
}

/// An import under way.
struct Import<'a> {
    definition: &'a DatasetDefinition,
    split: &'a Split,
    templates: Templates,
    joins: Joins<'a>,
    queries: Vec<QueryRow>,
}

impl Import<'_> {
    fn file(
        &mut self,
        file: &SourceFile,
        content: &mut Content,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), TableError> {
        let definition = self.definition;
        each_row(content, Some(&definition.fields), &mut |row| {
            self.row(file, row)?;
            let rows_done = self.queries.len() as u64;
            if rows_done.is_multiple_of(REPORT_EVERY) {
                progress(Progress { rows_done, rows_total: self.split.rows.unwrap_or(rows_done) });
            }
            Ok(())
        })
    }

    fn row(&mut self, file: &SourceFile, row: SourceRow) -> Result<(), TableError> {
        let SourceRow { place, object, all_text } = row;
        let wrong =
            |(column, reason): (String, String)| TableError::Value { path: file.path.clone(), place, column, reason };
        let mut fields = check_fields(&self.definition.fields, object, all_text).map_err(wrong)?;
        let seen = self.templates.context(&fields, file);
        if !self.templates.holds(&seen).map_err(wrong)? {
            return Ok(());
        }
        self.joins.add(&self.templates, &mut fields, file, place)?;
        let rendered = self.templates.render(&self.templates.context(&fields, file)).map_err(wrong)?;
        let record_index = self.queries.len() as u64 + 1;
        let (dataset, split) = (&self.definition.name, &self.split.name);
        let query_id = QueryId::new(dataset, split, record_index)
            .map_err(|error| wrong(("name".to_owned(), error.to_string())))?;
        self.queries.push(QueryRow {
            query_id,
            dataset: dataset.as_str().into(),
            split: split.clone(),
            record_index,
            group_key: group_key(&rendered.group),
            origin_query: rendered.origin_query,
            prompt: rendered.prompt,
            ground_truth: rendered.ground_truth,
            metadata: rendered.metadata,
        });
        Ok(())
    }
}

/// A complaint about a whole row.
fn wrong_row(path: &Path, place: Place, reason: impl Into<String>) -> TableError {
    TableError::Row { path: path.to_owned(), place, reason: reason.into() }
}
