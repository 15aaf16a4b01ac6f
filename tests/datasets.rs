//! Datasets and results of harnesses at the command line: what is said, and what is left behind.

mod support;
use support::Scratch;

const ROW: &str = r#"{"question":"Which vitamin?","options":{"A":"A","B":"B12"},"answer":"B"}"#;

#[test]
fn a_dataset_that_ships_with_the_program_is_imported_by_its_name() {
    let scratch = Scratch::new();
    scratch.write("medqa/test.json", format!("{ROW}\n"));
    let ran = scratch.routerlab(["import", "dataset", "medqa", "medqa", "--out", "out", "--any-count"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "out\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr, "imported 1 queries of `medqa`, split `test`\n");
    let mut files: Vec<_> =
        std::fs::read_dir(scratch.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["dataset.toml", "manifest.json", "queries.parquet"]);
}

#[test]
fn what_models_answered_to_a_dataset_is_brought_in_and_scored() {
    let scratch = Scratch::new();
    scratch.write("medqa/test.json", format!("{ROW}\n"));
    scratch.done(["import", "dataset", "medqa", "medqa", "--out", "own", "--any-count"]);
    let line = |model: &str, answer: &str| {
        format!(
            r#"{{"query_id":"medqa/test/1","model":"{model}","raw_output":"{answer}","prompt_tokens":9,"completion_tokens":1,"status":"ok"}}"#
        )
    };
    scratch.write("c.jsonl", format!("{}\n{}\n", line("a", "Answer: B"), line("b", "Answer: A")));
    scratch.write(
        "p.toml",
        "unit = \"USD per 1M tokens\"\nbasis = \"declared\"\n[models]\na = { input = 1.0, output = 2.0 }\n\
         b = { input = 1.0, output = 2.0 }\n",
    );
    let bring = ["import", "completions", "c.jsonl", "--prices", "p.toml", "--data", "own"];

    let wrong = [
        ("medqa/test/1", "medqa/test/7", "`c.jsonl`: line 1: `query_id`: there is no query `medqa/test/7`"),
        ("\"model\":\"a\"", "\"model\":\"c\"", "`p.toml` has no price for the model `c`"),
    ];
    let right = std::fs::read_to_string(scratch.path("c.jsonl")).unwrap();
    let manifest = || std::fs::read_to_string(scratch.path("own/manifest.json")).unwrap();
    let before = manifest();
    for (from, to, expected) in wrong {
        scratch.write("c.jsonl", right.replacen(from, to, 1));
        let ran = scratch.routerlab(bring);
        assert_eq!((ran.code, ran.stderr), (Some(2), format!("error: {expected}\n")));
        assert!(!scratch.path("own/completions.parquet").exists() && manifest() == before, "{expected}");
    }

    scratch.write("c.jsonl", right);
    let ran = scratch.routerlab(bring);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "own\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr, "imported 2 rows: 1 queries x 2 models in 1 datasets, no embeddings\n");
    for name in ["queries.parquet", "completions.parquet", "pool.toml"] {
        assert!(manifest().contains(&format!("\"{name}\"")), "{name} in\n{}", manifest());
    }
    scratch.done(["score", "own", "--evaluators", support::components().to_str().unwrap()]);
    let outcomes =
        routerlab_records::read_table::<routerlab_records::OutcomeRow>(&scratch.path("own/outcomes.parquet"));
    let scores: Vec<_> = outcomes.unwrap().rows.into_iter().map(|row| (row.model.to_string(), row.score)).collect();
    assert_eq!(scores, [("a".to_owned(), Some(1.0)), ("b".to_owned(), Some(0.0))]);

    let ran = scratch.routerlab(bring);
    let taken = "`own` already holds `completions.parquet`, name another folder or move the file away";
    assert_eq!((ran.code, ran.stderr), (Some(2), format!("error: {taken}\n")));
    std::fs::create_dir(scratch.path("empty")).unwrap();
    let ran = scratch.routerlab(["import", "completions", "c.jsonl", "--prices", "p.toml", "--data", "empty"]);
    assert!(ran.stderr.contains("empty/manifest.json"), "{}", ran.stderr);
}

#[test]
fn the_datasets_that_ship_are_listed_with_their_lengths_and_licences() {
    let listed = Scratch::new().done(["import", "dataset", "--list"]);
    for said in ["mmlupro", "test 1000, test_3000 3000, all 12032", "GPL-3.0", "simpleqa", "test 4326"] {
        assert!(listed.contains(said), "{said} in\n{listed}");
    }
    assert_eq!(listed.lines().count(), 32, "{listed}");
}

#[test]
fn a_wrong_import_is_answered_with_what_to_change() {
    let scratch = Scratch::new();
    scratch.write("test.json", format!("{ROW}\n"));
    scratch.write("own.toml", "name = \"own\"\nprompt = \"p\"\n[[split]]\nname = \"a\"\nfiles = [\"test.json\"]\n");
    scratch.write("t.json", r#"{"simulations":[{"task_id":"0"}]}"#);
    let cases: [(&[&str], &str); 7] = [
        (
            &["dataset", "medqa", "test.json", "--out", "out"],
            "`test.json`: the split `test` has 1 rows, expected 1273; use `--any-count` to take them all the same",
        ),
        (
            &["dataset", "mecqa", "test.json", "--out", "out"],
            "there is no dataset `mecqa`; see `routerlab import dataset --list`, or give a `--definition` of your own",
        ),
        (&["dataset", "medqa", "nowhere", "--out", "out"], "`nowhere` does not exist"),
        (
            &["dataset", "medqa", "test.json", "--definition", "own.toml", "--out", "out"],
            "`own.toml` defines `own`, not `medqa`",
        ),
        (
            &["dataset", "aime", "test.json", "--out", "out"],
            "`test.json`: the split `hybrid` has several files; name the folder that holds them",
        ),
        (
            &["tau2", "t.json", "--model", "a", "--model", "b", "--out", "out"],
            "2 times `--model` for 1 paths; give one for each, or none",
        ),
        (&["tau2", "t.json", "--model", "a", "--out", "out"], "`t.json`: simulation 1: `domain`: missing"),
    ];
    for (args, expected) in cases {
        let ran = scratch.routerlab(["import"].iter().chain(args));
        assert_eq!(ran.stderr, format!("error: {expected}\n"), "{args:?}");
        assert_eq!(ran.code, Some(2), "{args:?}");
    }
    assert!(!scratch.path("out").exists(), "nothing is left behind");
}
