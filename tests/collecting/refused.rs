//! Pools that are right, and what they are used with is not: the environment, the folder, its images, flags.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use routerlab_records::QueryRow;

use crate::collecting::support::{attempts, completions, queries, query, write_queries};
use crate::support::{Ran, Scratch};
use crate::{COLLECT, POOL, SECRET, model, names, refused};

#[test]
fn what_a_pool_needs_and_does_not_find_is_named() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("data")).unwrap();
    let said = |lines: &str, reason: &str| {
        scratch.write("pool.toml", model(lines));
        refused(&scratch, &COLLECT, &format!("pool `pool.toml`: {reason}"));
    };
    said("key_env = \"NO_SUCH_KEY\"", "`models.m.key_env`: the environment variable `NO_SUCH_KEY` is not set");
    said(
        "headers = { x-team = { env = \"NO_SUCH_TEAM\" } }",
        "`models.m.headers.x-team`: the environment variable `NO_SUCH_TEAM` is not set",
    );
    said(
        "tokenizer = \"t.json\"",
        "`models.m.tokenizer`: cannot read tokenizer `t.json`: No such file or directory (os error 2)",
    );
    scratch.write("t.json", "{");
    said(
        "tokenizer = \"t.json\"",
        "`models.m.tokenizer`: `t.json` is no tokenizer: EOF while parsing an object at line 1 column 1",
    );
    assert_eq!(names(&scratch.path("data")), Vec::<String>::new(), "nothing is left behind");

    scratch.write("pool.toml", model("key_env = \"THE_KEY\""));
    let with = |key: &str| scratch.routerlab_with(&[("THE_KEY", Path::new(key))], COLLECT);
    let empty = "error: pool `pool.toml`: `models.m.key_env`: the environment variable `THE_KEY` is not set\n";
    assert_eq!(with("  "), Ran { code: Some(2), stdout: String::new(), stderr: empty.into() });
    let odd = "error: pool `pool.toml`: `models.m.key_env`: the environment variable `THE_KEY` holds what no header can carry\n";
    assert_eq!(with(&format!("{SECRET}\nX: y")), Ran { code: Some(2), stdout: String::new(), stderr: odd.into() });

    let nowhere = "pool `flagshp`: cannot be read: No such file or directory (os error 2); the pools that ship are lightweight, flagship, starter";
    refused(&scratch, &["collect", "data", "--pool", "flagshp"], nowhere);
    let folder = "pool `data`: cannot be read: Is a directory (os error 21); the pools that ship are lightweight, flagship, starter";
    refused(&scratch, &["collect", "data", "--pool", "data"], folder);
    // A folder of the same name does not hide a pool that ships.
    std::fs::create_dir(scratch.path("flagship")).unwrap();
    let unset = "pool `flagship`: `models.intern-s1.key_env`: the environment variable `INTERN_API_KEY` is not set";
    refused(&scratch, &["collect", "flagship", "--pool", "flagship", "--models", "intern-s1"], unset);
}

#[test]
fn a_folder_that_cannot_be_collected_into_is_refused() {
    let scratch = Scratch::new();
    scratch.write("pool.toml", POOL);
    let said = |reason: &str| refused(&scratch, &COLLECT, reason);
    said("data `data`: there is no such folder; make one with `routerlab import dataset`");
    std::fs::create_dir(scratch.path("data")).unwrap();
    said("`data/queries.parquet` does not exist");
    scratch.write("data/queries.parquet", "no table");
    said("`data/queries.parquet` is not a Parquet file");
    write_queries(&scratch.path("data"), &[]);
    said("data `data`: `queries.parquet` holds no query");
    queries(&scratch, 3);
    refused(
        &scratch,
        &[&COLLECT[..], &["--datasets", "cubes"]].concat(),
        "data `data`: there is no dataset `cubes`; there are squares",
    );
    refused(
        &scratch,
        &[&COLLECT[..], &["--models", "m,n"]].concat(),
        "pool `pool.toml`: there is no model `n`; there are m",
    );
    assert_eq!(names(&scratch.path("data")), ["queries.parquet"], "nothing is left behind");

    std::fs::create_dir(scratch.path("data/collect")).unwrap();
    let lock = File::create(scratch.path("data/collect/lock")).unwrap();
    lock.lock().unwrap();
    said("data `data`: another `routerlab collect`, `judge` or `embed` runs in this folder; wait for it, or stop it");
    drop(lock);
    scratch.write("answers/answers.sqlite", "no database ".repeat(100));
    let cache = "cache `answers/answers.sqlite`: file is not a database; name another with `--cache`, or go without one with `--no-cache`";
    refused(&scratch, &[&COLLECT[..], &["--cache", "answers"]].concat(), cache);
    assert_eq!(names(&scratch.path("data")), ["collect", "queries.parquet"], "nothing was asked");
}

