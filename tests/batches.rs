//! Collecting through a provider's batch API: every row right, nothing submitted twice, whatever fails and whenever the
//! collector is killed.

mod collecting {
    pub(crate) mod support;
}
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Output};

use collecting::support::{attempts, completions, pool, queries, query, spawn, stable_bytes, write_queries};
use routerlab_records::{AttemptOutcome, AttemptRow, CompletionStatus, CostSource};
use scripted_endpoint::{Endpoint, Fault, ItemFault, Route, Script};
use support::Scratch;

const COLLECT: [&str; 5] = ["collect", "data", "--pool", "pool.toml", "--no-cache"];
const PROVIDERS: [&str; 2] = ["openai-chat", "anthropic"];

/// A data folder with so many queries, and a pool with the model `m` that is asked by batch.
fn scratch(endpoint: &Endpoint, api: &str, count: u64, more: &str) -> Scratch {
    let scratch = Scratch::new();
    queries(&scratch, count);
    by_batch(&scratch, endpoint, api, more);
    scratch
}

fn by_batch(scratch: &Scratch, endpoint: &Endpoint, api: &str, more: &str) {
    let batch = "batch = true\nbatch_price = { input = 0.5, output = 1.0 }\nbatch_poll_s = 0.001\n";
    pool(scratch, &endpoint.url(), &["m"], &format!("api = \"{api}\"\n{batch}{more}"));
}

fn prompt(index: u64) -> String {
    format!("What is {index} times {index}?")
}

fn check_rows(script: &Script, folder: &Path, count: u64) {
    let rows = completions(folder);
    assert_eq!(rows.len() as u64, count);
    for ((index, model, _), row) in rows {
        let expected = script.expected(&model, &prompt(index));
        assert_eq!(row.status, CompletionStatus::Ok, "{index}: {:?}", row.error);
        assert_eq!(row.raw_output, expected.text, "{index}");
        let tokens = (expected.prompt_tokens, expected.completion_tokens);
        assert_eq!(row.prompt_tokens.zip(row.completion_tokens), Some(tokens), "{index}");
    }
}

