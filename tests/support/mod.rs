//! The vocabulary of the tests that run the program: where things lie, how it is called, and what it leaves behind.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use routerlab_plugin::{Answers, Compiler, Limits, Matrix, ModelCard, QuerySet, Sandbox, SandboxOptions, TrainingSet};
use routerlab_records::scoring::Scoring;
use routerlab_records::{CellRow, CellStatus, ScoreRow, read_folder};
use tempfile::TempDir;

/// The routers that ship with routerlab.
pub(crate) const ROUTERS: [&str; 5] = ["random", "best-single", "knn", "avengers", "carrot-linear"];

/// The checkout: tests belong to a package two floors down.
pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of `../shared` beside the checkout that holds `file`, if there is one.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared"))
        .find(|folder| folder.join(file).is_file())
}

/// The folder of built routers and evaluators.
pub(crate) fn components() -> PathBuf {
    component("knn").parent().map(Path::to_owned).unwrap_or_default()
}

/// A router or evaluator that ships with routerlab, built.
pub(crate) fn component(name: &str) -> PathBuf {
    built("components", name, "make plugins")
}

/// A misbehaving plugin of `tests/guests`, built.
pub(crate) fn guest(name: &str) -> PathBuf {
    built("guests", name, "make guests")
}

fn built(folder: &str, name: &str, command: &str) -> PathBuf {
    let path = checkout().join("target").join(folder).join(format!("{name}.wasm"));
    assert!(path.is_file(), "there is no `{}`; run `{command}` first", path.display());
    path
}

/// A sandbox as the program sets one up, with the compile cache in `cache`.
pub(crate) fn sandbox(cache: &Path, limits: Limits) -> Sandbox {
    let options = SandboxOptions {
        limits,
        cache_dir: Some(cache.to_owned()),
        compiler: Compiler::Child(PathBuf::from(env!("CARGO_BIN_EXE_routerlab"))),
    };
    Sandbox::new(options).unwrap()
}

/// A data folder `data` with one completion for each output, and a guest of `tests/guests` to score them, in `evaluators`.
pub(crate) fn recorded(scratch: &Scratch, evaluator: &str, outputs: &[&str]) {
    let mut queries = String::new();
    let mut completions = String::new();
    for (index, output) in (1..).zip(outputs) {
        queries.push_str(&format!(
            "{{\"dataset\":\"d\",\"split\":\"test\",\"index\":{index},\"query\":\"q{index}\",\"prompt\":\"p{index}\"}}\n"
        ));
        completions.push_str(&format!(
            "{{\"query_id\":\"d/test/{index}\",\"model\":\"m\",\"raw_output\":\"{output}\",\"status\":\"ok\",\"prompt_tokens\":1,\"completion_tokens\":1}}\n"
        ));
    }
    scratch.write("q.jsonl", queries);
    scratch.write("c.jsonl", completions);
    let prices = "unit = \"USD per 1M tokens\"\nbasis = \"declared\"\n[models.m]\ninput = 1.0\noutput = 2.0\n";
    scratch.write("p.toml", prices);
    let files = ["--queries", "q.jsonl", "--completions", "c.jsonl", "--prices", "p.toml"];
    scratch.done(["import", "recorded"].into_iter().chain(files).chain(["--out", "data"]));
    scratch.write("data/dataset.toml", format!("name = \"d\"\n[[evaluator]]\nname = \"{evaluator}\"\n"));
    scratch.write(&format!("evaluators/{evaluator}.wasm"), std::fs::read(guest(evaluator)).unwrap());
}

/// The scores of a scoring of a data folder, of all its evaluators.
pub(crate) fn scores(data: &Path, label: &str) -> Vec<ScoreRow> {
    let tables = Scoring::read(data, label).unwrap().tables(data, label).unwrap();
    tables.into_iter().flat_map(|table| table.rows).collect()
}

/// What one run of the program came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// Data.
    pub(crate) stdout: String,
    /// Talk.
    pub(crate) stderr: String,
}

