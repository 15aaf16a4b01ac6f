//! Collecting from a provider that fails in every way: nothing is lost, nothing is paid twice, nothing is mixed up.

mod collecting {
    pub(crate) mod support;
}
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use collecting::support::{attempts, completions, pool, queries, query, spawn, stable_bytes, write_queries};
use routerlab_records::{AttemptOutcome, CompletionStatus, UsageSource};
use scripted_endpoint::{Endpoint, Prices, Script, Verdict};
use support::Scratch;

const COLLECT: [&str; 4] = ["collect", "data", "--pool", "pool.toml"];

fn collect<'a>(more: &[&'a str]) -> Vec<&'a str> {
    COLLECT.iter().chain(more).copied().collect()
}

/// What a row must say, from what the endpoint says of itself.
fn check_rows(script: &Script, folder: &Path, models: &[&str], count: u64) {
    let rows = completions(folder);
    assert_eq!(rows.len() as u64, count * models.len() as u64);
    for ((index, model, _), row) in rows {
        let expected = script.expected(&model, &format!("What is {index} times {index}?"));
        let status = match expected.verdict {
            Verdict::Answered | Verdict::Length => CompletionStatus::Ok,
            Verdict::Refused if model == "bare" || model == "google" => CompletionStatus::Filtered,
            Verdict::Refused => CompletionStatus::Refused,
            Verdict::Filtered | Verdict::PromptFiltered => CompletionStatus::Filtered,
            Verdict::Empty => CompletionStatus::ModelError,
        };
        let said = format!("{model} {index}: {:?} {:?}", expected.verdict, row.error);
        assert_eq!(row.status, status, "{said}");
        if status == CompletionStatus::Ok {
            assert_eq!(row.raw_output, expected.text, "{said}");
            assert_eq!(row.provider_model.as_deref(), Some(expected.model_version.as_str()), "{said}");
            assert_eq!(row.error, None);
            assert!(row.latency_ms.is_some());
            let length = row
                .finish_reason
                .as_deref()
                .is_some_and(|reason| ["length", "max_tokens", "MAX_TOKENS"].contains(&reason));
            assert_eq!(length, expected.verdict == Verdict::Length, "{said}");
            let tokens = expected.has_usage.then_some((expected.prompt_tokens, expected.completion_tokens));
            assert_eq!(row.prompt_tokens.zip(row.completion_tokens), tokens, "{said}");
            assert_eq!(row.usage_source, tokens.map(|_| UsageSource::Reported), "{said}");
            // A missing cost is none, never 0.
            assert_eq!(row.cost_usd.is_some(), tokens.is_some(), "{said}");
        }
    }
}

#[test]
fn ten_thousand_requests_of_which_a_fifth_fail_end_with_every_row_right() {
    let script = Script {
        verdict_share: 0.05,
        usage_share: 0.05,
        stall_ms: 60_000,
        huge_bytes: 2 << 20,
        threads: 1,
        ..Script::faulty(7, 0.2)
    };
    let endpoint = Endpoint::start(script);
    let scratch = Scratch::new();
    let data = queries(&scratch, 2000);
    let models = ["anthropic", "bare", "chat", "chat-whole", "google"];
    pool(&scratch, &endpoint.url(), &models, "concurrency = 40");
    let apis = "api = \"anthropic\"\n[models.bare]\napi = \"openai-completions\"\n[models.chat]\n[models.chat-whole]\nstream = false\n[models.google]\napi = \"google\"\n";
    let text = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    let (defaults, _) = text.split_once("[models.\"anthropic\"]").unwrap();
    scratch.write("pool.toml", format!("{defaults}[models.anthropic]\n{apis}"));

    let ran = scratch.routerlab(collect(&["--no-cache"]));
    // Refused and withheld answers are failed work.
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let seen = endpoint.seen();
    assert!(seen.requests > 11_000, "{} requests", seen.requests);
    assert!(seen.faults.len() >= 10, "{:?}", seen.faults);
    check_rows(endpoint.script(), &data, &models, 2000);

    let attempts = attempts(&data);
    assert_eq!(
        attempts.len() as u64,
        seen.requests,
        "every request that the endpoint saw is in the table, and no other"
    );
    let mut tries: BTreeMap<(u64, String), u32> = BTreeMap::new();
    for attempt in &attempts {
        *tries.entry((attempt.query_id.record_index(), attempt.model.to_string())).or_default() += 1;
    }
    for ((index, model, _), row) in completions(&data) {
        assert_eq!(tries[&(index, model)], row.attempts);
    }
    let of = |outcome| attempts.iter().filter(|attempt| attempt.outcome == outcome).count();
    for outcome in [
        AttemptOutcome::RateLimited,
        AttemptOutcome::ServerError,
        AttemptOutcome::Timeout,
        AttemptOutcome::Connection,
        AttemptOutcome::Cut,
        AttemptOutcome::Unreadable,
        AttemptOutcome::TooLarge,
    ] {
        assert!(of(outcome) > 0, "{outcome} never came");
    }
}

