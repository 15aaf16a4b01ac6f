//! What a person sees when the input is wrong: the exact message, the exit code, and nothing left behind.

use routerlab_records::{Provenance, QueryRow, read_table, write_table};

mod support;
use support::{Scratch, checkout, component};

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
            "line 4: unknown field `folder`, expected one of `dir`, `datasets`, `models`, `reference_models`, `coverage`, `complete_only`, `embeddings`, `embeddings_file`",
        ),
        (instead("[data]\ndir = \"data\"\n", ""), "line 1: missing field `data`"),
        (instead("dir = \"data\"\n", ""), "line 2: missing field `dir`"),
        (instead("\"x\"", "7"), "line 1: invalid type: integer `7`, expected a string"),
        (instead("\"x\"", "\"Has Space\""), "`name` must have 1 to 64 of a-z, 0-9 and `-`, found: \"Has Space\""),
        (instead("[[router]]\ncomponent = \"a.wasm\"\n", ""), "no router; add a `[[router]]` with a `component`"),
        (more("[[router]]\ncomponent = \"b/a.wasm\""), "two routers are called \"a\"; give one of them another `name`"),
        (more("name = \"A\""), "`router.name` must have 1 to 64 of a-z, 0-9 and `-`, found: \"A\""),
        (
            more("konfig = {}"),
            "line 6: unknown field `konfig`, expected one of `name`, `component`, `reference`, `config`",
        ),
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
    let scratch = Scratch::new();
    for (file, reason) in cases {
        scratch.write("e.toml", &file);
        refused(&scratch, &["bench", "e.toml"], 2, &format!("experiment `e.toml`: {reason}"));
    }
    assert!(!scratch.path("runs").exists(), "nothing is left behind");
}

#[test]
fn an_experiment_that_names_what_is_not_there_is_answered_before_anything_runs() {
    let scratch = Scratch::new();
    scratch.write("e.toml", GOOD);
    let bench = |reason: &str| refused(&scratch, &["bench", "e.toml"], 2, reason);
    refused(
        &scratch,
        &["bench", "f.toml"],
        2,
        "cannot read experiment `f.toml`: No such file or directory (os error 2)",
    );
    bench("data `data`: router `a`: component `a.wasm` does not exist; build it with `routerlab build`");
    scratch.write("a.wasm", "no component");
    bench("data `data`: there is no such folder; make one with `routerlab import`");
    std::fs::create_dir(scratch.path("data")).unwrap();
    bench("`data/queries.parquet` does not exist");
    let queries = starter("queries.parquet");
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
        scratch.write("data/queries.parquet", bytes);
        bench(reason);
    }
    scratch.write("data/completions.parquet", "");
    bench("data `data`: there is no `outcomes.parquet`; score the completions first with `routerlab score`");
    scratch.write("data/outcomes.parquet", starter("completions.parquet"));
    bench("`data/outcomes.parquet` holds `routerlab.completions/2`, expected `routerlab.outcomes/1`");
    assert!(!scratch.path("runs").exists(), "nothing is left behind");
}

