//! Asks the same model again, in the hope of another answer.

use routerlab_sdk::{Attempt, Error, Step};
use routerlab_test_guests::{BadSequentialRouter, bad_sequential_router};

/// What spoils one step.
pub struct Guest;

impl BadSequentialRouter for Guest {
    fn next(seen: &[Attempt]) -> Result<Step, Error> {
        Ok(if seen.len() < 2 { Step::Ask(3) } else { Step::Accept(1) })
    }
}

bad_sequential_router!(Guest, "asks-twice");
