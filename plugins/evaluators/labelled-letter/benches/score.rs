//! How long one reply takes.

use divan::{Bencher, counter::ItemsCount};
use evaluator_labelled_letter::{Config, LabelledLetter};
use routerlab_answers::Mode;
use routerlab_sdk::{Evaluator, Item};

fn main() {
    divan::main();
}

/// A reply of so many bytes that reasons in markdown and ends with a label.
fn item(bytes: usize) -> Item {
    let paragraph =
        "First, we **weigh** the options: the `rate` grows with the load (see step 2), which rules out A and B.\n\n";
    let mut raw_output = paragraph.repeat(bytes / paragraph.len());
    raw_output.push_str("**Answer:** (C)");
    let metadata = r#"{"options":{"A":"more","B":"less","C":"the same","D":"none of these"}}"#;
    Item { raw_output, ground_truth: "C".into(), metadata: metadata.into(), ..Item::default() }
}

#[divan::bench(args = [0, 1_000, 20_000])]
fn compat(bencher: Bencher<'_, '_>, bytes: usize) {
    score(bencher, Mode::Compat, bytes);
}

#[divan::bench(args = [0, 1_000, 20_000])]
fn fixed(bencher: Bencher<'_, '_>, bytes: usize) {
    score(bencher, Mode::Fixed, bytes);
}

fn score(bencher: Bencher<'_, '_>, mode: Mode, bytes: usize) {
    let evaluator = LabelledLetter::new(Config { mode, ..Config::default() }).expect("the default is possible");
    let item = item(bytes);
    bencher.counter(ItemsCount::new(1_usize)).bench(|| evaluator.score(divan::black_box(&item), &[]));
}
