//! Gives the host a number that is none.

use routerlab_sdk::{Error, Matrix, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        Matrix::new(2, 2, vec![0.0, 1.0, f32::NAN, 3.0])?.kmeans(2, 10, 1)?;
        Ok(State::default())
    }
}

bad_router!(Guest, "misuses-kernels");
