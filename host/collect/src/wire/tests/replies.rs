//! Answers that come in one piece.

use serde_json::{Value, json};

use crate::reply::{Reply, Usage, Withheld};
use crate::wire::{Api, FailureKind};

fn read(api: Api, body: &Value) -> Reply {
    api.reply(body.to_string().as_bytes()).unwrap_or_else(|failure| panic!("{failure}: {body}"))
}

fn chat(message: Value, finish_reason: Value) -> Value {
    json!({"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]})
}

#[test]
fn openai_s_answer() {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5-2025-08-07",
        "choices": [{
            "index": 0, "finish_reason": "stop", "logprobs": null,
            "message": {"role": "assistant", "content": "4", "refusal": null, "annotations": []},
        }],
        "usage": {
            "prompt_tokens": 20, "completion_tokens": 110, "total_tokens": 130,
            "prompt_tokens_details": {"cached_tokens": 16, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 100, "accepted_prediction_tokens": 0},
        },
        "service_tier": "default",
    });
    let expected = Reply {
        text: "4".into(),
        finish_reason: Some("stop".into()),
        vectors: None,
        withheld: None,
        usage: Usage {
            prompt_tokens: Some(20),
            completion_tokens: Some(110),
            reasoning_tokens: Some(100),
            cached_tokens: Some(16),
            cost_usd: None,
        },
        provider_model: Some("gpt-5-2025-08-07".into()),
    };
    assert_eq!(read(Api::OpenaiChat, &body), expected);
}

#[test]
fn openrouter_s_answer_has_its_cost() {
    let mut body = chat(json!({"content": "4", "reasoning": "2+2…"}), json!("stop"));
    body["model"] = "qwen/qwen3-235b".into();
    body["usage"] = json!({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cost": 0.00014});
    let reply = read(Api::OpenaiChat, &body);
    assert_eq!((reply.text.as_str(), reply.usage.cost_usd), ("4", Some(0.00014)));
}

#[test]
fn a_completion_s_answer() {
    let body = json!({
        "model": "qwen", "choices": [{"index": 0, "text": " 4.\n", "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    });
    let reply = read(Api::OpenaiCompletions, &body);
    assert_eq!((reply.text.as_str(), reply.at_limit(), reply.usage.completion_tokens), (" 4.\n", true, Some(4)));
}

#[test]
fn anthropic_s_answer_is_its_blocks_of_text() {
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-20250514",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "text", "text": "It is "}, {"type": "tool_use", "id": "t"}, {"type": "text", "text": "4."},
        ],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {
            "input_tokens": 10, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 3000,
            "output_tokens": 12,
        },
    });
    let expected = Reply {
        text: "It is 4.".into(),
        finish_reason: Some("end_turn".into()),
        vectors: None,
        withheld: None,
        usage: Usage {
            prompt_tokens: Some(3210),
            completion_tokens: Some(12),
            reasoning_tokens: None,
            cached_tokens: Some(3000),
            cost_usd: None,
        },
        provider_model: Some("claude-sonnet-4-20250514".into()),
    };
    assert_eq!(read(Api::Anthropic, &body), expected);
}

#[test]
fn google_s_answer_is_its_parts_without_thoughts() {
    let body = json!({
        "candidates": [{
            "content": {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "It is "}, {"text": "4."}]},
            "finishReason": "STOP", "index": 0,
        }],
        "usageMetadata": {
            "promptTokenCount": 9, "candidatesTokenCount": 5, "thoughtsTokenCount": 40, "totalTokenCount": 54,
            "cachedContentTokenCount": 8,
        },
        "modelVersion": "gemini-2.5-pro",
    });
    let expected = Reply {
        text: "It is 4.".into(),
        finish_reason: Some("STOP".into()),
        vectors: None,
        withheld: None,
        usage: Usage {
            prompt_tokens: Some(9),
            completion_tokens: Some(45),
            reasoning_tokens: Some(40),
            cached_tokens: Some(8),
            cost_usd: None,
        },
        provider_model: Some("gemini-2.5-pro".into()),
    };
    assert_eq!(read(Api::Google, &body), expected);
}

#[test]
fn thoughts_that_met_the_limit_leave_an_empty_answer() {
    let body = json!({
        "candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}],
        "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 100},
    });
    let reply = read(Api::Google, &body);
    assert_eq!((reply.text.as_str(), reply.at_limit(), reply.usage.completion_tokens), ("", true, Some(100)));
    let reply = read(Api::OpenaiChat, &chat(json!({"content": null, "reasoning_content": "hm"}), json!("length")));
    assert_eq!((reply.text.as_str(), reply.at_limit()), ("", true));
}

#[test]
fn a_text_may_come_in_parts() {
    for (content, expected) in [
        (json!("a"), "a"),
        (json!(null), ""),
        (json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), "ab"),
        (
            json!([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]),
            "a",
        ),
        (json!(["a", {"text": "b"}]), "ab"),
    ] {
        assert_eq!(read(Api::OpenaiChat, &chat(json!({ "content": content }), json!("stop"))).text, expected);
    }
}

