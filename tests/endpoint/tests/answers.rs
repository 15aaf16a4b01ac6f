//! What is answered, in every provider's form, is what the script says.

mod support;

use scripted_endpoint::{Endpoint, Expected, Prices, Script, Slip, Verdict};
use serde_json::{Value, json};
use support::{CHAT, Client, Response, chat, get, post};

/// A script with everything that usage can tell.
fn telling() -> Script {
    let prices = Prices { prompt_usd_per_million: 3.0, completion_usd_per_million: 15.0 };
    Script { reasoning_words: (2, 5), cached_share: 1.0, prices: Some(prices), ..Script::default() }
}

fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

fn parsed(response: &Response) -> Vec<Value> {
    response.events().iter().filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn assert_openai_usage(usage: &Value, expected: &Expected) {
    assert_eq!(usage["prompt_tokens"], expected.prompt_tokens);
    assert_eq!(usage["completion_tokens"], expected.completion_tokens);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], json!(expected.reasoning_tokens));
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], json!(expected.cached_tokens));
    assert_eq!(usage["cost"], json!(expected.cost_usd));
}

#[test]
fn a_chat_is_answered_in_one_piece() {
    let endpoint = Endpoint::start(telling());
    let response = post(&endpoint, CHAT, &chat("m", "one two three")).unwrap();
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    let expected = endpoint.script().expected("m", "one two three");
    let answer = response.json();
    assert_eq!(answer["model"], expected.model_version);
    assert_eq!(answer["choices"][0]["message"]["content"], expected.text);
    assert_eq!(answer["choices"][0]["message"]["reasoning_content"], expected.reasoning);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_openai_usage(&answer["usage"], &expected);
}

#[test]
fn a_chat_is_streamed_with_usage_where_it_is_asked_for() {
    let endpoint = Endpoint::start(telling());
    let expected = endpoint.script().expected("m", "a b");
    for include_usage in [false, true] {
        let mut body = chat("m", "a b");
        body["stream"] = json!(true);
        body["stream_options"] = json!({ "include_usage": include_usage });
        let response = post(&endpoint, CHAT, &body).unwrap();
        assert!(response.is_whole);
        assert_eq!(response.header("content-type"), Some("text/event-stream"));
        assert_eq!(response.events().last().unwrap(), "[DONE]");
        let events = parsed(&response);
        assert_eq!(joined(&events, "/choices/0/delta/content"), expected.text);
        assert_eq!(joined(&events, "/choices/0/delta/reasoning_content"), expected.reasoning);
        assert_eq!(joined(&events, "/choices/0/finish_reason"), "stop");
        let usages: Vec<_> = events.iter().map(|event| &event["usage"]).filter(|usage| !usage.is_null()).collect();
        assert_eq!(usages.len(), usize::from(include_usage));
        usages.into_iter().for_each(|usage| assert_openai_usage(usage, &expected));
    }
}

#[test]
fn a_bare_text_is_completed_either_way() {
    let endpoint = Endpoint::start(Script::default());
    let expected = endpoint.script().expected("m", "a b");
    let whole = post(&endpoint, "/v1/completions", &json!({ "model": "m", "prompt": "a b" })).unwrap().json();
    assert_eq!(whole["choices"][0]["text"], expected.text);
    assert_eq!(whole["usage"]["total_tokens"], 2 + expected.completion_tokens);
    let body = json!({ "model": "m", "prompt": "a b", "stream": true });
    let events = parsed(&post(&endpoint, "/v1/completions", &body).unwrap());
    assert_eq!(joined(&events, "/choices/0/text"), expected.text);
}

