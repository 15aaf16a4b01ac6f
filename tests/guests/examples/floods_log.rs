//! Says far more than is kept, some of it meant for a terminal. Otherwise it does nothing wrong.

use routerlab_sdk::{Error, State, TrainingSet, log};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        log::info("\u{1b}]0;a title\u{7}\u{1b}[2Jbegin");
        for _ in 0..100 {
            log::info("x".repeat(100_000));
        }
        Ok(State::default())
    }
}

bad_router!(Guest, "floods-log");
