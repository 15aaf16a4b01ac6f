//! What a person sees when the input is wrong: the exact message, the exit code, and nothing left behind.

use std::path::{Path, PathBuf};
use std::process::Command;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn component(name: &str) -> Vec<u8> {
    let path = checkout().join("target/components").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|_| panic!("there is no `{name}.wasm`; run `make plugins` first"))
}

/// Runs the program inside `dir`: exit code and stderr.
fn routerlab(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routerlab"));
    let output = command.args(args).current_dir(dir).env("ROUTERLAB_CACHE", dir.join("cache")).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

const GOOD: &str = "name = \"x\"\n[data]\ndir = \"data\"\n[[router]]\ncomponent = \"a.wasm\"\n";

#[test]
fn a_wrong_experiment_file_is_answered_with_the_key_to_change() {
    let more = |lines: &str| format!("{GOOD}{lines}\n");
    let instead = |from: &str, to: &str| GOOD.replace(from, to);
    let cases = [
        (String::new(), "line 1: missing field `name`"),
        ("name = ".into(), "line 1: string values must be quoted, expected literal string"),
        (
            instead("[data]", "colour = 1\n[data]"),
            "line 2: unknown field `colour`, expected one of `name`, `data`, `protocol`, `preferences`, `router`, `limits`, `statistics`",
        ),
        (
            instead("dir = \"data\"", "dir = \"data\"\nfolder = 1"),
            "line 4: unknown field `folder`, expected one of `dir`, `datasets`, `models`, `complete_only`, `embeddings`",
        ),
        (instead("[data]\ndir = \"data\"\n", ""), "line 1: missing field `data`"),
        (instead("dir = \"data\"\n", ""), "line 2: missing field `dir`"),
        (instead("\"x\"", "7"), "line 1: invalid type: integer `7`, expected a string"),
        (instead("\"x\"", "\"Has Space\""), "`name` must have 1 to 64 of a-z, 0-9 and `-`, found: \"Has Space\""),
        (instead("[[router]]\ncomponent = \"a.wasm\"\n", ""), "no router; add a `[[router]]` with a `component`"),
        (more("[[router]]\ncomponent = \"b/a.wasm\""), "two routers are called \"a\"; give one of them another `name`"),
        (more("name = \"A\""), "`router.name` must have 1 to 64 of a-z, 0-9 and `-`, found: \"A\""),
        (more("konfig = {}"), "line 6: unknown field `konfig`, expected one of `name`, `component`, `config`"),
        (more("[protocol]\ntrack = \"best\""), "line 7: unknown variant `best`, expected `fair` or `compat`"),
        (more("[protocol]\nseeds = []"), "`protocol.seeds` must name at least one seed"),
        (more("[protocol]\nseeds = [1, 1]"), "`protocol.seeds` names 1 twice"),
        (more("[protocol]\nseeds = [-1]"), "line 7: invalid value: integer `-1`, expected u32"),
        (
            more("[protocol]\nshares = [0.5, 0.1, 0.1]"),
            "`protocol.shares` must be three numbers from 0 to 1 that add up to 1, found: [0.5, 0.1, 0.1]",
        ),
        (more("[protocol]\nshares = [1.0, 0.0, 0.0]"), "`protocol.shares` must leave something for train and for test"),
        (more("[protocol]\ntrain_ratio = 1.5"), "`protocol.train_ratio` must lie between 0 and 1, found: 1.5"),
        (more("[protocol]\nbatch_queries = 0"), "`protocol.batch_queries` must lie between 1 and 100000, found: 0"),
        (
            more("[protocol]\ntrack = \"compat\"\nsecret = \"s\""),
            "`protocol.secret` has no meaning on the compat track; remove it or use `track = \"fair\"`",
        ),
        (more("[preferences]\ncount = 0"), "`preferences.count` must lie between 1 and 1001, found: 0"),
        (
            more("[preferences]\nmin = 0.0"),
            "`preferences.min` must be larger than 0 and at most `preferences.max`, found: 0 and 1000",
        ),
        (more("[statistics]\nreplicates = 5"), "`statistics.replicates` must lie between 100 and 1000000, found: 5"),
        (more("[limits]\ntrain_fuel = 0"), "`limits.train_fuel` must be larger than 0"),
        (more("[limits]\nstack_bytes = 10"), "`limits.stack_bytes` must lie between 65536 and 67108864, found: 10"),
    ];
    let scratch = tempfile::tempdir().unwrap();
    for (file, reason) in cases {
        std::fs::write(scratch.path().join("e.toml"), &file).unwrap();
        let expected = format!("error: experiment `e.toml`: {reason}\n");
        assert_eq!(routerlab(scratch.path(), &["bench", "e.toml"]), (Some(2), expected), "{file}");
    }
    assert!(!scratch.path().join("runs").exists(), "nothing is left behind");
}

#[test]
fn an_experiment_that_names_what_is_not_there_is_answered_before_anything_runs() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    std::fs::write(dir.join("e.toml"), GOOD).unwrap();
    let bench = || routerlab(dir, &["bench", "e.toml"]);
    let no_component =
        "error: data `data`: router `a`: component `a.wasm` does not exist; build it with `routerlab build`\n";
    assert_eq!(bench(), (Some(2), no_component.into()));
    std::fs::write(dir.join("a.wasm"), "no component").unwrap();
    let no_data = "error: data `data`: there is no such folder; make one with `routerlab import`\n";
    assert_eq!(bench(), (Some(2), no_data.into()));
    std::fs::create_dir(dir.join("data")).unwrap();
    assert_eq!(bench(), (Some(2), "error: `data/queries.parquet` does not exist\n".into()));
    let queries = std::fs::read(checkout().join("datasets/starter/queries.parquet")).unwrap();
    let cases: [(&[u8], &str); 4] = [
        (b"", "`data/queries.parquet` is empty, expected a Parquet file"),
        (b"hello, I am a text file", "`data/queries.parquet` is not a Parquet file"),
        (
            &queries[..queries.len() / 2],
            "`data/queries.parquet` is cut short: it begins as a Parquet file and does not end as one",
        ),
        (&queries, "`data/outcomes.parquet` does not exist"),
    ];
    for (bytes, reason) in cases {
        std::fs::write(dir.join("data/queries.parquet"), bytes).unwrap();
        assert_eq!(bench(), (Some(2), format!("error: {reason}\n")));
    }
    std::fs::write(dir.join("data/completions.parquet"), "").unwrap();
    let unscored =
        "error: data `data`: there is no `outcomes.parquet`; score the completions first with `routerlab score`\n";
    assert_eq!(bench(), (Some(2), unscored.into()));
    let other_table = std::fs::read(checkout().join("datasets/starter/completions.parquet")).unwrap();
    std::fs::write(dir.join("data/outcomes.parquet"), other_table).unwrap();
    let wrong = "error: `data/outcomes.parquet` holds `routerlab.completions/1`, expected `routerlab.outcomes/1`\n";
    assert_eq!(bench(), (Some(2), wrong.into()));
    assert!(!dir.join("runs").exists(), "nothing is left behind");
}