#[test]
fn a_question_is_not_asked_without_its_images() {
    let scratch = Scratch::new();
    let folder = scratch.path("data");
    let with = |images: &str| {
        let row = QueryRow { metadata: format!("{{\"images\":[{images:?}]}}"), ..query(1, "What is in <image>?") };
        write_queries(&folder, &[row]);
    };
    scratch.write("pool.toml", POOL);
    with("images/1.png");
    refused(
        &scratch,
        &COLLECT,
        "data `data`: image `images/1.png` cannot be read: No such file or directory (os error 2)",
    );
    scratch.write("data/images/1.png", "GIF");
    refused(&scratch, &COLLECT, "data `data`: image `images/1.png` is no PNG, JPEG, GIF or WebP");
    with("../other.png");
    refused(&scratch, &COLLECT, "data `data`: image `../other.png` of a query must be a path inside the folder");
    scratch.write("pool.toml", model("api = \"openai-completions\""));
    let blind = "pool `pool.toml`: `models.m.api`: `openai-completions` has no place for the images of the queries; leave the model out with `--models`, or choose others with `--datasets`";
    refused(&scratch, &COLLECT, blind);
    assert_eq!(names(&folder), ["images", "queries.parquet"], "nothing is left behind");
}

#[test]
fn a_flag_whose_value_is_wrong_is_named() {
    let scratch = Scratch::new();
    scratch.write("pool.toml", POOL);
    queries(&scratch, 1);
    let dollars = "expected US dollars of 0 or more, such as 150 or 0.5";
    let cases = [
        ("--samples=0", "invalid value '0' for '--samples <N>': 0 is not in 1..=10000"),
        ("--limit=0", "invalid value '0' for '--limit <N>': 0 is not in 1..18446744073709551615"),
        ("--servers=0", "invalid value '0' for '--servers <N>': number would be zero for non-zero type"),
        ("--max-usd=-1", &format!("invalid value '-1' for '--max-usd <USD>': {dollars}")),
        ("--max-usd=nan", &format!("invalid value 'nan' for '--max-usd <USD>': {dollars}")),
        ("--max-tokens=-1", "invalid value '-1' for '--max-tokens <N>': invalid digit found in string"),
        ("--deadline=8", "invalid value '8' for '--deadline <TIME>': time unit needed, for example 8sec or 8ms"),
        (
            "--retry-failed=failed",
            "invalid value 'failed' for '--retry-failed[=<STATUSES>...]': `failed` is none of `ok`, `model_error`, `timeout`, `filtered`, `truncated`, `refused`",
        ),
    ];
    for (flag, said) in cases {
        let ran = scratch.routerlab(COLLECT.into_iter().chain([flag]));
        assert_eq!(ran.code, Some(2), "{flag}: {}", ran.stderr);
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert_eq!(first, format!("error: {said}"), "{flag}");
    }
    assert_eq!(names(&scratch.path("data")), ["queries.parquet"], "nothing is left behind");
}

/// A provider that repeats the secrets it was sent: as an error below `/refuses`, else as an answer. Gives its address.
fn parrot() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            repeat(&mut connection.unwrap());
        }
    });
    url
}

fn repeat(connection: &mut TcpStream) {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    let text = loop {
        let read = connection.read(&mut piece).unwrap();
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        // Bodies are objects, and what is in them has no closing brace at an end of a read.
        if read == 0 || text.ends_with('}') {
            break text;
        }
    };
    let header =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    let sent = format!("you sent {} and {}", header("authorization:"), header("x-team:"));
    let (status, body) = if text.starts_with("POST /refuses") {
        ("401 Unauthorized", format!("{{\"error\":{{\"message\":\"{sent}\"}}}}"))
    } else {
        let choice = format!("{{\"message\":{{\"content\":\"{sent}\"}},\"finish_reason\":\"stop\"}}");
        ("200 OK", format!("{{\"choices\":[{choice}]}}"))
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

#[test]
fn a_secret_that_a_provider_repeats_is_hidden_wherever_it_would_be_seen() {
    let url = parrot();
    let scratch = Scratch::new();
    let data = queries(&scratch, 2);
    let both = "stream = false\nkey_env = \"THE_KEY\"\nheaders = { x-team = { env = \"THE_TEAM\" } }\n";
    let model = |name: &str, path: &str| format!("[models.{name}]\nbase_url = \"{url}/{path}\"\n{both}");
    scratch.write("pool.toml", format!("name = \"x\"\n{}{}", model("answers", "v1"), model("refuses", "refuses")));
    let team = format!("{SECRET}-team");
    let environment = [("THE_KEY", Path::new(SECRET)), ("THE_TEAM", Path::new(&team))];
    let ran = scratch.routerlab_with(&environment, COLLECT.into_iter().chain(["--json"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let said = "you sent Bearer [THE_KEY] and [THE_TEAM]";
    assert!(ran.stderr.contains(&format!("refuses was closed: {said}")), "{}", ran.stderr);
    assert!(!ran.stderr.contains(SECRET) && !ran.stdout.contains(SECRET), "{} {}", ran.stdout, ran.stderr);
    let rows = completions(&data);
    assert_eq!(rows.values().map(|row| row.raw_output.as_str()).collect::<Vec<_>>(), [said; 2]);
    for attempt in attempts(&data) {
        assert!(!format!("{attempt:?}").contains(SECRET));
    }
    for name in ["pool.toml", "collect/lock", "manifest.json", "coverage.parquet"] {
        let bytes = std::fs::read(data.join(name)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{name}");
    }
}
