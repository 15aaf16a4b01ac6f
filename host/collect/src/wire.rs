//! The providers' forms: how a request is written, and how an answer, a stream or a failure is read. Nothing here opens a
//! connection.

mod anthropic;
mod embeddings;
mod failure;
mod google;
mod limits;
mod merge;
mod openai;
mod said;
mod sse;
mod stream;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ask::{Message, Sampling};
use crate::reply::Reply;

pub use failure::{Failure, FailureKind};
pub use limits::{RateHeaders, Window};
pub use stream::{Fed, StreamReader};

/// A provider's form of requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// Chat completions, as OpenAI, OpenRouter, vLLM, SGLang, llama.cpp and many others have them. Base URL:
    /// `https://api.openai.com/v1`.
    OpenaiChat,
    /// Completions of a bare text, from the same servers.
    OpenaiCompletions,
    /// Anthropic's messages. Base URL: `https://api.anthropic.com/v1`.
    Anthropic,
    /// Google's contents. Base URL: `https://generativelanguage.googleapis.com/v1beta`.
    Google,
    /// OpenAI's embeddings, which the same servers have: vectors in place of words. No pool can ask for it: `collect` and
    /// `judge` want words.
    #[serde(skip_deserializing)]
    OpenaiEmbeddings,
}

impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiCompletions => "openai-completions",
            Self::Anthropic => "anthropic",
            Self::Google => "google",
            Self::OpenaiEmbeddings => "openai-embeddings",
        })
    }
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// In one piece.
    Whole,
    /// As it is written.
    Stream {
        /// Whether an OpenAI-like provider is asked to say at the end what the request took. The others always do; some
        /// servers refuse the question.
        usage_asked: bool,
    },
}

impl Delivery {
    fn is_stream(self) -> bool {
        matches!(self, Self::Stream { .. })
    }
}

impl Api {
    /// The path below the base URL.
    pub fn path(self, model: &str, delivery: Delivery) -> String {
        match self {
            Self::OpenaiChat => "/chat/completions".to_owned(),
            Self::OpenaiCompletions => "/completions".to_owned(),
            Self::Anthropic => "/messages".to_owned(),
            Self::Google => google::path(model, delivery),
            Self::OpenaiEmbeddings => "/embeddings".to_owned(),
        }
    }

    /// The header that carries the key, and what stands before the key in it.
    pub fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenaiChat | Self::OpenaiCompletions | Self::OpenaiEmbeddings => ("authorization", "Bearer "),
            Self::Anthropic => ("x-api-key", ""),
            Self::Google => ("x-goog-api-key", ""),
        }
    }

    /// Headers that every request needs besides the key and the type of its body.
    pub fn fixed_headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Anthropic => &[("anthropic-version", "2023-06-01")],
            Self::OpenaiChat | Self::OpenaiCompletions | Self::Google | Self::OpenaiEmbeddings => &[],
        }
    }

    /// What of `sampling` this form has no word for, by its name in [`Sampling`]: [`Self::body`] leaves it out.
    pub fn cannot_say(self, sampling: &Sampling) -> Vec<&'static str> {
        let asked = [
            ("seed", sampling.seed.is_some(), self == Self::Anthropic),
            ("reasoning_effort", sampling.reasoning_effort.is_some(), self == Self::OpenaiCompletions),
            (
                "max_completion_tokens",
                sampling.max_completion_tokens,
                !matches!(self, Self::OpenaiChat | Self::OpenaiCompletions),
            ),
        ];
        asked.into_iter().filter(|(_, asked, unknown)| *asked && *unknown).map(|(name, ..)| name).collect()
    }

    /// The body of a request. [`Api::OpenaiCompletions`] has no place for images, nor for who says what; with
    /// [`Api::OpenaiEmbeddings`] every text is an input of its own.
    pub fn body(self, model: &str, messages: &[Message], sampling: &Sampling, delivery: Delivery) -> Value {
        let mut body = match self {
            Self::OpenaiChat => openai::chat(model, messages, sampling, delivery),
            Self::OpenaiCompletions => openai::completions(model, messages, sampling, delivery),
            Self::Anthropic => anthropic::body(model, messages, sampling, delivery),
            Self::Google => google::body(messages, sampling),
            Self::OpenaiEmbeddings => embeddings::body(model, messages),
        };
        merge::merge(&mut body, &sampling.extra_body);
        Value::Object(body)
    }

    /// Reads the body of an answer that came in one piece with a status of success.
    ///
    /// # Errors
    /// Where the body is not an answer, or is one that tells of a failure: some providers report it with a status of
    /// success.
    pub fn reply(self, body: &[u8]) -> Result<Reply, Failure> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| Failure::unreadable(format!("not JSON: {error}")))?;
        self.reply_of(&body)
    }

    /// [`Self::reply`] of a body that is read already.
    pub(crate) fn reply_of(self, body: &Value) -> Result<Reply, Failure> {
        if !body.is_object() {
            return Err(Failure::unreadable("the body is not an object"));
        }
        if let Some(failure) = Failure::inside(body) {
            return Err(failure);
        }
        match self {
            Self::OpenaiChat => openai::reply(body, openai::Kind::Chat),
            Self::OpenaiCompletions => openai::reply(body, openai::Kind::Text),
            Self::Anthropic => anthropic::reply(body),
            Self::Google => google::reply(body),
            Self::OpenaiEmbeddings => embeddings::reply(body),
        }
    }

    /// A reader of an answer that comes as it is written.
    pub fn stream(self) -> StreamReader {
        StreamReader::new(self)
    }

    /// Reads an answer with a status other than success.
    pub fn failure(self, status: u16, body: &[u8]) -> Failure {
        // All providers are told apart by what they say: gateways speak one form and hand on errors of another.
        Failure::of_status(status, body)
    }
}

#[cfg(test)]
mod tests {
    mod bodies;
    mod embeddings;
    mod replies;
    mod streams;
}
