//! Table `completions`: what models answered.
//!
//! An import leaves it as one file, a collection as a folder of files ([`shard_file`]) that can grow while the file of an
//! import stays as it is.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::ids::{DatasetId, ModelName, QueryId, SplitName};
use crate::provenance::{ContentDigest, digest_file};
use crate::table::row::table;
use crate::table::texts::words;
use crate::table::{Row, Table, TableReader, partition_file, table_files};

words! {
    /// How a request for a completion ended.
    CompletionStatus {
        /// There is an answer.
        Ok = "ok",
        /// The model or its endpoint failed.
        ModelError = "model_error",
        /// No answer in time.
        Timeout = "timeout",
        /// The provider withheld the answer.
        Filtered = "filtered",
        /// The answer was cut and is unusable.
        Truncated = "truncated",
        /// The model declined.
        Refused = "refused",
    }
}

words! {
    /// Where a cost in dollars comes from.
    CostSource {
        /// The provider said what it charged.
        ProviderReported = "provider-reported",
        /// Tokens times a price that somebody is or was asked to pay.
        PublishedPrice = "published-price",
        /// Tokens times a price declared for a study; nobody was billed.
        DeclaredPrice = "declared-price",
        /// The imported source gives dollars; how it came by them is for its documentation to say.
        Imported = "imported",
    }
}

words! {
    /// Who counted the tokens of a completion.
    UsageSource {
        /// The provider reported them.
        Reported = "reported",
        /// The collector counted what it sent and got, because the provider reported nothing.
        Counted = "counted",
    }
}

table! {
    /// One answer of one model to one query.
    #[derive(Serialize, Deserialize)]
    pub CompletionRow: "completions", version 2, key [query_id, model, sample_index];
    /// The query.
    query_id: QueryId,
    /// The model that was asked.
    model: ModelName,
    /// Which of several answers to the same query, from 0.
    sample_index: u32,
    /// The answer as it came, unedited; empty when there is none.
    raw_output: String,
    /// How the request ended.
    status: CompletionStatus,
    /// Why the model stopped, in the provider's words.
    finish_reason: Option<String>,
    /// Tokens of the prompt.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    completion_tokens: Option<u64>,
    /// Tokens of the answer that were reasoning.
    reasoning_tokens: Option<u64>,
    /// Tokens of the prompt that the provider had cached.
    cached_tokens: Option<u64>,
    /// Who counted the tokens; null when nobody did.
    usage_source: Option<UsageSource>,
    /// Cost of this answer in US dollars.
    cost_usd: Option<f64>,
    /// Where the cost comes from.
    cost_source: Option<CostSource>,
    /// Wall time from sending the request to the last token; waiting for a turn is not in it.
    latency_ms: Option<f64>,
    /// Wall time from sending the request to the first token; null where the answer came in one piece.
    ttft_ms: Option<f64>,
    /// How often the request was sent; 0 where an earlier answer to the same request was taken.
    attempts: u32,
    /// The model's name as the provider reported it.
    provider_model: Option<String>,
    /// SHA-256 of the request that was sent.
    request_digest: Option<String>,
    /// When the answer came, UTC, RFC 3339.
    collected_at: Option<String>,
    /// What went wrong, when something did.
    error: Option<String>,
}

table! {
    /// What is known of a completion without its texts: enough to know whether it must be asked for.
    pub CompletionState: "completions", version 2, key [query_id, model, sample_index], foreign true;
    /// The query.
    query_id: QueryId,
    /// The model that was asked.
    model: ModelName,
    /// Which of several answers to the same query, from 0.
    sample_index: u32,
    /// How the request ended.
    status: CompletionStatus,
    /// Tokens of the prompt.
    prompt_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    completion_tokens: Option<u64>,
    /// Cost of this answer in US dollars.
    cost_usd: Option<f64>,
}

/// The file of an import.
const FILE: &str = "completions.parquet";
/// The folder of a collection.
const FOLDER: &str = "completions";
/// Records of a dataset's split, by their index, that share a file.
pub const SHARD_RECORDS: u64 = 10_000;

/// Where the rows of a table that is kept like `completions` lie for some records of a split and a model:
/// `<folder>/<table>/dataset=<d>/split=<s>/<model>-<shard>.parquet`. `shard` is the record index divided by
/// [`SHARD_RECORDS`], so a file's place depends on nothing but what is in it.
pub fn shard_file(
    folder: &Path,
    table: &str,
    dataset: &DatasetId,
    split: &SplitName,
    model: &ModelName,
    shard: u64,
) -> PathBuf {
    partition_file(folder, table, &[("dataset", dataset), ("split", split)], &format!("{model}-{shard:05}"))
}