#[test]
fn a_file_that_is_no_usable_component_is_told_apart() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.wasm");
    let good = component("best-single");
    // The same length, so that the component stays whole.
    let mut newer = good.clone();
    for at in 0..newer.len().saturating_sub(5) {
        if &newer[at..at + 5] == b"0.1.0" {
            newer[at..at + 5].copy_from_slice(b"0.9.0");
        }
    }
    let no_component = |reason: &str| format!("error: `a.wasm` is not a WebAssembly component: {reason}\n");
    let cases: [(&[u8], i32, String); 4] = [
        (b"", 2, no_component("the file is empty")),
        (b"hello", 2, no_component("it does not begin like WebAssembly")),
        (
            b"\0asm\x01\0\0\0",
            2,
            no_component("it is a core module; turn it into a component with `routerlab build`"),
        ),
        (
            &newer,
            3,
            "error: component `a.wasm` was built for routerlab:plugin 0.9.0, this host speaks 0.1.0; rebuild it with the SDK of that version\n"
                .into(),
        ),
    ];
    for (bytes, code, message) in cases {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(routerlab(scratch.path(), &["inspect", "a.wasm"]), (Some(code), message));
    }
    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    let (code, message) = routerlab(scratch.path(), &["inspect", "a.wasm"]);
    assert_eq!(code, Some(2));
    assert!(message.starts_with("error: `a.wasm` is not a WebAssembly component: it is damaged at byte"), "{message}");
    let missing = "error: cannot read component `b.wasm`: No such file or directory (os error 2)\n";
    assert_eq!(routerlab(scratch.path(), &["inspect", "b.wasm"]), (Some(2), missing.into()));
}
