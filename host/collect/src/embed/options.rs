//! Which encoder is asked, where, and how.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use routerlab_records::{ContentDigest, EncoderName, Provenance, QueryId};
use serde_json::{Map, Value};

use crate::error::CollectError;
use crate::pool::{Model, ModelPool, ModelSettings, Price, PriceBasis, PriceNote, check_env, check_url};
use crate::spend::Caps;
use crate::wire::Api;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextToEmbed {
    /// The query that it is of.
    pub query_id: QueryId,
    /// The text.
    pub text: String,
}

/// Whom to ask, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedOptions {
    /// What stands before `/embeddings`, such as `https://api.openai.com/v1`.
    pub address: String,
    /// The model's name there.
    pub model: String,
    /// The environment variable that holds the key.
    pub key_env: Option<String>,
    /// The name that tables have for the encoder.
    pub encoder: EncoderName,
    /// How many numbers a vector is to have, where the model leaves a choice.
    pub dimensions: Option<u32>,
    /// Whether vectors are asked for as base64, which is a third as long; some servers know only lists of numbers.
    pub packed: bool,
    /// What stands before every text.
    pub prefix: String,
    /// What the texts are, such as `prompt`: recorded with the vectors.
    pub text: String,
    /// Texts in a request at most.
    pub texts_per_request: u32,
    /// US dollars per million tokens.
    pub usd_per_mtok: Option<f64>,
    /// How fast to ask.
    pub pace: Pace,
    /// Caps of everything that was ever sent from the folder, this run included.
    pub caps: Caps,
    /// The folder of the cache.
    pub cache: Option<PathBuf>,
    /// Whether answers of the cache are passed over, and replaced.
    pub fresh: bool,
    /// How long what is on its way may take after the run is asked to end.
    pub grace: Duration,
    /// How long the run may take.
    pub deadline: Option<Duration>,
}

/// How fast to ask, and how patiently.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Requests on their way at a time, at most.
    pub concurrency: u32,
    /// Requests a minute, at most.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, at most.
    pub tokens_per_minute: Option<u64>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Attempts at one request at most; those that the endpoint put off (429) do not count.
    pub attempts: u32,
    /// How long to wait before the second attempt; doubled before each further one.
    pub backoff: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            concurrency: 32,
            requests_per_minute: None,
            tokens_per_minute: None,
            timeout: Duration::from_secs(120),
            attempts: 6,
            backoff: Duration::from_secs(1),
        }
    }
}

/// Requests at a time in the beginning; what the endpoint takes is found out from there.
const CONCURRENCY: u32 = 8;

