//! What a model is asked, before it takes a provider's form.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions above the conversation.
    System,
    /// The one who asks.
    User,
    /// The model, in an example that it is shown.
    Assistant,
}

/// An image of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// SHA-256 of its bytes, in hex: what stands for it in digests of requests.
    pub sha256: String,
    /// `image/png` and the like.
    pub media_type: &'static str,
    /// Its bytes as base64.
    pub base64: Arc<str>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Text(String),
    /// An image.
    Image(Image),
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// Its pieces, in order; at least one.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of words alone.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }

    /// Its words, without images.
    pub fn words(&self) -> String {
        let words = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Image(_) => None,
        });
        words.collect()
    }
}

/// How a model is to answer. What is none is left to the provider.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sampling {
    /// 0 takes the likeliest token.
    pub temperature: Option<f64>,
    /// Share of probability that tokens are drawn from.
    pub top_p: Option<f64>,
    /// Tokens of the answer at most, reasoning included.
    pub max_tokens: Option<u32>,
    /// Whether an OpenAI-like provider knows the limit as `max_completion_tokens`, as it does for its reasoning models.
    pub max_completion_tokens: bool,
    /// Seed of the drawing, where the provider knows one.
    pub seed: Option<u64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// How much to reason, in the provider's words.
    pub reasoning_effort: Option<String>,
    /// Laid over the request's body: objects are merged key by key, everything else takes the place of what was there.
    pub extra_body: Map<String, Value>,
}
