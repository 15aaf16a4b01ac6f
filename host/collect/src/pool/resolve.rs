//! A model as it is asked: its own settings over those of the pool, secrets out of the environment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use routerlab_infer::TokenCounter;
use routerlab_records::{CostSource, ModelName};

use super::{DEADLINE_S, Header, ModelPool, ModelSettings, Price, PriceBasis, TIMEOUT_S};
use crate::ask::Sampling;
use crate::prompt::Prompting;
use crate::wire::Api;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The environment variable it is from: what stands in its place wherever it would be seen.
    pub env: String,
    value: String,
}

impl Secret {
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// Puts the variable's name in the place of the secret.
    pub(crate) fn hide(&self, text: &str) -> String {
        text.replace(&self.value, &format!("[{}]", self.env))
    }

    /// A key out of the environment.
    fn read(key: &str, name: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let value = env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| format!("`{key}`: the environment variable `{name}` is not set"))?;
        if value.bytes().any(|byte| byte.is_ascii_control() || !byte.is_ascii()) {
            return Err(format!("`{key}`: the environment variable `{name}` holds what no header can carry"));
        }
        Ok(Self { env: name.to_owned(), value })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.env)
    }
}

/// Where a model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// At a URL.
    Url(String),
    /// At a server that the collector starts.
    Server(String),
}

/// What tokens cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Per million tokens.
    pub price: Price,
    /// What to write beside a cost.
    pub source: CostSource,
}

impl Prices {
    /// Cost in US dollars of some tokens.
    #[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
    pub fn cost_usd(&self, prompt: u64, cached: u64, completion: u64) -> f64 {
        let cached = cached.min(prompt);
        let cached_input = self.price.cached_input.unwrap_or(self.price.input);
        let input = (prompt - cached) as f64 * self.price.input + cached as f64 * cached_input;
        (input + completion as f64 * self.price.output) / 1e6
    }
}

/// A model as it is asked.
#[derive(Debug)]
pub struct Model {
    /// Its name in tables.
    pub name: ModelName,
    /// A sentence or two about it.
    pub description: Option<String>,
    pub(crate) api: Api,
    /// Where it answers.
    pub endpoint: Endpoint,
    pub(crate) id: String,
    pub(crate) key: Option<Secret>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) secret_headers: Vec<(String, Secret)>,
    pub(crate) prompting: Arc<Prompting>,
    pub(crate) sampling: Sampling,
    pub(crate) max_tokens_for: BTreeMap<String, u32>,
    pub(crate) stream: bool,
    pub(crate) stream_usage: bool,
    pub(crate) tokenizer: Option<TokenCounter>,
    /// What tokens cost; none where nobody said.
    pub prices: Option<Prices>,
    pub(crate) concurrency: u32,
    pub(crate) max_concurrency: u32,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) tokens_per_minute: Option<u64>,
    pub(crate) timeout: Duration,
    pub(crate) stall: Duration,
    pub(crate) deadline: Duration,
    pub(crate) attempts: u32,
    pub(crate) backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) max_answer_bytes: usize,
    pub(crate) max_usd: Option<f64>,
    pub(crate) max_total_tokens: Option<u64>,
    pub(crate) batch: bool,
    pub(crate) batch_prices: Option<Prices>,
    pub(crate) batch_size: usize,
    pub(crate) batch_poll: Duration,
}

impl Model {
    /// Tokens of an answer at most, where that was said.
    pub fn max_tokens(&self) -> Option<u32> {
        self.sampling.max_tokens
    }

    /// Every secret that is sent.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.key.iter().chain(self.secret_headers.iter().map(|(_, secret)| secret))
    }

    /// Puts the names of variables in the place of what they hold.
    pub(crate) fn hide(&self, text: String) -> String {
        let mut secrets: Vec<&Secret> = self.secrets().collect();
        // One may be a part of another, whose rest would be seen.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        secrets.into_iter().fold(text, |text, secret| secret.hide(&text))
    }
}

macro_rules! over {
    ($own:expr, $under:expr; $($field:ident),+ $(,)?) => {
        ModelSettings { $($field: $own.$field.clone().or_else(|| $under.$field.clone())),+ }
    };
}