#[test]
fn who_withheld_an_answer_is_told() {
    use Withheld::{Filtered, Refused};
    let candidate =
        |reason: &str| json!({"candidates": [{"finishReason": reason, "content": {"parts": [{"text": "a"}]}}]});
    let claude = |reason: &str| json!({"content": [{"type": "text", "text": "a"}], "stop_reason": reason});
    let says = json!({"content": "a", "refusal": ""});
    for (api, body, withheld, text, reason) in [
        (Api::OpenaiChat, chat(says.clone(), json!("stop")), None, "a", "stop"),
        (Api::OpenaiChat, chat(says.clone(), json!("content_filter")), Some(Filtered), "a", "content_filter"),
        (
            Api::OpenaiChat,
            chat(json!({"content": null, "refusal": "No."}), json!("stop")),
            Some(Refused),
            "No.",
            "stop",
        ),
        (Api::OpenaiChat, chat(json!({"content": "a", "refusal": "No."}), json!("stop")), Some(Refused), "a", "stop"),
        (Api::Anthropic, claude("refusal"), Some(Refused), "a", "refusal"),
        (Api::Anthropic, claude("max_tokens"), None, "a", "max_tokens"),
        (Api::Google, candidate("SAFETY"), Some(Filtered), "a", "SAFETY"),
        (Api::Google, candidate("PROHIBITED_CONTENT"), Some(Filtered), "a", "PROHIBITED_CONTENT"),
        (Api::Google, candidate("BLOCKLIST"), Some(Filtered), "a", "BLOCKLIST"),
        (Api::Google, candidate("RECITATION"), Some(Filtered), "a", "RECITATION"),
        (Api::Google, candidate("SPII"), Some(Filtered), "a", "SPII"),
        (Api::Google, candidate("OTHER"), None, "a", "OTHER"),
        (Api::Google, json!({"promptFeedback": {"blockReason": "SAFETY"}}), Some(Filtered), "", "SAFETY"),
    ] {
        let reply = read(api, &body);
        let told = (reply.withheld, reply.text.as_str(), reply.finish_reason.as_deref());
        assert_eq!(told, (withheld, text, Some(reason)), "{body}");
    }
}

#[test]
fn what_is_not_said_is_not_known() {
    let silent = Reply { text: "a".into(), ..Reply::default() };
    for (api, body) in [
        (Api::OpenaiChat, json!({"choices": [{"message": {"content": "a"}}]})),
        (
            Api::OpenaiChat,
            json!({"model": "", "usage": null, "choices": [{"message": {"content": "a"}, "finish_reason": null}]}),
        ),
        (
            Api::OpenaiChat,
            json!({"usage": [], "error": null, "choices": [{"message": {"content": "a"}, "finish_reason": ""}]}),
        ),
        (Api::OpenaiCompletions, json!({"choices": [{"text": "a"}]})),
        (Api::Anthropic, json!({"content": [{"type": "text", "text": "a"}], "stop_reason": null, "usage": {}})),
        (Api::Google, json!({"candidates": [{"content": {"parts": [{"text": "a"}]}}], "usageMetadata": {}})),
    ] {
        assert_eq!(read(api, &body), silent, "{body}");
    }
}

