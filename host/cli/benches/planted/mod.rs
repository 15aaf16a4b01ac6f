//! Made-up records, the same for every run, as the host would hand them to a component.

#![allow(dead_code, reason = "every benchmark uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_plugin::{
    Answers, Compiler, Limits, Matrix, ModelCard, OnPluginThread, QuerySet, Sandbox, SandboxOptions, TrainingSet,
    on_plugin_thread,
};
use routerlab_sdk::Random;
use tempfile::TempDir;

pub(crate) const ROWS: usize = 20_000;
pub(crate) const QUERIES: usize = 2_000;
pub(crate) const WIDTH: usize = 384;
pub(crate) const MODELS: usize = 10;

/// Rows around 64 centres, and scores that depend on the centre.
pub(crate) struct Planted {
    pub(crate) embeddings: Vec<f32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) costs: Vec<f32>,
}

pub(crate) fn planted(rows: usize, seed: u64) -> Planted {
    let mut random = Random::new(7);
    let centres: Vec<f32> = (0..64 * WIDTH).map(|_| random.unit() as f32 - 0.5).collect();
    let mut random = Random::new(seed);
    let embeddings = (0..rows * WIDTH)
        .map(|at| centres[at / WIDTH % 64 * WIDTH + at % WIDTH] + random.unit() as f32 - 0.5)
        .collect();
    let scores = (0..rows * MODELS)
        .map(|at| f32::from(u8::from(random.unit() < 0.2 + 0.6 * ((at / MODELS + at) % 7) as f64 / 6.0)))
        .collect();
    let costs = (0..rows * MODELS).map(|at| 0.001 * (1 + at % MODELS) as f32).collect();
    Planted { embeddings, scores, costs }
}

pub(crate) fn component(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components").join(format!("{name}.wasm"));
    assert!(path.is_file(), "there is no `{name}.wasm`; run `make plugins` first");
    path
}

pub(crate) fn sandbox(cache: &TempDir) -> Sandbox {
    let options = SandboxOptions {
        limits: Limits::default(),
        cache_dir: Some(cache.path().to_owned()),
        compiler: Compiler::InProcess,
    };
    Sandbox::new(options).unwrap()
}

pub(crate) fn on_thread<R: Send>(work: impl FnOnce(&OnPluginThread) -> R + Send) -> R {
    on_plugin_thread(Limits::default().stack_bytes, work).unwrap()
}

/// What the host would hand to a component.
pub(crate) fn host_queries(planted: &Planted) -> QuerySet {
    let rows = planted.embeddings.len() / WIDTH;
    QuerySet {
        prompts: Arc::from([]),
        prompt_tokens: vec![1; rows].into(),
        embeddings: Some(Matrix::new(rows, WIDTH, planted.embeddings.clone()).unwrap()),
        groups: Arc::from([]),
    }
}

pub(crate) fn host_training(planted: &Planted) -> TrainingSet {
    let card = |model| ModelCard {
        name: format!("model-{model}"),
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
        description: None,
    };
    let queries = host_queries(planted);
    TrainingSet {
        groups: vec![0; queries.rows()].into(),
        queries,
        models: (0..MODELS).map(card).collect(),
        scores: planted.scores.clone().into(),
        costs_usd: planted.costs.clone().into(),
        latencies_ms: vec![10.0; planted.scores.len()].into(),
        completion_tokens: vec![f32::NAN; planted.scores.len()].into(),
        answers: Answers::default(),
    }
}

pub(crate) fn none_of(set: &TrainingSet) -> TrainingSet {
    let nothing: Arc<[f32]> = Arc::from([]);
    TrainingSet {
        queries: set.queries.batch(0, 0),
        models: Arc::clone(&set.models),
        groups: Arc::from([]),
        scores: Arc::clone(&nothing),
        costs_usd: Arc::clone(&nothing),
        latencies_ms: Arc::clone(&nothing),
        completion_tokens: nothing,
        answers: Answers::default(),
    }
}
