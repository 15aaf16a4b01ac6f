//! Answers that come as they are written.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::reply::{Reply, Usage, Withheld};
use crate::wire::{Api, Failure, FailureKind, Fed};

const OPENAI: &str = r#": OPENROUTER PROCESSING

data: {"id":"1","object":"chat.completion.chunk","model":"gpt-5","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"1","model":"gpt-5","choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}]}

data: {"id":"1","model":"gpt-5","choices":[{"index":0,"delta":{"content":"Zwölf "},"finish_reason":null}]}

data: {"id":"1","model":"gpt-5","choices":[{"index":1,"delta":{"content":"another"},"finish_reason":null}]}

data: {"id":"1","model":"gpt-5","choices":[{"index":0,"delta":{"content":"Äpfel 🍏"},"finish_reason":null}]}

data: {"id":"1","model":"gpt-5","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"1","model":"gpt-5","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16,"completion_tokens_details":{"reasoning_tokens":3}}}

data: [DONE]

"#;

const COMPLETIONS: &str = r#"data: {"model":"qwen","choices":[{"index":0,"text":"Zwölf","finish_reason":null}]}

data: {"model":"qwen","choices":[{"index":0,"text":" Äpfel","finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":9}}

data: [DONE]

"#;

const ANTHROPIC: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-sonnet-4","stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Zwölf "}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Äpfel 🍏"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

"#;

const GOOGLE: &str = r#"data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"gemini-2.5-flash"}

data: {"candidates":[{"content":{"parts":[{"text":"Zwölf "}],"role":"model"}}],"usageMetadata":{"promptTokenCount":4},"modelVersion":"gemini-2.5-flash"}

data: {"candidates":[{"content":{"parts":[{"text":"Äpfel 🍏"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":6,"thoughtsTokenCount":2},"modelVersion":"gemini-2.5-flash"}

"#;

const STREAMS: [(Api, &str); 4] = [
    (Api::OpenaiChat, OPENAI),
    (Api::OpenaiCompletions, COMPLETIONS),
    (Api::Anthropic, ANTHROPIC),
    (Api::Google, GOOGLE),
];

fn read<'a>(api: Api, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Reply, Failure> {
    let mut reader = api.stream();
    for piece in pieces {
        reader.feed(piece)?;
    }
    reader.finish()
}

fn answer(text: &str, reason: &str, model: &str, usage: [Option<u64>; 4]) -> Reply {
    let [prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens] = usage;
    Reply {
        text: text.into(),
        finish_reason: Some(reason.into()),
        vectors: None,
        withheld: None,
        usage: Usage { prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens, cost_usd: None },
        provider_model: Some(model.into()),
    }
}

#[test]
fn an_answer_is_the_sum_of_its_events() {
    let expected = [
        answer("Zwölf Äpfel 🍏", "stop", "gpt-5", [Some(7), Some(9), Some(3), None]),
        answer("Zwölf Äpfel", "length", "qwen", [Some(7), Some(9), None, None]),
        answer("Zwölf Äpfel 🍏", "end_turn", "claude-sonnet-4", [Some(30), Some(15), None, Some(5)]),
        answer("Zwölf Äpfel 🍏", "STOP", "gemini-2.5-flash", [Some(4), Some(8), Some(2), None]),
    ];
    for ((api, stream), expected) in STREAMS.into_iter().zip(expected) {
        assert_eq!(read(api, [stream.as_bytes()]), Ok(expected), "{api:?}");
    }
}

#[test]
fn how_a_stream_is_cut_makes_no_difference() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    for (api, stream) in STREAMS {
        let crlf = stream.replace('\n', "\r\n");
        let cr = stream.replace('\n', "\r");
        let expected = read(api, [stream.as_bytes()]);
        for stream in [stream, &crlf, &cr] {
            assert_eq!(read(api, stream.as_bytes().chunks(1)), expected, "{api:?}");
            for cut in 0..stream.len() {
                let (head, tail) = stream.as_bytes().split_at(cut);
                assert_eq!(read(api, [head, tail]), expected, "{api:?} at {cut}");
            }
            for _ in 0..200 {
                let mut pieces = Vec::new();
                let mut rest = stream.as_bytes();
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(random.next_u64() as usize % rest.len().min(60) + 1);
                    pieces.push(piece);
                    rest = after;
                }
                assert_eq!(read(api, pieces), expected, "{api:?}");
            }
        }
    }
}

#[test]
fn a_stream_that_breaks_off_is_no_answer() {
    let reason_at =
        |stream: &str| ["\"stop\"", "\"length\"", "\"end_turn\"", "\"STOP\""].iter().find_map(|word| stream.find(word));
    for (api, stream) in STREAMS {
        let whole = read(api, [stream.as_bytes()]).unwrap();
        for cut in 0..stream.len() {
            match read(api, [&stream.as_bytes()[..cut]]) {
                Ok(reply) => {
                    assert!(cut > reason_at(stream).unwrap(), "{api:?} at {cut}");
                    assert_eq!((reply.text, reply.finish_reason), (whole.text.clone(), whole.finish_reason.clone()));
                }
                Err(failure) => assert_eq!(failure.kind, FailureKind::Cut, "{api:?} at {cut}"),
            }
        }
    }
}

#[test]
fn noise_never_panics_nor_depends_on_cuts() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(6);
    for round in 0..4_000 {
        let (api, stream) = STREAMS[round % STREAMS.len()];
        let mut bytes = stream.as_bytes().to_vec();
        for _ in 0..1 + random.next_u64() % 8 {
            let at = random.next_u64() as usize % bytes.len();
            match random.next_u64() % 3 {
                0 => bytes[at] = random.next_u64() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => drop(bytes.remove(at)),
            }
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        let whole = read(api, [bytes.as_slice()]);
        assert_eq!(read(api, bytes.chunks(1 + random.next_u64() as usize % 50)), whole, "{api:?} in round {round}");
        let _ = api.reply(&bytes);
        let _ = api.failure(500, &bytes);
    }
}

#[test]
fn the_first_token_is_told_once_be_it_thought_or_spoken() {
    for (api, stream) in STREAMS {
        let mut reader = api.stream();
        let fed: Vec<Fed> =
            stream.split_inclusive("\n\n").map(|event| reader.feed(event.as_bytes()).unwrap()).collect();
        let first = stream.split_inclusive("\n\n").position(|event| event.contains("hm") || event.contains("Zwölf"));
        assert_eq!(fed.iter().position(|fed| fed.first_token), first, "{api:?}");
        assert_eq!(fed.iter().filter(|fed| fed.first_token).count(), 1, "{api:?}");
        let finished: Vec<_> = fed.iter().map(|fed| fed.finished).collect();
        let (last, before) = finished.split_last().unwrap();
        assert_eq!((*last, before.contains(&true)), (api != Api::Google, false), "{api:?}");
    }
}

#[test]
fn what_follows_the_last_event_or_repeats_it_does_no_harm() {
    for (api, stream) in &STREAMS[..3] {
        let expected = read(*api, [stream.as_bytes()]);
        let twice = [*stream, *stream, "event: error\ndata: {}\n\ndata: what?\n\n"].concat();
        assert_eq!(read(*api, [twice.as_bytes()]), expected, "{api:?}");
        assert_eq!(read(*api, twice.as_bytes().chunks(7)), expected, "{api:?}");
    }
    let stop = r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;
    let again = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;
    let stream = format!("{stop}\n\n{again}\n\n{again}\n\ndata: [DONE]\n\n");
    let reply = read(Api::OpenaiChat, [stream.as_bytes()]).unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.prompt_tokens), ("a", Some(1)));
}

#[test]
fn a_server_that_forgets_the_end_has_still_said_why_it_stopped() {
    for (stream, expected) in [
        (r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#, Some("a")),
        (
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"usage\":{\"pro",
            Some("a"),
        ),
        // The end alone does not say that the answer is whole: gateways write it after a broken connection too.
        ("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n", None),
        ("data: [DONE]\n\n", None),
        ("", None),
    ] {
        let reply = read(Api::OpenaiChat, [stream.as_bytes()]);
        match expected {
            Some(text) => assert_eq!(reply.unwrap().text, text, "{stream}"),
            None => assert_eq!(reply.unwrap_err().kind, FailureKind::Cut, "{stream}"),
        }
    }
}

#[test]
fn a_failure_inside_a_stream_ends_it() {
    use FailureKind::{ContextTooLong, Overloaded, RateLimited, ServerError, Unreadable};
    let start = r#"data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"},"choices":[{"delta":{"content":"a"}}]}"#;
    for (api, event, kind) in [
        (Api::OpenaiChat, r#"data: {"error":{"code":429,"message":"Rate limit"}}"#, RateLimited),
        (
            Api::OpenaiChat,
            r#"data: {"error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            ServerError,
        ),
        (
            Api::OpenaiChat,
            r#"data: {"choices":[{"delta":{},"finish_reason":"error","error":{"code":503,"message":"x"}}]}"#,
            Overloaded,
        ),
        (
            Api::OpenaiChat,
            r#"data: {"object":"error","message":"maximum context length is 5","code":400}"#,
            ContextTooLong,
        ),
        (Api::OpenaiChat, "event: error\ndata: it broke", ServerError),
        (Api::OpenaiChat, "error: {\"code\":500,\"message\":\"it broke\",\"type\":\"server_error\"}", ServerError),
        (
            Api::Anthropic,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
            Overloaded,
        ),
        (Api::Google, r#"data: {"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#, Overloaded),
        (Api::OpenaiChat, "data: what?", Unreadable),
        (Api::OpenaiChat, "data: \u{1}", Unreadable),
        (Api::OpenaiChat, "data: 7", Unreadable),
        (Api::OpenaiChat, r#"data: {"choices":7}"#, Unreadable),
        (Api::Anthropic, "data: {}", Unreadable),
        (Api::Google, r#"data: {"candidates":7}"#, Unreadable),
    ] {
        let mut reader = api.stream();
        reader.feed(format!("{start}\n\n").as_bytes()).unwrap();
        let failure = reader.feed(format!("{event}\n\n").as_bytes()).unwrap_err();
        assert_eq!(failure.kind, kind, "{event}");
        assert_eq!(reader.feed(OPENAI.as_bytes()), Err(failure.clone()), "{event}");
        assert_eq!(reader.finish(), Err(failure), "{event}");
    }
}

#[test]
fn an_answer_withheld_inside_a_stream_is_told() {
    for (api, stream, withheld, text) in [
        (
            Api::OpenaiChat,
            r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"content_filter"}]}"#,
            Withheld::Filtered,
            "a",
        ),
        (
            Api::OpenaiChat,
            "data: {\"choices\":[{\"delta\":{\"refusal\":\"No\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"refusal\":\".\"},\"finish_reason\":\"stop\"}]}",
            Withheld::Refused,
            "No.",
        ),
        (
            Api::Anthropic,
            r#"data: {"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":{"output_tokens":1}}"#,
            Withheld::Refused,
            "",
        ),
        (Api::Google, r#"data: {"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"#, Withheld::Filtered, ""),
    ] {
        let reply = read(api, [stream.as_bytes(), b"\n\n"]).unwrap();
        assert_eq!((reply.withheld, reply.text.as_str()), (Some(withheld), text), "{stream}");
    }
}

#[test]
fn an_event_without_end_is_not_kept_for_ever() {
    let mut reader = Api::OpenaiChat.stream();
    let piece = vec![b'x'; 1 << 20];
    let failure = (0..20).find_map(|_| reader.feed(&piece).err()).unwrap();
    assert_eq!(failure.message, "an event of the stream is too long");
}
