//! Failures: of every provider in one form, so that one policy decides what is asked again.

mod kind;
mod told;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use told::Told;

/// Characters of a failure's message at most.
const MESSAGE_CHARS_AT_MOST: usize = 500;
/// As many characters of a key give it away.
const SECRET_CHARS: usize = 6;
/// Stands where a key stood.
const KEY: &str = "[key]";

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Too many requests or tokens in too short a time: 429.
    RateLimited,
    /// The model has no room for the moment, or is still being loaded: 503, 529.
    Overloaded,
    /// Something broke at the provider: 500 and the like.
    ServerError,
    /// The provider gave up waiting: 408, 504.
    Timeout,
    /// Came at a bad moment: 409, 425.
    Conflict,
    /// What came with a status of success is not an answer.
    Unreadable,
    /// The answer ended in the middle.
    Cut,
    /// The request is malformed, or asks for what the model cannot do: 400, 413, 422.
    Rejected,
    /// The question does not fit into the model's context.
    ContextTooLong,
    /// The provider's filter refused the question.
    Filtered,
    /// The key is wrong, or may not do this: 401, 403.
    KeyRefused,
    /// There is no such model, or nothing at all at this address: 404, 405, redirects.
    NoSuchModel,
    /// The account has no money: 402, and 429 where that is what it says.
    NoCredit,
}

impl FailureKind {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 13] = [
        Self::RateLimited,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout,
        Self::Conflict,
        Self::Unreadable,
        Self::Cut,
        Self::Rejected,
        Self::ContextTooLong,
        Self::Filtered,
        Self::KeyRefused,
        Self::NoSuchModel,
        Self::NoCredit,
    ];

    /// Its word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Conflict => "conflict",
            Self::Unreadable => "unreadable",
            Self::Cut => "cut",
            Self::Rejected => "rejected",
            Self::ContextTooLong => "context_too_long",
            Self::Filtered => "filtered",
            Self::KeyRefused => "key_refused",
            Self::NoSuchModel => "no_such_model",
            Self::NoCredit => "no_credit",
        }
    }

    /// Whether the same request may well be answered a little later. Whatever else failed fails again.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Overloaded
            | Self::ServerError
            | Self::Timeout
            | Self::Conflict
            | Self::Unreadable
            | Self::Cut => true,
            Self::Rejected
            | Self::ContextTooLong
            | Self::Filtered
            | Self::KeyRefused
            | Self::NoSuchModel
            | Self::NoCredit => false,
        }
    }

    /// Whether every other request to the model would fail in the same way, until somebody changes its entry or its
    /// account.
    pub fn stops_the_model(self) -> bool {
        matches!(self, Self::KeyRefused | Self::NoSuchModel | Self::NoCredit)
    }
}

/// A request that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.word())]
pub struct Failure {
    /// What to make of it.
    pub kind: FailureKind,
    /// What the provider says, as one line of at most 500 characters. It may quote the request.
    pub message: String,
    /// How long to wait, where the body says so rather than a header.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure in our own or a provider's words.
    pub fn new(kind: FailureKind, message: impl AsRef<str>) -> Self {
        Self { kind, message: line(message.as_ref()), retry_after: None }
    }

    /// The same without a key that the provider may have quoted. What is too short to be one, like the `none` that local
    /// servers are given, stays.
    #[must_use]
    pub fn without(mut self, secret: &str) -> Self {
        if secret.chars().count() < SECRET_CHARS {
            return self;
        }
        let message = self.message.replace(secret, KEY);
        // The message may have been cut inside the key.
        let (kept, dots) = message.strip_suffix('…').map_or((message.as_str(), ""), |kept| (kept, "…"));
        let starts = secret.char_indices().map(|(at, _)| &secret[..at]).skip(SECRET_CHARS);
        let kept = starts.filter_map(|start| kept.strip_suffix(start)).last();
        self.message = line(&kept.map_or(message.clone(), |kept| format!("{kept}{KEY}{dots}")));
        self
    }

    pub(crate) fn unreadable(reason: impl AsRef<str>) -> Self {
        Self::new(FailureKind::Unreadable, reason)
    }

    /// An answer with a status other than success.
    pub(super) fn of_status(status: u16, body: &[u8]) -> Self {
        Self::with_status(status, Told::by_bytes(body))
    }

    /// The same of a body that is read already.
    pub(crate) fn of_body(status: u16, body: &Value) -> Self {
        Self::with_status(status, Told::by_body(body))
    }

    fn with_status(status: u16, told: Told) -> Self {
        let mut failure = told.failure(Some(status));
        if failure.message.is_empty() {
            failure.message = format!("HTTP status {status}");
        }
        failure
    }

    /// The failure that a body or an event with a status of success tells of, if it does.
    pub(crate) fn inside(body: &Value) -> Option<Self> {
        let names_itself = body["type"] == "error" || body["object"] == "error";
        (names_itself || is_error(&body["error"])).then(|| Told::by_body(body).failure(None))
    }

    /// The failure that an event of that name tells of.
    pub(super) fn of_event(data: &[u8]) -> Self {
        Told::by_bytes(data).failure(None)
    }

    /// The failure that the value of an `error` key tells of, if it does.
    pub(crate) fn of_error(error: &Value) -> Option<Self> {
        is_error(error).then(|| Told::by_error(error).failure(None))
    }
}

fn is_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(error) => !error.is_empty(),
        _ => true,
    }
}

/// A text as one line without control characters, cut where it gets too long.
fn line(text: &str) -> String {
    // More than is kept, so that blanks do not count, and not all of a long page.
    let start: String = text.chars().take(16 * MESSAGE_CHARS_AT_MOST).collect();
    let plain: String =
        start.chars().filter_map(|c| if c.is_whitespace() { Some(' ') } else { (!hides(c)).then_some(c) }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match plain.char_indices().nth(MESSAGE_CHARS_AT_MOST - 1) {
        Some((at, last)) if at + last.len_utf8() < plain.len() => format!("{}…", &plain[..at]),
        _ => plain,
    }
}

/// Whether a character changes how the text around it is shown.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
