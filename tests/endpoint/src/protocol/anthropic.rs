//! Anthropic's messages.

use std::io::Write;

use super::{Protocol, filtered, pieces};
use crate::answer::{Expected, REFUSAL, Verdict};
use crate::reply::{Reply, end_event, quote, quoted};

/// An answer as a message.
pub(crate) fn reply(expected: &Expected, stream: bool) -> Reply {
    if matches!(expected.verdict, Verdict::Filtered | Verdict::PromptFiltered) {
        return Protocol::Messages.problem(&filtered(expected.verdict));
    }
    if stream { streamed(expected) } else { Reply::json(200, whole(expected)) }
}

fn stop_reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Refused => "refusal",
        Verdict::Length => "max_tokens",
        _ => "end_turn",
    }
}

/// What the message says.
fn said(expected: &Expected) -> &str {
    if expected.verdict == Verdict::Refused { REFUSAL } else { &expected.text }
}

/// Usage as it is told: what was cached is not in the input.
fn usage(expected: &Expected, output: u64) -> String {
    let cached = expected.cached_tokens.unwrap_or(0);
    let input = expected.prompt_tokens - cached;
    format!(
        r#"{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":{cached},"output_tokens":{output}}}"#
    )
}

fn start(expected: &Expected) -> String {
    let model = quoted(&expected.model_version);
    let id = expected.digest.short();
    format!(r#"{{"id":"msg_{id}","type":"message","role":"assistant","model":{model},"content":["#)
}

/// A message in one piece.
fn whole(expected: &Expected) -> Vec<u8> {
    let mut body = start(expected).into_bytes();
    if !expected.reasoning.is_empty() {
        body.extend_from_slice(br#"{"type":"thinking","thinking":"#);
        quote(&expected.reasoning, &mut body);
        body.extend_from_slice(br#","signature":"c2lnbmVk"}"#);
    }
    if !said(expected).is_empty() {
        if !expected.reasoning.is_empty() {
            body.push(b',');
        }
        body.extend_from_slice(br#"{"type":"text","text":"#);
        quote(said(expected), &mut body);
        body.push(b'}');
    }
    let stop = stop_reason(expected.verdict);
    let _ = write!(body, r#"],"stop_reason":"{stop}","stop_sequence":null"#);
    if expected.has_usage {
        let _ = write!(body, r#","usage":{}"#, usage(expected, expected.completion_tokens));
    }
    body.push(b'}');
    body
}

fn streamed(expected: &Expected) -> Reply {
    let mut body = Vec::with_capacity(4096);
    let mut events = Vec::new();
    let mut event = |name: &str, data: &str| {
        let _ = write!(body, "event: {name}\ndata: {{\"type\":\"{name}\"{data}}}\n\n");
        end_event(&body, &mut events);
    };
    let first_usage = if expected.has_usage { format!(r#","usage":{}"#, usage(expected, 1)) } else { String::new() };
    let message = format!(r#","message":{}],"stop_reason":null,"stop_sequence":null{first_usage}}}"#, start(expected));
    event("message_start", &message);
    event("ping", "");
    let blocks = [("thinking", &*expected.reasoning), ("text", said(expected))];
    for (index, (kind, text)) in blocks.into_iter().filter(|(_, text)| !text.is_empty()).enumerate() {
        let block = format!(r#","index":{index},"content_block":{{"type":"{kind}","{kind}":""}}"#);
        event("content_block_start", &block);
        for piece in pieces(text) {
            let piece = quoted(piece);
            let delta = format!(r#","index":{index},"delta":{{"type":"{kind}_delta","{kind}":{piece}}}"#);
            event("content_block_delta", &delta);
        }
        event("content_block_stop", &format!(r#","index":{index}"#));
    }
    let stop = stop_reason(expected.verdict);
    let tokens = expected.completion_tokens;
    let last_usage =
        if expected.has_usage { format!(r#","usage":{{"output_tokens":{tokens}}}"#) } else { String::new() };
    event("message_delta", &format!(r#","delta":{{"stop_reason":"{stop}","stop_sequence":null}}{last_usage}"#));
    event("message_stop", "");
    Reply { status: 200, content_type: "text/event-stream; charset=utf-8", body, events, ..Reply::default() }
}
