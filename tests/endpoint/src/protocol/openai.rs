//! OpenAI's chat completions and completions, and what gateways add to them.

use std::io::Write;

use super::{CREATED, Manner, Protocol, filtered, pieces};
use crate::answer::{Expected, REFUSAL, Verdict};
use crate::reply::{Reply, end_event, quote, quoted};
use crate::script::Script;

/// An answer as a chat's or as a bare text's completion.
pub(super) fn reply(protocol: Protocol, expected: &Expected, manner: Manner) -> Reply {
    if expected.verdict == Verdict::PromptFiltered {
        return protocol.problem(&filtered(expected.verdict));
    }
    if manner.stream { streamed(protocol, expected, manner.include_usage) } else { whole(protocol, expected) }
}

fn finish_reason(protocol: Protocol, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Refused if protocol == Protocol::Text => "content_filter",
        Verdict::Filtered => "content_filter",
        Verdict::Length => "length",
        _ => "stop",
    }
}

fn id(protocol: Protocol, expected: &Expected) -> String {
    format!("{}-{}", if protocol == Protocol::Chat { "chatcmpl" } else { "cmpl" }, expected.digest.short())
}

fn whole(protocol: Protocol, expected: &Expected) -> Reply {
    let mut body = Vec::with_capacity(640 + expected.text.len() * 2);
    let (object, start) = match protocol {
        Protocol::Chat => ("chat.completion", r#""message":{"role":"assistant","content":"#),
        _ => ("text_completion", r#""text":"#),
    };
    let id = id(protocol, expected);
    let model = quoted(&expected.model_version);
    let _ = write!(
        body,
        r#"{{"id":"{id}","object":"{object}","created":{CREATED},"model":{model},"choices":[{{"index":0,{start}"#
    );
    let is_refusal = protocol == Protocol::Chat && expected.verdict == Verdict::Refused;
    if is_refusal {
        body.extend_from_slice(b"null");
    } else {
        quote(&expected.text, &mut body);
    }
    if protocol == Protocol::Chat {
        body.extend_from_slice(br#","refusal":"#);
        if is_refusal {
            quote(REFUSAL, &mut body);
        } else {
            body.extend_from_slice(b"null");
        }
        if !expected.reasoning.is_empty() {
            body.extend_from_slice(br#","reasoning_content":"#);
            quote(&expected.reasoning, &mut body);
        }
        body.push(b'}');
    }
    let finish = finish_reason(protocol, expected.verdict);
    let _ = write!(body, r#","logprobs":null,"finish_reason":"{finish}"}}]"#);
    if expected.has_usage {
        body.extend_from_slice(br#","usage":"#);
        write_usage(expected, &mut body);
    }
    body.extend_from_slice(br#","system_fingerprint":"fp_scripted"}"#);
    Reply::json(200, body)
}

fn write_usage(expected: &Expected, body: &mut Vec<u8>) {
    let Expected { prompt_tokens, completion_tokens, .. } = expected;
    let total = prompt_tokens + completion_tokens;
    let _ = write!(
        body,
        r#"{{"prompt_tokens":{prompt_tokens},"completion_tokens":{completion_tokens},"total_tokens":{total}"#
    );
    if let Some(cached) = expected.cached_tokens {
        let _ = write!(body, r#","prompt_tokens_details":{{"cached_tokens":{cached}}}"#);
    }
    if let Some(reasoning) = expected.reasoning_tokens {
        let _ = write!(body, r#","completion_tokens_details":{{"reasoning_tokens":{reasoning}}}"#);
    }
    if let Some(cost) = expected.cost_usd {
        let _ = write!(body, r#","cost":{cost}"#);
    }
    body.push(b'}');
}

/// Events of a stream as they are written.
struct Stream {
    /// What every event starts with.
    start: Vec<u8>,
    /// What every event ends with.
    end: &'static [u8],
    body: Vec<u8>,
    events: Vec<usize>,
}

impl Stream {
    fn event(&mut self, choices: impl FnOnce(&mut Vec<u8>)) {
        self.body.extend_from_slice(&self.start);
        choices(&mut self.body);
        self.body.extend_from_slice(self.end);
        end_event(&self.body, &mut self.events);
    }

    fn delta(&mut self, key: &str, text: &str) {
        self.event(|body| {
            let _ = write!(body, r#"[{{"index":0,"delta":{{"{key}":"#);
            quote(text, body);
            body.extend_from_slice(br#"},"logprobs":null,"finish_reason":null}]"#);
        });
    }
}

fn streamed(protocol: Protocol, expected: &Expected, include_usage: bool) -> Reply {
    let object = if protocol == Protocol::Chat { "chat.completion.chunk" } else { "text_completion" };
    let model = quoted(&expected.model_version);
    let id = id(protocol, expected);
    let start = format!(r#"data: {{"id":"{id}","object":"{object}","created":{CREATED},"model":{model},"choices":"#);
    let end: &[u8] = if include_usage { b",\"usage\":null}\n\n" } else { b"}\n\n" };
    let mut stream = Stream { start: start.into_bytes(), end, body: Vec::with_capacity(4096), events: Vec::new() };

    // Gateways keep a connection awake by comments.
    stream.body.extend_from_slice(b": scripted\n\n");
    end_event(&stream.body, &mut stream.events);
    let finish = finish_reason(protocol, expected.verdict);
    if protocol == Protocol::Chat {
        let role: &[u8] =
            br#"[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]"#;
        stream.event(|body| body.extend_from_slice(role));
        for piece in pieces(&expected.reasoning) {
            stream.delta("reasoning_content", piece);
        }
        let (key, text) = match expected.verdict {
            Verdict::Refused => ("refusal", REFUSAL),
            _ => ("content", &*expected.text),
        };
        for piece in pieces(text) {
            stream.delta(key, piece);
        }
        stream.event(|body| {
            let _ = write!(body, r#"[{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"{finish}"}}]"#);
        });
    } else {
        for piece in pieces(&expected.text) {
            stream.event(|body| {
                body.extend_from_slice(br#"[{"index":0,"text":"#);
                quote(piece, body);
                body.extend_from_slice(br#","logprobs":null,"finish_reason":null}]"#);
            });
        }
        stream.event(|body| {
            let _ = write!(body, r#"[{{"index":0,"text":"","logprobs":null,"finish_reason":"{finish}"}}]"#);
        });
    }
    if include_usage && expected.has_usage {
        stream.end = b"}\n\n";
        stream.event(|body| {
            body.extend_from_slice(br#"[],"usage":"#);
            write_usage(expected, body);
        });
    }
    let Stream { mut body, mut events, .. } = stream;
    body.extend_from_slice(b"data: [DONE]\n\n");
    end_event(&body, &mut events);
    Reply { status: 200, content_type: "text/event-stream", body, events, ..Reply::default() }
}

/// The list of models.
pub(crate) fn models(script: &Script) -> Reply {
    let mut body = br#"{"object":"list","data":["#.to_vec();
    for (index, model) in script.models.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let model = quoted(model);
        let _ = write!(body, r#"{comma}{{"id":{model},"object":"model","created":{CREATED},"owned_by":"scripted"}}"#);
    }
    body.extend_from_slice(b"]}");
    Reply::json(200, body)
}
