//! OpenAI's embeddings, as vLLM, Text Embeddings Inference, llama.cpp and many others have them.

use serde_json::{Map, Value};

use super::failure::Failure;
use super::said::{dollars, tokens, words};
use crate::ask::{Message, Part};
use crate::reply::{Reply, Usage};
use crate::vectors::{Vectors, unpack};

/// Every text of the messages is one input, in their order.
pub(super) fn body(model: &str, messages: &[Message]) -> Map<String, Value> {
    let texts = messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Text(text) => Some(Value::from(text.as_str())),
        Part::Image(_) => None,
    });
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("input".into(), texts.collect());
    body
}

pub(super) fn reply(body: &Value) -> Result<Reply, Failure> {
    let data = body["data"].as_array().ok_or_else(|| Failure::unreadable("there is no list `data`"))?;
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; data.len()];
    for (at, one) in data.iter().enumerate() {
        // Whoever does not number them gives them in order.
        let index = match &one["index"] {
            Value::Null => at,
            index => index.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX),
        };
        let Some(place) = vectors.get_mut(index) else {
            return Err(Failure::unreadable(format!("`data` has {} vectors, one with the index {index}", data.len())));
        };
        let vector = vector(&one["embedding"])
            .map_err(|reason| Failure::unreadable(format!("the vector of text {} {reason}", index + 1)))?;
        if place.replace(vector).is_some() {
            return Err(Failure::unreadable(format!("`data` has two vectors with the index {index}")));
        }
    }
    let vectors = Vectors::of(vectors.into_iter().flatten()).map_err(Failure::unreadable)?;
    let usage = &body["usage"];
    let prompt_tokens = tokens(&usage["prompt_tokens"]).or_else(|| tokens(&usage["total_tokens"]));
    let usage = Usage {
        prompt_tokens,
        // Nothing is written.
        completion_tokens: prompt_tokens.map(|_| 0),
        cost_usd: dollars(&usage["cost"]),
        ..Usage::default()
    };
    let provider_model = words(&body["model"]).map(str::to_owned);
    Ok(Reply { vectors: Some(vectors), usage, provider_model, ..Reply::default() })
}

/// Numbers as a list, or packed as base64, whichever was asked for.
fn vector(value: &Value) -> Result<Vec<f32>, String> {
    let numbers = match value {
        Value::Array(numbers) => numbers.iter().map(number).collect::<Option<Vec<f32>>>(),
        Value::String(packed) => Some(unpack(packed)?),
        _ => return Err("is neither a list of numbers nor a text".into()),
    };
    let finite = numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite()));
    finite.ok_or_else(|| "has something in it that is no finite number".into())
}

#[allow(clippy::cast_possible_truncation, reason = "what does not fit becomes infinite, and that is looked for")]
fn number(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32)
}
