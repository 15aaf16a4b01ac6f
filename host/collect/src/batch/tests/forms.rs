//! What is sent and what comes back.

use serde_json::{Value, json};

use crate::ask::{Message, Role, Sampling};
use crate::batch::{BatchApi, BatchError, BatchInput, BatchStatus, Results, Token, openai};
use crate::wire::{Api, Delivery, FailureKind};

const BOTH: [BatchApi; 2] = [BatchApi::OpenAi, BatchApi::Anthropic];

fn token() -> Token {
    "t-1".parse().unwrap()
}

fn input(api: BatchApi) -> String {
    let mut input = BatchInput::new(api, token());
    for (number, question) in [(0, "1+1?"), (7, "2+2?")] {
        let messages = [Message::text(Role::User, question)];
        let sampling = Sampling { max_tokens: Some(5), ..Sampling::default() };
        assert!(input.push(number, &api.api().body("m", &messages, &sampling, Delivery::Whole)));
    }
    assert_eq!((input.requests(), input.token()), (2, &token()));
    String::from_utf8(input.into_bytes()).unwrap()
}

#[test]
fn openai_takes_a_line_for_every_request() {
    let expected = r#"{"body":{"max_tokens":5,"messages":[{"content":"1+1?","role":"user"}],"model":"m"},"custom_id":"t-1-0","method":"POST","url":"/v1/chat/completions"}
{"body":{"max_tokens":5,"messages":[{"content":"2+2?","role":"user"}],"model":"m"},"custom_id":"t-1-7","method":"POST","url":"/v1/chat/completions"}
"#;
    assert_eq!(input(BatchApi::OpenAi), expected);
    assert_eq!(
        openai::creation("file-1", &token()),
        json!({
            "input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "metadata": {"routerlab": "t-1"},
        })
    );
}

