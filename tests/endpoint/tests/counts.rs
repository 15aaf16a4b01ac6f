//! What an endpoint saw, and waiting for it.

mod support;

use scripted_endpoint::{Body, Endpoint, Route, Script};
use support::{CHAT, Client, chat, digest, get, post};

#[test]
fn everything_is_counted() {
    let endpoint = Endpoint::start(Script { keep_requests: 2, ..Script::default() });
    let body = chat("m", "one two");
    for prompt in ["one two", "three", "one two"] {
        post(&endpoint, CHAT, &chat("m", prompt)).unwrap();
    }
    post(&endpoint, "/v1/completions", &serde_json::json!({ "model": "n", "prompt": "q" })).unwrap();
    let seen = endpoint.seen();
    assert_eq!((seen.requests, seen.answered, seen.delivered, seen.in_flight), (4, 4, 4, 0));
    assert_eq!(seen.prompt_tokens, 6);
    assert_eq!(seen.models.into_iter().collect::<Vec<_>>(), [("m".to_owned(), 3), ("n".to_owned(), 1)]);
    assert_eq!(seen.bodies[&digest(&body).to_string()], Body { seen: 2, delivered: 2 });
    assert_eq!(seen.bodies.len(), 3);
    assert_eq!(seen.keys.into_iter().collect::<Vec<_>>(), ["Bearer sk-test"]);
    assert_eq!(seen.routes[&Route::ChatCompletions], 3);
    assert_eq!(seen.last.len(), 2);
    assert_eq!(seen.last[0].body, body.to_string());
    assert_eq!(seen.last[0].header("authorization"), Some("Bearer sk-test"));
    assert_eq!((&*seen.last[1].method, &*seen.last[1].target), ("POST", "/v1/completions"));
}

#[test]
fn without_a_record_numbers_are_left() {
    let endpoint = Endpoint::start(Script::instant());
    post(&endpoint, CHAT, &chat("m", "q")).unwrap();
    let seen = endpoint.seen();
    assert_eq!((seen.requests, seen.delivered, seen.routes[&Route::ChatCompletions]), (1, 1, 1));
    assert!(seen.bodies.is_empty() && seen.models.is_empty() && seen.keys.is_empty() && seen.last.is_empty());
}

#[test]
fn counts_are_told_over_the_wire() {
    let endpoint = Endpoint::start(Script::default());
    post(&endpoint, CHAT, &chat("m", "q")).unwrap();
    let told = get(&endpoint, "/__seen").json();
    assert_eq!((told["requests"].as_u64(), told["models"]["m"].as_u64()), (Some(1), Some(1)));
    assert_eq!(told["routes"]["chat_completions"], 1);
    assert!(told["bodies"].as_object().unwrap().is_empty());
    let all = get(&endpoint, "/__seen?all").json();
    assert_eq!(all["bodies"].as_object().unwrap().len(), 1);
}

#[test]
fn who_waits_is_woken_by_the_request_that_was_waited_for() {
    let endpoint = Endpoint::start(Script { hold_after: Some(0), ..Script::default() });
    endpoint.wait_for_requests(0);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = [3, 1, 2]
            .map(|count| {
                let endpoint = &endpoint;
                scope.spawn(move || {
                    endpoint.wait_for_requests(count);
                    endpoint.seen().requests >= count
                })
            })
            .into();
        let mut clients: Vec<_> = (0..3).map(|_| Client::connect(&endpoint)).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send("POST", CHAT, "", chat("m", "q").to_string().as_bytes());
            endpoint.wait_for_requests(number as u64 + 1);
            // All of them are held, so these are all there are.
            let seen = endpoint.seen();
            assert_eq!((seen.requests, seen.in_flight, seen.answered), (number as u64 + 1, number as u64 + 1, 0));
        }
        assert!(waiting.into_iter().all(|thread| thread.join().unwrap()));
        endpoint.release();
        assert!(clients.iter_mut().all(|client| client.receive().unwrap().status == 200));
    });
    assert_eq!((endpoint.seen().in_flight, endpoint.seen().max_in_flight), (0, 3));
}

#[test]
fn requests_beyond_so_many_at_a_time_are_refused() {
    let endpoint = Endpoint::start(Script { hold_after: Some(0), max_in_flight: Some(2), ..Script::default() });
    let mut clients: Vec<_> = (0..3).map(|_| Client::connect(&endpoint)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send("POST", CHAT, "", chat("m", "q").to_string().as_bytes());
        endpoint.wait_for_requests(number as u64 + 1);
    }
    assert_eq!(clients[2].receive().unwrap().status, 429);
    endpoint.release();
    let statuses: Vec<_> = clients[..2].iter_mut().map(|client| client.receive().unwrap().status).collect();
    assert_eq!(statuses, [200, 200]);
    let seen = endpoint.seen();
    assert_eq!((seen.over_limit, seen.max_in_flight, seen.delivered), (1, 3, 2));
}

#[test]
fn clients_are_told_apart_from_the_answers_that_they_left_behind() {
    let endpoint = Endpoint::start(Script { hold_after: Some(0), ..Script::default() });
    let mut client = Client::connect(&endpoint);
    client.send("POST", CHAT, "", chat("m", "q").to_string().as_bytes());
    endpoint.wait_for_requests(1);
    drop(client);
    endpoint.wait_until_idle();
    endpoint.release();
    assert_eq!((endpoint.seen().answered, endpoint.seen().requests), (0, 1));
}

#[test]
fn a_stopped_endpoint_ends_its_connections() {
    let endpoint = Endpoint::start(Script { hold_after: Some(0), ..Script::default() });
    let mut client = Client::connect(&endpoint);
    client.send("POST", CHAT, "", chat("m", "q").to_string().as_bytes());
    endpoint.wait_for_requests(1);
    let seen = endpoint.stop();
    assert!(client.receive().is_none());
    assert_eq!((seen.requests, seen.answered), (1, 0));
}

#[test]
fn many_threads_count_as_one() {
    let endpoint = Endpoint::start(Script { threads: 4, ..Script::default() });
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let endpoint = &endpoint;
            scope.spawn(move || {
                let mut client = Client::connect(endpoint);
                for number in 0..50 {
                    client.send("POST", CHAT, "", chat("m", &format!("{thread} {number}")).to_string().as_bytes());
                    assert_eq!(client.receive().unwrap().status, 200);
                }
            });
        }
    });
    let seen = endpoint.stop();
    assert_eq!((seen.requests, seen.delivered, seen.bodies.len(), seen.in_flight), (400, 400, 400, 0));
}
