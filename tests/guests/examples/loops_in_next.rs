//! Never comes back once it has seen an answer.

use routerlab_sdk::{Attempt, Error, Step};
use routerlab_test_guests::{BadSequentialRouter, bad_sequential_router, spin};

/// What spoils one step.
pub struct Guest;

impl BadSequentialRouter for Guest {
    fn next(seen: &[Attempt]) -> Result<Step, Error> {
        if seen.is_empty() { Ok(Step::Ask(0)) } else { spin() }
    }
}

bad_sequential_router!(Guest, "loops-in-next");
