//! Two answers that are compared as mathematics: the first line of the input is one, the rest the other.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (prediction, truth) = text.split_once('\n').unwrap_or((text, text));
    let _ = routerlab_algebra::compat::equal(prediction, truth);
    let _ = routerlab_algebra::equal(prediction, truth);
});
