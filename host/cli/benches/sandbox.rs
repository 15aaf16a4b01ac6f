//! What the sandbox costs: routers as components against the same Rust called natively over the same kernels, calls of
//! `route`, and starting from the compile cache. One thread for kernels throughout.
//!
//! `make bench`, or `cargo bench -p routerlab` after `make plugins`. `sweep.py` beside this file times a whole sweep.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use routerlab_plugin::{
    CallOptions, Compiler, Limits, LoadedRouter, Matrix, ModelCard, OnPluginThread, Preference, QuerySet,
    RouterDescription, RouterPlugin, Sandbox, SandboxOptions, TrainingSet, on_plugin_thread,
};
use routerlab_sdk::{InMemory, Measure, Random, Router, Unavailable};
use tempfile::TempDir;

fn main() {
    divan::main();
}

const ROWS: usize = 20_000;
const QUERIES: usize = 2_000;
const WIDTH: usize = 384;
const MODELS: usize = 10;

/// k-means into 64 clusters, 10 rounds, one seeding.
const AVENGERS: &str = r#"{"clusters":64,"restarts":1,"rounds":10}"#;
/// The 10 nearest.
const KNN: &str = r#"{"k":10}"#;
/// Ridge regression of score and cost.
const LINEAR: &str = "{}";

/// Rows around 64 centres, and scores that depend on the centre.
struct Planted {
    embeddings: Vec<f32>,
    scores: Vec<f32>,
    costs: Vec<f32>,
}

fn planted(rows: usize, seed: u64) -> Planted {
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

static TRAIN: LazyLock<Planted> = LazyLock::new(|| planted(ROWS, 1));
static TEST: LazyLock<Planted> = LazyLock::new(|| planted(QUERIES, 2));

fn component(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components").join(format!("{name}.wasm"));
    assert!(path.is_file(), "there is no `{name}.wasm`; run `make plugins` first");
    path
}

fn sandbox(cache: &TempDir) -> Sandbox {
    let options = SandboxOptions {
        limits: Limits::default(),
        cache_dir: Some(cache.path().to_owned()),
        compiler: Compiler::InProcess,
    };
    Sandbox::new(options).unwrap()
}

fn on_thread<R: Send>(work: impl FnOnce(&OnPluginThread) -> R + Send) -> R {
    on_plugin_thread(Limits::default().stack_bytes, work).unwrap()
}

/// What the host would hand to a component.
fn host_queries(planted: &Planted) -> QuerySet {
    let rows = planted.embeddings.len() / WIDTH;
    QuerySet {
        prompts: Arc::from([]),
        prompt_tokens: vec![1; rows].into(),
        embeddings: Some(Matrix::new(rows, WIDTH, planted.embeddings.clone()).unwrap()),
    }
}

fn host_training(planted: &Planted) -> TrainingSet {
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
    }
}

fn none_of(set: &TrainingSet) -> TrainingSet {
    let nothing: Arc<[f32]> = Arc::from([]);
    TrainingSet {
        queries: set.queries.batch(0, 0),
        models: Arc::clone(&set.models),
        groups: Arc::from([]),
        scores: Arc::clone(&nothing),
        costs_usd: Arc::clone(&nothing),
        latencies_ms: Arc::clone(&nothing),
        completion_tokens: nothing,
    }
}

/// Training on 20,000 x 384 and routing 2,000 queries: `component` over `native` is what the sandbox costs.
mod train_and_route {
    use super::*;

    fn native<R: Router>(bencher: Bencher, config: fn() -> R::Config) {
        let all = |planted: &Planted| {
            let set = InMemory::new(MODELS).scores(planted.scores.clone()).costs_usd(planted.costs.clone());
            set.values(Measure::LatencyMs, vec![10.0; planted.scores.len()])
                .embeddings(WIDTH, planted.embeddings.clone())
                .groups(vec![0; planted.scores.len() / MODELS])
        };
        let (train, test) = (all(&TRAIN).build().unwrap(), all(&TEST).build().unwrap());
        let nothing = InMemory::new(MODELS).rows(0).build().unwrap();
        bencher.bench_local(|| {
            let router = R::load(R::train(&train, &nothing, config(), 42).unwrap()).unwrap();
            router.route(test.queries(), &[routerlab_sdk::Preference::QUALITY], &Unavailable::NONE).unwrap()
        });
    }

    fn in_sandbox(bencher: Bencher, name: &str, config: &str) {
        let cache = tempfile::tempdir().unwrap();
        let plugin = RouterPlugin::load(&sandbox(&cache), &component(name)).unwrap();
        let (train, test, options) = (host_training(&TRAIN), host_queries(&TEST), CallOptions::default());
        let nothing = none_of(&train);
        bencher.bench_local(|| {
            on_thread(|thread| {
                let said = plugin.describe(&options, thread).result.unwrap();
                let state = plugin.train(&said, (&train, &nothing), config, 42, &options, thread).result.unwrap();
                let mut router = plugin.start(&said, &state, &options, thread).result.unwrap();
                router.route(&test, &[Preference::default()], &[], thread).result.unwrap()
            })
        });
    }

