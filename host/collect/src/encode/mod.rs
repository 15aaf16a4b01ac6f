//! Embeddings of queries by an encoder on this machine: shard by shard, each file whole or not there.

mod shards;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use routerlab_infer::{Embedding, Encoder, ReadTexts, TextError};
use routerlab_records::import::Manifest;
use routerlab_records::{
    ContentDigest, EmbeddingRow, EmbeddingStatus, EncoderName, Provenance, QueryId, QueryRow, encoder_folder,
    write_table,
};

use self::shards::{Shard, shards, together};
use crate::error::CollectError;
use crate::made::check_made;

/// Which text of a query is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryText {
    /// The one that models are asked.
    Prompt,
    /// The dataset's own question, without instructions and examples.
    Origin,
}

impl QueryText {
    /// The text of a query.
    pub fn of(self, query: QueryRow) -> String {
        match self {
            Self::Prompt => query.prompt,
            Self::Origin => query.origin_query,
        }
    }

    /// `prompt` or `query`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Origin => "query",
        }
    }
}

/// What embeddings are made of and how they are called.
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    /// The name of the embeddings.
    pub name: EncoderName,
    /// The text of a query.
    pub text: QueryText,
    /// The model: its name or folder, and where known its commit.
    pub model: BTreeMap<String, String>,
    /// SHA-256 of the model.
    pub model_digest: String,
}

/// How far an encoding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncodeProgress {
    /// Texts that are through, those that were there already not counted.
    pub texts: u64,
    /// Texts that were to be encoded.
    pub wanted: u64,
    /// Tokens that are through.
    pub tokens: u64,
}

/// What an encoding came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The folder of the embeddings.
    pub folder: PathBuf,
    /// Queries of the data folder.
    pub queries: u64,
    /// Queries whose embeddings were there already.
    pub kept: u64,
    /// Queries whose text was cut, of those that were encoded now.
    pub truncated: u64,
    /// Queries without an embedding, of those that were encoded now, and the first reason.
    pub failed: (u64, Option<String>),
    /// Texts and tokens of this run.
    pub progress: EncodeProgress,
}

/// Encodes the queries of a data folder into `embeddings/encoder=<name>/`. Files that are there, of the same texts and
/// settings, stay as they are.
///
/// # Errors
/// When the folder has no queries, holds embeddings of that name that were made with other settings, or the device fails; files
/// that are done by then stay.
pub fn encode_queries(
    folder: &Path,
    encoder: &Encoder,
    options: &EncodeOptions,
    progress: &(dyn Fn(EncodeProgress) + Sync),
) -> Result<Encoded, CollectError> {
    let settings = settings(encoder, options);
    let shards = shards(folder, options)?;
    check_made(folder, &options.name, &settings)?;
    let mut encoded = Encoded {
        folder: encoder_folder(folder, &options.name),
        queries: shards.iter().map(|shard| shard.queries.len() as u64).sum(),
        kept: 0,
        truncated: 0,
        failed: (0, None),
        progress: EncodeProgress::default(),
    };
    let mut missing = Vec::new();
    for shard in shards {
        match shard.is_there()? {
            true => encoded.kept += shard.queries.len() as u64,
            false => missing.push(shard),
        }
    }
    encoded.progress.wanted = encoded.queries - encoded.kept;
    let windows = together(&missing);
    // Texts are read ahead and tables written behind, so that the device does not wait for either.
    let (ahead, read) = sync_channel::<ReadTexts>(1);
    let (behind, made) = sync_channel::<(&[Shard], Vec<Result<Embedding, TextError>>)>(1);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let ahead = ahead;
            for window in &windows {
                if ahead.send(encoder.read(&texts(window))).is_err() {
                    return;
                }
            }
        });
        let writer = scope.spawn(|| {
            let mut tally = Tally::default();
            for (window, results) in made {
                write(window, results, encoder, options, &settings, &mut tally)?;
            }
            Ok::<Tally, CollectError>(tally)
        });
        let device = || {
            let sofar = Mutex::new(encoded.progress);
            let done = |texts: u64, tokens: u64| {
                let Ok(mut sofar) = sofar.lock() else { return };
                sofar.texts += texts;
                sofar.tokens += tokens;
                progress(*sofar);
            };
            for window in &windows {
                let Ok(texts) = read.recv() else { break };
                if behind.send((*window, encoder.embed(texts, &done)?)).is_err() {
                    break;
                }
            }
            Ok(sofar.into_inner().unwrap_or_else(PoisonError::into_inner))
        };
        let computed: Result<EncodeProgress, CollectError> = device();
        // Without these the other two would wait for ever.
        drop((read, behind));
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // What a failing device has left to write is written first.
        let tally = written?;
        encoded.progress = computed?;
        (encoded.truncated, encoded.failed) = (tally.truncated, (tally.failed, tally.reason));
        Ok::<(), CollectError>(())
    })?;
    Manifest::refresh(folder, &["embeddings"], &[])?;
    Ok(encoded)
}

