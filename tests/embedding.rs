//! Embeddings by a model on this machine: what there is is kept, what differs is refused, what fails says why.

mod collecting {
    pub(crate) mod support;
}
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use collecting::support::{queries, query, spawn, write_queries};
use routerlab_records::{EmbeddingRow, EmbeddingStatus, QueryRow, read_embeddings, read_table, table_files};
use support::{Scratch, checkout, component, digests, experiment};

/// A small model with random weights.
fn tiny() -> String {
    checkout().join("tests/encoders/bert-cls").to_string_lossy().into_owned()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    table_files(folder).unwrap().into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The rows of an encoder by their queries.
fn rows(data: &Path, encoder: &str) -> BTreeMap<String, EmbeddingRow> {
    let rows = read_embeddings(&data.join(format!("embeddings/encoder={encoder}"))).unwrap().rows;
    rows.into_iter().map(|row| (row.query_id.to_string(), row)).collect()
}

#[test]
fn a_killed_run_goes_on_with_the_files_that_are_missing_and_ends_as_one_that_was_not() {
    let scratch = Scratch::new();
    let data = queries(&scratch, 20_000);
    let args = ["embed", "data", "--model", &tiny(), "--name", "e"];
    let folder = data.join("embeddings");
    let mut child = spawn(&scratch, &args);
    // As soon as a first file is there, some windows of texts are through and others not.
    while table_files(&folder).map_or(0, |files| files.len()) == 0 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = files(&folder);
    assert!(!left.is_empty() && left.len() < 21, "{} files", left.len());

    let said = scratch.routerlab(args);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.stdout, "20000 embeddings of width 32 in data/embeddings/encoder=e\n");
    assert!(said.stderr.contains(" of 20000 were there already\n"), "{}", said.stderr);
    let all = files(&folder);
    assert_eq!(all.len(), 21, "a file for a thousand records");
    assert!(left.iter().all(|(path, bytes)| &all[path] == bytes), "what was done stays as it was");

    std::fs::remove_dir_all(&folder).unwrap();
    scratch.done(args.iter().chain(&["--threads", "1"]));
    assert!(files(&folder) == all, "the same bytes as without a kill, and for any number of threads");
    let manifest = std::fs::read_to_string(data.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"embeddings/encoder=e/dataset=squares/split=test/00000.parquet\""), "{manifest}");
}

#[test]
fn queries_that_are_new_or_changed_are_encoded_and_the_others_stay() {
    let scratch = Scratch::new();
    let data = queries(&scratch, 2_500);
    let args = ["embed", "data", "--model", &tiny(), "--name", "e"];
    scratch.done(args);
    let (before, bytes) = (rows(&data, "e"), files(&data.join("embeddings")));
    let mut all: Vec<QueryRow> = read_table(&data.join("queries.parquet")).unwrap().rows;
    all.sort_by_key(|row| row.record_index);
    all[1_200].prompt = "something else".into();
    all.push(query(2_501, "one more"));
    write_queries(&data, &all);
    let said = scratch.routerlab(args);
    assert!(said.stderr.contains("999 of 2501 were there already"), "{}", said.stderr);
    let after = rows(&data, "e");
    assert_eq!(after.len(), 2_501);
    for (id, row) in &before {
        assert_eq!(after[id] == *row, id != "squares/test/1201", "{id}");
    }
    let files = files(&data.join("embeddings"));
    let same = bytes.iter().filter(|(path, bytes)| &files[*path] == *bytes).count();
    assert_eq!(same, 1, "the first thousand");
}

