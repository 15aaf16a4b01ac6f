//! Embeddings from an endpoint: texts of queries to vectors, asked like any others, into the `embeddings` table.
//!
//! Several texts go into a request. One that the endpoint refuses may be refused for one of its texts alone, so a second pass
//! asks its texts one by one, and what failed like that in an earlier run is not put together with others again.

mod chunks;
mod embedding;
mod known;
mod line;
mod options;
mod passes;

pub(crate) use line::file_of;
pub use options::{EmbedOptions, Pace, TextToEmbed};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_records::{EmbeddingStatus, QueryId, encoder_folder, import::Manifest};

use crate::collect::Watch;
use crate::error::CollectError;
use crate::made::check_made;
use crate::office::Office;
use crate::pool::Model;
use crate::settle::{Recovered, settle};
use crate::stats::Snapshot;
use chunks::{Shard, shards};
use known::Known;
use line::EmbeddedTexts;
use passes::Passes;

/// Embeddings that can be asked for: nothing else collects into the folder meanwhile.
#[derive(Debug)]
pub struct Embedding {
    folder: PathBuf,
    options: EmbedOptions,
    /// Sorted by their queries.
    texts: Arc<Vec<TextToEmbed>>,
    shards: Arc<Vec<Shard>>,
    known: Known,
    /// One for each pass.
    models: [Model; 2],
    office: Office,
    recovered: Recovered,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Where the encoder's embeddings lie.
    pub folder: PathBuf,
    /// Numbers of each vector; none while there is no vector.
    pub width: Option<usize>,
    /// Texts that have a vector now.
    pub ok: u64,
    /// Texts that failed, by how.
    pub failed: BTreeMap<EmbeddingStatus, u64>,
    /// The first of them, with what was said.
    pub first_failed: Option<(QueryId, String)>,
    /// Texts that were not asked for.
    pub missing: u64,
    /// The last state of the encoder.
    pub snapshot: Snapshot,
    /// Why the run ended before everything was asked, if it did.
    pub stopped: Option<String>,
}

impl Embedding {
    /// Takes a data folder and finds out what is missing. Brings what a run that was killed has left behind into tables
    /// first. Keys are read out of `env`.
    ///
    /// # Errors
    /// When the options are wrong, two texts are of one query, another run collects into the folder, its embeddings of this
    /// name were made with other settings, or a table cannot be read or written.
    pub fn open(
        folder: &Path,
        options: EmbedOptions,
        mut texts: Vec<TextToEmbed>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, CollectError> {
        if !folder.is_dir() {
            return Err(CollectError::data(folder, "there is no such folder"));
        }
        options.check()?;
        let models = [options.resolve(env)?, options.resolve(env)?];
        texts.sort_by(|a, b| a.query_id.cmp(&b.query_id));
        if let Some(pair) = texts.windows(2).find(|pair| pair[0].query_id == pair[1].query_id) {
            return Err(CollectError::data(folder, format!("query `{}` is there twice", pair[0].query_id)));
        }
        let shards = shards(folder, &options.encoder, &models[0].name, &texts);
        let office = Office::open(folder)?;
        check_made(folder, &options.encoder, &options.provenance())?;
        let recovered = settle::<EmbeddedTexts>(&office.journal(&options.journal()), folder, &options.provenance())?;
        let known = Known::read(&texts, &shards)?;
        let (texts, shards) = (Arc::new(texts), Arc::new(shards));
        Ok(Self { folder: folder.to_owned(), options, texts, shards, known, models, office, recovered })
    }

    /// What an earlier run had left behind.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// How many texts are to be asked for: those that nobody asked for yet, and those that failed.
    pub fn wanted(&self) -> u64 {
        self.known.open()
    }

    /// Asks for what is missing.
    ///
    /// # Errors
    /// [`CollectError`]: no vector that came is lost then. What goes wrong with single texts is in their rows.
    pub async fn embed(self, watch: Watch<'_>) -> Result<Embedded, CollectError> {
        let Self { folder, options, texts, shards, known, models, office, .. } = self;
        let stop = watch.stop.clone();
        let passes = Passes { folder: &folder, options: &options, office: &office, texts: &texts, shards: &shards };
        let snapshot = passes.run(models, &known, watch).await?;
        let known = Known::read(&texts, &shards)?;
        Manifest::refresh(&folder, &["attempts", "embeddings"], &[])?;
        Ok(Embedded {
            folder: encoder_folder(&folder, &options.encoder),
            width: known.width,
            ok: known.count(EmbeddingStatus::Ok),
            failed: known.failed(),
            first_failed: known.first_failed.clone(),
            missing: known.missing(),
            snapshot,
            stopped: stop.reason(),
        })
    }
}