#[test]
fn anthropic_takes_a_list_of_requests() {
    let params = |question: &str| {
        json!({
            "max_tokens": 5, "model": "m",
            "messages": [{"role": "user", "content": [{"type": "text", "text": question}]}],
        })
    };
    assert_eq!(
        serde_json::from_str::<Value>(&input(BatchApi::Anthropic)).unwrap(),
        json!({"requests": [
            {"custom_id": "t-1-0", "params": params("1+1?")}, {"custom_id": "t-1-7", "params": params("2+2?")},
        ]})
    );
    let empty = BatchInput::new(BatchApi::Anthropic, token());
    assert_eq!(empty.into_bytes(), br#"{"requests":[]}"#);
}

#[test]
fn a_batch_is_full_at_its_provider_s_limit() {
    let mut many = BatchInput::new(BatchApi::OpenAi, token());
    assert!((0..50_000).all(|number| many.push(number, &json!({}))));
    assert!(!many.push(50_000, &json!({})));
    assert_eq!(many.requests(), 50_000);
    let large = json!({ "x": "x".repeat(90_000_000) });
    for (api, fit) in [(BatchApi::OpenAi, [true, true, false]), (BatchApi::Anthropic, [true, true, false])] {
        let mut input = BatchInput::new(api, token());
        assert_eq!([0, 1, 2].map(|number| input.push(number, &large)), fit, "{api:?}");
        assert!(input.push(3, &json!({})), "{api:?}");
    }
}

#[test]
fn the_id_of_a_request_is_its_token_and_number() {
    assert_eq!(token().custom_id(42), "t-1-42");
    for (custom_id, number) in [
        ("t-1-0", Some(0)),
        ("t-1-18446744073709551615", Some(u64::MAX)),
        ("t-1-", None),
        ("t-1-07", None),
        ("t-1-+7", None),
        ("t-1--7", None),
        ("t-12-7", None),
        ("t-2-7", None),
        ("t-1", None),
        ("", None),
    ] {
        assert_eq!(token().number(custom_id), number, "{custom_id}");
    }
    let longest: Token = "x".repeat(43).parse().unwrap();
    assert_eq!(longest.custom_id(u64::MAX).len(), 64);
    for wrong in ["", "a b", "ä", "a.b", "a/b", &"x".repeat(44)] {
        assert!(matches!(wrong.parse::<Token>(), Err(BatchError::Token)), "{wrong}");
    }
}

#[test]
fn openai_s_batch_tells_how_it_stands() {
    let batch = |status: &str, more: Value| {
        let mut batch = json!({
            "id": "batch_abc", "object": "batch", "endpoint": "/v1/chat/completions", "errors": null,
            "input_file_id": "file-in", "completion_window": "24h", "status": status, "output_file_id": null,
            "error_file_id": null, "created_at": 1_769_774_400, "metadata": {"routerlab": "t-1"},
            "request_counts": {"total": 100, "completed": 95, "failed": 4},
        });
        batch.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        BatchApi::OpenAi.status(batch.to_string().as_bytes()).unwrap()
    };
    for status in ["validating", "in_progress", "finalizing", "cancelling"] {
        assert_eq!(batch(status, json!({})), BatchStatus::Running { done: 99, total: 100 });
    }
    assert_eq!(batch("validating", json!({"request_counts": null})), BatchStatus::Running { done: 0, total: 0 });
    let files = json!({"output_file_id": "file-out", "error_file_id": "file-err"});
    let both = Results { paths: vec!["/files/file-out/content".into(), "/files/file-err/content".into()] };
    assert_eq!(batch("completed", files.clone()), BatchStatus::Ended(both.clone()));
    assert_eq!(batch("expired", files.clone()), BatchStatus::Expired(both.clone()));
    assert_eq!(batch("cancelled", files), BatchStatus::Cancelled(both));
    assert_eq!(batch("cancelled", json!({})), BatchStatus::Cancelled(Results { paths: vec![] }));
    let errors = json!({"errors": {"object": "list", "data": [
        {"code": "invalid_json_line", "message": "This line is not parseable as valid JSON.", "param": null, "line": 3},
        {"code": "x", "message": "And so on.", "line": null},
    ]}});
    let reason = "line 3: This line is not parseable as valid JSON.; And so on.";
    assert_eq!(batch("failed", errors), BatchStatus::Failed(reason.into()));
    assert_eq!(batch("failed", json!({})), BatchStatus::Failed("the provider gives no reason".into()));
}

#[test]
fn anthropic_s_batch_tells_how_it_stands() {
    let batch = |status: &str, cancelled: Value| {
        let batch = json!({
            "id": "msgbatch_abc", "type": "message_batch", "processing_status": status,
            "request_counts": {"processing": 10, "succeeded": 50, "errored": 30, "canceled": 6, "expired": 4},
            "created_at": "2026-01-30T12:00:00.100435+00:00", "cancel_initiated_at": cancelled,
            "results_url": "https://elsewhere.example/results",
        });
        BatchApi::Anthropic.status(batch.to_string().as_bytes()).unwrap()
    };
    let results = Results { paths: vec!["/messages/batches/msgbatch_abc/results".into()] };
    assert_eq!(batch("in_progress", json!(null)), BatchStatus::Running { done: 90, total: 100 });
    assert_eq!(batch("canceling", json!("2026-01-30T13:00:00Z")), BatchStatus::Running { done: 90, total: 100 });
    assert_eq!(batch("ended", json!(null)), BatchStatus::Ended(results.clone()));
    assert_eq!(batch("ended", json!("2026-01-30T13:00:00Z")), BatchStatus::Cancelled(results));
}

#[test]
fn what_says_nothing_of_a_batch_is_unreadable() {
    for (body, openai, anthropic) in [
        (
            "",
            "not JSON: EOF while parsing a value at line 1 column 0",
            "not JSON: EOF while parsing a value at line 1 column 0",
        ),
        ("{}", "there is no text `status`", "there is no text `processing_status`"),
        (r#"{"status": "gone", "processing_status": "gone"}"#, "unknown status `gone`", "unknown status `gone`"),
        (
            r#"{"status": "completed", "output_file_id": "../x", "processing_status": "ended", "id": "a/b?c"}"#,
            "`output_file_id` is not an id",
            "`id` is not an id",
        ),
    ] {
        let reasons = BOTH.map(|api| api.status(body.as_bytes()).unwrap_err().to_string());
        assert_eq!(reasons, [openai, anthropic], "{body}");
    }
}

#[test]
fn openai_s_lines_are_answers_or_failures() {
    let body = json!({"model": "gpt-5", "choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]});
    let refused =
        json!({"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}});
    for (line, expected) in [
        (json!({"response": {"status_code": 200, "request_id": "r", "body": body}, "error": null}), Ok("4")),
        (
            json!({"response": {"status_code": 400, "request_id": "r", "body": refused}, "error": null}),
            Err(FailureKind::ContextTooLong),
        ),
        (json!({"response": {"status_code": 429, "body": {}}, "error": null}), Err(FailureKind::RateLimited)),
        (json!({"response": {"status_code": 200, "body": {}}, "error": null}), Err(FailureKind::Unreadable)),
        (json!({"response": {"status_code": 200, "body": null}, "error": null}), Err(FailureKind::Unreadable)),
        (
            json!({"response": null, "error": {"code": "batch_expired", "message": "This request could not be executed before the completion window expired."}}),
            Err(FailureKind::Timeout),
        ),
        (json!({"response": null, "error": {"code": "batch_cancelled", "message": "x"}}), Err(FailureKind::Conflict)),
        (json!({"response": null, "error": {"code": "server_error", "message": "x"}}), Err(FailureKind::ServerError)),
        (json!({}), Err(FailureKind::Unreadable)),
    ] {
        check(BatchApi::OpenAi, line, expected);
    }
}

#[test]
fn anthropic_s_lines_are_answers_or_failures() {
    let message = json!({"type": "message", "model": "claude", "content": [{"type": "text", "text": "4"}], "stop_reason": "end_turn"});
    let error =
        |kind: &str| json!({"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "x"}}});
    for (result, expected) in [
        (json!({"type": "succeeded", "message": message}), Ok("4")),
        (json!({"type": "succeeded", "message": {"type": "message"}}), Err(FailureKind::Unreadable)),
        (error("invalid_request_error"), Err(FailureKind::Rejected)),
        (error("overloaded_error"), Err(FailureKind::Overloaded)),
        (json!({"type": "errored", "error": {"type": "invalid_request", "message": "x"}}), Err(FailureKind::Rejected)),
        (json!({"type": "errored"}), Err(FailureKind::Unreadable)),
        (json!({"type": "expired"}), Err(FailureKind::Timeout)),
        (json!({"type": "canceled"}), Err(FailureKind::Conflict)),
        (json!({"type": "lost"}), Err(FailureKind::Unreadable)),
        (json!(null), Err(FailureKind::Unreadable)),
    ] {
        check(BatchApi::Anthropic, json!({ "result": result }), expected);
    }
}

fn check(api: BatchApi, mut line: Value, expected: Result<&str, FailureKind>) {
    line["custom_id"] = "t-1-7".into();
    let read = api.answer(line.to_string().as_bytes()).unwrap();
    assert_eq!(read.custom_id, "t-1-7");
    let told = read.answer.as_ref().map(|reply| reply.text.as_str()).map_err(|failure| failure.kind);
    assert_eq!(told, expected, "{line}");
}

#[test]
fn a_line_without_an_id_belongs_to_no_request() {
    for api in BOTH {
        assert_eq!(api.answer(b"{}").unwrap_err().to_string(), "there is no text `custom_id`");
    }
}

#[test]
fn only_two_forms_of_requests_have_batches() {
    for api in BOTH {
        assert_eq!(BatchApi::of(api.api()), Some(api));
    }
    assert_eq!([Api::OpenaiCompletions, Api::Google].map(BatchApi::of), [None, None]);
}