/// Nothing is known of batches any more.
fn is_settled(folder: &Path) -> bool {
    let left = std::fs::read_dir(folder.join("collect/batches-completions"));
    // A kill may leave a file half written, which nothing reads.
    let whole = |entry: &std::fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
    left.is_ok_and(|entries| entries.filter(|entry| entry.as_ref().is_ok_and(whole)).count() == 0)
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn interrupted(child: Child) -> Output {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

fn by_query(rows: Vec<AttemptRow>) -> BTreeMap<u64, Vec<AttemptRow>> {
    let mut by_query: BTreeMap<u64, Vec<AttemptRow>> = BTreeMap::new();
    for row in rows {
        by_query.entry(row.query_id.record_index()).or_default().push(row);
    }
    by_query
}

#[test]
fn what_a_batch_leaves_open_is_asked_one_by_one_and_every_row_is_right() {
    for api in PROVIDERS {
        let script = Script { seed: 3, batch_error_share: 0.1, batch_expire_share: 0.1, ..Script::default() };
        let endpoint = Endpoint::start(script);
        let scratch = scratch(&endpoint, api, 300, "batch_size = 120");
        let said = scratch.done([COLLECT.as_slice(), &["--json"]].concat());
        let (script, data) = (endpoint.script(), scratch.path("data"));
        check_rows(script, &data, 300);
        assert!(is_settled(&data));

        let seen = endpoint.seen();
        assert_eq!((seen.batches, seen.batch_items), (3, 300), "{api}");
        let attempts = by_query(attempts(&data));
        let mut one_by_one = 0;
        for ((index, model, _), row) in completions(&data) {
            let fault = script.item_fault(&model, &prompt(index), 0);
            let outcomes: Vec<_> = attempts[&index].iter().map(|attempt| attempt.outcome).collect();
            let (prompt_tokens, completion_tokens) =
                (row.prompt_tokens.unwrap() as f64, row.completion_tokens.unwrap() as f64);
            let cost = (prompt_tokens + 2.0 * completion_tokens) / 1e6;
            match fault {
                None => {
                    assert_eq!(outcomes, [AttemptOutcome::Ok]);
                    assert_eq!((row.latency_ms, row.ttft_ms, row.attempts), (None, None, 1));
                    assert!((row.cost_usd.unwrap() - cost / 2.0).abs() < 1e-12, "by batch it costs half");
                }
                Some(fault) => {
                    let failed = match fault {
                        ItemFault::Errored => AttemptOutcome::ServerError,
                        ItemFault::Expired => AttemptOutcome::Timeout,
                    };
                    assert_eq!(outcomes, [failed, AttemptOutcome::Ok], "{api} {index}");
                    assert_eq!(attempts[&index][0].latency_ms, None);
                    assert!(row.latency_ms.is_some());
                    assert_eq!(row.attempts, 2);
                    assert!((row.cost_usd.unwrap() - cost).abs() < 1e-12, "by itself it costs all");
                    one_by_one += 1;
                }
            }
            assert_eq!(row.cost_source, Some(CostSource::DeclaredPrice));
        }
        assert!(one_by_one > 30, "{one_by_one}");
        let asked = seen.routes.iter().filter(|(route, _)| matches!(route, Route::ChatCompletions | Route::Messages));
        assert_eq!(asked.map(|(_, count)| count).sum::<u64>(), one_by_one);
        let done = serde_json::from_str::<serde_json::Value>(said.lines().next_back().unwrap()).unwrap();
        let stats = &done["snapshot"]["models"][0];
        assert_eq!((stats["done"].as_u64(), stats["sent"].as_u64()), (Some(300), Some(300 + one_by_one)), "{stats}");
        assert_eq!((&stats["on_their_way"], &stats["reused"]), (&0.into(), &0.into()));
    }
}

#[test]
fn a_collector_that_is_killed_again_and_again_submits_nothing_twice() {
    for api in PROVIDERS {
        let script = || Script { seed: 4, batch_polls: 100, batch_error_share: 0.1, ..Script::default() };
        // At the same address, which is a part of every request's digest.
        let (whole, port) = {
            let endpoint = Endpoint::start(script());
            let scratch = scratch(&endpoint, api, 200, "");
            scratch.done(COLLECT);
            (stable_bytes(&scratch.path("data")), endpoint.address().port())
        };
        let endpoint = Endpoint::start(Script { port, ..script() });
        let scratch = scratch(&endpoint, api, 200, "");
        for more in [1, 2, 1, 3, 1, 4, 2, 1, 5, 3] {
            let requests = endpoint.seen().requests;
            let child = spawn(&scratch, &COLLECT);
            endpoint.wait_for_requests(requests + more);
            killed(child);
            endpoint.wait_until_idle();
        }
        assert!(!scratch.path("data/completions").exists(), "all kills fell into the time of the batch");
        scratch.done(COLLECT);
        let data = scratch.path("data");
        assert!(stable_bytes(&data) == whole, "{api}");
        check_rows(endpoint.script(), &data, 200);
        let seen = endpoint.seen();
        assert_eq!((seen.batches, seen.batch_items), (1, 200), "{api}");
        assert!(is_settled(&data));
    }
}

#[test]
fn a_batch_whose_id_was_lost_is_found_by_its_token() {
    // The last request before the hold makes the batch, and nobody hears of it.
    for (api, before) in [("openai-chat", 1), ("anthropic", 0)] {
        let endpoint = Endpoint::start(Script { hold_after: Some(before), batch_polls: 5, ..Script::default() });
        let scratch = scratch(&endpoint, api, 50, "");
        let child = spawn(&scratch, &COLLECT);
        endpoint.wait_for_requests(before + 1);
        killed(child);
        endpoint.release();
        scratch.done(COLLECT);
        assert_eq!(endpoint.seen().batches, 1, "{api}");
        check_rows(endpoint.script(), &scratch.path("data"), 50);
    }
}

#[test]
fn a_collector_that_is_killed_while_answers_become_rows_goes_on_with_the_rest() {
    for api in PROVIDERS {
        let endpoint = Endpoint::start(Script { batch_polls: 3, ..Script::default() });
        let scratch = scratch(&endpoint, api, 5000, "");
        // From the answers' request on, at several distances.
        let submitted = if api == "anthropic" { 1 } else { 2 };
        let mut child = spawn(&scratch, &COLLECT);
        endpoint.wait_for_requests(submitted + 3 + 1);
        endpoint.wait_until_idle();
        let mut kills = 0;
        while kills < 5 {
            killed(child);
            kills += 1;
            let requests = endpoint.seen().requests;
            child = spawn(&scratch, &COLLECT);
            // It is asked after once, and its answers are fetched anew; unless it was just done.
            if child.try_wait().unwrap().is_some() || is_settled(&scratch.path("data")) {
                break;
            }
            endpoint.wait_for_requests(requests + 2);
        }
        assert_eq!(child.wait().unwrap().code(), Some(0));
        check_rows(endpoint.script(), &scratch.path("data"), 5000);
        assert_eq!(endpoint.seen().batches, 1, "{api}");
        let attempts = attempts(&scratch.path("data"));
        assert_eq!(attempts.len(), 5000, "what is fetched twice is the same attempt");
    }
}

#[test]
fn requests_about_batches_may_fail_in_every_way() {
    for (api, seed) in PROVIDERS.into_iter().flat_map(|api| (0..4).map(move |seed| (api, seed))) {
        let script = Script {
            seed,
            batch_fault_share: 0.4,
            batch_error_share: 0.1,
            stall_ms: 100,
            huge_bytes: 2 << 20,
            ..Script::default()
        };
        let endpoint = Endpoint::start(script);
        let scratch = scratch(&endpoint, api, 90, "batch_size = 30");
        scratch.done(COLLECT);
        check_rows(endpoint.script(), &scratch.path("data"), 90);
        let seen = endpoint.seen();
        assert_eq!((seen.batches, seen.batch_items), (3, 90), "{api} {seed}: {:?}", seen.faults);
        assert!(is_settled(&scratch.path("data")));
    }
}

#[test]
fn a_batch_that_was_made_although_the_answer_was_lost_is_not_made_again() {
    for (api, seed) in PROVIDERS.into_iter().flat_map(|api| (0..6).map(move |seed| (api, seed))) {
        let script = Script { seed, batch_fault_share: 0.6, faults: vec![Fault::CutInside], ..Script::default() };
        let endpoint = Endpoint::start(script);
        let scratch = scratch(&endpoint, api, 40, "");
        scratch.done(COLLECT);
        assert_eq!(endpoint.seen().batches, 1, "{api} {seed}");
        check_rows(endpoint.script(), &scratch.path("data"), 40);
    }
}

#[test]
fn an_interrupt_leaves_the_batch_at_the_provider_and_says_so() {
    let endpoint = Endpoint::start(Script { batch_polls: 25, ..Script::default() });
    let scratch = scratch(&endpoint, "openai-chat", 40, "");
    let text = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    scratch.write("pool.toml", text.replace("batch_poll_s = 0.001", "batch_poll_s = 10.0"));
    let child = spawn(&scratch, &COLLECT);
    endpoint.wait_for_requests(3);
    let ended = interrupted(child);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        said.contains(
            "m: the batch batch_000001 with 40 requests goes on at the provider; the same command fetches it"
        ),
        "{said}"
    );
    assert!(said.contains("40 answers are missing"), "{said}");
    assert_eq!(ended.status.code(), Some(1));
    assert!(!scratch.path("data/attempts").exists());

    // How often it is asked after is nobody's request.
    scratch.write("pool.toml", text);
    let ran = scratch.routerlab(COLLECT);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("m: goes on with the batch batch_000001 and 40 of its requests"), "{}", ran.stderr);
    check_rows(endpoint.script(), &scratch.path("data"), 40);
    assert_eq!(endpoint.seen().batches, 1);
}

