//! Items a second of evaluators in the sandbox, on two threads, in batches as `routerlab score` makes them.
//!
//! `make bench`, or `cargo bench -p routerlab --bench evaluators` after `make plugins`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use routerlab_plugin::{CallOptions, EvaluatorPlugin, Item};

mod planted;
use planted::{component, on_thread, sandbox};

fn main() {
    divan::main();
}

/// Items of one sample.
const ITEMS: usize = 16_384;
/// Items of one call.
const BATCH: usize = 256;
/// A paragraph of the kind that stands before an answer, about 1 KB.
const REASONING: &str = "First look at what is given, then at what is asked. The sum of the parts must be the whole, so \
    the second part follows from the first. Checking the other way round gives the same. ";

fn items(endings: &[(&str, &str)]) -> Vec<Item> {
    let item = |(ending, truth): &(&str, &str)| Item {
        prompt: "A question of some length, with everything that is needed to answer it.".to_owned(),
        raw_output: format!("{}\n{ending}", REASONING.repeat(6)),
        ground_truth: (*truth).to_owned(),
        metadata: "{}".to_owned(),
    };
    endings.iter().cycle().take(ITEMS).map(item).collect()
}

fn scored(bencher: Bencher<'_, '_>, name: &str, config: &str, endings: &[(&str, &str)]) {
    let cache = tempfile::tempdir().unwrap();
    let plugin = EvaluatorPlugin::load(&sandbox(&cache), &component(name)).unwrap();
    let items = items(endings);
    let options = CallOptions::default();
    let half = |items: &[Item]| {
        on_thread(|thread| {
            for batch in items.chunks(BATCH) {
                black_box(plugin.score(batch, &[], config, &options, thread).result.unwrap());
            }
        });
    };
    bencher.counter(ItemsCount::new(ITEMS)).bench_local(|| {
        std::thread::scope(|scope| {
            for items in items.chunks(ITEMS / 2) {
                scope.spawn(|| half(items));
            }
        });
    });
}

const LETTERS: [(&str, &str); 4] =
    [("Answer: C", "C"), ("**Answer:** (B)", "B"), ("The answer is D.", "D"), ("Answer: A", "C")];
const INTEGERS: [(&str, &str); 3] = [("\\boxed{204}", "204"), ("\\boxed{073}", "73"), ("\\boxed{12}", "45")];
const EXPRESSIONS: [(&str, &str); 4] = [
    ("\\boxed{\\dfrac{3}{4}}", "\\frac{3}{4}"),
    ("\\boxed{1+2x+x^2}", "x^2+2x+1"),
    ("\\boxed{\\left( 3, \\frac{\\pi}{2} \\right)}", "(3, \\frac{\\pi}{2})"),
    ("\\boxed{\\sqrt{12}}", "2\\sqrt{3}"),
];

#[divan::bench(args = ["fixed", "compat"], sample_count = 10)]
fn letters(bencher: Bencher, mode: &str) {
    scored(bencher, "labelled-letter", &format!("{{\"mode\":\"{mode}\",\"last\":\"J\"}}"), &LETTERS);
}

#[divan::bench(args = ["fixed", "compat"], sample_count = 10)]
fn boxed_integers(bencher: Bencher, mode: &str) {
    let config = format!("{{\"mode\":\"{mode}\",\"extract\":\"boxed\",\"integer_fallback\":true}}");
    scored(bencher, "boxed-math", &config, &INTEGERS);
}

#[divan::bench(args = ["fixed", "compat"], sample_count = 10)]
fn boxed_expressions(bencher: Bencher, mode: &str) {
    scored(bencher, "boxed-math", &format!("{{\"mode\":\"{mode}\",\"extract\":\"boxed\"}}"), &EXPRESSIONS);
}
