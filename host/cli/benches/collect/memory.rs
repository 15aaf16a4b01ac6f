//! How much memory a large collection holds while it goes, and how long one takes to start where another ended.
//!
//! `-- memory` measures all three, `-- memory NAME [QUERIES]` one; 100,000 queries unless given.
//!
//! | name | what |
//! | --- | --- |
//! | `long` | one model, prompts of 2,000 characters |
//! | `many` | ten models, so a million rows; then a start where everything is there |
//! | `killed` | the same, killed at half; then a start until its first request |

use super::folder::{Folder, Queries, write_queries};
use super::process::{Endpoint, Measured, run, run_until};

const MODELS: [&str; 10] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"];
const AT_A_TIME: usize = 32;

pub(crate) fn measure(arguments: &[String]) {
    let named = arguments.iter().find(|argument| argument.parse::<usize>().is_err());
    let queries = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let wanted = |name: &str| named.is_none_or(|named| named == name);
    let scratch = tempfile::tempdir().unwrap();
    if wanted("long") {
        let written = write_queries(scratch.path(), queries, 2_000);
        println!("{queries} queries of 2,000 characters, one model");
        whole(&written, &MODELS[..1], queries);
    }
    if wanted("many") || wanted("killed") {
        let written = write_queries(scratch.path(), queries, 300);
        if wanted("many") {
            println!("{queries} queries of 300 characters, ten models");
            whole(&written, &MODELS, queries);
        }
        if wanted("killed") {
            println!("{queries} queries of 300 characters, ten models, killed at half");
            killed(&written, &MODELS, queries);
        }
    }
}

/// From nothing to the end, and once more with nothing to do.
fn whole(written: &Queries, models: &[&str], queries: usize) {
    let rows = (queries * models.len()) as u64;
    let endpoint = Endpoint::start(&[rows / 4, rows / 2, rows * 3 / 4, rows]);
    let folder = Folder::new(written, &endpoint.url, models, AT_A_TIME, false);
    let measured = run(folder.collect(true), Some(&endpoint));
    tell("collected", &measured, rows);
    let again = run(folder.collect(true), None);
    println!("  a start with everything there: {:.2} s, peak {:.0} MiB", again.wall, again.peak_mib);
}

fn killed(written: &Queries, models: &[&str], queries: usize) {
    let rows = (queries * models.len()) as u64;
    let endpoint = Endpoint::start(&[rows / 4, rows / 2]);
    let folder = Folder::new(written, &endpoint.url, models, AT_A_TIME, false);
    let measured = run_until(folder.collect(true), &endpoint, rows / 2);
    tell("killed", &measured, rows / 2);
    let endpoint = Endpoint::start(&[1]);
    folder.pool(&endpoint.url, models, AT_A_TIME, false);
    let again = run_until(folder.collect(true), &endpoint, 1);
    println!("  the next one's first request after {:.2} s, peak {:.0} MiB", again.marks[0].1, again.peak_mib);
}

fn tell(ended: &str, measured: &Measured, rows: u64) {
    for (count, seconds, peak_mib) in &measured.marks {
        println!("  {count:>9} requests: {seconds:>7.1} s, peak {peak_mib:>4.0} MiB");
    }
    let Measured { wall, cpu, peak_mib, .. } = measured;
    println!(
        "  {ended} after {wall:.1} s, {cpu:.1} s of CPU, {:.0} requests a second of CPU, peak {peak_mib:.0} MiB",
        rows as f64 / cpu
    );
}
