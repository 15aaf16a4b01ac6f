//! Believes a length that it finds in its state.

use routerlab_sdk::{Error, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        Ok(State { bytes: vec![255; 4], matrices: vec![] })
    }

    fn load(state: State) -> Result<(), Error> {
        let length = u32::from_le_bytes([state.bytes[0], state.bytes[1], state.bytes[2], state.bytes[3]]) as usize;
        std::hint::black_box(&state.bytes[4..length]);
        Ok(())
    }
}

bad_router!(Guest, "trusts-garbage");
