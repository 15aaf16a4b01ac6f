//! Google's generated contents.

use std::io::Write;

use super::pieces;
use crate::answer::{Expected, Verdict};
use crate::reply::{Reply, end_event, quote, quoted};

/// An answer as a candidate.
pub(super) fn reply(expected: &Expected, stream: bool) -> Reply {
    if !stream || expected.verdict == Verdict::PromptFiltered {
        let mut body = Vec::with_capacity(640);
        if expected.verdict == Verdict::PromptFiltered {
            body.extend_from_slice(br#"{"promptFeedback":{"blockReason":"SAFETY"}"#);
        } else {
            write_candidate(&[(true, &expected.reasoning), (false, &expected.text)], finish(expected), &mut body);
        }
        write_rest(expected, true, &mut body);
        if stream {
            return event_stream(vec![body]);
        }
        return Reply::json(200, body);
    }
    let thoughts = pieces(&expected.reasoning).map(|piece| (true, piece));
    let texts: Vec<_> = thoughts.chain(pieces(&expected.text).map(|piece| (false, piece))).collect();
    let last = texts.len().saturating_sub(1);
    let mut bodies: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, part)| {
            let mut body = Vec::with_capacity(256);
            write_candidate(&[*part], if number == last { finish(expected) } else { None }, &mut body);
            write_rest(expected, number == last, &mut body);
            body
        })
        .collect();
    if bodies.is_empty() {
        let mut body = Vec::new();
        write_candidate(&[], finish(expected), &mut body);
        write_rest(expected, true, &mut body);
        bodies.push(body);
    }
    event_stream(bodies)
}

fn event_stream(bodies: Vec<Vec<u8>>) -> Reply {
    let mut reply = Reply { status: 200, content_type: "text/event-stream", ..Reply::default() };
    for data in bodies {
        reply.body.extend_from_slice(b"data: ");
        reply.body.extend_from_slice(&data);
        // Theirs are the only streams with these line ends.
        reply.body.extend_from_slice(b"\r\n\r\n");
        end_event(&reply.body, &mut reply.events);
    }
    reply
}

fn finish(expected: &Expected) -> Option<&'static str> {
    Some(match expected.verdict {
        Verdict::Refused => "PROHIBITED_CONTENT",
        Verdict::Filtered | Verdict::PromptFiltered => "SAFETY",
        Verdict::Length => "MAX_TOKENS",
        Verdict::Answered | Verdict::Empty => "STOP",
    })
}

fn write_candidate(parts: &[(bool, &str)], finish: Option<&str>, body: &mut Vec<u8>) {
    body.extend_from_slice(br#"{"candidates":[{"index":0"#);
    // Where nothing was said there is no content at all.
    if parts.iter().any(|(_, text)| !text.is_empty()) {
        body.extend_from_slice(br#","content":{"role":"model","parts":["#);
        for (number, (is_thought, text)) in parts.iter().filter(|(_, text)| !text.is_empty()).enumerate() {
            if number > 0 {
                body.push(b',');
            }
            body.extend_from_slice(br#"{"text":"#);
            quote(text, body);
            body.extend_from_slice(if *is_thought { br#","thought":true}"# } else { b"}" });
        }
        body.extend_from_slice(b"]}");
    }
    if let Some(finish) = finish {
        let _ = write!(body, r#","finishReason":"{finish}""#);
    }
    body.extend_from_slice(b"}]");
}

/// Usage, where it is told and this is the end, and what ends every response.
fn write_rest(expected: &Expected, is_last: bool, body: &mut Vec<u8>) {
    if expected.has_usage {
        let prompt = expected.prompt_tokens;
        let _ = write!(body, r#","usageMetadata":{{"promptTokenCount":{prompt}"#);
        if let Some(cached) = expected.cached_tokens {
            let _ = write!(body, r#","cachedContentTokenCount":{cached}"#);
        }
        if is_last {
            let thoughts = expected.reasoning_tokens.unwrap_or(0);
            let answer = expected.completion_tokens - thoughts;
            let total = prompt + expected.completion_tokens;
            let _ = write!(body, r#","candidatesTokenCount":{answer},"totalTokenCount":{total}"#);
            if thoughts > 0 {
                let _ = write!(body, r#","thoughtsTokenCount":{thoughts}"#);
            }
        } else {
            let _ = write!(body, r#","totalTokenCount":{prompt}"#);
        }
        body.push(b'}');
    }
    let model = quoted(&expected.model_version);
    let id = expected.digest.short();
    let _ = write!(body, r#","modelVersion":{model},"responseId":"{id}"}}"#);
}
