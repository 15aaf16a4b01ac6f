//! What is submitted.

use std::fmt;
use std::str::FromStr;

use routerlab_records::ContentDigest;
use serde_json::{Value, json};

use super::BatchApi;
use crate::batch::BatchError;

/// Where OpenAI's requests go.
pub(super) const OPENAI_ENDPOINT: &str = "/v1/chat/completions";
/// Characters of a token at most: with a number of any size an id has no more than the 64 that providers take.
const TOKEN_CHARS_AT_MOST: usize = 43;
/// What a list of Anthropic's requests begins and ends with.
const LIST: (&str, &str) = (r#"{"requests":["#, "]}");

/// A batch's name of our own: the beginning of the ids of its requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Token(String);

impl FromStr for Token {
    type Err = BatchError;

    /// Takes 1 to 43 letters, digits, `_` and `-`.
    fn from_str(text: &str) -> Result<Self, BatchError> {
        if super::is_id(text) && text.len() <= TOKEN_CHARS_AT_MOST {
            Ok(Self(text.to_owned()))
        } else {
            Err(BatchError::Token)
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Token {
    /// The token as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The token that a digest gives: of what no other batch has.
    pub(crate) fn of(digest: &ContentDigest) -> Self {
        Self(digest.hex().chars().take(TOKEN_CHARS_AT_MOST).collect())
    }

    /// The id of a request.
    pub(crate) fn custom_id(&self, number: u64) -> String {
        format!("{}-{number}", self.0)
    }

    /// The number of a request by its id, if it is one of this batch.
    pub(crate) fn number(&self, custom_id: &str) -> Option<u64> {
        let number = custom_id.strip_prefix(&self.0)?.strip_prefix('-')?.parse().ok()?;
        (self.custom_id(number) == custom_id).then_some(number)
    }
}

/// The requests of a batch, as they are sent.
#[derive(Debug, Clone)]
pub(crate) struct BatchInput {
    api: BatchApi,
    token: Token,
    bytes: Vec<u8>,
    requests: u64,
}

impl BatchInput {
    /// A batch without requests.
    pub(crate) fn new(api: BatchApi, token: Token) -> Self {
        let start = match api {
            BatchApi::OpenAi => "",
            BatchApi::Anthropic => LIST.0,
        };
        Self { api, token, bytes: start.into(), requests: 0 }
    }

    /// Adds a request: its number, which no other in the batch may have, and its body, as [`crate::wire::Api::body`]
    /// writes it for an answer in one piece. Whether there was room for it: if not it belongs into another batch.
    #[must_use]
    pub(crate) fn push(&mut self, number: u64, body: &Value) -> bool {
        let (requests, bytes) = match self.api {
            BatchApi::OpenAi => (50_000, 200_000_000),
            BatchApi::Anthropic => (100_000, 256_000_000),
        };
        let request = self.request(number, body);
        // The separator and the end come on top.
        if self.requests >= requests || self.bytes.len() + request.len() + 3 > bytes {
            return false;
        }
        if self.api == BatchApi::Anthropic && self.requests > 0 {
            self.bytes.push(b',');
        }
        self.bytes.extend_from_slice(request.as_bytes());
        if self.api == BatchApi::OpenAi {
            self.bytes.push(b'\n');
        }
        self.requests += 1;
        true
    }

    /// How many requests there are.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// The batch's token.
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// The provider's form that it is written in.
    pub(crate) fn api(&self) -> BatchApi {
        self.api
    }

    /// The bytes to send.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        if self.api == BatchApi::Anthropic {
            self.bytes.extend_from_slice(LIST.1.as_bytes());
        }
        self.bytes
    }

    fn request(&self, number: u64, body: &Value) -> String {
        let custom_id = self.token.custom_id(number);
        let request = match self.api {
            BatchApi::OpenAi => {
                json!({ "custom_id": custom_id, "method": "POST", "url": OPENAI_ENDPOINT, "body": body })
            }
            BatchApi::Anthropic => json!({ "custom_id": custom_id, "params": body }),
        };
        request.to_string()
    }
}
