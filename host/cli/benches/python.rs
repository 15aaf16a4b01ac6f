//! Grading small answers in Python: a fresh instance for each, on one thread and on two.
//!
//! `cargo bench -p routerlab --bench python` after `make plugins`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use routerlab_plugin::{CallOptions, EvaluatorPlugin, Item};

mod planted;
use planted::{component, on_thread, sandbox};

fn main() {
    divan::main();
}

/// Answers that one thread grades in one sample.
const ITEMS: usize = 100;

/// A function with three asserts, as in MBPP.
fn item() -> Item {
    let tests = r#"{"test_list":["assert add(1, 2) == 3","assert add(0, 0) == 0","assert add(-1, 1) == 0"]}"#;
    Item {
        prompt: String::new(),
        raw_output: "Here it is:\n```python\ndef add(a, b):\n    return a + b\n```\nIt adds.".into(),
        ground_truth: String::new(),
        metadata: tests.into(),
    }
}

fn grade(bencher: Bencher, threads: usize, config: &str) {
    let cache = tempfile::tempdir().unwrap();
    let plugin = EvaluatorPlugin::load(&sandbox(&cache), &component("python-tests")).unwrap();
    let (item, options) = (item(), CallOptions::default());
    let many = || {
        on_thread(|thread| {
            for _ in 0..ITEMS {
                let outcome = plugin.score_one(&item, &[], config, &options, thread).result.unwrap();
                assert_eq!(black_box(outcome).score, Some(1.0));
            }
        })
    };
    bencher.counter(ItemsCount::new(ITEMS * threads)).bench_local(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(many);
            }
        })
    });
}

#[divan::bench(args = [1, 2], sample_count = 10)]
fn fixed(bencher: Bencher, threads: usize) {
    grade(bencher, threads, r#"{"style":"asserts"}"#);
}

#[divan::bench(args = [1, 2], sample_count = 10)]
fn compat(bencher: Bencher, threads: usize) {
    grade(bencher, threads, r#"{"mode":"compat","style":"asserts"}"#);
}