/// What became of the texts of a run.
#[derive(Default)]
struct Tally {
    truncated: u64,
    failed: u64,
    /// Of the first that failed.
    reason: Option<String>,
}

fn texts(window: &[Shard]) -> Vec<&str> {
    window.iter().flat_map(|shard| &shard.queries).map(|query| query.text.as_str()).collect()
}

/// Writes the files of some shards.
fn write(
    window: &[Shard],
    results: Vec<Result<Embedding, TextError>>,
    encoder: &Encoder,
    options: &EncodeOptions,
    settings: &Provenance,
    tally: &mut Tally,
) -> Result<(), CollectError> {
    let mut results = results.into_iter();
    for shard in window {
        let of_shard = shard.queries.iter().zip(&mut results);
        let rows: Vec<EmbeddingRow> =
            of_shard.map(|(query, result)| row(&query.query_id, encoder, options, result)).collect();
        for row in &rows {
            tally.truncated += u64::from(row.truncated == Some(true));
            tally.failed += u64::from(row.embedding.is_none());
            tally.reason = tally.reason.take().or_else(|| row.error.clone());
        }
        write_table(&shard.path, &rows, &settings.clone().input("texts", &shard.digest))?;
    }
    Ok(())
}

/// Everything that a vector depends on but its text.
fn settings(encoder: &Encoder, options: &EncodeOptions) -> Provenance {
    let mut provenance = Provenance::by(format!("routerlab {}", env!("CARGO_PKG_VERSION")));
    let own = [("text", options.text.as_str().to_owned()), ("device", encoder.device())];
    provenance.values = encoder.about().clone();
    provenance.values.extend(options.model.clone());
    provenance.values.extend(own.map(|(name, value)| (name.to_owned(), value)));
    provenance = provenance.value("width", encoder.width()).input("model", &options.model_digest);
    let mut digest = ContentDigest::new();
    for (name, value) in provenance.values.iter().chain(&provenance.inputs) {
        digest.text(name).text(value);
    }
    provenance.config_digest = Some(digest.hex());
    provenance
}

fn row(
    query: &QueryId,
    encoder: &Encoder,
    options: &EncodeOptions,
    result: Result<Embedding, TextError>,
) -> EmbeddingRow {
    let row = EmbeddingRow {
        query_id: query.clone(),
        encoder: options.name.clone(),
        embedding: None,
        status: EmbeddingStatus::Ok,
        tokens: None,
        truncated: None,
        device: Some(encoder.device()),
        error: None,
    };
    match result {
        Ok(found) => EmbeddingRow {
            embedding: Some(found.vector),
            tokens: Some(found.tokens),
            truncated: Some(found.truncated),
            ..row
        },
        Err(error) => EmbeddingRow { status: EmbeddingStatus::TextError, error: Some(error.to_string()), ..row },
    }
}