#[test]
fn a_message_is_answered_either_way() {
    let endpoint = Endpoint::start(telling());
    let expected = endpoint.script().expected("m", "Be brief.\na b");
    let mut body = json!({ "model": "m", "max_tokens": 9, "system": "Be brief.",
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "a b" }] }] });
    let whole = post(&endpoint, "/v1/messages", &body).unwrap().json();
    assert_eq!(whole["content"][0]["thinking"], expected.reasoning);
    assert_eq!(whole["content"][1]["text"], expected.text);
    assert_eq!(whole["stop_reason"], "end_turn");
    let cached = expected.cached_tokens.unwrap();
    assert_eq!(whole["usage"]["input_tokens"], expected.prompt_tokens - cached);
    assert_eq!(whole["usage"]["cache_read_input_tokens"], cached);
    assert_eq!(whole["usage"]["output_tokens"], expected.completion_tokens);

    body["stream"] = json!(true);
    let response = post(&endpoint, "/v1/messages", &body).unwrap();
    let events = parsed(&response);
    assert_eq!(joined(&events, "/delta/text"), expected.text);
    assert_eq!(joined(&events, "/delta/thinking"), expected.reasoning);
    assert_eq!(events[0]["message"]["usage"]["cache_read_input_tokens"], cached);
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    let delta = &events[events.len() - 2];
    assert_eq!(
        (&delta["delta"]["stop_reason"], &delta["usage"]["output_tokens"]),
        (&json!("end_turn"), &json!(expected.completion_tokens))
    );
    // The line before the data names the event as the data does.
    assert!(response.text().contains("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

#[test]
fn contents_are_generated_either_way() {
    let endpoint = Endpoint::start(telling());
    let expected = endpoint.script().expected("g-1", "a b");
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "a b" }] }] });
    let whole = post(&endpoint, "/v1beta/models/g-1:generateContent", &body).unwrap().json();
    let parts = whole["candidates"][0]["content"]["parts"].as_array().unwrap();
    assert_eq!(parts[0], json!({ "text": expected.reasoning, "thought": true }));
    assert_eq!(parts[1], json!({ "text": expected.text }));
    assert_eq!(whole["candidates"][0]["finishReason"], "STOP");
    let thoughts = expected.reasoning_tokens.unwrap();
    let usage = json!({ "promptTokenCount": 2, "cachedContentTokenCount": 1, "thoughtsTokenCount": thoughts,
        "candidatesTokenCount": expected.completion_tokens - thoughts,
        "totalTokenCount": 2 + expected.completion_tokens });
    assert_eq!(whole["usageMetadata"], usage);

    let response = post(&endpoint, "/v1beta/models/g-1:streamGenerateContent?alt=sse", &body).unwrap();
    let events = parsed(&response);
    let part = |event: &Value| event["candidates"][0]["content"]["parts"][0].clone();
    let texts = events.iter().map(part).filter(|part| part["thought"].is_null());
    assert_eq!(texts.map(|part| part["text"].as_str().unwrap().to_owned()).collect::<String>(), expected.text);
    assert_eq!(events.last().unwrap()["usageMetadata"], usage);
    assert_eq!(events.last().unwrap()["candidates"][0]["finishReason"], "STOP");
}

#[test]
fn texts_are_embedded() {
    let endpoint = Endpoint::start(Script::default());
    let answer = post(&endpoint, "/v1/embeddings", &json!({ "model": "e", "input": ["a b", "c"] })).unwrap().json();
    for (index, text) in ["a b", "c"].into_iter().enumerate() {
        let numbers: Vec<f32> = serde_json::from_value(answer["data"][index]["embedding"].clone()).unwrap();
        assert_eq!(numbers, endpoint.script().expected_embedding("e", text));
    }
    assert_eq!(answer["usage"]["prompt_tokens"], 3);
}

#[test]
fn embeddings_are_packed_and_shortened_where_that_is_asked_for() {
    use base64::Engine;
    let endpoint = Endpoint::start(Script::default());
    let ask = json!({ "model": "e", "input": "a b", "encoding_format": "base64", "dimensions": 3 });
    let answer = post(&endpoint, "/v1/embeddings", &ask).unwrap().json();
    let packed = answer["data"][0]["embedding"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).unwrap();
    let expected: Vec<u8> =
        endpoint.script().expected_embedding("e", "a b")[..3].iter().flat_map(|one| one.to_le_bytes()).collect();
    assert_eq!(bytes, expected);
}

#[test]
fn a_text_that_is_never_taken_is_refused_with_all_beside_it() {
    let endpoint = Endpoint::start(Script { refused_text: Some("BAD".to_owned()), ..Script::default() });
    let ask = |input: Value| post(&endpoint, "/v1/embeddings", &json!({ "model": "e", "input": input })).unwrap();
    assert_eq!(ask(json!(["fine", "a BAD one"])).status, 400);
    assert_eq!(ask(json!(["fine"])).status, 200);
}

