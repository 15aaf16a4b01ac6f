//! Near-duplicates: queries that must not be divided between training and test, because who has seen one has seen the
//! other.
//!
//! Two queries are joined when their texts are equal, when they share at least 0.8 of their word 5-shingles (found by
//! MinHash, then computed exactly), or when the cosine of their embeddings is at least 0.97. Connected components are
//! groups, also across datasets. Compared is the dataset's own question without what most questions of the dataset have in
//! common, so that a template does not make a group of a whole dataset.

mod components;
mod cosine;
mod minhash;
mod shingles;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use routerlab_kernels::Threads;
use routerlab_records::import::Manifest;
use routerlab_records::{
    GROUPS_FILE, GroupRow, NEAR_DUPLICATES_FILE, NearDuplicateRow, Provenance, QueryRow, Row, digest_embeddings,
    digest_file, find_embeddings, read_embeddings, read_table, write_table,
};

use crate::boilerplate::Boilerplate;
use crate::duplicates::components::Components;
use crate::duplicates::cosine::Directions;
use crate::duplicates::shingles::Shingles;
use crate::error::BenchError;
use crate::results::TOOL;

/// What counts as nearly the same.
#[derive(Debug, Clone)]
pub struct DuplicateOptions {
    /// Least share of common shingles, above 0 and at most 1.
    pub jaccard: f64,
    /// Least cosine of embeddings, above -1 and at most 1; none to leave embeddings out.
    pub cosine: Option<f64>,
    /// The embeddings, relative to the folder; otherwise the only ones that the folder has, if it has any.
    pub embeddings_file: Option<PathBuf>,
    /// Whether groups that are there are made anew.
    pub replace: bool,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self { jaccard: 0.8, cosine: Some(0.97), embeddings_file: None, replace: false }
    }
}

/// What was joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicates {
    /// The group of every query, by id.
    pub groups: Vec<GroupRow>,
    /// The pairs that joined them, by id.
    pub joined: Vec<NearDuplicateRow>,
    /// By dataset, in byte order.
    pub datasets: Vec<DatasetDuplicates>,
    /// The largest groups of more than one query: how many queries, and the ids of some; at most ten groups.
    pub largest: Vec<(usize, Vec<String>)>,
    /// How many queries have an embedding that was compared; none where embeddings were left out or are not there.
    pub embedded: Option<usize>,
}

/// What was joined in one dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetDuplicates {
    /// The dataset.
    pub dataset: String,
    /// Its queries.
    pub queries: usize,
    /// Groups that its queries are in.
    pub groups: usize,
    /// Its queries that share a group with another query.
    pub joined: usize,
    /// Those of them that share it with a query of another dataset.
    pub across: usize,
    /// Its queries in its largest group.
    pub largest: usize,
}

/// Finds near-duplicates among the queries of a data folder and writes `groups.parquet` and `near_duplicates.parquet`
/// there; experiments on the folder keep groups together from then on.
///
/// # Errors
/// When the folder has no queries, has groups already and they are not to be replaced, embeddings cannot be read, or a
/// threshold makes no sense. Nothing is written then.
pub fn find_duplicates(
    folder: &Path,
    options: &DuplicateOptions,
    threads: Threads,
    watch: &mut dyn FnMut(f64),
) -> Result<Duplicates, BenchError> {
    let fail = |reason: String| BenchError::Data { path: folder.to_owned(), reason };
    check(options).map_err(fail)?;
    if !options.replace && folder.join(GROUPS_FILE).symlink_metadata().is_ok() {
        return Err(fail(format!("there is a `{GROUPS_FILE}` already; `--replace` makes it anew")));
    }
    let path = folder.join("queries.parquet");
    let mut provenance = Provenance::by(TOOL)
        .input("queries", digest_file(&path)?)
        .value("text", "origin_query without boiler-plate")
        .value("jaccard", options.jaccard);
    let queries = read_table::<QueryRow>(&path)?.rows;
    let mut directions = None;
    if let Some(least) = options.cosine {
        let embeddings = match &options.embeddings_file {
            Some(file) => Some(folder.join(file)),
            None => find_embeddings(folder)?,
        };
        if let Some(path) = embeddings {
            provenance = provenance.input("embeddings", digest_embeddings(&path)?).value("cosine", least);
            directions = directions_of(&queries, &path)?.map(|directions| (least, directions));
        }
    }
    let found = search(&queries, options.jaccard, directions.as_ref(), threads, watch).map_err(fail)?;
    write_table(&folder.join(GROUPS_FILE), &found.groups, &provenance)?;
    write_table(&folder.join(NEAR_DUPLICATES_FILE), &found.joined, &provenance)?;
    Manifest::refresh(folder, &[], &[GROUPS_FILE, NEAR_DUPLICATES_FILE])?;
    Ok(found)
}

fn check(options: &DuplicateOptions) -> Result<(), String> {
    let DuplicateOptions { jaccard, cosine, .. } = options;
    if !(*jaccard > 0.0 && *jaccard <= 1.0) {
        return Err(format!("a share of common shingles lies above 0 and up to 1, not at {jaccard}"));
    }
    match cosine {
        Some(cosine) if !(*cosine > -1.0 && *cosine <= 1.0) => {
            Err(format!("a cosine lies above -1 and up to 1, not at {cosine}"))
        }
        _ => Ok(()),
    }
}

