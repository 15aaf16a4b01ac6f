//! Google's contents.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Delivery;
use super::failure::Failure;
use super::said::{tokens, update, words};
use super::stream::Step;
use crate::ask::{Message, Part, Role, Sampling};
use crate::reply::{Reply, Withheld};

/// Reasons to stop that are the filter's.
const FILTERED: [&str; 6] = ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII", "IMAGE_SAFETY"];

pub(super) fn path(model: &str, delivery: Delivery) -> String {
    // Tuned models have a folder of their own.
    let folder = if model.contains('/') { "" } else { "models/" };
    let mut path = format!("/{folder}");
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' => path.push(byte.into()),
            _ => write!(path, "%{byte:02X}").expect("a String takes whatever it is given"),
        }
    }
    path.push_str(if delivery.is_stream() { ":streamGenerateContent?alt=sse" } else { ":generateContent" });
    path
}

pub(super) fn body(messages: &[Message], sampling: &Sampling) -> Map<String, Value> {
    let (system, spoken): (Vec<_>, Vec<_>) = messages.iter().partition(|message| message.role == Role::System);
    let contents: Vec<_> = spoken
        .into_iter()
        .map(|message| {
            let role = if message.role == Role::Assistant { "model" } else { "user" };
            json!({ "role": role, "parts": parts(message) })
        })
        .collect();
    let options = [
        ("temperature", sampling.temperature.map(Value::from)),
        ("topP", sampling.top_p.map(Value::from)),
        ("maxOutputTokens", sampling.max_tokens.map(Value::from)),
        ("seed", sampling.seed.map(Value::from)),
        ("stopSequences", (!sampling.stop.is_empty()).then(|| sampling.stop.clone().into())),
        ("thinkingConfig", sampling.reasoning_effort.as_ref().map(|effort| json!({ "thinkingLevel": effort }))),
    ];
    let options: Map<_, _> = options.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    let mut body = Map::new();
    body.insert("contents".into(), contents.into());
    if !system.is_empty() {
        let parts: Vec<_> = system.into_iter().flat_map(parts).collect();
        body.insert("systemInstruction".into(), json!({ "parts": parts }));
    }
    if !options.is_empty() {
        body.insert("generationConfig".into(), options.into());
    }
    body
}

fn parts(message: &Message) -> Vec<Value> {
    let parts = message.parts.iter().map(|part| match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Image(image) => json!({ "inlineData": { "mimeType": image.media_type, "data": &*image.base64 } }),
    });
    parts.collect()
}

pub(super) fn reply(body: &Value) -> Result<Reply, Failure> {
    let mut answer = Assembly::default();
    answer.event(body)?;
    let has_candidate = body["candidates"].as_array().is_some_and(|candidates| !candidates.is_empty());
    if !has_candidate && answer.reply.withheld.is_none() {
        return Err(Failure::unreadable("there are no `candidates`"));
    }
    Ok(answer.into_reply())
}

/// An answer as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    reply: Reply,
    spoken: Option<u64>,
}

impl Assembly {
    /// A whole answer or one event of a stream: they have the same form.
    pub(super) fn event(&mut self, data: &Value) -> Result<Step, Failure> {
        update(&mut self.reply.provider_model, words(&data["modelVersion"]).map(str::to_owned));
        self.usage(&data["usageMetadata"]);
        if let Some(reason) = words(&data["promptFeedback"]["blockReason"]) {
            self.reply.withheld = Some(Withheld::Filtered);
            self.reply.finish_reason = Some(reason.to_owned());
        }
        let candidates = match &data["candidates"] {
            Value::Null => &[][..],
            Value::Array(candidates) => candidates,
            _ => return Err(Failure::unreadable("`candidates` is not a list")),
        };
        let mut step = Step::default();
        // One answer is asked for; index 0 is not written.
        for candidate in candidates.iter().filter(|candidate| candidate["index"].as_u64().unwrap_or(0) == 0) {
            step.token |= self.candidate(candidate)?;
        }
        Ok(step)
    }

    pub(super) fn finish_reason(&self) -> Option<&str> {
        self.reply.finish_reason.as_deref()
    }

    pub(super) fn into_reply(self) -> Reply {
        let mut reply = self.reply;
        // One of them is left out where it is 0.
        let both = [self.spoken, reply.usage.reasoning_tokens];
        reply.usage.completion_tokens = both.into_iter().flatten().reduce(|spoken, thought| spoken + thought);
        reply
    }

    fn candidate(&mut self, candidate: &Value) -> Result<bool, Failure> {
        let parts = match &candidate["content"]["parts"] {
            // Nothing was said before the limit, or the filter.
            Value::Null => &[][..],
            Value::Array(parts) => parts,
            _ => return Err(Failure::unreadable("`parts` is not a list")),
        };
        let mut token = false;
        for part in parts {
            if let Some(text) = words(&part["text"]) {
                token = true;
                if part["thought"] != true {
                    self.reply.text.push_str(text);
                }
            }
        }
        if let Some(reason) = words(&candidate["finishReason"]) {
            if FILTERED.contains(&reason) {
                self.reply.withheld = Some(Withheld::Filtered);
            }
            self.reply.finish_reason = Some(reason.to_owned());
        }
        Ok(token)
    }

    fn usage(&mut self, said: &Value) {
        update(&mut self.spoken, tokens(&said["candidatesTokenCount"]));
        let usage = &mut self.reply.usage;
        update(&mut usage.prompt_tokens, tokens(&said["promptTokenCount"]));
        update(&mut usage.reasoning_tokens, tokens(&said["thoughtsTokenCount"]));
        update(&mut usage.cached_tokens, tokens(&said["cachedContentTokenCount"]));
    }
}
