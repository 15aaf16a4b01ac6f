//! Routers as components against the same Rust called natively over the same kernels: training on 20,000 x 384 and routing
//! 2,000 queries, one thread. The two are run in turn, and compared pair by pair, so that a machine whose speed drifts
//! does not favour either.
//!
//! `cargo bench -p routerlab --bench boundary [-- PAIRS]` after `make plugins`; 15 pairs unless given.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use routerlab_plugin::{CallOptions, Preference, RouterPlugin};
use routerlab_sdk::{InMemory, Measure, Router, Unavailable};

mod planted;
use planted::{
    MODELS, Planted, QUERIES, ROWS, WIDTH, component, host_queries, host_training, none_of, on_thread, planted, sandbox,
};

fn main() {
    let pairs = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(15);
    let (train, test) = (planted(ROWS, 1), planted(QUERIES, 2));
    println!(
        "{ROWS} x {WIDTH}, {QUERIES} queries, {MODELS} models, {pairs} pairs; milliseconds and component / native"
    );
    // k-means into 64 clusters, 10 rounds, one seeding.
    let avengers = || router_avengers::Config { clusters: Some(64), restarts: 1, rounds: 10, ..Default::default() };
    let config = r#"{"clusters":64,"restarts":1,"rounds":10}"#;
    compare::<router_avengers::Avengers>("avengers", avengers, config, (&train, &test), pairs);
    // The 10 nearest.
    let knn = || router_knn::Config { k: Some(10), ..Default::default() };
    compare::<router_knn::Knn>("knn", knn, r#"{"k":10}"#, (&train, &test), pairs);
    // Ridge regression of score and cost.
    compare::<router_carrot_linear::CarrotLinear>("carrot-linear", Default::default, "{}", (&train, &test), pairs);
}

/// Runs both in turn and prints the least and the middle of each, and the middle and range of the ratios.
fn compare<R: Router>(
    name: &str,
    native_config: fn() -> R::Config,
    config: &str,
    (train, test): (&Planted, &Planted),
    pairs: usize,
) {
    let (known, asked) = (in_memory(train).build().unwrap(), in_memory(test).build().unwrap());
    let nothing = InMemory::new(MODELS).rows(0).build().unwrap();
    // On a thread of its own as well: a new thread gets its memory page by page, which is a tenth of the time.
    let native = || {
        on_thread(|_| {
            let router = R::load(R::train(&known, &nothing, native_config(), 42).unwrap()).unwrap();
            let wishes = [routerlab_sdk::Preference::QUALITY];
            let decided = router.route(asked.queries(), &wishes, &Unavailable::NONE).unwrap();
            decided[0].choices().to_vec()
        })
    };

    let cache = tempfile::tempdir().unwrap();
    let plugin = RouterPlugin::load(&sandbox(&cache), &component(name)).unwrap();
    let (host_train, host_test, options) = (host_training(train), host_queries(test), CallOptions::default());
    let host_nothing = none_of(&host_train);
    let sandboxed = || {
        on_thread(|thread| {
            let said = plugin.describe(&options, thread).result.unwrap();
            let state = plugin.train(&said, (&host_train, &host_nothing), config, 42, &options, thread).result.unwrap();
            let mut router = plugin.start(&said, &state, &options, thread).result.unwrap();
            router.route(&host_test, None, &[Preference::default()], &[], thread).result.unwrap().remove(0).choices
        })
    };

    assert_eq!(native(), sandboxed(), "{name} decides the same in both places");
    let mut times: Vec<(f64, f64)> = Vec::with_capacity(pairs);
    for pair in 0..pairs {
        // Whoever comes first in a pair comes second in the next.
        let pair = match pair % 2 {
            0 => (timed(&native), timed(&sandboxed)),
            _ => {
                let second = timed(&sandboxed);
                (timed(&native), second)
            }
        };
        times.push((millis(pair.0), millis(pair.1)));
    }
    let column = |of: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = times.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        (values[0], values[values.len() / 2], values[values.len() - 1])
    };
    let (native, component, ratio) = (column(|t| t.0), column(|t| t.1), column(|t| t.1 / t.0));
    println!(
        "{name:<9} native min {:.1} median {:.1}; component min {:.1} median {:.1}; ratio median {:.3} [{:.3}, {:.3}], of the least {:.3}",
        native.0,
        native.1,
        component.0,
        component.1,
        ratio.1,
        ratio.0,
        ratio.2,
        component.0 / native.0
    );
}

fn in_memory(planted: &Planted) -> InMemory {
    let rows = planted.scores.len();
    let set = InMemory::new(MODELS).scores(planted.scores.clone()).costs_usd(planted.costs.clone());
    set.values(Measure::LatencyMs, vec![10.0; rows])
        .embeddings(WIDTH, planted.embeddings.clone())
        .groups(vec![0; rows / MODELS])
}

fn timed<T>(work: &impl Fn() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
