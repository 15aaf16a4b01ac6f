//! Every way to fail, as it looks on the wire.

mod support;

use scripted_endpoint::{Endpoint, Fault, RateLimit, RetryAfter, Script};
use serde_json::{Value, json};
use support::{CHAT, Client, Response, chat, digest, failing, post};

fn streamed(prompt: &str) -> Value {
    let mut body = chat("m", prompt);
    body["stream"] = json!(true);
    body
}

/// The first attempts of many bodies under a script.
fn first_attempts(script: &Script, body: impl Fn(&str) -> Value) -> Vec<Option<Response>> {
    let endpoint = Endpoint::start(script.clone());
    (0..24).map(|number| post(&endpoint, CHAT, &body(&number.to_string()))).collect()
}

fn statuses(responses: &[Option<Response>]) -> Vec<u16> {
    let mut statuses: Vec<_> = responses.iter().map(|response| response.as_ref().unwrap().status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

#[test]
fn the_attempt_after_a_failed_one_is_answered() {
    for fault in Fault::ALL {
        let script = Script { huge_bytes: 1 << 20, stall_ms: 1, ..failing(fault) };
        let endpoint = Endpoint::start(script);
        let body = chat("m", "q");
        post(&endpoint, CHAT, &body);
        let second = post(&endpoint, CHAT, &body).unwrap();
        let expected = endpoint.script().expected("m", "q");
        assert_eq!(second.json()["choices"][0]["message"]["content"], expected.text, "{fault:?}");
        let seen = endpoint.seen();
        assert_eq!(seen.faults.into_iter().collect::<Vec<_>>(), [(fault, 1)]);
        assert_eq!(seen.delivered, if fault.is_harmless() { 2 } else { 1 }, "{fault:?}");
    }
}

#[test]
fn a_rate_limit_may_say_when_to_come_back() {
    for response in first_attempts(&failing(Fault::RateLimit), |prompt| chat("m", prompt)) {
        let response = response.unwrap();
        assert_eq!((response.status, response.header("retry-after")), (429, None));
    }
    let told = |when: RetryAfter| {
        let script = Script { retry_after: vec![when], ..failing(Fault::RateLimitRetryAfter) };
        post(&Endpoint::start(script), CHAT, &chat("m", "q")).unwrap()
    };
    assert_eq!(told(RetryAfter::Seconds(0.0)).header("retry-after"), Some("0"));
    assert_eq!(told(RetryAfter::Seconds(0.25)).header("retry-after"), Some("0.25"));
    assert_eq!(told(RetryAfter::Milliseconds(40)).header("retry-after-ms"), Some("40"));
    let dated = told(RetryAfter::Date(2));
    assert!(dated.header("retry-after").unwrap().ends_with(" GMT"), "{dated:?}");
}

#[test]
fn a_server_errs_in_each_of_its_ways() {
    let responses = first_attempts(&failing(Fault::ServerError), |prompt| chat("m", prompt));
    assert_eq!(statuses(&responses), [500, 502, 503, 529]);
}

#[test]
fn a_connection_is_cut_before_any_byte() {
    let responses = first_attempts(&failing(Fault::CutBefore), |prompt| chat("m", prompt));
    assert!(responses.iter().all(Option::is_none));
}

#[test]
fn a_connection_is_cut_inside_the_body_however_its_length_is_told() {
    let responses = first_attempts(&failing(Fault::CutInside), |prompt| chat("m", prompt));
    // A reset may overtake what was sent before it.
    let responses: Vec<_> = responses.into_iter().flatten().collect();
    assert!(responses.iter().all(|response| response.status == 200 && !response.is_whole), "{responses:?}");
    assert!(responses.iter().any(|response| response.header("content-length").is_some()));
    assert!(responses.iter().any(|response| response.header("transfer-encoding").is_some()));
}

#[test]
fn a_stream_is_cut_before_it_says_that_it_ends() {
    let responses = first_attempts(&failing(Fault::CutInside), streamed);
    let responses: Vec<_> = responses.into_iter().flatten().collect();
    for response in &responses {
        let text = String::from_utf8_lossy(&response.body);
        assert!(!text.contains("stop\"") && !text.contains("data: [DONE]"), "{text}");
    }
    // Where nothing tells the length, HTTP takes what came for whole.
    assert!(responses.iter().any(|response| response.is_whole));
    assert!(responses.iter().any(|response| !response.is_whole));
}

#[test]
fn a_stall_ends_when_the_client_gives_up_or_its_time_is_over() {
    let endpoint = Endpoint::start(Script { stall_ms: 3_600_000, ..failing(Fault::Stall) });
    let mut client = Client::connect(&endpoint);
    client.send("POST", CHAT, "", chat("m", "q").to_string().as_bytes());
    endpoint.wait_for_requests(1);
    drop(client);
    endpoint.wait_until_idle();
    let seen = endpoint.seen();
    assert_eq!((seen.answered, seen.in_flight, seen.max_in_flight), (0, 0, 1));

    let endpoint = Endpoint::start(Script { stall_ms: 5, ..failing(Fault::Stall) });
    let stream = post(&endpoint, CHAT, &streamed("q"));
    assert!(stream.is_none_or(|response| !response.is_whole && response.body.len() <= b": scripted\n\n".len()));
}

#[test]
fn json_is_spoilt() {
    for response in first_attempts(&failing(Fault::MalformedJson), |prompt| chat("m", prompt)) {
        let response = response.unwrap();
        assert!(response.status == 200 && response.is_whole);
        assert!(serde_json::from_slice::<Value>(&response.body).is_err());
    }
    for response in first_attempts(&failing(Fault::MalformedJson), streamed) {
        let response = response.unwrap();
        let spoilt = response.events().iter().filter(|data| serde_json::from_str::<Value>(data).is_err()).count();
        // One event, and the last, which never is JSON.
        assert!(response.is_whole && spoilt == 2, "{}", response.text());
    }
}

#[test]
fn a_page_comes_for_an_answer() {
    let response = post(&Endpoint::start(failing(Fault::WrongContentType)), CHAT, &chat("m", "q")).unwrap();
    assert_eq!((response.status, response.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(response.text().starts_with("<!DOCTYPE html>"));
}

#[test]
fn an_error_comes_with_the_status_of_an_answer() {
    let script = failing(Fault::ErrorInside);
    let whole = post(&Endpoint::start(script.clone()), CHAT, &chat("m", "q")).unwrap();
    assert_eq!((whole.status, &whole.json()["error"]["code"]), (200, &json!("server_error")));
    let stream = post(&Endpoint::start(script), CHAT, &streamed("q")).unwrap();
    let events = stream.events();
    assert!(stream.is_whole && events.len() > 2 && events.last().unwrap().starts_with("{\"error\":"), "{events:?}");
}

#[test]
fn a_huge_answer_is_valid_for_who_reads_all_of_it() {
    let script = Script { huge_bytes: 300_000, ..failing(Fault::HugeBody) };
    let responses = first_attempts(&script, |prompt| chat("m", prompt));
    let responses: Vec<_> = responses.into_iter().flatten().filter(|response| response.is_whole).collect();
    assert!(responses.iter().any(|response| response.header("content-length").is_some()));
    assert!(responses.iter().any(|response| response.header("content-length").is_none()));
    for response in responses {
        let answer = response.json();
        assert_eq!(answer["padding"].as_str().unwrap().len(), 300_000);
        assert!(answer["choices"][0]["message"]["content"].is_string());
    }
}

#[test]
fn a_huge_answer_ends_when_the_client_has_enough() {
    let endpoint = Endpoint::start(Script { huge_bytes: u64::MAX >> 8, ..failing(Fault::HugeBody) });
    let mut client = Client::connect(&endpoint);
    client.send("POST", CHAT, "", streamed("q").to_string().as_bytes());
    endpoint.wait_for_requests(1);
    drop(client);
    endpoint.wait_until_idle();
    assert_eq!(endpoint.seen().answered, 0);
}

#[test]
fn a_dripping_answer_is_right_in_the_end() {
    let endpoint = Endpoint::start(failing(Fault::SlowDrip));
    let expected = endpoint.script().expected("m", "q").text;
    let whole = post(&endpoint, CHAT, &chat("m", "q")).unwrap();
    assert_eq!(whole.json()["choices"][0]["message"]["content"], expected);
    assert!(post(&endpoint, CHAT, &streamed("q")).unwrap().is_whole);
    assert_eq!(endpoint.seen().delivered, 2);
}

#[test]
fn a_response_is_delivered_twice() {
    let endpoint = Endpoint::start(failing(Fault::DuplicateDelivery));
    let mut client = Client::connect(&endpoint);
    client.send("POST", CHAT, "", chat("m", "q").to_string().as_bytes());
    let first = client.receive().unwrap();
    assert_eq!(client.receive().unwrap(), first);
    assert_eq!((endpoint.seen().answered, endpoint.seen().delivered), (1, 1));
}

#[test]
fn faults_are_those_that_the_script_foretells_whatever_the_order() {
    let script = Script { stall_ms: 1, huge_bytes: 1 << 16, ..Script::faulty(11, 0.5) };
    let bodies: Vec<_> = (0..30).map(|number| chat("m", &number.to_string())).collect();
    let foretold = |body: &Value| (0..4).filter_map(|number| script.fault(&digest(body), number)).count() as u64;
    let total: u64 = bodies.iter().map(foretold).sum();
    let run = |bodies: Vec<&Value>| {
        let endpoint = Endpoint::start(script.clone());
        for _ in 0..4 {
            for body in &bodies {
                post(&endpoint, CHAT, body);
            }
        }
        endpoint.stop()
    };
    let seen = run(bodies.iter().collect());
    assert_eq!(seen.faults.values().sum::<u64>(), total);
    assert!(seen.bodies.values().all(|body| body.seen == 4 && body.delivered > 0));
    let backwards = run(bodies.iter().rev().collect());
    assert_eq!((backwards.faults, backwards.bodies), (seen.faults, seen.bodies));
}

#[test]
fn requests_beyond_a_limit_are_refused_and_the_rest_is_told() {
    let limit = RateLimit { requests: 2, tokens: 1_000, window_ms: 3_600_000, enforced: true };
    let endpoint = Endpoint::start(Script { rate_limit: Some(limit), ..Script::default() });
    let responses: Vec<_> = (0..3).map(|_| post(&endpoint, CHAT, &chat("m", "q")).unwrap()).collect();
    assert_eq!(responses[0].header("x-ratelimit-remaining-requests"), Some("1"));
    assert_eq!(responses[1].status, 200);
    assert_eq!((responses[2].status, responses[2].header("retry-after")), (429, Some("3600")));
    let seen = endpoint.seen();
    assert_eq!((seen.over_limit, seen.delivered, seen.faults.len()), (1, 2, 0));
}
