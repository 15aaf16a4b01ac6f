//! An evaluator that wants the linear algebra that only routers have.

use routerlab_sdk::{Item, Matrix, Outcome};
use routerlab_test_guests::{BadEvaluator, bad_evaluator};

/// What spoils one step.
pub struct Guest;

impl BadEvaluator for Guest {
    fn score(_: &Item) -> Outcome {
        Outcome::right_if(Matrix::new(1, 1, vec![1.0]).is_ok_and(|matrix| matrix.rows() == 1))
    }
}

bad_evaluator!(Guest, "evaluator-uses-kernels");