#[test]
fn usage_is_read_as_it_is_said_if_it_can_be_so() {
    let usage = |said: Value| {
        let mut body = chat(json!({"content": "a"}), json!("stop"));
        body["usage"] = said;
        let usage = read(Api::OpenaiChat, &body).usage;
        (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens, usage.cached_tokens, usage.cost_usd)
    };
    let none = (None, None, None, None, None);
    assert_eq!(usage(json!({"prompt_tokens": -1, "completion_tokens": 1.5, "cost": -1})), none);
    assert_eq!(usage(json!({"prompt_tokens": "5", "completion_tokens": 1e30, "cost": 1e30})), none);
    let deepseek = json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 8});
    assert_eq!(usage(deepseek), (Some(9), Some(2), None, Some(8), None));
    let thought = json!({"reasoning_tokens": 30});
    let inside =
        json!({"prompt_tokens": 9, "completion_tokens": 32, "total_tokens": 41, "completion_tokens_details": thought});
    assert_eq!(usage(inside), (Some(9), Some(32), Some(30), None, None));
    let apart =
        json!({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 41, "completion_tokens_details": thought});
    assert_eq!(usage(apart), (Some(9), Some(32), Some(30), None, None));
}

#[test]
fn what_is_no_answer_is_unreadable() {
    for (api, body, reason) in [
        (Api::OpenaiChat, "", "not JSON: EOF while parsing a value at line 1 column 0"),
        (Api::OpenaiChat, "<html>", "not JSON: expected value at line 1 column 1"),
        (Api::OpenaiChat, "{\"choices\": [", "not JSON: EOF while parsing a list at line 1 column 13"),
        (Api::OpenaiChat, "[]", "the body is not an object"),
        (Api::OpenaiChat, "null", "the body is not an object"),
        (Api::OpenaiChat, "{}", "there is no list `choices`"),
        (Api::OpenaiChat, r#"{"choices": {}}"#, "there is no list `choices`"),
        (Api::OpenaiChat, r#"{"choices": []}"#, "`choices` is empty"),
        (Api::OpenaiChat, r#"{"choices": [{}]}"#, "the first of `choices` has no object `message`"),
        (
            Api::OpenaiChat,
            r#"{"choices": [{"message": {"content": 4}}]}"#,
            "the answer is neither a text nor a list of parts",
        ),
        (Api::OpenaiCompletions, r#"{"choices": ["a"]}"#, "the first of `choices` is not an object"),
        (Api::OpenaiCompletions, r#"{"choices": [{}]}"#, "the first of `choices` has no `text`"),
        (Api::OpenaiCompletions, r#"{"choices": [{"text": {}}]}"#, "the answer is neither a text nor a list of parts"),
        (Api::Anthropic, "{}", "there is no list `content`"),
        (Api::Google, "{}", "there are no `candidates`"),
        (Api::Google, r#"{"candidates": []}"#, "there are no `candidates`"),
        (Api::Google, r#"{"candidates": [{"content": {"parts": "a"}}]}"#, "`parts` is not a list"),
    ] {
        let failure = api.reply(body.as_bytes()).unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Unreadable, reason), "{body}");
    }
}

#[test]
fn a_failure_with_a_status_of_success_is_a_failure() {
    for (body, kind) in [
        (json!({"error": {"code": 429, "message": "busy"}}), FailureKind::RateLimited),
        (
            json!({"choices": [{"message": {"content": "a"}, "error": {"code": 502, "message": "gone"}}]}),
            FailureKind::ServerError,
        ),
        (chat(json!({"content": "a"}), json!("error")), FailureKind::ServerError),
        (chat(json!({"content": "a"}), json!("abort")), FailureKind::ServerError),
        (chat(json!({"content": "a"}), json!("insufficient_system_resource")), FailureKind::Overloaded),
    ] {
        assert_eq!(Api::OpenaiChat.reply(body.to_string().as_bytes()).unwrap_err().kind, kind, "{body}");
    }
}
