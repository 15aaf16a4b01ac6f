//! How training, routing and memory grow with the number of training queries: three routers as components, one cell each,
//! on made-up queries of width 384 with 10 models, as a sweep would run them (all kernel threads).
//!
//! `cargo bench -p routerlab --bench growth [-- ROWS...]` after `make plugins`; 1,000 to 100,000 unless given. A million
//! needs 8 GiB.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::num::NonZeroUsize;
use std::time::Instant;

use routerlab_plugin::{CallOptions, Limits, Preference, RouterPlugin, Threads};

mod planted;
use planted::{MODELS, WIDTH, component, host_queries, host_training, none_of, on_thread, planted, sandbox};

/// Queries that are routed by every trained router.
const ASKED: usize = 1_000;

/// Settings are fixed, so that what grows is the work for one setting and not the search for the best.
const ROUTERS: [(&str, &str); 3] =
    [("knn", r#"{"k":20}"#), ("avengers", r#"{"clusters":64,"restarts":1,"rounds":20}"#), ("carrot-linear", "{}")];

fn main() {
    let given: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![1_000, 10_000, 100_000] } else { given };
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    println!("width {WIDTH}, {MODELS} models, {ASKED} queries routed, {threads} kernel threads");
    println!("router          rows     train s   route s   tables MiB   peak MiB above them   fuel of train");
    let asked = host_queries(&planted(ASKED, 2));
    for rows in sizes {
        let train = host_training(&planted(rows, 1));
        let nothing = none_of(&train);
        for (name, config) in ROUTERS {
            let cache = tempfile::tempdir().unwrap();
            let plugin = RouterPlugin::load(&sandbox(&cache), &component(name)).unwrap();
            // A million rows are more than the defaults are made for.
            let limits = Limits {
                host_bytes: 16 << 30,
                memory_bytes: 3 << 30,
                state_bytes: 512 << 20,
                answer_bytes: 1 << 30,
                train_fuel: u64::MAX / 4,
                route_fuel: u64::MAX / 4,
                ..Limits::default()
            };
            let options = CallOptions { limits, threads: Threads::new(threads) };
            let before = forget_peak();
            let (trained, routed, fuel) = on_thread(|thread| {
                let said = plugin.describe(&options, thread).result.unwrap();
                let started = Instant::now();
                let called = plugin.train(&said, (&train, &nothing), config, 42, &options, thread);
                let state = called.result.unwrap();
                let trained = started.elapsed().as_secs_f64();
                let started = Instant::now();
                let mut router = plugin.start(&said, &state, &options, thread).result.unwrap();
                router.route(&asked, None, &[Preference::default()], &[], thread).result.unwrap();
                (trained, started.elapsed().as_secs_f64(), called.fuel)
            });
            let tables = (rows * (WIDTH + 4 * MODELS) * 4) >> 20;
            let above = peak().saturating_sub(before);
            println!(
                "{name:<14}{rows:>8}{trained:>10.3}{routed:>10.3}{tables:>13}{above:>22}{fuel:>16.2e}",
                fuel = fuel as f64
            );
        }
    }
}

/// Resident memory now, in MiB, from which on the peak is counted anew.
fn forget_peak() -> u64 {
    // Linux: 5 resets the high-water mark. Elsewhere the peak stays that of the process.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    status("VmRSS")
}

fn peak() -> u64 {
    status("VmHWM")
}

/// A line of `/proc/self/status`, in MiB; 0 where there is none.
fn status(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
