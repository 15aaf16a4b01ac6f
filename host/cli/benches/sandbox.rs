//! What the sandbox costs besides a router's own work: calls of `route`, fresh stores, and starting from the compile cache.
//!
//! `make bench`, or `cargo bench -p routerlab` after `make plugins`. `boundary.rs` beside this file compares whole routers
//! with the same Rust called natively, `sweep.py` times a whole sweep.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use routerlab_plugin::{CallOptions, LoadedRouter, OnPluginThread, Preference, RouterPlugin, TrainingSet};
use tempfile::TempDir;

mod planted;
use planted::{QUERIES, component, host_queries, host_training, none_of, on_thread, planted, sandbox};

fn main() {
    divan::main();
}

/// One call of `route` of the smallest router (`best-single`) for one preference: what a decision costs besides the
/// router's own arithmetic.
mod route {
    use super::*;

    /// Calls in one sample: a sample has a thread of its own, which may not show.
    const CALLS: usize = 2_000;

    fn loaded(
        plugin: &RouterPlugin,
        train: &TrainingSet,
        options: &CallOptions,
        thread: &OnPluginThread,
    ) -> LoadedRouter {
        let said = plugin.describe(options, thread).result.unwrap();
        let state = plugin.train(&said, (train, &none_of(train)), "{}", 42, options, thread).result.unwrap();
        plugin.start(&said, &state, options, thread).result.unwrap()
    }

    #[divan::bench(args = [1, 1024], sample_count = 20)]
    fn batch_of(bencher: Bencher, queries: usize) {
        let cache = tempfile::tempdir().unwrap();
        let plugin = RouterPlugin::load(&sandbox(&cache), &component("best-single")).unwrap();
        let data = planted(QUERIES, 2);
        let (train, batch) = (host_training(&data), host_queries(&data).batch(0, queries));
        let options = CallOptions::default();
        // The time of one item is that of one call.
        bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
            on_thread(|thread| {
                let mut router = loaded(&plugin, &train, &options, thread);
                for _ in 0..CALLS {
                    black_box(router.route(&batch, None, &[Preference::default()], &[], thread).result.unwrap());
                }
            })
        });
    }

    /// The same without a call, to be taken from the others: a thread, a training on 2,000 rows, a load.
    #[divan::bench(sample_count = 20)]
    fn no_call(bencher: Bencher) {
        let cache = tempfile::tempdir().unwrap();
        let plugin = RouterPlugin::load(&sandbox(&cache), &component("best-single")).unwrap();
        let (train, options) = (host_training(&planted(QUERIES, 2)), CallOptions::default());
        bencher.bench_local(|| on_thread(|thread| drop(loaded(&plugin, &train, &options, thread))));
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