#[test]
fn a_file_that_is_no_usable_component_is_told_apart() {
    let scratch = Scratch::new();
    let good = std::fs::read(component("best-single")).unwrap();
    // The same length, so that the component stays whole.
    let mut newer = good.clone();
    for at in 0..newer.len().saturating_sub(5) {
        if &newer[at..at + 5] == b"0.1.1" {
            newer[at..at + 5].copy_from_slice(b"0.9.0");
        }
    }
    let cases: [(&[u8], i32, &str); 6] = [
        (b"", 2, "`a.wasm` is not a WebAssembly component: the file is empty"),
        (b"hello", 2, "`a.wasm` is not a WebAssembly component: it does not begin like WebAssembly"),
        (
            b"\0asm\x01\0\0\0",
            2,
            "`a.wasm` is not a WebAssembly component: it is a core module; turn it into a component with `routerlab build`",
        ),
        (
            b"\0asm\x0d\0\x01\0",
            3,
            "component `a.wasm` exports nothing; it must export `routerlab:plugin/router` or another role",
        ),
        (
            b"\0asm\x0d\0\x01\0\xff",
            2,
            "`a.wasm` is not a WebAssembly component: it is damaged at byte 8: malformed section id",
        ),
        (
            &newer,
            3,
            "component `a.wasm` was built for routerlab:plugin 0.9.0, this host speaks 0.1.1; rebuild it with the SDK of that version",
        ),
    ];
    for (bytes, code, message) in cases {
        scratch.write("a.wasm", bytes);
        refused(&scratch, &["inspect", "a.wasm"], code, message);
    }
    // Where it is damaged depends on how the component was compiled.
    scratch.write("a.wasm", &good[..good.len() / 2]);
    let ran = scratch.routerlab(["inspect", "a.wasm"]);
    assert_eq!(ran.code, Some(2));
    let expected = "error: `a.wasm` is not a WebAssembly component: it is damaged at byte";
    assert!(ran.stderr.starts_with(expected), "{}", ran.stderr);
    // The same names and another type: a flag of the contract has another name.
    let mut other = good.clone();
    let flags = b"\x07answers\x06groups";
    for at in 0..other.len().saturating_sub(flags.len()) {
        if &other[at..at + flags.len()] == flags {
            other[at + 7] = b'z';
        }
    }
    assert_ne!(other, good);
    scratch.write("a.wasm", &other);
    let mismatch = "the component does not say what it is\n  because: broke its contract: exports a function of another type, rebuild it with this version's SDK: type mismatch with results: type mismatch for field needs: expected flag named answers, found answerz";
    refused(&scratch, &["inspect", "a.wasm"], 3, mismatch);
    refused(
        &scratch,
        &["inspect", "b.wasm"],
        2,
        "cannot read component `b.wasm`: No such file or directory (os error 2)",
    );
    refused(&scratch, &["inspect", "."], 2, "cannot read component `.`: Is a directory (os error 21)");
}

