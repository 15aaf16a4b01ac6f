//! How long scores and costs take to load from the tables of released results, for `released.py`.
//!
//! `cargo bench -p routerlab --bench released -- DATA`
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::path::PathBuf;
use std::time::Instant;

use routerlab_records::{OutcomeRow, Outcomes, QueryRow, read_table};

/// Loads after the first, of which the median is printed.
const RUNS: usize = 5;

fn main() {
    let Some(data) = std::env::args().skip(1).find(|argument| argument != "--bench").map(PathBuf::from) else {
        println!("give the folder that `routerlab import llmrouterbench` made");
        return;
    };
    let median = |load: &dyn Fn() -> usize| {
        let mut seconds: Vec<f64> = (0..=RUNS)
            .map(|_| {
                let started = Instant::now();
                std::hint::black_box(load());
                started.elapsed().as_secs_f64()
            })
            .collect();
        seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        seconds[RUNS / 2]
    };
    let outcomes = || read_table::<OutcomeRow>(&data.join("outcomes.parquet")).expect("outcomes");
    let queries = || read_table::<QueryRow>(&data.join("queries.parquet")).expect("queries").rows;
    println!("scores and costs of {} records: {:.3} s", outcomes().rows.len(), median(&|| outcomes().rows.len()));
    let joined = || Outcomes::join(queries(), &outcomes()).expect("a join").scores().len();
    println!("with the queries' texts, joined for a sweep: {:.3} s", median(&joined));
}
