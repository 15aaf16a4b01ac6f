//! A model pool: which models are asked, where, how, and for what price.

mod check;
mod place;
mod resolve;
mod shipped;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use place::{check_env, check_url};
pub use resolve::{Endpoint, Model, Prices, Secret};
pub use shipped::{SHIPPED, shipped};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use routerlab_records::{ModelName, settings};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ask::Role;
use crate::error::CollectError;
use crate::serve::ServerConfig;
use crate::wire::Api;

/// A pool file. Unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPool {
    /// The pool's name.
    pub name: String,
    /// A sentence about it.
    #[serde(default)]
    pub description: String,
    /// Since when its prices hold, and whether somebody pays them.
    #[serde(default)]
    pub prices: Option<PriceNote>,
    /// What all models have in common: any key of a model.
    #[serde(default)]
    pub defaults: ModelSettings,
    /// Whatever templates of messages need besides the query.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Servers that the collector starts.
    #[serde(default)]
    pub servers: BTreeMap<String, ServerConfig>,
    /// The models by the name that tables have.
    #[serde(default)]
    pub models: BTreeMap<ModelName, ModelSettings>,
}

/// `[prices]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceNote {
    /// The day on which they were looked up, `2026-01-30`.
    pub as_of: String,
    /// Whether somebody is asked to pay them.
    pub basis: PriceBasis,
}

/// Whether prices are asked of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceBasis {
    /// Declared for a study; nobody is billed.
    Declared,
    /// The provider's.
    Published,
}

/// `[models.NAME]` or `[defaults]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// A sentence or two about it, for routers.
    pub description: Option<String>,
    /// The form of requests: `openai-chat` unless said otherwise.
    pub api: Option<Api>,
    /// Where it answers, such as `https://api.openai.com/v1`. A model that says this or `server` takes no secret from the
    /// defaults: those are for the address beside them.
    pub base_url: Option<String>,
    /// One of `[servers]`, in place of `base_url`.
    pub server: Option<String>,
    /// The model's name at the provider; its name in the pool unless said otherwise.
    pub model: Option<String>,
    /// The environment variable that holds the key.
    pub key_env: Option<String>,
    /// More headers of every request.
    pub headers: Option<BTreeMap<String, Header>>,
    /// A system message before the prompt.
    pub system: Option<String>,
    /// Messages in place of the prompt alone.
    pub messages: Option<Vec<MessageTemplate>>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Tokens of an answer at most.
    pub max_tokens: Option<u32>,
    /// The same for some datasets, by name.
    pub max_tokens_for: Option<BTreeMap<String, u32>>,
    /// Whether the provider calls that limit `max_completion_tokens`.
    pub max_completion_tokens: Option<bool>,
    /// Seed of sampling.
    pub seed: Option<u64>,
    /// Texts at which the answer ends.
    pub stop: Option<Vec<String>>,
    /// How much to reason, in the provider's words.
    pub reasoning_effort: Option<String>,
    /// Laid over the body of every request.
    pub extra_body: Option<Map<String, Value>>,
    /// Whether answers come as a stream; without one there is no time to the first token.
    pub stream: Option<bool>,
    /// Whether a stream is asked for its usage.
    pub stream_usage: Option<bool>,
    /// A `tokenizer.json` that counts where nothing is reported.
    pub tokenizer: Option<PathBuf>,
    /// US dollars per million tokens.
    pub price: Option<Price>,
    /// Requests at a time in the beginning.
    pub concurrency: Option<u32>,
    /// Requests at a time at most.
    pub max_concurrency: Option<u32>,
    /// Requests a minute at most.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute at most, of prompts and answers.
    pub tokens_per_minute: Option<u64>,
    /// Seconds for one attempt.
    pub timeout_s: Option<f64>,
    /// Seconds without a byte after which an attempt is given up.
    pub stall_s: Option<f64>,
    /// Seconds for all attempts at one answer, waiting included.
    pub deadline_s: Option<f64>,
    /// Attempts at one answer at most; those that the provider put off (429) do not count.
    pub attempts: Option<u32>,
    /// Seconds before the second attempt, doubled before each further one.
    pub backoff_s: Option<f64>,
    /// Seconds between attempts at most.
    pub max_backoff_s: Option<f64>,
    /// MiB of an answer at most.
    pub max_answer_mib: Option<u32>,
    /// US dollars for this model at most.
    pub max_usd: Option<f64>,
    /// Tokens for this model at most, of prompts and answers.
    pub max_total_tokens: Option<u64>,
    /// Whether it is asked through the provider's batch API. Answers come in one piece then.
    pub batch: Option<bool>,
    /// US dollars per million tokens of answers that came by batch; `price` unless said otherwise.
    pub batch_price: Option<Price>,
    /// Requests of a batch at most.
    pub batch_size: Option<u32>,
    /// Seconds before a batch is asked after for the first time; the pauses grow to ten times as many.
    pub batch_poll_s: Option<f64>,
}