#[test]
fn what_a_run_does_not_want_of_a_batch_stays_for_one_that_does() {
    let endpoint = Endpoint::start(Script { batch_polls: 25, ..Script::default() });
    let scratch = scratch(&endpoint, "anthropic", 40, "");
    let child = spawn(&scratch, &COLLECT);
    endpoint.wait_for_requests(2);
    killed(child);
    scratch.done([COLLECT.as_slice(), &["--limit", "10"]].concat());
    assert_eq!(completions(&scratch.path("data")).len(), 10);
    assert!(!is_settled(&scratch.path("data")));
    scratch.done(COLLECT);
    check_rows(endpoint.script(), &scratch.path("data"), 40);
    assert_eq!(endpoint.seen().batches, 1);
    assert!(is_settled(&scratch.path("data")));
}

#[test]
fn requests_that_are_others_by_now_are_asked_anew() {
    let endpoint = Endpoint::start(Script { batch_polls: 25, ..Script::default() });
    let scratch = scratch(&endpoint, "openai-chat", 10, "");
    let child = spawn(&scratch, &COLLECT);
    endpoint.wait_for_requests(3);
    killed(child);
    by_batch(&scratch, &endpoint, "openai-chat", "temperature = 0.5");
    let ran = scratch.routerlab(COLLECT);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("m: 10 requests of the batch batch_000001 were others: they are asked anew"),
        "{}",
        ran.stderr
    );
    assert_eq!(endpoint.seen().batches, 2);
}

#[test]
fn the_same_request_is_in_a_batch_once() {
    let endpoint = Endpoint::start(Script { batch_error_share: 0.3, ..Script::default() });
    let scratch = scratch(&endpoint, "openai-chat", 1, "");
    let rows: Vec<_> = (0..60).map(|index| query(index + 1, &prompt(index / 3 + 1))).collect();
    write_queries(&scratch.path("data"), &rows);
    scratch.done(COLLECT);
    assert_eq!(endpoint.seen().batch_items, 20);
    for ((index, ..), row) in completions(&scratch.path("data")) {
        let expected = endpoint.script().expected("m", &prompt((index - 1) / 3 + 1));
        assert_eq!(row.raw_output, expected.text, "{index}");
    }
    let answered = attempts(&scratch.path("data")).iter().filter(|row| row.outcome == AttemptOutcome::Ok).count();
    assert_eq!(answered, 20, "and it is paid once");
}

