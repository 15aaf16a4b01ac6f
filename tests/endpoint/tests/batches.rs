//! Batches of both providers, from their input to their results.

mod support;

use std::collections::BTreeMap;

use scripted_endpoint::{Endpoint, Fault, ItemFault, Script, Verdict};
use serde_json::{Value, json};
use support::{Client, Response, chat, get, post};

/// Uploads lines as a file; the response.
fn upload(endpoint: &Endpoint, lines: &str) -> Option<Response> {
    let body = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--cut\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"input.jsonl\"\r\n\r\n{lines}\r\n--cut--\r\n"
    );
    let mut client = Client::connect(endpoint);
    client.send("POST", "/v1/files", "content-type: multipart/form-data; boundary=cut\r\n", body.as_bytes());
    client.receive()
}

fn line(id: &str, body: &Value) -> String {
    json!({ "custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body }).to_string() + "\n"
}

/// Makes a batch of questions to `m`.
fn create(endpoint: &Endpoint, lines: &str) -> Value {
    let file = upload(endpoint, lines).unwrap().json();
    let request = json!({ "input_file_id": file["id"], "endpoint": "/v1/chat/completions",
        "completion_window": "24h", "metadata": { "run": "7" } });
    post(endpoint, "/v1/batches", &request).unwrap().json()
}

fn questions(count: usize) -> String {
    (0..count).map(|number| line(&format!("id-{number}"), &chat("m", &format!("question {number}")))).collect()
}

fn poll(endpoint: &Endpoint, batch: &Value) -> Value {
    get(endpoint, &format!("/v1/batches/{}", batch["id"].as_str().unwrap())).json()
}

/// The lines of a batch's file by their id.
fn results(endpoint: &Endpoint, file: &Value) -> BTreeMap<String, Value> {
    let Some(file) = file.as_str() else { return BTreeMap::new() };
    by_id(&get(endpoint, &format!("/v1/files/{file}/content")).text())
}

fn by_id(lines: &str) -> BTreeMap<String, Value> {
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["custom_id"].as_str().unwrap().to_owned(), line)).collect()
}

#[test]
fn a_file_of_questions_becomes_a_file_of_answers() {
    let endpoint = Endpoint::start(Script::default());
    let batch = create(&endpoint, &questions(3));
    assert_eq!((&batch["status"], &batch["metadata"]["run"]), (&json!("validating"), &json!("7")));
    assert_eq!(poll(&endpoint, &batch)["status"], "in_progress");
    let done = poll(&endpoint, &batch);
    assert_eq!(done["status"], "completed");
    assert_eq!(done["request_counts"], json!({ "total": 3, "completed": 3, "failed": 0 }));
    assert_eq!(done["error_file_id"], Value::Null);
    let results = results(&endpoint, &done["output_file_id"]);
    assert_eq!(results.len(), 3);
    let expected = endpoint.script().expected("m", "question 2");
    let response = &results["id-2"]["response"];
    assert_eq!(response["status_code"], 200);
    assert_eq!(response["body"]["choices"][0]["message"]["content"], expected.text);
    assert_eq!(response["body"]["usage"]["completion_tokens"], expected.completion_tokens);
    // Asked again, it says the same, and nothing is counted twice.
    assert_eq!(poll(&endpoint, &batch), done);
    let seen = endpoint.seen();
    assert_eq!((seen.batches, seen.batch_items, seen.batch_items_delivered), (1, 3, 3));
    assert_eq!(seen.prompt_tokens, 6);
}

#[test]
fn items_err_and_expire_by_the_script_and_may_come_again() {
    let script =
        Script { seed: 5, batch_error_share: 0.2, batch_expire_share: 0.2, batch_polls: 1, ..Script::default() };
    let endpoint = Endpoint::start(script.clone());
    for number in 0..2 {
        let batch = create(&endpoint, &questions(50));
        let done = poll(&endpoint, &batch);
        assert_eq!(done["status"], "expired");
        let (output, errors) =
            (results(&endpoint, &done["output_file_id"]), results(&endpoint, &done["error_file_id"]));
        assert_eq!(output.len() + errors.len(), 50);
        for item in 0..50 {
            let id = format!("id-{item}");
            match script.item_fault("m", &format!("question {item}"), number) {
                None => assert_eq!(output[&id]["response"]["status_code"], 200),
                Some(ItemFault::Errored) => assert_eq!(errors[&id]["response"]["status_code"], 500),
                Some(ItemFault::Expired) => assert_eq!(errors[&id]["error"]["code"], "batch_expired"),
            }
        }
        assert!(errors.len() > 8 && output.len() > 20);
    }
    let last: Vec<_> = (0..50).filter_map(|item| script.item_fault("m", &format!("question {item}"), 3)).collect();
    assert_eq!(last, [], "no more often than any other fault");
}