#[test]
fn a_component_of_another_role_is_refused_where_it_is_used() {
    let scratch = Scratch::new();
    scratch.starter();
    scratch.write("e.toml", GOOD.replace("\"data\"", "\"starter\""));
    scratch.write("a.wasm", std::fs::read(component("number")).unwrap());
    let ran = scratch.routerlab(["bench", "e.toml"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let reason = "a (seed 42): broke-contract: component `a.wasm` is an evaluator, but a router is needed here\n";
    assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    scratch.write("evaluators/exact-match.wasm", std::fs::read(component("knn")).unwrap());
    let score = ["score", "starter", "--evaluators", "evaluators"];
    let wrong = "component `evaluators/exact-match.wasm` is a router, but an evaluator is needed here";
    refused(&scratch, &score, 3, wrong);
}

const QUERY: &str = r#"{"dataset":"d","split":"test","index":1,"query":"1+1?","prompt":"1+1? Number.","ground_truth":"2","evaluator":"number"}"#;
const COMPLETION: &str = r#"{"query_id":"d/test/1","model":"m","raw_output":"2","prompt_tokens":10,"completion_tokens":2,"latency_ms":5.5,"status":"ok"}"#;
const PRICES: &str = "unit = \"USD per 1M tokens\"\nbasis = \"declared\"\n[models.m]\ninput = 1.0\noutput = 2.0\n";

#[test]
fn a_bad_line_of_a_recording_is_named_with_its_field() {
    let query = |from: &str, to: &str| (QUERY.replace(from, to), COMPLETION.to_owned(), PRICES.to_owned());
    let completion = |from: &str, to: &str| (QUERY.to_owned(), COMPLETION.replace(from, to), PRICES.to_owned());
    let prices = |from: &str, to: &str| (QUERY.to_owned(), COMPLETION.to_owned(), PRICES.replace(from, to));
    let cases = [
        (query(QUERY, "\n{\"dataset\":"), "`q.jsonl`: line 2: not JSON: EOF while parsing a value at column 11"),
        (query(QUERY, "[1]"), "`q.jsonl`: line 1: expected a JSON object, found a list"),
        (query("\"index\":1,", ""), "`q.jsonl`: line 1: `index`: missing"),
        (
            query("\"index\":1,", "\"index\":-1,"),
            "`q.jsonl`: line 1: `index`: expected a whole number of 0 or more, found -1",
        ),
        (query("\"1+1?\"", "7"), "`q.jsonl`: line 1: `query`: expected a text, found 7"),
        (
            query("\"test\"", "\"a/b\""),
            "`q.jsonl`: line 1: split `a/b` cannot be part of a query id: it may neither be empty nor contain `/`",
        ),
        (
            (format!("{QUERY}\n{QUERY}\n"), COMPLETION.into(), PRICES.into()),
            "`q.jsonl`: line 2: query `d/test/1` was already in line 1",
        ),
        (completion("d/test/1", "d/test/9"), "`c.jsonl`: line 1: `query_id`: there is no query `d/test/9`"),
        (completion("\"raw_output\":\"2\",", ""), "`c.jsonl`: line 1: `raw_output`: missing"),
        (
            completion("5.5", "\"fast\""),
            "`c.jsonl`: line 1: `latency_ms`: expected a number of 0 or more, found a text",
        ),
        (
            completion(":10,", ":1e3,"),
            "`c.jsonl`: line 1: `prompt_tokens`: expected a whole number of 0 or more, found 1000.0",
        ),
        (
            (QUERY.into(), format!("{COMPLETION}\n\n{COMPLETION}"), PRICES.into()),
            "`c.jsonl`: line 3: query `d/test/1`, model `m` and sample 0 were already in line 1",
        ),
        (completion("\"m\"", "\"other\""), "`p.toml` has no price for the model `other`"),
        (
            prices("input = 1.0", "input = -1.0"),
            "`p.toml`: `input` of the model `m` is -1, expected a price of 0 or more",
        ),
        (prices("input = 1.0", "input = "), "`p.toml`: line 4: string values must be quoted, expected literal string"),
        (
            prices("output = 2.0", "outptu = 2.0"),
            "`p.toml`: line 5: unknown field `outptu`, expected `input` or `output`",
        ),
        (prices(PRICES, ""), "`p.toml`: line 1: missing field `unit`"),
        (query(QUERY, ""), "`q.jsonl` holds no rows"),
        (query(QUERY, "\u{feff}\n\n"), "`q.jsonl` holds no rows"),
        (completion(COMPLETION, " \n"), "`c.jsonl` holds no rows"),
        (query("\"index\":1,", "\"index\":1,\"index\":2,"), "`q.jsonl`: line 1: `index`: given twice"),
        (completion("\"status\"", "\"model\":\"n\",\"status\""), "`c.jsonl`: line 1: `model`: given twice"),
        (query(QUERY, "\u{feff}[]"), "`q.jsonl`: line 1: expected a JSON object, found a list"),
    ];
    let scratch = Scratch::new();
    let import = [
        "import",
        "recorded",
        "--queries",
        "q.jsonl",
        "--completions",
        "c.jsonl",
        "--prices",
        "p.toml",
        "--out",
        "out",
    ];
    refused(&scratch, &import, 2, "`q.jsonl` does not exist");
    for ((queries, completions, prices), reason) in cases {
        scratch.write("q.jsonl", queries);
        scratch.write("c.jsonl", completions);
        scratch.write("p.toml", prices);
        refused(&scratch, &import, 2, reason);
        assert!(!scratch.path("out").exists(), "nothing is left behind");
    }
    scratch.write("p.toml", PRICES);
    scratch.write("q.jsonl", b"{\"dataset\":\"\xff\"}");
    refused(&scratch, &import, 2, "`q.jsonl`: line 1: not JSON: invalid unicode code point at column 13");
    let utf_16: Vec<u8> = format!("\u{feff}{QUERY}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    scratch.write("q.jsonl", utf_16);
    refused(&scratch, &import, 2, "`q.jsonl`: line 1: the text is UTF-16, save the file as UTF-8");
    scratch.write("q.jsonl", format!("\u{feff}{QUERY}"));
    scratch.write("c.jsonl", COMPLETION.replace("\"ok\"", "\"OK\""));
    scratch.done(import);
    refused(&scratch, &import, 2, "`out` already holds `queries.parquet`, name another folder or move the file away");
    let score = ["score", "out", "--evaluators", "evaluators"];
    let limited = ["score", "out", "--evaluators", "evaluators", "--limits", "l.toml"];
    refused(&scratch, &limited, 2, "cannot read `l.toml`\n  because: No such file or directory (os error 2)");
    scratch.write("l.toml", "score_fuel = 1\nfuel = 2\n");
    let ran = scratch.routerlab(limited);
    let expected = "error: `l.toml`: line 2: unknown field `fuel`, expected one of `describe_fuel`,";
    assert!(ran.code == Some(2) && ran.stderr.starts_with(expected), "{}", ran.stderr);
    scratch.write("evaluators/number.wasm", std::fs::read(component("number")).unwrap());
    scratch.write("out/dataset.toml", "name = \"d\"\n[[evaluator]]\nname = \"number\"\nconfig = { colour = 1 }\n");
    let refusal = "evaluator `evaluators/number.wasm`: `config` in `dataset.toml`: refused: invalid configuration: `colour`: unknown field `colour`, there are no fields";
    refused(&scratch, &score, 2, refusal);
    std::fs::remove_dir_all(scratch.path("evaluators")).unwrap();
    std::fs::remove_file(scratch.path("out/dataset.toml")).unwrap();
    scratch.write("l.toml", "describe_fuel = 0\n");
    refused(&scratch, &limited, 2, "`l.toml`: `limits.describe_fuel` must be larger than 0");
    refused(&scratch, &score, 2, "`out/dataset.toml` does not exist");
    scratch.write("out/dataset.toml", "name = \"d\"\n[[evaluators]]\n");
    let unknown = "unknown field `evaluators`, expected one of `name`, `description`, `licence`, `source`, `shots`, `split`, `fields`, `join`, `origin_query`, `prompt`, `ground_truth`, `metadata`, `group`, `evaluator`";
    refused(&scratch, &score, 2, &format!("`out/dataset.toml`: line 2: {unknown}"));
    scratch.write("out/dataset.toml", "name = \"d\"\n[[evaluator]]\nname = \"number\"\n");
    refused(
        &scratch,
        &score,
        2,
        "data `evaluators`: there is no `number.wasm`; build the evaluator with `routerlab build`",
    );
}

#[test]
fn outcomes_that_cannot_be_imported_are_named_with_their_column() {
    let scratch = Scratch::new();
    let import = ["import", "outcomes", "o.parquet", "--out", "out"];
    refused(&scratch, &import, 2, "`o.parquet` does not exist");
    let table = starter("completions.parquet");
    let cases: [(&[u8], &str); 4] = [
        (b"", "`o.parquet` is empty, expected a Parquet file"),
        (b"query,model,score\n", "`o.parquet` is not a Parquet file"),
        (&table[..1000], "`o.parquet` is cut short: it begins as a Parquet file and does not end as one"),
        (&table, "`o.parquet` has no column `dataset` (expected type string)"),
    ];
    for (bytes, reason) in cases {
        scratch.write("o.parquet", bytes);
        refused(&scratch, &import, 2, reason);
        assert!(!scratch.path("out").exists(), "nothing is left behind");
    }
    // The footer says that more follows than there is.
    let mut damaged = table.clone();
    let end = damaged.len();
    damaged[end - 8..end - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    scratch.write("o.parquet", damaged);
    let said = format!("`o.parquet` is damaged: EOF: Parquet file too small. Size is {end} but need 4294967303");
    refused(&scratch, &import, 2, &said);
    let footers: [(&[u8], &str); 3] = [
        (
            b"\x15\x02\x19\x1c\x48\x01x\x15\xfe\xff\xff\xff\x0f\0\0",
            "a group of its schema claims 2147483647 columns where 0 follow",
        ),
        (
            &[b"\x15\x02\x19\xfc\x91\x4e", b"\x48\x01x\x15\x02\0".repeat(10_001).as_slice(), b"\0"].concat(),
            "its schema has groups more than 64 deep",
        ),
        (b"\x16\x02\0", "its footer does not begin with a version and a schema"),
    ];
    for (footer, reason) in footers {
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        scratch.write("o.parquet", [b"PAR1", footer, &length, b"PAR1"].concat());
        refused(&scratch, &import, 2, &format!("`o.parquet` is damaged: {reason}"));
    }
    assert!(!scratch.path("out").exists(), "nothing is left behind");
    refused(&scratch, &["report", "nowhere"], 2, "there is no folder `nowhere`");
    std::fs::create_dir(scratch.path("empty")).unwrap();
    let incomplete = "`empty` is not complete; give the same `routerlab bench` command again to complete it";
    refused(&scratch, &["report", "empty"], 2, incomplete);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_read() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("folder")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(scratch.path("pipe")).status().unwrap();
    assert!(pipe.success());
    scratch.write("q.jsonl", QUERY);
    scratch.write("c.jsonl", COMPLETION);
    scratch.write("p.toml", PRICES);
    let pipe = "`pipe` is a pipe or a device, which cannot be read twice; write its content to a file";
    let folder = "`folder` is a folder, expected a file";
    for (path, reason) in [("pipe", pipe), ("folder", folder)] {
        refused(&scratch, &["import", "outcomes", path, "--out", "out"], 2, reason);
        for place in 0..3 {
            let mut files = ["q.jsonl", "c.jsonl", "p.toml"];
            files[place] = path;
            let [queries, completions, prices] = files;
            let import = ["--queries", queries, "--completions", completions, "--prices", prices, "--out", "out"];
            refused(&scratch, &[&["import", "recorded"], &import[..]].concat(), 2, reason);
        }
    }
    assert!(!scratch.path("out").exists(), "nothing is left behind");
}

#[test]
fn a_folder_that_holds_a_table_is_no_place_for_an_import() {
    let scratch = Scratch::new();
    for name in ["outcomes.parquet", "embeddings.parquet", "scores", "pool.toml", "manifest.json"] {
        let scratch = Scratch::new();
        scratch.write(&format!("own/{name}"), "the user's own");
        let taken = format!("`own` already holds `{name}`, name another folder or move the file away");
        refused(&scratch, &["import", "outcomes", &format!("own/{name}"), "--out", "own"], 2, &taken);
        assert_eq!(std::fs::read(scratch.path(&format!("own/{name}"))).unwrap(), b"the user's own");
    }
    // A folder with other files is the user's, and stays when the import fails.
    scratch.write("own/dataset.toml", "");
    scratch.write("o.parquet", starter("completions.parquet"));
    let import = ["import", "outcomes", "o.parquet", "--out", "own"];
    refused(&scratch, &import, 2, "`o.parquet` has no column `dataset` (expected type string)");
    assert!(scratch.path("own/dataset.toml").is_file());
}

#[test]
fn a_query_whose_metadata_cannot_be_used_is_named() {
    let scratch = Scratch::new();
    let folder = scratch.path("data");
    let mut rows = read_table::<QueryRow>(&checkout().join("datasets/starter/queries.parquet")).unwrap().rows;
    scratch.write("data/completions.parquet", starter("completions.parquet"));
    scratch.write("data/dataset.toml", starter("dataset.toml"));
    let cases = [
        ("evaluator = 1", "not JSON: expected value at line 1 column 1"),
        ("[\"number\"]", "expected a JSON object, found a list"),
        ("{\"evaluator\":[\"number\"]}", "expected a text under `evaluator`, found a list"),
    ];
    for (metadata, reason) in cases {
        rows[6].metadata = metadata.into();
        write_table(&folder.join("queries.parquet"), &rows, &Provenance::default()).unwrap();
        let said = format!("`data/queries.parquet`: row 7: `metadata`: {reason}");
        refused(&scratch, &["score", "data", "--evaluators", "evaluators"], 2, &said);
    }
}

#[test]
fn plugins_that_would_become_one_component_are_refused_before_anything_is_built() {
    let scratch = Scratch::new();
    for folder in ["a/mine", "b/mine"] {
        scratch.write(&format!("{folder}/Cargo.toml"), "no manifest");
    }
    let ran = scratch.routerlab(["build", "a/mine", "./b/mine", "--out", "out"]);
    let said = "error: `a/mine` and `./b/mine` would both become `out/mine.wasm`; rename one of the folders, or build \
                them one by one with another `--out`\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), said));
    assert!(!scratch.path("out").exists(), "nothing is left behind");
}

fn starter(name: &str) -> Vec<u8> {
    std::fs::read(checkout().join("datasets/starter").join(name)).unwrap()
}

/// Runs the program and insists on the exit code and on the whole of what it says.
fn refused(scratch: &Scratch, args: &[&str], code: i32, reason: &str) {
    let ran = scratch.routerlab(args);
    assert_eq!((ran.code, ran.stderr), (Some(code), format!("error: {reason}\n")), "{args:?}");
    assert_eq!(ran.stdout, "");
}
