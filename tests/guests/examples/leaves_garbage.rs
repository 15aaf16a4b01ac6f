//! Leaves a state behind that it cannot read itself.

use routerlab_sdk::{Error, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        Ok(State { bytes: (0..=255).cycle().take(10_000).collect(), matrices: vec![] })
    }

    fn load(state: State) -> Result<(), Error> {
        state.reader("sense/1").map(|_| ())
    }
}

bad_router!(Guest, "leaves-garbage");