#[test]
fn a_collection_that_is_killed_at_two_hundred_points_ends_as_one_that_is_not() {
    let models = ["a", "b"];
    // Slow beside the time that a kill takes, so that all of them fall into the collection.
    let script = || Script { delay_ms: (5, 10), ..Script::faulty(11, 0.05) };
    let limits = "concurrency = 2\nmax_concurrency = 2";
    let whole = Scratch::new();
    let port = {
        let endpoint = Endpoint::start(script());
        queries(&whole, 1000);
        pool(&whole, &endpoint.url(), &models, limits);
        whole.done(collect(&["--no-cache"]));
        endpoint.address().port()
    };
    // At the same address: it is a part of every request's digest.
    let endpoint = Endpoint::start(Script { port, ..script() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 1000);
    pool(&scratch, &endpoint.url(), &models, limits);
    // Seeded steps of 1 to 10 requests: 200 kills fall before the end.
    let mut state = 0x9e37_79b9_u64;
    let mut at = 0;
    let mut kills = 0;
    while kills < 200 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        at = endpoint.seen().requests.max(at) + 1 + (state >> 33) % 10;
        let mut child = spawn(&scratch, &collect(&["--no-cache"]));
        endpoint.wait_for_requests(at);
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    let before = completions(&data).len();
    assert!(before < 2000, "all 200 kills fell into the collection: {before} answers were known at the last");
    scratch.done(collect(&["--no-cache"]));
    assert!(stable_bytes(&data) == stable_bytes(&whole.path("data")), "the tables are the same to the byte");
    check_rows(endpoint.script(), &data, &models, 1000);

    let seen = endpoint.seen();
    let rows = attempts(&data);
    let lost = rows.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Lost).count() as u64;
    assert!(lost <= kills * 4, "no kill costs more than the 4 requests that may be on their way: {lost} in {kills}");
    // A request that was noted and not sent any more is the only difference.
    assert!(rows.len() as u64 >= seen.requests && rows.len() as u64 - seen.requests <= lost);
    let again: u64 = seen.bodies.values().map(|body| body.delivered.saturating_sub(1)).sum();
    assert!(again <= lost, "{again} answers came twice, {lost} requests were on their way at a kill");
}

