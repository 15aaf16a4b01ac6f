//! `routerlab embed`: vectors for the queries of a data folder.

mod endpoint;
mod local;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use routerlab_collect::QueryText;
use routerlab_records::{EncoderName, QueryId, QueryRow, TableReader};

use crate::exit::Ended;

/// Turn the queries of a data folder into vectors, and keep them beside it.
///
/// The model is a folder (config.json, tokenizer.json, model.safetensors, and how it pools, as sentence-transformers writes
/// it) or a name on the Hugging Face hub, and runs on this machine; with --endpoint it is a name there. The vector of a text
/// has the same bits whatever else is encoded with it.
///
/// What is done stays: a run that was stopped or killed goes on where it was when the same command is given again. A text that
/// has no vector has a row that says why, never zeros in its place. Leaves `embeddings/encoder=NAME/` in the folder; with
/// --endpoint also `attempts/`, one row for every request that was sent.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab embed my-mmlupro --model sentence-transformers/all-MiniLM-L6-v2\n  routerlab embed my-mmlupro --model models/bge-m3 --device cuda --precision bf16\n  routerlab embed my-mmlupro --model intfloat/e5-base-v2 --prefix 'query: ' --text query --name e5-of-questions\n  routerlab embed my-mmlupro --endpoint http://localhost:8000/v1 --model BAAI/bge-m3   # vLLM\n  routerlab embed my-mmlupro --endpoint http://localhost:8080/v1 --model gte   # TEI\n  routerlab embed my-mmlupro --endpoint https://api.openai.com/v1 --model text-embedding-3-small \\\n      --api-key-env OPENAI_API_KEY --usd-per-mtok 0.02 --max-usd 1\n  routerlab bench experiment.toml --embeddings-file embeddings/encoder=bge-m3"
)]
pub(crate) struct Embed {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    local: local::LocalFlags,
    #[command(flatten)]
    endpoint: endpoint::EndpointFlags,
}

/// Which texts become vectors, and what those are called.
#[derive(Debug, Args)]
pub(crate) struct What {
    /// Folder with queries.parquet, as `routerlab import` makes it
    #[arg(value_name = "DATA")]
    dir: PathBuf,
    /// The model: a folder, a name on the hub such as owner/model or owner/model@revision, or its name at the endpoint
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// What the encoder is called in tables and folders [default: the last part of the model's name]
    #[arg(long, value_name = "ENCODER")]
    name: Option<String>,
    /// Which text of a query
    #[arg(long, value_enum, default_value_t = TextOfQuery::Prompt)]
    text: TextOfQuery,
    /// What to put before every text, such as "query: " [default: what the model's folder says, mostly nothing]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Events as JSON Lines on stdout
    #[arg(long)]
    json: bool,
}

/// A text of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TextOfQuery {
    /// What models are asked
    Prompt,
    /// The dataset's own question
    Query,
}

impl From<TextOfQuery> for QueryText {
    fn from(text: TextOfQuery) -> Self {
        match text {
            TextOfQuery::Prompt => Self::Prompt,
            TextOfQuery::Query => Self::Origin,
        }
    }
}

impl What {
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The encoder's name in tables.
    pub(crate) fn encoder(&self) -> EncoderName {
        let name = self.model.split('@').next().unwrap_or(&self.model);
        let last = || name.trim_end_matches('/').rsplit('/').next().unwrap_or(name).to_owned();
        self.name.clone().unwrap_or_else(last).into()
    }

    /// The texts of all queries, without the prefix.
    pub(crate) fn texts(&self) -> anyhow::Result<Vec<(QueryId, String)>> {
        let mut reader = TableReader::<QueryRow>::open(&self.dir.join("queries.parquet"))?.at_most(2048);
        let (mut rows, mut texts) = (Vec::new(), Vec::new());
        while reader.read_into(&mut rows)? {
            texts.extend(rows.drain(..).map(|row| (row.query_id.clone(), QueryText::from(self.text).of(row))));
        }
        Ok(texts)
    }
}

/// Encodes the starter data's questions.
pub(crate) fn embed_starter(dir: &Path, model: &Path) -> anyhow::Result<Ended> {
    let (dir, model) = (dir.to_owned(), model.to_string_lossy().into_owned());
    let what = What { dir, model, name: None, text: TextOfQuery::Query, prefix: None, json: false };
    local::embed(&what, &local::LocalFlags::default())
}

impl Embed {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        match self.endpoint.address() {
            Some(address) => endpoint::embed(&self.what, address, self.endpoint),
            None => local::embed(&self.what, &self.local),
        }
    }
}
