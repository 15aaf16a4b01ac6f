//! One request: where it goes, what is in it, and the digest that names it.

use std::borrow::Cow;

use routerlab_records::{ContentDigest, digest_bytes};
use serde_json::Value;

use crate::ask::{Message, Sampling};
use crate::pool::Model;
use crate::wire::Delivery;
use crate::work::About;

/// A request that can be sent any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The body.
    pub(crate) body: Vec<u8>,
    /// SHA-256 over everything that decides the answer: form and place of the endpoint, path, headers, the whole body (images
    /// by their own digest) and which of several samples it is. No secret is part of it.
    pub(crate) digest: String,
    /// The words of its messages, for counting tokens.
    pub(crate) words: usize,
}

impl Request {
    /// The request for an item. `place` is what stands for the endpoint: its URL, or what a server of one's own runs.
    pub(crate) fn new(model: &Model, about: &About, messages: &[Message], place: &str) -> Self {
        let sampling = match model.max_tokens_for.get(about.query_id.dataset()) {
            Some(most) => Cow::Owned(Sampling { max_tokens: Some(*most), ..model.sampling.clone() }),
            None => Cow::Borrowed(&model.sampling),
        };
        let value = model.api.body(&model.id, messages, &sampling, delivery(model));
        let body = value.to_string();
        let images: Vec<_> = messages.iter().flat_map(|message| &message.parts).filter_map(image_of).collect();
        let named = if images.is_empty() {
            digest_bytes(body.as_bytes())
        } else {
            digest_bytes(by_digest(value, &images).to_string().as_bytes())
        };
        let mut digest = ContentDigest::new();
        let sample = u64::from(about.sample_index);
        digest.text("routerlab.request/1").text(place).text(&path(model)).text(&named).number(sample);
        for (name, text) in &model.headers {
            digest.text(name).text(text);
        }
        let words = messages.iter().map(|message| message.words().len()).sum();
        Self { body: body.into_bytes(), digest: digest.hex(), words }
    }

    /// The body as it goes into a batch.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// About how many tokens it has: a rule of thumb, for rates alone.
    pub(crate) fn tokens_about(&self) -> u64 {
        (self.words as u64).div_ceil(4)
    }
}

/// Where requests to a model go, below the endpoint's base.
pub(crate) fn path(model: &Model) -> String {
    model.api.path(&model.id, delivery(model))
}

fn delivery(model: &Model) -> Delivery {
    if model.stream { Delivery::Stream { usage_asked: model.stream_usage } } else { Delivery::Whole }
}

fn image_of(part: &crate::ask::Part) -> Option<&crate::ask::Image> {
    match part {
        crate::ask::Part::Image(image) => Some(image),
        crate::ask::Part::Text(_) => None,
    }
}

/// The body with the digest of every image in the place of its bytes.
fn by_digest(value: Value, images: &[&crate::ask::Image]) -> Value {
    match value {
        Value::String(text) => {
            let found = images.iter().find(|image| text.ends_with(&*image.base64));
            Value::String(found.map_or(text, |image| format!("sha256:{}", image.sha256)))
        }
        Value::Array(all) => all.into_iter().map(|one| by_digest(one, images)).collect(),
        Value::Object(all) => all.into_iter().map(|(key, one)| (key, by_digest(one, images))).collect(),
        other => other,
    }
}
