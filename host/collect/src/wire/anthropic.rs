//! Anthropic's messages.

use serde_json::{Map, Value, json};

use super::Delivery;
use super::failure::Failure;
use super::said::{tokens, update, words};
use super::stream::Step;
use crate::ask::{Message, Part, Role, Sampling};
use crate::reply::{Reply, Withheld};

/// The form wants a limit; this one is for a request that has none.
const MAX_TOKENS: u32 = 4096;

pub(super) fn body(model: &str, messages: &[Message], sampling: &Sampling, delivery: Delivery) -> Map<String, Value> {
    let (system, spoken): (Vec<_>, Vec<_>) = messages.iter().partition(|message| message.role == Role::System);
    let system: Vec<_> = system.into_iter().map(Message::words).collect();
    let spoken: Vec<_> = spoken.into_iter().map(message).collect();
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), spoken.into());
    body.insert("max_tokens".into(), sampling.max_tokens.unwrap_or(MAX_TOKENS).into());
    let options = [
        ("system", (!system.is_empty()).then(|| system.join("\n\n").into())),
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        ("stop_sequences", (!sampling.stop.is_empty()).then(|| sampling.stop.clone().into())),
        ("output_config", sampling.reasoning_effort.as_ref().map(|effort| json!({ "effort": effort }))),
        ("stream", delivery.is_stream().then(|| true.into())),
    ];
    body.extend(options.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    body
}

fn message(message: &Message) -> Value {
    let role = if message.role == Role::Assistant { "assistant" } else { "user" };
    let parts = message.parts.iter().map(|part| match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image(image) => {
            let source = json!({ "type": "base64", "media_type": image.media_type, "data": &*image.base64 });
            json!({ "type": "image", "source": source })
        }
    });
    json!({ "role": role, "content": parts.collect::<Vec<_>>() })
}

pub(super) fn reply(body: &Value) -> Result<Reply, Failure> {
    let blocks = body["content"].as_array().ok_or_else(|| Failure::unreadable("there is no list `content`"))?;
    let mut answer = Assembly::default();
    answer.about(body);
    for block in blocks {
        answer.block(block);
    }
    answer.stopped(body);
    Ok(answer.into_reply())
}

/// An answer as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    reply: Reply,
    /// Tokens of the prompt that were neither read from the cache nor written to it.
    fresh: Option<u64>,
    written: Option<u64>,
}

impl Assembly {
    /// One event of a stream.
    pub(super) fn event(&mut self, data: &Value) -> Result<Step, Failure> {
        let kind = data["type"].as_str().ok_or_else(|| Failure::unreadable("an event has no `type`"))?;
        let mut step = Step::default();
        match kind {
            "message_start" => self.about(&data["message"]),
            "content_block_start" => step.token = self.block(&data["content_block"]),
            "content_block_delta" => step.token = self.delta(&data["delta"]),
            "message_delta" => {
                self.usage(&data["usage"]);
                self.stopped(&data["delta"]);
            }
            "message_stop" => step.ends = true,
            // `ping`, `content_block_stop`, and what is to come.
            _ => {}
        }
        Ok(step)
    }

    pub(super) fn finish_reason(&self) -> Option<&str> {
        self.reply.finish_reason.as_deref()
    }

    pub(super) fn into_reply(self) -> Reply {
        let mut reply = self.reply;
        let cached = reply.usage.cached_tokens.unwrap_or(0) + self.written.unwrap_or(0);
        reply.usage.prompt_tokens = self.fresh.map(|fresh| fresh + cached);
        reply
    }

    fn about(&mut self, message: &Value) {
        update(&mut self.reply.provider_model, words(&message["model"]).map(str::to_owned));
        self.usage(&message["usage"]);
    }

    /// Takes a block of the answer; whether it says anything, thought or spoken.
    fn block(&mut self, block: &Value) -> bool {
        if block["type"] == "text"
            && let Some(text) = words(&block["text"])
        {
            self.reply.text.push_str(text);
            return true;
        }
        words(&block["thinking"]).is_some()
    }

    fn delta(&mut self, delta: &Value) -> bool {
        if delta["type"] == "text_delta"
            && let Some(text) = words(&delta["text"])
        {
            self.reply.text.push_str(text);
            return true;
        }
        words(&delta["thinking"]).is_some()
    }

    fn stopped(&mut self, told: &Value) {
        if let Some(reason) = words(&told["stop_reason"]) {
            self.reply.withheld = (reason == "refusal").then_some(Withheld::Refused);
            self.reply.finish_reason = Some(reason.to_owned());
        }
    }

    fn usage(&mut self, said: &Value) {
        update(&mut self.fresh, tokens(&said["input_tokens"]));
        update(&mut self.written, tokens(&said["cache_creation_input_tokens"]));
        update(&mut self.reply.usage.cached_tokens, tokens(&said["cache_read_input_tokens"]));
        update(&mut self.reply.usage.completion_tokens, tokens(&said["output_tokens"]));
    }
}