fn directions_of(queries: &[QueryRow], path: &Path) -> Result<Option<Directions>, BenchError> {
    let table = read_embeddings(path)?;
    let vectors: HashMap<&str, &[f32]> = table
        .rows
        .iter()
        .filter_map(|row| row.embedding.as_deref().map(|vector| (row.query_id.as_str(), vector)))
        .collect();
    let of_query = |query: &QueryRow| vectors.get(query.query_id.as_str()).copied();
    Directions::new(queries.iter().map(of_query))
        .map_err(|error| BenchError::Data { path: path.to_owned(), reason: error.to_string() })
}

/// The questions without what most questions of their dataset share.
fn stripped(queries: &[QueryRow]) -> Vec<String> {
    let mut of_dataset: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for query in queries {
        of_dataset.entry(&query.dataset).or_default().push(&query.origin_query);
    }
    let found: BTreeMap<&str, Boilerplate> =
        of_dataset.into_iter().map(|(dataset, texts)| (dataset, Boilerplate::of(texts))).collect();
    queries.iter().map(|query| found[query.dataset.as_str()].strip(&query.origin_query)).collect()
}

fn search(
    queries: &[QueryRow],
    jaccard: f64,
    directions: Option<&(f64, Directions)>,
    threads: Threads,
    watch: &mut dyn FnMut(f64),
) -> Result<Duplicates, String> {
    let texts: Vec<Shingles> = stripped(queries).iter().map(|text| Shingles::of(text)).collect();
    let mut components = Components::new(queries.len());
    // Equal prompts, and equal questions, whatever words they have.
    let same_key = equal(queries, |query| &query.group_key);
    let mut joined: Vec<(usize, usize)> = same_key;
    joined.extend(equal(queries, |query| &query.origin_query));
    joined.retain(|(one, other)| components.join(*one, *other));
    minhash::candidates(&texts, |one, other| {
        let apart = components.of(one) != components.of(other);
        if apart && texts[one].jaccard(&texts[other]) >= jaccard {
            components.join(one, other);
            joined.push((one, other));
        }
    });
    watch(if directions.is_some() { 0.1 } else { 1.0 });
    if let Some((least, directions)) = directions {
        let each = |one: usize, other: usize| {
            if components.join(one, other) {
                joined.push((one, other));
            }
        };
        let done = |share: f64| watch(0.1 + 0.9 * share);
        directions.pairs(*least, threads, each, done).map_err(|error| error.to_string())?;
    }
    let row = |(one, other): &(usize, usize)| {
        let (first, second) = (&queries[*one].query_id, &queries[*other].query_id);
        let (first, second) = if first <= second { (first, second) } else { (second, first) };
        NearDuplicateRow {
            query_id: first.clone(),
            other_query_id: second.clone(),
            jaccard: texts[*one].jaccard(&texts[*other]),
            cosine: directions.and_then(|(_, directions)| directions.cosine(*one, *other)),
        }
    };
    let mut joined: Vec<NearDuplicateRow> = joined.iter().map(row).collect();
    joined.sort_by(Row::compare_keys);
    let embedded = directions.map(|(_, directions)| directions.count());
    Ok(summed(queries, &mut components, joined, embedded))
}

/// Each query with the one before it that has the same value.
fn equal<'a>(queries: &'a [QueryRow], value: impl Fn(&'a QueryRow) -> &'a String) -> Vec<(usize, usize)> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for (at, query) in queries.iter().enumerate() {
        if let Some(before) = last.insert(value(query), at) {
            pairs.push((before, at));
        }
    }
    pairs
}

fn summed(
    queries: &[QueryRow],
    components: &mut Components,
    joined: Vec<NearDuplicateRow>,
    embedded: Option<usize>,
) -> Duplicates {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in 0..queries.len() {
        members.entry(components.of(row)).or_default().push(row);
    }
    let mut groups = Vec::with_capacity(queries.len());
    let mut datasets: BTreeMap<&str, DatasetDuplicates> = BTreeMap::new();
    for rows in members.values() {
        // The least key of the group: what was not joined keeps its key, and so its part.
        let key = rows.iter().map(|row| &queries[*row].group_key).min().cloned().unwrap_or_default();
        let mut own: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            groups.push(GroupRow { query_id: queries[*row].query_id.clone(), group_key: key.clone() });
            *own.entry(&queries[*row].dataset).or_default() += 1;
        }
        for (dataset, count) in &own {
            let about = datasets.entry(dataset).or_insert_with(|| DatasetDuplicates {
                dataset: (*dataset).to_owned(),
                queries: 0,
                groups: 0,
                joined: 0,
                across: 0,
                largest: 0,
            });
            about.queries += count;
            about.groups += 1;
            about.joined += if rows.len() > 1 { *count } else { 0 };
            about.across += if own.len() > 1 { *count } else { 0 };
            about.largest = about.largest.max(*count);
        }
    }
    groups.sort_by(Row::compare_keys);
    let mut large: Vec<&Vec<usize>> = members.values().filter(|rows| rows.len() > 1).collect();
    large.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let shown =
        |rows: &&Vec<usize>| (rows.len(), rows.iter().take(3).map(|row| queries[*row].query_id.to_string()).collect());
    Duplicates {
        groups,
        joined,
        datasets: datasets.into_values().collect(),
        largest: large.iter().take(10).map(shown).collect(),
        embedded,
    }
}

#[cfg(test)]
mod tests;
