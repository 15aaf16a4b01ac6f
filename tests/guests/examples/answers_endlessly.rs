//! Answers far more than the host will take.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(_: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        Ok(vec![Decisions::always(0, 4 << 20)])
    }
}

bad_router!(Guest, "answers-endlessly");
