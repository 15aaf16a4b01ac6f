//! Vectors from an endpoint that fails in every way: every text gets its own, and what has none says why.

mod collecting {
    pub(crate) mod support;
}
mod embedding_endpoint {
    mod refused;
    pub(crate) mod support;
}
mod support;

use collecting::support::{attempts, queries, query, spawn, write_queries};
use embedding_endpoint::support::{bytes, check_vectors, embed, embeddings, rows_by_status};
use routerlab_records::{AttemptOutcome, EmbeddingStatus, QueryRow};
use scripted_endpoint::{Endpoint, Fault, Script};
use support::Scratch;

#[test]
fn every_text_gets_its_own_vector_and_many_go_into_one_request() {
    let endpoint = Endpoint::start(Script { keep_requests: 10, ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 100);
    let said = scratch.done(embed(&endpoint, &[]));
    assert_eq!(said, "100 embeddings of width 8 in data/embeddings/encoder=tiny\n");
    assert_eq!(endpoint.seen().requests, 4, "32 texts to a request");
    check_vectors(&endpoint, &data, "tiny", |row| row.prompt.clone());
    let host = endpoint.url().replace("http://", "");
    for row in embeddings(&data, "tiny").values() {
        assert_eq!((row.device.as_deref(), row.truncated, row.tokens), (Some(host.as_str()), None, None));
    }
    let attempts = attempts(&data);
    assert_eq!(attempts.len(), 4);
    for attempt in &attempts {
        assert_eq!((attempt.model.as_str(), attempt.about.as_str()), ("org/tiny", "embedding/tiny"));
        assert!(attempt.prompt_tokens.is_some() && attempt.cost_usd.is_none(), "nobody said what a token costs");
    }
    let found = routerlab_records::find_embeddings(&data).unwrap();
    assert_eq!(found, Some(data.join("embeddings/encoder=tiny")), "routers get them");
    let manifest = std::fs::read_to_string(data.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"embeddings/encoder=tiny/dataset=squares/split=test/00000.parquet\""), "{manifest}");

    let ran = scratch.routerlab(embed(&endpoint, &[]));
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("every text has its vector already"), "{}", ran.stderr);
    assert_eq!(endpoint.seen().requests, 4, "what is there is not asked again");
}

#[test]
fn a_text_alone_in_its_request_has_its_tokens_and_packed_vectors_are_the_same() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = Scratch::new();
    let data = queries(&scratch, 10);
    scratch.done(embed(&endpoint, &["--texts-per-request", "1", "--base64", "--usd-per-mtok", "0.5"]));
    assert_eq!(endpoint.seen().requests, 10);
    check_vectors(&endpoint, &data, "tiny", |row| row.prompt.clone());
    assert!(embeddings(&data, "tiny").values().all(|row| row.tokens == Some(5)));
    for attempt in attempts(&data) {
        assert_eq!((attempt.prompt_tokens, attempt.cost_usd), (Some(5), Some(5.0 * 0.5 / 1e6)));
    }
    let events = scratch.done(embed(&endpoint, &["--json"]));
    let end: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&end["event"], &end["ok"], &end["width"], &end["missing"]),
        (&"end".into(), &10.into(), &8.into(), &0.into())
    );
}

#[test]
fn what_fails_on_the_way_costs_no_vector() {
    // An answer beyond the limit of bytes would be 64 MiB each time.
    let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::HugeBody).collect();
    let script = Script { slip_share: 0.3, faults, stall_ms: 60_000, ..Script::faulty(5, 0.3) };
    let endpoint = Endpoint::start(script);
    let scratch = Scratch::new();
    let data = queries(&scratch, 2500);
    let more = ["--texts-per-request", "8", "--attempts", "20", "--timeout", "1s"];
    let ran = scratch.routerlab(embed(&endpoint, &more));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    check_vectors(&endpoint, &data, "tiny", |row| row.prompt.clone());
    let (seen, attempts) = (endpoint.seen(), attempts(&data));
    assert!(seen.faults.len() >= 10, "{:?}", seen.faults);
    assert_eq!(attempts.len() as u64, seen.requests, "every request is in the table, and no other");
    for outcome in [
        AttemptOutcome::RateLimited,
        AttemptOutcome::ServerError,
        AttemptOutcome::Timeout,
        AttemptOutcome::Cut,
        AttemptOutcome::Unreadable,
    ] {
        assert!(attempts.iter().any(|attempt| attempt.outcome == outcome), "{outcome} never came");
    }
    let said: Vec<&str> = attempts.iter().filter_map(|attempt| attempt.error.as_deref()).collect();
    for slip in [
        "7 vectors for 8 texts",
        "vector 8 has 7 numbers, the first has 8",
        "the vector of text 1 has something in it that is no finite number",
    ] {
        assert!(said.contains(&slip), "`{slip}` never came");
    }
}

