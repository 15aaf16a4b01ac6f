//! The client against a scripted server on loopback.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::batch::{BatchApi, BatchClient, BatchError, BatchInput, BatchStatus, Found, Results};
use crate::wire::FailureKind;

const KEY: &str = "sk-secret-0123456789";

/// A server that gives these answers one after the other, and tells what it was asked.
async fn server(answers: Vec<(u16, String)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(request(&mut stream).await);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\nretry-after: 9\r\nlocation: /v1/x\r\n\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
        asked
    });
    (address, asked)
}

async fn request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|length| length.parse());
        if body.len() >= length.map_or(0, Result::unwrap) {
            return text.into_owned();
        }
    }
}

fn client(api: BatchApi, address: &str) -> BatchClient {
    // It is there already if another test came first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    BatchClient::new(api, http, address, Some(KEY), &[("x-title".into(), "lab".into())]).unwrap()
}

fn input(api: BatchApi) -> BatchInput {
    let mut input = BatchInput::new(api, "tok".parse().unwrap());
    assert!(input.push(0, &json!({"model": "m"})));
    assert!(input.push(1, &json!({"model": "m"})));
    input
}

fn first_lines(asked: &[String]) -> Vec<&str> {
    asked.iter().map(|request| request.lines().next().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_of_openai_from_file_to_answers() {
    let line = |number: u64, content: &str| {
        let body = json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]});
        json!({"custom_id": format!("tok-{number}"), "response": {"status_code": 200, "body": body}, "error": null})
    };
    let lost = json!({"custom_id": "tok-1", "response": null, "error": {"code": "batch_expired", "message": "x"}});
    let expired = json!({"status": "expired", "output_file_id": "file-out", "error_file_id": "file-err"});
    let (address, asked) = server(vec![
        (200, json!({"id": "file-in"}).to_string()),
        (200, json!({"id": "batch_1"}).to_string()),
        (200, expired.to_string()),
        (200, format!("{}\n", line(0, "4"))),
        (200, lost.to_string()),
    ])
    .await;
    let client = client(BatchApi::OpenAi, &address);
    let batch = client.submit(input(BatchApi::OpenAi)).await.unwrap();
    assert_eq!(batch, "batch_1");
    let BatchStatus::Expired(results) = client.status(&batch).await.unwrap() else { panic!("it expired") };
    let mut answers = client.answers(&results);
    let first = answers.next().await.unwrap().unwrap();
    assert_eq!((first.custom_id.as_str(), first.answer.unwrap().text.as_str()), ("tok-0", "4"));
    let second = answers.next().await.unwrap().unwrap();
    assert_eq!((second.custom_id.as_str(), second.answer.unwrap_err().kind), ("tok-1", FailureKind::Timeout));
    assert!(answers.next().await.unwrap().is_none());

    let asked = asked.await.unwrap();
    assert_eq!(
        first_lines(&asked),
        [
            "POST /v1/files HTTP/1.1",
            "POST /v1/batches HTTP/1.1",
            "GET /v1/batches/batch_1 HTTP/1.1",
            "GET /v1/files/file-out/content HTTP/1.1",
            "GET /v1/files/file-err/content HTTP/1.1",
        ]
    );
    for request in &asked {
        assert!(request.contains("authorization: Bearer sk-secret-0123456789\r\n"), "{request}");
        assert!(request.contains("x-title: lab\r\n"), "{request}");
    }
    assert!(asked[0].contains("name=\"purpose\"\r\n\r\nbatch\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("filename=\"routerlab-tok.jsonl\""), "{}", asked[0]);
    assert!(asked[0].contains("\"custom_id\":\"tok-1\""), "{}", asked[0]);
    assert!(asked[1].contains("content-type: application/json\r\n"), "{}", asked[1]);
    assert!(asked[1].contains(r#""metadata":{"routerlab":"tok"}"#), "{}", asked[1]);
}

#[tokio::test]
async fn a_batch_of_anthropic_from_requests_to_answers() {
    let message = json!({"type": "message", "content": [{"type": "text", "text": "4"}], "stop_reason": "end_turn"});
    let line = json!({"custom_id": "tok-0", "result": {"type": "succeeded", "message": message}});
    let ended = json!({"id": "msgbatch_1", "processing_status": "ended", "results_url": "http://elsewhere.example/"});
    let (address, asked) = server(vec![
        (200, json!({"id": "msgbatch_1"}).to_string()),
        (200, ended.to_string()),
        (200, format!("{line}\n")),
    ])
    .await;
    let client = client(BatchApi::Anthropic, &address);
    let batch = client.submit(input(BatchApi::Anthropic)).await.unwrap();
    let BatchStatus::Ended(results) = client.status(&batch).await.unwrap() else { panic!("it ended") };
    let mut answers = client.answers(&results);
    assert_eq!(answers.next().await.unwrap().unwrap().answer.unwrap().text, "4");
    assert!(answers.next().await.unwrap().is_none());
    let asked = asked.await.unwrap();
    assert_eq!(
        first_lines(&asked),
        [
            "POST /v1/messages/batches HTTP/1.1",
            "GET /v1/messages/batches/msgbatch_1 HTTP/1.1",
            "GET /v1/messages/batches/msgbatch_1/results HTTP/1.1",
        ]
    );
    for header in ["x-api-key: sk-secret-0123456789\r\n", "anthropic-version: 2023-06-01\r\n"] {
        assert!(asked.iter().all(|request| request.contains(header)), "{asked:?}");
    }
}

#[tokio::test]
async fn openai_s_lost_batch_is_found_by_its_token() {
    let batch = |id: &str, token: &str, created_at: u64| json!({"id": id, "status": "in_progress", "created_at": created_at, "metadata": {"routerlab": token}});
    let foreign = json!({"id": "batch_0", "status": "completed", "created_at": 1_000_900, "metadata": null});
    let pages = [
        json!({"data": [foreign, batch("batch_3", "other", 1_000_800)], "has_more": true}).to_string(),
        json!({"data": [batch("batch_2", "tok", 1_000_700)], "has_more": true}).to_string(),
    ];
    let old = json!({"data": [batch("batch_9", "other", 1_000_900), batch("batch_1", "tok", 5)], "has_more": true});
    let (address, asked) = server(pages.into_iter().chain([old.to_string()]).map(|page| (200, page)).collect()).await;
    let client = client(BatchApi::OpenAi, &address);
    let (token, since) = ("tok".parse().unwrap(), UNIX_EPOCH + Duration::from_secs(1_000_700));
    assert_eq!(client.find(&token, 2, since).await.unwrap(), Found::One("batch_2".into()));
    assert_eq!(client.find(&token, 2, since).await.unwrap(), Found::None);
    let asked = asked.await.unwrap();
    assert_eq!(
        first_lines(&asked),
        [
            "GET /v1/batches?limit=100 HTTP/1.1",
            "GET /v1/batches?limit=100&after=batch_3 HTTP/1.1",
            "GET /v1/batches?limit=100 HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn anthropic_s_lost_batch_is_found_once_it_has_ended() {
    let batch = |id: &str, status: &str, requests: u64| {
        json!({
            "id": id, "processing_status": status, "created_at": "2026-01-30T12:00:00Z",
            "request_counts": {"processing": requests, "succeeded": 0},
        })
    };
    let line = |token: &str| json!({"custom_id": format!("{token}-1"), "result": {"type": "expired"}}).to_string();
    let list = |batches| json!({"data": batches, "has_more": false}).to_string();
    let (address, asked) = server(vec![
        (200, list(json!([batch("a", "ended", 2), batch("b", "in_progress", 2), batch("c", "in_progress", 3)]))),
        (200, line("other")),
        (200, list(json!([batch("a", "ended", 2), batch("b", "ended", 2)]))),
        (200, line("other")),
        (200, line("tok")),
    ])
    .await;
    let client = client(BatchApi::Anthropic, &address);
    let (token, since) = ("tok".parse().unwrap(), UNIX_EPOCH + Duration::from_secs(1_769_774_400));
    assert_eq!(client.find(&token, 2, since).await.unwrap(), Found::Perhaps(vec!["b".into()]));
    assert_eq!(client.find(&token, 2, since).await.unwrap(), Found::One("b".into()));
    assert_eq!(first_lines(&asked.await.unwrap())[4], "GET /v1/messages/batches/b/results HTTP/1.1");
}

#[tokio::test]
async fn what_a_provider_refuses_is_a_failure_without_the_key() {
    let refusal = json!({"error": {"message": format!("Incorrect API key provided: {KEY}")}}).to_string();
    let (address, asked) =
        server(vec![(401, refusal), (302, String::new()), (200, "<html>".into()), (429, String::new())]).await;
    let client = client(BatchApi::OpenAi, &address);
    let mut told = Vec::new();
    for _ in 0..4 {
        let error = client.status("batch_1").await.unwrap_err();
        told.push((error.to_string(), error.is_retryable()));
        if let BatchError::Refused(failure) = error {
            assert_eq!(failure.retry_after, Some(Duration::from_secs(9)));
        }
    }
    let expected = [
        ("key_refused: Incorrect API key provided: [key]", false),
        ("no_such_model: HTTP status 302", false),
        ("the provider's answer cannot be read: not JSON: expected value at line 1 column 1", true),
        ("rate_limited: HTTP status 429", true),
    ];
    assert_eq!(told, expected.map(|(message, retryable)| (message.to_owned(), retryable)));
    assert_eq!(asked.await.unwrap().len(), 4);
    assert!(!format!("{client:?}").contains(KEY));
}

#[tokio::test]
async fn answers_that_break_off_are_an_error_after_those_that_came() {
    let line = json!({"custom_id": "tok-0", "response": null, "error": {"code": "batch_expired"}}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(BatchApi::OpenAi, &format!("http://{}/v1", listener.local_addr().unwrap()));
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{line}\n{}", &line[..20]);
        stream.write_all(cut.as_bytes()).await.unwrap();
    });
    let mut answers = client.answers(&Results { paths: vec!["/files/f/content".into()] });
    assert_eq!(answers.next().await.unwrap().unwrap().custom_id, "tok-0");
    assert!(matches!(answers.next().await, Err(BatchError::Connection(_))));
    served.await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_an_error_without_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(BatchApi::OpenAi, &format!("http://{address}/secret")).status("batch_1").await.unwrap_err();
    assert!(error.is_retryable());
    let BatchError::Connection(cause) = &error else { panic!("{error}") };
    assert!(!format!("{error} {cause} {cause:?}").contains("secret"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_not() {
    let (address, asked) = server(vec![]).await;
    let openai = client(BatchApi::OpenAi, &address);
    assert!(matches!(openai.status("../files").await, Err(BatchError::Id)));
    assert!(matches!(openai.status("").await, Err(BatchError::Id)));
    assert!(matches!(openai.submit(input(BatchApi::Anthropic)).await, Err(BatchError::Input)));
    let empty = BatchInput::new(BatchApi::OpenAi, "tok".parse().unwrap());
    assert!(matches!(openai.submit(empty).await, Err(BatchError::Input)));
    assert_eq!(asked.await.unwrap(), Vec::<String>::new());
    for (key, headers, name) in
        [(Some("two\nlines"), vec![], "authorization"), (None, vec![("x y".to_owned(), "z".to_owned())], "x y")]
    {
        let error = BatchClient::new(BatchApi::OpenAi, Client::new(), &address, key, &headers).unwrap_err();
        assert_eq!(error.to_string(), format!("the header `{name}` has characters that cannot be sent"));
    }
}