#[test]
fn embeddings_are_odd_twice_at_most_for_one_request() {
    for slip in Slip::ALL {
        let endpoint = Endpoint::start(Script { slip_share: 1.0, slips: vec![slip], ..Script::default() });
        let ask = json!({ "model": "e", "input": ["a", "b"] });
        let answer = || post(&endpoint, "/v1/embeddings", &ask).unwrap().json();
        let (first, second, third) = (answer(), answer(), answer());
        assert_eq!(first, second);
        assert_ne!(first, third, "{slip:?}");
        assert_eq!(third["data"][1]["index"], 1);
        assert_eq!(endpoint.seen().delivered, if slip.is_harmless() { 3 } else { 1 }, "{slip:?}");
    }
}

#[test]
fn verdicts_have_the_form_of_each_provider() {
    let script = Script { verdict_share: 1.0, ..Script::default() };
    let only = |verdict| Endpoint::start(Script { verdicts: vec![verdict], ..script.clone() });
    let message = json!({ "model": "m", "messages": [{ "role": "user", "content": "q" }] });
    let contents = json!({ "contents": [{ "parts": [{ "text": "q" }] }] });
    let ask = |endpoint: &Endpoint| {
        (
            post(endpoint, CHAT, &chat("m", "q")).unwrap(),
            post(endpoint, "/v1/messages", &message).unwrap(),
            post(endpoint, "/v1beta/models/m:generateContent", &contents).unwrap().json(),
        )
    };

    let (openai, anthropic, google) = ask(&only(Verdict::Refused));
    assert_eq!(openai.json()["choices"][0]["message"]["refusal"], "I cannot help with that.");
    assert_eq!(openai.json()["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(anthropic.json()["stop_reason"], "refusal");
    assert_eq!(google["candidates"][0], json!({ "index": 0, "finishReason": "PROHIBITED_CONTENT" }));

    let (openai, anthropic, google) = ask(&only(Verdict::Filtered));
    assert_eq!(openai.json()["choices"][0]["finish_reason"], "content_filter");
    assert_eq!((anthropic.status, &anthropic.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    assert_eq!(google["candidates"][0]["finishReason"], "SAFETY");

    let (openai, anthropic, google) = ask(&only(Verdict::PromptFiltered));
    assert_eq!((openai.status, &openai.json()["error"]["code"]), (400, &json!("content_filter")));
    assert_eq!(anthropic.status, 400);
    assert_eq!(google["promptFeedback"]["blockReason"], "SAFETY");

    let (openai, anthropic, google) = ask(&only(Verdict::Length));
    let text = Script::default().expected("m", "q").text;
    assert_eq!(openai.json()["choices"][0]["finish_reason"], "length");
    assert_eq!(openai.json()["choices"][0]["message"]["content"], text);
    assert_eq!(anthropic.json()["stop_reason"], "max_tokens");
    assert_eq!(google["candidates"][0]["finishReason"], "MAX_TOKENS");

    let (openai, anthropic, google) = ask(&only(Verdict::Empty));
    assert_eq!(openai.json()["choices"][0]["message"]["content"], "");
    assert_eq!(openai.json()["choices"][0]["finish_reason"], "stop");
    assert_eq!(anthropic.json()["content"], json!([]));
    assert_eq!(google["candidates"][0], json!({ "index": 0, "finishReason": "STOP" }));
}

#[test]
fn verdicts_are_streamed_too() {
    for verdict in Verdict::ALL {
        let endpoint = Endpoint::start(Script { verdict_share: 1.0, verdicts: vec![verdict], ..Script::default() });
        let stream = |target: &str, mut body: Value| {
            body["stream"] = json!(true);
            post(&endpoint, target, &body).unwrap()
        };
        let expected = endpoint.script().expected("m", "q");
        let chat = stream(CHAT, chat("m", "q"));
        let contents = json!({ "contents": [{ "parts": [{ "text": "q" }] }] });
        let google = parsed(&stream("/v1/models/m:streamGenerateContent", contents));
        if verdict == Verdict::PromptFiltered {
            assert_eq!(chat.status, 400);
            assert_eq!(google[0]["promptFeedback"]["blockReason"], "SAFETY");
            continue;
        }
        let events = parsed(&chat);
        assert_eq!(joined(&events, "/choices/0/delta/content"), expected.text, "{verdict:?}");
        let refusal = if verdict == Verdict::Refused { "I cannot help with that." } else { "" };
        assert_eq!(joined(&events, "/choices/0/delta/refusal"), refusal);
        assert_eq!(joined(&google, "/candidates/0/content/parts/0/text"), expected.text, "{verdict:?}");
        assert_eq!(google.iter().filter(|event| event["candidates"][0]["finishReason"].is_string()).count(), 1);
    }
}

#[test]
fn usage_may_be_missing_everywhere() {
    let endpoint = Endpoint::start(Script { usage_share: 1.0, ..Script::default() });
    assert!(!endpoint.script().expected("m", "q").has_usage);
    let mut body = chat("m", "q");
    assert_eq!(post(&endpoint, CHAT, &body).unwrap().json()["usage"], Value::Null);
    assert_eq!(post(&endpoint, "/v1/messages", &body).unwrap().json()["usage"], Value::Null);
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    for target in [CHAT, "/v1/messages"] {
        let text = post(&endpoint, target, &body).unwrap().text();
        assert!(!text.contains("tokens\":"), "{text}");
    }
    let contents = json!({ "contents": [{ "parts": [{ "text": "q" }] }] });
    let google = post(&endpoint, "/v1/models/m:streamGenerateContent", &contents).unwrap().text();
    assert!(!google.contains("TokenCount"), "{google}");
}

#[test]
fn some_models_always_fail() {
    let endpoint = Endpoint::start(Script::faulty(1, 1.0));
    for (model, status, code) in [
        ("no-such-model", 404, "model_not_found"),
        ("bad-key", 401, "invalid_api_key"),
        ("no-credit", 402, "insufficient_credits"),
    ] {
        let response = post(&endpoint, CHAT, &chat(model, "q")).unwrap();
        assert_eq!((response.status, &response.json()["error"]["code"]), (status, &json!(code)));
    }
    let refused = post(&endpoint, CHAT, &chat("bad-key", "q")).unwrap().text();
    assert!(refused.contains("Incorrect API key provided: Bearer sk-test."), "{refused}");
    assert_eq!(endpoint.seen().delivered, 0);
}

#[test]
fn a_server_tells_its_models_and_when_it_is_ready() {
    let endpoint = Endpoint::start(Script { unhealthy_polls: 2, models: vec!["a".to_owned()], ..Script::default() });
    let statuses: Vec<_> = (0..4).map(|_| get(&endpoint, "/health").status).collect();
    assert_eq!(statuses, [503, 503, 200, 200]);
    assert_eq!(get(&endpoint, "/v1/models").json()["data"][0]["id"], "a");
    assert_eq!(endpoint.seen().requests, 0);
}

#[test]
fn a_connection_serves_many_requests_and_bodies_in_chunks() {
    let endpoint = Endpoint::start(Script::default());
    let mut client = Client::connect(&endpoint);
    // Two requests at once, then one whose length is not known before.
    for prompt in ["first", "second"] {
        client.send("POST", CHAT, "", chat("m", prompt).to_string().as_bytes());
    }
    let text = |client: &mut Client| client.receive().unwrap().json()["choices"][0]["message"]["content"].clone();
    assert_eq!(text(&mut client), endpoint.script().expected("m", "first").text);
    assert_eq!(text(&mut client), endpoint.script().expected("m", "second").text);
    let body = chat("m", "third").to_string();
    let (half, rest) = body.split_at(20);
    let chunks = format!("{:x}\r\n{half}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", half.len(), rest.len());
    client.send_raw(format!("POST {CHAT} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").as_bytes());
    assert_eq!(text(&mut client), endpoint.script().expected("m", "third").text);
    client.send("POST", CHAT, "connection: close\r\n", body.as_bytes());
    assert_eq!(client.receive().unwrap().status, 200);
    assert!(client.is_ended());
    assert_eq!(endpoint.seen().connections, 1);
}

#[test]
fn what_is_no_question_is_refused() {
    let endpoint = Endpoint::start(Script::default());
    let mut client = Client::connect(&endpoint);
    client.send("POST", CHAT, "", b"{");
    assert_eq!(client.receive().unwrap().status, 400);
    client.send("POST", "/v1/nothing", "", b"{}");
    assert_eq!(client.receive().unwrap().status, 404);
    assert_eq!(endpoint.seen().not_understood, 2);
}
