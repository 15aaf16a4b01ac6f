//! Vectors from an OpenAI-compatible endpoint.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::time::Duration;

use clap::Args;
use routerlab_collect::{EmbedOptions, Embedding, Pace, QueryText, TextToEmbed};

use super::What;
use crate::collecting::{self, Session};
use crate::commands::collect::{Budget, Keeping};
use crate::exit::Ended;

/// Where the model answers, and how it is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "An encoder behind an OpenAI-compatible endpoint")]
pub(crate) struct EndpointFlags {
    /// What stands before `/embeddings`, such as http://localhost:8000/v1
    #[arg(long, value_name = "URL", conflicts_with = "LocalFlags")]
    endpoint: Option<String>,
    /// The environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Numbers of a vector, where the model leaves a choice
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    dimensions: Option<u32>,
    /// Ask for vectors as base64, which is a third as long; not every server knows it
    #[arg(long)]
    base64: bool,
    /// Texts in a request at most
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=2048))]
    texts_per_request: u32,
    /// US dollars per million tokens: what it costs is known then, and can be capped
    #[arg(long, value_name = "USD", value_parser = crate::commands::collect::dollars)]
    usd_per_mtok: Option<f64>,
    /// Requests on their way at a time, at most
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// Requests a minute, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_minute: Option<u32>,
    /// Tokens a minute, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    tokens_per_minute: Option<u64>,
    /// How long one attempt may take
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Attempts at one request at most
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    attempts: u32,
    /// How long to wait before the second attempt, doubled before each further one
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    backoff: Duration,
    #[command(flatten)]
    budget: Budget,
    #[command(flatten)]
    keeping: Keeping,
}

/// Asks the endpoint for what the folder lacks.
pub(super) fn embed(what: &What, address: String, flags: EndpointFlags) -> anyhow::Result<Ended> {
    let texts = what.texts()?.into_iter().map(|(query_id, text)| TextToEmbed { query_id, text }).collect();
    let embedding = Embedding::open(what.dir(), flags.options(what, address), texts, &|name| std::env::var(name).ok())?;
    collecting::say_recovered(&embedding.recovered());
    if embedding.wanted() == 0 {
        eprintln!("every text has its vector already");
    }
    let session = Session::new("embeddings", what.json);
    let embedded = session.run(|watch| embedding.embed(watch))?;
    collecting::embedded(&embedded, what.dir(), what.json)
}

impl EndpointFlags {
    /// The endpoint, if one was given.
    pub(super) fn address(&self) -> Option<String> {
        self.endpoint.clone()
    }

    fn options(self, what: &What, address: String) -> EmbedOptions {
        EmbedOptions {
            address,
            model: what.model.clone(),
            key_env: self.api_key_env,
            encoder: what.encoder(),
            dimensions: self.dimensions,
            packed: self.base64,
            prefix: what.prefix.clone().unwrap_or_default(),
            text: QueryText::from(what.text).as_str().to_owned(),
            texts_per_request: self.texts_per_request,
            usd_per_mtok: self.usd_per_mtok,
            pace: Pace {
                concurrency: self.concurrency,
                requests_per_minute: self.requests_per_minute,
                tokens_per_minute: self.tokens_per_minute,
                timeout: self.timeout,
                attempts: self.attempts,
                backoff: self.backoff,
            },
            caps: self.budget.caps(),
            cache: self.keeping.cache(),
            fresh: self.keeping.fresh(),
            grace: self.keeping.grace(),
            deadline: self.budget.deadline(),
        }
    }
}