impl ModelSettings {
    /// These settings, and where they say nothing, those of `under`. Where the model answers is one thing, and secrets are
    /// a part of it: those of one address never go to another.
    pub(super) fn over(&self, under: &Self) -> Self {
        let mut both = over!(self, under;
            description, api, base_url, server, model, key_env, headers, system, messages, temperature, top_p, max_tokens, max_tokens_for,
            max_completion_tokens, seed, stop, reasoning_effort, extra_body, stream, stream_usage, tokenizer, price,
            concurrency, max_concurrency, requests_per_minute, tokens_per_minute, timeout_s, stall_s, deadline_s, attempts,
            backoff_s, max_backoff_s, max_answer_mib, max_usd, max_total_tokens, batch, batch_price,
            batch_size, batch_poll_s,
        );
        if self.base_url.is_some() || self.server.is_some() {
            both.base_url.clone_from(&self.base_url);
            both.server.clone_from(&self.server);
            both.key_env.clone_from(&self.key_env);
            if let (None, Some(headers)) = (&self.headers, &mut both.headers) {
                headers.retain(|_, value| matches!(value, Header::Plain(_)));
            }
        }
        if self.system.is_some() || self.messages.is_some() {
            both.system.clone_from(&self.system);
            both.messages.clone_from(&self.messages);
        }
        both
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn seconds(value: Option<f64>, otherwise: f64) -> Duration {
    Duration::from_secs_f64(value.unwrap_or(otherwise))
}

impl ModelPool {
    pub(super) fn resolve(
        &self,
        name: &ModelName,
        own: &ModelSettings,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Model, String> {
        let both = own.over(&self.defaults);
        let key = format!("models.{name}");
        let read = |field: &str, name: &str| Secret::read(&format!("{key}.{field}"), name, env);
        let (mut headers, mut secret_headers) = (Vec::new(), Vec::new());
        for (name, value) in both.headers.iter().flatten() {
            let lower = name.to_ascii_lowercase();
            match value {
                Header::Plain(text) => headers.push((lower, text.clone())),
                Header::Env(from) => secret_headers.push((lower, read(&format!("headers.{name}"), &from.env)?)),
            }
        }
        let endpoint = match (&both.base_url, &both.server) {
            (Some(url), _) => Endpoint::Url(url.trim_end_matches('/').to_owned()),
            (None, server) => Endpoint::Server(server.clone().unwrap_or_default()),
        };
        // A server of one's own queues what it cannot take at once, and waiting there would count as latency.
        let slots = match &endpoint {
            Endpoint::Server(server) => self.servers.get(server).map(|server| server.slots()),
            Endpoint::Url(_) => None,
        };
        let concurrency = both.concurrency.or(slots).unwrap_or(20).min(both.max_concurrency.unwrap_or(u32::MAX));
        let source = match self.basis() {
            Some(PriceBasis::Published) => CostSource::PublishedPrice,
            _ => CostSource::DeclaredPrice,
        };
        let tokenizer = match &both.tokenizer {
            None => None,
            Some(path) => {
                Some(TokenCounter::open(path).map_err(|error| format!("`{key}.tokenizer`: {}", with_cause(&error)))?)
            }
        };
        let prices = both.price.map(|price| Prices { price, source });
        let by_batch = both.batch.unwrap_or(false);
        Ok(Model {
            name: name.clone(),
            description: both.description,
            api: both.api.unwrap_or(Api::OpenaiChat),
            endpoint,
            id: both.model.unwrap_or_else(|| name.to_string()),
            key: both.key_env.as_deref().map(|name| read("key_env", name)).transpose()?,
            headers,
            secret_headers,
            prompting: Prompting::new(both.system, both.messages, &self.values)
                .map(Arc::new)
                .map_err(|reason| format!("`{key}.messages`: {reason}"))?,
            sampling: Sampling {
                temperature: both.temperature,
                top_p: both.top_p,
                max_tokens: both.max_tokens,
                max_completion_tokens: both.max_completion_tokens.unwrap_or(false),
                seed: both.seed,
                stop: both.stop.unwrap_or_default(),
                reasoning_effort: both.reasoning_effort,
                extra_body: both.extra_body.unwrap_or_default(),
            },
            max_tokens_for: both.max_tokens_for.unwrap_or_default(),
            stream: both.stream.unwrap_or(true) && !by_batch,
            stream_usage: both.stream_usage.unwrap_or(true),
            tokenizer,
            prices,
            concurrency,
            max_concurrency: both.max_concurrency.or(slots).unwrap_or(200).max(concurrency),
            requests_per_minute: both.requests_per_minute,
            tokens_per_minute: both.tokens_per_minute,
            timeout: seconds(both.timeout_s, TIMEOUT_S),
            stall: seconds(both.stall_s, 120.0),
            deadline: seconds(both.deadline_s, DEADLINE_S),
            attempts: both.attempts.unwrap_or(6),
            backoff: seconds(both.backoff_s, 1.0),
            max_backoff: seconds(both.max_backoff_s, 60.0),
            max_answer_bytes: both.max_answer_mib.unwrap_or(64) as usize * (1 << 20),
            max_usd: both.max_usd,
            max_total_tokens: both.max_total_tokens,
            batch: by_batch,
            batch_prices: both.batch_price.map(|price| Prices { price, source }).or(prices),
            batch_size: both.batch_size.unwrap_or(20_000) as usize,
            batch_poll: seconds(both.batch_poll_s, 30.0),
        })
    }
}
