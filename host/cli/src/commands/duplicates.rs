//! `routerlab duplicates`: which queries of a data folder are nearly the same.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use routerlab_bench::{DuplicateOptions, Duplicates, find_duplicates};
use serde_json::json;

use crate::commands::threads;
use crate::exit::{Ended, print};
use crate::progress::Progress;
use crate::report::{Rows, StudyFormat, tables};

/// Find near-duplicates among the queries of a data folder, so that no experiment divides them between training and test.
///
/// Joined are queries with equal texts, queries that share most of their word 5-shingles (MinHash, then computed exactly),
/// and queries whose embeddings point the same way; what is joined through others is one group, also across datasets.
/// Compared is the dataset's own question, without what most questions of the dataset have in common. Writes
/// `groups.parquet`, which experiments on the fair track take from then on, and `near_duplicates.parquet`, the pairs that
/// made the groups.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab duplicates my-data --jaccard 0.8 --cosine 0.97")]
pub(crate) struct DuplicatesCommand {
    /// Data folder
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// Least share of common shingles, 0 to 1
    #[arg(long, default_value_t = 0.8, value_name = "SHARE")]
    jaccard: f64,
    /// Least cosine of embeddings, -1 to 1
    #[arg(long, default_value_t = 0.97, value_name = "COSINE", conflicts_with = "no_embeddings")]
    cosine: f64,
    /// Embeddings to compare, relative to the folder [default: the only ones that it has]
    #[arg(long, value_name = "PATH", conflicts_with = "no_embeddings")]
    embeddings_file: Option<PathBuf>,
    /// Compare words alone
    #[arg(long)]
    no_embeddings: bool,
    /// Make groups anew that are there; runs on the old ones stay what they are
    #[arg(long)]
    replace: bool,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = StudyFormat::Terminal)]
    format: StudyFormat,
}

/// Of a dataset whose largest group has more than this share of its queries, the parts are mostly decided by that group.
const LARGE: f64 = 0.1;

impl DuplicatesCommand {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        /// Steps of the progress.
        const STEPS: u64 = 1000;
        let options = DuplicateOptions {
            jaccard: self.jaccard,
            cosine: (!self.no_embeddings).then_some(self.cosine),
            embeddings_file: self.embeddings_file,
            replace: self.replace,
        };
        let mut progress = Progress::new("comparing");
        let mut watch = |share: f64| progress.at((share * STEPS as f64) as u64, STEPS);
        let threads = routerlab_bench::Threads::new(threads(self.threads));
        let found = find_duplicates(&self.data, &options, threads, &mut watch)?;
        drop(progress);
        let title = format!(
            "{}: {} of {} queries share a group with another",
            self.data.display(),
            found.datasets.iter().map(|dataset| dataset.joined).sum::<usize>(),
            found.groups.len()
        );
        match self.format {
            StudyFormat::Json => print(&(serde_json::to_string_pretty(&as_json(&found))? + "\n"))?,
            format => {
                let largest: Rows = largest(&found);
                let mut all = vec![("Near-duplicates of each dataset", by_dataset(&found))];
                if largest.len() > 1 {
                    all.push(("The largest groups", largest));
                }
                print(&tables(&title, &all, format))?;
            }
        }
        for line in notes(&found, options.cosine.is_some()) {
            eprintln!("{line}");
        }
        eprintln!("wrote groups.parquet and near_duplicates.parquet to {}", self.data.display());
        Ok(Ended::Done)
    }
}

fn by_dataset(found: &Duplicates) -> Rows {
    let head = ["", "queries", "groups", "joined", "with another dataset", "largest group"];
    let row = |of: &routerlab_bench::DatasetDuplicates| {
        let numbers = [of.queries, of.groups, of.joined, of.across, of.largest].map(|number| number.to_string());
        std::iter::once(of.dataset.clone()).chain(numbers).collect()
    };
    std::iter::once(head.map(String::from).to_vec()).chain(found.datasets.iter().map(row)).collect()
}

fn largest(found: &Duplicates) -> Rows {
    let row = |(count, ids): &(usize, Vec<String>)| {
        let more = if *count > ids.len() { ", ..." } else { "" };
        vec![format!("{}{more}", ids.join(", ")), count.to_string()]
    };
    std::iter::once(vec!["".into(), "queries".into()]).chain(found.largest.iter().map(row)).collect()
}

fn notes(found: &Duplicates, asked_embeddings: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match found.embedded {
        None if asked_embeddings => lines.push(
            "note: the folder has no embeddings, so words alone were compared; `routerlab embed` makes them".into(),
        ),
        Some(count) if count < found.groups.len() => {
            lines.push(format!("note: {} queries have no embedding", found.groups.len() - count));
        }
        _ => {}
    }
    for of in &found.datasets {
        let share = of.largest as f64 / of.queries as f64;
        if of.largest > 1 && share > LARGE {
            lines.push(format!(
                "warning: one group holds {:.0} % of `{}`, which will all be train or all be test; a higher `--cosine`, embeddings of the question alone (`routerlab embed --text query`) or `--no-embeddings` joins less",
                100.0 * share,
                of.dataset
            ));
        }
    }
    lines
}

fn as_json(found: &Duplicates) -> serde_json::Value {
    let dataset = |of: &routerlab_bench::DatasetDuplicates| {
        json!({
            "dataset": of.dataset, "queries": of.queries, "groups": of.groups, "joined": of.joined,
            "joined_with_another_dataset": of.across, "largest_group": of.largest,
        })
    };
    let joined = found.joined.iter().map(|pair| {
        json!({
            "query_id": pair.query_id.as_str(), "other_query_id": pair.other_query_id.as_str(),
            "jaccard": pair.jaccard, "cosine": pair.cosine,
        })
    });
    json!({
        "queries": found.groups.len(), "embedded": found.embedded,
        "datasets": found.datasets.iter().map(dataset).collect::<Vec<_>>(), "joined": joined.collect::<Vec<_>>(),
    })
}
