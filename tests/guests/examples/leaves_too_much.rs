//! Leaves more behind than a state may be.

use routerlab_sdk::{Error, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        Ok(State { bytes: vec![1; 2 << 20], matrices: vec![] })
    }
}

bad_router!(Guest, "leaves-too-much");
