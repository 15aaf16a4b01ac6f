//! Asks for something small whose computation needs far more memory than it may have.

use routerlab_sdk::{Error, Matrix, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        // Two rows of many columns: 11 kB, and the same number of columns squared is wanted six times in 64 bits, 94 MB.
        Matrix::new(2, 1_400, vec![0.5; 2_800])?.pca(1)?;
        Ok(State::default())
    }
}

bad_router!(Guest, "needs-a-huge-workspace");
