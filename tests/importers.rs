//! Results of other programs at the command line: the tables they become, each quirk of their forms, and what is said when
//! they are wrong.

use routerlab_records::{
    CompletionRow, ExternalRow, OutcomeRow, QueryRow, ScoreRow, read_completions, read_external, read_table,
};
use serde_json::Value;

mod support;
use support::{Scratch, component, experiment};

#[path = "importers/arena.rs"]
mod arena;
#[path = "importers/inspect.rs"]
mod inspect;
#[path = "importers/lm_eval.rs"]
mod lm_eval;
#[path = "importers/outcomes.rs"]
mod outcomes;
#[path = "importers/routerbench.rs"]
mod routerbench;
#[path = "importers/routereval.rs"]
mod routereval;

/// The program's answer to a wrong command: exit code 2, its complaint, and nothing at `out`.
fn refused(scratch: &Scratch, args: &[&str], expected: &str) {
    let ran = scratch.routerlab(["import"].iter().chain(args).chain(&["--out", "out"]));
    assert_eq!((ran.stderr.as_str(), ran.code), (format!("error: {expected}\n").as_str(), Some(2)), "{args:?}");
    assert!(!scratch.path("out").exists(), "{args:?} left something behind");
}

/// What an import says on stderr when all is well; the folder is on stdout.
fn imported(scratch: &Scratch, args: &[&str]) -> String {
    let ran = scratch.routerlab(["import"].iter().chain(args).chain(&["--out", "out"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "out\n"), "{}", ran.stderr);
    ran.stderr
}

/// A table of the folder that was made.
fn rows<R: routerlab_records::Row>(scratch: &Scratch, name: &str) -> Vec<R> {
    read_table::<R>(&scratch.path(&format!("out/{name}.parquet"))).unwrap().rows
}

/// Query, model, score, cost and latency of every outcome.
fn outcomes_of(scratch: &Scratch) -> Vec<(String, String, Option<f64>, Option<f64>)> {
    let row = |row: OutcomeRow| (row.query_id.to_string(), row.model.to_string(), row.score, row.cost_usd);
    rows::<OutcomeRow>(scratch, "outcomes").into_iter().map(row).collect()
}

/// Holds when `routerlab bench` runs on the folder as it is.
fn can_be_benched(scratch: &Scratch) {
    let lines = "[protocol]\nseeds = [1]\n[statistics]\nreplicates = 100\n";
    scratch.write("e.toml", experiment("e", "out", lines, [("best-single", component("best-single"))]));
    scratch.done(["bench", "e.toml", "--out", "runs"]);
}

/// The inputs and files that the manifest names.
fn manifest(scratch: &Scratch) -> (Vec<String>, Vec<String>) {
    let text = std::fs::read_to_string(scratch.path("out/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let keys = |name: &str| manifest[name].as_object().unwrap().keys().cloned().collect();
    (keys("inputs"), keys("files"))
}