#[test]
fn a_text_that_is_refused_costs_its_neighbours_nothing() {
    let endpoint = Endpoint::start(Script { refused_text: Some("BAD".into()), ..Script::default() });
    let scratch = Scratch::new();
    let text = |index| if index == 7 || index == 70 { format!("BAD {index}") } else { format!("text {index}") };
    let rows: Vec<QueryRow> = (1..=96).map(|index| query(index, &text(index))).collect();
    let data = scratch.path("data");
    write_queries(&data, &rows);
    let ran = scratch.routerlab(embed(&endpoint, &[]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(ran.stdout, "94 embeddings of width 8 in data/embeddings/encoder=tiny, 2 failed\n");
    assert!(ran.stderr.contains("2 texts failed (2 text_error); the same command asks for them again"));
    // By their ids the two stand together: one request was refused, and its texts were asked one by one.
    assert!(ran.stderr.contains("32 texts of refused requests are asked one by one"), "{}", ran.stderr);
    assert_eq!(endpoint.seen().requests, 3 + 32);
    assert_eq!(rows_by_status(&data, "tiny")[&EmbeddingStatus::TextError], [7, 70]);
    let bad = &embeddings(&data, "tiny")[&7];
    assert_eq!(bad.embedding, None, "never zeros in its place");
    assert!(bad.error.as_deref().is_some_and(|error| error.starts_with("'$.input' is invalid")), "{bad:?}");

    // It is known for which texts it was.
    assert_eq!(scratch.routerlab(embed(&endpoint, &[])).code, Some(1));
    assert_eq!(endpoint.seen().requests, 3 + 32 + 2);
    let last = attempts(&data).iter().map(|attempt| attempt.attempt).max();
    assert_eq!(last, Some(2), "attempts go on counting");
    let milder = Endpoint::start(Script::default());
    scratch.done(embed(&milder, &[]));
    assert_eq!(milder.seen().requests, 2, "the address is no setting");
    check_vectors(&milder, &data, "tiny", |row| row.prompt.clone());
}

#[test]
fn a_vector_that_is_none_costs_its_neighbours_nothing_either() {
    let endpoint = Endpoint::start(Script { null_text: Some("NULL".into()), ..Script::default() });
    let scratch = Scratch::new();
    let text = |index| if index == 20 { "NULL".to_owned() } else { format!("text {index}") };
    let rows: Vec<QueryRow> = (1..=40).map(|index| query(index, &text(index))).collect();
    let data = scratch.path("data");
    write_queries(&data, &rows);
    let ran = scratch.routerlab(embed(&endpoint, &["--attempts", "2"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let by_status = rows_by_status(&data, "tiny");
    assert_eq!(by_status[&EmbeddingStatus::ModelError], [20]);
    assert_eq!(by_status[&EmbeddingStatus::Ok].len(), 39);
    let wrong = &embeddings(&data, "tiny")[&20];
    assert_eq!(wrong.embedding, None);
    let said = wrong.error.as_deref().unwrap();
    assert!(said.ends_with("has something in it that is no finite number"), "{said}");
}

#[test]
fn a_run_that_is_killed_fifty_times_ends_as_one_that_is_not() {
    let script = || Script { delay_ms: (5, 10), ..Script::faulty(11, 0.05) };
    let more = ["--texts-per-request", "4", "--concurrency", "2", "--attempts", "20", "--timeout", "1s"];
    let faults = || Fault::ALL.into_iter().filter(|fault| !matches!(fault, Fault::HugeBody | Fault::Stall)).collect();
    let whole = Scratch::new();
    let port = {
        let endpoint = Endpoint::start(Script { faults: faults(), ..script() });
        queries(&whole, 3000);
        whole.done(embed(&endpoint, &more));
        endpoint.address().port()
    };
    // At the same address: rows say it.
    let endpoint = Endpoint::start(Script { port, faults: faults(), ..script() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 3000);
    let (mut state, mut at) = (0x9e37_79b9_u64, 0);
    let kills = 50;
    for _ in 0..kills {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        at = endpoint.seen().requests.max(at) + 1 + (state >> 33) % 14;
        let arguments = embed(&endpoint, &more);
        let mut child = spawn(&scratch, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        endpoint.wait_for_requests(at);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(embeddings(&data, "tiny").len() < 3000, "all kills fell into the run");
    scratch.done(embed(&endpoint, &more));
    assert!(bytes(&data.join("embeddings")) == bytes(&whole.path("data/embeddings")), "the same to the byte");
    check_vectors(&endpoint, &data, "tiny", |row| row.prompt.clone());

    let (seen, rows) = (endpoint.seen(), attempts(&data));
    let lost = rows.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Lost).count() as u64;
    assert!(lost <= kills * 2, "no kill costs more than what may be on its way: {lost} in {kills}");
    assert!(rows.len() as u64 >= seen.requests && rows.len() as u64 - seen.requests <= lost);
    let again: u64 = seen.bodies.values().map(|body| body.delivered.saturating_sub(1)).sum();
    assert!(again <= lost, "{again} answers came twice, {lost} requests were on their way at a kill");
}

#[test]
fn what_was_paid_once_is_not_paid_again_in_another_folder() {
    let endpoint = Endpoint::start(Script { refused_text: Some("12 times".into()), ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 90);
    let cached = |more: &[&str]| -> Vec<String> {
        embed(&endpoint, more).into_iter().filter(|argument| argument != "--no-cache").collect()
    };
    assert_eq!(scratch.routerlab(cached(&[])).code, Some(1));
    let (first, asked) = (embeddings(&data, "tiny"), endpoint.seen().requests);
    std::fs::remove_dir_all(data.join("embeddings")).unwrap();
    assert_eq!(scratch.routerlab(cached(&[])).code, Some(1));
    assert_eq!(endpoint.seen().requests, asked + 2, "only what was refused is asked again: together, then alone");
    let second = embeddings(&data, "tiny");
    assert!(first.iter().all(|(index, row)| row.embedding == second[index].embedding));
    // Another prefix is another request, and asking anew is asking.
    std::fs::remove_dir_all(data.join("embeddings")).unwrap();
    scratch.routerlab(cached(&["--prefix", "query: "]));
    assert!(endpoint.seen().requests >= asked + 2 + 3);
    std::fs::remove_dir_all(data.join("embeddings")).unwrap();
    let before = endpoint.seen().requests;
    scratch.routerlab(cached(&["--fresh"]));
    assert_eq!(endpoint.seen().requests, before + asked);
}

#[test]
fn the_prefix_stands_before_every_text_and_the_text_can_be_the_dataset_s_own() {
    let endpoint = Endpoint::start(Script { keep_requests: 4, ..Script::default() });
    let scratch = Scratch::new();
    let data = scratch.path("data");
    let rows: Vec<QueryRow> = (1..=5)
        .map(|index| QueryRow { origin_query: format!("own {index}"), ..query(index, &format!("asked {index}")) })
        .collect();
    write_queries(&data, &rows);
    scratch.done(embed(&endpoint, &["--prefix", "query: "]));
    check_vectors(&endpoint, &data, "tiny", |row| format!("query: {}", row.prompt));
    let body = &endpoint.seen().last[0].body;
    assert!(body.contains(r#""input":["query: asked 1","query: asked 2""#), "{body}");
    scratch.done(embed(&endpoint, &["--text", "query", "--name", "own/1"]));
    check_vectors(&endpoint, &data, "own/1", |row| row.origin_query.clone());
    assert!(data.join("embeddings/encoder=own%2F1").is_dir());
}

#[test]
fn a_cap_holds_and_what_was_not_asked_is_missing() {
    let endpoint = Endpoint::start(Script { delay_ms: (1, 2), ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 400);
    let price = ["--texts-per-request", "4", "--concurrency", "2", "--usd-per-mtok", "1000"];
    let ran = scratch.routerlab(embed(&endpoint, &[&price[..], &["--max-usd", "0.5"]].concat()));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("it ended early: the cap of 0.5 US dollars is reached"), "{}", ran.stderr);
    let there = embeddings(&data, "tiny").len() as u64;
    // A text costs half a cent, four of them two.
    assert!((80..=108).contains(&there), "{there}");
    let missing = 400 - there;
    assert!(ran.stderr.contains(&format!("{missing} texts were not asked for")), "{}", ran.stderr);
    let spent: f64 = attempts(&data).iter().filter_map(|attempt| attempt.cost_usd).sum();
    assert!((0.4..=0.54).contains(&spent), "{spent}");
    let ran = scratch.routerlab(embed(&endpoint, &["--max-tokens", "200"]));
    assert!(ran.stderr.contains("the cap of 200 tokens is reached"), "what was spent before counts: {}", ran.stderr);
    scratch.done(embed(&endpoint, &[]));
    check_vectors(&endpoint, &data, "tiny", |row| row.prompt.clone());
}
