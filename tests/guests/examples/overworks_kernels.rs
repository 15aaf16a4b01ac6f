//! Asks the host for more work than it can pay for.

use routerlab_sdk::{Error, Matrix, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        let matrix = Matrix::new(2000, 1000, vec![0.5; 2_000_000])?;
        matrix.kmeans(2000, 1_000_000, 1)?;
        Ok(State::default())
    }
}

bad_router!(Guest, "overworks-kernels");
