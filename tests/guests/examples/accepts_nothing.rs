//! Takes the first answer before it has asked for one.

use routerlab_sdk::{Attempt, Error, Step};
use routerlab_test_guests::{BadSequentialRouter, bad_sequential_router};

/// What spoils one step.
pub struct Guest;

impl BadSequentialRouter for Guest {
    fn next(_: &[Attempt]) -> Result<Step, Error> {
        Ok(Step::Accept(0))
    }
}

bad_sequential_router!(Guest, "accepts-nothing");