/// A folder of its own in which the program is run, with its own compile cache.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path inside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where the program keeps compiled code.
    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// Writes a file inside.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Runs the program inside.
    pub(crate) fn routerlab<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.routerlab_with(&[], args)
    }

    /// Runs the program inside, with changes to its environment.
    pub(crate) fn routerlab_with<S: AsRef<std::ffi::OsStr>>(
        &self,
        environment: &[(&str, &Path)],
        args: impl IntoIterator<Item = S>,
    ) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_routerlab"));
        command.envs(environment.iter().copied());
        let output =
            command.args(args).current_dir(self.0.path()).env("ROUTERLAB_CACHE", self.cache()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs the program inside and insists that all was done; gives its stdout.
    pub(crate) fn done<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let ran = self.routerlab(args);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    }

    /// The starter data in `starter`, scored.
    pub(crate) fn starter(&self) {
        for name in ["queries.parquet", "completions.parquet", "embeddings.parquet", "pool.toml", "dataset.toml"] {
            self.write(
                &format!("starter/{name}"),
                std::fs::read(checkout().join("datasets/starter").join(name)).unwrap(),
            );
        }
        let components = components();
        self.done(["score".as_ref(), "starter".as_ref(), "--evaluators".as_ref(), components.as_os_str()]);
    }

    /// The only run below a folder of results.
    pub(crate) fn run_below(&self, out: &str) -> PathBuf {
        let entries = std::fs::read_dir(self.path(out)).unwrap().map(|entry| entry.unwrap().path());
        let runs: Vec<PathBuf> = entries.filter(|path| path.join("cells").is_dir()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.into_iter().next().unwrap_or_default()
    }
}

/// An experiment file over `data`; `lines` come before the routers, which are named after their components.
pub(crate) fn experiment<'a>(
    name: &str,
    data: &str,
    lines: &str,
    routers: impl IntoIterator<Item = (&'a str, PathBuf)>,
) -> String {
    let mut file = format!("name = \"{name}\"\n{lines}\n[data]\ndir = \"{data}\"\n");
    for (name, component) in routers {
        file.push_str(&format!("[[router]]\nname = \"{name}\"\ncomponent = {component:?}\n"));
    }
    file
}

/// The routers that ship with routerlab, as [`experiment`] wants them.
pub(crate) fn good_routers() -> Vec<(&'static str, PathBuf)> {
    ROUTERS.iter().map(|name| (*name, component(name))).collect()
}

/// All cells of a run.
pub(crate) fn cells(run: &Path) -> Vec<CellRow> {
    read_folder::<CellRow>(&run.join("cells")).unwrap().into_iter().flat_map(|table| table.rows).collect()
}

/// The decisions digest of every cell that ended well, by router and seed.
pub(crate) fn digests(run: &Path) -> BTreeMap<(String, u64), String> {
    let done = cells(run).into_iter().filter(|cell| cell.status == CellStatus::Ok);
    done.map(|cell| ((cell.router.as_str().to_owned(), cell.seed), cell.decisions_digest.expect("a digest"))).collect()
}

/// 60 queries in two clusters, three models; the second model is right on the first cluster, the third on the other.
pub(crate) fn planted() -> TrainingSet {
    let rows = 60;
    let embedding =
        |row: usize| (0..8).map(move |at| if (at < 4) == row.is_multiple_of(2) { 1.0 } else { row as f32 / 600.0 });
    let queries = QuerySet {
        prompts: (0..rows).map(|row| Arc::from(format!("question {row}"))).collect(),
        prompt_tokens: vec![2; rows].into(),
        embeddings: Some(Matrix::new(rows, 8, (0..rows).flat_map(embedding).collect()).unwrap()),
        groups: (0..rows as u32).map(|row| row % 2).collect(),
    };
    let card = |name: &str| ModelCard {
        name: name.into(),
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
        description: None,
    };
    let score = |row: usize| [0.0, f32::from(u8::from(row.is_multiple_of(2))), f32::from(u8::from(row % 2 == 1))];
    TrainingSet {
        queries,
        models: [card("a"), card("b"), card("c")].into(),
        groups: (0..rows as u32).map(|row| row % 2).collect(),
        scores: (0..rows).flat_map(score).collect(),
        costs_usd: vec![0.001; rows * 3].into(),
        latencies_ms: vec![10.0; rows * 3].into(),
        completion_tokens: vec![5.0; rows * 3].into(),
        answers: Answers {
            texts: Some((0..rows * 3).map(|at| Arc::from(format!("{at}"))).collect()),
            embeddings: None,
        },
    }
}
