//! Asks one model after another and takes no answer.

use routerlab_sdk::{Attempt, Error, Step};
use routerlab_test_guests::{BadSequentialRouter, bad_sequential_router};

/// What spoils one step.
pub struct Guest;

impl BadSequentialRouter for Guest {
    fn next(seen: &[Attempt]) -> Result<Step, Error> {
        Ok(Step::Ask(seen.len() as u32))
    }
}

bad_sequential_router!(Guest, "asks-for-ever");