#[test]
fn a_text_without_tokens_has_a_row_that_says_so_and_costs_no_other_its_vector() {
    let scratch = Scratch::new();
    for file in
        ["config.json", "model.safetensors", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json"]
    {
        scratch.write(&format!("bare/{file}"), std::fs::read(Path::new(&tiny()).join(file)).unwrap());
    }
    // A tokenizer that puts nothing around a text.
    let tokenizer = std::fs::read_to_string(Path::new(&tiny()).join("tokenizer.json")).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_str(&tokenizer).unwrap();
    tokenizer["post_processor"] = serde_json::Value::Null;
    scratch.write("bare/tokenizer.json", tokenizer.to_string());
    let data = scratch.path("data");
    let long = "many words ".repeat(80);
    write_queries(&data, &[query(1, "a text"), query(2, ""), query(3, &long)]);
    let said = scratch.routerlab(["embed", "data", "--model", "bare"]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert_eq!(said.stdout, "2 embeddings of width 32 in data/embeddings/encoder=bare\n");
    assert!(said.stderr.contains("1 texts have no embedding; the first: the text has no tokens\n"), "{}", said.stderr);
    assert!(said.stderr.contains("1 texts were longer than the model reads and were cut"), "{}", said.stderr);
    let rows = rows(&data, "bare");
    let of = |index: u64| &rows[&format!("squares/test/{index}")];
    assert_eq!((of(2).status, &of(2).embedding, of(2).tokens), (EmbeddingStatus::TextError, &None, None));
    assert_eq!(of(2).error.as_deref(), Some("the text has no tokens"));
    assert_eq!(
        (of(1).status, of(1).truncated, of(1).device.as_deref()),
        (EmbeddingStatus::Ok, Some(false), Some("cpu f32"))
    );
    assert_eq!(of(3).truncated, Some(true));
    assert!(of(3).tokens > Some(64) && of(3).embedding.as_ref().is_some_and(|vector| vector.len() == 32));
}

#[test]
fn vectors_of_other_settings_are_never_mixed_under_one_name() {
    let scratch = Scratch::new();
    let data = queries(&scratch, 5);
    let model = tiny();
    let base = ["embed", "data", "--model", &model, "--name", "e"];
    scratch.done(base);
    let before = files(&data.join("embeddings"));
    let other = checkout().join("tests/encoders/mpnet").to_string_lossy().into_owned();
    let cases: [(&[&str], &str); 6] = [
        (&["--text", "query"], "text \"prompt\", not \"query\""),
        (&["--prefix", "query: "], "prefix \"\", not \"query: \""),
        (&["--pooling", "mean"], "pooling \"cls\", not \"mean\""),
        (&["--max-length", "20"], "max_tokens \"64\", not \"20\""),
        (&["--cut", "start"], "truncation \"end\", not \"start\""),
        (&["--normalize", "no"], "normalize \"true\", not \"false\""),
    ];
    for (flags, differs) in cases {
        let ran = scratch.routerlab(base.iter().chain(flags));
        let expected = format!(
            "error: data `data`: the embeddings of `e` were made with {differs}; choose another `--name`, or remove `data/embeddings/encoder=e`\n"
        );
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.ends_with(&expected), "{}", ran.stderr);
    }
    let ran = scratch.routerlab(["embed", "data", "--model", &other, "--name", "e"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("were made with attention") || ran.stderr.contains("model \"bert-cls\""),
        "{}",
        ran.stderr
    );
    assert!(files(&data.join("embeddings")) == before);
}

#[test]
fn what_cannot_be_is_refused_with_what_could() {
    let scratch = Scratch::new();
    queries(&scratch, 3);
    let model = tiny();
    scratch.write("empty/readme", "nothing");
    let cases: [(&[&str], &str); 6] = [
        (
            &["--model", "empty"],
            "error: cannot read `empty/config.json`\n  because: No such file or directory (os error 2)\n",
        ),
        (
            &["--model", "nobody/nothing", "--offline"],
            "error: model `nobody/nothing`: not whole in the cache `hub/hub`, and the network is not to be used; fetch it once without that, or give a folder\n",
        ),
        (
            &["--model", &model, "--precision", "bf16"],
            "error: the CPU computes in f32; other precisions need `--device cuda`\n",
        ),
        (&["--model", &model, "--max-length", "65"], "error: a limit of 65 tokens: the model has positions for 64\n"),
        (&["--model", &model, "--prompt", "query"], "error: the model has no prompts, so none called `query`\n"),
        (
            &["--model", &model, "--device", "tpu"],
            "error: invalid value 'tpu' for '--device <DEVICE>': expected `cpu`, `cuda` or `cuda:0,2`\n\nFor more information, try '--help'.\n",
        ),
    ];
    for (flags, expected) in cases {
        let args = ["embed", "data"].iter().chain(flags);
        let ran = scratch.routerlab_with(&[("HF_HOME", Path::new("hub"))], args);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), expected), "{flags:?}");
    }
    assert!(!scratch.path("data/embeddings").exists(), "nothing was begun");
}