    #[divan::bench(sample_count = 20)]
    fn avengers_native(bencher: Bencher) {
        native::<router_avengers::Avengers>(bencher, || router_avengers::Config {
            clusters: Some(64),
            restarts: 1,
            rounds: 10,
            ..Default::default()
        });
    }

    #[divan::bench(sample_count = 20)]
    fn avengers_component(bencher: Bencher) {
        in_sandbox(bencher, "avengers", AVENGERS);
    }

    #[divan::bench(sample_count = 20)]
    fn knn_native(bencher: Bencher) {
        native::<router_knn::Knn>(bencher, || router_knn::Config { k: Some(10), ..Default::default() });
    }

    #[divan::bench(sample_count = 20)]
    fn knn_component(bencher: Bencher) {
        in_sandbox(bencher, "knn", KNN);
    }

    #[divan::bench(sample_count = 20)]
    fn linear_native(bencher: Bencher) {
        native::<router_linear::Linear>(bencher, Default::default);
    }

    #[divan::bench(sample_count = 20)]
    fn linear_component(bencher: Bencher) {
        in_sandbox(bencher, "linear", LINEAR);
    }
}

/// One call of `route` of the smallest router (`best-single`) for one preference: what a decision costs besides the
/// router's own arithmetic.
mod route {
    use super::*;

    /// Calls in one sample: a sample has a thread of its own, which may not show.
    const CALLS: usize = 2_000;

    fn loaded(plugin: &RouterPlugin, options: &CallOptions, thread: &OnPluginThread) -> LoadedRouter {
        let train = host_training(&TEST);
        let said: RouterDescription = plugin.describe(options, thread).result.unwrap();
        let state = plugin.train(&said, (&train, &none_of(&train)), "{}", 42, options, thread).result.unwrap();
        plugin.start(&said, &state, options, thread).result.unwrap()
    }

    #[divan::bench(args = [1, 1024], sample_count = 20)]
    fn batch_of(bencher: Bencher, queries: usize) {
        let cache = tempfile::tempdir().unwrap();
        let plugin = RouterPlugin::load(&sandbox(&cache), &component("best-single")).unwrap();
        let (batch, options) = (host_queries(&TEST).batch(0, queries), CallOptions::default());
        // The time of one item is that of one call.
        bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
            on_thread(|thread| {
                let mut router = loaded(&plugin, &options, thread);
                for _ in 0..CALLS {
                    black_box(router.route(&batch, &[Preference::default()], &[], thread).result.unwrap());
                }
            })
        });
    }

    /// The same without a call, to be taken from the others: a thread, a training on 2,000 rows, a load.
    #[divan::bench(sample_count = 20)]
    fn no_call(bencher: Bencher) {
        let cache = tempfile::tempdir().unwrap();
        let plugin = RouterPlugin::load(&sandbox(&cache), &component("best-single")).unwrap();
        let options = CallOptions::default();
        bencher.bench_local(|| on_thread(|thread| drop(loaded(&plugin, &options, thread))));
    }
}

/// From a component's file to its first answer.
mod start {
    use super::*;

    fn to_first_answer(cache: &TempDir, name: &str) {
        let plugin = RouterPlugin::load(&sandbox(cache), &component(name)).unwrap();
        on_thread(|thread| plugin.describe(&CallOptions::default(), thread).result.unwrap());
    }

    /// A new engine; the code is compiled.
    #[divan::bench(sample_count = 10)]
    fn cold_cache(bencher: Bencher) {
        bencher.with_inputs(|| tempfile::tempdir().unwrap()).bench_local_refs(|cache| to_first_answer(cache, "knn"));
    }

    /// A new engine; the code comes from the compile cache.
    #[divan::bench(sample_count = 100)]
    fn warm_cache(bencher: Bencher) {
        let cache = tempfile::tempdir().unwrap();
        to_first_answer(&cache, "knn");
        bencher.bench_local(|| to_first_answer(&cache, "knn"));
    }

    /// A component that is loaded already: a fresh store, an instance, one `describe`, and their end.
    #[divan::bench(sample_count = 100)]
    fn fresh_store(bencher: Bencher) {
        /// Stores in one sample.
        const STORES: usize = 200;
        let cache = tempfile::tempdir().unwrap();
        let plugin = RouterPlugin::load(&sandbox(&cache), &component("knn")).unwrap();
        let options = CallOptions::default();
        bencher.counter(ItemsCount::new(STORES)).bench_local(|| {
            on_thread(|thread| {
                for _ in 0..STORES {
                    black_box(plugin.describe(&options, thread).result.unwrap());
                }
            })
        });
    }
}
