//! Wants to know the time, which no plugin may.

use routerlab_sdk::{Error, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, missing_docs, clippy::all, clippy::allow_attributes_without_reason, reason = "generated code")]
mod wasi {
    wit_bindgen::generate!({
        inline: "
            package wasi:clocks@0.2.0;
            interface monotonic-clock { now: func() -> u64; }
            world clocks { import monotonic-clock; }
        ",
    });
}

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        #[cfg(target_arch = "wasm32")]
        std::hint::black_box(wasi::wasi::clocks::monotonic_clock::now());
        Ok(State::default())
    }
}

bad_router!(Guest, "opens-a-clock");