#[test]
fn a_cap_is_not_passed_by_more_than_what_is_on_its_way() {
    let prices = Prices { prompt_usd_per_million: 1000.0, completion_usd_per_million: 2000.0 };
    let endpoint = Endpoint::start(Script { prices: Some(prices), delay_ms: (1, 3), ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 400);
    pool(&scratch, &endpoint.url(), &["a", "b"], "concurrency = 8\nmax_concurrency = 8");
    let dearest = |rows: &BTreeMap<_, routerlab_records::CompletionRow>| {
        rows.values().filter_map(|row| row.cost_usd).fold(0.0, f64::max)
    };
    let spent = |folder: &Path| attempts(folder).iter().filter_map(|attempt| attempt.cost_usd).sum::<f64>();

    let ran = scratch.routerlab(collect(&["--max-usd", "1.5", "--no-cache"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("it ended early: the cap of 1.5 US dollars is reached"), "{}", ran.stderr);
    let rows = completions(&data);
    assert!(rows.len() > 20 && rows.len() < 800, "{} answers", rows.len());
    assert!(spent(&data) <= 1.5 + 16.0 * dearest(&rows), "{}", spent(&data));
    assert!(spent(&data) > 1.3, "it stops near the cap: {}", spent(&data));

    // What was spent before counts: the same command does not spend it again.
    let before = (endpoint.seen().requests, spent(&data));
    scratch.routerlab(collect(&["--max-usd", "1.5", "--no-cache"]));
    assert!(endpoint.seen().requests - before.0 <= 1, "an estimate may allow one more");
    scratch.done(collect(&["--no-cache"]));
    assert_eq!(completions(&data).len(), 800);
}

#[test]
fn a_dry_run_asks_nothing_and_a_pilot_narrows_it() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = Scratch::new();
    queries(&scratch, 300);
    pool(&scratch, &endpoint.url(), &["a"], "max_tokens = 100");
    let keyless = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    scratch.write("pool.toml", keyless.replace("[models.", "key_env = \"A_KEY_THAT_IS_NOT_SET\"\n[models."));
    let said = |args: &[&str]| -> serde_json::Value { serde_json::from_str(&scratch.done(collect(args))).unwrap() };
    let before = said(&["--dry-run", "--json"]);
    assert_eq!((&before["calls"], &before["usd"]["expected"]), (&300.into(), &serde_json::Value::Null));
    assert_eq!(endpoint.seen().requests, 0, "and it needs no key");
    scratch.write("pool.toml", keyless);
    scratch.done(collect(&["--limit", "30"]));
    let after = said(&["--dry-run", "--json"]);
    assert_eq!(after["calls"], 270);
    let usd = |name: &str| after["usd"][name].as_f64().unwrap();
    scratch.done(collect(&[]));
    let real: f64 = completions(&scratch.path("data")).values().filter_map(|row| row.cost_usd).sum();
    let rest = real - after["spent_usd"].as_f64().unwrap();
    assert!(usd("low") < rest && rest < usd("high") && usd("low") > 0.0, "{rest} and {after}");
    assert!(usd("high") < before["usd"]["high"].as_f64().unwrap());
}

#[test]
fn what_was_paid_once_is_not_paid_again_in_another_folder() {
    let endpoint = Endpoint::start(Script { delay_ms: (2, 4), ..Script::default() });
    let scratch = Scratch::new();
    let folder = scratch.path("data");
    // Forty queries, ten prompts: identical requests are sent once, also when they come at the same time.
    let rows: Vec<_> = (1..=40).map(|index| query(index, &format!("What is {} squared?", index % 10))).collect();
    write_queries(&folder, &rows);
    pool(&scratch, &endpoint.url(), &["a", "b"], "concurrency = 40\nmax_concurrency = 40");
    scratch.done(collect(&[]));
    assert_eq!(endpoint.seen().requests, 20);
    assert_eq!(attempts(&folder).len(), 20);
    let first = completions(&folder);
    assert_eq!(first.len(), 80);
    assert_eq!(first.values().filter(|row| row.attempts == 0).count(), 60);

    std::fs::rename(&folder, scratch.path("first")).unwrap();
    write_queries(&folder, &rows);
    scratch.done(collect(&[]));
    assert_eq!(endpoint.seen().requests, 20, "everything was known");
    for (key, row) in completions(&folder) {
        let (before, said) = (&first[&key], format!("{key:?}"));
        assert_eq!((&row.raw_output, row.cost_usd, row.attempts), (&before.raw_output, before.cost_usd, 0), "{said}");
        assert_eq!(row.collected_at, before.collected_at, "the time is that of the answer");
    }
    // Another temperature is another request; so is another sample.
    std::fs::rename(&folder, scratch.path("second")).unwrap();
    write_queries(&folder, &rows[..10]);
    scratch.done(collect(&["--samples", "2"]));
    assert_eq!(endpoint.seen().requests, 40, "the second samples are new");
    assert_eq!(completions(&folder).len(), 40);
    scratch.done(collect(&["--samples", "2", "--fresh"]));
    assert_eq!(endpoint.seen().requests, 40, "nothing is missing, so nothing is asked");
}

#[test]
fn what_failed_is_asked_again_only_when_somebody_wants_it() {
    let endpoint = Endpoint::start(Script { verdict_share: 0.3, ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 60);
    pool(&scratch, &endpoint.url(), &["a"], "");
    let run = |more: &[&str]| scratch.routerlab(collect(more));
    assert_eq!(run(&[]).code, Some(1));
    let before = completions(&data);
    let failed = before.values().filter(|row| row.status != CompletionStatus::Ok).count() as u64;
    let refused = before.values().filter(|row| row.status == CompletionStatus::Refused).count() as u64;
    assert!(refused > 0 && failed > refused);
    let requests = endpoint.seen().requests;
    assert_eq!(run(&[]).code, Some(1), "what failed is still failed");
    assert_eq!(endpoint.seen().requests, requests);
    run(&["--retry-failed=refused"]);
    assert_eq!(endpoint.seen().requests, requests + refused);
    run(&["--retry-failed"]);
    assert!(endpoint.seen().requests >= requests + refused + failed);
    // Attempts go on counting.
    let rows = attempts(&data);
    let refused = |row: &&routerlab_records::AttemptRow| row.outcome == AttemptOutcome::Refused;
    let last = rows.iter().filter(refused).map(|row| row.attempt).max();
    assert_eq!(last, Some(3));
}

#[test]
fn a_model_that_takes_no_request_costs_the_others_nothing() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = Scratch::new();
    let data = queries(&scratch, 50);
    pool(&scratch, &endpoint.url(), &["bad-key", "good", "no-credit", "no-such-model"], "concurrency = 4");
    let ran = scratch.routerlab(collect(&[]));
    assert_eq!(ran.code, Some(1));
    for model in ["bad-key", "no-credit", "no-such-model"] {
        assert!(ran.stderr.contains(&format!("{model} was closed: ")), "{}", ran.stderr);
        assert!(endpoint.seen().models[model] <= 4, "it is not asked for every query");
    }
    let rows = completions(&data);
    assert_eq!(rows.len(), 50, "what was not asked is missing, not failed");
    assert!(rows.keys().all(|(_, model, _)| model == "good"));
}

#[test]
fn a_secret_is_sent_and_never_written_down() {
    const KEY: &str = "sk-test-b7f1c0de5ecre7";
    const HEADER: &str = "tenant-5ecre7-value";
    let endpoint = Endpoint::start(Script { keep_requests: 10, ..Script::default() });
    let scratch = Scratch::new();
    queries(&scratch, 5);
    let secrets = "key_env = \"TEST_KEY\"\nheaders = { x-tenant = { env = \"TEST_TENANT\" }, x-plain = \"seen\" }";
    pool(&scratch, &endpoint.url(), &["bad-key", "good"], secrets);
    let environment = [("TEST_KEY", Path::new(KEY)), ("TEST_TENANT", Path::new(HEADER))];
    let ran = scratch.routerlab_with(&environment, collect(&["--json"]));
    assert_eq!(ran.code, Some(1));
    let seen = endpoint.seen();
    assert!(seen.keys.iter().any(|shown| shown.contains(KEY)), "{:?}", seen.keys);
    assert!(seen.last.iter().all(|request| request.header("x-tenant") == Some(HEADER)));
    assert!(ran.stderr.contains("bad-key was closed: "), "{}", ran.stderr);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(KEY) && !text.contains(HEADER), "{text}");
    }
    let mut folders = vec![scratch.path(".")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in [KEY, HEADER] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds a secret", path.display());
            }
        }
    }
    assert!(files > 5);
}

