//! Never comes back from `train`.

use routerlab_sdk::{Error, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router, spin};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        spin()
    }
}

bad_router!(Guest, "loops-in-train");
