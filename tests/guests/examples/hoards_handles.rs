//! Asks for more and more host objects and gives none back.

use routerlab_sdk::{Error, Matrix, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        let mut kept = Vec::new();
        loop {
            kept.push(Matrix::new(1, 1, vec![0.0])?);
        }
    }
}

bad_router!(Guest, "hoards-handles");