#[test]
fn an_interrupt_lets_what_is_on_its_way_come_in_and_a_second_one_gives_it_up() {
    let scratch = Scratch::new();
    let data = queries(&scratch, 100);
    let endpoint = Endpoint::start(Script { hold_after: Some(20), ..Script::default() });
    pool(&scratch, &endpoint.url(), &["a"], "concurrency = 8\nmax_concurrency = 8\nstall_s = 60.0\ntimeout_s = 60.0");
    let text = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    scratch.write("pool.toml", text.replacen("stall_s = 0.3\ntimeout_s = 5.0\n", "", 1));
    let interrupt = |child: &std::process::Child| {
        let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    };
    let said = |child: &mut std::process::Child, words: &str| {
        use std::io::BufRead;
        let stderr = child.stderr.take().unwrap();
        let mut lines = std::io::BufReader::new(stderr).lines();
        let found = lines.by_ref().any(|line| line.unwrap().contains(words));
        assert!(found, "it never said `{words}`");
        lines
    };
    let mut child = spawn(&scratch, &collect(&["--no-cache"]));
    endpoint.wait_for_requests(28);
    interrupt(&child);
    let rest = said(&mut child, "what is on its way comes in");
    endpoint.release();
    let code = child.wait().unwrap().code();
    let rest: Vec<String> = rest.map(|line| line.unwrap()).collect();
    assert_eq!(code, Some(1), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("it ended early: it was interrupted")), "{rest:?}");
    assert_eq!(completions(&data).len(), 28, "all eight came in");
    assert_eq!(endpoint.seen().requests, 28);
    drop(endpoint);

    let endpoint = Endpoint::start(Script { hold_after: Some(20), ..Script::default() });
    pool(&scratch, &endpoint.url(), &["a"], "concurrency = 8\nmax_concurrency = 8\nstall_s = 60.0\ntimeout_s = 60.0");
    let text = std::fs::read_to_string(scratch.path("pool.toml")).unwrap();
    scratch.write("pool.toml", text.replacen("stall_s = 0.3\ntimeout_s = 5.0\n", "", 1));
    let mut child = spawn(&scratch, &collect(&["--no-cache"]));
    endpoint.wait_for_requests(28);
    interrupt(&child);
    let mut rest = said(&mut child, "what is on its way comes in");
    interrupt(&child);
    let gave_up = rest.any(|line| line.unwrap().contains("giving up what is on its way"));
    assert!(gave_up);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(completions(&data).len(), 28 + 20);
    let abandoned = attempts(&data).iter().filter(|row| row.outcome == AttemptOutcome::Abandoned).count();
    assert_eq!(abandoned, 8, "what was given up is on record");
}