#[test]
fn a_gpu_that_is_asked_for_and_not_there_is_an_error_and_never_the_cpu() {
    if routerlab_infer::gpus().is_ok() {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped `a_gpu_that_is_asked_for_and_not_there_is_an_error_and_never_the_cpu`: there is a GPU");
        }
        return;
    }
    let scratch = Scratch::new();
    queries(&scratch, 3);
    for device in ["cuda", "cuda:0", "cuda:0,1"] {
        let ran = scratch.routerlab(["embed", "data", "--model", &tiny(), "--device", device]);
        assert_eq!(ran.code, Some(2), "{device}");
        assert!(ran.stderr.contains("CUDA"), "{}", ran.stderr);
        assert!(!scratch.path("data/embeddings").exists());
    }
}

#[test]
fn a_run_takes_the_embeddings_of_an_encoder_whole_or_reduced() {
    let scratch = Scratch::new();
    scratch.starter();
    let lines = "protocol.seeds = [42]\nstatistics.replicates = 500";
    scratch.write("e.toml", experiment("e", "starter", lines, [("knn", component("knn"))]));
    let run = |out: &str, flags: &[&str]| {
        scratch.done(["bench", "e.toml", "--out", out].iter().chain(flags));
        digests(&scratch.run_below(out))
    };
    let shipped = run("shipped", &[]);
    std::fs::remove_file(scratch.path("starter/embeddings.parquet")).unwrap();
    scratch.done(["embed", "starter", "--model", &tiny(), "--name", "one"]);
    let alone = run("alone", &[]);
    assert_ne!(alone, shipped, "the one encoder is taken");
    let ran = scratch.routerlab(["bench", "e.toml", "--out", "wide", "--pca-width", "33"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("`protocol.pca_width` of 33: "), "{}", ran.stderr);
    assert_ne!(run("reduced", &["--pca-width", "4"]), alone);

    scratch.done(["embed", "starter", "--model", &tiny(), "--name", "two", "--text", "query"]);
    let ran = scratch.routerlab(["bench", "e.toml", "--out", "which"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(2),
            "error: `starter/embeddings` has embeddings of several encoders (`encoder=one`, `encoder=two`); name one with `data.embeddings_file`\n"
        )
    );
    assert_eq!(run("named", &["--embeddings-file", "embeddings/encoder=one"]), alone);
}

/// Needs the model (`make encoder` brings it); skips by name without it.
#[test]
fn the_starters_embeddings_are_those_of_the_real_encoder() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    let model = target.join("encoders/all-MiniLM-L6-v2");
    if !model.is_dir() {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!(
                "skipped `the_starters_embeddings_are_those_of_the_real_encoder`: `make encoder` brings its model"
            );
        }
        return;
    }
    let model = std::path::absolute(model).unwrap();
    let scratch = Scratch::new();
    let starter = checkout().join("datasets/starter");
    scratch.write("data/queries.parquet", std::fs::read(starter.join("queries.parquet")).unwrap());
    let model = model.to_string_lossy().into_owned();
    let said = scratch.done(["embed", "data", "--model", &model, "--text", "query", "--json"]);
    let end: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!((&end["texts"], &end["failed"], &end["width"]), (&640.into(), &0.into(), &384.into()));
    let recorded = read_embeddings(&starter.join("embeddings.parquet")).unwrap().rows;
    let found = rows(&scratch.path("data"), "all-MiniLM-L6-v2");
    assert_eq!((found.len(), recorded.len()), (640, 640));
    for row in recorded {
        let (a, b) = (row.embedding.unwrap(), found[&row.query_id.to_string()].embedding.clone().unwrap());
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let cosine = product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt();
        assert!(cosine >= 0.999_99, "{}: {cosine}", row.query_id);
    }
}
