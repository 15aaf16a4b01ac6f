//! OpenAI's chat completions and completions, and what the many servers that speak them add or leave out.

use serde_json::{Map, Value, json};

use super::Delivery;
use super::failure::{Failure, FailureKind};
use super::said::{dollars, tokens, update, words};
use super::stream::Step;
use crate::ask::{Message, Part, Role, Sampling};
use crate::reply::{Reply, Usage, Withheld};

/// Which of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Chat completions.
    Chat,
    /// Completions.
    Text,
}

pub(super) fn chat(model: &str, messages: &[Message], sampling: &Sampling, delivery: Delivery) -> Map<String, Value> {
    let mut body = asked(model, sampling, delivery);
    let messages: Vec<_> =
        messages.iter().map(|message| json!({ "role": role(message.role), "content": content_of(message) })).collect();
    body.insert("messages".into(), messages.into());
    if let Some(effort) = &sampling.reasoning_effort {
        body.insert("reasoning_effort".into(), effort.as_str().into());
    }
    body
}

pub(super) fn completions(
    model: &str,
    messages: &[Message],
    sampling: &Sampling,
    delivery: Delivery,
) -> Map<String, Value> {
    let mut body = asked(model, sampling, delivery);
    let prompt: Vec<_> = messages.iter().map(Message::words).collect();
    body.insert("prompt".into(), prompt.join("\n\n").into());
    body
}

fn asked(model: &str, sampling: &Sampling, delivery: Delivery) -> Map<String, Value> {
    let limit = if sampling.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    let options = [
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        (limit, sampling.max_tokens.map(Value::from)),
        ("seed", sampling.seed.map(Value::from)),
        ("stop", (!sampling.stop.is_empty()).then(|| sampling.stop.clone().into())),
        ("stream", delivery.is_stream().then(|| true.into())),
        (
            "stream_options",
            (delivery == Delivery::Stream { usage_asked: true }).then(|| json!({ "include_usage": true })),
        ),
    ];
    body.extend(options.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    body
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// A plain text where there are no images: many servers and templates know nothing else.
fn content_of(message: &Message) -> Value {
    if message.parts.iter().all(|part| matches!(part, Part::Text(_))) {
        return message.words().into();
    }
    let parts = message.parts.iter().map(|part| match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image(image) => {
            let url = format!("data:{};base64,{}", image.media_type, image.base64);
            json!({ "type": "image_url", "image_url": { "url": url } })
        }
    });
    Value::Array(parts.collect())
}

pub(super) fn reply(body: &Value, kind: Kind) -> Result<Reply, Failure> {
    let choices = body["choices"].as_array().ok_or_else(|| Failure::unreadable("there is no list `choices`"))?;
    let choice = choices.first().ok_or_else(|| Failure::unreadable("`choices` is empty"))?;
    let (said, missing) = match kind {
        Kind::Chat => (&choice["message"], "the first of `choices` has no object `message`"),
        Kind::Text => (choice, "the first of `choices` is not an object"),
    };
    if !said.is_object() && choice["error"].is_null() {
        return Err(Failure::unreadable(missing));
    }
    if kind == Kind::Text && choice.get("text").is_none() && choice["error"].is_null() {
        return Err(Failure::unreadable("the first of `choices` has no `text`"));
    }
    let mut answer = Assembly::new(kind);
    answer.about(body);
    answer.choice(choice, said)?;
    Ok(answer.into_reply())
}

/// An answer as far as it is known.
#[derive(Debug)]
pub(super) struct Assembly {
    kind: Kind,
    reply: Reply,
    refusal: String,
}

impl Assembly {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, reply: Reply::default(), refusal: String::new() }
    }

    /// One event of a stream.
    pub(super) fn event(&mut self, data: &Value) -> Result<Step, Failure> {
        self.about(data);
        // Events about usage or filters have no choices, or an empty list of them.
        let choices = match &data["choices"] {
            Value::Null => &[][..],
            Value::Array(choices) => choices,
            _ => return Err(Failure::unreadable("`choices` is not a list")),
        };
        let mut step = Step::default();
        // One answer is asked for; a server that gives several is heard out for the first.
        for choice in choices.iter().filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            let said = match self.kind {
                Kind::Chat => &choice["delta"],
                Kind::Text => choice,
            };
            step.token |= self.choice(choice, said)?;
        }
        Ok(step)
    }

    pub(super) fn finish_reason(&self) -> Option<&str> {
        self.reply.finish_reason.as_deref()
    }

    pub(super) fn into_reply(self) -> Reply {
        let Self { mut reply, refusal, .. } = self;
        if !refusal.is_empty() {
            reply.withheld = Some(Withheld::Refused);
            if reply.text.is_empty() {
                reply.text = refusal;
            }
        }
        reply
    }

    fn about(&mut self, body: &Value) {
        update(&mut self.reply.provider_model, words(&body["model"]).map(str::to_owned));
        usage(&mut self.reply.usage, &body["usage"]);
    }

    /// Takes what a choice says; whether it says anything, thought or spoken.
    fn choice(&mut self, choice: &Value, said: &Value) -> Result<bool, Failure> {
        if let Some(failure) = Failure::of_error(&choice["error"]) {
            return Err(failure);
        }
        let content = match self.kind {
            Kind::Chat => &said["content"],
            Kind::Text => &said["text"],
        };
        let before = self.reply.text.len();
        let mut token = add_text(&mut self.reply.text, content)? || self.reply.text.len() > before;
        for aside in [&said["reasoning_content"], &said["reasoning"]] {
            token |= words(aside).is_some();
        }
        if let Some(refusal) = words(&said["refusal"]) {
            self.refusal.push_str(refusal);
            token = true;
        }
        // Where Moonshot puts it.
        usage(&mut self.reply.usage, &choice["usage"]);
        if let Some(reason) = words(&choice["finish_reason"]) {
            self.finished(reason)?;
        }
        Ok(token)
    }

    fn finished(&mut self, reason: &str) -> Result<(), Failure> {
        let broke = |kind| Err(Failure::new(kind, format!("the answer ended with `{reason}`")));
        match reason {
            // OpenRouter, Zhipu; vLLM and SGLang where the request was dropped.
            "error" | "network_error" | "abort" => return broke(FailureKind::ServerError),
            // DeepSeek.
            "insufficient_system_resource" => return broke(FailureKind::Overloaded),
            // OpenAI and others; Zhipu.
            "content_filter" | "sensitive" => self.reply.withheld = Some(Withheld::Filtered),
            _ => {}
        }
        self.reply.finish_reason = Some(reason.to_owned());
        Ok(())
    }
}