#[test]
fn verdicts_and_fatal_models_end_items_too() {
    let script = Script { verdict_share: 1.0, verdicts: vec![Verdict::PromptFiltered], ..Script::default() };
    let endpoint = Endpoint::start(Script { batch_polls: 0, ..script });
    let lines = line("filtered", &chat("m", "q")) + &line("unknown", &chat("no-such-model", "q"));
    let batch = create(&endpoint, &lines);
    assert_eq!((&batch["status"], &batch["output_file_id"]), (&json!("completed"), &Value::Null));
    let errors = results(&endpoint, &batch["error_file_id"]);
    assert_eq!(errors["filtered"]["response"]["status_code"], 400);
    assert_eq!(errors["unknown"]["response"]["body"]["error"]["code"], "model_not_found");
}

#[test]
fn input_that_is_wrong_fails_the_batch() {
    let endpoint = Endpoint::start(Script::default());
    let good = line("a", &chat("m", "q"));
    for (lines, number, message) in [
        (format!("{good}{{\n"), 2, "EOF"),
        (format!("{good}{good}"), 2, "stands twice"),
        (good.replace("/v1/chat/completions", "/v1/embeddings"), 1, "not a POST to"),
    ] {
        let batch = create(&endpoint, &lines);
        let failed = poll(&endpoint, &batch);
        assert_eq!(failed["status"], "failed");
        assert_eq!(failed["errors"]["data"][0]["line"], number);
        assert!(failed["errors"]["data"][0]["message"].as_str().unwrap().contains(message), "{failed}");
    }
    assert_eq!(endpoint.seen().batch_items, 0);
    assert_eq!(post(&endpoint, "/v1/batches", &json!({ "input_file_id": "file-9" })).unwrap().status, 400);
    assert_eq!(get(&endpoint, "/v1/batches/batch_9").status, 404);
}