/// Seconds for one attempt where the pool does not say.
const TIMEOUT_S: f64 = 600.0;
/// Seconds for all attempts at one answer where the pool does not say.
const DEADLINE_S: f64 = 3600.0;

/// The value of a header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a header must be a text, or `{ env = \"NAME\" }` with the variable that holds it")]
pub enum Header {
    /// As it is; part of the request's digest.
    Plain(String),
    /// From the environment; never written down.
    Env(HeaderEnv),
}

/// A header whose value is secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderEnv {
    /// The environment variable that holds it.
    pub env: String,
}

/// One of `messages`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageTemplate {
    /// Who says it.
    pub role: Role,
    /// A template over `prompt`, `query`, `dataset`, `split`, `metadata` and the pool's `values`.
    pub text: String,
    /// Datasets for which the message is there; all unless said otherwise.
    #[serde(default)]
    pub datasets: Option<Vec<String>>,
}

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of prompts.
    pub input: f64,
    /// Of answers.
    pub output: f64,
    /// Of what the provider had cached of a prompt; as `input` unless said otherwise.
    pub cached_input: Option<f64>,
}

impl ModelPool {
    /// Reads a pool: one that ships with the program by its name, or a file.
    ///
    /// # Errors
    /// When there is neither, or what is in it is wrong; the message names the key.
    pub fn read(name_or_path: &str) -> Result<Self, CollectError> {
        let path = Path::new(name_or_path);
        let text = match shipped(name_or_path) {
            // A data folder may well have the name of a pool.
            Some(text) if !path.is_file() => text.to_owned(),
            _ => std::fs::read_to_string(path).map_err(|error| {
                let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
                let shipped = format!("the pools that ship are {}", names.join(", "));
                CollectError::pool(name_or_path, format!("cannot be read: {error}; {shipped}"))
            })?,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|reason| CollectError::pool(name_or_path, reason))
    }

    /// Reads a pool from its text; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let mut pool: Self = settings::parse_toml(text).map_err(|reason| without_texts(&reason))?;
        pool.check()?;
        let defaults = std::iter::once(&mut pool.defaults);
        for model in defaults.chain(pool.models.values_mut()) {
            if let Some(tokenizer) = &mut model.tokenizer {
                *tokenizer = folder.join(&*tokenizer);
            }
        }
        Ok(pool)
    }

    /// The models as they are asked, with what they have in common laid under them, in the order of their names; of those
    /// in `only` where it names some.
    ///
    /// # Errors
    /// When `only` names a model that is not there, a key that must be in the environment is not, or a tokenizer cannot be
    /// read.
    pub fn models(&self, only: Option<&[String]>, env: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Model>, String> {
        if let Some(missing) = only.into_iter().flatten().find(|name| !self.models.contains_key(name.as_str())) {
            let names: Vec<&str> = self.models.keys().map(ModelName::as_str).collect();
            return Err(format!("there is no model `{missing}`; there are {}", names.join(", ")));
        }
        let wanted = |name: &ModelName| only.is_none_or(|only| only.iter().any(|wanted| *name == **wanted));
        let models = self.models.iter().filter(|(name, _)| wanted(name));
        models.map(|(name, own)| self.resolve(name, own, env)).collect()
    }
}

/// What the decoder says of a value of the wrong type, without the value: it may be a key in the wrong place.
fn without_texts(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once(": string \"") else { return reason.to_owned() };
    let Some((_, after)) = rest.rsplit_once("\", expected ") else { return reason.to_owned() };
    format!("{before}: a text, expected {after}")
}