#[test]
fn a_control_file_changes_a_run_while_it_goes() {
    let scratch = Scratch::new();
    queries(&scratch, 3000);
    let endpoint = Endpoint::start(Script { delay_ms: (5, 10), ..Script::default() });
    pool(&scratch, &endpoint.url(), &["a", "b"], "concurrency = 4\nmax_concurrency = 4");
    let child = spawn(&scratch, &collect(&["--no-cache"]));
    endpoint.wait_for_requests(50);
    scratch.write("data/collect/control.toml", "[models.a]\nstop = true\n[models.b]\nmax_concurrency = 1\n");
    let asked = |model: &str| endpoint.seen().models[model];
    // Its last requests are behind those of the other model, which goes on.
    while asked("b") <= asked("a") + 100 {
        endpoint.wait_for_requests(endpoint.seen().requests + 20);
    }
    scratch.write("data/collect/control.toml", "stop = true\nstopp = 1\n");
    endpoint.wait_for_requests(endpoint.seen().requests + 100);
    scratch.write("data/collect/control.toml", "stop = true\n");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("a was closed: the control file asked for it"), "{stderr}");
    assert!(stderr.contains("is left aside: line 2: unknown field `stopp`"), "{stderr}");
    assert!(stderr.contains("it ended early: the control file asked for it"), "{stderr}");
}

#[test]
fn images_are_sent_with_their_question_and_named_by_their_content() {
    let endpoint = Endpoint::start(Script { keep_requests: 10, ..Script::default() });
    let scratch = Scratch::new();
    let folder = scratch.path("data");
    let rows = [routerlab_records::QueryRow {
        metadata: r#"{"images":["images/dot.png"]}"#.into(),
        ..query(1, "What is <image> here?")
    }];
    write_queries(&folder, &rows);
    let dot = |last: u8| [&[0x89, b'P', b'N', b'G', 13, 10, 26, 10][..], &[last]].concat();
    scratch.write("data/images/dot.png", dot(1));
    pool(&scratch, &endpoint.url(), &["a"], "");
    scratch.done(collect(&[]));
    let request = endpoint.seen().last.pop().unwrap();
    assert!(request.body.contains("data:image/png;base64,iVBORw0KGgoB"), "{}", request.body);
    std::fs::remove_dir_all(folder.join("completions")).unwrap();
    scratch.done(collect(&[]));
    assert_eq!(endpoint.seen().requests, 1, "the same image is the same request");
    std::fs::remove_dir_all(folder.join("completions")).unwrap();
    scratch.write("data/images/dot.png", dot(2));
    scratch.done(collect(&[]));
    assert_eq!(endpoint.seen().requests, 2, "another image is another request");
}

#[test]
fn tokens_that_nobody_reports_are_counted_and_marked() {
    let endpoint = Endpoint::start(Script { usage_share: 1.0, ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 10);
    // Words by blanks; every word is unknown, and counts.
    let tokenizer = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,"model":{"type":"WordLevel","vocab":{"[UNK]":0},"unk_token":"[UNK]"}}"#;
    scratch.write("tokenizer.json", tokenizer);
    pool(&scratch, &endpoint.url(), &["counted"], "tokenizer = \"tokenizer.json\"");
    scratch.done(collect(&["--no-cache"]));
    for row in completions(&data).values() {
        let words = row.raw_output.split_whitespace().count() as u64;
        assert_eq!((row.prompt_tokens, row.completion_tokens), (Some(5), Some(words)));
        assert_eq!(row.usage_source, Some(UsageSource::Counted));
        assert!(row.cost_usd.is_some());
    }
}
