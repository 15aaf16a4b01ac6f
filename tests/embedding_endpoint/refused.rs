//! What is wrong with a command or an endpoint, and what is never written down.

use std::path::Path;

use scripted_endpoint::{Endpoint, Script};

use super::support::{check_vectors, embed, embeddings};
use crate::collecting::support::{attempts, queries};
use crate::support::Scratch;

const SECRET: &str = "sk-test-b7f1c0de5ecre7";

#[test]
fn vectors_of_other_settings_are_not_mixed_with_those_that_are_there() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = Scratch::new();
    let data = queries(&scratch, 3);
    scratch.done(embed(&endpoint, &[]));
    let cases: [(&[&str], &str); 4] = [
        (&["--prefix", "query: "], r#"prefix "", not "query: ""#),
        (&["--dimensions", "4"], r#"dimensions "all", not "4""#),
        (&["--text", "query", "--prefix", "x"], r#"prefix "", not "x" and text "prompt", not "query""#),
        (&["--model", "org/other", "--name", "tiny"], r#"model "org/tiny", not "org/other""#),
    ];
    for (more, others) in cases {
        let arguments = embed(&endpoint, &[]);
        let plain = arguments.iter().map(String::as_str).filter(|one| !more.contains(&"--model") || *one != "org/tiny");
        let plain = plain.filter(|one| !more.contains(&"--model") || *one != "--model");
        let ran = scratch.routerlab(plain.chain(more.iter().copied()));
        assert_eq!(ran.code, Some(2), "{more:?}: {}", ran.stderr);
        let said = format!(
            "error: data `data`: the embeddings of `tiny` were made with {others}; choose another `--name`, or remove \
             `data/embeddings/encoder=tiny`\n"
        );
        assert_eq!(ran.stderr, said);
    }
    assert_eq!(endpoint.seen().requests, 1, "nothing was asked");
    check_vectors(&endpoint, &data, "tiny", |row| row.prompt.clone());
    scratch.done(embed(&endpoint, &["--dimensions", "4", "--name", "short"]));
    assert!(embeddings(&data, "short").values().all(|row| row.embedding.as_ref().is_some_and(|row| row.len() == 4)));
}

#[test]
fn vectors_that_are_not_as_wide_as_was_asked_for_are_none() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = Scratch::new();
    let data = queries(&scratch, 3);
    let ran = scratch.routerlab(embed(&endpoint, &["--dimensions", "16", "--attempts", "2"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("0 embeddings in data/embeddings/encoder=tiny, 3 failed"), "{}", ran.stdout);
    assert_eq!(endpoint.seen().requests, 2, "where nothing is right, it is not about single texts");
    let said = "in a request with 2 other texts: vectors of 8 numbers, expected 16";
    for row in embeddings(&data, "tiny").values() {
        assert_eq!((row.embedding.as_ref(), row.error.as_deref()), (None, Some(said)));
    }
}

#[test]
fn an_endpoint_that_refuses_everything_is_not_asked_for_everything() {
    let endpoint = Endpoint::start(Script { refused_text: Some("What is".into()), ..Script::default() });
    let scratch = Scratch::new();
    queries(&scratch, 900);
    let ran = scratch.routerlab(embed(&endpoint, &["--texts-per-request", "4", "--concurrency", "2"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let said = "it ended early: the endpoint refused all of the first 100 requests: '$.input' is invalid.";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(endpoint.seen().requests <= 102, "{}", endpoint.seen().requests);
}

#[test]
fn an_endpoint_that_takes_no_request_is_closed_and_nothing_is_written() {
    let endpoint = Endpoint::start(Script::default());
    let scratch = Scratch::new();
    let data = queries(&scratch, 500);
    for model in ["bad-key", "no-credit", "no-such-model"] {
        let url = endpoint.url();
        let ran = scratch.routerlab(["embed", "data", "--endpoint", &url, "--model", model, "--no-cache"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("{model} was closed: ")), "{}", ran.stderr);
        assert!(ran.stderr.contains("500 texts were not asked for; the same command asks for them"), "{}", ran.stderr);
        assert!(endpoint.seen().models[model] <= 16, "it is not asked for every text");
        assert!(embeddings(&data, model).is_empty());
    }
}

#[test]
fn a_key_is_sent_and_never_written_down() {
    let endpoint = Endpoint::start(Script { keep_requests: 10, ..Script::default() });
    let scratch = Scratch::new();
    let data = queries(&scratch, 5);
    let environment = [("THE_KEY", Path::new(SECRET))];
    let cached = |more: &[&str]| -> Vec<String> {
        embed(&endpoint, more).into_iter().filter(|argument| argument != "--no-cache").collect()
    };
    let good = scratch.routerlab_with(&environment, cached(&["--api-key-env", "THE_KEY", "--json"]));
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    let url = endpoint.url();
    let bad = ["embed", "data", "--endpoint", &url, "--model", "bad-key", "--api-key-env", "THE_KEY"];
    let bad = scratch.routerlab_with(&environment, bad);
    // This one repeats the key in its message.
    assert!(bad.stderr.contains("bad-key was closed: Incorrect API key provided: Bearer [THE_KEY]."), "{}", bad.stderr);
    assert!(
        endpoint.seen().last.iter().all(|request| {
            request.header("authorization").is_some_and(|header| header == format!("Bearer {SECRET}"))
        })
    );
    for text in [&good.stdout, &good.stderr, &bad.stdout, &bad.stderr] {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(!attempts(&data).iter().any(|attempt| format!("{attempt:?}").contains(SECRET)));
    let (mut folders, mut files) = (vec![scratch.path(".")], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!found, "{} holds the key", path.display());
        }
    }
    assert!(files > 5);
}

#[test]
fn what_is_wrong_with_the_command_is_said_before_anything_is_asked() {
    let scratch = Scratch::new();
    queries(&scratch, 2);
    let said = |arguments: &[&str], expected: &str| {
        let ran = scratch.routerlab(["embed", "data", "--model", "org/tiny"].iter().chain(arguments));
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stderr, format!("error: encoder `tiny`: {expected}\n"));
        assert!(!ran.stderr.contains(SECRET));
    };
    let example = "expected one such as `https://api.openai.com/v1`";
    let url = "http://127.0.0.1:1/v1";
    said(&["--endpoint", "here"], &format!("the endpoint is no URL (relative URL without a base), {example}"));
    let before = "ends with the path of a request; a base URL ends before it, such as `/v1`";
    said(&["--endpoint", "http://127.0.0.1:1/v1/embeddings"], &format!("the endpoint {before}"));
    let inside = "has a name or a password in it; a key belongs into an environment variable, see `key_env`";
    said(&["--endpoint", &format!("http://me:{SECRET}@127.0.0.1:1/v1")], &format!("the endpoint {inside}"));
    let unset = "the environment variable `A_KEY_THAT_IS_NOT_SET` is not set";
    said(&["--endpoint", url, "--api-key-env", "A_KEY_THAT_IS_NOT_SET"], unset);
    let name = "the variable of the key must be the name of an environment variable (A-Z, 0-9, `_`) that holds the key; \
                a key itself never belongs into a file";
    said(&["--endpoint", url, "--api-key-env", SECRET], name);
    let price = "a cap in US dollars needs the price of a million tokens, see `--usd-per-mtok`";
    said(&["--endpoint", url, "--max-usd", "1"], price);
    let ran = scratch.routerlab(["embed", "nowhere", "--model", "m", "--endpoint", url]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), "error: `nowhere/queries.parquet` does not exist\n"));
}