/// The files with the completions of a data folder: the one of an import first, then those of a collection.
///
/// # Errors
/// When there is none, or the folder cannot be listed.
pub fn completion_files(folder: &Path) -> Result<Vec<PathBuf>, TableError> {
    let (file, shards) = (folder.join(FILE), folder.join(FOLDER));
    let mut files: Vec<PathBuf> = file.symlink_metadata().is_ok().then_some(file.clone()).into_iter().collect();
    if shards.is_dir() {
        files.extend(table_files(&shards)?);
    }
    if files.is_empty() { Err(TableError::Missing { path: file }) } else { Ok(files) }
}

/// Every completion of a data folder, sorted by key. Of two rows with the same key the collected one counts, which was
/// asked for because the imported one had failed.
///
/// # Errors
/// As [`completion_files`], and when a file cannot be read.
pub fn read_completions(folder: &Path) -> Result<Table<CompletionRow>, TableError> {
    read_all(folder)
}

/// The same without texts: what was asked already.
///
/// # Errors
/// As [`read_completions`].
pub fn read_completion_states(folder: &Path) -> Result<Vec<CompletionState>, TableError> {
    read_all(folder).map(|table| table.rows)
}

fn read_all<R: Row>(folder: &Path) -> Result<Table<R>, TableError> {
    let files = completion_files(folder)?;
    let single = files.len() == 1;
    let mut all = Table { path: folder.join(FOLDER), rows: Vec::new(), provenance: Default::default() };
    for (at, path) in files.into_iter().enumerate() {
        let mut reader = TableReader::<R>::open(&path)?;
        if at == 0 {
            all.provenance = reader.provenance().clone();
        }
        while reader.read_into(&mut all.rows)? {}
        if single {
            all.path = path;
        }
    }
    if !single {
        // Stable: of equal keys the later file's row is the last.
        all.rows.sort_by(Row::compare_keys);
        all.rows.reverse();
        all.rows.dedup_by(|a, b| a.compare_keys(b).is_eq());
        all.rows.reverse();
    }
    Ok(all)
}

/// SHA-256 of the completions of a data folder: of the file where there is one, else of all names and files.
///
/// # Errors
/// As [`completion_files`], and when a file cannot be read.
pub fn digest_completions(folder: &Path) -> Result<String, TableError> {
    let files = completion_files(folder)?;
    if let [file] = files.as_slice() {
        return digest_file(file);
    }
    let mut digest = ContentDigest::new();
    for file in &files {
        let name = file.strip_prefix(folder).unwrap_or(file);
        digest.text(&name.to_string_lossy()).text(&digest_file(file)?);
    }
    Ok(digest.hex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Provenance, write_table};

    fn row(index: u64, raw_output: &str) -> CompletionRow {
        CompletionRow {
            query_id: QueryId::new("d", "test", index).unwrap(),
            model: "org/m".into(),
            sample_index: 0,
            raw_output: raw_output.to_owned(),
            status: CompletionStatus::Ok,
            finish_reason: None,
            prompt_tokens: Some(1),
            completion_tokens: None,
            reasoning_tokens: None,
            cached_tokens: None,
            usage_source: Some(UsageSource::Counted),
            cost_usd: None,
            cost_source: None,
            latency_ms: None,
            ttft_ms: None,
            attempts: 1,
            provider_model: None,
            request_digest: None,
            collected_at: None,
            error: None,
        }
    }

    #[test]
    fn completions_of_an_import_and_of_a_collection_are_one_table() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        assert!(matches!(read_completions(folder), Err(TableError::Missing { .. })));
        let write = |path: &Path, rows: &[CompletionRow]| write_table(path, rows, &Provenance::default()).unwrap();
        write(&folder.join(FILE), &[row(1, "imported"), row(2, "imported")]);
        let alone = digest_completions(folder).unwrap();
        assert_eq!(alone, digest_file(&folder.join(FILE)).unwrap());

        let shard = shard_file(folder, FOLDER, &"d".into(), &"test".into(), &"org/m".into(), 0);
        assert_eq!(shard, folder.join("completions/dataset=d/split=test/org%2Fm-00000.parquet"));
        write(&shard, &[row(1, "collected"), row(10, "collected")]);
        let rows = read_completions(folder).unwrap().rows;
        let found: Vec<_> = rows.iter().map(|row| (row.query_id.record_index(), row.raw_output.as_str())).collect();
        assert_eq!(found, [(1, "collected"), (10, "collected"), (2, "imported")]);
        assert_eq!(read_completion_states(folder).unwrap().len(), 3);
        assert_ne!(digest_completions(folder).unwrap(), alone);
    }
}