#[test]
fn answers_of_batches_are_kept_for_other_runs() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = scratch(&endpoint, "openai-chat", 30, "");
    scratch.done(&COLLECT[..4]);
    let first = completions(&scratch.path("data"));
    std::fs::remove_dir_all(scratch.path("data/completions")).unwrap();
    scratch.done(&COLLECT[..4]);
    assert_eq!(endpoint.seen().batches, 1);
    for (key, row) in completions(&scratch.path("data")) {
        assert_eq!((&row.raw_output, row.cost_usd), (&first[&key].raw_output, first[&key].cost_usd));
    }
}

#[test]
fn a_cap_holds_for_batches_too() {
    for more in ["", "max_tokens = 16"] {
        let endpoint = Endpoint::start(Script::default());
        let scratch = scratch(&endpoint, "openai-chat", 1000, &format!("batch_size = 400\n{more}"));
        // About 13 tokens of 1 and 10 of 0.5 dollars for a million: enough for about 400.
        let cap = 0.005;
        let ran = scratch.routerlab([COLLECT.as_slice(), &["--max-usd", "0.005"]].concat());
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("the cap of 0.005 US dollars is reached"), "{}", ran.stderr);
        let spent: f64 = attempts(&scratch.path("data")).iter().filter_map(|row| row.cost_usd).sum();
        assert!(spent > 0.95 * cap && spent < 1.05 * cap, "{spent}");
        let seen = endpoint.seen();
        assert_eq!(seen.batch_items, completions(&scratch.path("data")).len() as u64, "what was submitted was fetched");
        assert!(is_settled(&scratch.path("data")));
        let again = scratch.routerlab([COLLECT.as_slice(), &["--max-usd", "0.005"]].concat());
        assert_eq!(again.code, Some(1));
        if !more.is_empty() {
            assert_eq!(endpoint.seen().batches, seen.batches, "there is no room for another one");
        }
    }
}

#[test]
fn a_dry_run_counts_by_the_prices_of_batches() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = scratch(&endpoint, "openai-chat", 100, "max_tokens = 1000");
    let high = |scratch: &Scratch| {
        let said = scratch.done([COLLECT.as_slice(), &["--dry-run", "--json"]].concat());
        let said: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        said["usd"]["high"].as_f64().unwrap()
    };
    let by_batch = high(&scratch);
    let text = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    scratch.write("pool.toml", text.replace("batch = true", "batch = false"));
    assert!((high(&scratch) / by_batch - 2.0).abs() < 1e-9);
    assert_eq!(endpoint.seen().requests, 0);
}

#[test]
fn a_model_without_batches_is_refused_by_its_key() {
    let endpoint = Endpoint::start(Script::default());
    for (api, more, reason) in [
        ("google", "", "`models.m.batch`: no batch API is known for api `google`"),
        ("openai-completions", "", "`models.m.batch`: no batch API is known for api `openai-completions`"),
        ("anthropic", "batch_size = 0", "`defaults.batch_size` is 0, expected 1 to 50000"),
    ] {
        let scratch = scratch(&endpoint, api, 1, more);
        let ran = scratch.routerlab(COLLECT);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    }
    let scratch = scratch(&endpoint, "anthropic", 1, "");
    let text = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    for (from, to, reason) in [
        ("price = { input = 1.0, output = 2.0 }\n", "", "`models.m.batch_price` needs a `price`"),
        ("input = 0.5", "input = -0.5", "`defaults.batch_price.input` is -0.5, expected US dollars of 0 or more"),
        ("batch_poll_s = 0.001", "batch_poll_s = 0.0", "`defaults.batch_poll_s` is 0, expected 0.001 to 86400"),
    ] {
        scratch.write("pool.toml", text.replacen(from, to, 1));
        let ran = scratch.routerlab(COLLECT);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    }
}

#[test]
fn a_batch_that_is_refused_as_a_whole_is_not_asked_one_by_one() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = scratch(&endpoint, "openai-chat", 10, "extra_body = { stream_options = 5 }");
    let ran = scratch.routerlab(COLLECT);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("its batch was refused: line 1: "), "{}", ran.stderr);
    assert!(is_settled(&scratch.path("data")));
    assert_eq!((endpoint.seen().batches, endpoint.seen().batch_items), (1, 0));
}