#[test]
fn batches_are_listed_newest_first_page_by_page() {
    let endpoint = Endpoint::start(Script::default());
    let made: Vec<_> = (0..3).map(|_| create(&endpoint, &questions(1))["id"].clone()).collect();
    let ids = |list: &Value| list["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>();
    let first = get(&endpoint, "/v1/batches?limit=2").json();
    assert_eq!((ids(&first), &first["has_more"]), (vec![made[2].clone(), made[1].clone()], &json!(true)));
    let next = format!("/v1/batches?limit=2&after={}", first["last_id"].as_str().unwrap());
    let second = get(&endpoint, &next).json();
    assert_eq!((ids(&second), &second["has_more"]), (vec![made[0].clone()], &json!(false)));
    // To be listed is not to be polled.
    assert_eq!(second["data"][0]["status"], "validating");
}

#[test]
fn a_batch_that_is_cancelled_keeps_what_was_done() {
    let endpoint = Endpoint::start(Script::default());
    let batch = create(&endpoint, &questions(4));
    let cancel = format!("/v1/batches/{}/cancel", batch["id"].as_str().unwrap());
    assert_eq!(post(&endpoint, &cancel, &json!({})).unwrap().json()["status"], "cancelling");
    let done = poll(&endpoint, &batch);
    assert_eq!(done["status"], "cancelled");
    assert_eq!(results(&endpoint, &done["output_file_id"]).len(), 2);
    assert_eq!(post(&endpoint, &cancel, &json!({})).unwrap().status, 409);
}

#[test]
fn files_are_described_and_deleted() {
    let endpoint = Endpoint::start(Script::default());
    let file = upload(&endpoint, "{}\n").unwrap().json();
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(get(&endpoint, &path).json()["bytes"], 3);
    let mut client = Client::connect(&endpoint);
    client.send("DELETE", &path, "", b"");
    assert_eq!(client.receive().unwrap().json()["deleted"], true);
    assert_eq!(get(&endpoint, &format!("{path}/content")).status, 404);
}

#[test]
fn messages_are_answered_in_batches() {
    let script = Script { seed: 2, batch_error_share: 0.3, batch_expire_share: 0.2, ..Script::default() };
    let endpoint = Endpoint::start(script.clone());
    let requests: Vec<_> = (0..20)
        .map(|number| json!({ "custom_id": number.to_string(), "params": chat("m", &format!("question {number}")) }))
        .collect();
    let path = "/v1/messages/batches";
    let batch = post(&endpoint, path, &json!({ "requests": requests })).unwrap().json();
    assert_eq!((&batch["processing_status"], &batch["results_url"]), (&json!("in_progress"), &Value::Null));
    let this = format!("{path}/{}", batch["id"].as_str().unwrap());
    assert_eq!(get(&endpoint, &this).json()["request_counts"]["processing"], 20);
    assert_eq!(get(&endpoint, &format!("{this}/results")).status, 404);
    let done = get(&endpoint, &this).json();
    assert_eq!(done["processing_status"], "ended");
    let url = done["results_url"].as_str().unwrap();
    let results = by_id(&get(&endpoint, url.strip_prefix(endpoint.url().trim_end_matches("/v1")).unwrap()).text());
    let mut counts = BTreeMap::from([("succeeded", 0), ("errored", 0), ("expired", 0)]);
    for number in 0..20 {
        let prompt = format!("question {number}");
        let result = &results[&number.to_string()]["result"];
        let kind = match script.item_fault("m", &prompt, 0) {
            None => {
                assert_eq!(result["message"]["content"][0]["text"], script.expected("m", &prompt).text);
                "succeeded"
            }
            Some(ItemFault::Errored) => {
                assert_eq!(result["error"]["error"]["type"], "api_error");
                "errored"
            }
            Some(ItemFault::Expired) => "expired",
        };
        assert_eq!(result["type"], kind);
        *counts.get_mut(kind).unwrap() += 1;
    }
    assert!(counts.iter().all(|(kind, count)| *count > 0 && done["request_counts"][kind] == *count), "{done}");
    assert_eq!(get(&endpoint, "/v1/messages/batches?limit=1").json()["data"][0]["id"], done["id"]);
    assert_eq!(endpoint.seen().batches, 1);
    let twice = json!({ "requests": [requests[0], requests[0]] });
    assert_eq!(post(&endpoint, path, &twice).unwrap().status, 400);
    assert_eq!(endpoint.seen().batches, 1);
}

#[test]
fn messages_of_a_batch_are_cancelled() {
    let endpoint = Endpoint::start(Script::default());
    let requests: Vec<_> =
        (0..4).map(|number| json!({ "custom_id": number.to_string(), "params": chat("m", "q") })).collect();
    let batch = post(&endpoint, "/v1/messages/batches", &json!({ "requests": requests })).unwrap().json();
    let this = format!("/v1/messages/batches/{}", batch["id"].as_str().unwrap());
    let cancelled = post(&endpoint, &format!("{this}/cancel"), &json!({})).unwrap().json();
    assert_eq!(cancelled["processing_status"], "canceling");
    let done = get(&endpoint, &this).json();
    assert_eq!((&done["request_counts"]["canceled"], &done["request_counts"]["succeeded"]), (&json!(2), &json!(2)));
}

#[test]
fn a_batch_is_made_although_the_client_never_hears_of_it() {
    let script =
        |fault| Script { batch_fault_share: 1.0, faults: vec![fault], max_faults_per_request: 1, ..Script::default() };
    for (fault, made) in [(Fault::CutInside, 2), (Fault::CutBefore, 1)] {
        let endpoint = Endpoint::start(script(fault));
        let requests = json!({ "requests": [{ "custom_id": "a", "params": chat("m", "q") }] });
        let first = post(&endpoint, "/v1/messages/batches", &requests);
        assert!(first.is_none_or(|response| !response.is_whole));
        assert_eq!(post(&endpoint, "/v1/messages/batches", &requests).unwrap().status, 200);
        assert_eq!(endpoint.seen().batches, made, "{fault:?}");
    }
    // A file is the same file whatever its boundary: its second upload is the second attempt.
    let endpoint = Endpoint::start(script(Fault::ServerError));
    assert!(upload(&endpoint, "{}").unwrap().status >= 500);
    assert_eq!(upload(&endpoint, "{}").unwrap().status, 200);
    assert!(endpoint.seen().bodies.is_empty());
}
