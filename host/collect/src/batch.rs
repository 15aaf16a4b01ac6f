//! Batches: many requests handed over at once, answered within a day at half the price.
//!
//! A batch is submitted, asked after, and its answers are fetched; each answer is marked with the id of its request,
//! `<token>-<number>`. The token is drawn before the batch is submitted and noted before that too: after a crash between
//! submitting and noting the batch's own id, [`BatchClient::find`] looks for a batch with the token, so that nothing is
//! submitted twice. What a batch did not answer comes back as a [`Failure`], to be asked by itself.

mod anthropic;
mod client;
mod error;
mod input;
mod ledger;
mod lines;
mod openai;

use serde_json::Value;

use crate::reply::Reply;
use crate::wire::{Api, Failure, FailureKind};

pub(crate) use client::BatchClient;
pub(crate) use error::BatchError;
pub(crate) use input::{BatchInput, Token};
pub(crate) use ledger::{Ledger, Submission, Submitted};

/// A provider's form of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BatchApi {
    /// OpenAI's: a file of requests to chat completions. Others have copied it.
    OpenAi,
    /// Anthropic's message batches.
    Anthropic,
}

/// How a batch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BatchStatus {
    /// It is being worked on, or waits for it.
    Running {
        /// Requests that are answered or failed.
        done: u64,
        /// All of its requests; 0 until the provider has counted them.
        total: u64,
    },
    /// Every request was answered, failed or expired.
    Ended(Results),
    /// The provider refused it as a whole, and says why; nothing is answered.
    Failed(String),
    /// Its time was over; some requests may be answered, and are paid for.
    Expired(Results),
    /// It was cancelled; some requests may be answered, and are paid for.
    Cancelled(Results),
}

/// Where the answers of a batch lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Results {
    /// Paths below the base URL. They are made of ids: a URL out of an answer could lead the key elsewhere.
    paths: Vec<String>,
}

/// The answer to one request of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BatchAnswer {
    /// The id that the request was given; [`Token::number`] reads it.
    pub custom_id: String,
    /// What came of it. An expired request failed as [`FailureKind::Timeout`], a cancelled one as
    /// [`FailureKind::Conflict`]: both can be asked again.
    pub answer: Result<Reply, Failure>,
}

/// What [`BatchClient::find`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// No batch has the token.
    None,
    /// The batch with this id has it.
    One(String),
    /// These may have it, and do not say before they end. Look again then: only a batch that is in none of them was never
    /// submitted.
    Perhaps(Vec<String>),
}

/// What is listed of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    id: String,
    /// The token, where the provider keeps it beside the batch.
    token: Option<String>,
    created_at_s: Option<u64>,
    requests: u64,
    ended: bool,
}

/// One page of a list of batches, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    batches: Vec<Listed>,
    /// The path of the next page, if there is one.
    next: Option<String>,
}

impl BatchApi {
    /// The form of batches at providers with this form of requests, if there is one.
    pub(crate) fn of(api: Api) -> Option<Self> {
        match api {
            Api::OpenaiChat => Some(Self::OpenAi),
            Api::Anthropic => Some(Self::Anthropic),
            Api::OpenaiCompletions | Api::Google | Api::OpenaiEmbeddings => None,
        }
    }

    /// The form of the requests in a batch.
    pub(crate) fn api(self) -> Api {
        match self {
            Self::OpenAi => Api::OpenaiChat,
            Self::Anthropic => Api::Anthropic,
        }
    }

    /// Reads how a batch stands.
    ///
    /// # Errors
    /// Where the body does not say.
    pub(crate) fn status(self, body: &[u8]) -> Result<BatchStatus, Unreadable> {
        let body = json(body)?;
        match self {
            Self::OpenAi => openai::status(&body),
            Self::Anthropic => anthropic::status(&body),
        }
    }

    /// Reads one line of the answers.
    ///
    /// # Errors
    /// Where it has no id. An answer that cannot be read is a failure of its request.
    pub(crate) fn answer(self, line: &[u8]) -> Result<BatchAnswer, Unreadable> {
        let line = json(line)?;
        let custom_id = text(&line, "custom_id")?.to_owned();
        let answer = match self {
            Self::OpenAi => openai::answer(&line),
            Self::Anthropic => anthropic::answer(&line),
        };
        Ok(BatchAnswer { custom_id, answer })
    }

    fn page(self, body: &[u8]) -> Result<Page, Unreadable> {
        let body = json(body)?;
        let listed = body["data"].as_array().ok_or_else(|| Unreadable::new("there is no list `data`"))?;
        let listed = listed.iter().map(|batch| match self {
            Self::OpenAi => openai::listed(batch),
            Self::Anthropic => anthropic::listed(batch),
        });
        let batches = listed.collect::<Result<Vec<_>, _>>()?;
        let last = batches.last().filter(|_| body["has_more"] == true);
        Ok(Page { next: last.map(|last| self.list_path(Some(&last.id))), batches })
    }

    fn list_path(self, after: Option<&str>) -> String {
        let (path, key) = match self {
            Self::OpenAi => ("/batches", "after"),
            Self::Anthropic => ("/messages/batches", "after_id"),
        };
        match after {
            Some(after) => format!("{path}?limit=100&{key}={after}"),
            None => format!("{path}?limit=100"),
        }
    }

    fn batch_path(self, id: &str) -> String {
        match self {
            Self::OpenAi => format!("/batches/{id}"),
            Self::Anthropic => format!("/messages/batches/{id}"),
        }
    }
}

/// What a provider sent is not what it says it sends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(String);

impl Unreadable {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

fn json(body: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable(format!("not JSON: {error}")))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, Unreadable> {
    value[key].as_str().ok_or_else(|| Unreadable(format!("there is no text `{key}`")))
}

/// An id as it may stand in a path.
fn id<'a>(value: &'a Value, key: &str) -> Result<&'a str, Unreadable> {
    let id = text(value, key)?;
    if is_id(id) { Ok(id) } else { Err(Unreadable(format!("`{key}` is not an id"))) }
}

fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=200).contains(&id.len()) && id.bytes().all(plain)
}

/// A request that was in the batch when its time was over.
fn expired() -> Failure {
    Failure::new(FailureKind::Timeout, "the batch expired before the request was answered")
}

/// A request that was in the batch when it was cancelled.
fn cancelled() -> Failure {
    Failure::new(FailureKind::Conflict, "the batch was cancelled before the request was answered")
}

#[cfg(test)]
mod tests {
    mod client;
    mod forms;
}