/// Adds a text or the texts of a list of parts; whether there was a part that is none, such as a thought.
fn add_text(text: &mut String, content: &Value) -> Result<bool, Failure> {
    match content {
        Value::Null => Ok(false),
        Value::String(said) => {
            text.push_str(said);
            Ok(false)
        }
        Value::Array(parts) => {
            let mut aside = false;
            for part in parts {
                match part {
                    Value::String(said) => text.push_str(said),
                    Value::Object(keys) if part["type"] == "text" || !keys.contains_key("type") => {
                        text.push_str(part["text"].as_str().unwrap_or_default());
                    }
                    _ => aside = true,
                }
            }
            Ok(aside)
        }
        _ => Err(Failure::unreadable("the answer is neither a text nor a list of parts")),
    }
}

fn usage(known: &mut Usage, said: &Value) {
    let reasoning = tokens(&said["completion_tokens_details"]["reasoning_tokens"]);
    let prompt = tokens(&said["prompt_tokens"]);
    let mut completion = tokens(&said["completion_tokens"]);
    // xAI and some gateways count reasoning apart; the sum gives it away.
    if let (Some(prompt), Some(spoken), Some(thought), Some(total)) =
        (prompt, completion, reasoning, tokens(&said["total_tokens"]))
        && thought > 0
        && total == prompt + spoken + thought
    {
        completion = Some(spoken + thought);
    }
    update(&mut known.prompt_tokens, prompt);
    update(&mut known.completion_tokens, completion);
    update(&mut known.reasoning_tokens, reasoning);
    let cached = tokens(&said["prompt_tokens_details"]["cached_tokens"]);
    // DeepSeek's and Moonshot's words for it.
    let cached = cached.or_else(|| tokens(&said["prompt_cache_hit_tokens"])).or_else(|| tokens(&said["cached_tokens"]));
    update(&mut known.cached_tokens, cached);
    update(&mut known.cost_usd, dollars(&said["cost"]));
}
