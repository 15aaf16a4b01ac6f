//! Makes the host hold more and more for it.

use routerlab_sdk::{Error, Matrix, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(_: &TrainingSet<'_>) -> Result<State, Error> {
        let matrix = Matrix::new(1024, 1024, vec![0.0; 1 << 20])?;
        let rows: Vec<u32> = (0..1024).collect();
        let mut kept = Vec::new();
        loop {
            kept.push(matrix.gather(&rows)?);
        }
    }
}

bad_router!(Guest, "hoards-host-memory");