impl EmbedOptions {
    /// What of them decides the vectors: not where the model answers, nor how it is asked.
    pub(super) fn values(&self) -> [(&'static str, String); 4] {
        let dimensions = self.dimensions.map_or_else(|| "all".to_owned(), |dimensions| dimensions.to_string());
        let (model, prefix, text) = (self.model.clone(), self.prefix.clone(), self.text.clone());
        [("model", model), ("dimensions", dimensions), ("prefix", prefix), ("text", text)]
    }

    /// SHA-256 of that.
    pub(super) fn digest(&self) -> String {
        let mut digest = ContentDigest::new();
        digest.text("routerlab.embedding/1");
        for (name, value) in self.values() {
            digest.text(name).text(&value);
        }
        digest.hex()
    }

    /// What the files of this encoder say about their making.
    pub(super) fn provenance(&self) -> Provenance {
        let by = Provenance::by(concat!("routerlab ", env!("CARGO_PKG_VERSION"))).value("encoder", &self.encoder);
        let by = self.values().into_iter().fold(by, |by, (name, value)| by.value(name, value));
        Provenance { config_digest: Some(self.digest()), ..by }
    }

    /// The name of the journal: lines become rows of files that say how they were made, so those of other settings must
    /// not be among them.
    pub(super) fn journal(&self) -> String {
        let mut digest = ContentDigest::new();
        digest.text(&self.encoder).text(&self.digest());
        format!("embeddings-{}", &digest.hex()[..16])
    }

    /// What attempts are about.
    pub(super) fn about(&self) -> String {
        format!("embedding/{}", self.encoder)
    }

    fn wrong(&self, reason: impl Into<String>) -> CollectError {
        CollectError::Encoder { encoder: self.encoder.to_string(), reason: reason.into() }
    }

    pub(super) fn check(&self) -> Result<(), CollectError> {
        let odd = |text: &str| text.trim().is_empty() || text.chars().any(char::is_control);
        if odd(&self.encoder) {
            return Err(self.wrong("its name must not be empty, nor have control characters"));
        }
        check_url(&self.address).map_err(|reason| self.wrong(format!("the endpoint {reason}")))?;
        if odd(&self.model) {
            return Err(self.wrong("the model's name must not be empty, nor have control characters"));
        }
        if let Some(name) = &self.key_env {
            check_env(name).map_err(|reason| self.wrong(format!("the variable of the key {reason}")))?;
        }
        if let Some(price) = self.usd_per_mtok.filter(|price| !price.is_finite() || *price < 0.0) {
            return Err(self.wrong(format!("the price is {price}, expected US dollars of 0 or more")));
        }
        if self.caps.usd.is_some() && self.usd_per_mtok.is_none() {
            return Err(self.wrong("a cap in US dollars needs the price of a million tokens, see `--usd-per-mtok`"));
        }
        if self.texts_per_request == 0 || self.texts_per_request > 2048 {
            return Err(self.wrong(format!("{} texts in a request, expected 1 to 2048", self.texts_per_request)));
        }
        if self.dimensions == Some(0) {
            return Err(self.wrong("a vector of 0 dimensions has no numbers"));
        }
        let Pace { concurrency, attempts, timeout, .. } = self.pace;
        if concurrency == 0 || attempts == 0 || timeout.is_zero() {
            return Err(self.wrong("at least one request at a time, one attempt at it and some time for it are needed"));
        }
        Ok(())
    }

    /// The model as it is asked, with its key out of the environment.
    pub(super) fn resolve(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Model, CollectError> {
        let mut models = self.pool().models(None, env).map_err(|reason| {
            // Nobody wrote a pool, so what is wrong is not a key in one.
            self.wrong(reason.split_once("`: ").map_or(reason.as_str(), |(_, reason)| reason))
        })?;
        models.pop().ok_or_else(|| self.wrong("there is no model"))
    }

    /// A pool of one model.
    pub(super) fn pool(&self) -> ModelPool {
        let mut extra_body = Map::new();
        extra_body.insert("encoding_format".into(), if self.packed { "base64" } else { "float" }.into());
        extra_body.extend(self.dimensions.map(|dimensions| ("dimensions".to_owned(), Value::from(dimensions))));
        let Pace { concurrency, requests_per_minute, tokens_per_minute, timeout, attempts, backoff } = self.pace;
        let settings = ModelSettings {
            api: Some(Api::OpenaiEmbeddings),
            base_url: Some(self.address.clone()),
            model: Some(self.model.clone()),
            key_env: self.key_env.clone(),
            extra_body: Some(extra_body),
            stream: Some(false),
            price: self.usd_per_mtok.map(|input| Price { input, output: 0.0, cached_input: None }),
            concurrency: Some(concurrency.min(CONCURRENCY)),
            max_concurrency: Some(concurrency),
            requests_per_minute,
            tokens_per_minute,
            timeout_s: Some(timeout.as_secs_f64()),
            stall_s: Some(timeout.as_secs_f64()),
            attempts: Some(attempts),
            backoff_s: Some(backoff.as_secs_f64()),
            ..ModelSettings::default()
        };
        ModelPool {
            name: "embed".into(),
            description: String::new(),
            prices: Some(PriceNote { as_of: String::new(), basis: PriceBasis::Published }),
            defaults: ModelSettings::default(),
            values: Map::new(),
            servers: BTreeMap::new(),
            models: BTreeMap::from([(self.model.as_str().into(), settings)]),
        }
    }

    /// The endpoint as rows have it: host and path.
    pub(super) fn device(&self) -> String {
        let address = self.address.trim_end_matches('/');
        address.split_once("://").map_or(address, |(_, rest)| rest).to_owned()
    }
}
